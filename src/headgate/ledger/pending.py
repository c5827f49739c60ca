"""Pending transactions: agreed, their outflows set aside, and posted later: whole, in part, or never.

`post(…, pending=True)` makes one; so does an effective day that is still to come, which a job posts on its day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.core.money import Money
from headgate.ledger import arrays
from headgate.ledger.entries import entry_of
from headgate.ledger.errors import MalformedBatch, TransactionNotFound, refusal
from headgate.ledger.model import EntryRecord, Posted, Transaction, TransactionStatus
from headgate.ledger.posting import answer, raised_on_conflict

_ROUND = 1000


def post_pending(
    tx: Tx,
    *,
    idempotency_key: str,
    transaction_id: int,
    amounts: Mapping[int, Money] | None = None,
    effective_at: datetime | None = None,
) -> Posted | Refused:
    """Post a pending transaction, once: whole, or of the entries numbered in `amounts` that much; the rest is given back.

    It is effective when it was said to be, unless that is still to come, else now. The posting has a number of its own
    and `settles` the pending one. Raises TransactionNotFound, IdempotencyConflict, MalformedBatch.
    """
    arrays.texts([idempotency_key])
    arrays.instants([effective_at])
    if amounts is not None:
        _check_amounts(tx, transaction_id, amounts)
    numbers = None if amounts is None else sorted(amounts)
    row = tx.one(
        """
        SELECT code, id, replayed, facts
          FROM ledger.settle_one(%(key)s, %(transaction)s, %(entries)s, %(amounts)s, %(effective_at)s)
        """,
        {
            "key": idempotency_key,
            "transaction": transaction_id,
            "entries": None if numbers is None else arrays.numbers(numbers),
            "amounts": None if amounts is None else arrays.numbers(amounts[n].minor for n in sorted(amounts)),
            "effective_at": effective_at,
        },
    )
    return raised_on_conflict(answer(row["code"], row["id"], row["replayed"], row["facts"]), idempotency_key)


def void(tx: Tx, *, transaction_id: int, reason: str | None) -> Transaction | Refused:
    """Give back all that a pending transaction holds. Void or expired already: nothing happens. Posted: refused.

    Raises TransactionNotFound.
    """
    arrays.texts([reason])
    row = tx.one(
        "SELECT code, status FROM ledger.void_one(%(id)s, %(reason)s)", {"id": transaction_id, "reason": reason}
    )
    if row["code"] != 0:
        return refusal(row["code"], {"settles": transaction_id, "status": row["status"]})
    return get_pending(tx, transaction_id)


def expire_pending(tx: Tx) -> int:
    """Mark every pending transaction that is overdue on the tenant's clock; says how many. They counted no more before."""
    return int(tx.value("SELECT ledger.expire_pending()"))


def post_scheduled(tx: Tx, retry_after: timedelta = timedelta(hours=1)) -> dict[str, int]:
    """Post what was scheduled and whose day has come, under a key derived from each and the number of the try.

    What is refused stays pending and is tried again after `retry_after`; each refusal is recorded and announced
    (`ledger.transaction.still_pending`).
    """
    due = tx.all(
        "SELECT id, try FROM ledger.scheduled_due(%(limit)s, %(wait)s)", {"limit": _ROUND, "wait": retry_after}
    )
    posted = 0
    for row in due:
        found = post_pending(tx, idempotency_key=f"ledger:scheduled:{row['id']}:{row['try']}", transaction_id=row["id"])
        if isinstance(found, Posted):
            posted += 1
        else:
            tx.run(
                "SELECT ledger.tell_still_pending(%(id)s, %(code)s)",
                {"id": row["id"], "code": found.code},
            )
    return {"posted": posted, "refused": len(due) - posted}


def get_pending(tx: Tx, transaction_id: int) -> Transaction:
    """A transaction that was made pending, whatever became of it. Raises TransactionNotFound."""
    found = _read(tx, transaction_ids=[transaction_id])
    if not found:
        raise TransactionNotFound(
            f"there is no transaction {transaction_id}, posted or pending", transaction=transaction_id
        )
    return found[0]


def pending_by_number(tx: Tx, transaction_ids: Sequence[int]) -> dict[int, Transaction]:
    """Those of these transactions that were made pending, by number, whatever became of them."""
    found = _read(tx, transaction_ids=transaction_ids, limit=len(transaction_ids)) if transaction_ids else []
    return {one.id: one for one in found}


