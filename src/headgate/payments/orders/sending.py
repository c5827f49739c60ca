"""Sending orders: each goes to its provider once, whoever crashed, whoever else was sending.

An order is claimed in a transaction of its own: it becomes `sending`, with the instant and the ids of its message fixed.
Only then, with no transaction open, it goes to the provider; the answer is recorded in another transaction. Whoever dies
in between leaves it `sending`: it is asked about (janitor.py), and never sent again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from headgate import cases, rails
from headgate.core import egress, log
from headgate.core.db import Database, Tx
from headgate.core.errors import HeadgateError
from headgate.payments.orders import answers as order_answers
from headgate.payments.orders.orders import Claimed, Order, announce, get_order, next_ready, opened
from headgate.payments.orders.providers import ACTOR, providers_of

ORDERS_MAX: Final = 1000
"""How many orders one round sends."""

_LOG = log.get(__name__)


def send_orders(database: Database, tenant_id: UUID, *, limit: int = ORDERS_MAX) -> list[str]:
    """Send what is ready and may go now, the first due first; the attempts that were given to their providers.

    What fails for one order does not hold up the others. May run any number of times at once: each order goes once.
    """
    providers = providers_of(database, tenant_id)
    sent: list[str] = []
    for _ in range(limit):
        claimed = _claim(database, tenant_id, providers)
        if claimed is None:
            break
        if isinstance(claimed, Claimed):
            submit(database, tenant_id, providers[claimed.order.rail], claimed)
            sent.append(claimed.order.attempt_id)
    return sent


def submit(database: Database, tenant_id: UUID, provider: rails.Correspondent, claimed: Claimed) -> None:
    """Give a claimed order to its provider, and record what it answers. Where anything breaks, it is asked about."""
    try:
        answer = provider.submit(claimed.said, created_at=claimed.created_at)
    except (rails.CannotWrite, egress.EgressRefused) as error:
        # Both are said before a connection is opened.
        answer = order_answers.unsent(claimed.order.reference or "", error.message)
    except HeadgateError as error:
        _LOG.error("an order met with an error", exc_info=error, extra={"attempt_id": claimed.order.attempt_id})
        answer = order_answers.silent(claimed.order.reference or "", error.message)
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        order_answers.record(tx, claimed.order.attempt_id, answer, asked_by="submit", waits=provider.waits_seconds)


# Helpers, in the order of their call.


def _claim(
    database: Database, tenant_id: UUID, providers: Mapping[str, rails.Correspondent]
) -> Claimed | Literal["skipped"] | None:
    """The next order that may go, with its message's instant and ids fixed; None where there is none."""
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        found = next_ready(tx, sorted(providers))
        if found is None:
            return None
        claimed, provider, at = opened(tx, found), providers[found.rail], tx.now()
        opens = provider.opens_at(claimed.said, at=at)
        if opens > at:
            # The bank's window has closed since it was fixed: it goes with the next, and nothing of it has left.
            _put_off(tx, found, opens)
            return "skipped"
        try:
            names = provider.names(claimed.said, created_at=at)
        except rails.CannotWrite as error:
            _hold(tx, found, error)
            return "skipped"
        tx.run(
            """
            UPDATE payments.orders
               SET status = 'sending', created_at = %(now)s, message_id = %(message)s, reference = %(reference)s,
                   next_at = %(ask_at)s, changed_at = %(now)s
             WHERE tenant_id = %(tenant)s AND attempt_id = %(id)s
            """,
            {
                "tenant": tx.tenant_id,
                "id": found.attempt_id,
                "now": at,
                "message": names.message_id,
                "reference": names.reference,
                "ask_at": at + timedelta(seconds=provider.waits_seconds),
            },
        )
        order = get_order(tx, found.attempt_id)
        announce(tx, order, "sending")
        return Claimed(order, claimed.said)


def _put_off(tx: Tx, order: Order, at: datetime) -> None:
    tx.run(
        "UPDATE payments.orders SET next_at = %(at)s WHERE tenant_id = %(tenant)s AND attempt_id = %(id)s",
        {"tenant": tx.tenant_id, "id": order.attempt_id, "at": at},
    )


def _hold(tx: Tx, order: Order, error: HeadgateError) -> None:
    """What cannot be written now waits an hour, with a case: nothing of it has left."""
    _put_off(tx, order, tx.now() + timedelta(hours=1))
    cases.open_case(
        tx,
        key=f"unsendable_order:{order.attempt_id}",
        category="unsendable_payment",
        severity="high",
        payment_id=order.instruction_id,
        detail={"attempt_id": order.attempt_id, "problems": error.facts.get("problems", [error.message])},
    )
