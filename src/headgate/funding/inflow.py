"""Money in, to look at: the list of deposits, and what came by day. What is still to come stands in `expecting.py`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

from headgate.core import ids, terms
from headgate.core.db import Tx
from headgate.core.listing import Listing
from headgate.core.money import Money
from headgate.funding.errors import NoSuchDeposit

DepositStatus = Literal["final", "provisional", "unknown_payer"]
STATUSES: Final = ("final", "provisional", "unknown_payer")
TERMS: Final = {
    "status": terms.Term("choice", STATUSES),
    "rail": terms.Term("choice", ("wire", "ach_credit", "realtime")),
    "reference": terms.Term("word"),
    "entity": terms.Term("word"),
    "currency": terms.Term("word"),
    "amount": terms.Term("amount"),
    "age": terms.Term("age"),
}


@dataclass(frozen=True, slots=True)
class DepositRow:
    """A deposit as a list shows it. `filename` and `line` say where its evidence stands."""

    id: str
    status: DepositStatus
    legal_entity_id: str | None
    legal_entity: str | None
    reference: str | None
    rail: str
    amount_minor: int
    currency: str
    value_on: date
    transaction_id: int
    source: str
    external_id: str
    artifact_id: str | None
    filename: str | None
    line: int | None
    settled_at: datetime
    final_at: datetime
    assigned_at: datetime | None
    assigned_by: str | None
    assignment_transaction_id: int | None
    case_id: str | None

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def transaction(self) -> str:
        """The posting's id, as the outside knows it."""
        return ids.encode("txn", self.transaction_id)

    @property
    def assignment(self) -> str | None:
        """The id of the posting that gave it to a client whom it had not named."""
        found = self.assignment_transaction_id
        return ids.encode("txn", found) if found else None


@dataclass(frozen=True, slots=True)
class DepositTotal:
    """What a query adds up to in one currency; of that, what is not final yet and what nobody is known to have paid."""

    currency: str
    amount_minor: int
    count: int
    provisional_minor: int
    provisional_count: int
    unknown_minor: int
    unknown_count: int

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def provisional(self) -> Money:
        return Money(self.provisional_minor, self.currency)

    @property
    def unknown(self) -> Money:
        return Money(self.unknown_minor, self.currency)


@dataclass(frozen=True, slots=True)
class DayIn:
    """What came in on a day."""

    on: date
    amount: Money
    count: int


def received_by_day(tx: Tx, *, currency: str, since: date) -> list[DayIn]:
    """What came in on each value date from that day on, and is final: days without money are left out."""
    rows = tx.all(
        """
        SELECT value_on, sum(amount_minor)::bigint AS amount, count(*) AS count
          FROM funding.deposits
         WHERE tenant_id = %(tenant)s AND currency = %(currency)s AND value_on >= %(since)s AND final_at <= %(now)s
         GROUP BY value_on
         ORDER BY value_on
        """,
        {"tenant": tx.tenant_id, "currency": currency, "since": since, "now": tx.now()},
    )
    return [DayIn(row["value_on"], Money(row["amount"], currency), row["count"]) for row in rows]


def known_reference(tx: Tx, *, legal_entity_id: str) -> str | None:
    """The oldest payer reference that names a legal entity; None where its client was given none."""
    found = tx.value(
        """
        SELECT reference
          FROM funding.payer_references
         WHERE tenant_id = %(tenant)s AND legal_entity_id = %(entity)s
         ORDER BY created_at, reference
         LIMIT 1
        """,
        {"tenant": tx.tenant_id, "entity": legal_entity_id},
    )
    return str(found) if found else None


