"""Debits of clients that go to a provider one by one: a bank's own API takes them, and no file carries them.

A debit (`payments.funding_attempts`) that stands in no file is one order of its amount. `debit_sending` sends each once and
asks about it; here stands what they are, and what an answer changes. Where it stands is the fold of what was said of it,
as with any other order (`standing`); the money is a movement, so that a settlement and a return of a debit are one path
whoever tells of them: a file, a provider's events or a pull of the day. What was refused, or never heard of, brought
nothing, and its request is asked for as before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final, Literal, LiteralString

from headgate import audit, cases, funding, messaging, rails
from headgate.core import secrets
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.payments.orders import standing
from headgate.payments.orders.answers import ASK_SECONDS_MAX
from headgate.payments.orders.givebacks import take_in
from headgate.payments.orders.orders import OrderStatus, packed, unpacked
from headgate.payments.orders.standing import Stored
from headgate.payments.outcomes import debits as debit_outcomes
from headgate.payments.outcomes import movements
from headgate.payments.outcomes.movements import ZONE

CONTEXT: Final = "payments.debit_orders.order_sealed"
EVIDENCE: Final = "payments.debit_order_answers.evidence_sealed"

_SELECT: LiteralString = """
    SELECT o.debit_id, f.funding_request_id, f.legal_entity_id, f.individual_id, o.rail, o.bank, o.amount_minor, o.currency,
           o.effective_on, o.status, o.created_at, o.message_id, o.reference, o.provider_reference, o.ask_count, o.next_at,
           o.changed_at
      FROM payments.debit_orders o
      JOIN payments.funding_attempts f ON f.tenant_id = o.tenant_id AND f.id = o.debit_id
     WHERE o.tenant_id = %(tenant)s
"""


@dataclass(frozen=True, slots=True)
class DebitOrder:
    """A debit as its provider has it. `created_at`, `message_id` and `reference` are there once it was claimed for sending."""

    debit_id: str
    funding_request_id: str
    legal_entity_id: str
    individual_id: str
    rail: str
    bank: str
    amount_minor: int
    currency: str
    effective_on: date
    status: OrderStatus
    created_at: datetime | None
    message_id: str | None
    reference: str | None
    provider_reference: str | None
    ask_count: int
    next_at: datetime
    changed_at: datetime

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class ClaimedDebit:
    """A debit with what it says, opened for its provider alone."""

    order: DebitOrder
    said: rails.RailOrder = field(repr=False)

    @property
    def created_at(self) -> datetime:
        assert self.order.created_at is not None, "a debit that was claimed has its instant"
        return self.order.created_at


def write(tx: Tx, order: rails.RailOrder, *, rail: str, bank: str, opens: datetime) -> DebitOrder:
    """Fix the order of a debit that was written down in this transaction; it may be sent from `opens` on."""
    tx.run(
        """
        INSERT INTO payments.debit_orders
               (tenant_id, debit_id, rail, bank, amount_minor, currency, order_sealed, effective_on, next_at, changed_at)
        VALUES (%(tenant)s, %(id)s, %(rail)s, %(bank)s, %(amount)s, %(currency)s, %(sealed)s, %(on)s, %(opens)s, %(now)s)
        """,
        {
            "tenant": tx.tenant_id,
            "id": order.attempt_id,
            "rail": rail,
            "bank": bank,
            "amount": order.amount.minor,
            "currency": order.amount.currency,
            "sealed": secrets.seal(tx, packed(order), context=CONTEXT),
            "on": order.effective_on,
            "opens": max(opens, tx.now()),
            "now": tx.now(),
        },
    )
    made = get_debit_order(tx, order.attempt_id)
    announce(tx, made, "ready")
    return made


def get_debit_order(tx: Tx, debit_id: str) -> DebitOrder:
    """The order of a debit, which must be there."""
    params = {"tenant": tx.tenant_id, "id": debit_id}
    return tx.one(_SELECT + " AND o.debit_id = %(id)s", params, row=DebitOrder, what="debit")


def list_debit_orders(
    tx: Tx, *, status: str | None = None, after: str | None = None, limit: int = 50
) -> list[DebitOrder]:
    """The debits that went to a provider by themselves, the newest first."""
    return tx.all(
        _SELECT
        + """
         AND (%(status)s::text IS NULL OR o.status = %(status)s) AND (%(after)s::text IS NULL OR o.debit_id < %(after)s)
         ORDER BY o.debit_id DESC LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "status": status, "after": after, "limit": limit},
        row=DebitOrder,
    )


def next_debit(tx: Tx, over: Sequence[str]) -> DebitOrder | None:
    """The next debit that may go over one of these rails, locked; what is locked by others is passed over."""
    return tx.maybe(
        _SELECT
        + """
         AND o.status = 'ready' AND o.next_at <= %(now)s AND o.rail = ANY(%(rails)s)
         ORDER BY o.next_at, o.debit_id LIMIT 1
           FOR NO KEY UPDATE OF o SKIP LOCKED
        """,
        {"tenant": tx.tenant_id, "now": tx.now(), "rails": sorted(over)},
        row=DebitOrder,
    )


