"""The list of orders: what went to a provider one by one, with who is paid and what was said last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, get_args

from headgate.core import terms
from headgate.core.listing import Listing
from headgate.core.money import Money
from headgate.payments.errors import NoSuchOrder
from headgate.payments.orders.orders import OrderStatus, Recall

TERMS: Final = {
    "status": terms.Term("choice", get_args(OrderStatus)),
    "known": terms.Term("choice", ("yes", "no")),
    "rail": terms.Term("word"),
    "recall": terms.Term("choice", ("none", *(one for one in get_args(Recall) if one))),
    "entity": terms.Term("word"),
    "payment": terms.Term("word"),
    "reference": terms.Term("word"),
    "message": terms.Term("word"),
    "bank": terms.Term("word"),
    "currency": terms.Term("word"),
    "amount": terms.Term("amount"),
    "age": terms.Term("age"),
}
"""`known:no`: nobody knows what became of it. `recall:none`: it was not asked back. `reference` is the network's id of it."""


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order as a list shows it. `code` and `outcome` are of what was said last; `made_at` is when it was fixed.

    `is_last` where the payment was tried no more after it: only that order can be asked back.
    """

    id: str
    payment_id: str
    payee: str
    legal_entity_id: str
    legal_entity: str
    payroll_id: str
    payroll_reference: str
    rail: str
    bank: str
    amount_minor: int
    currency: str
    effective_on: date
    status: OrderStatus
    made_at: datetime
    created_at: datetime | None
    message_id: str | None
    reference: str | None
    ask_count: int
    next_at: datetime
    changed_at: datetime
    recall: Recall
    recall_reason: str | None
    recall_at: datetime | None
    is_last: bool
    outcome: str | None
    code: str
    said_at: datetime | None

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class OrderTotal:
    """What a query adds up to in one currency; `unknown` is what nobody knows of."""

    currency: str
    amount_minor: int
    count: int
    unknown_minor: int
    unknown_count: int

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def unknown(self) -> Money:
        return Money(self.unknown_minor, self.currency)


_ROWS = """
SELECT o.attempt_id AS id, o.instruction_id AS payment_id, coalesce(y.name, i.obligation, '') AS payee, i.legal_entity_id,
       e.name AS legal_entity, i.payroll_id, p.external_id AS payroll_reference, o.rail, o.bank, o.amount_minor, o.currency,
       o.effective_on, o.status, a.created_at AS made_at, o.created_at, o.message_id, o.reference, o.ask_count, o.next_at,
       o.changed_at, o.recall, o.recall_reason, o.recall_at,
       NOT EXISTS (SELECT FROM payments.orders n
                    WHERE n.tenant_id = o.tenant_id AND n.instruction_id = o.instruction_id AND n.attempt_id > o.attempt_id)
       AS is_last,
       h.outcome, coalesce(h.code, '') AS code, h.occurred_at AS said_at
  FROM payments.orders o
  JOIN payments.attempts a ON a.tenant_id = o.tenant_id AND a.id = o.attempt_id
  JOIN payments.instructions i ON i.tenant_id = o.tenant_id AND i.id = o.instruction_id
  JOIN payments.payrolls p ON p.tenant_id = i.tenant_id AND p.id = i.payroll_id
  JOIN tenants.legal_entities e ON e.tenant_id = i.tenant_id AND e.id = i.legal_entity_id
  LEFT JOIN parties.parties y ON y.tenant_id = i.tenant_id AND y.id = i.payee_id
  LEFT JOIN LATERAL (SELECT x.outcome, x.code, x.occurred_at
                       FROM payments.order_answers x
                      WHERE x.tenant_id = o.tenant_id AND x.attempt_id = o.attempt_id
                      ORDER BY x.answer_no DESC LIMIT 1) h ON true
