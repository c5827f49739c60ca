"""One order's whole life: why it stands where it does, all that was said of it, its money, and who asked it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from headgate import cases
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.payments.life import order_reasons
from headgate.payments.life.reasons import Reason
from headgate.payments.orders.answers import Heard, heard_of
from headgate.payments.orders.decisions import open_requests
from headgate.payments.orders.search import OrderRow, order_row


@dataclass(frozen=True, slots=True)
class Moved:
    """Money that a word on the order moved in the book."""

    status: Literal["settled", "returned", "rejected"]
    amount_minor: int
    currency: str
    effective_on: date
    return_code: str | None

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class RecallAsked:
    """Who asked it back, and why, in our own words."""

    actor_id: str
    why: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderLife:
    """Everything that is known of one order. `asked` is what one person said of it and another has not answered."""

    row: OrderRow
    reasons: tuple[Reason, ...]
    heard: tuple[Heard, ...]
    moved: tuple[Moved, ...]
    recalled: RecallAsked | None
    asked: tuple[cases.Approval, ...]
    case_id: str | None


def order_life(tx: Tx, attempt_id: str) -> OrderLife:
    """One order's whole life. Raises NoSuchOrder."""
    row = order_row(tx, attempt_id)
    heard = tuple(heard_of(tx, attempt_id))
    moved = tuple(_moved(tx, attempt_id))
    return OrderLife(
        row=row,
        reasons=tuple(_reasons(row, heard, moved)),
        heard=heard,
        moved=moved,
        recalled=_recalled(tx, row) if row.recall else None,
        asked=tuple(open_requests(tx, attempt_id=attempt_id)),
        case_id=tx.value(
            """
            SELECT max(id) FROM cases.exception_cases
             WHERE tenant_id = %(tenant)s AND payment_id = %(payment)s AND state IN ('open', 'pending')
            """,
            {"tenant": tx.tenant_id, "payment": row.payment_id},
        ),
    )


def _reasons(row: OrderRow, heard: tuple[Heard, ...], moved: tuple[Moved, ...]) -> list[Reason]:
    facts = order_reasons.OrderFacts(
        row.rail, row.status, row.reference, row.created_at, row.ask_count, row.next_at, row.recall
    )
    back = [one for one in moved if one.status == "returned"]
    on = moved[-1].effective_on if moved else None
    if row.status == "settled":
        found = order_reasons.settled(facts, on)
    elif row.status == "returned":
        amount = Money(sum(one.amount_minor for one in back), row.currency) if back else row.amount
        found = order_reasons.given_back(facts, amount, (back[-1].return_code if back else None) or row.code, on)
    elif row.status == "rejected":
        code = next((one.code for one in reversed(heard) if one.outcome == "rejected"), row.code)
        found = order_reasons.given_back(facts, row.amount, code, on)
    elif row.status == "unheard":
        found = order_reasons.unheard(facts, row.amount)
    else:
        found = order_reasons.under_way(facts)
    return [Reason(icon, text) for icon, text in found]


def _moved(tx: Tx, attempt_id: str) -> list[Moved]:
    return tx.all(
        """
        SELECT status, amount_minor, currency, effective_on, return_code
          FROM payments.settlement_events
         WHERE tenant_id = %(tenant)s AND attempt_id = %(id)s
         ORDER BY recorded_at, id
        """,
        {"tenant": tx.tenant_id, "id": attempt_id},
        row=Moved,
    )


def _recalled(tx: Tx, row: OrderRow) -> RecallAsked | None:
    return tx.maybe(
        """
        SELECT actor_id, coalesce(data ->> 'why', '') AS why, event_time AS at
          FROM audit.events
         WHERE tenant_id = %(tenant)s AND payment_id = %(payment)s AND type = 'payments.order.recall_asked'
           AND data ->> 'attempt_id' = %(id)s
         ORDER BY id DESC
         LIMIT 1
        """,
        {"tenant": tx.tenant_id, "payment": row.payment_id, "id": row.id},
        row=RecallAsked,
    )
