"""HTTP: /v1/parties. Account numbers come in and never go out."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from headgate import parties
from headgate.parties.model import (
    AccountType,
    BankAccount,
    BankAccountChange,
    BankAccountInput,
    Block,
    BlockReason,
    Kind,
    Party,
    VerificationMethod,
)
from headgate.parties.payee_documents import AddressModel, NewPayee, PayeeModel, payee_model
from headgate.web import Call, Page, PageOf, page_of, reads, writes

router = APIRouter(prefix="/v1/parties", tags=["parties"])
Reads = Annotated[Call, reads("parties.read")]
Writes = Annotated[Call, writes("parties.manage")]
Blocks = Annotated[Call, writes("parties.block")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class NewParty(_Body):
    """A party to make. An employer or payee belongs to a legal entity."""

    kind: Kind
    external_id: Annotated[str, Field(min_length=1, max_length=100)]
    name: Annotated[str, Field(min_length=1, max_length=200, repr=False)]
    legal_entity_id: str | None = None
    is_person: bool = True


class NewName(_Body):
    """Another name for a party."""

    name: Annotated[str, Field(min_length=1, max_length=200, repr=False)]


class NewBankAccount(_Body):
    """A bank account to add; with `replace` the party's other accounts go out of use."""

    routing_number: Annotated[str, Field(max_length=9)]
    account_number: Annotated[str, Field(max_length=40, repr=False)]
    account_type: AccountType = "checking"
    replace: bool = False


class NewVerification(_Body):
    """A step of verifying a bank account."""

    method: VerificationMethod
    outcome: Literal["pending", "verified", "failed"]
    evidence_ref: Annotated[str, Field(max_length=200)] | None = None


class NewBlock(_Body):
    """Why somebody, or an account number, is not paid any more."""

    reason: BlockReason


class Lifting(_Body):
    """Why a block is lifted."""

    reason: Annotated[str, Field(min_length=1, max_length=500)]


@router.post("/payees", status_code=201)
def register_payee(call: Writes, body: NewPayee) -> PayeeModel:
    """Make a payee with its bank accounts, or bring one up to what is given: known by its external id.

    The accounts given become the active ones, and others go out of use; a payee given without accounts keeps those it has.
    """
    with call.begin() as tx:
        return payee_model(tx, body.register(tx))


@router.get("/payees")
def list_payees(
    call: Reads, page: Page, legal_entity_id: str | None = None, external_id: str | None = None
) -> PageOf[Party]:
    """Payees in the order of their making."""
    with call.begin() as tx:
        rows = parties.list_parties(
            tx,
            kind="payee",
            legal_entity_id=legal_entity_id,
            external_id=external_id,
            after=page.after(str) or "",
            limit=page.limit + 1,
        )
    return page_of(page, rows, key=lambda row: row.id)


@router.get("/payees/{party_id}")
def get_payee(call: Reads, party_id: str) -> PayeeModel:
    """One payee with its bank accounts, their numbers by the last digits."""
    with call.begin() as tx:
        return payee_model(tx, party_id)


@router.post("", status_code=201)
def create_party(call: Writes, body: NewParty) -> Party:
    """Make a party, or give the one that is known by this kind, legal entity and external id."""
    with call.begin() as tx:
        return parties.create_party(
            tx,
            kind=body.kind,
            external_id=body.external_id,
            name=body.name,
            legal_entity_id=body.legal_entity_id,
            is_person=body.is_person,
        )


@router.get("")
def list_parties(
    call: Reads,
    page: Page,
    kind: Kind | None = None,
    legal_entity_id: str | None = None,
    external_id: str | None = None,
) -> PageOf[Party]:
    """Parties in the order of their making."""
    with call.begin() as tx:
        rows = parties.list_parties(
            tx,
            kind=kind,
            legal_entity_id=legal_entity_id,
            external_id=external_id,
            after=page.after(str) or "",
            limit=page.limit + 1,
        )
    return page_of(page, rows, key=lambda row: row.id)


@router.get("/bank-accounts/{bank_account_id}")
def get_bank_account(call: Reads, bank_account_id: str) -> BankAccount:
    """One bank account, its number by the last digits."""
    with call.begin() as tx:
        return parties.get_bank_account(tx, bank_account_id)


@router.post("/bank-accounts/{bank_account_id}/close")
def close_bank_account(call: Writes, bank_account_id: str) -> BankAccount:
    """Close a bank account for good."""
    with call.begin() as tx:
        return parties.close_bank_account(tx, bank_account_id=bank_account_id)


