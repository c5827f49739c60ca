"""FedNow and RTP: one order becomes one message, and one message about it becomes an event in its life.

    rail = InstantRail(network=FEDNOW, routing="…", account="…", address=Address("Lisle", state="IL"))
    rail.problems(order)      rail.transfer(order, created_at).content      rail.read(answer) -> Heard

Everything that names a payment is derived from the order and the instant that was fixed before its first byte, so that
the same payment is written, asked about and recalled under the same ids, always.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Literal

from headgate.core.money import Money
from headgate.rails.ach.text import transliterate
from headgate.rails.contract import Change, ProviderSettlement, RailOrder
from headgate.rails.instant_life import Event, EventName, RecallState
from headgate.rails.iso20022 import (
    Message,
    Network,
    build,
    encode,
    judge,
    read_document,
    reason_code,
    write_document,
)
from headgate.rails.iso20022.build import Address, Payment, Side
from headgate.rails.iso20022.identifiers import instruction_id, message_id, uetr
from headgate.rails.iso20022.networks import EASTERN
from headgate.rails.iso20022.originals import original_of
from headgate.rails.messages import Heard, OutboundMessage, aware, refuse

__all__ = ["Heard", "InstantRail", "OutboundMessage"]

_NOON = time(12)
_STATUSES: Mapping[str, EventName] = {
    "ACTC": "accepted",
    "ACWP": "accepted",
    "ACSC": "settled",
    "ACCC": "settled",
    "PDNG": "accepted",
    "RCVD": "accepted",
    "BLCK": "accepted",
    "RJCT": "rejected",
}
"""What a status says, where the network does not settle by it already (`Network.settled_by`)."""

_RECALLS: Mapping[str, RecallState] = {"IPAY": "promised", "PECR": "promised", "RJCR": "refused", "PDCR": "pending"}
_REFUSALS: Mapping[str, EventName] = {
    "already_sent": "duplicate",
    "not_found": "not_found",
    "still_open": "still_open",
    "not_answered": "silence",
}
"""Refusals that say something other than that the payment failed, by our word for their reason."""


@dataclass(frozen=True, slots=True)
class InstantRail:
    """Instant payments out of one account at one bank. `account` and `address` are the paying company's."""

    network: Network
    routing: str
    account: str = field(repr=False)
    address: Address
    category_purpose: str = ""
    is_simulated: bool = False

    @property
    def name(self) -> str:
        """What payments stores with an attempt: `fednow`, `rtp`."""
        return self.network.name

    @property
    def title(self) -> str:
        return self.network.title

    @property
    def waits_seconds(self) -> int:
        return self.network.ask_after_seconds

    def problems(self, order: RailOrder) -> tuple[str, ...]:
        """Why this order cannot go over this rail, every reason with its mending; empty where it can."""
        noon = datetime.combine(order.effective_on, _NOON, EASTERN)
        return self._judged(order, build.transfer(self.network, self._payment(order, noon)))

    def opens_at(self, order: RailOrder, at: datetime) -> datetime:
        """The beginning of its day in Eastern time: at any hour of it the network is open."""
        return max(at, datetime.combine(order.effective_on, time(), EASTERN))

    def transfer(self, order: RailOrder, created_at: datetime) -> OutboundMessage:
        """The payment's message (pacs.008). Raises CannotWrite with every problem."""
        payment = self._payment(order, created_at)
        message = build.transfer(self.network, payment)
        problems = list(self._judged(order, message))
        if order.effective_on > self.network.settlement_day(created_at):
            problems.append(f"it is to be paid on {order.effective_on} and not before; send it then")
        refuse(problems, order.attempt_id)
        return _finished(message, encode(message), payment, _changes(order))

    def question(self, order: RailOrder, created_at: datetime, at: datetime) -> OutboundMessage:
        """The question what became of the payment (pacs.028), asked now; each asking has an id of its own."""
        payment = self._payment(order, created_at)
        return self._written(build.status_request(self.network, payment, aware(at), 1), payment)

    def recall(self, order: RailOrder, created_at: datetime, at: datetime, reason: str = "CUST") -> OutboundMessage:
        """The request to give the payment back (camt.056). An instant payment is final: this only asks."""
        payment = self._payment(order, created_at)
        return self._written(build.recall_request(self.network, payment, aware(at), reason), payment)

    def asking(self, created_at: datetime, at: datetime) -> Literal["early", "now", "late"]:
        """Whether the network answers a question now: not before its clock has run out, and not after some days."""
        if at < created_at + timedelta(seconds=self.network.ask_after_seconds):
            return "early"
        days = (at.astimezone(EASTERN).date() - created_at.astimezone(EASTERN).date()).days
        return "late" if self.network.ask_days is not None and days > self.network.ask_days else "now"

    def read(self, content: bytes, *, is_answer: bool = True) -> Heard:
        """The event that a message from the network is, whatever else is wrong with it.

        `is_answer` says that it came as the answer to our message or question. A refusal that comes of itself, after the
        network's clock, is the other bank's: it may follow a payment that settled (ACWP), and so is asked about first.
        """
        read = read_document(content, network=self.network)
        if read.message is None:
            return Heard(None, None, read.faults)
        reader = _READERS.get(read.message.kind)
        if reader is None:
            return Heard(read.message, None, read.faults, message_id=read.message.id)
        about, event = original_of(read.message), reader(read.message, self.network)
        if event is not None and event.name == "rejected" and not is_answer and self._is_late(read.message):
            event = replace(event, name="silence")
        return Heard(read.message, event, read.faults, about.message_id, about.uetr, read.message.id)

    def is_about(self, heard: Heard, order: RailOrder, created_at: datetime, question_id: str = "") -> bool:
        """Whether a message speaks of this order's payment: by its message, or where that is not named its UETR.

        `question_id` is our question about it, or our request to give it back: the answer to a request may name only that,
        and the refusal of a question speaks of the payment where it says that nothing is known of it, or nothing yet.
        """
        payment = self._payment(order, created_at)
        if heard.event is None:
            return False
        if heard.about_message_id == payment.message_id:
            return True
        if question_id and heard.about_message_id == question_id:
            return heard.event.name in ("not_found", "still_open", "silence", "recall")
        names_message = bool(heard.about_message_id) and heard.event.name != "recall"
        return not names_message and heard.about_uetr == payment.uetr

    def uetr_of(self, order: RailOrder) -> str:
        """The reference under which the whole network knows the order's payment."""
        return uetr(self.network, order.attempt_id)

    def incoming(self, content: bytes) -> ProviderSettlement | None:
        """The payment to our account that a message is; None where it is none, or tells too little to be counted."""
        read = read_document(content, network=self.network)
        if read.message is None or read.message.kind != "pacs.008":
            return None
        paid = read.message.body.find("CdtTrfTxInf")
        amount = paid.money("IntrBkSttlmAmt") if paid else None
        if paid is None or amount is None or amount.minor <= 0 or not read.message.id:
            return None
        if paid.at("CdtrAcct/Id/Othr/Id") != self.account:
            return None
        try:
            made = self.network.read_instant(read.message.body.at("GrpHdr/CreDtTm"))
        except ValueError:
            return None
        return ProviderSettlement(
            external_trace_id=read.message.id,
            reference=paid.at("PmtId/UETR"),
            individual_id=paid.at("PmtId/EndToEndId"),
            direction="debit",
            amount=amount,
            status="settled",
            return_code="",
            effective_on=self.network.settlement_day(made),
        )

    def _payment(self, order: RailOrder, created_at: datetime) -> Payment:
        network = self.network
        aware(created_at)
        return Payment(
            message_id=message_id(network, self.routing, created_at, "transfer", order.attempt_id),
            created_at=created_at,
            instruction_id=instruction_id(network, self.routing, created_at, order.attempt_id),
            end_to_end_id=order.individual_id,
            uetr=uetr(network, order.attempt_id),
            amount=order.amount,
            debtor=Side(_plain(order.company.name), self.account, self.routing, self.address),
            creditor=Side(_plain(order.receiver_name), order.receiver_account, order.receiver_routing),
            category_purpose=self.category_purpose or network.category_purposes[0],
            remittance=_plain(order.addenda if order.addenda else order.description),
        )

    def _is_late(self, report: Message) -> bool:
        """Whether a report was made after the network's clock had run out; where that cannot be read, it may have been."""
        try:
            made = self.network.read_instant(report.body.at("GrpHdr/CreDtTm"))
            sent = self.network.read_instant(original_of(report).created_at)
        except ValueError:
            return True
        return made > sent + timedelta(seconds=self.network.ask_after_seconds)

    def _judged(self, order: RailOrder, message: Message) -> tuple[str, ...]:
        faults = judge(message, self.network, "outbound")
        told = (f"{fault.path}: {fault.message}" for fault in faults if fault.level == "E")
        return (*_order_problems(order), *told)

    def _written(self, message: Message, payment: Payment) -> OutboundMessage:
        return _finished(message, write_document(message, self.network), payment)


