"""The book as data: accounts, entries, postings, reservations and what became of them.

Inside, accounts, transactions and reservations are counted with plain integers; at the edge they wear `acct_…`,
`txn_…`, `ent_…` and `rsv_…` (core.ids).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal

from headgate.core.money import Money

AccountType = Literal["ASSET", "LIABILITY", "EQUITY", "REVENUE", "EXPENSE"]
AccountStatus = Literal["open", "frozen", "closed"]
TransactionStatus = Literal["posted", "pending", "void", "expired"]
ReservationStatus = Literal["active", "captured", "released", "expired"]

DEBIT_NORMAL: frozenset[str] = frozenset({"ASSET", "EXPENSE"})
"""The account types that a debit raises; a credit raises the others."""

NET_MAX = 2**62 - 1
"""The largest balance and the largest amount: a net plus an amount then never leaves a bigint."""

BATCH_MAX = 10_000
"""How many postings, captures or reservations one call takes."""

ENTRIES_PER_TRANSACTION_BITS = 14
"""An entry's id is its transaction's number and its own within it: 2^14 entries at most."""


YEARS: Final = range(2, 9999)
"""The book's calendar: every day of it is a day in every time zone, so that whatever is written can be read again."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account. Its limits are on its normal side: a `min_balance` of zero means no overdraft, None no limit.

    `parent` is the code of the account above it in the chart.
    """

    id: int
    code: str
    name: str
    type: AccountType
    currency: str
    purpose: str | None
    is_default: bool
    legal_entity_id: str | None
    status: AccountStatus
    min_balance: Money | None
    max_balance: Money | None
    created_at: datetime
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """A balance on the account's normal side. `available` is posted less reserved less pending outflows.

    `pending` is what pending transactions would add, less what they would take.
    """

    posted: Money
    pending: Money
    reserved: Money
    available: Money


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """An account's balance with what names it."""

    account_id: int
    code: str
    name: str
    type: AccountType
    currency: str
    purpose: str | None
    legal_entity_id: str | None
    status: AccountStatus
    balance: Balance


@dataclass(frozen=True, slots=True)
class Entry:
    """One amount from one account to another: `debit` and `credit` are account numbers.

    Its conditions, where given: a *version* is how many legs the account has had before this entry; `…_min_available` is
    the least that must be available on it afterwards.
    """

    debit: int
    credit: int
    amount: Money
    debit_version: int | None = None
    credit_version: int | None = None
    debit_min_available: Money | None = None
    credit_min_available: Money | None = None

    @property
    def is_conditional(self) -> bool:
        """Whether the entry stands only under a condition."""
        return (self.debit_version, self.credit_version, self.debit_min_available, self.credit_min_available) != (
            (None,) * 4
        )


@dataclass(frozen=True, slots=True)
class Posting:
    """A transaction to post: all its entries or none. `effective_at` is when it happened (default: the tenant's now).

    `description` and `metadata` hold ids and words of the trade, never names or account numbers. With `reservation_id`
    it captures what its entries take from the reserved account. `pending` sets its outflows aside until it is posted,
    void or past `expires_at`. `override_ref` names the approval under which limits of the past may be passed.
    """

    idempotency_key: str
    entries: Sequence[Entry]
    effective_at: datetime | None = None
    source_type: str | None = None
    source_id: str | None = None
    description: str | None = None
    metadata: Mapping[str, Any] | None = None
    reservation_id: int | None = None
    pending: bool = False
    expires_at: datetime | None = None
    override_ref: str | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it says no more than what moves, when and why."""
        return (
            self.reservation_id is None
            and not self.pending
            and self.expires_at is None
            and self.override_ref is None
            and not any(entry.is_conditional for entry in self.entries)
        )


@dataclass(frozen=True, slots=True)
class Posted:
    """A posting that stands, or waits (`pending`). `replayed`: its key was known, and this is the first answer again."""

    transaction_id: int
    replayed: bool
    status: Literal["posted", "pending"] = "posted"


@dataclass(frozen=True, slots=True)
class Capture:
    """A posting out of a reservation: debits `debit`, credits `credit`; one of the two is the reserved account."""

    idempotency_key: str
    reservation_id: int
    amount: Money
    debit: int
    credit: int
    effective_at: datetime | None = None
    source_type: str | None = None
    source_id: str | None = None
    description: str | None = None
    metadata: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ReservationRequest:
    """Money of an account to set aside, for `source_ref`, until `expires_at` on the tenant's clock (None: for ever)."""

    idempotency_key: str
    account: int
    amount: Money
    reserve_type: str
    source_ref: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reservation:
    """A reservation as it stands. amount = captured + released + remaining; `expires_at` None: never."""

    id: int
    account_id: int
    amount: Money
    captured: Money
    released: Money
    remaining: Money
    status: ReservationStatus
    reserve_type: str
    source_ref: str
    expires_at: datetime | None
    created_at: datetime
    updated_at: datetime
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class EntryRecord:
    """An entry of the journal, with the running balances (net: debits − credits) of both its accounts after it."""

    transaction_id: int
    n: int
    debit: int
    debit_code: str
    credit: int
    credit_code: str
    amount: Money
    debit_seq: int
    debit_net: int
    credit_seq: int
    credit_net: int
    recorded_at: datetime
    effective_at: datetime
    effective_on: date

    @property
    def number(self) -> int:
        """The entry's own number, from which its id is made."""
        return entry_number(self.transaction_id, self.n)


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction; `reverses` is the one it takes back, `reversed_by` those that took it back.

    One that is not posted has no place among its accounts' legs: the sequences and nets of its entries are zero. What a
    pending one became is its `status`; `settled_by` posted it, and that one `settles` it.
    """

    id: int
    idempotency_key: str
    recorded_at: datetime
    effective_at: datetime
    effective_on: date
    source_type: str | None
    source_id: str | None
    description: str | None
    metadata: dict[str, Any] | None
    reverses: int | None
    reversed_by: tuple[int, ...]
    entries: tuple[EntryRecord, ...]
    status: TransactionStatus = "posted"
    settles: int | None = None
    settled_by: int | None = None
    expires_at: datetime | None = None
    asked_effective_at: datetime | None = None


def entry_number(transaction_id: int, n: int) -> int:
    """The number of a transaction's n-th entry, from which the entry's id is made."""
    return transaction_id << ENTRIES_PER_TRANSACTION_BITS | n


def limits_on_net(account_type: str, min_balance: Money | None, max_balance: Money | None) -> tuple[int, int]:
    """The limits on net (debits − credits) that these limits on the normal side mean."""
    least = -NET_MAX if min_balance is None else min_balance.minor
    most = NET_MAX if max_balance is None else max_balance.minor
    return (least, most) if account_type in DEBIT_NORMAL else (-most, -least)


def limits_on_balance(account_type: str, currency: str, lo: int, hi: int) -> tuple[Money | None, Money | None]:
    """The limits on the normal side that these limits on net mean; None where there is none."""
    least, most = (lo, hi) if account_type in DEBIT_NORMAL else (-hi, -lo)
    return (
        None if least <= -NET_MAX else Money(least, currency),
        None if most >= NET_MAX else Money(most, currency),
    )
