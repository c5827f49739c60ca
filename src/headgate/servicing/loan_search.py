"""The list of loans: whom they are of, how each stands, what is past due, and what waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from headgate.core import terms
from headgate.core.listing import Listing
from headgate.core.money import Money
from headgate.servicing.errors import NoSuchLoan
from headgate.servicing.model import STATES, State

TERMS: Final = {
    "state": terms.Term("choice", STATES),
    "hold": terms.Term("choice", ("none", "legal", "stop_pay", "kyc")),
    "loan": terms.Term("word"),
    "product": terms.Term("word"),
    "borrower": terms.Term("word"),
    "entity": terms.Term("word"),
    "currency": terms.Term("word"),
    "open": terms.Term("amount"),
    "due": terms.Term("amount"),
    "waiting": terms.Term("amount"),
    "age": terms.Term("age"),
}
"""`due` is what fell due and is not paid, `waiting` what lies in suspense; `loan` is what its client calls it."""


@dataclass(frozen=True, slots=True)
class LoanListed:
    """A loan as a list shows it, with its borrower's name."""

    id: str
    external_id: str
    product: str
    legal_entity: str
    borrower_id: str | None
    borrower: str
    state: State
    currency: str
    open_minor: int
    due_minor: int
    suspense_minor: int
    overpayment_minor: int
    oldest_due_on: date | None
    next_due_on: date | None
    has_legal_hold: bool
    has_stop_pay: bool
    is_kyc_incomplete: bool
    payments: int
    last_paid_on: date | None
    created_at: datetime

    @property
    def open(self) -> Money:
        return Money(self.open_minor, self.currency)

    @property
    def due(self) -> Money:
        return Money(self.due_minor, self.currency)

    @property
    def suspense(self) -> Money:
        return Money(self.suspense_minor, self.currency)

    @property
    def overpayment(self) -> Money:
        return Money(self.overpayment_minor, self.currency)

    def money(self, minor: int) -> Money:
        """An amount of its currency."""
        return Money(minor, self.currency)

    @property
    def holds(self) -> tuple[str, ...]:
        """What holds its payments, as people say it."""
        named = {
            "legal hold": self.has_legal_hold,
            "stop pay": self.has_stop_pay,
            "KYC incomplete": self.is_kyc_incomplete,
        }
        return tuple(name for name, is_on in named.items() if is_on)


@dataclass(frozen=True, slots=True)
class LoanTotal:
    """What a query adds up to in one currency."""

    currency: str
    count: int
    open_minor: int
    due_minor: int
    suspense_minor: int

    @property
    def open(self) -> Money:
        return Money(self.open_minor, self.currency)

    @property
    def due(self) -> Money:
        return Money(self.due_minor, self.currency)

    @property
    def suspense(self) -> Money:
        return Money(self.suspense_minor, self.currency)


_ROWS = """
SELECT n.id, n.external_id, n.product, e.name AS legal_entity, n.borrower_id, coalesce(y.name, '') AS borrower, n.state,
       n.currency, n.open_minor, o.minor AS due_minor, n.suspense_minor, n.overpayment_minor, n.oldest_due_on,
       (SELECT min(d.due_on) FROM servicing.dues d
         WHERE d.tenant_id = n.tenant_id AND d.loan_id = n.id AND d.due_on > tenants.now()::date) AS next_due_on,
       n.has_legal_hold, n.has_stop_pay, n.is_kyc_incomplete,
       (SELECT count(*) FROM servicing.payments p WHERE p.tenant_id = n.tenant_id AND p.loan_id = n.id) AS payments,
       (SELECT max(p.effective_date) FROM servicing.payments p
         WHERE p.tenant_id = n.tenant_id AND p.loan_id = n.id AND p.status = 'completed') AS last_paid_on,
       n.created_at
  FROM servicing.loans n
  JOIN tenants.legal_entities e ON e.tenant_id = n.tenant_id AND e.id = n.legal_entity_id
  LEFT JOIN parties.parties y ON y.tenant_id = n.tenant_id AND y.id = n.borrower_id
 CROSS JOIN LATERAL (
   SELECT coalesce(sum(d.fees_minor + d.interest_minor + d.principal_minor + d.escrow_minor - d.fees_paid_minor
                       - d.interest_paid_minor - d.principal_paid_minor - d.escrow_paid_minor), 0)::bigint AS minor
     FROM servicing.dues d
    WHERE d.tenant_id = n.tenant_id AND d.loan_id = n.id AND d.due_on <= tenants.now()::date) o
"""

