"""The list of payrolls, each with how far its money has come, and one payroll's whole account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

from headgate.core import terms
from headgate.core.db import Tx
from headgate.core.listing import Listing
from headgate.core.money import Money
from headgate.payments.errors import NoSuchPayroll
from headgate.payments.model import Kind

STATUSES: Final = ("pending", "blocked_funds", "blocked_policy", "committed", "paying", "paid", "partially_paid")
TERMS: Final = {
    "status": terms.Term("choice", STATUSES),
    "gate": terms.Term("choice", ("passed", "held")),
    "payroll": terms.Term("word"),
    "entity": terms.Term("word"),
    "currency": terms.Term("word"),
    "amount": terms.Term("amount"),
    "age": terms.Term("age"),
}


@dataclass(frozen=True, slots=True)
class PayrollRow:
    """A payroll as a list shows it: one that is pending because the gate holds it is blocked.

    Its payments' money stands by where it is: `held_minor` waits for funds.
    """

    id: str
    reference: str
    legal_entity_id: str
    legal_entity: str
    status: str
    pay_on: date
    currency: str
    total_minor: int
    payments: int
    people: int
    held_minor: int
    waiting_minor: int
    sent_minor: int
    settled_minor: int
    returned_minor: int
    returned_count: int
    gate_type: Literal["commit", "pay"] | None
    gate_reason: str | None
    shortfall_minor: int
    evaluation_id: str | None
    times_asked: int
    created_at: datetime
    committed_at: datetime | None
    artifact: str | None

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)

    @property
    def held(self) -> Money:
        return Money(self.held_minor, self.currency)

    @property
    def waiting(self) -> Money:
        return Money(self.waiting_minor, self.currency)

    @property
    def sent(self) -> Money:
        return Money(self.sent_minor, self.currency)

    @property
    def settled(self) -> Money:
        return Money(self.settled_minor, self.currency)

    @property
    def returned(self) -> Money:
        return Money(self.returned_minor, self.currency)

    @property
    def shortfall(self) -> Money:
        return Money(self.shortfall_minor, self.currency)


@dataclass(frozen=True, slots=True)
class PayrollTotal:
    """What a query adds up to in one currency."""

    currency: str
    amount_minor: int
    count: int
    held_minor: int
    held_count: int

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def held(self) -> Money:
        return Money(self.held_minor, self.currency)


@dataclass(frozen=True, slots=True)
class PayrollPart:
    """What a payroll needs of one kind, and how much of that waits for funds, is settled or came back."""

    kind: Kind
    payments: int
    amount_minor: int
    settled_minor: int
    returned_minor: int
    currency: str

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def settled(self) -> Money:
        return Money(self.settled_minor, self.currency)

    @property
    def returned(self) -> Money:
        return Money(self.returned_minor, self.currency)


@dataclass(frozen=True, slots=True)
class PayrollFile:
    """A file that carries payments of a payroll."""

    id: str
    name: str
    status: str
    payments: int
    amount_minor: int
    currency: str
    created_at: datetime
    delivered_at: datetime | None
    effective_on: date
    settled_on: date | None

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


def payroll_parts(tx: Tx, payroll_id: str) -> list[PayrollPart]:
    """What a payroll needs by kind, in the order of the trade: net pay, taxes, third parties, fees."""
    return tx.all(
        """
        SELECT kind, count(*) AS payments, sum(amount_minor)::bigint AS amount_minor,
               coalesce(sum(amount_minor) FILTER (WHERE status = 'settled'), 0)::bigint AS settled_minor,
               coalesce(sum(amount_minor) FILTER (WHERE status = 'returned'), 0)::bigint AS returned_minor,
               min(currency) AS currency
          FROM payments.instructions
         WHERE tenant_id = %(tenant)s AND payroll_id = %(payroll)s
         GROUP BY kind
         ORDER BY array_position(ARRAY['net_pay', 'tax', 'third_party', 'fee'], kind)
        """,
        {"tenant": tx.tenant_id, "payroll": payroll_id},
        row=PayrollPart,
    )


def payroll_files(tx: Tx, payroll_id: str) -> list[PayrollFile]:
    """The files that carry a payroll's payments, the oldest first."""
    return tx.all(
        """
        SELECT f.id, f.name, f.status, count(*) AS payments, sum(a.amount_minor)::bigint AS amount_minor, f.currency,
               f.created_at, f.delivered_at, f.effective_on, f.settled_on
          FROM payments.instructions i
          JOIN payments.attempts a ON a.tenant_id = i.tenant_id AND a.instruction_id = i.id
          JOIN payments.ach_files f ON f.tenant_id = a.tenant_id AND f.id = a.ach_file_id
         WHERE i.tenant_id = %(tenant)s AND i.payroll_id = %(payroll)s
         GROUP BY f.tenant_id, f.id
         ORDER BY f.id
        """,
        {"tenant": tx.tenant_id, "payroll": payroll_id},
        row=PayrollFile,
    )


# A payroll is pending in its table while the gate holds it: a list says that it is blocked, and by what.
_STATUS = """
       CASE WHEN p.status <> 'pending' OR g.passed IS NOT FALSE THEN p.status
            WHEN g.reason = 'policy_violation' THEN 'blocked_policy' ELSE 'blocked_funds' END
"""

