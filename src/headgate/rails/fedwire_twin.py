"""The other side of Fedwire, simulated: a message in, messages out, each with the instant at which it comes.

    twin = FedwireTwin(seed=7)
    twin.take(content, at) -> (Delivery, …)      twin.settlements(on) -> (Movement, …)      twin.wire_in(amount, …)

Deterministic, as `instant_twin` is, whose words (`instant_scripts`) and noise it shares: the payee's account says what
becomes of a wire, the payer's what becomes of a drawdown request. Fedwire's day ends at 19:00 Eastern, and it
takes wires of the day that is open alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final, Literal

from headgate.core.money import Money
from headgate.rails.ach.calendar import banking_day_on_or_after, is_banking_day
from headgate.rails.instant_scripts import Script, script_of
from headgate.rails.iso20022.networks import EASTERN
from headgate.rails.network_twin import Delivery, Movement, Noise, Unreadable, through_noise
from headgate.rails.wire import answering
from headgate.rails.wire.model import Address, WireParty, uetr
from headgate.rails.wire.reading import WireFact, read_message

DAY_ENDS: Final = time(19)
_POSTED_SECONDS: Final = 3600
_RECALL_SECONDS: Final = 120
_PAYS_AFTER_SECONDS: Final = 60
_RECALLS: Final[Mapping[str, str]] = {"IPAY": "CNCL", "PECR": "CNCL", "RJCR": "RJCR", "PDCR": "PDCR"}
_SPRINGFIELD: Final = Address("Springfield", street="Main Street", building="1", post_code="62701", state="IL")


@dataclass(slots=True)
class _Taken:
    """A wire that Fedwire has."""

    fact: WireFact
    script: Script
    status: str
    reason: str
    imad: str
    asks: int = 0
    is_returned: bool = False


class FedwireTwin:
    """Fedwire with every bank on it but ours. Not for several threads at once."""

    name = "wire"

    def __init__(self, *, seed: int = 0, noise: Noise | None = None) -> None:
        self._seed = seed
        self._noise = noise or Noise()
        self._taken: dict[str, _Taken] = {}
        self._asked: dict[str, tuple[WireFact, str, str]] = {}
        self._moved: list[Movement] = []
        self._numbers: dict[tuple[date, str], int] = {}
        self._answers: Mapping[str, Callable[[WireFact, datetime], list[Delivery]]] = {
            "pacs.008": self._pay,
            "pacs.028": self._tell,
            "camt.056": self._recall,
            "pain.013": self._asked_to_pay,
        }

    def opened(self, content: bytes) -> tuple[str, datetime]:
        """What kind of message it is, and the instant at which it was made. Raises Unreadable."""
        reading = read_message(content)
        if reading.fact is None:
            raise Unreadable("; ".join(f"{fault.path} {fault.message}" for fault in reading.faults))
        return reading.fact.kind, reading.fact.created_at

    def take(self, content: bytes, at: datetime) -> tuple[Delivery, ...]:
        """What Fedwire sends back for a message, in the order of its coming. Bytes it cannot read get no answer."""
        fact = read_message(content).fact
        if fact is None or fact.kind not in self._answers:
            return ()
        sent = self._answers[fact.kind](fact, at)
        return tuple(sorted(through_noise(self._seed, self._noise, fact.message_id, sent), key=lambda one: one.at))

    def settlements(self, on: date) -> tuple[Movement, ...]:
        """What moved on a day of Fedwire, in order."""
        return tuple(movement for movement in self._moved if movement.on == on)

    def settled_count(self, reference: str) -> int:
        """How often wires of ours under one UETR settled: what a test asks, and no real network tells."""
        return sum(
            one.reference == reference and one.direction == "credit" and one.status == "settled" for one in self._moved
        )

    def wire_in(
        self, amount: Money, *, text: str, at: datetime, routing: str, account: str, end_to_end: str = "NOTPROVIDED"
    ) -> Delivery:
        """A wire comes in to us, as somebody's bank sends it."""
        payer = WireParty("Client", "778899", "021000021", _SPRINGFIELD)
        key = hashlib.sha256(f"{self._seed}:{text}:{at.isoformat()}:{len(self._moved)}".encode()).hexdigest()
        return self._pay_us(
            payer, WireParty("Us", account, routing, _SPRINGFIELD), amount, uetr(key), end_to_end, at, text
        )

    # A wire that we send.

    def _pay(self, fact: WireFact, at: datetime) -> list[Delivery]:
        script = script_of(fact.creditor_account)
        if script.is_lost:
            return []
        if fact.message_id in self._taken:
            return [self._status(fact, "RJCT", at, reason="DUPL")]
        taken = _Taken(fact, script, "RJCT", script.reason, self._number(at, "B1QDRCQR"))
        self._taken[fact.message_id] = taken
        if fact.settles_on != business_day(at):
            taken.reason = "DT01"  # No wire of another day than the one that is open.
        elif not script.reason:
            taken.status = "PDNG" if script.is_unposted else "ACSC"
            if taken.status == "ACSC":
                self._move(fact, at, "credit", "settled")
        if script.is_silent:
            return self._afterwards(taken, at)
        then = at + timedelta(seconds=script.delay_seconds)
        if script.is_known:
            return [self._status(fact, "RJCT", then, reason="DUPL"), *self._afterwards(taken, at)]
        answers = [self._told(taken, then)] * script.copies
        if script.is_swapped:
            # The first, technical acceptance comes after the settlement that followed it.
            early = self._status(fact, "ACTC", then + timedelta(seconds=2))
            answers.append(replace(early, is_answer=False))
        return [*answers, *self._afterwards(taken, at)]

    def _afterwards(self, taken: _Taken, at: datetime) -> list[Delivery]:
        """What follows by itself: a wire that was held settles, one that cannot be applied is sent back."""
        script, found = taken.script, []
        if taken.status == "PDNG":
            at = at + timedelta(seconds=_POSTED_SECONDS)
            taken.status = "ACSC"
            self._move(taken.fact, at, "credit", "settled")
            found.append(replace(self._told(taken, at), is_answer=False))
        if taken.status == "ACSC" and script.return_reason:
            found += self._send_back(taken, script.return_reason, at + timedelta(seconds=script.return_after_seconds))
        return found

    def _send_back(self, taken: _Taken, reason: str, at: datetime) -> list[Delivery]:
        if taken.is_returned or taken.status != "ACSC":
            return []
        taken.is_returned = True
        assert taken.fact.amount is not None, "a wire that was read has its amount"
        amount = Money(max(1, taken.fact.amount.minor // taken.script.return_share), taken.fact.amount.currency)
        message_id, on = self._number(at, "THEIRS01"), business_day(at)
        back = answering.payment_return(
            taken.fact, amount, message_id=message_id, at=at, on=on.isoformat(), reason=reason
        )
        self._move(taken.fact, at, "credit", "returned", amount=amount, code=reason, trace=message_id)
        return [Delivery(at, back, "pacs.004", is_answer=False)]

    # Questions and requests.

    def _tell(self, asked: WireFact, at: datetime) -> list[Delivery]:
        """What became of a wire: Fedwire's own word, whatever followed it."""
        if asked.original_message_id in self._asked:
            request, code, reason = self._asked[asked.original_message_id]
            return [self._said_of_request(request, code, at, reason)]
        taken = self._taken.get(asked.original_message_id)
        if taken is None:
            return [self._status(asked, "RJCT", at, reason="NOOR")]
        taken.asks += 1
        if taken.asks <= taken.script.open_asks:
            return [self._status(asked, "PDNG", at, about=taken.fact)]
        return [self._told(taken, at, asked=asked)]

    def _recall(self, asked: WireFact, at: datetime) -> list[Delivery]:
        """The other bank's answer, some minutes later, and the money where its customer says yes."""
        taken = self._taken.get(asked.original_message_id)
        answers = ("RJCR",) if taken is None or taken.status != "ACSC" or taken.is_returned else taken.script.recall
        found: list[Delivery] = []
        for number, answer in enumerate(answers, start=1):
            then = at + timedelta(seconds=_RECALL_SECONDS * number)
            reason = ("NOOR" if taken is None else "CUST") if answer == "RJCR" else ""
            said = answering.recall_answer(
                asked, _RECALLS[answer], message_id=self._number(then, "THEIRS01"), at=then, reason=reason
            )
            found.append(Delivery(then, said, "camt.029", is_answer=False))
            if answer == "IPAY" and taken is not None:
                found += self._send_back(taken, "FOCR", then + timedelta(seconds=_RECALL_SECONDS))
        return found

    def _asked_to_pay(self, asked: WireFact, at: datetime) -> list[Delivery]:
        """A payer is asked for money: its bank pays, later where it is slow, refuses, or says nothing."""
        script = script_of(asked.debtor_account)
        if script.is_lost:
            return []
        if asked.message_id in self._asked:
            request, code, reason = self._asked[asked.message_id]
            return [self._said_of_request(request, code, at, reason)]
        code, reason = ("RJCT", script.reason) if script.reason else ("ACTC", "")
        self._asked[asked.message_id] = (asked, code, reason)
        then = at + timedelta(seconds=script.delay_seconds)
        found = [] if script.is_silent else [self._said_of_request(asked, code, then, reason)] * script.copies
        if code == "RJCT":
            return found
        assert asked.amount is not None, "a request that was read has its amount"
        amount = Money(max(1, asked.amount.minor // script.return_share), asked.amount.currency)
        payer = WireParty(asked.debtor, asked.debtor_account, asked.debtor_routing, _SPRINGFIELD)
        payee = WireParty(asked.creditor, asked.creditor_account, asked.creditor_routing, _SPRINGFIELD)
        # Who is slow to post is slow to pay: an hour.
        wait = _POSTED_SECONDS if script.is_unposted else _PAYS_AFTER_SECONDS
        paid = self._pay_us(
            payer,
            payee,
            amount,
            asked.uetr,
            asked.end_to_end,
            then + timedelta(seconds=wait),
            asked.text,
            is_drawdown=True,
        )
        return [*found, *[paid] * script.copies]

    def _pay_us(
        self,
        payer: WireParty,
        payee: WireParty,
        amount: Money,
        reference: str,
        end_to_end: str,
        at: datetime,
        text: str,
        *,
        is_drawdown: bool = False,
    ) -> Delivery:
        message_id = self._number(at, "THEIRS01")
        on = business_day(at)
        content = answering.wire_in(
            payer, payee, amount, message_id=message_id, at=at, on=on.isoformat(), uetr=reference, end_to_end=end_to_end,
            is_drawdown=is_drawdown, text=text,
        )  # fmt: skip
        fact = read_message(content).fact
        assert fact is not None, "what we write is read"
        self._move(fact, at, "debit", "settled")
        return Delivery(at, content, "pacs.008", is_answer=False)

    # What every answer is made of.

    def _told(self, taken: _Taken, at: datetime, *, asked: WireFact | None = None) -> Delivery:
        imad = taken.imad if taken.status == "ACSC" else ""
        about = taken.fact if asked else None
        return self._status(asked or taken.fact, taken.status, at, reason=taken.reason, imad=imad, about=about)

    def _status(
        self,
        asked: WireFact,
        code: str,
        at: datetime,
        *,
        reason: str = "",
        imad: str = "",
        about: WireFact | None = None,
    ) -> Delivery:
        settled = code == "ACSC"
        message_id = self._omad(about or asked, at) if settled else self._number(at, "QMGFNP31", prefix="FDW")
        said = answering.status(
            asked, code, message_id=message_id, at=at, sender=(about or asked).debtor_routing,
            reason=reason if code == "RJCT" else "", imad=imad, about=about,
        )  # fmt: skip
        return Delivery(at, said, "pacs.002")

    def _said_of_request(self, asked: WireFact, code: str, at: datetime, reason: str) -> Delivery:
        digest = hashlib.sha256(f"{asked.message_id}:{code}".encode()).hexdigest()[:24].upper()
        said = answering.request_answer(asked, code, message_id=f"P14{digest}", at=at, reason=reason)
        return Delivery(at, said, "pain.014")

    def _omad(self, fact: WireFact, at: datetime) -> str:
        """The same for a wire, however often it is asked about."""
        digest = int.from_bytes(hashlib.sha256(fact.message_id.encode()).digest()[:8], "big")
        day = fact.settles_on or business_day(at)
        return f"{day:%Y%m%d}QMGFNP31{digest % 10**6:06d}"

    def _number(self, at: datetime, whose: str, *, prefix: str = "") -> str:
        """The next number of a connection's day, as Fedwire gives them out."""
        day = business_day(at)
        self._numbers[day, prefix + whose] = number = self._numbers.get((day, prefix + whose), 0) + 1
        return f"{prefix}{day:%Y%m%d}{whose}{number:06d}"

    def _move(
        self,
        fact: WireFact,
        at: datetime,
        direction: Literal["credit", "debit"],
        status: Literal["settled", "returned"],
        *,
        amount: Money | None = None,
        code: str = "",
        trace: str = "",
    ) -> None:
        assert fact.amount is not None, "a wire that was read has its amount"
        self._moved.append(
            Movement(
                external_trace_id=trace or fact.message_id,
                reference=fact.uetr,
                end_to_end_id=fact.end_to_end,
                direction=direction,
                amount=amount or fact.amount,
                status=status,
                return_code=code,
                on=business_day(at),
            )
        )


def business_day(at: datetime) -> date:
    """Fedwire's day at an instant: from 19:00 Eastern on it is the next; what is no banking day belongs to the one after."""
    local = at.astimezone(EASTERN)
    day = local.date() + timedelta(days=1 if local.time() >= DAY_ENDS else 0)
    return day if is_banking_day(day) else banking_day_on_or_after(day)
