"""FedNow, RTP or Fedwire over HTTP: a gateway that takes one message and answers with one, as the simulator does.

    POST {url}/messages            a message in, the first answer out; no answer in time is `outcome_unknown`
    GET  {url}/messages?after=7    what came in the meantime: late answers, returns, payments to us
    GET  {url}/settlements?on=…    what settled on a day

All calls go through `core.egress`. Whatever is not a readable answer about this very payment (silence, an error status, an
answer about another) is `outcome_unknown`: it is asked about, once the network's clock has run out, and never sent again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, cast

from headgate.core.egress import AnswerTooLarge, Client, EgressFailed
from headgate.core.money import Money
from headgate.rails.contract import (
    AskAnswer,
    Direction,
    FundingAsk,
    InboxMessage,
    OrderNames,
    Outcome,
    ProviderAnswer,
    ProviderSettlement,
    RailOrder,
)
from headgate.rails.errors import ProviderAnswerUnread
from headgate.rails.iso20022 import reason_code
from headgate.rails.messages import Heard, MessageRail, OutboundMessage

_XML: Final = {"Content-Type": "application/xml", "Accept": "application/xml"}
_OUTCOMES: Final[Mapping[str, Outcome]] = {
    "accepted": "accepted",
    "settled": "settled",
    "rejected": "rejected",
    "returned": "returned",
    "duplicate": "outcome_unknown",
    "still_open": "outcome_unknown",
    "silence": "outcome_unknown",
    "not_found": "unheard",
}
_RECALLS: Final[Mapping[str, Outcome]] = {
    "promised": "recall_promised",
    "refused": "recall_refused",
    "pending": "recall_pending",
    "asked": "recall_pending",
}
_TOLD: Final[Mapping[str, str]] = {
    "accepted": "the other bank accepted it; it is not settled yet",
    "settled": "it is settled, with finality",
    "returned": "the other bank gave it back",
    "duplicate": "the network has this message already: it was sent before, and is asked about",
    "still_open": "the network is still at it; ask again later",
    "silence": "no answer tells what became of it; ask later",
    "not_found": "the network never heard of it; ask once more before believing it",
}


@dataclass(frozen=True, slots=True)
class InstantMessage(InboxMessage):
    """One message from the network, as it was read; read on from it with `inbox(after=number)`."""

    heard: Heard = field(repr=False)


@dataclass(frozen=True, slots=True)
class InstantProvider:
    """A provider (`rails.contract.Provider`) over HTTP. The client's time-out is how long an answer is waited for.

    `authorization` is sent with every call where it is given.
    """

    rail: MessageRail
    url: str
    client: Client
    authorization: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        return self.rail.name

    @property
    def is_simulated(self) -> bool:
        return self.rail.is_simulated

    def problems(self, order: RailOrder) -> tuple[str, ...]:
        return self.rail.problems(order)

    def submit(self, order: RailOrder, *, created_at: datetime) -> ProviderAnswer:
        sent = self.rail.transfer(order, created_at)
        return self._said(self._call(sent), order, created_at)

    def get_status(self, order: RailOrder, *, created_at: datetime, at: datetime) -> ProviderAnswer:
        """Before the network's clock has run out, and when it answers no more, nothing is asked: it is unknown still."""
        asking = self.rail.asking(created_at, at)
        if asking == "early":
            wait = self.rail.waits_seconds
            return self._unknown(order, f"it is not asked about within {wait} s of its sending; ask later")
        if asking == "late":
            return self._unknown(
                order, f"{self.rail.title} answers no question as old as this; look in the bank's report"
            )
        question = self.rail.question(order, created_at, at)
        return self._said(self._call(question), order, created_at, question.message_id)

    def cancel(self, order: RailOrder, *, created_at: datetime, at: datetime, reason: str = "CUST") -> ProviderAnswer:
        """An instant payment is final: the other bank is asked to give it back, and may say no, or nothing for days."""
        recall = self.rail.recall(order, created_at, at, reason)
        content = self._call(recall)
        answer = self._said(content, order, created_at, recall.message_id)
        if answer.outcome != "outcome_unknown":
            return answer
        text = "it was asked back; the answer comes as a message of its own"
        return ProviderAnswer("recall_pending", answer.reference, text, evidence=content or b"")

    def reconcile(self, on: date) -> tuple[ProviderSettlement, ...]:
        rows = self._get(f"/settlements?on={on.isoformat()}").get("settlements")
        if not isinstance(rows, list):
            raise ProviderAnswerUnread("the gateway's list of settlements cannot be read; ask its operator")
        return tuple(_settlement(row) for row in rows)

    @property
    def waits_seconds(self) -> int:
        return self.rail.waits_seconds

    def names(self, order: RailOrder, *, created_at: datetime) -> OrderNames:
        """What will name the order's message. Raises CannotWrite with every problem."""
        sent = self.rail.transfer(order, created_at)
        return OrderNames(sent.message_id, sent.uetr)

    def opens_at(self, order: RailOrder, *, at: datetime) -> datetime:
        return self.rail.opens_at(order, at)

    def inbox(self, after: int = 0, *, until: datetime | None = None) -> tuple[InstantMessage, ...]:
        """The messages that came after a number, in their order; the same may come twice.

        `until` moves the clock of a simulator on; a gateway has its own.
        """
        more = f"&until={until.isoformat()}".replace("+", "%2B") if until else ""
        rows = self._get(f"/messages?after={after}{more}").get("messages")
        if not isinstance(rows, list):
            raise ProviderAnswerUnread("the gateway's list of messages cannot be read; ask its operator")
        found = []
        for row in rows:
            try:
                number, content = int(row["number"]), str(row["content"]).encode()
            except (KeyError, TypeError, ValueError, UnicodeError) as error:
                raise ProviderAnswerUnread("a message of the gateway cannot be read; ask its operator") from error
            heard = self.rail.read(content, is_answer=False)
            found.append(
                InstantMessage(number, content, heard.message_id, heard.about_message_id, heard.about_uetr, heard=heard)
            )
        return tuple(found)

    def heard(self, message: InboxMessage, order: RailOrder, *, created_at: datetime) -> ProviderAnswer | None:
        """What a message of the inbox says of this order; None where it is not about it, or says nothing of it."""
        heard = self.rail.read(message.content, is_answer=False)
        if heard.event is None or not self.rail.is_about(heard, order, created_at):
            return None
        return self.answer(heard, message.content, order)

    def ask_problems(self, ask: FundingAsk) -> tuple[str, ...]:
        return self.rail.ask_problems(ask)

    def asks_at(self, ask: FundingAsk, *, at: datetime) -> datetime:
        return self.rail.asks_at(ask, at)

    def ask_names(self, ask: FundingAsk, *, created_at: datetime) -> OrderNames:
        sent = self.rail.ask(ask, created_at)
        return OrderNames(sent.message_id, sent.uetr)

    def request(self, ask: FundingAsk, *, created_at: datetime) -> AskAnswer:
        sent = self.rail.ask(ask, created_at)
        return self._said_of_ask(self._call(sent), sent)

    def request_status(self, ask: FundingAsk, *, created_at: datetime, at: datetime) -> AskAnswer:
        """Before the network's clock has run out nothing is asked: it is unknown still."""
        if at < created_at + timedelta(seconds=self.rail.waits_seconds):
            return AskAnswer("outcome_unknown", f"it is not asked about within {self.rail.waits_seconds} s; ask later")
        question = self.rail.ask_question(ask, created_at, at)
        return self._said_of_ask(self._call(question), self.rail.ask(ask, created_at), question.message_id)

    def request_heard(self, message: InboxMessage, ask: FundingAsk, *, created_at: datetime) -> AskAnswer | None:
        return self._answer_to_ask(message.content, self.rail.ask(ask, created_at))

    def incoming(self, message: InboxMessage) -> ProviderSettlement | None:
        return self.rail.incoming(message.content)

    # Helpers, in the order of their call.

    def _call(self, sent: OutboundMessage) -> bytes | None:
        """The answer to a message; None where none came that could be one, whatever the cause."""
        try:
            answer = self.client.request("POST", f"{self.url}/messages", headers=self._headers(_XML), body=sent.content)
        except (EgressFailed, AnswerTooLarge):
            return None
        return answer.body if answer.status == 200 and answer.body else None

    def _said_of_ask(self, content: bytes | None, sent: OutboundMessage, question_id: str = "") -> AskAnswer:
        if content is None:
            return AskAnswer("outcome_unknown", _TOLD["silence"])
        found = self._answer_to_ask(content, sent, question_id)
        return found or AskAnswer("outcome_unknown", "what came back is no answer to this request", evidence=content)

    def _answer_to_ask(self, content: bytes, sent: OutboundMessage, question_id: str = "") -> AskAnswer | None:
        heard = self.rail.ask_heard(content)
        if heard is None:
            return None
        is_named = heard.about_message_id == sent.message_id or (
            heard.about_message_id == question_id
            and bool(question_id)
            and heard.outcome in ("unheard", "outcome_unknown")
        )
        if not is_named and (heard.about_message_id or heard.about_uetr != sent.uetr):
            return None
        told = {
            "pending": "the payer's bank has the request; the payer has not decided",
            "accepted": "the payer will pay; the money is not here before its own message",
            "refused": f"refused: {reason_code(heard.code).title}",
            "unheard": "the network knows nothing of the request; ask once more before believing it",
            "outcome_unknown": _TOLD["silence"],
        }[heard.outcome]
        return AskAnswer(heard.outcome, told, heard.code, heard.reason, heard.message_id, content)

    def _said(
        self, content: bytes | None, order: RailOrder, created_at: datetime, question_id: str = ""
    ) -> ProviderAnswer:
        if content is None:
            return self._unknown(order, _TOLD["silence"])
        heard = self.rail.read(content)
        if heard.event is None or not self.rail.is_about(heard, order, created_at, question_id):
            return self._unknown(order, "what came back is no answer about this payment; ask later", content)
        return self.answer(heard, content, order)

    def answer(self, heard: Heard, content: bytes, order: RailOrder) -> ProviderAnswer:
        """What a message about an order comes to; the message's event must be there."""
        event = heard.event
        assert event is not None, "a message that is an answer has an event"
        known = reason_code(event.code)
        told = _TOLD.get(event.name) or f"refused: {known.title}"
        outcome: Outcome = _RECALLS[event.recall] if event.recall else _OUTCOMES[event.name]
        if event.recall:
            told = f"the answer to the request to give it back: {event.recall}"
        return ProviderAnswer(
            outcome=outcome,
            reference=self.rail.uetr_of(order),
            message=told,
            code=event.code,
            reason=known.reason if event.name in ("rejected", "returned", "duplicate") else "",
            message_id=event.message_id,
            amount=event.amount,
            evidence=content,
            settled_on=heard.settled_on,
            imad=heard.imad,
            omad=heard.omad,
        )

    def _unknown(self, order: RailOrder, text: str, content: bytes = b"") -> ProviderAnswer:
        return ProviderAnswer("outcome_unknown", self.rail.uetr_of(order), text, evidence=content)

    def _headers(self, own: Mapping[str, str]) -> dict[str, str]:
        return {**own, **({"Authorization": self.authorization} if self.authorization else {})}

    def _get(self, path: str) -> dict[str, Any]:
        answer = self.client.request("GET", f"{self.url}{path}", headers=self._headers({"Accept": "application/json"}))
        if answer.status != 200:
            raise ProviderAnswerUnread(f"the gateway answered with {answer.status}; ask its operator")
        try:
            document = json.loads(answer.body)
        except ValueError as error:
            raise ProviderAnswerUnread("the gateway's answer is no JSON; ask its operator") from error
        return document if isinstance(document, dict) else {}


def _settlement(row: Any) -> ProviderSettlement:
    try:
        status = str(row["status"])
        direction = str(row["direction"])
        if status not in ("settled", "returned", "rejected") or direction not in ("credit", "debit"):
            raise ValueError(status)
        return ProviderSettlement(
            external_trace_id=str(row["external_trace_id"]),
            reference=str(row["reference"]),
            individual_id=str(row["individual_id"]),
            direction=cast(Direction, direction),
            amount=Money.parse(str(row["amount"]), str(row["currency"])),
            status=cast(Any, status),
            return_code=str(row["return_code"]),
            effective_on=date.fromisoformat(str(row["effective_on"])),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ProviderAnswerUnread("a settlement of the gateway cannot be read; ask its operator") from error