"""

# The page's ids first: what stands beside an order is read for those that are shown, and for no other.
_PAGE = """
WITH page AS MATERIALIZED (
SELECT o.attempt_id
  FROM payments.orders o
"""

_PAGE_ENDS = """
   AND (%(after)s::text IS NULL OR o.attempt_id < %(after)s)
 ORDER BY o.attempt_id DESC
 LIMIT %(limit)s)
"""

_OF_PAGE = """
 WHERE o.tenant_id = %(tenant)s AND o.attempt_id IN (SELECT attempt_id FROM page)
 ORDER BY o.attempt_id DESC
"""

_IDS = "SELECT o.attempt_id FROM payments.orders o"

_TOTALS = """
SELECT o.currency, sum(o.amount_minor)::bigint AS amount_minor, count(*) AS count,
       coalesce(sum(o.amount_minor) FILTER (WHERE o.status IN ('sending', 'outcome_unknown', 'doubted')), 0)::bigint
       AS unknown_minor,
       count(*) FILTER (WHERE o.status IN ('sending', 'outcome_unknown', 'doubted')) AS unknown_count
  FROM payments.orders o
"""

_WHERE = """
 WHERE o.tenant_id = %(tenant)s
   AND (%(status)s::text[] IS NULL OR o.status = ANY(%(status)s))
   AND (%(known)s::text[] IS NULL
        OR CASE WHEN o.status IN ('sending', 'outcome_unknown', 'doubted') THEN 'no' ELSE 'yes' END = ANY(%(known)s))
   AND (%(rail)s::text IS NULL OR o.rail = %(rail)s)
   AND (%(recall)s::text[] IS NULL OR coalesce(nullif(o.recall, ''), 'none') = ANY(%(recall)s))
   AND (%(payment)s::text IS NULL OR o.instruction_id = %(payment)s)
   AND (%(reference)s::text IS NULL OR o.reference = %(reference)s)
   AND (%(message)s::text IS NULL OR o.message_id = %(message)s)
   AND (%(bank)s::text IS NULL OR o.bank = %(bank)s)
   AND (%(currency)s::text IS NULL OR o.currency = %(currency)s)
   AND (%(amount_min)s::bigint IS NULL OR o.amount_minor >= %(amount_min)s)
   AND (%(amount_max)s::bigint IS NULL OR o.amount_minor <= %(amount_max)s)
   AND (%(age_under)s::interval IS NULL OR EXISTS (
        SELECT FROM payments.attempts t WHERE t.tenant_id = o.tenant_id AND t.id = o.attempt_id
                                          AND t.created_at > tenants.now() - %(age_under)s))
   AND (%(age_over)s::interval IS NULL OR EXISTS (
        SELECT FROM payments.attempts t WHERE t.tenant_id = o.tenant_id AND t.id = o.attempt_id
                                          AND t.created_at < tenants.now() - %(age_over)s))
   AND (%(entity)s::text IS NULL OR EXISTS (
        SELECT FROM payments.instructions t WHERE t.tenant_id = o.tenant_id AND t.id = o.instruction_id
                                              AND t.legal_entity_id = %(entity)s))
"""


def _missing(order_id: str) -> NoSuchOrder:
    return NoSuchOrder(f"there is no order {order_id}", attempt_id=order_id)


_LISTING: Final = Listing(
    find=_PAGE + _WHERE + _PAGE_ENDS + _ROWS + _OF_PAGE,
    rows=_ROWS + " WHERE o.tenant_id = %(tenant)s AND o.attempt_id = ANY(%(ids)s) ORDER BY o.attempt_id DESC",
    matching=_IDS + _WHERE + " AND o.attempt_id = ANY(%(ids)s)",
    totals=_TOTALS + _WHERE + " GROUP BY o.currency ORDER BY o.currency",
    row=OrderRow,
    total=OrderTotal,
    missing=_missing,
)
find_orders = _LISTING.find_rows
order_rows = _LISTING.rows_of
order_row = _LISTING.row_of
matching_orders = _LISTING.matching_of
order_totals = _LISTING.totals_of