def list_pending(
    tx: Tx,
    *,
    status: TransactionStatus | None = "pending",
    account: int | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Transaction]:
    """Transactions that were made pending, newest first, before the number `before`; None: of any status."""
    return _read(tx, status=status, account=account, before=before, limit=limit)


def _read(
    tx: Tx,
    *,
    transaction_ids: Sequence[int] | None = None,
    status: str | None = None,
    account: int | None = None,
    before: int | None = None,
    limit: int = 1,
) -> list[Transaction]:
    rows = tx.all(
        """
        SELECT x.id, t.key, t.recorded_at, t.effective_at, t.effective_on, t.source_type, t.source_id, t.description,
               t.metadata, t.asked_effective_at, x.settled_by, nullif(x.expires_at, 'infinity') AS expires_at, s.status
          FROM ledger.pending_transactions x
          JOIN ledger.transactions t ON t.tenant_id = x.tenant_id AND t.id = x.id
         -- An overdue one counts no more, marked or not; it is shown as what it is worth.
         CROSS JOIN LATERAL (SELECT CASE WHEN x.status = 'pending' AND x.expires_at <= (SELECT tenants.now())
                                         THEN 'expired' ELSE x.status END AS status) s
         WHERE (%(ids)s::bigint[] IS NULL OR x.id = ANY (%(ids)s::bigint[]))
           AND (%(status)s::text IS NULL OR s.status = %(status)s)
           AND (%(before)s::bigint IS NULL OR x.id < %(before)s)
           AND (%(account)s::bigint IS NULL OR EXISTS (
                 SELECT FROM ledger.pending_entries k
                  WHERE k.tenant_id = x.tenant_id AND k.transaction_id = x.id
                    AND %(account)s IN (k.debit_account_id, k.credit_account_id)))
         ORDER BY x.id DESC LIMIT %(limit)s
        """,
        {
            "ids": None if transaction_ids is None else arrays.numbers(transaction_ids),
            "status": status,
            "before": before,
            "account": account,
            "limit": limit,
        },
    )
    entries: dict[int, list[EntryRecord]] = {row["id"]: [] for row in rows}
    times = {row["id"]: row for row in rows}
    for entry in tx.all(
        """
        SELECT k.transaction_id, k.n, k.debit_account_id, d.code AS debit_code, k.credit_account_id,
               c.code AS credit_code, k.amount_minor, k.currency
          FROM ledger.pending_entries k
          JOIN ledger.accounts d ON d.tenant_id = k.tenant_id AND d.id = k.debit_account_id
          JOIN ledger.accounts c ON c.tenant_id = k.tenant_id AND c.id = k.credit_account_id
         WHERE k.transaction_id = ANY (%(ids)s) ORDER BY k.transaction_id, k.n
        """,
        {"ids": list(entries)},
    ):
        entries[entry["transaction_id"]].append(entry_of(entry, times[entry["transaction_id"]]))
    return [_transaction(row, entries[row["id"]]) for row in rows]


def _transaction(row: Mapping[str, Any], entries: list[EntryRecord]) -> Transaction:
    return Transaction(
        id=row["id"],
        idempotency_key=row["key"],
        recorded_at=row["recorded_at"],
        effective_at=row["effective_at"],
        effective_on=row["effective_on"],
        source_type=row["source_type"],
        source_id=row["source_id"],
        description=row["description"],
        metadata=row["metadata"],
        reverses=None,
        reversed_by=(),
        entries=tuple(entries),
        status=row["status"],
        settled_by=row["settled_by"],
        expires_at=row["expires_at"],
        asked_effective_at=row["asked_effective_at"],
    )


def _check_amounts(tx: Tx, transaction_id: int, amounts: Mapping[int, Money]) -> None:
    pending = {entry.n: entry.amount.currency for entry in get_pending(tx, transaction_id).entries}
    if not amounts:
        raise MalformedBatch("name at least one entry to post; to post nothing, void it")
    for number, amount in amounts.items():
        if number not in pending or amount.currency != pending[number] or amount.minor <= 0:
            raise MalformedBatch(
                f"the pending transaction has no entry {number} in {amount.currency} to post that much of"
            )
