"""The list of ACH files, what the bank said of each, and the entries of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from headgate.core import terms
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.payments.errors import NoSuchFile

STATUSES: Final = ("pending", "delivered", "outcome_unknown", "rejected", "settled")
TERMS: Final = {
    "status": terms.Term("choice", STATUSES),
    "entity": terms.Term("word"),
    "name": terms.Term("word"),
    "reference": terms.Term("word"),
    "currency": terms.Term("word"),
    "amount": terms.Term("amount"),
    "age": terms.Term("age"),
}


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file as a list shows it; `settled` and `returned` count its entries by what became of them."""

    id: str
    name: str
    reference: str
    file_id_modifier: str
    legal_entity_id: str
    legal_entity: str
    status: str
    effective_on: date
    currency: str
    credit_minor: int
    debit_minor: int
    entry_count: int
    byte_count: int
    entry_hash: str
    sha256: str
    settled: int
    returned: int
    returned_minor: int
    created_at: datetime
    delivered_at: datetime | None
    settled_on: date | None

    @property
    def credit(self) -> Money:
        return Money(self.credit_minor, self.currency)

    @property
    def debit(self) -> Money:
        return Money(self.debit_minor, self.currency)

    @property
    def money_returned(self) -> Money:
        return Money(self.returned_minor, self.currency)


@dataclass(frozen=True, slots=True)
class FileTotal:
    """What a query adds up to in one currency."""

    currency: str
    amount_minor: int
    count: int
    entries: int

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One entry of a file: the payment that it carries, and what became of it. The account is its last four digits."""

    trace_number: str
    payment_id: str
    payee: str
    last4: str | None
    amount_minor: int
    currency: str
    status: str
    return_code: str | None

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


def find_files(tx: Tx, query: terms.Query, *, after: str | None = None, limit: int = 50) -> list[FileRow]:
    """Files, the newest first, from after that id on."""
    return tx.all(
        _PAGE + _WHERE + _PAGE_ENDS + _ROWS + _OF_PAGE,
        {**query.params, "tenant": tx.tenant_id, "after": after, "limit": limit},
        row=FileRow,
    )


def file_rows(tx: Tx, file_ids: Sequence[str]) -> list[FileRow]:
    """These files, the newest first."""
    return tx.all(
        _ROWS + " WHERE f.tenant_id = %(tenant)s AND f.id = ANY(%(ids)s) ORDER BY f.id DESC",
        {"tenant": tx.tenant_id, "ids": list(file_ids)},
        row=FileRow,
    )


def file_row(tx: Tx, file_id: str) -> FileRow:
    """One file, by its id. Raises NoSuchFile."""
    found = file_rows(tx, [file_id])
    if not found:
        raise NoSuchFile(f"there is no file {file_id}", file_id=file_id)
    return found[0]


def matching_files(tx: Tx, query: terms.Query, file_ids: Sequence[str]) -> frozenset[str]:
    """Which of these files the query finds."""
    return frozenset(
        tx.values(
            _IDS + _WHERE + " AND f.id = ANY(%(ids)s)",
            {**query.params, "tenant": tx.tenant_id, "ids": list(file_ids)},
        )
    )


def file_totals(tx: Tx, query: terms.Query) -> list[FileTotal]:
    """What a query adds up to, by currency."""
    return tx.all(
        _TOTALS + _WHERE + " GROUP BY f.currency ORDER BY f.currency",
        {**query.params, "tenant": tx.tenant_id},
        row=FileTotal,
    )


def file_entries(tx: Tx, file_id: str, *, after: str | None = None, limit: int = 100) -> list[FileEntry]:
    """The entries of a file in the order of their trace numbers, from after that trace on."""
    return tx.all(
        """
        SELECT a.trace_number, i.id AS payment_id, coalesce(y.name, i.obligation, '') AS payee, b.last4,
               a.amount_minor, a.currency, a.status, CASE WHEN a.status = 'returned' THEN i.return_code END AS return_code
          FROM payments.attempts a
          JOIN payments.instructions i ON i.tenant_id = a.tenant_id AND i.id = a.instruction_id
          LEFT JOIN parties.parties y ON y.tenant_id = i.tenant_id AND y.id = i.payee_id
          LEFT JOIN parties.bank_accounts b ON b.tenant_id = i.tenant_id AND b.id = i.bank_account_id
         WHERE a.tenant_id = %(tenant)s AND a.ach_file_id = %(file)s
           AND (%(after)s::text IS NULL OR a.trace_number > %(after)s)
         ORDER BY a.trace_number
         LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "file": file_id, "after": after, "limit": limit},
        row=FileEntry,
    )


_ROWS = """
SELECT f.id, f.name, f.reference, f.file_id_modifier, f.legal_entity_id, e.name AS legal_entity, f.status,
       f.effective_on, f.currency, f.credit_minor, f.debit_minor, f.entry_count, f.byte_count, f.entry_hash,
       encode(f.sha256, 'hex') AS sha256, c.settled, c.returned, c.returned_minor, f.created_at, f.delivered_at,
       f.settled_on
  FROM payments.ach_files f
  JOIN tenants.legal_entities e ON e.tenant_id = f.tenant_id AND e.id = f.legal_entity_id
 CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE a.status = 'settled') AS settled,
              count(*) FILTER (WHERE a.status = 'returned') AS returned,
              coalesce(sum(a.amount_minor) FILTER (WHERE a.status = 'returned'), 0)::bigint AS returned_minor
         FROM payments.attempts a
        WHERE a.tenant_id = f.tenant_id AND a.ach_file_id = f.id) c
"""

# The page's ids first: entries are counted for the files that are shown, and for no other.
_PAGE = """
WITH page AS MATERIALIZED (
SELECT f.id
  FROM payments.ach_files f
"""

_PAGE_ENDS = """
   AND (%(after)s::text IS NULL OR f.id < %(after)s)
 ORDER BY f.id DESC
 LIMIT %(limit)s)
"""

_OF_PAGE = """
 WHERE f.tenant_id = %(tenant)s AND f.id IN (SELECT id FROM page)
 ORDER BY f.id DESC
"""

_IDS = "SELECT f.id FROM payments.ach_files f"

_TOTALS = """
SELECT f.currency, sum(f.credit_minor)::bigint AS amount_minor, count(*) AS count, sum(f.entry_count)::bigint AS entries
  FROM payments.ach_files f
"""

_WHERE = """
 WHERE f.tenant_id = %(tenant)s
   AND (%(status)s::text[] IS NULL OR f.status = ANY(%(status)s))
   AND (%(entity)s::text IS NULL OR f.legal_entity_id = %(entity)s)
   AND (%(name)s::text IS NULL OR f.name = %(name)s)
   AND (%(reference)s::text IS NULL OR f.reference = %(reference)s)
   AND (%(currency)s::text IS NULL OR f.currency = %(currency)s)
   AND (%(amount_min)s::bigint IS NULL OR f.credit_minor >= %(amount_min)s)
   AND (%(amount_max)s::bigint IS NULL OR f.credit_minor <= %(amount_max)s)
   AND (%(age_under)s::interval IS NULL OR f.created_at > tenants.now() - %(age_under)s)
   AND (%(age_over)s::interval IS NULL OR f.created_at < tenants.now() - %(age_over)s)
"""
