"""The book in JSON: what the HTTP door takes and gives. Numbers wear their ids here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

from headgate.core import ids
from headgate.core.money import Money
from headgate.ledger.errors import MalformedBatch
from headgate.ledger.model import (
    Account,
    AccountBalance,
    AccountStatus,
    AccountType,
    Balance,
    Entry,
    EntryRecord,
    Reservation,
    ReservationStatus,
    Transaction,
    TransactionStatus,
)
from headgate.web import CurrencyCode, MoneyModel


def _text(value: Any) -> Any:
    if not isinstance(value, str | datetime):
        raise ValueError("write an instant as text, as 2026-11-20T12:00:00Z")
    return value


def _day_or_instant(value: Any) -> Any:
    text = _text(value)
    if isinstance(text, str):
        return date.fromisoformat(text) if len(text) == len("2026-11-20") else datetime.fromisoformat(text)
    return text


@lru_cache(maxsize=1024)
def _written(instant: datetime) -> str:
    """An instant in UTC with microseconds. What is answered together was often recorded together."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


AccountName = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=100)]
"""An account by its code or its id."""
Instant = Annotated[AwareDatetime, BeforeValidator(_text)]
"""RFC 3339 with an offset."""
DayOrInstant = Annotated[
    Annotated[date, Field(strict=False)] | AwareDatetime,
    BeforeValidator(_day_or_instant),
    WithJsonSchema({"type": "string", "examples": ["2026-11-20", "2026-11-20T12:00:00Z"]}),
]
"""An instant with an offset, or a day: its end."""
Moment = Annotated[
    datetime,
    PlainSerializer(_written),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""An instant in an answer, in UTC with microseconds: the same text whether it was read or posted."""
Word = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=100)]
Reference = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=255)]
EntryNumber = Annotated[int, Field(strict=True, ge=1, lt=2**14)]
Version = Annotated[int, Field(strict=True, ge=0, lt=2**63)]
Description = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=1000)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewAccount(_Request):
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


class NewEntry(_Request):
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


class NewTransaction(_Request):
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


class EntryPart(_Request):
    """An entry by its number within its transaction, and how much of it."""

    entry: EntryNumber
    amount: MoneyModel


class NewReversal(_Request):
    """Why a transaction is taken back, and what of it: all that is left, `amount` by a rule, or `amounts` by entry."""

    reason: Description | None = None
    amount: MoneyModel | None = None
    amounts: list[EntryPart] | None = Field(default=None, min_length=1, max_length=1000)
    entries: list[EntryNumber] | None = Field(
        default=None, min_length=1, max_length=1000, description="Only of these; with the rule keep: all but these"
    )
    apportion: Literal["proportional", "in_order", "keep"] = "proportional"


class NewSettlement(_Request):
    """What of a pending transaction is posted: all, or of the entries named so much; the rest is given back."""

    amounts: list[EntryPart] | None = Field(default=None, min_length=1, max_length=1000)
    effective_at: Instant | None = None


class NewVoid(_Request):
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


class NewReservation(_Request):
    """Money of an account to set aside for `source_ref`, until `expires_at` (for ever where not given)."""

    account: AccountName
    amount: MoneyModel
    reserve_type: Word
    source_ref: Reference
    expires_at: Instant | None = None


class NewIncrease(_Request):
    """How much more is set aside."""

    amount: MoneyModel


class NewRelease(_Request):
    """How much is given back; all that is left where not given."""

    amount: MoneyModel | None = None


class NewExtension(_Request):
    """Until when a reservation holds from now on; for ever where not given."""

    expires_at: Instant | None


class NewCapture(_Request):
    """A posting out of a reservation. The reserved account's own side may be left out."""

    amount: MoneyModel
    debit: AccountName | None = None
    credit: AccountName | None = None
    effective_at: Instant | None = None
    source_type: Word | None = None
    source_id: Reference | None = None
    description: Description | None = None
    metadata: dict[str, Any] | None = None


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


class ReservationModel(BaseModel):
    """A reservation: amount = captured + released + remaining."""

    id: str
    account: str
    amount: MoneyModel
    captured: MoneyModel
    released: MoneyModel
    remaining: MoneyModel
    status: ReservationStatus
    reserve_type: str
    source_ref: str
    expires_at: Moment | None
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, found: Reservation) -> ReservationModel:
        """The model of a reservation."""
        return cls(
            id=ids.encode("rsv", found.id),
            account=ids.encode("acct", found.account_id),
            amount=MoneyModel.of(found.amount),
            captured=MoneyModel.of(found.captured),
            released=MoneyModel.of(found.released),
            remaining=MoneyModel.of(found.remaining),
            status=found.status,
            reserve_type=found.reserve_type,
            source_ref=found.source_ref,
            expires_at=found.expires_at,
            created_at=found.created_at,
            updated_at=found.updated_at,
        )


def _amounts(balance: Balance) -> dict[str, MoneyModel]:
    return {name: MoneyModel.of(getattr(balance, name)) for name in ("posted", "pending", "reserved", "available")}
