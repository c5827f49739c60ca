"""The book in JSON: what the HTTP door takes and gives. Numbers wear their ids here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    Field,
    StringConstraints,
)

from headgate.core import ids
from headgate.core.money import Money
from headgate.ledger.document_parts import (
    AccountName,
    Description,
    EntryNumber,
    Instant,
    Moment,
    Reference,
    Request,
    Version,
    Word,
)
from headgate.ledger.errors import MalformedBatch
from headgate.ledger.model import (
    Account,
    AccountBalance,
    AccountStatus,
    AccountType,
    Balance,
    Entry,
    EntryRecord,
    Transaction,
    TransactionStatus,
)
from headgate.web import CurrencyCode, MoneyModel


class NewAccount(Request):
    """An account to open. Limits are on its normal side: `min_balance` zero means that it cannot be overdrawn."""

    code: AccountName = Field(description="Unique; never shaped like an id")
    name: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=200)]
    type: AccountType
    currency: CurrencyCode
    purpose: Word | None = None
    is_default: Annotated[bool, Field(strict=True)] = False
    legal_entity_id: Word | None = None
    min_balance: MoneyModel | None = None
    max_balance: MoneyModel | None = None


class NewEntry(Request):
    """An amount from one account to another, each by code or id.

    Its conditions: a version is how many legs the account has had before it, `…_min_available` what must be there after.
    """

    debit: AccountName
    credit: AccountName
    amount: MoneyModel
    debit_version: Version | None = None
    credit_version: Version | None = None
    debit_min_available: MoneyModel | None = None
    credit_min_available: MoneyModel | None = None

    def entry(self, numbers: Mapping[int | str, int]) -> Entry:
        """The entry, its accounts by their numbers."""
        return Entry(
            numbers[self.debit],
            numbers[self.credit],
            self.amount.money(),
            self.debit_version,
            self.credit_version,
            self.debit_min_available.money() if self.debit_min_available else None,
            self.credit_min_available.money() if self.credit_min_available else None,
        )


class NewTransaction(Request):
    """A transaction to post: all its entries or none.

    `pending` sets its outflows aside until it is posted, void or past `expires_at`.
    """

    entries: list[NewEntry] = Field(min_length=1, max_length=1000)
    effective_at: Instant | None = None
    pending: Annotated[bool, Field(strict=True)] = False
    expires_at: Instant | None = None
    source_type: Word | None = None
    source_id: Reference | None = None
    description: Description | None = None
    metadata: dict[str, Any] | None = None


class EntryPart(Request):
    """An entry by its number within its transaction, and how much of it."""

    entry: EntryNumber
    amount: MoneyModel


class NewReversal(Request):
    """Why a transaction is taken back, and what of it: all that is left, `amount` by a rule, or `amounts` by entry."""

    reason: Description | None = None
    amount: MoneyModel | None = None
    amounts: list[EntryPart] | None = Field(default=None, min_length=1, max_length=1000)
    entries: list[EntryNumber] | None = Field(
        default=None, min_length=1, max_length=1000, description="Only of these; with the rule keep: all but these"
    )
    apportion: Literal["proportional", "in_order", "keep"] = "proportional"


class NewPendingPosting(Request):
    """What of a pending transaction is posted: all, or of the entries named so much; the rest is given back."""

    amounts: list[EntryPart] | None = Field(default=None, min_length=1, max_length=1000)
    effective_at: Instant | None = None


class NewVoid(Request):
    """Why a pending transaction is not posted."""

    reason: Description | None = None


def amounts_of(parts: list[EntryPart] | None) -> dict[int, Money] | None:
    """Amounts by the numbers of entries. Raises MalformedBatch where one is named twice."""
    if parts is None:
        return None
    found = {part.entry: part.amount.money() for part in parts}
    if len(found) < len(parts):
        raise MalformedBatch("an entry is named twice")
    return found


class AccountModel(BaseModel):
    """An account."""

    id: str
    code: str
    name: str
    type: AccountType
    currency: str
    purpose: str | None
    is_default: bool
    legal_entity_id: str | None
    status: AccountStatus
    min_balance: MoneyModel | None
    max_balance: MoneyModel | None
    created_at: Moment
    parent: str | None

    @classmethod
    def of(cls, account: Account) -> AccountModel:
        """The model of an account."""
        return cls(
            id=ids.encode("acct", account.id),
            code=account.code,
            name=account.name,
            type=account.type,
            currency=account.currency,
            purpose=account.purpose,
            is_default=account.is_default,
            legal_entity_id=account.legal_entity_id,
            status=account.status,
            min_balance=MoneyModel.of(account.min_balance) if account.min_balance is not None else None,
            max_balance=MoneyModel.of(account.max_balance) if account.max_balance is not None else None,
            created_at=account.created_at,
            parent=account.parent,
        )


class BalanceModel(BaseModel):
    """A balance on the account's normal side (a debit raises an ASSET)."""

    posted: MoneyModel
    pending: MoneyModel
    reserved: MoneyModel
    available: MoneyModel

    @classmethod
    def of(cls, balance: Balance) -> BalanceModel:
        """The model of a balance."""
        return cls(**_amounts(balance))


