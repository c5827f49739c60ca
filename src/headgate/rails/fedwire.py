"""Fedwire as a rail of orders: one order becomes one pacs.008, and one message about it an event in its life.

    rail = FedwireRail(schedule=cutoffs.schedule_of(bank, "wire"), routing="…", account="…", address=Address("Lisle"))
    rail.problems(order)      rail.transfer(order, created_at).content      rail.read(answer) -> Heard

The messages are those of `rails.wire`, which judges every field; this maps an order to them. A wire settles on the day of
the bank's window that is open when it is made, so the instant that is fixed before its first byte says its day too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final, Literal

from headgate.rails import cutoffs
from headgate.rails.ach.text import transliterate
from headgate.rails.contract import Change, FundingAsk, ProviderSettlement, RailOrder
from headgate.rails.instant_life import Event, EventName, RecallState
from headgate.rails.iso20022.networks import EASTERN
from headgate.rails.iso20022.reasons import reason_code
from headgate.rails.messages import AskHeard, Heard, OutboundMessage, aware, refuse
from headgate.rails.postal import Address
from headgate.rails.wire import fields
from headgate.rails.wire.model import Address as WireAddress
from headgate.rails.wire.model import DrawdownOrder, RecallOrder, WireMessage, WireOrder, WireParty, WireSlot
from headgate.rails.wire.model import uetr as uetr_of_attempt
from headgate.rails.wire.rail import WireRail
from headgate.rails.wire.reading import WireFact, read_message

TITLE: Final = "Fedwire"
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RECALLS: Final[Mapping[str, RecallState]] = {
    "recall_agreed": "promised",
    "recall_refused": "refused",
    "recall_pending": "pending",
}
_REFUSALS: Final[Mapping[str, EventName]] = {
    "already_sent": "duplicate",
    "not_found": "not_found",
    "still_open": "still_open",
    "not_answered": "silence",
}
"""Refusals that say something other than that the wire failed, by our word for their reason."""


@dataclass(frozen=True, slots=True)
class FedwireRail:
    """Wires out of one account at one bank, in its windows. `account` and `address` are the paying company's.

    `opens_day_before_at` is when, on the calendar day before, the bank's day opens; without it at midnight of its zone.
    """

    schedule: cutoffs.Schedule
    routing: str
    account: str = field(repr=False)
    address: Address
    asks_after_seconds: int = 300
    opens_day_before_at: time | None = None
    is_simulated: bool = False
    drawdown_schedule: cutoffs.Schedule | None = None

    @property
    def name(self) -> str:
        return "wire"

    @property
    def title(self) -> str:
        return TITLE

    @property
    def waits_seconds(self) -> int:
        return self.asks_after_seconds

    def problems(self, order: RailOrder) -> tuple[str, ...]:
        """Why this order cannot be a wire, every reason with its mending; empty where it can."""
        return (*_order_problems(order), *self._rail.problems(self._wire(order, order.effective_on)))

    def opens_at(self, order: RailOrder, at: datetime) -> datetime:
        """The first instant from this one on in a window of the bank that settles on the order's day or later."""
        opening = cutoffs.next_opening(self.schedule, at, from_day=order.effective_on)
        return max(at, self._opened(opening))

    def transfer(self, order: RailOrder, created_at: datetime) -> OutboundMessage:
        """The wire's message (pacs.008). Raises CannotWrite with every problem."""
        at = aware(created_at)
        opening = cutoffs.next_opening(self.schedule, at)
        wire = self._wire(order, opening.settles_on)
        problems = [*_order_problems(order), *self._rail.problems(wire)]
        if opening.settles_on < order.effective_on:
            problems.append(f"it is to be paid on {order.effective_on} and not before; send it then")
        if at < self._opened(opening):
            problems.append(f"the bank takes wires again from {self._opened(opening).isoformat()}; send it then")
        refuse(problems, order.attempt_id)
        made = self._rail.render(wire, WireSlot(at, self._message_id(at, "transfer", order.attempt_id)))
        return _outbound(made, _changes(order))

    def question(self, order: RailOrder, created_at: datetime, at: datetime) -> OutboundMessage:
        """The question what became of the wire (pacs.028), asked now; each asking has an id of its own."""
        asked = WireSlot(aware(at), self._message_id(aware(at), "question", order.attempt_id))
        return _outbound(self._rail.render_question(self._sent(order, created_at), order.receiver_routing, asked))

    def recall(self, order: RailOrder, created_at: datetime, at: datetime, reason: str = "CUST") -> OutboundMessage:
        """The request to send the wire back (camt.056). A wire is final: this only asks."""
        asked = RecallOrder(
            attempt_id=order.attempt_id,
            original=self._sent(order, created_at),
            amount=order.amount,
            settled_on=cutoffs.next_opening(self.schedule, aware(created_at)).settles_on,
            sent_to=order.receiver_routing,
            reason=reason,
        )
        slot = WireSlot(aware(at), self._message_id(aware(at), "recall", order.attempt_id))
        return _outbound(self._rail.render_recall(asked, slot))

    def asking(self, created_at: datetime, at: datetime) -> Literal["early", "now", "late"]:
        """Whether the bank is asked now: not before it has had its time."""
        return "early" if at < created_at + timedelta(seconds=self.asks_after_seconds) else "now"

    def read(self, content: bytes, *, is_answer: bool = True) -> Heard:
        """The event that a message from the bank is. A refusal is Fedwire's own word, whenever it comes."""
        reading = read_message(content)
        fact = reading.fact
        if fact is None:
            return Heard(None, None, reading.faults)
        event = _event(fact)
        imad = next((one for one in (fact.clearing_reference, fact.original_message_id) if fields.IMAD.match(one)), "")
        omad = fact.message_id if fields.IMAD.match(fact.message_id) else ""
        is_told = event is not None and event.name == "settled"
        return Heard(
            message=None,
            event=event,
            faults=(),
            about_message_id=fact.original_message_id,
            about_uetr=fact.uetr,
            message_id=fact.message_id,
            imad=imad if is_told else "",
            omad=omad if is_told else "",
            settled_on=fact.settles_on if event is not None and event.name in ("settled", "returned") else None,
        )

    def is_about(self, heard: Heard, order: RailOrder, created_at: datetime, question_id: str = "") -> bool:
        """Whether a message speaks of this order's wire: by its message, or where that is not named its UETR.

        The refusal of our question (`question_id`) speaks of the wire only where it says that nothing is known of it.
        """
        if heard.event is None:
            return False
        if heard.about_uetr != self.uetr_of(order):
            return False
        if not heard.about_message_id or heard.event.name in ("recall", "returned"):
            return True
        return heard.about_message_id in (
            self._message_id(aware(created_at), "transfer", order.attempt_id),
            question_id,
        )

    def uetr_of(self, order: RailOrder) -> str:
        """The reference under which all banks of the way know the wire."""
        return uetr_of_attempt(order.attempt_id)

    def ask_problems(self, ask: FundingAsk) -> tuple[str, ...]:
        """Why this payer cannot be asked for a wire, every reason with its mending."""
        found = [] if self.drawdown_schedule else ["the bank takes no drawdown requests of us; agree it with the bank"]
        if ask.payer_address is None:
            found.append(
                "no postal address is known of the payer; a drawdown request names its town and country: "
                "say it with `headgate parties set-address`"
            )
        return (*found, *self._rail.drawdown_problems(self._drawdown(ask)))

    def asks_at(self, ask: FundingAsk, at: datetime) -> datetime:
        """In the window of the day on which it is wanted, or the first after it."""
        schedule = self.drawdown_schedule or self.schedule
        return max(at, self._opened(cutoffs.next_opening(schedule, at, from_day=ask.wanted_on), schedule))

    def ask(self, ask: FundingAsk, created_at: datetime) -> OutboundMessage:
        """The drawdown request (pain.013). Raises CannotWrite with every problem."""
        at = aware(created_at)
        refuse(self.ask_problems(ask), ask.ask_id)
        return _outbound(self._rail.render_drawdown(self._drawdown(ask), self._ask_slot(ask, at)))

    def ask_question(self, ask: FundingAsk, created_at: datetime, at: datetime) -> OutboundMessage:
        """The question what became of the request (pacs.028)."""
        sent = self._rail.render_drawdown(self._drawdown(ask), self._ask_slot(ask, aware(created_at)))
        slot = WireSlot(aware(at), self._message_id(aware(at), "question", ask.ask_id))
        return _outbound(self._rail.render_question(sent, ask.payer_routing, slot))

    def ask_heard(self, content: bytes) -> AskHeard | None:
        """What a pain.014, or the refusal of a question, says of a request."""
        fact = read_message(content).fact
        if fact is None:
            return None
        code = fact.reason or fact.code
        about = (fact.message_id, fact.original_message_id, fact.uetr)
        if fact.kind == "pain.014":
            known = reason_code(fact.reason).reason if fact.event == "rejected" else ""
            return AskHeard(*about, "refused" if fact.event == "rejected" else "accepted", code, known)
        if fact.kind == "pacs.002" and fact.event == "rejected" and reason_code(fact.reason).reason == "not_found":
            return AskHeard(*about, "unheard", code)
        return None

    def incoming(self, content: bytes) -> ProviderSettlement | None:
        """The wire to our account that a message is, final; None where it is none."""
        fact = read_message(content).fact
        if fact is None or fact.event != "received" or fact.amount is None or fact.settles_on is None:
            return None
        if (fact.creditor_account, fact.creditor_routing) != (self.account, self.routing):
            return None
        return ProviderSettlement(
            external_trace_id=fact.message_id,
            reference=fact.uetr,
            individual_id=fact.end_to_end,
            direction="debit",
            amount=fact.amount,
            status="settled",
            return_code="",
            effective_on=fact.settles_on,
        )

    # Helpers, in the order of their call.

    @property
    def _rail(self) -> WireRail:
        return WireRail(self.routing, is_simulated=self.is_simulated)

    def _wire(self, order: RailOrder, settles_on: date) -> WireOrder:
        ours, theirs = self.address, order.receiver_address
        return WireOrder(
            attempt_id=order.attempt_id,
            amount=order.amount,
            debtor=WireParty(_plain(order.company.name), self.account, self.routing, _address(ours)),
            creditor=WireParty(
                _plain(order.receiver_name),
                order.receiver_account,
                order.receiver_routing,
                _address(theirs) if theirs else WireAddress("-"),
            ),
            settles_on=settles_on,
            remittance=_plain(order.addenda or order.description),
            end_to_end=order.individual_id,
            purpose=order.purpose,
        )

    def _opened(self, opening: cutoffs.Opening, schedule: cutoffs.Schedule | None = None) -> datetime:
        zone = (schedule or self.schedule).zone
        if self.opens_day_before_at is None or schedule is not None:
            return cutoffs.instant_of(opening.day, time(0), zone)
        return cutoffs.instant_of(opening.day - timedelta(days=1), self.opens_day_before_at, zone)

    def _drawdown(self, ask: FundingAsk) -> DrawdownOrder:
        payer = WireParty(
            _plain(ask.payer_name),
            ask.payer_account,
            ask.payer_routing,
            _address(ask.payer_address) if ask.payer_address else WireAddress("-"),
        )
        ours = WireParty(_plain(ask.payee_name), self.account, self.routing, _address(self.address))
        return DrawdownOrder(
            ask.ask_id, ask.amount, payer, ours, ask.wanted_on, _plain(ask.remittance), end_to_end=ask.reference
        )

    def _ask_slot(self, ask: FundingAsk, at: datetime) -> WireSlot:
        return WireSlot(at, self._message_id(at, "ask", ask.ask_id))

    def _sent(self, order: RailOrder, created_at: datetime) -> WireMessage:
        at = aware(created_at)
        wire = self._wire(order, cutoffs.next_opening(self.schedule, at).settles_on)
        return self._rail.render(wire, WireSlot(at, self._message_id(at, "transfer", order.attempt_id)))

    def _message_id(self, at: datetime, *parts: str) -> str:
        """The day in Eastern time, our bank, and what the parts come to: 35 letters and digits, never in the form of an IMAD."""
        stamp = at.astimezone(EASTERN)
        said = "\x1f".join(("headgate", "wire", self.routing, stamp.isoformat(timespec="microseconds"), *parts))
        number = int.from_bytes(hashlib.sha256(said.encode()).digest(), "big")
        return f"{stamp:%Y%m%d}{self.routing}" + "".join(_ALPHABET[number >> 5 * place & 31] for place in range(18))


