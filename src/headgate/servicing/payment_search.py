"""The list of loans' payments: how each is divided, and whether it was folded again since it came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, get_args

from headgate.core import terms
from headgate.core.db import Tx
from headgate.core.listing import Listing
from headgate.core.money import Money
from headgate.servicing.errors import NoSuchPayment
from headgate.servicing.model import CHANNELS, Channel, Instruction, PaymentStatus, Place

TERMS: Final = {
    "status": terms.Term("choice", get_args(PaymentStatus)),
    "channel": terms.Term("choice", CHANNELS),
    "folded": terms.Term("choice", ("once", "again")),
    "loan": terms.Term("word"),
    "transfer": terms.Term("word"),
    "currency": terms.Term("word"),
    "amount": terms.Term("amount"),
    "waiting": terms.Term("amount"),
    "age": terms.Term("age"),
}
"""`folded:again`: lines of it were taken back and made anew by a later fold. `waiting` is what lies in suspense."""


@dataclass(frozen=True, slots=True)
class PaymentListed:
    """A payment as a list shows it. `is_folded_again`: a later fold changed where its cents lie.

    `suspense` is what waits or is over; `over_minor` of it is over, and to be refunded.
    """

    id: str
    loan_id: str
    loan: str
    borrower: str
    source_channel: Channel
    effective_date: date
    currency: str
    total_received: int
    principal: int
    interest: int
    fee: int
    escrow: int
    suspense: int
    over_minor: int
    status: PaymentStatus
    reversal_reason: str | None
    instruction: Instruction
    policy_version_no: int
    provider_transfer_id: str | None
    ingestion_id: str | None
    code: str | None
    undone_on: date | None
    is_folded_again: bool
    created_at: datetime

    @property
    def amount(self) -> Money:
        return Money(self.total_received, self.currency)

    def money(self, minor: int) -> Money:
        """An amount of its currency."""
        return Money(minor, self.currency)


@dataclass(frozen=True, slots=True)
class PaymentTotal:
    """What a query adds up to in one currency; `reversed_minor` of it was taken back."""

    currency: str
    count: int
    amount_minor: int
    waiting_minor: int
    reversed_minor: int

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def waiting(self) -> Money:
        return Money(self.waiting_minor, self.currency)

    @property
    def reversed(self) -> Money:
        return Money(self.reversed_minor, self.currency)


@dataclass(frozen=True, slots=True)
class LineStory:
    """A line of a payment, whether it stands or was taken back, and the transaction of the book that made it."""

    payment_id: str
    bucket: Place
    instalment_no: int | None
    amount_minor: int
    applied_on: date
    policy_version_no: int
    is_recovery: bool
    recorded_at: datetime
    taken_back_at: datetime | None
    transaction_id: int | None


def rows_of_loan(tx: Tx, loan_id: str, *, limit: int = 50) -> list[PaymentListed]:
    """A loan's payments in the order in which they count, the newest first."""
    return tx.all(
        _ROWS
        + """
         WHERE p.tenant_id = %(tenant)s AND p.loan_id = %(loan)s
         ORDER BY p.effective_date DESC, p.idempotency_key DESC
         LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "loan": loan_id, "limit": limit},
        row=PaymentListed,
    )


def line_stories(tx: Tx, payment_ids: Sequence[str]) -> dict[str, list[LineStory]]:
    """Every line that these payments ever had, in the order in which they were made; those that stand and those that do not."""
    found: dict[str, list[LineStory]] = {payment_id: [] for payment_id in payment_ids}
    rows = tx.all(
        """
        SELECT a.payment_id, a.bucket, a.instalment_no, a.amount_minor, a.applied_on, a.policy_version_no, a.is_recovery,
               a.recorded_at, r.recorded_at AS taken_back_at, a.transaction_id
          FROM servicing.allocations a
          LEFT JOIN servicing.allocations r ON r.tenant_id = a.tenant_id AND r.reverses = a.id
         WHERE a.tenant_id = %(tenant)s AND a.payment_id = ANY (%(ids)s) AND a.reverses IS NULL
         ORDER BY a.payment_id, a.id
        """,
        {"tenant": tx.tenant_id, "ids": list(found)},
        row=LineStory,
    )
    for row in rows:
        found[row.payment_id].append(row)
    return found


_ROWS = """
SELECT p.id, p.loan_id, n.external_id AS loan, coalesce(y.name, '') AS borrower, p.source_channel, p.effective_date, p.currency,
       p.total_received, p.principal, p.interest, p.fee, p.escrow, p.suspense,
       coalesce((SELECT sum(l.amount_minor) FROM servicing.live_allocations l
                  WHERE l.tenant_id = p.tenant_id AND l.payment_id = p.id AND l.bucket = 'overpayment'), 0)::bigint AS over_minor,
       p.status, p.reversal_reason, p.instruction,
       p.policy_version_no, p.provider_transfer_id, p.ingestion_id, u.code, u.undone_on,
       EXISTS (SELECT FROM servicing.allocations a
                WHERE a.tenant_id = p.tenant_id AND a.payment_id = p.id AND a.reverses IS NOT NULL AND p.status = 'completed')
       AS is_folded_again, p.created_at
  FROM servicing.payments p
  JOIN servicing.loans n ON n.tenant_id = p.tenant_id AND n.id = p.loan_id
  LEFT JOIN parties.parties y ON y.tenant_id = n.tenant_id AND y.id = n.borrower_id
  LEFT JOIN servicing.undoings u ON u.tenant_id = p.tenant_id AND u.payment_id = p.id
"""

_PAGE = """
WITH page AS MATERIALIZED (
SELECT p.id
  FROM servicing.payments p
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

_IDS = "SELECT p.id FROM servicing.payments p"

_TOTALS = """
SELECT p.currency, count(*) AS count, sum(p.total_received)::bigint AS amount_minor,
       coalesce(sum(p.suspense) FILTER (WHERE p.status = 'completed'), 0)::bigint AS waiting_minor,
       coalesce(sum(p.total_received) FILTER (WHERE p.status = 'reversed'), 0)::bigint AS reversed_minor
  FROM servicing.payments p
"""

_WHERE = """
 WHERE p.tenant_id = %(tenant)s
   AND (%(status)s::text[] IS NULL OR p.status = ANY (%(status)s))
   AND (%(channel)s::text[] IS NULL OR p.source_channel = ANY (%(channel)s))
   AND (%(transfer)s::text IS NULL OR p.provider_transfer_id = %(transfer)s)
   AND (%(currency)s::text IS NULL OR p.currency = %(currency)s)
   AND (%(amount_min)s::bigint IS NULL OR p.total_received >= %(amount_min)s)
   AND (%(amount_max)s::bigint IS NULL OR p.total_received <= %(amount_max)s)
   AND (%(waiting_min)s::bigint IS NULL OR (p.suspense >= %(waiting_min)s AND p.status = 'completed'))
   AND (%(waiting_max)s::bigint IS NULL OR (p.suspense <= %(waiting_max)s AND p.status = 'completed'))
   AND (%(age_under)s::interval IS NULL OR p.created_at > tenants.now() - %(age_under)s)
   AND (%(age_over)s::interval IS NULL OR p.created_at < tenants.now() - %(age_over)s)
   AND (%(loan)s::text IS NULL OR p.loan_id = %(loan)s OR EXISTS (
        SELECT FROM servicing.loans t WHERE t.tenant_id = p.tenant_id AND t.id = p.loan_id AND t.external_id = %(loan)s))
   AND (%(folded)s::text[] IS NULL OR CASE WHEN EXISTS (SELECT FROM servicing.allocations a
                WHERE a.tenant_id = p.tenant_id AND a.payment_id = p.id AND a.reverses IS NOT NULL AND p.status = 'completed')
        THEN 'again' ELSE 'once' END = ANY (%(folded)s))
"""


def _missing(payment_id: str) -> NoSuchPayment:
    return NoSuchPayment(f"there is no payment {payment_id} of a loan", payment_id=payment_id)


_LISTING: Final = Listing(
    find=_PAGE + _WHERE + _PAGE_ENDS + _ROWS + _OF_PAGE,
    rows=_ROWS + " WHERE p.tenant_id = %(tenant)s AND p.id = ANY(%(ids)s) ORDER BY p.id DESC",
    matching=_IDS + _WHERE + " AND p.id = ANY(%(ids)s)",
    totals=_TOTALS + _WHERE + " GROUP BY p.currency ORDER BY p.currency",
    row=PaymentListed,
    total=PaymentTotal,
    missing=_missing,
)
find_payments = _LISTING.find_rows
payment_rows = _LISTING.rows_of
payment_row = _LISTING.row_of
matching_payments = _LISTING.matching_of
payment_totals = _LISTING.totals_of
