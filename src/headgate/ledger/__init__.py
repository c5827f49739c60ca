"""The book: a double-entry ledger that cannot lie.

An *account* has a type, a currency, limits and a running balance. A *transaction* is one or more *entries*, each of
which debits one account and credits another by the same positive amount; what was posted is never changed, only
reversed. A *reservation* sets money of an account aside until it is *captured* into a posting, *released* or *expired*.

`post(tx, idempotency_key=…, entries=[Entry(debit, credit, amount)])` is the verb; it works in its caller's transaction.
A rule that says no is a returned `Refused`, recorded under its key; the same key gives the same answer for ever.
The SQL functions in sql/ are the only writers; the views named `invariant_…` prove the book, whoever wrote it.
"""

from headgate.ledger.accounts import (
    account_for,
    create_account,
    get_account,
    list_accounts,
    resolve_accounts,
    set_limits,
    set_status,
)
from headgate.ledger.balances import balance, balances
from headgate.ledger.catalogue import CataloguedPosting, catalogue, posting_accounts
from headgate.ledger.chart import purposes, seed_chart
from headgate.ledger.errors import (
    AccountClosed,
    AccountExists,
    AccountNotEmpty,
    AccountNotFound,
    BalanceBeyondLimits,
    DefaultExists,
    IdempotencyConflict,
    MalformedAccount,
    MalformedBatch,
    MissingPurpose,
    ReservationNotFound,
    TransactionNotFound,
    UnknownLegalEntity,
)
from headgate.ledger.model import (
    Account,
    AccountBalance,
    Balance,
    Capture,
    Entry,
    EntryRecord,
    Posted,
    Posting,
    Reservation,
    ReservationRequest,
    Transaction,
)
from headgate.ledger.pending import expire_pending, get_pending, list_pending, post_pending, post_scheduled, void
from headgate.ledger.posting import post, post_many
from headgate.ledger.queries import get_transaction, list_entries, list_transactions, transactions_of_source
from headgate.ledger.reservation_changes import extend, increase, release_part
from headgate.ledger.reservations import (
    capture,
    capture_many,
    expire_due,
    get_reservation,
    list_reservations,
    release,
    release_many,
    reserve,
    reserve_many,
)
from headgate.ledger.reversal import reverse

__all__ = [
    "Account",
    "AccountBalance",
    "AccountClosed",
    "AccountExists",
    "AccountNotEmpty",
    "AccountNotFound",
    "Balance",
    "BalanceBeyondLimits",
    "Capture",
    "CataloguedPosting",
    "DefaultExists",
    "Entry",
    "EntryRecord",
    "IdempotencyConflict",
    "MalformedAccount",
    "MalformedBatch",
    "MissingPurpose",
    "Posted",
    "Posting",
    "Reservation",
    "ReservationNotFound",
    "ReservationRequest",
    "Transaction",
    "TransactionNotFound",
    "UnknownLegalEntity",
    "account_for",
    "balance",
    "balances",
    "capture",
    "capture_many",
    "catalogue",
    "create_account",
    "expire_due",
    "expire_pending",
    "extend",
    "get_account",
    "get_pending",
    "get_reservation",
    "get_transaction",
    "increase",
    "list_accounts",
    "list_entries",
    "list_pending",
    "list_reservations",
    "list_transactions",
    "post",
    "post_many",
    "post_pending",
    "post_scheduled",
    "posting_accounts",
    "purposes",
    "release",
    "release_many",
    "release_part",
    "reserve",
    "reserve_many",
    "resolve_accounts",
    "reverse",
    "seed_chart",
    "set_limits",
    "set_status",
    "transactions_of_source",
    "void",
]