def _finished(message: Message, content: bytes, payment: Payment, changes: tuple[Change, ...] = ()) -> OutboundMessage:
    return OutboundMessage(content, hashlib.sha256(content).hexdigest(), message.id, payment.uetr, changes)


def _order_problems(order: RailOrder) -> list[str]:
    """What is wrong with an order that its message would not show."""
    found = []
    if order.direction != "credit":
        found.append("an instant network only pays out; ask for money by a request for payment, or over ACH")
    if order.amount.minor < 0:
        found.append("the amount is negative; write what is to be paid")
    named = (("receiver's name", order.receiver_name), ("company's name", order.company.name))
    for what, text in (*named, ("remittance text", order.addenda or order.description)):
        if transliterate(text) is None and not _is_plain(text):
            found.append(f"the {what} has letters that the network cannot carry; respell it")
    return found


def _changes(order: RailOrder) -> tuple[Change, ...]:
    texts = {
        "receiver_name": order.receiver_name,
        "company_name": order.company.name,
        "addenda" if order.addenda else "description": order.addenda or order.description,
    }
    return tuple(
        Change(order.attempt_id, name, "transliterated") for name, text in texts.items() if _plain(text) != text
    )


def _plain(text: str) -> str:
    """A text as the networks carry it: printable ASCII stays as it is, other letters lose their marks."""
    return text if _is_plain(text) else transliterate(text) or text


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _status_event(message: Message, network: Network) -> Event | None:
    inside = "TxInfAndSts"
    status = message.body.at(f"{inside}/TxSts") or message.body.at("OrgnlGrpInfAndSts/GrpSts")
    code = message.body.at(f"{inside}/StsRsnInf/Rsn/Cd") or message.body.at(f"{inside}/StsRsnInf/Rsn/Prtry")
    name = _STATUSES.get(status)
    if name is None:
        return None
    if status in network.settled_by:
        name = "settled"
    elif status == "RJCT":
        asked = original_of(message).version.startswith("pacs.028")
        # A refusal of the question says nothing of the payment.
        name = _REFUSALS.get(reason_code(code).reason, "silence" if asked else "rejected")
    return Event(name, message.id, code or status)


def _return_event(message: Message, network: Network) -> Event | None:
    amount: Money | None = message.body.money("TxInf/RtrdIntrBkSttlmAmt")
    if amount is None:
        return None
    code = message.body.at("TxInf/RtrRsnInf/Rsn/Cd") or message.body.at("TxInf/RtrRsnInf/Rsn/Prtry")
    return Event("returned", message.id, code, amount)


def _recall_event(message: Message, network: Network) -> Event | None:
    answer = message.body.at("Sts/Conf")
    said = _RECALLS.get(answer)
    return None if said is None else Event("recall", message.id, answer, recall=said)


def _reject_event(message: Message, network: Network) -> Event | None:
    code = message.body.at("Rsn/RjctgPtyRsn")
    # The door refused a message, maybe since it came twice: what became of the payment is for a question to find out.
    name = _REFUSALS.get(reason_code(code).reason, "silence")
    return Event(name, f"{message.body.at('RltdRef/Ref')}:{code}", code)


_READERS = {
    "admi.002": _reject_event,
    "pacs.002": _status_event,
    "pacs.004": _return_event,
    "camt.029": _recall_event,
}
"""The messages that tell of a payment of ours, and how to read what happened."""
