"""Reads of transactions and entries for the API, the console and other domains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, LiteralString

from headgate.core.db import Tx
from headgate.ledger.entries import entry_of
from headgate.ledger.errors import TransactionNotFound
from headgate.ledger.model import EntryRecord, Transaction
from headgate.ledger.pending import get_pending

_TRANSACTION: LiteralString = """
    SELECT t.id, t.key, t.recorded_at, t.effective_at, t.effective_on, t.source_type, t.source_id, t.description,
           t.metadata, t.reverses, t.settles, t.asked_effective_at,
           ARRAY(SELECT b.id FROM ledger.transactions b
                  WHERE b.tenant_id = t.tenant_id AND b.reverses = t.id AND EXISTS (
                          SELECT FROM ledger.entries k WHERE k.tenant_id = b.tenant_id AND k.transaction_id = b.id)
                  ORDER BY b.id) AS reversed_by
      FROM ledger.transactions t
     WHERE EXISTS (SELECT FROM ledger.entries k WHERE k.tenant_id = t.tenant_id AND k.transaction_id = t.id)
"""
_ENTRY: LiteralString = """
    SELECT e.transaction_id, e.n, e.debit_account_id, d.code AS debit_code, e.credit_account_id, c.code AS credit_code,
           e.amount_minor, e.currency, e.debit_seq, e.debit_net, e.credit_seq, e.credit_net, e.recorded_at,
           e.effective_at, e.effective_on
      FROM ledger.entries e
      JOIN ledger.accounts d ON d.tenant_id = e.tenant_id AND d.id = e.debit_account_id
      JOIN ledger.accounts c ON c.tenant_id = e.tenant_id AND c.id = e.credit_account_id
