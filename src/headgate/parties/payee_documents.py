"""A payee with its bank accounts as JSON: what HTTP and the command line take and give."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from headgate.core.db import Tx
from headgate.parties import queries
from headgate.parties.addresses import get_address
from headgate.parties.errors import NoSuchParty
from headgate.parties.model import AccountType, BankAccount, BankAccountInput, Block, Party, PayeeInput, PostalAddress
from headgate.parties.payees import register_payees

SOURCE_REF = "payees"
"""Where a payee comes from that no register brought."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class PayeeAccount(_Body):
    """A bank account of a payee."""

    routing_number: Annotated[str, Field(max_length=9)]
    account_number: Annotated[str, Field(max_length=40, repr=False)]
    account_type: AccountType = "checking"


class AddressModel(_Body):
    """Where a party is, in parts. A wire asks for the town and the country."""

    town: Annotated[str, Field(min_length=1, max_length=35, repr=False)]
    country: Annotated[str, Field(min_length=2, max_length=2)] = "US"
    street: Annotated[str, Field(max_length=70, repr=False)] = ""
    building: Annotated[str, Field(max_length=16, repr=False)] = ""
    post_code: Annotated[str, Field(max_length=16, repr=False)] = ""
    state: Annotated[str, Field(max_length=35, repr=False)] = ""

    def address(self) -> PostalAddress:
        """The address as the domain has it."""
        return PostalAddress(**self.model_dump())


class NewPayee(_Body):
    """A payee of a legal entity, with the accounts that it is paid to; several are a split pay."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "legal_entity_id": "le_01k8z3v7m2q4r6t8w0y2a4c6e8",
                    "external_id": "E-1001",
                    "name": "Ada Example",
                    "bank_accounts": [
                        {"routing_number": "021000021", "account_number": "1234567890", "account_type": "checking"}
                    ],
                }
            ]
        }
    )

    legal_entity_id: Annotated[str, Field(max_length=40)]
    external_id: Annotated[str, Field(min_length=1, max_length=100, description="What the client calls it")]
    name: Annotated[str, Field(min_length=1, max_length=200, repr=False)]
    is_person: bool = True
    bank_accounts: Annotated[list[PayeeAccount], Field(max_length=20)] = []
    address: AddressModel | None = None

    def register(self, tx: Tx) -> str:
        """Make or recognise it; its id. Raises what `register_payees` raises."""
        accounts = tuple(
            BankAccountInput(one.routing_number, one.account_number, one.account_type) for one in self.bank_accounts
        )
        [made] = register_payees(
            tx,
            legal_entity_id=self.legal_entity_id,
            payees=[
                PayeeInput(
                    self.external_id,
                    self.name,
                    accounts,
                    self.is_person,
                    self.address.address() if self.address else None,
                )
            ],
            source_ref=SOURCE_REF,
        )
        return made.party_id


class PayeeModel(BaseModel):
    """A payee with its bank accounts and what stops it from being paid."""

    payee: Party
    address: AddressModel | None
    bank_accounts: list[BankAccount]
    blocks: list[Block]


def address_model(address: PostalAddress | None) -> AddressModel | None:
    """An address as it is shown."""
    return AddressModel(**asdict(address)) if address else None


def payee_model(tx: Tx, party_id: str) -> PayeeModel:
    """One payee as it stands. Raises NoSuchParty, also where the party is no payee."""
    party = queries.get_party(tx, party_id)
    if party.kind != "payee":
        raise NoSuchParty(f"there is no payee {party_id[:40]}", party_id=party_id[:40])
    return PayeeModel(
        payee=party,
        address=address_model(get_address(tx, party_id)),
        bank_accounts=queries.list_bank_accounts(tx, party_id=party_id, limit=200),
        blocks=queries.list_blocks(tx, party_id=party_id, status="active", limit=200),
    )
