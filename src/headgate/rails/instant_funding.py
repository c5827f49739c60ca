"""Money that is asked for, and money that comes in, over an instant network.

    asked = request_payment(rail, request, created_at)      pain.013: nothing moves by it, and nobody must pay
    read_request_answer(rail, content) -> RequestAnswer     pain.014: it will be paid, or why not
    read_payment(rail, content) -> IncomingPayment          pacs.008: the money, final once it is here

A request's `reference` is the end-to-end id of the payment that answers it: by that the two are matched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from headgate.core.money import Money
from headgate.rails.instant import InstantRail, OutboundMessage
from headgate.rails.iso20022 import Fault, read_document, reason_code, write_document
from headgate.rails.iso20022.build import Payment, Side, status_request
from headgate.rails.iso20022.build_requests import payment_request
from headgate.rails.iso20022.identifiers import instruction_id, message_id, uetr

RequestStatus = Literal["accepted", "pending", "refused"]

_STATUSES: Mapping[str, RequestStatus] = {
    "ACCP": "accepted",
    "ACTC": "accepted",
    "ACWC": "accepted",
    "ACCC": "accepted",
    "RCVD": "pending",
    "PDNG": "pending",
    "PRES": "pending",
    "RJCT": "refused",
}


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """What is asked of a payer: `reference` (up to 35 characters) comes back with the money; `id` is the request's own."""

    id: str
    amount: Money
    payer: Side
    payee_name: str = field(repr=False)
    reference: str
    expires_on: date
    remittance: str = ""


@dataclass(frozen=True, slots=True)
class RequestAnswer:
    """What the payer's bank said of a request; `accepted` is a promise, and the money is its own message."""

    request_message_id: str
    reference: str
    status: RequestStatus
    code: str
    reason: str
    message_id: str


@dataclass(frozen=True, slots=True)
class IncomingPayment:
    """A payment that came in. `faults` are what is wrong with its message: the money is there all the same."""

    reference: str
    uetr: str
    message_id: str
    amount: Money
    payer_name: str = field(repr=False)
    payer_routing: str
    account: str = field(repr=False)
    settled_on: date | None
    faults: tuple[Fault, ...] = ()


def request_payment(rail: InstantRail, request: PaymentRequest, created_at: datetime) -> OutboundMessage:
    """The message that asks (pain.013). Raises CannotWrite with every problem."""
    network = rail.network
    payment = Payment(
        message_id=message_id(network, rail.routing, created_at, "request", request.id),
        created_at=created_at,
        instruction_id=instruction_id(network, rail.routing, created_at, f"request:{request.id}"),
        end_to_end_id=request.reference,
        uetr=uetr(network, f"request:{request.id}"),
        amount=request.amount,
        debtor=request.payer,
        creditor=Side(request.payee_name, rail.account, rail.routing, rail.address),
        category_purpose=rail.category_purpose or network.category_purposes[0],
        remittance=request.remittance or None,
        kind="pain.013",
    )
    message = payment_request(network, payment, expires_on=request.expires_on)
    content = write_document(message, network)
    return OutboundMessage(content, hashlib.sha256(content).hexdigest(), message.id, payment.uetr)


def request_question(rail: InstantRail, request: PaymentRequest, created_at: datetime, at: datetime) -> OutboundMessage:
    """The question what became of a request (pacs.028), asked now; each asking has an id of its own."""
    network = rail.network
    asked = Payment(
        message_id=message_id(network, rail.routing, created_at, "request", request.id),
        created_at=created_at,
        instruction_id=instruction_id(network, rail.routing, created_at, f"request:{request.id}"),
        end_to_end_id=request.reference,
        uetr=uetr(network, f"request:{request.id}"),
        amount=request.amount,
        debtor=Side(request.payee_name, rail.account, rail.routing, rail.address),
        creditor=request.payer,
        category_purpose=rail.category_purpose or network.category_purposes[0],
        kind="pain.013",
    )
    message = status_request(network, asked, at, 1)
    content = write_document(message, network)
    return OutboundMessage(content, hashlib.sha256(content).hexdigest(), message.id, asked.uetr)


def read_request_answer(rail: InstantRail, content: bytes) -> RequestAnswer | None:
    """The answer to a request; None where the document is none that can be read."""
    message = read_document(content, network=rail.network).message
    if message is None or message.kind != "pain.014":
        return None
    body, inside = message.body, "OrgnlPmtInfAndSts/TxInfAndSts"
    status = _STATUSES.get(body.at(f"{inside}/TxSts") or body.at("OrgnlGrpInfAndSts/GrpSts"))
    if status is None:
        return None
    code = body.at(f"{inside}/StsRsnInf/Rsn/Cd") or body.at(f"{inside}/StsRsnInf/Rsn/Prtry")
    return RequestAnswer(
        request_message_id=body.at("OrgnlGrpInfAndSts/OrgnlMsgId"),
        reference=body.at(f"{inside}/OrgnlEndToEndId"),
        status=status,
        code=code,
        reason=reason_code(code).reason if status == "refused" else "",
        message_id=message.id,
    )


def read_payment(rail: InstantRail, content: bytes) -> IncomingPayment | None:
    """A payment that came in; None where the document is none, or names no amount that can be read."""
    read = read_document(content, network=rail.network)
    if read.message is None or read.message.kind != "pacs.008":
        return None
    paid = read.message.body.find("CdtTrfTxInf")
    amount = paid.money("IntrBkSttlmAmt") if paid else None
    if paid is None or amount is None:
        return None
    return IncomingPayment(
        reference=paid.at("PmtId/EndToEndId"),
        uetr=paid.at("PmtId/UETR"),
        message_id=read.message.id,
        amount=amount,
        payer_name=paid.at("Dbtr/Nm"),
        payer_routing=paid.at("DbtrAgt/FinInstnId/ClrSysMmbId/MmbId"),
        account=paid.at("CdtrAcct/Id/Othr/Id") or paid.at("CdtrAcct/Id/IBAN"),
        settled_on=_day(paid.at("IntrBkSttlmDt") or read.message.body.at("GrpHdr/IntrBkSttlmDt")),
        faults=read.faults,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