@router.post("/bank-accounts/{bank_account_id}/verifications", status_code=201)
def record_verification(call: Writes, bank_account_id: str, body: NewVerification) -> BankAccount:
    """Record a step of verifying a bank account."""
    with call.begin() as tx:
        return parties.record_verification(
            tx,
            bank_account_id=bank_account_id,
            method=body.method,
            outcome=body.outcome,
            evidence_ref=body.evidence_ref,
        )


@router.post("/bank-accounts/{bank_account_id}/blocks", status_code=201)
def block_bank_account(call: Blocks, bank_account_id: str, body: NewBlock) -> Block:
    """Stop paying to an account number, wherever it turns up."""
    with call.begin() as tx:
        return parties.block_bank_account(tx, bank_account_id=bank_account_id, reason=body.reason)


@router.get("/blocks")
def list_blocks(
    call: Reads, page: Page, status: Literal["active", "lifted"] | None = None, party_id: str | None = None
) -> PageOf[Block]:
    """Blocks in the order of their making."""
    with call.begin() as tx:
        rows = parties.list_blocks(
            tx, status=status, party_id=party_id, after=page.after(str) or "", limit=page.limit + 1
        )
    return page_of(page, rows, key=lambda row: row.id)


@router.post("/blocks/{block_id}/lift")
def lift_block(call: Blocks, block_id: str, body: Lifting) -> Block:
    """Lift a block, saying why."""
    with call.begin() as tx:
        return parties.lift_block(tx, block_id=block_id, reason=body.reason)


@router.get("/{party_id}")
def get_party(call: Reads, party_id: str) -> Party:
    """One party."""
    with call.begin() as tx:
        return parties.get_party(tx, party_id)


@router.put("/{party_id}/address")
def set_address(call: Writes, party_id: str, body: AddressModel) -> AddressModel:
    """Say where a party is, from now on; the same again changes nothing."""
    with call.begin() as tx:
        parties.set_address(tx, party_id=party_id, address=body.address())
    return body


@router.post("/{party_id}/rename")
def rename_party(call: Writes, party_id: str, body: NewName) -> Party:
    """Give a party another name; the old one stays in the history."""
    with call.begin() as tx:
        return parties.rename_party(tx, party_id=party_id, name=body.name)


@router.post("/{party_id}/close")
def close_party(call: Writes, party_id: str) -> Party:
    """Close a party: it is not paid any more."""
    with call.begin() as tx:
        return parties.close_party(tx, party_id=party_id)


@router.post("/{party_id}/reopen")
def reopen_party(call: Writes, party_id: str) -> Party:
    """Reopen a closed party."""
    with call.begin() as tx:
        return parties.reopen_party(tx, party_id=party_id)


@router.post("/{party_id}/blocks", status_code=201)
def block_party(call: Blocks, party_id: str, body: NewBlock) -> Block:
    """Stop paying a party."""
    with call.begin() as tx:
        return parties.block_party(tx, party_id=party_id, reason=body.reason)


@router.get("/{party_id}/bank-accounts")
def list_bank_accounts(call: Reads, page: Page, party_id: str) -> PageOf[BankAccount]:
    """A party's bank accounts."""
    with call.begin() as tx:
        parties.get_party(tx, party_id)
        rows = parties.list_bank_accounts(tx, party_id=party_id, after=page.after(str) or "", limit=page.limit + 1)
    return page_of(page, rows, key=lambda row: row.id)


@router.post("/{party_id}/bank-accounts", status_code=201)
def add_bank_account(call: Writes, party_id: str, body: NewBankAccount) -> BankAccount:
    """Add a bank account to a party; the same one again changes nothing."""
    account = BankAccountInput(body.routing_number, body.account_number, body.account_type)
    with call.begin() as tx:
        return parties.add_bank_account(tx, party_id=party_id, account=account, replace=body.replace)


@router.get("/{party_id}/bank-account-changes")
def bank_account_changes(call: Reads, page: Page, party_id: str) -> PageOf[BankAccountChange]:
    """What happened to a party's bank accounts, oldest first."""
    with call.begin() as tx:
        parties.get_party(tx, party_id)
        rows = parties.bank_account_history(tx, party_id=party_id, after=page.after(int) or 0, limit=page.limit + 1)
    return page_of(page, rows, key=lambda row: row.id)
