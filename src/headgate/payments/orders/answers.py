"""What was said of an order, written down with its bytes, once, and what follows from it for the money.

The order's standing is the fold of its answers in the order in which they were heard (rails/instant_life.py: which answer
changes what). `settled` posts the settlement, `rejected` gives the client its money back, `returned` does when it had
settled; `unheard` (said twice, after the network's clock) gives it back and lets the payment be tried anew, which the pay
gate judges. What contradicts what stands is a case and moves nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal

from headgate import cases, rails
from headgate.core import secrets
from headgate.core.db import Tx
from headgate.payments.orders import orders, standing
from headgate.payments.orders.effects import Effects
from headgate.payments.orders.orders import Order, OrderStatus
from headgate.payments.orders.standing import Stored
from headgate.rails import instant_life

CONTEXT: Final = "payments.order_answers.evidence_sealed"
ASK_SECONDS_MAX: Final = 3600
"""An order of which nothing is known is asked about ever more rarely, and at least so often."""

AskedBy = Literal["submit", "status", "inbox", "report", "recall", "people"]


@dataclass(frozen=True, slots=True)
class Heard:
    """What was said of an order, for people."""

    asked_by: str
    outcome: str
    code: str
    reason: str
    told: str
    message_id: str
    evidence_sha256: bytes | None
    occurred_at: datetime


def silent(reference: str, text: str) -> rails.ProviderAnswer:
    """No answer that tells anything."""
    return rails.ProviderAnswer("outcome_unknown", reference, text)


def unsent(reference: str, text: str) -> rails.ProviderAnswer:
    """It could not be written after all: not a byte left."""
    return rails.ProviderAnswer("unheard", reference, text, code=standing.UNSENT)


def record(
    tx: Tx,
    attempt_id: str,
    answer: rails.ProviderAnswer,
    *,
    asked_by: AskedBy,
    waits: int,
    approval_id: str | None = None,
    effective_on: date | None = None,
) -> Order:
    """Write an answer down and do what follows, once; an answer that was heard before changes nothing.

    `waits` is the network's clock in seconds. Raises NoSuchOrder; PostingRefused where the book refuses what happened.
    """
    payroll_id = lock(tx, attempt_id)
    before = orders.get_order(tx, attempt_id)
    heard = _answers(tx, attempt_id)
    if answer.message_id and any(one.message_id == answer.message_id for one in heard):
        return before
    fresh = standing.stored_of(answer)
    life = standing.fold(before.amount, heard)
    after, action = standing.step(life, fresh)
    is_over = before.status in standing.OVER and standing.STATUS_OF[after.state] != before.status
    is_contradicted = action == "case" or is_over
    _insert(tx, before, fresh, answer, len(heard) + 1, asked_by, approval_id)
    status = before.status if is_contradicted else standing.STATUS_OF[after.state]
    order = _move(tx, before, status, after.recall, asked_by=asked_by, waits=waits)
    if answer.imad or answer.omad or answer.reference not in ("", order.reference):
        order = _number(tx, order, answer)
    if order.status != before.status:
        orders.announce(tx, order, order.status, code=answer.code, asked_by=asked_by)
    if order.recall != before.recall:
        _recalled(tx, order, answer)
    if is_contradicted:
        _contradiction(tx, order, answer)
        return order
    Effects(tx, order, answer, payroll_id, effective_on or answer.settled_on or tx.now().date()).apply(life, after)
    return order


def heard_of(tx: Tx, attempt_id: str) -> list[Heard]:
    """All that was said of an order, in the order in which it was heard."""
    return tx.all(
        """
        SELECT asked_by, outcome, code, reason, told, message_id, evidence_sha256, occurred_at
          FROM payments.order_answers
         WHERE tenant_id = %(tenant)s AND attempt_id = %(id)s
         ORDER BY answer_no
        """,
        {"tenant": tx.tenant_id, "id": attempt_id},
        row=Heard,
    )


def lock(tx: Tx, attempt_id: str) -> str:
    """Lock the payroll, then the order: a sender locks a payroll before the accounts, and so does whoever settles."""
    payroll_id = tx.maybe(
        """
        SELECT p.id
          FROM payments.payrolls p
         WHERE p.tenant_id = %(tenant)s
           AND p.id = (SELECT i.payroll_id
                         FROM payments.orders o
                         JOIN payments.instructions i ON i.tenant_id = o.tenant_id AND i.id = o.instruction_id
                        WHERE o.tenant_id = %(tenant)s AND o.attempt_id = %(id)s)
           FOR NO KEY UPDATE
        """,
        {"tenant": tx.tenant_id, "id": attempt_id},
    )
    tx.run(
        """
        SELECT FROM payments.orders WHERE tenant_id = %(tenant)s AND attempt_id = %(id)s FOR NO KEY UPDATE
        """,
        {"tenant": tx.tenant_id, "id": attempt_id},
    )
    return str(payroll_id["id"]) if payroll_id else ""


def _answers(tx: Tx, attempt_id: str) -> list[Stored]:
    return tx.all(
        """
        SELECT outcome, code, reason, message_id, amount_minor
          FROM payments.order_answers
         WHERE tenant_id = %(tenant)s AND attempt_id = %(id)s
         ORDER BY answer_no
        """,
        {"tenant": tx.tenant_id, "id": attempt_id},
        row=Stored,
    )


def _insert(
    tx: Tx,
    order: Order,
    fresh: Stored,
    answer: rails.ProviderAnswer,
    number: int,
    asked_by: AskedBy,
    approval_id: str | None,
) -> None:
    evidence = answer.evidence or None
    tx.run(
        """
        INSERT INTO payments.order_answers
               (tenant_id, attempt_id, answer_no, asked_by, outcome, code, reason, told, message_id, amount_minor,
                evidence_sealed, evidence_sha256, approval_id, occurred_at)
        VALUES (%(tenant)s, %(id)s, %(no)s, %(asked_by)s, %(outcome)s, %(code)s, %(reason)s, %(told)s, %(message)s,
                %(amount)s, %(sealed)s, %(sha256)s, %(approval)s, %(now)s)
        """,
        {
            "tenant": tx.tenant_id,
            "id": order.attempt_id,
            "no": number,
            "asked_by": asked_by,
            "outcome": fresh.outcome,
            "code": fresh.code,
            "reason": fresh.reason,
            "told": answer.message,
            "message": fresh.message_id,
            "amount": fresh.amount_minor,
            "sealed": secrets.seal(tx, evidence, context=CONTEXT) if evidence else None,
            "sha256": hashlib.sha256(evidence).digest() if evidence else None,
            "approval": approval_id,
            "now": tx.now(),
        },
    )


def _move(
    tx: Tx, before: Order, status: OrderStatus, recalled: instant_life.RecallState, *, asked_by: AskedBy, waits: int
) -> Order:
    """The order as it stands after an answer; what is not known yet is asked about later each time."""
    if before.status == "sending" and status == "sending":
        status = "outcome_unknown"
    asked = before.ask_count + (1 if asked_by == "status" else 0)
    wait = min(waits * 2 ** min(asked, 16), max(ASK_SECONDS_MAX, waits))
    recall = recalled or before.recall
    now = tx.now()
    tx.run(
        """
        UPDATE payments.orders
           SET status = %(status)s, ask_count = %(asked)s, recall = %(recall)s,
               next_at = CASE WHEN %(asked_by)s = 'status' OR status <> %(status)s THEN greatest(next_at, %(next)s)
                              ELSE next_at END,
               changed_at = CASE WHEN status = %(status)s AND recall = %(recall)s THEN changed_at ELSE %(now)s END
         WHERE tenant_id = %(tenant)s AND attempt_id = %(id)s
        """,
        {
            "tenant": tx.tenant_id,
            "id": before.attempt_id,
            "status": status,
            "asked": asked,
            "asked_by": asked_by,
            "recall": recall,
            "next": now + timedelta(seconds=wait),
            "now": now,
        },
    )
    return orders.get_order(tx, before.attempt_id)


def _number(tx: Tx, order: Order, answer: rails.ProviderAnswer) -> Order:
    """Keep Fedwire's numbers of a wire, and the provider's own id, as they were told first: they name it to the bank."""
    tx.run(
        """
        UPDATE payments.orders
           SET imad = coalesce(imad, nullif(%(imad)s, '')), omad = coalesce(omad, nullif(%(omad)s, '')),
               provider_reference = coalesce(provider_reference, nullif(nullif(%(theirs)s, ''), reference))
         WHERE tenant_id = %(tenant)s AND attempt_id = %(id)s
        """,
        {
            "tenant": tx.tenant_id,
            "id": order.attempt_id,
            "imad": answer.imad,
            "omad": answer.omad,
            "theirs": answer.reference,
        },
    )
    return orders.get_order(tx, order.attempt_id)


def _recalled(tx: Tx, order: Order, answer: rails.ProviderAnswer) -> None:
    orders.announce(tx, order, f"recall_{order.recall}", code=answer.code)
    if order.recall == "promised" and order.status != "returned":
        return
    if order.recall == "refused":
        cases.open_case(
            tx,
            key=f"recall_refused:{order.attempt_id}",
            category="recall_refused",
            severity="medium",
            payment_id=order.instruction_id,
            detail={"attempt_id": order.attempt_id, "code": answer.code, "next": "the payee keeps the money; ask them"},
        )


def _contradiction(tx: Tx, order: Order, answer: rails.ProviderAnswer) -> None:
    cases.open_case(
        tx,
        key=f"order_contradiction:{order.attempt_id}:{answer.message_id or answer.outcome}",
        category="order_contradiction",
        severity="high",
        payment_id=order.instruction_id,
        detail={
            "attempt_id": order.attempt_id,
            "standing": order.status,
            "said": answer.outcome,
            "code": answer.code,
            "next": "ask the provider which of the two is true; nothing was posted for what it said last",
        },
    )


def _today(tx: Tx) -> date:
    return tx.now().date()