_ROWS = """
SELECT d.id,
       CASE WHEN d.legal_entity_id IS NULL THEN 'unknown_payer' WHEN d.final_at > tenants.now() THEN 'provisional'
            ELSE 'final' END AS status,
       d.legal_entity_id, e.name AS legal_entity, d.reference, d.rail, d.amount_minor, d.currency, d.value_on,
       d.transaction_id, d.source, d.external_id, f.id AS artifact_id, f.filename, r.line, d.settled_at, d.final_at,
       d.assigned_at, d.assigned_by, d.assignment_transaction_id,
       (SELECT c.id FROM cases.exception_cases c
         WHERE c.tenant_id = d.tenant_id AND d.legal_entity_id IS NULL AND c.category = 'unknown_payer'
           AND c.ingestion_id = d.record_id
         ORDER BY c.id LIMIT 1) AS case_id
  FROM funding.owned_deposits d
  LEFT JOIN tenants.legal_entities e ON e.tenant_id = d.tenant_id AND e.id = d.legal_entity_id
  LEFT JOIN ingestion.records r ON r.tenant_id = d.tenant_id AND r.id = d.record_id
  LEFT JOIN ingestion.artifacts f ON f.tenant_id = r.tenant_id AND f.id = r.artifact_id
"""

_IDS = "SELECT d.id FROM funding.owned_deposits d"

_TOTALS = """
SELECT d.currency, sum(d.amount_minor)::bigint AS amount_minor, count(*) AS count,
       coalesce(sum(d.amount_minor) FILTER (WHERE d.legal_entity_id IS NOT NULL AND d.final_at > tenants.now()), 0)::bigint
         AS provisional_minor,
       count(*) FILTER (WHERE d.legal_entity_id IS NOT NULL AND d.final_at > tenants.now()) AS provisional_count,
       coalesce(sum(d.amount_minor) FILTER (WHERE d.legal_entity_id IS NULL), 0)::bigint AS unknown_minor,
       count(*) FILTER (WHERE d.legal_entity_id IS NULL) AS unknown_count
  FROM funding.owned_deposits d
"""

_WHERE = """
 WHERE d.tenant_id = %(tenant)s
   AND (%(status)s::text[] IS NULL
        OR CASE WHEN d.legal_entity_id IS NULL THEN 'unknown_payer' WHEN d.final_at > tenants.now() THEN 'provisional'
                ELSE 'final' END = ANY(%(status)s))
   AND (%(rail)s::text[] IS NULL OR d.rail = ANY(%(rail)s))
   AND (%(reference)s::text IS NULL OR d.reference = %(reference)s)
   AND (%(entity)s::text IS NULL OR d.legal_entity_id = %(entity)s)
   AND (%(currency)s::text IS NULL OR d.currency = %(currency)s)
   AND (%(amount_min)s::bigint IS NULL OR d.amount_minor >= %(amount_min)s)
   AND (%(amount_max)s::bigint IS NULL OR d.amount_minor <= %(amount_max)s)
   AND (%(age_under)s::interval IS NULL OR d.settled_at > tenants.now() - %(age_under)s)
   AND (%(age_over)s::interval IS NULL OR d.settled_at < tenants.now() - %(age_over)s)
"""


def _missing(deposit_id: str) -> NoSuchDeposit:
    return NoSuchDeposit(f"there is no deposit {deposit_id}", deposit_id=deposit_id)


_LISTING: Final = Listing(
    find=_ROWS + _WHERE + " AND (%(after)s::text IS NULL OR d.id < %(after)s) ORDER BY d.id DESC LIMIT %(limit)s",
    rows=_ROWS + " WHERE d.tenant_id = %(tenant)s AND d.id = ANY(%(ids)s) ORDER BY d.id DESC",
    matching=_IDS + _WHERE + " AND d.id = ANY(%(ids)s)",
    totals=_TOTALS + _WHERE + " GROUP BY d.currency ORDER BY d.currency",
    row=DepositRow,
    total=DepositTotal,
    missing=_missing,
)
find_deposits = _LISTING.find_rows
deposit_rows = _LISTING.rows_of
deposit_row = _LISTING.row_of
matching_deposits = _LISTING.matching_of
deposit_totals = _LISTING.totals_of