"""


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    key: str
    recorded_at: datetime
    effective_at: datetime
    effective_on: date
    source_type: str | None
    source_id: str | None
    description: str | None
    metadata: dict[str, Any] | None
    reverses: int | None
    settles: int | None
    asked_effective_at: datetime | None
    reversed_by: list[int]


def get_transaction(tx: Tx, transaction_id: int) -> Transaction:
    """One transaction with its entries, posted or pending; raises TransactionNotFound, also for one that was refused."""
    rows = tx.all(_TRANSACTION + " AND t.id = %(id)s", {"id": transaction_id}, row=_Row)
    return _with_entries(tx, rows)[0] if rows else get_pending(tx, transaction_id)


def transactions_by_number(tx: Tx, transaction_ids: Sequence[int]) -> dict[int, Transaction]:
    """Posted transactions with their entries, by number; what was refused is left out."""
    rows = tx.all(_TRANSACTION + " AND t.id = ANY (%(ids)s)", {"ids": list(transaction_ids)}, row=_Row)
    return {found.id: found for found in _with_entries(tx, rows)}


def transactions_of_source(tx: Tx, source_type: str, source_id: str) -> list[Transaction]:
    """What was posted for one source (a payment, a deposit), oldest first, reversals included."""
    rows = tx.all(
        _TRANSACTION + " AND t.source_type = %(source_type)s AND t.source_id = %(source_id)s ORDER BY t.id",
        {"source_type": source_type, "source_id": source_id},
        row=_Row,
    )
    return _with_entries(tx, rows)


def list_transactions(
    tx: Tx,
    *,
    account: int | None = None,
    source_type: str | None = None,
    source_id: str | None = None,
    effective_from: date | None = None,
    effective_to: date | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Transaction]:
    """Posted transactions, newest first, before the number `before`; days are inclusive."""
    rows = tx.all(
        _TRANSACTION
        + """
           AND (%(before)s::bigint IS NULL OR t.id < %(before)s)
           AND (%(source_type)s::text IS NULL OR t.source_type = %(source_type)s)
           AND (%(source_id)s::text IS NULL OR t.source_id = %(source_id)s)
           AND (%(effective_from)s::date IS NULL OR t.effective_on >= %(effective_from)s)
           AND (%(effective_to)s::date IS NULL OR t.effective_on <= %(effective_to)s)
           AND (%(account)s::bigint IS NULL OR EXISTS (
                 SELECT FROM ledger.entries k
                  WHERE k.tenant_id = t.tenant_id AND k.transaction_id = t.id
                    AND %(account)s IN (k.debit_account_id, k.credit_account_id)))
         ORDER BY t.id DESC LIMIT %(limit)s
        """,
        {
            "account": account,
            "source_type": source_type,
            "source_id": source_id,
            "effective_from": effective_from,
            "effective_to": effective_to,
            "before": before,
            "limit": limit,
        },
        row=_Row,
    )
    return _with_entries(tx, rows)


def list_entries(
    tx: Tx,
    *,
    account: int | None = None,
    transaction: int | None = None,
    before: tuple[int, int] | None = None,
    limit: int = 50,
) -> list[EntryRecord]:
    """Entries, newest first, before the pair (transaction, n).

    Of one account its legs are found by its sequences, each side by its index, however long its history is.
    """
    if account is not None:
        return _entries_of_account(tx, account, transaction, before, limit)
    rows = tx.all(
        _ENTRY
        + """
         WHERE (%(transaction)s::bigint IS NULL OR e.transaction_id = %(transaction)s)
           AND (%(before)s::bigint IS NULL OR (e.transaction_id, e.n) < (%(before)s, %(before_n)s::smallint))
         ORDER BY e.transaction_id DESC, e.n DESC LIMIT %(limit)s
        """,
        {
            "transaction": transaction,
            "before": before[0] if before else None,
            "before_n": before[1] if before else None,
            "limit": limit,
        },
    )
    return [entry_of(row) for row in rows]


def _entries_of_account(
    tx: Tx, account: int, transaction: int | None, before: tuple[int, int] | None, limit: int
) -> list[EntryRecord]:
    """An account's entries in the order of its own sequence, which is the order in which they were posted."""
    seq = None
    if before is not None:
        seq = tx.value(
            "SELECT min(seq) FROM ledger.legs WHERE account_id = %(account)s AND transaction_id = %(id)s AND n = %(n)s",
            {"account": account, "id": before[0], "n": before[1]},
        )
        if seq is None:
            raise TransactionNotFound("there is no such entry on this account to go on from: begin anew")
    rows = tx.all(
        "SELECT * FROM ("  # noqa: S608 - constants of this module, no value of a caller
        + _ENTRY
        + """
         WHERE e.debit_account_id = %(account)s AND (%(seq)s::bigint IS NULL OR e.debit_seq < %(seq)s)
           AND (%(transaction)s::bigint IS NULL OR e.transaction_id = %(transaction)s)
         ORDER BY e.debit_seq DESC LIMIT %(limit)s) AS debits
        UNION ALL SELECT * FROM ("""
        + _ENTRY
        + """
         WHERE e.credit_account_id = %(account)s AND (%(seq)s::bigint IS NULL OR e.credit_seq < %(seq)s)
           AND (%(transaction)s::bigint IS NULL OR e.transaction_id = %(transaction)s)
         ORDER BY e.credit_seq DESC LIMIT %(limit)s) AS credits
        """,
        {"account": account, "seq": seq, "transaction": transaction, "limit": limit},
    )
    found = [entry_of(row) for row in rows]
    found.sort(key=lambda entry: entry.debit_seq if entry.debit == account else entry.credit_seq, reverse=True)
    return found[:limit]


def _with_entries(tx: Tx, rows: Sequence[_Row]) -> list[Transaction]:
    entries: dict[int, list[EntryRecord]] = {row.id: [] for row in rows}
    found = tx.all(
        _ENTRY + " WHERE e.transaction_id = ANY (%(ids)s) ORDER BY e.transaction_id, e.n", {"ids": list(entries)}
    )
    for row in found:
        entries[row["transaction_id"]].append(entry_of(row))
    return [
        Transaction(
            id=row.id,
            idempotency_key=row.key,
            recorded_at=row.recorded_at,
            effective_at=row.effective_at,
            effective_on=row.effective_on,
            source_type=row.source_type,
            source_id=row.source_id,
            description=row.description,
            metadata=row.metadata,
            reverses=row.reverses,
            settles=row.settles,
            asked_effective_at=row.asked_effective_at,
            reversed_by=tuple(row.reversed_by),
            entries=tuple(entries[row.id]),
        )
        for row in rows
    ]