_ROWS = (
    "SELECT "  # noqa: S608 - constants of this module, no value of a caller
    + _STATUS
    + """ AS status, p.id, p.external_id AS reference, p.legal_entity_id, e.name AS legal_entity, p.pay_on, p.currency,
       p.total_minor, p.instruction_count AS payments, m.people, m.held_minor, m.waiting_minor, m.sent_minor,
       m.settled_minor, m.returned_minor, m.returned_count, g.gate_type, g.reason AS gate_reason,
       coalesce(g.shortfall_minor, 0) AS shortfall_minor, p.evaluation_id, p.evaluation_no AS times_asked,
       p.created_at, p.committed_at, f.filename AS artifact
  FROM payments.payrolls p
  JOIN tenants.legal_entities e ON e.tenant_id = p.tenant_id AND e.id = p.legal_entity_id
  LEFT JOIN funding.gate_evaluations g ON g.tenant_id = p.tenant_id AND g.id = p.evaluation_id
  LEFT JOIN ingestion.artifacts f ON f.tenant_id = p.tenant_id AND f.id = p.source_artifact_id
 CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE i.kind = 'net_pay') AS people,
              coalesce(sum(i.amount_minor) FILTER (WHERE i.reservation_id IS NULL), 0)::bigint AS held_minor,
              coalesce(sum(i.amount_minor) FILTER (WHERE i.status = 'pending'), 0)::bigint AS waiting_minor,
              coalesce(sum(i.amount_minor) FILTER (WHERE i.status = 'sent'), 0)::bigint AS sent_minor,
              coalesce(sum(i.amount_minor) FILTER (WHERE i.status = 'settled'), 0)::bigint AS settled_minor,
              coalesce(sum(i.amount_minor) FILTER (WHERE i.status = 'returned'), 0)::bigint AS returned_minor,
              count(*) FILTER (WHERE i.status = 'returned') AS returned_count
         FROM payments.instructions i
        WHERE i.tenant_id = p.tenant_id AND i.payroll_id = p.id) m
"""
)

_IDS = """
SELECT p.id
  FROM payments.payrolls p
  LEFT JOIN funding.gate_evaluations g ON g.tenant_id = p.tenant_id AND g.id = p.evaluation_id
"""

# The page's ids first: the money of a payroll is added up for those that are shown, and for no other.
_PAGE = """
WITH page AS MATERIALIZED (
SELECT p.id
  FROM payments.payrolls p
  LEFT JOIN funding.gate_evaluations g ON g.tenant_id = p.tenant_id AND g.id = p.evaluation_id
"""

_PAGE_ENDS = """
   AND (%(after)s::text IS NULL OR p.id < %(after)s)
 ORDER BY p.id DESC
 LIMIT %(limit)s)
"""

_OF_PAGE = """
 WHERE p.tenant_id = %(tenant)s AND p.id IN (SELECT id FROM page)
 ORDER BY p.id DESC
"""

_TOTALS = """
SELECT p.currency, sum(p.total_minor)::bigint AS amount_minor, count(*) AS count,
       coalesce(sum(p.total_minor) FILTER (WHERE NOT g.passed), 0)::bigint AS held_minor,
       count(*) FILTER (WHERE NOT g.passed) AS held_count
  FROM payments.payrolls p
  LEFT JOIN funding.gate_evaluations g ON g.tenant_id = p.tenant_id AND g.id = p.evaluation_id
"""

_WHERE = (
    """
 WHERE p.tenant_id = %(tenant)s
   AND (%(status)s::text[] IS NULL OR
"""
    + _STATUS
    + """ = ANY(%(status)s))
   AND (%(gate)s::text[] IS NULL OR CASE WHEN g.passed THEN 'passed' ELSE 'held' END = ANY(%(gate)s))
   AND (%(payroll)s::text IS NULL OR p.external_id = %(payroll)s OR p.id = %(payroll)s)
   AND (%(entity)s::text IS NULL OR p.legal_entity_id = %(entity)s)
   AND (%(currency)s::text IS NULL OR p.currency = %(currency)s)
   AND (%(amount_min)s::bigint IS NULL OR p.total_minor >= %(amount_min)s)
   AND (%(amount_max)s::bigint IS NULL OR p.total_minor <= %(amount_max)s)
   AND (%(age_under)s::interval IS NULL OR p.created_at > tenants.now() - %(age_under)s)
   AND (%(age_over)s::interval IS NULL OR p.created_at < tenants.now() - %(age_over)s)
"""
)


def _missing(payroll_id: str) -> NoSuchPayroll:
    return NoSuchPayroll(f"there is no payroll {payroll_id}", payroll_id=payroll_id)


_LISTING: Final = Listing(
    find=_PAGE + _WHERE + _PAGE_ENDS + _ROWS + _OF_PAGE,
    rows=_ROWS + " WHERE p.tenant_id = %(tenant)s AND p.id = ANY(%(ids)s) ORDER BY p.id DESC",
    matching=_IDS + _WHERE + " AND p.id = ANY(%(ids)s)",
    totals=_TOTALS + _WHERE + " GROUP BY p.currency ORDER BY p.currency",
    row=PayrollRow,
    total=PayrollTotal,
    missing=_missing,
)
find_payrolls = _LISTING.find_rows
payroll_rows = _LISTING.rows_of
payroll_row = _LISTING.row_of
matching_payrolls = _LISTING.matching_of
payroll_totals = _LISTING.totals_of
