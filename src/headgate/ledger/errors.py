"""What can go wrong in the book.

A *refusal* is a business answer: recorded under its key for ever and returned as `Refused`, with its figures. The SQL
functions answer with these result codes, stable and in the order they are checked:

| number | code | when |
|---|---|---|
| 0 | (posted, reserved, released) | it stands |
| 1 | (pending) | it is agreed, its outflows are set aside, and it is posted later |
| 2 | ledger.idempotency_conflict | the key stands for something else; nothing is recorded |
| 10 | ledger.amount_not_positive | an amount is zero or negative |
| 11 | ledger.amount_too_large | an amount is above 2^62 − 1 minor units |
| 12 | ledger.same_account | an entry debits and credits the same account |
| 13 | ledger.account_not_found | the debited (or the only) account is not there |
| 14 | ledger.account_not_found | the credited account is not there |
| 15 | ledger.currency_mismatch | an account of the entry has another currency |
| 16 | ledger.account_closed | an account of the entry is closed |
| 17 | ledger.account_frozen | an account of the entry is frozen |
| 18 | ledger.effective_in_future | a capture's effective day is after the tenant's today; a plain posting waits for its day |
| 19 | ledger.expiry_in_past | the reservation or pending transaction would be overdue at once |
| 20 | ledger.reservation_not_found | there is no such reservation |
| 21 | ledger.reservation_of_other_account | the entry does not take from the reserved account |
| 22 | ledger.reservation_not_active | it is captured, released or expired |
| 23 | ledger.capture_exceeds_reservation | more than what is left of it |
| 24 | ledger.transaction_not_pending | it is posted, void or expired |
| 25 | ledger.amount_exceeds_pending | more of an entry than is pending |
| 26 | ledger.extension_not_later | a reservation is extended to a later time |
| 30 | ledger.reversal_not_reversible | the transaction is a reversal itself |
| 31 | ledger.already_reversed | nothing is left of the transaction to reverse |
| 32 | ledger.reversal_exceeds_original | more of an entry than its reversals have left of it |
| 40 | ledger.insufficient_funds | the account would fall below its minimum, its reservations kept |
| 41 | ledger.balance_limit_exceeded | the account would rise above its maximum |
| 42 | ledger.version_mismatch | an account of the entry has had other legs than the condition expects |
| 43 | ledger.condition_not_met | less would be available on an account than the condition asks for |
| 44 | ledger.limit_at_effective_time | given that effective time, it would break a limit at some time since |
| 50 | ledger.period_closed | its day lies in a closed period that routes nothing |
| 60 | ledger.batch_refused | the batch was all or nothing, and another of it was refused |

An *error* is raised, rolls back and consumes no key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from headgate.core import ids
from headgate.core.errors import Conflict, Malformed, NotFound, Refused, Unprocessable
from headgate.core.money import Money

PENDING: Final = 1
CONFLICT: Final = 2

RESULTS: Final[Mapping[int, tuple[str, str]]] = {
    10: ("ledger.amount_not_positive", "an amount must be above zero; the direction lies in debit and credit"),
    11: ("ledger.amount_too_large", "the amount is more than the book can hold"),
    12: ("ledger.same_account", "an entry moves money between two accounts, not within one"),
    13: ("ledger.account_not_found", "there is no account {debit}{account}"),
    14: ("ledger.account_not_found", "there is no account {credit}"),
    15: ("ledger.currency_mismatch", "an account of the entry is not in {currency}"),
    16: ("ledger.account_closed", "an account of the entry is closed"),
    17: ("ledger.account_frozen", "an account of the entry is frozen: unfreeze it first"),
    18: ("ledger.effective_in_future", "the effective day is still to come: post it on its day"),
    19: ("ledger.expiry_in_past", "the reservation would have expired already: give a later expires_at"),
    20: ("ledger.reservation_not_found", "there is no reservation {reservation}"),
    21: ("ledger.reservation_of_other_account", "the entry does not take from the account that was reserved"),
    22: ("ledger.reservation_not_active", "the reservation is {reservation_status}"),
    23: ("ledger.capture_exceeds_reservation", "{available} is left of the reservation; {amount} was asked for"),
    24: ("ledger.transaction_not_pending", "transaction {settles} is {status}"),
    25: ("ledger.amount_exceeds_pending", "{available} is pending of the entry; {amount} was asked for"),
    26: ("ledger.extension_not_later", "the reservation holds until {expires_at} already: give a later time"),
    30: ("ledger.reversal_not_reversible", "a reversal is not reversed: post the transaction anew"),
    31: ("ledger.already_reversed", "transaction {reverses} was reversed before, and nothing is left to reverse"),
    32: ("ledger.reversal_exceeds_original", "{available} of the entry is not reversed yet; {amount} was asked for"),
    40: ("ledger.insufficient_funds", "account {account} has {available} available; {amount} was asked for"),
    41: ("ledger.balance_limit_exceeded", "account {account} may take {available} more; {amount} was sent"),
    42: ("ledger.version_mismatch", "account {account} is at version {version}, not {expected_version}"),
    43: (
        "ledger.condition_not_met",
        "account {account} would have {available} available, and {minimum} was made a condition",
    ),
    44: (
        "ledger.limit_at_effective_time",
        "account {account} would have stood at {balance} at {at}, beyond its limit: it needs an approval",
    ),
    50: (
        "ledger.period_closed",
        "account {account} is closed through {closed_through}, and {effective_on} is not after it",
    ),
    60: ("ledger.batch_refused", "nothing of this batch was done, because {refused_key} was refused"),
}

_STATUS: Final = {13: 404, 14: 404, 20: 404}
_PREFIXES: Final = {
    "account": "acct",
    "debit": "acct",
    "credit": "acct",
    "reservation": "rsv",
    "reverses": "txn",
    "settles": "txn",
}
_ID_MAX: Final = 2**63 - 1


class IdempotencyConflict(Conflict):
    """This key stands for another request already: the first keeps it for ever, so use a new one."""

    code = "ledger.idempotency_conflict"
    sqlstate = "HG101"


class AccountExists(Conflict):
    """There is an account of that code already."""

    code = "ledger.account_exists"
    sqlstate = "HG102"


class DefaultExists(Conflict):
    """The purpose has its default account already."""

    code = "ledger.default_exists"
    sqlstate = "HG103"


class UnknownLegalEntity(Unprocessable):
    """There is no such legal entity."""

    code = "ledger.unknown_legal_entity"
    sqlstate = "HG104"


class AccountNotFound(NotFound):
    """There is no such account."""

    code = "ledger.account_not_found"
    sqlstate = "HG105"


class AccountClosed(Conflict):
    """A closed account stays closed."""

    code = "ledger.account_closed"
    sqlstate = "HG106"


class AccountNotEmpty(Conflict):
    """An account is closed when nothing is left on it."""

    code = "ledger.account_not_empty"
    sqlstate = "HG107"


class BalanceBeyondLimits(Conflict):
    """The balance stands beyond these limits already."""

    code = "ledger.balance_beyond_limits"
    sqlstate = "HG108"


class MalformedBatch(Malformed):
    """The batch cannot be read as postings."""

    code = "ledger.malformed_batch"
    sqlstate = "HG110"


class TransactionNotFound(NotFound):
    """There is no such posted transaction."""

    code = "ledger.transaction_not_found"
    sqlstate = "HG111"


class NotInTree(Conflict):
    """An account stands under one of its own currency, and never above itself."""

    code = "ledger.not_in_tree"
    sqlstate = "HG112"


class BookExists(Conflict):
    """This tenant has a book already."""

    code = "ledger.book_exists"
    sqlstate = "HG113"


class ReservationNotExpirable(Conflict):
    """Only an active reservation that is overdue can be set to expired, and nothing else of it."""

    code = "ledger.reservation_not_expirable"
    sqlstate = "HG114"


class MalformedBook(Malformed):
    """This file is no book that can be taken in."""

    code = "ledger.malformed_book"


class ReservationNotFound(NotFound):
    """There is no such reservation."""

    code = "ledger.reservation_not_found"


class MissingPurpose(Unprocessable):
    """The chart has no default account for this purpose."""

    code = "ledger.missing_purpose"


class MalformedAccount(Malformed):
    """This cannot be an account."""

    code = "ledger.malformed_account"


def refusal(number: int, facts: Mapping[str, Any] | None, replayed: bool = False) -> Refused:
    """The refusal that a result code and its figures stand for."""
    if number == CONFLICT:
        return Refused(IdempotencyConflict.code, str(IdempotencyConflict()), {}, IdempotencyConflict.status)
    code, text = RESULTS[number]
    figures = {name: _shown(name, value) for name, value in (facts or {}).items()}
    currency = figures.get("currency")
    words = dict.fromkeys(("debit", "credit", "account"), "") | figures
    for name in ("amount", "available", "minimum", "balance"):
        minor = figures.get(f"{name}_minor")
        words[name] = _amount(minor, currency)
    return Refused(code, text.format_map(words), figures, _STATUS.get(number, 422), replayed)


def _shown(name: str, value: Any) -> Any:
    """Numbers of accounts, reservations and transactions as the ids that the edge knows."""
    return ids.encode(_PREFIXES[name], value) if name in _PREFIXES and 0 <= value <= _ID_MAX else value


def _amount(minor: int | None, currency: Any) -> str:
    return "" if minor is None or not currency else Money(minor, str(currency)).format()
