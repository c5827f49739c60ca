"""Orders as JSON: what the API and the commands give and take."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from headgate.core.errors import Refused
from headgate.core.money import Money
from headgate.payments.orders.answers import Heard
from headgate.payments.orders.asks import Ask, AskStatus
from headgate.payments.orders.debit_orders import DebitOrder
from headgate.payments.orders.decisions import Word
from headgate.payments.orders.orders import Order, OrderStatus, Recall
from headgate.web import MoneyModel


class OrderModel(BaseModel):
    """An order as it stands. `reference` is the id under which the whole network knows the payment.

    `imad` and `omad` are Fedwire's numbers of a wire, once the bank has told them.
    """

    attempt_id: str
    payment_id: str
    rail: str
    bank: str
    amount: MoneyModel
    status: OrderStatus
    effective_on: date
    sent_at: datetime | None
    message_id: str | None
    reference: str | None
    imad: str | None
    omad: str | None
    asked: int
    next_at: datetime
    recall: Recall


class DebitOrderModel(BaseModel):
    """A debit of a client that goes to a provider by itself. `provider_reference` is the id that the provider gave it."""

    debit_id: str
    funding_request_id: str
    rail: str
    bank: str
    amount: MoneyModel
    status: OrderStatus
    effective_on: date
    sent_at: datetime | None
    reference: str | None
    provider_reference: str | None
    asked: int
    next_at: datetime


class AnswerModel(BaseModel):
    """What was said of an order: who asked for it, what it comes to, and the hash of its bytes."""

    asked_by: str
    outcome: str
    code: str
    reason: str
    told: str
    message_id: str
    evidence_sha256: str | None
    occurred_at: datetime


class OrderLifeModel(OrderModel):
    """An order with all that was said of it, in the order in which it was heard."""

    answers: list[AnswerModel]


class AskModel(BaseModel):
    """A request for the money of a funding request, as it went to the client's bank; nothing moves by it."""

    ask_id: str
    funding_request_id: str
    legal_entity_id: str
    attempt_no: int
    rail: str
    bank: str
    amount: MoneyModel
    status: AskStatus
    wanted_on: date
    expires_on: date
    sent_at: datetime | None
    message_id: str | None
    reference: str | None
    next_at: datetime


class NewRecall(BaseModel):
    """Why a payment is asked back: the network's code, and words for our own record."""

    model_config = ConfigDict(extra="forbid")

    reason: Literal["CUST", "DUPL", "FRAD", "TECH", "UPAY", "AM09", "AC03"] = "CUST"
    why: str = Field(min_length=1, max_length=500)


class NewOrderDecision(BaseModel):
    """What the bank says became of the order: it is paid (`settled`), or nothing moved (`rejected`)."""

    model_config = ConfigDict(extra="forbid")

    verdict: Word
    reason: str = Field(min_length=1, max_length=500)


def debit_order_model(order: DebitOrder) -> DebitOrderModel:
    """A debit at its provider as the API and the commands give it."""
    return DebitOrderModel(
        debit_id=order.debit_id,
        funding_request_id=order.funding_request_id,
        rail=order.rail,
        bank=order.bank,
        amount=MoneyModel.of(order.amount),
        status=order.status,
        effective_on=order.effective_on,
        sent_at=order.created_at,
        reference=order.reference,
        provider_reference=order.provider_reference,
        asked=order.ask_count,
        next_at=order.next_at,
    )


def order_model(order: Order) -> OrderModel:
    """An order as it is shown."""
    return OrderModel(
        attempt_id=order.attempt_id,
        payment_id=order.instruction_id,
        rail=order.rail,
        bank=order.bank,
        amount=MoneyModel.of(order.amount),
        status=order.status,
        effective_on=order.effective_on,
        sent_at=order.created_at,
        message_id=order.message_id,
        reference=order.reference,
        imad=order.imad,
        omad=order.omad,
        asked=order.ask_count,
        next_at=order.next_at,
        recall=order.recall,
    )


def ask_model(ask: Ask) -> AskModel:
    """An ask as it is shown."""
    return AskModel(
        ask_id=ask.id,
        funding_request_id=ask.funding_request_id,
        legal_entity_id=ask.legal_entity_id,
        attempt_no=ask.attempt_no,
        rail=ask.rail,
        bank=ask.bank,
        amount=MoneyModel.of(Money(ask.amount_minor, ask.currency)),
        status=ask.status,
        wanted_on=ask.wanted_on,
        expires_on=ask.expires_on,
        sent_at=ask.created_at,
        message_id=ask.message_id,
        reference=ask.reference,
        next_at=ask.next_at,
    )


def recall_answer(asked: Order | Refused) -> OrderModel | Refused:
    """The order that is asked back, or why it is not."""
    return asked if isinstance(asked, Refused) else order_model(asked)


def order_life_model(order: Order, heard: list[Heard]) -> OrderLifeModel:
    """An order with what was said of it."""
    return OrderLifeModel(
        **order_model(order).model_dump(),
        answers=[
            AnswerModel(
                asked_by=one.asked_by,
                outcome=one.outcome,
                code=one.code,
                reason=one.reason,
                told=one.told,
                message_id=one.message_id,
                evidence_sha256=one.evidence_sha256.hex() if one.evidence_sha256 else None,
                occurred_at=one.occurred_at,
            )
            for one in heard
        ],
    )
