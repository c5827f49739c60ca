"""The wire rail of one bank: what cannot go is said in full, what can go is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from headgate.rails.ach.calendar import is_banking_day
from headgate.rails.ach.routing import is_routing_number
from headgate.rails.errors import CannotWrite
from headgate.rails.wire import fields, writing
from headgate.rails.wire.model import DrawdownOrder, RecallOrder, WireMessage, WireOrder, WireSlot

RECALL_REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "AC03": "the creditor's account number is wrong",
        "AM09": "the amount is wrong",
        "CUST": "our customer asks for it",
        "DUPL": "it was sent twice",
        "FRAD": "it rests on fraud",
        "NARR": "as the text says",
        "SVNR": "what was paid for was not rendered",
        "TECH": "it was sent by a technical fault",
        "UPAY": "the payment was not due",
    }
)
"""Why a wire may be asked back. Reasons that need words: NARR."""


@dataclass(frozen=True, slots=True)
class WireRail:
    """Wires through one bank, whose routing number is `sender`."""

    sender: str
    name: str = "wire"
    is_simulated: bool = False

    def problems(self, order: WireOrder) -> tuple[str, ...]:
        """Why this order cannot be a wire, every reason with its mending; empty where it can."""
        return fields.each(
            lambda: fields.amount_problems(order.amount),
            lambda: fields.party_problems(order.debtor, "the debtor"),
            lambda: fields.party_problems(order.creditor, "the creditor"),
            lambda: self._at_our_bank(order.debtor.routing, "debtor"),
            lambda: _remittance(order.remittance),
            lambda: _day(order.settles_on),
            lambda: _identifiers(order),
            lambda: _purpose(order.purpose),
        )

    def drawdown_problems(self, order: DrawdownOrder) -> tuple[str, ...]:
        """Why this request cannot go, every reason with its mending."""
        initiator = fields.Text("the initiator's name", "", 140)
        return fields.each(
            lambda: fields.amount_problems(order.amount),
            lambda: fields.party_problems(order.debtor, "the debtor"),
            lambda: fields.party_problems(order.creditor, "the creditor"),
            lambda: self._at_our_bank(order.creditor.routing, "creditor"),
            lambda: fields.text_problems(order.initiator, initiator, ""),
            lambda: _remittance(order.remittance),
            lambda: _day(order.wanted_on),
        )

    def recall_problems(self, order: RecallOrder) -> tuple[str, ...]:
        """Why this wire cannot be asked back, every reason with its mending."""

        def about() -> Iterator[str]:
            if order.original.kind != "pacs.008":
                yield f"a {order.original.kind} carried no money; name the pacs.008 of the wire"
            if order.reason not in RECALL_REASONS:
                yield f"{order.reason!r} is no reason for a recall; take one of {', '.join(RECALL_REASONS)}"
            if order.reason == "NARR" and not order.text.strip():
                yield "the reason NARR says nothing by itself; write a text"
            if not is_routing_number(order.sent_to):
                yield "the bank that was paid has a routing number with a wrong check digit; take that of the wire"

        return fields.each(
            lambda: fields.amount_problems(order.amount),
            about,
            lambda: fields.text_problems(order.text, fields.Text("the text", "", 105), ""),
        )

    def render(self, order: WireOrder, slot: WireSlot) -> WireMessage:
        """The pacs.008 of an order. Raises CannotWrite with every problem."""
        _refuse((*self.problems(order), *_slot_problems(slot)), order.attempt_id)
        return writing.transfer(order, slot, sender=self.sender)

    def render_question(self, sent: WireMessage, sent_to: str, slot: WireSlot) -> WireMessage:
        """The pacs.028 that asks what became of a message. Raises CannotWrite with every problem."""
        _refuse(tuple(_slot_problems(slot)), sent.instruction_id)
        return writing.question(sent, slot, sender=self.sender, sent_to=sent_to)

    def render_drawdown(self, order: DrawdownOrder, slot: WireSlot) -> WireMessage:
        """The pain.013 that asks for a wire. Raises CannotWrite with every problem."""
        _refuse((*self.drawdown_problems(order), *_slot_problems(slot)), order.attempt_id)
        return writing.drawdown(order, slot)

    def render_recall(self, order: RecallOrder, slot: WireSlot) -> WireMessage:
        """The camt.056 that asks for a wire back. Raises CannotWrite with every problem."""
        _refuse((*self.recall_problems(order), *_slot_problems(slot)), order.attempt_id)
        return writing.recall(order, slot, sender=self.sender)

    def _at_our_bank(self, routing: str, who: str) -> Iterator[str]:
        if routing != self.sender:
            yield f"the {who} is not at this bank ({self.sender}); name our own account, or use the rail of its bank"


def _remittance(text: str) -> Iterator[str]:
    return fields.text_problems(text, fields.Text("the remittance text", "", 140), "")


def _day(on: date) -> Iterator[str]:
    if not is_banking_day(on):
        yield f"Fedwire is closed on {on}; take a banking day"


def _purpose(code: str) -> Iterator[str]:
    if code and code not in fields.PURPOSES:
        yield f"the purpose is none of {', '.join(fields.PURPOSES)}; take one of them, or leave it out"


def _identifiers(order: WireOrder) -> Iterator[str]:
    if order.uetr and not fields.UETR.match(order.uetr):
        yield "the UETR is no UUID of version 4 in small letters; take it from the request, or leave it out"
    yield from fields.text_problems(order.end_to_end, fields.Text("the end-to-end id", "", 35), "")


def _slot_problems(slot: WireSlot) -> Iterator[str]:
    if not fields.MESSAGE_ID.match(slot.message_id):
        yield "the message's id is not 1 to 35 letters and digits; draw another"
    if slot.created_at.tzinfo is None:
        yield "the message's time has no zone; give an aware instant"


def _refuse(problems: tuple[str, ...], attempt_id: str) -> None:
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise CannotWrite(f"order {attempt_id}: {problems[0]}{more}", problems=list(problems))
