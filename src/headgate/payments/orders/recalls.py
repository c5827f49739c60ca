"""Asking a payment back: over an instant rail that is a request, to which the other bank may say no, or nothing for days.

`request_recall` notes the wish; `ask_back` fixes the instant of the request, sends it with no transaction open and records
the answer. Whoever dies in between leaves it asked: the same request, under the same id, goes again, which moves no money.
What comes back, comes as a return of its own; a promise moves nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from uuid import UUID

from headgate import rails
from headgate.core import log
from headgate.core.db import Database, Tx
from headgate.core.errors import HeadgateError, Refused
from headgate.payments.errors import InvalidRecall
from headgate.payments.instructions import get_instruction
from headgate.payments.orders import answers as order_answers
from headgate.payments.orders.orders import Claimed, Order, announce, get_order, opened, order_of, to_recall
from headgate.payments.orders.providers import ACTOR, COLUMN, providers_of
from headgate.rails import banks

REASONS: Final = ("CUST", "DUPL", "FRAD", "TECH", "UPAY", "AM09", "AC03")
"""Why a payment may be asked back, by the networks' codes: our client asks, sent twice, fraud, a fault, not due, …"""

_BY_HAND: Final = {"telephone": "by telephone", "api": "over an interface of its own"}
_LOG = log.get(__name__)


def request_recall(tx: Tx, *, payment_id: str, reason: str, why: str) -> Order | Refused:
    """Ask a payment back that was sent over a provider. The job sends the request; nothing moves by it.

    Refused (`payments.nothing_to_recall`) where it has not been sent so, did not arrive, or was asked back already.
    Raises NoSuchInstruction, InvalidRecall.
    """
    if reason not in REASONS:
        raise InvalidRecall(f"'{reason[:10]}' is no reason to ask a payment back: one of {', '.join(REASONS)}")
    get_instruction(tx, payment_id)
    order = order_of(tx, payment_id)
    if order is not None and order.rail == "wire":
        bank = banks.get(order.bank)
        terms = banks.terms(bank, order.rail)
        how = terms.recall if isinstance(terms, banks.Wire) else "none"
        if how != "camt.056" and not (how == "api" and bank.interface == COLUMN):
            told = _BY_HAND.get(how, "in no way that its profile names")
            return _refused(payment_id, f"is a wire of {order.bank}, which is asked for returns {told}")
    if order is None:
        return _refused(payment_id, "has not gone to a provider; what went in a file is reversed, not asked back")
    asked = tx.touched(
        """
        UPDATE payments.orders SET recall = 'asked', recall_reason = %(reason)s, changed_at = %(now)s
         WHERE tenant_id = %(tenant)s AND attempt_id = %(id)s AND recall = ''
           AND status IN ('sending', 'outcome_unknown', 'doubted', 'accepted', 'settled')
        """,
        {"tenant": tx.tenant_id, "id": order.attempt_id, "reason": reason, "now": tx.now()},
    )
    if not asked:
        already = (
            f"was asked back already: {order.recall}" if order.recall else f"is {order.status}: nothing to ask back"
        )
        return _refused(payment_id, already)
    order = get_order(tx, order.attempt_id)
    announce(tx, order, "recall_asked", reason=reason, why=why[:500])
    return order


def _refused(payment_id: str, text: str) -> Refused:
    return Refused("payments.nothing_to_recall", f"{payment_id} {text}", {"payment_id": payment_id})


def ask_back(database: Database, tenant_id: UUID) -> int:
    """Send the requests that are wanted; how many were sent."""
    providers = providers_of(database, tenant_id)
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        wanted = _fixed(tx, sorted(providers))
    for one in wanted:
        _ask(database, tenant_id, providers[one.order.rail], one)
    return len(wanted)


def _fixed(tx: Tx, over: list[str]) -> list[Claimed]:
    """The requests that no answer came to, each with its instant fixed, so that asking again is the same request."""
    tx.run(
        """
        UPDATE payments.orders SET recall_at = %(now)s
         WHERE tenant_id = %(tenant)s AND recall = 'asked' AND recall_at IS NULL AND rail = ANY(%(rails)s)
        """,
        {"tenant": tx.tenant_id, "now": tx.now(), "rails": over},
    )
    return [opened(tx, order) for order in to_recall(tx, over, limit=1000)]


def _ask(database: Database, tenant_id: UUID, provider: rails.Correspondent, one: Claimed) -> None:
    assert one.order.recall_at is not None and one.order.recall_reason is not None, "fixed before"
    try:
        answer = provider.cancel(
            one.said, created_at=one.created_at, at=one.order.recall_at, reason=one.order.recall_reason
        )
    except HeadgateError as error:
        _LOG.error("a payment could not be asked back", exc_info=error, extra={"attempt_id": one.order.attempt_id})
        return
    if not answer.outcome.startswith("recall_"):
        answer = replace(answer, outcome="recall_pending")  # It told of the payment, and not yet of our request.
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        order_answers.record(tx, one.order.attempt_id, answer, asked_by="recall", waits=provider.waits_seconds)