# What fell due and is open; of a page's loans alone, and of all where a total is asked for.
_OF_LOANS = """
  FROM servicing.loans n
 CROSS JOIN LATERAL (
   SELECT coalesce(sum(d.fees_minor + d.interest_minor + d.principal_minor + d.escrow_minor - d.fees_paid_minor
                       - d.interest_paid_minor - d.principal_paid_minor - d.escrow_paid_minor), 0)::bigint AS minor
     FROM servicing.dues d
    WHERE d.tenant_id = n.tenant_id AND d.loan_id = n.id AND d.due_on <= tenants.now()::date) o
"""

# The page's ids first: what stands beside a loan is read for those that are shown, and for no other.
_PAGE = "WITH page AS MATERIALIZED (SELECT n.id" + _OF_LOANS

_PAGE_ENDS = """
   AND (%(after)s::text IS NULL OR n.id < %(after)s)
 ORDER BY n.id DESC
 LIMIT %(limit)s)
"""

_OF_PAGE = """
 WHERE n.tenant_id = %(tenant)s AND n.id IN (SELECT id FROM page)
 ORDER BY n.id DESC
"""

_IDS = "SELECT n.id" + _OF_LOANS

_TOTALS = (
    """
SELECT n.currency, count(*) AS count, sum(n.open_minor)::bigint AS open_minor, sum(o.minor)::bigint AS due_minor,
       sum(n.suspense_minor)::bigint AS suspense_minor
"""
    + _OF_LOANS
)

_WHERE = """
 WHERE n.tenant_id = %(tenant)s
   AND (%(state)s::text[] IS NULL OR n.state = ANY (%(state)s))
   AND (%(hold)s::text[] IS NULL
        OR ('legal' = ANY (%(hold)s) AND n.has_legal_hold) OR ('stop_pay' = ANY (%(hold)s) AND n.has_stop_pay)
        OR ('kyc' = ANY (%(hold)s) AND n.is_kyc_incomplete)
        OR ('none' = ANY (%(hold)s) AND NOT (n.has_legal_hold OR n.has_stop_pay OR n.is_kyc_incomplete)))
   AND (%(loan)s::text IS NULL OR n.external_id = %(loan)s)
   AND (%(product)s::text IS NULL OR n.product = %(product)s)
   AND (%(borrower)s::text IS NULL OR n.borrower_id = %(borrower)s)
   AND (%(entity)s::text IS NULL OR n.legal_entity_id = %(entity)s)
   AND (%(currency)s::text IS NULL OR n.currency = %(currency)s)
   AND (%(open_min)s::bigint IS NULL OR n.open_minor >= %(open_min)s)
   AND (%(open_max)s::bigint IS NULL OR n.open_minor <= %(open_max)s)
   AND (%(waiting_min)s::bigint IS NULL OR n.suspense_minor >= %(waiting_min)s)
   AND (%(waiting_max)s::bigint IS NULL OR n.suspense_minor <= %(waiting_max)s)
   AND (%(due_min)s::bigint IS NULL OR o.minor >= %(due_min)s)
   AND (%(due_max)s::bigint IS NULL OR o.minor <= %(due_max)s)
   AND (%(age_under)s::interval IS NULL OR n.created_at > tenants.now() - %(age_under)s)
   AND (%(age_over)s::interval IS NULL OR n.created_at < tenants.now() - %(age_over)s)
"""


def _missing(loan_id: str) -> NoSuchLoan:
    return NoSuchLoan(f"there is no loan {loan_id}", loan_id=loan_id)


_LISTING: Final = Listing(
    find=_PAGE + _WHERE + _PAGE_ENDS + _ROWS + _OF_PAGE,
    rows=_ROWS + " WHERE n.tenant_id = %(tenant)s AND n.id = ANY(%(ids)s) ORDER BY n.id DESC",
    matching=_IDS + _WHERE + " AND n.id = ANY(%(ids)s)",
    totals=_TOTALS + _WHERE + " GROUP BY n.currency ORDER BY n.currency",
    row=LoanListed,
    total=LoanTotal,
    missing=_missing,
)
find_loans = _LISTING.find_rows
loan_rows = _LISTING.rows_of
loan_row = _LISTING.row_of
matching_loans = _LISTING.matching_of
loan_totals = _LISTING.totals_of
