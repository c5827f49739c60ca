"""HTTP: orders with what was said of them, asking a payment back, and two people's word on what nobody knows."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Path, Query

from headgate import cases
from headgate.payments.orders import answers as order_answers
from headgate.payments.orders import asks, orders
from headgate.payments.orders import decisions as order_decisions
from headgate.payments.orders import recalls as order_recalls
from headgate.payments.orders.documents import (
    AskModel,
    NewOrderDecision,
    NewRecall,
    OrderLifeModel,
    OrderModel,
    ask_model,
    order_life_model,
    order_model,
    recall_answer,
)
from headgate.payments.orders.orders import OrderStatus
from headgate.web import Call, Page, PageOf, money, page_of, reads, writes

router = APIRouter()

Reads = Annotated[Call, reads("payments.read")]
Asks = Annotated[Call, writes("payments.send")]
Sends = Annotated[Call, money("payments.send")]
IdPath = Annotated[str, Path(max_length=40)]


@router.get("/orders")
def list_orders(call: Reads, page: Page, status: OrderStatus | None = None) -> PageOf[OrderModel]:
    """What went to a provider order by order, the newest first."""
    with call.begin() as tx:
        rows = orders.list_orders(tx, status=status, after=page.after(str), limit=page.limit + 1)
    return page_of(page, rows, key=lambda row: row.attempt_id, row=order_model)


@router.get("/orders/{attempt_id}")
def get_order(call: Reads, attempt_id: IdPath) -> OrderLifeModel:
    """One order, with all that was said of it."""
    with call.begin() as tx:
        return order_life_model(orders.get_order(tx, attempt_id), order_answers.heard_of(tx, attempt_id))


@router.get("/asks")
def list_asks(
    call: Reads, page: Page, funding_request_id: Annotated[str | None, Query(max_length=40)] = None
) -> PageOf[AskModel]:
    """What clients' banks were asked for, by drawdown requests and requests for payment, the newest first."""
    with call.begin() as tx:
        rows = asks.list_asks(tx, funding_request_id=funding_request_id, after=page.after(str), limit=page.limit + 1)
    return page_of(page, rows, key=lambda row: row.id, row=ask_model)


@router.post("/instructions/{payment_id}/recall", status_code=201)
def recall(call: Sends, payment_id: IdPath, body: NewRecall) -> OrderModel:
    """Ask a payment back that went over an instant rail. The other bank may refuse; a job sends the request."""
    return cast(
        OrderModel,
        call.once(
            lambda tx: recall_answer(
                order_recalls.request_recall(tx, payment_id=payment_id, reason=body.reason, why=body.why)
            ),
            status=201,
        ),
    )


@router.post("/orders/{attempt_id}/decisions", status_code=201)
def request_order_decision(call: Asks, attempt_id: IdPath, body: NewOrderDecision) -> cases.Approval:
    """Ask another person to say with you what became of an order of which nobody knows; nothing changes yet."""
    with call.begin() as tx:
        asked = order_decisions.request_order_decision(
            tx, attempt_id=attempt_id, verdict=body.verdict, reason=body.reason
        )
    return cast(cases.Approval, call.answer(asked, status=201))


@router.post("/order-decisions/{approval_id}/decide", status_code=201)
def decide_order(call: Sends, approval_id: IdPath) -> OrderModel:
    """Do what was approved, once: the order counts as settled, or its money is the client's again."""
    return cast(
        OrderModel,
        call.once(lambda tx: order_model(order_decisions.decide_order(tx, approval_id=approval_id)), status=201),
    )
