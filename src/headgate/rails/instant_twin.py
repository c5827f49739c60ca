"""The other side of FedNow and RTP, simulated: a message in, messages out, each with the instant at which it comes.

    twin = InstantTwin(FEDNOW, seed=7)
    twin.take(content, at) -> (Delivery, …)         twin.settlements(on) -> (Movement, …)

Deterministic and without a clock or a network: the same seed, messages and instants give the same bytes. It judges a
message as the network does and refuses what breaks a rule; what it does with a sound one is said by the payee's account
(`instant_scripts`), and by the noise of the seed: answers lost, late, twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal

from headgate.core.money import Money
from headgate.rails.instant_scripts import Script, script_of
from headgate.rails.iso20022 import Message, Network, build, encode, read_document
from headgate.rails.iso20022 import build_requests as requests
from headgate.rails.iso20022.build import Payment, Side
from headgate.rails.iso20022.identifiers import instruction_id, message_id, uetr
from headgate.rails.iso20022.originals import original_of
from headgate.rails.network_twin import Delivery, Movement, Noise, Unreadable, through_noise

__all__ = ["Delivery", "InstantTwin", "Movement", "Noise"]

_POSTED_SECONDS = 3600
_RECALL_SECONDS = 120


@dataclass(slots=True)
class _Taken:
    """A payment that the network has."""

    message: Message
    script: Script
    status: str
    reason: str
    asks: int = 0
    is_returned: bool = False


class InstantTwin:
    """One network with everyone on it but us. Not for several threads at once."""

    def __init__(self, network: Network, *, seed: int = 0, noise: Noise | None = None) -> None:
        self.network = network
        self._seed = seed
        self._noise = noise or Noise()
        self._taken: dict[str, _Taken] = {}
        self._seen: set[str] = set()
        self._requests: dict[str, tuple[Message, str, str]] = {}
        self._moved: list[Movement] = []
        self._sender = ""
        self._answers: Mapping[str, Callable[[Message, datetime], list[Delivery]]] = {
            "pacs.008": self._pay,
            "pacs.028": self._tell,
            "camt.056": self._recall,
            "pain.013": self._asked_to_pay,
        }

    @property
    def name(self) -> str:
        return self.network.name

    def opened(self, content: bytes) -> tuple[str, datetime]:
        """What kind of message it is, and the instant at which it was made. Raises Unreadable."""
        read = read_document(content, network=self.network)
        if read.message is None:
            raise Unreadable(f"{read.faults[0].rule} {read.faults[0].message}")
        body = read.message.body
        try:
            at = self.network.read_instant(body.at("GrpHdr/CreDtTm") or body.at("Assgnmt/CreDtTm"))
        except ValueError:
            raise Unreadable("the instant of its creation cannot be read; write it as the network does") from None
        return read.message.kind, at

    def take(self, content: bytes, at: datetime) -> tuple[Delivery, ...]:
        """What the network sends back for a message, in the order of its coming. Bytes it cannot read get no answer."""
        read = read_document(content, network=self.network)
        message = read.message
        if message is None or message.kind not in self._answers:
            return ()
        sender = message.header.at("Fr/FIId/FinInstnId/ClrSysMmbId/MmbId") if message.header else ""
        self._sender = sender or "000000000"
        broken = next((fault for fault in read.faults if fault.level == "E"), None)
        try:
            if broken is not None and (broken.rule[0] != "B" or not _names_members(message)):
                return (self._send(build.message_reject(self.network, message, broken.rule, at=at), at),)
            if broken is not None:
                return tuple(self._refuse(message, "FF02", at))
            if message.kind != "pacs.028" and message.id in self._seen:
                return tuple(self._refuse(message, "DUPL", at))
            sent = self._answers[message.kind](message, at)
        except build.Lacking:
            return (self._send(build.message_reject(self.network, message, "S-02", at=at), at),)
        return tuple(sorted(through_noise(self._seed, self._noise, message.id, sent), key=lambda one: one.at))

    def settlements(self, on: date) -> tuple[Movement, ...]:
        """What moved on a day of the network, in order."""
        return tuple(movement for movement in self._moved if movement.on == on)

    def settled_count(self, reference: str) -> int:
        """How often payments of ours under one UETR settled: what a test asks, and no real network tells."""
        return sum(
            movement.reference == reference and movement.direction == "credit" and movement.status == "settled"
            for movement in self._moved
        )

    # A payment that comes in from us.

    def _pay(self, message: Message, at: datetime) -> list[Delivery]:
        paid = message.body.find("CdtTrfTxInf")
        assert paid is not None, "a sound transfer has its transaction"
        script = script_of(paid.at("CdtrAcct/Id/Othr/Id"))
        if script.is_lost:
            return []
        self._seen.add(message.id)
        taken = _Taken(message, script, "RJCT", script.reason)
        self._taken[message.id] = taken
        created = self.network.read_instant(message.body.at("GrpHdr/CreDtTm"))
        if at - created > timedelta(seconds=self.network.answer_seconds):
            taken.reason = "E997" if self.network.has_returns else "TM01"
        elif not script.reason:
            taken.status = "ACWP" if script.is_unposted else "ACSC" if self.network.has_returns else "ACTC"
            self._move(message, at, "credit", "settled")
        if script.is_silent:
            return self._afterwards(taken, at)
        then = at + timedelta(seconds=script.delay_seconds)
        said = ("RJCT", "DUPL") if script.is_known else (taken.status, taken.reason)
        answers = [self._report(taken, *said, then, number=1)] * script.copies
        if script.is_swapped:
            # The first, technical acceptance comes after the settlement that followed it.
            early = self._report(taken, "ACTC", "", then, number=9)
            answers.append(replace(early, at=then + timedelta(seconds=2), is_answer=False))
        return [*answers, *self._afterwards(taken, at)]

    def _afterwards(self, taken: _Taken, at: datetime) -> list[Delivery]:
        """What follows a settled payment by itself."""
        if taken.status == "RJCT":
            return []
        found: list[Delivery] = []
        script = taken.script
        then = at + timedelta(seconds=_POSTED_SECONDS)
        if script.turned_reason:
            found.append(replace(self._report(taken, "RJCT", script.turned_reason, then, number=2), is_answer=False))
        elif script.is_unposted and "ACCC" in self.network.statuses:
            found.append(replace(self._report(taken, "ACCC", "", then, number=2), is_answer=False))
        if script.return_reason:
            found += self._give_back(taken, script.return_reason, at + timedelta(seconds=script.return_after_seconds))
        return found

    def _give_back(self, taken: _Taken, reason: str, at: datetime) -> list[Delivery]:
        """A settled payment comes back: as a return, or where the network has none as a payment of its own."""
        if taken.is_returned or taken.status == "RJCT":
            return []
        taken.is_returned = True
        sent = taken.message.body.money("CdtTrfTxInf/IntrBkSttlmAmt")
        assert sent is not None, "a sound transfer has its amount"
        amount = Money(max(1, sent.minor // taken.script.return_share), sent.currency)
        if not self.network.has_returns:
            return [self._pay_us(_reversed(taken.message, amount, at))]
        back = build.payment_return(self.network, taken.message, at=at, reason=reason, amount=amount)
        self._move(taken.message, at, "credit", "returned", amount=amount, code=reason, trace=back.id)
        return [self._send(back, at, is_answer=False)]

    # Questions and requests.

    def _tell(self, message: Message, at: datetime) -> list[Delivery]:
        """What became of a payment: the network's own word, whatever followed it."""
        if original_of(message).message_id in self._requests:
            asked, status, reason = self._requests[original_of(message).message_id]
            return [self._send(requests.request_answer(self.network, asked, status, at=at, reason=reason), at)]
        taken = self._taken.get(original_of(message).message_id)
        if taken is None:
            return [self._answer(message, "RJCT", self.network.not_found, at)]
        taken.asks += 1
        if taken.asks <= taken.script.open_asks:
            return [self._answer(message, "RJCT", "E411", at)]
        return [self._answer(message, taken.status, taken.reason, at)]

    def _recall(self, message: Message, at: datetime) -> list[Delivery]:
        """The other bank's answer to the request to give back, some minutes later, and the money where it says yes."""
        self._seen.add(message.id)
        taken = self._taken.get(original_of(message).message_id)
        answers = ("RJCR",) if taken is None or taken.status == "RJCT" else taken.script.recall
        if taken is not None and taken.is_returned:
            answers = ("RJCR",)
        found: list[Delivery] = []
        known = [answer for answer in answers if answer in self.network.recall_answers]
        for number, answer in enumerate(known, start=1):
            then = at + timedelta(seconds=_RECALL_SECONDS * number)
            reason = ("NOOR" if taken is None else "CUST") if answer == "RJCR" else ""
            said = build.recall_answer(self.network, message, answer, at=then, reason=reason)
            found.append(self._send(said, then, is_answer=False))
            if answer == "IPAY":
                assert taken is not None, "only a payment that is known is promised back"
                found += self._give_back(taken, "FOCR", then + timedelta(seconds=_RECALL_SECONDS))
        return found

    def _asked_to_pay(self, message: Message, at: datetime) -> list[Delivery]:
        """A payer is asked for money: it pays at once, refuses, or says nothing."""
        script = script_of(message.body.at("PmtInf/DbtrAcct/Id/Othr/Id"))
        if script.is_lost:
            return []
        self._seen.add(message.id)
        then = at + timedelta(seconds=script.delay_seconds)
        status = "RJCT" if script.reason else self.network.request_accepted
        self._requests[message.id] = (message, status, script.reason)
        if script.is_silent:
            return []
        if script.reason:
            said = requests.request_answer(self.network, message, "RJCT", at=then, reason=script.reason)
            return [self._send(said, then)]
        said = requests.request_answer(self.network, message, self.network.request_accepted, at=then)
        paid = self._pay_us(_as_payment(self.network, message, then + timedelta(seconds=1)))
        return [self._send(said, then), paid]

    def _pay_us(self, payment: Payment) -> Delivery:
        """A payment that comes in to us."""
        at = payment.created_at
        made = replace(
            payment,
            message_id=message_id(self.network, payment.debtor.routing, at, "in", payment.end_to_end_id),
            instruction_id=instruction_id(self.network, payment.debtor.routing, at, payment.end_to_end_id),
            uetr=uetr(self.network, f"in:{payment.uetr}"),
        )
        message = build.transfer(self.network, made)
        self._move(message, at, "debit", "settled")
        return self._send(message, at, is_answer=False)

    # What every answer is made of.

    def _send(self, message: Message, at: datetime, *, is_answer: bool = True) -> Delivery:
        return Delivery(at, encode(build.delivered(self.network, message, self._sender)), message.kind, is_answer)

    def _refuse(self, message: Message, reason: str, at: datetime) -> list[Delivery]:
        """The network's refusal of a payment that breaks a rule or came before; other messages get no answer."""
        return [self._answer(message, "RJCT", reason, at)] if message.kind == "pacs.008" else []

    def _report(self, taken: _Taken, status: str, reason: str, at: datetime, *, number: int) -> Delivery:
        return self._answer(taken.message, status, reason, at, number=number)

    def _answer(self, message: Message, status: str, reason: str, at: datetime, *, number: int = 1) -> Delivery:
        inside = "TxInf" if message.kind == "pacs.028" else "CdtTrfTxInf"
        sender = build.agent(message.body, inside, "InstdAgt")
        said = build.status_report(
            self.network,
            message,
            status,
            sender=sender,
            at=at,
            reason=reason if status == "RJCT" else "",
            number=number,
        )
        return self._send(said, at)

    def _move(
        self,
        message: Message,
        at: datetime,
        direction: Literal["credit", "debit"],
        status: Literal["settled", "returned"],
        *,
        amount: Money | None = None,
        code: str = "",
        trace: str = "",
    ) -> None:
        paid = message.body.find("CdtTrfTxInf")
        assert paid is not None, "a sound transfer has its transaction"
        whole = paid.money("IntrBkSttlmAmt")
        assert whole is not None, "a sound transfer has its amount"
        self._moved.append(
            Movement(
                external_trace_id=trace or message.id,
                reference=paid.at("PmtId/UETR"),
                end_to_end_id=paid.at("PmtId/EndToEndId"),
                direction=direction,
                amount=amount or whole,
                status=status,
                return_code=code,
                on=self.network.settlement_day(at),
            )
        )