class AccountBalanceModel(BalanceModel):
    """An account's balance with what names it."""

    account_id: str
    code: str
    name: str
    type: AccountType
    currency: str
    purpose: str | None
    legal_entity_id: str | None

    @classmethod
    def of_account(cls, found: AccountBalance) -> AccountBalanceModel:
        """The model of an account's balance."""
        return cls(
            account_id=ids.encode("acct", found.account_id),
            code=found.code,
            name=found.name,
            type=found.type,
            currency=found.currency,
            purpose=found.purpose,
            legal_entity_id=found.legal_entity_id,
            **_amounts(found.balance),
        )


class EntryModel(BaseModel):
    """An entry of the journal."""

    id: str
    transaction_id: str
    debit: str
    debit_code: str
    credit: str
    credit_code: str
    amount: MoneyModel
    recorded_at: Moment
    effective_at: Moment
    effective_on: date

    @classmethod
    def of(cls, entry: EntryRecord) -> EntryModel:
        """The model of an entry."""
        return cls(
            id=ids.encode("ent", entry.number),
            transaction_id=ids.encode("txn", entry.transaction_id),
            debit=ids.encode("acct", entry.debit),
            debit_code=entry.debit_code,
            credit=ids.encode("acct", entry.credit),
            credit_code=entry.credit_code,
            amount=MoneyModel.of(entry.amount),
            recorded_at=entry.recorded_at,
            effective_at=entry.effective_at,
            effective_on=entry.effective_on,
        )


class TransactionModel(BaseModel):
    """A transaction with its entries: posted, or pending and what became of it."""

    id: str
    status: TransactionStatus
    idempotency_key: str
    recorded_at: Moment
    effective_at: Moment
    effective_on: date
    source_type: str | None
    source_id: str | None
    description: str | None
    metadata: dict[str, Any] | None
    reverses: str | None
    reversed_by: list[str]
    settles: str | None
    settled_by: str | None
    expires_at: Moment | None
    asked_effective_at: Moment | None
    entries: list[EntryModel]

    @classmethod
    def of(cls, found: Transaction) -> TransactionModel:
        """The model of a transaction."""
        return cls(
            id=ids.encode("txn", found.id),
            status=found.status,
            idempotency_key=found.idempotency_key,
            recorded_at=found.recorded_at,
            effective_at=found.effective_at,
            effective_on=found.effective_on,
            source_type=found.source_type,
            source_id=found.source_id,
            description=found.description,
            metadata=found.metadata,
            reverses=None if found.reverses is None else ids.encode("txn", found.reverses),
            reversed_by=[ids.encode("txn", number) for number in found.reversed_by],
            settles=None if found.settles is None else ids.encode("txn", found.settles),
            settled_by=None if found.settled_by is None else ids.encode("txn", found.settled_by),
            expires_at=found.expires_at,
            asked_effective_at=found.asked_effective_at,
            entries=[EntryModel.of(entry) for entry in found.entries],
        )


def _amounts(balance: Balance) -> dict[str, MoneyModel]:
    return {name: MoneyModel.of(getattr(balance, name)) for name in ("posted", "pending", "reserved", "available")}
