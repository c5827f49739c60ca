"""Orders: what goes to a provider one by one, fixed with its attempt in the transaction in which the pay gate let it go.

`order_sending` sends each once, `order_answers` records what is said of it, `order_janitor` asks about what is not known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final, Literal, LiteralString

from headgate import audit, messaging, rails
from headgate.core import secrets
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.payments import deadlines
from headgate.payments.errors import NoSuchOrder
from headgate.payments.model import Ready

CONTEXT: Final = "payments.orders.order_sealed"

OrderStatus = Literal[
    "ready",
    "sending",
    "outcome_unknown",
    "doubted",
    "accepted",
    "settled",
    "rejected",
    "unheard",
    "returned",
]
UNKNOWN: Final = ("sending", "outcome_unknown", "doubted")
"""Orders of which it is not known whether they were carried out."""

Recall = Literal["", "asked", "pending", "promised", "refused"]

_SELECT: LiteralString = """
    SELECT o.attempt_id, o.instruction_id, o.rail, o.bank, o.amount_minor, o.currency, o.effective_on, o.status,
           o.created_at, o.message_id, o.reference, o.ask_count, o.next_at, o.changed_at, o.recall, o.recall_reason,
           o.recall_at, o.imad, o.omad, o.provider_reference
      FROM payments.orders o
     WHERE o.tenant_id = %(tenant)s
"""


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it stands. `created_at`, `message_id` and `reference` are there once it was claimed for sending.

    `imad` and `omad` are Fedwire's numbers of a wire, `provider_reference` the provider's own id, once they were told.
    `doubted`: the provider once said that it knows nothing of it. `next_at` is when it is sent, or asked about next.
    """

    attempt_id: str
    instruction_id: str
    rail: str
    bank: str
    amount_minor: int
    currency: str
    effective_on: date
    status: OrderStatus
    created_at: datetime | None
    message_id: str | None
    reference: str | None
    ask_count: int
    next_at: datetime
    changed_at: datetime
    recall: Recall
    recall_reason: str | None
    recall_at: datetime | None
    imad: str | None
    omad: str | None
    provider_reference: str | None

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class Claimed:
    """An order with what it says, opened for its provider alone."""

    order: Order
    said: rails.RailOrder = field(repr=False)

    @property
    def created_at(self) -> datetime:
        assert self.order.created_at is not None, "an order that was claimed has its instant"
        return self.order.created_at


def write(tx: Tx, ready: Sequence[Ready], *, transactions: Mapping[str, int], opens: Mapping[str, datetime]) -> None:
    """Fix these orders, each with the attempt that takes its consumed reservation; the database refuses one without.

    `opens` says by attempt when it may be sent first.
    """
    if not ready:
        return
    params = {
        "tenant": tx.tenant_id,
        "now": tx.now(),
        "ids": [one.order.attempt_id for one in ready],
        "instructions": [one.due.id for one in ready],
        "numbers": [one.due.attempt_no for one in ready],
        "reservations": [one.due.reservation_id for one in ready],
        "transactions": [transactions[one.due.id] for one in ready],
        "amounts": [one.due.amount_minor for one in ready],
        "currencies": [one.due.currency for one in ready],
        "rails": [one.rail for one in ready],
        "banks": [one.bank for one in ready],
        "days": [one.order.effective_on for one in ready],
        "sealed": secrets.seal_many(tx, [packed(one.order) for one in ready], context=CONTEXT),
        "opens": [max(opens[one.order.attempt_id], tx.now()) for one in ready],
    }
    tx.run(
        """
        INSERT INTO payments.attempts
               (tenant_id, id, instruction_id, attempt_no, reservation_id, transaction_id, amount_minor, currency, rail,
                created_at)
        SELECT %(tenant)s, a.id, a.instruction_id, a.attempt_no, a.reservation_id, a.transaction_id, a.amount_minor,
               a.currency, a.rail, %(now)s
          FROM unnest(%(ids)s::text[], %(instructions)s::text[], %(numbers)s::integer[], %(reservations)s::bigint[],
                      %(transactions)s::bigint[], %(amounts)s::bigint[], %(currencies)s::text[], %(rails)s::text[])
               AS a (id, instruction_id, attempt_no, reservation_id, transaction_id, amount_minor, currency, rail)
        """,
        params,
    )
    tx.run(
        """
        INSERT INTO payments.orders
               (tenant_id, attempt_id, instruction_id, rail, bank, amount_minor, currency, order_sealed, effective_on,
                next_at, changed_at)
        SELECT %(tenant)s, o.id, o.instruction_id, o.rail, o.bank, o.amount_minor, o.currency, o.sealed, o.effective_on,
               o.opens, %(now)s
          FROM unnest(%(ids)s::text[], %(instructions)s::text[], %(rails)s::text[], %(banks)s::text[],
                      %(amounts)s::bigint[], %(currencies)s::text[], %(sealed)s::bytea[], %(days)s::date[],
                      %(opens)s::timestamptz[])
               AS o (id, instruction_id, rail, bank, amount_minor, currency, sealed, effective_on, opens)
        """,
        params,
    )
    windows: dict[tuple[str, str, date], list[str]] = {}
    for one in ready:
        windows.setdefault((one.bank, one.rail, one.order.effective_on), []).append(one.order.attempt_id)
    for (bank, rail, on), attempt_ids in windows.items():
        by = deadlines.heard_by(rails.banks.get(bank), rail, on)
        deadlines.expect(tx, attempt_ids, bank=bank, heard_by=by)