def _event(fact: WireFact) -> Event | None:
    if fact.kind == "pacs.002":
        code = fact.reason or fact.code
        if fact.event == "rejected":
            asked = fact.original_kind.startswith("pacs.028")
            # A refusal of the question says nothing of the wire.
            name = _REFUSALS.get(reason_code(fact.reason).reason, "silence" if asked else "rejected")
            return Event(name, fact.message_id, code)
        return Event("settled" if fact.event == "settled" else "accepted", fact.message_id, code)
    if fact.kind == "pacs.004":
        return Event("returned", fact.message_id, fact.reason, fact.amount)
    if fact.event in _RECALLS:
        return Event("recall", fact.message_id, fact.code, recall=_RECALLS[fact.event])
    return None


def _outbound(made: WireMessage, changes: tuple[Change, ...] = ()) -> OutboundMessage:
    return OutboundMessage(made.content, made.sha256, made.message_id, made.uetr, changes)


def _order_problems(order: RailOrder) -> list[str]:
    """What is wrong with an order that its message would not show."""
    found = []
    if order.direction != "credit":
        found.append("a wire only pays out; ask for money by a drawdown request, or over ACH")
    if order.receiver_address is None:
        found.append(
            "no postal address is known of the creditor; a wire names its town and country: "
            "say it with `headgate parties set-address`"
        )
    return found


def _address(address: Address) -> WireAddress:
    return WireAddress(
        town=_plain(address.town),
        country=address.country,
        street=_plain(address.street or ""),
        building=_plain(address.building or ""),
        post_code=_plain(address.post_code or ""),
        state=_plain(address.state or ""),
    )


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
    """A text as Fedwire carries it: printable ASCII stays as it is, other letters lose their marks."""
    return text if text.isascii() and text.isprintable() else transliterate(text) or text