def debits_to_ask_about(tx: Tx, over: Sequence[str], *, limit: int) -> list[DebitOrder]:
    """Debits that were sent over these rails and are not final, and whose time to be asked about has come."""
    return tx.all(
        _SELECT
        + """
         AND o.status IN ('sending', 'outcome_unknown', 'doubted', 'accepted') AND o.next_at <= %(now)s
         AND o.rail = ANY(%(rails)s)
         ORDER BY o.next_at, o.debit_id LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "now": tx.now(), "rails": sorted(over), "limit": limit},
        row=DebitOrder,
    )


def debits_known_as(tx: Tx, *, keys: Sequence[str], theirs: Sequence[str]) -> dict[str, DebitOrder]:
    """The debits that were sent under these references, or that their provider knows by these ids, by either."""
    found: dict[str, DebitOrder] = {}
    for one in tx.all(
        _SELECT
        + """
         AND o.status <> 'ready'
         AND (o.reference = ANY(%(keys)s::text[]) OR o.provider_reference = ANY(%(theirs)s::text[]))
         ORDER BY o.debit_id
        """,
        {
            "tenant": tx.tenant_id,
            "keys": [key for key in keys if key],
            "theirs": [name for name in theirs if name],
        },
        row=DebitOrder,
    ):
        found |= {name: one for name in (one.reference, one.provider_reference) if name}
    return found


def opened_debit(tx: Tx, order: DebitOrder) -> ClaimedDebit:
    """A debit with what it says: names and account numbers, for its provider alone."""
    sealed = tx.value(
        "SELECT order_sealed FROM payments.debit_orders WHERE tenant_id = %(tenant)s AND debit_id = %(id)s",
        {"tenant": tx.tenant_id, "id": order.debit_id},
    )
    said = unpacked(secrets.open_sealed(tx, bytes(sealed), context=CONTEXT))
    return ClaimedDebit(order, replace(said, provider_reference=order.provider_reference or ""))


def record_debit_answer(
    tx: Tx,
    debit_id: str,
    answer: rails.ProviderAnswer,
    *,
    asked_by: Literal["submit", "status", "inbox"],
    waits: int,
    artifact_id: str | None = None,
    record_id: str | None = None,
) -> DebitOrder:
    """Write an answer down and do what follows, once; an answer that was heard before changes nothing.

    What contradicts what stands is a case and moves nothing. `waits` is the provider's clock in seconds; an artifact and a
    record are the evidence that ingestion keeps of it. Raises what funding's verbs raise: then nothing of it stands.
    """
    funding.lock_requests(tx, [get_debit_order(tx, debit_id).funding_request_id])
    tx.run(
        "SELECT FROM payments.debit_orders WHERE tenant_id = %(tenant)s AND debit_id = %(id)s FOR NO KEY UPDATE",
        {"tenant": tx.tenant_id, "id": debit_id},
    )
    before, heard = get_debit_order(tx, debit_id), _answers(tx, debit_id)
    if answer.message_id and any(one.message_id == answer.message_id for one in heard):
        return before
    fresh = standing.stored_of(answer)
    after, action = standing.step(standing.fold(before.amount, heard), fresh)
    status = standing.STATUS_OF[after.state]
    _insert(tx, debit_id, fresh, answer, len(heard) + 1, asked_by)
    differs = answer.amount is not None and answer.amount != before.amount  # A debit comes back whole.
    if action == "case" or differs or (before.status in standing.OVER and status != before.status):
        _contradiction(tx, before, answer)
        return before
    order = _move(tx, before, status, answer, asked_by=asked_by, waits=waits)
    if order.status == before.status:
        return order
    announce(tx, order, order.status, code=answer.code, asked_by=asked_by)
    cases.end_answered(tx, keys=[unknown_key(debit_id)], resolution=f"its provider says that it is {order.status}")
    if order.status in ("settled", "returned"):
        told = _movements(tx, order, answer, was_settled=before.status == "settled")
        _take_in(tx, order, told, artifact_id=artifact_id, record_id=record_id)
    elif order.status in ("rejected", "unheard"):
        code = answer.code or order.status
        debit_outcomes.refuse(tx, debit_id, code=code, told=answer.message)
    return order


def unknown_key(debit_id: str) -> str:
    """The key of the case that nobody knows what became of a debit."""
    return f"debit_unknown:{debit_id}"


def announce(tx: Tx, order: DebitOrder, what: str, **more: object) -> None:
    """Audit and publish a step of a debit's life at its provider."""
    facts = {
        "debit_id": order.debit_id,
        "funding_request_id": order.funding_request_id,
        "legal_entity_id": order.legal_entity_id,
        "rail": order.rail,
        "amount_minor": order.amount_minor,
        "currency": order.currency,
        "reference": order.reference,
        **more,
    }
    audit.record(tx, type=f"payments.debit.{what}", data=facts)
    messaging.publish(
        tx,
        event_type=f"payments.debit.{what}",
        aggregate_type="funding_request",
        aggregate_id=order.funding_request_id,
        payload=facts,
    )


# Helpers, in the order of their call.


def _answers(tx: Tx, debit_id: str) -> list[Stored]:
    return tx.all(
        """
        SELECT outcome, code, reason, message_id, amount_minor
          FROM payments.debit_order_answers
         WHERE tenant_id = %(tenant)s AND debit_id = %(id)s
         ORDER BY answer_no
        """,
        {"tenant": tx.tenant_id, "id": debit_id},
        row=Stored,
    )


def _insert(tx: Tx, debit_id: str, fresh: Stored, answer: rails.ProviderAnswer, number: int, asked_by: str) -> None:
    evidence = answer.evidence or None
    tx.run(
        """
        INSERT INTO payments.debit_order_answers
               (tenant_id, debit_id, answer_no, asked_by, outcome, code, reason, told, message_id, amount_minor,
                evidence_sealed, evidence_sha256, occurred_at)
        VALUES (%(tenant)s, %(id)s, %(no)s, %(asked_by)s, %(outcome)s, %(code)s, %(reason)s, %(told)s, %(message)s,
                %(amount)s, %(sealed)s, %(sha256)s, %(now)s)
        """,
        {
            "tenant": tx.tenant_id,
            "id": debit_id,
            "no": number,
            "asked_by": asked_by,
            "outcome": fresh.outcome,
            "code": fresh.code,
            "reason": fresh.reason,
            "told": answer.message,
            "message": fresh.message_id,
            "amount": fresh.amount_minor,
            "sealed": secrets.seal(tx, evidence, context=EVIDENCE) if evidence else None,
            "sha256": hashlib.sha256(evidence).digest() if evidence else None,
            "now": tx.now(),
        },
    )


def _contradiction(tx: Tx, order: DebitOrder, answer: rails.ProviderAnswer) -> None:
    cases.open_case(
        tx,
        key=f"order_contradiction:{order.debit_id}:{answer.message_id or answer.outcome}",
        category="order_contradiction",
        severity="high",
        detail={
            "debit_id": order.debit_id,
            "funding_request_id": order.funding_request_id,
            "standing": order.status,
            "said": answer.outcome,
            "code": answer.code,
            "next": "ask the provider which of the two is true; nothing was posted for what it said last",
        },
    )


def _move(
    tx: Tx, before: DebitOrder, status: OrderStatus, answer: rails.ProviderAnswer, *, asked_by: str, waits: int
) -> DebitOrder:
    """The debit as it stands after an answer; what is not known yet is asked about later each time."""
    if before.status == "sending" and status == "sending":
        status = "outcome_unknown"
    asked = before.ask_count + (1 if asked_by == "status" else 0)
    wait = min(waits * 2 ** min(asked, 16), max(ASK_SECONDS_MAX, waits))
    tx.run(
        """
        UPDATE payments.debit_orders
           SET status = %(status)s, ask_count = %(asked)s,
               provider_reference = coalesce(provider_reference, nullif(nullif(%(theirs)s, ''), reference)),
               next_at = CASE WHEN %(asked_by)s = 'status' OR status <> %(status)s THEN greatest(next_at, %(next)s)
                              ELSE next_at END,
               changed_at = CASE WHEN status = %(status)s THEN changed_at ELSE %(now)s END
         WHERE tenant_id = %(tenant)s AND debit_id = %(id)s
        """,
        {
            "tenant": tx.tenant_id,
            "id": before.debit_id,
            "status": status,
            "asked": asked,
            "asked_by": asked_by,
            "theirs": answer.reference,
            "next": tx.now() + timedelta(seconds=wait),
            "now": tx.now(),
        },
    )
    return get_debit_order(tx, before.debit_id)


def _movements(
    tx: Tx, order: DebitOrder, answer: rails.ProviderAnswer, *, was_settled: bool
) -> list[rails.ProviderSettlement]:
    """The money as movements: a settlement first, though only its return was told, since nothing comes back unsettled."""
    on = answer.settled_on or tx.now().astimezone(ZONE).date()
    theirs = order.provider_reference or answer.reference or order.debit_id
    told = [] if was_settled else [(f"{theirs}:settled", "", answer.had_settled_on or on)]
    if order.status == "returned":
        told.append((answer.message_id or f"{theirs}:returned", answer.code or "unknown", on))
    return [
        rails.ProviderSettlement(
            external_trace_id=trace,
            reference=theirs,
            individual_id=order.individual_id,
            direction="debit",
            amount=order.amount,
            status="returned" if code else "settled",
            return_code=code,
            effective_on=day,
        )
        for trace, code, day in told
    ]


def _take_in(
    tx: Tx,
    order: DebitOrder,
    said: Sequence[rails.ProviderSettlement],
    *,
    artifact_id: str | None,
    record_id: str | None,
) -> None:
    """Write the movements down, and let those take effect whose day has come; the daily pull takes the others."""
    today = tx.now().astimezone(ZONE).date()
    records = {said[-1].external_trace_id: record_id} if record_id else {}
    movements.tell(tx, order.rail, said, artifact_id=artifact_id, records=records)
    for one in said:
        for movement in movements.told(tx, provider=order.rail, external_trace_ids=[one.external_trace_id]):
            if movement.effective_on <= today:
                take_in(tx, movement)