def get_order(tx: Tx, attempt_id: str) -> Order:
    """One order. Raises NoSuchOrder."""
    found = tx.maybe(_SELECT + " AND o.attempt_id = %(id)s", {"tenant": tx.tenant_id, "id": attempt_id}, row=Order)
    if found is None:
        raise NoSuchOrder(f"there is no order {attempt_id[:40]}", attempt_id=attempt_id[:40])
    return found


def order_of(tx: Tx, payment_id: str) -> Order | None:
    """The last order of a payment; None where it has not gone to a provider."""
    return tx.maybe(
        _SELECT + " AND o.instruction_id = %(id)s ORDER BY o.attempt_id DESC LIMIT 1",
        {"tenant": tx.tenant_id, "id": payment_id},
        row=Order,
    )


def list_orders(
    tx: Tx, *, status: str | None = None, payment_id: str | None = None, after: str | None = None, limit: int = 50
) -> list[Order]:
    """Orders, the newest first."""
    return tx.all(
        _SELECT
        + """
         AND (%(payment)s::text IS NULL OR o.instruction_id = %(payment)s)
         AND (%(status)s::text IS NULL OR o.status = %(status)s) AND (%(after)s::text IS NULL OR o.attempt_id < %(after)s)
         ORDER BY o.attempt_id DESC LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "status": status, "payment": payment_id, "after": after, "limit": limit},
        row=Order,
    )


def next_ready(tx: Tx, over: Sequence[str]) -> Order | None:
    """The next order that may go over one of these rails, locked; what is locked by others is passed over."""
    return tx.maybe(
        _SELECT
        + """
         AND o.status = 'ready' AND o.next_at <= %(now)s AND o.rail = ANY(%(rails)s)
         ORDER BY o.next_at, o.attempt_id
         LIMIT 1
           FOR NO KEY UPDATE SKIP LOCKED
        """,
        {"tenant": tx.tenant_id, "now": tx.now(), "rails": sorted(over)},
        row=Order,
    )


def to_ask_about(tx: Tx, over: Sequence[str], *, limit: int) -> list[Order]:
    """Orders that were sent over these rails and are not final, and whose time to be asked about has come."""
    return tx.all(
        _SELECT
        + """
         AND o.status IN ('sending', 'outcome_unknown', 'doubted', 'accepted') AND o.next_at <= %(now)s
         AND o.rail = ANY(%(rails)s)
         ORDER BY o.next_at, o.attempt_id
         LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "now": tx.now(), "rails": sorted(over), "limit": limit},
        row=Order,
    )


def not_known(tx: Tx, *, limit: int) -> list[Order]:
    """Orders of which it is not known whether they were carried out."""
    return tx.all(
        _SELECT + " AND o.status = ANY(%(unknown)s) ORDER BY o.attempt_id LIMIT %(limit)s",
        {"tenant": tx.tenant_id, "unknown": list(UNKNOWN), "limit": limit},
        row=Order,
    )


def to_recall(tx: Tx, over: Sequence[str], *, limit: int) -> list[Order]:
    """Orders over these rails that are to be asked back."""
    return tx.all(
        _SELECT + " AND o.recall = 'asked' AND o.rail = ANY(%(rails)s) ORDER BY o.attempt_id LIMIT %(limit)s",
        {"tenant": tx.tenant_id, "rails": sorted(over), "limit": limit},
        row=Order,
    )


def named(tx: Tx, rail: str, *, message_id: str, reference: str) -> Order | None:
    """The order over a rail whose message has this id, or else this reference; '' names nothing."""
    return tx.maybe(
        _SELECT
        + """
         AND o.rail = %(rail)s AND o.status <> 'ready'
         AND (o.message_id = %(message)s AND %(message)s <> '' OR o.reference = %(reference)s AND %(reference)s <> '')
         ORDER BY o.message_id = %(message)s DESC
         LIMIT 1
        """,
        {"tenant": tx.tenant_id, "rail": rail, "message": message_id, "reference": reference},
        row=Order,
    )