def _names_members(message: Message) -> bool:
    """Whether the banks between whom a message goes are named by nine digits, so that a report can name them too."""
    inside = "TxInf" if message.kind == "pacs.028" else "CdtTrfTxInf"
    if message.kind not in ("pacs.008", "pacs.028"):
        return True
    members = [build.agent(message.body, inside, which) for which in ("InstgAgt", "InstdAgt")]
    return all(len(member) == 9 and member.isdigit() for member in members)


def _as_payment(network: Network, request: Message, at: datetime) -> Payment:
    """The payment that a request for payment asks for."""
    inside, paid = "PmtInf", "PmtInf/CdtTrfTx"
    body = request.body
    amount = body.money(f"{paid}/Amt/InstdAmt")
    if amount is None:
        raise build.Lacking(f"{paid}/Amt/InstdAmt")
    return Payment(
        message_id="",
        created_at=at,
        instruction_id="",
        end_to_end_id=body.at(f"{paid}/PmtId/EndToEndId"),
        uetr=body.at(f"{paid}/PmtId/UETR"),
        amount=amount,
        debtor=_side(request, inside, "Dbtr"),
        creditor=_side(request, paid, "Cdtr"),
        category_purpose=body.at(f"{paid}/PmtTpInf/CtgyPurp/Prtry") or network.category_purposes[0],
        remittance=body.at(f"{paid}/RmtInf/Ustrd") or None,
    )


def _reversed(message: Message, amount: Money, at: datetime) -> Payment:
    """A payment the other way round."""
    inside, body = "CdtTrfTxInf", message.body
    return Payment(
        message_id="",
        created_at=at,
        instruction_id="",
        end_to_end_id=body.at(f"{inside}/PmtId/EndToEndId"),
        uetr=body.at(f"{inside}/PmtId/UETR"),
        amount=amount,
        debtor=_side(message, inside, "Cdtr"),
        creditor=_side(message, inside, "Dbtr"),
        category_purpose=body.at(f"{inside}/PmtTpInf/CtgyPurp/Prtry"),
    )


def _side(message: Message, path: str, name: str) -> Side:
    body = message.body
    return Side(
        name=build.named(body, f"{path}/{name}/Nm"),
        account=build.named(body, f"{path}/{name}Acct/Id/Othr/Id"),
        routing=build.named(body, f"{path}/{name}Agt/FinInstnId/ClrSysMmbId/MmbId"),
        address=build.Address("Springfield", street="Main Street", building="1", post_code="62701", state="IL"),
    )
