"""The list of ACH files, what the bank said of each, and the entries of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from headgate.core import terms
from headgate.core.db import Tx
from headgate.core.listing import Listing
from headgate.core.money import Money
from headgate.payments.errors import NoSuchFile

STATUSES: Final = ("pending", "delivered", "outcome_unknown", "rejected", "settled")
TERMS: Final = {
    "status": terms.Term("choice", STATUSES),
    "entity": terms.Term("word"),
    "name": terms.Term("word"),
    "reference": terms.Term("word"),
    "bank": terms.Term("word"),
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
    """One entry of a file: the payment that it carries, or the debit of a client, and what became of it.

    `payee` is who is paid, or debited. The account is its last four digits.
    """

    trace_number: str
    payment_id: str | None
    debit_id: str | None
    payee: str
    last4: str | None
    amount_minor: int
    currency: str
    status: str
    return_code: str | None

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


def file_entries(tx: Tx, file_id: str, *, after: str | None = None, limit: int = 100) -> list[FileEntry]:
    """The entries of a file in the order of their trace numbers, from after that trace on."""
    return tx.all(
        """
        SELECT a.trace_number, i.id AS payment_id, NULL AS debit_id, coalesce(y.name, i.obligation, '') AS payee, b.last4,
               a.amount_minor, a.currency, a.status, CASE WHEN a.status = 'returned' THEN i.return_code END AS return_code
          FROM payments.attempts a
          JOIN payments.instructions i ON i.tenant_id = a.tenant_id AND i.id = a.instruction_id
          LEFT JOIN parties.parties y ON y.tenant_id = i.tenant_id AND y.id = i.payee_id
          LEFT JOIN parties.bank_accounts b ON b.tenant_id = i.tenant_id AND b.id = i.bank_account_id
         WHERE a.tenant_id = %(tenant)s AND a.ach_file_id = %(file)s
           AND (%(after)s::text IS NULL OR a.trace_number > %(after)s)
         UNION ALL
        SELECT d.trace_number, NULL, d.id, y.name, b.last4, d.amount_minor, d.currency, d.status,
               (SELECT m.return_code FROM payments.movement_effects x
                  JOIN payments.movements m ON m.tenant_id = x.tenant_id AND m.id = x.movement_id
                 WHERE x.tenant_id = d.tenant_id AND x.funding_attempt_id = d.id AND x.effect = 'returned'
                 ORDER BY m.id DESC LIMIT 1)
          FROM payments.funding_attempts d
          JOIN parties.bank_accounts b ON b.tenant_id = d.tenant_id AND b.id = d.bank_account_id
          JOIN parties.parties y ON y.tenant_id = b.tenant_id AND y.id = b.party_id
         WHERE d.tenant_id = %(tenant)s AND d.ach_file_id = %(file)s
           AND (%(after)s::text IS NULL OR d.trace_number > %(after)s)
         ORDER BY trace_number
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
         FROM (SELECT p.status, p.amount_minor FROM payments.attempts p
                WHERE p.tenant_id = f.tenant_id AND p.ach_file_id = f.id
                UNION ALL
               SELECT d.status, d.amount_minor FROM payments.funding_attempts d
                WHERE d.tenant_id = f.tenant_id AND d.ach_file_id = f.id) a) c
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
   AND (%(bank)s::text IS NULL OR f.bank = %(bank)s)
   AND (%(currency)s::text IS NULL OR f.currency = %(currency)s)
   AND (%(amount_min)s::bigint IS NULL OR f.credit_minor + f.debit_minor >= %(amount_min)s)
   AND (%(amount_max)s::bigint IS NULL OR f.credit_minor + f.debit_minor <= %(amount_max)s)
   AND (%(age_under)s::interval IS NULL OR f.created_at > tenants.now() - %(age_under)s)
   AND (%(age_over)s::interval IS NULL OR f.created_at < tenants.now() - %(age_over)s)
"""


def _missing(file_id: str) -> NoSuchFile:
    return NoSuchFile(f"there is no file {file_id}", file_id=file_id)


_LISTING: Final = Listing(
    find=_PAGE + _WHERE + _PAGE_ENDS + _ROWS + _OF_PAGE,
    rows=_ROWS + " WHERE f.tenant_id = %(tenant)s AND f.id = ANY(%(ids)s) ORDER BY f.id DESC",
    matching=_IDS + _WHERE + " AND f.id = ANY(%(ids)s)",
    totals=_TOTALS + _WHERE + " GROUP BY f.currency ORDER BY f.currency",
    row=FileRow,
    total=FileTotal,
    missing=_missing,
)
find_files = _LISTING.find_rows
file_rows = _LISTING.rows_of
file_row = _LISTING.row_of
matching_files = _LISTING.matching_of
file_totals = _LISTING.totals_of