def known_as(tx: Tx, *, keys: Sequence[str], theirs: Sequence[str]) -> dict[str, Order]:
    """The orders that were sent under these references, or that their provider knows by these ids, by either."""
    found: dict[str, Order] = {}
    for one in tx.all(
        _SELECT
        + """
         AND o.status <> 'ready'
         AND (o.rail = ANY(%(rails)s::text[]) AND o.reference = ANY(%(keys)s::text[])
              OR o.provider_reference = ANY(%(theirs)s::text[]))
         ORDER BY o.attempt_id
        """,
        {
            "tenant": tx.tenant_id,
            "rails": sorted(rails.column.KIND_OF_RAIL),
            "keys": [key for key in keys if key],
            "theirs": [name for name in theirs if name],
        },
        row=Order,
    ):
        found |= {name: one for name in (one.reference, one.provider_reference) if name}
    return found


@dataclass(frozen=True, slots=True)
class Reported:
    """What a provider's report told of an order's money, and no answer yet."""

    attempt_id: str
    status: Literal["settled", "returned"]
    external_id: str
    amount_minor: int
    currency: str
    return_code: str | None
    effective_on: date


def reported(tx: Tx, *, limit: int) -> list[Reported]:
    """What was counted by a report of the provider before the order's own answer came, in the order of its telling."""
    return tx.all(
        """
        SELECT e.attempt_id, e.status, e.external_id, e.amount_minor, e.currency, e.return_code, e.effective_on
          FROM payments.orders o
          JOIN payments.settlement_events e ON e.tenant_id = o.tenant_id AND e.attempt_id = o.attempt_id
         WHERE o.tenant_id = %(tenant)s AND o.created_at IS NOT NULL AND o.status IN
               ('sending', 'outcome_unknown', 'doubted', 'accepted', 'settled')
           AND (e.status = 'settled' AND o.status <> 'settled'
                OR e.status = 'returned'
                   AND NOT EXISTS (SELECT FROM payments.order_answers a
                                    WHERE a.tenant_id = o.tenant_id AND a.attempt_id = o.attempt_id
                                      AND a.message_id = e.external_id))
         ORDER BY e.id
         LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "limit": limit},
        row=Reported,
    )


def opened(tx: Tx, order: Order) -> Claimed:
    """An order with what it says: names and account numbers, for its provider alone."""
    sealed = tx.value(
        "SELECT order_sealed FROM payments.orders WHERE tenant_id = %(tenant)s AND attempt_id = %(id)s",
        {"tenant": tx.tenant_id, "id": order.attempt_id},
    )
    said = unpacked(secrets.open_sealed(tx, bytes(sealed), context=CONTEXT))
    return Claimed(order, replace(said, provider_reference=order.provider_reference or ""))


def wires_called(tx: Tx, words: Sequence[str]) -> list[Order]:
    """The wires that were sent of which a bank's line names Fedwire's number, our message or the UETR."""
    return tx.all(
        _SELECT
        + """
         AND o.rail = 'wire' AND o.created_at IS NOT NULL
         AND (o.imad = ANY(%(words)s) OR o.omad = ANY(%(words)s) OR o.message_id = ANY(%(words)s)
              OR o.reference = ANY(%(words)s))
         ORDER BY o.attempt_id
        """,
        {"tenant": tx.tenant_id, "words": list(words)},
        row=Order,
    )


def announce(tx: Tx, order: Order, what: str, **more: Any) -> None:
    """Audit and publish a step of an order's life."""
    facts = {
        "payment_id": order.instruction_id,
        "attempt_id": order.attempt_id,
        "rail": order.rail,
        "amount_minor": order.amount_minor,
        "currency": order.currency,
        "reference": order.reference,
        **more,
    }
    audit.record(tx, type=f"payments.order.{what}", data=facts, payment_id=order.instruction_id)
    messaging.publish(
        tx,
        event_type=f"payments.order.{what}",
        aggregate_type="payment",
        aggregate_id=order.instruction_id,
        payload=facts,
    )


def packed(order: rails.RailOrder) -> bytes:
    """What an order says, to be sealed."""
    facts = asdict(order)
    facts["amount"] = [order.amount.minor, order.amount.currency]
    facts["effective_on"] = order.effective_on.isoformat()
    return json.dumps(facts).encode()


def unpacked(content: bytes) -> rails.RailOrder:
    """What an order says, that was sealed so."""
    facts = json.loads(content)
    facts["amount"] = Money(*facts["amount"])
    facts["effective_on"] = date.fromisoformat(facts["effective_on"])
    facts["company"] = rails.Company(**facts["company"])
    if address := facts.get("receiver_address"):
        facts["receiver_address"] = rails.PostalAddress(**{**address, "lines": tuple(address.get("lines", ()))})
    return rails.RailOrder(**facts)
