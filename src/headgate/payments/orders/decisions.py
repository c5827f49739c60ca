"""Two people's word on an order of which nobody knows what became.

One asks, having asked the bank; another approves exactly that. `settled`: the payee's bank has the money. `rejected`:
nothing moved, and the money is the client's again. A word of the provider that comes later and says otherwise is a case.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from headgate import cases, rails
from headgate.core.db import Tx
from headgate.payments.errors import NothingToDecide
from headgate.payments.orders import answers as order_answers
from headgate.payments.orders.orders import UNKNOWN, Order, get_order

ORDER: Final = "payments.order"
Word = Literal["settled", "rejected"]


def request_order_decision(tx: Tx, *, attempt_id: str, verdict: Word, reason: str) -> cases.Approval:
    """Ask another person to say with you what became of an order. Nothing changes yet.

    Raises NoSuchOrder, NothingToDecide, and what `cases.request` raises.
    """
    order = _undecided(tx, attempt_id)
    return cases.request(tx, action=ORDER, subject=attempt_id, document=_document(order, verdict), reason=reason)


def decide_order(tx: Tx, *, approval_id: str) -> Order:
    """Do what was approved, once. Raises NothingToDecide where it is known by now; and what `cases.consume` raises."""
    approval = cases.get_approval(tx, approval_id)
    if approval.action != ORDER:
        raise NothingToDecide(f"{approval_id} approves {approval.action}, not what became of an order")
    order_answers.lock(tx, approval.subject)
    order = _undecided(tx, approval.subject)
    verdict: Word = approval.payload["verdict"]
    cases.consume(tx, approval_id=approval_id, action=ORDER, document=_document(order, verdict))
    code = "" if verdict == "settled" else "NARR"
    said = rails.ProviderAnswer(verdict, order.reference or "", f"two people said so: {approval.reason}", code=code)
    return order_answers.record(tx, order.attempt_id, said, asked_by="people", waits=0, approval_id=approval_id)


def open_requests(tx: Tx, *, attempt_id: str) -> list[cases.Approval]:
    """What one person said of an order, and is neither used nor over: the newest first."""
    asked = cases.list_approvals(tx, action=ORDER, subject=attempt_id, limit=200)
    return [one for one in asked if one.status in ("pending", "approved")]


def approve_order(tx: Tx, *, approval_id: str, digest: str) -> Order:
    """Say yes as another person than who asked, and do at once what was asked for.

    Raises as `cases.approve`, then as `decide_order`.
    """
    if cases.get_approval(tx, approval_id).action != ORDER:
        raise NothingToDecide(f"{approval_id[:40]} is not about what became of an order")
    cases.approve(tx, approval_id=approval_id, digest=digest)
    return decide_order(tx, approval_id=approval_id)


def _undecided(tx: Tx, attempt_id: str) -> Order:
    order = get_order(tx, attempt_id)
    if order.status not in UNKNOWN:
        raise NothingToDecide(f"{attempt_id} is {order.status}: there is nothing for people to decide")
    return order


def _document(order: Order, verdict: Word) -> dict[str, Any]:
    return {
        "attempt_id": order.attempt_id,
        "reference": order.reference,
        "amount_minor": order.amount_minor,
        "currency": order.currency,
        "verdict": verdict,
    }
