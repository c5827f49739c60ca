"""FedNow or RTP over HTTP: a gateway that takes one message and answers with one, as the simulator does.

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
from datetime import date, datetime
from typing import Any, Final, cast

from headgate.core.egress import AnswerTooLarge, Client, EgressFailed
from headgate.core.money import Money
from headgate.rails.contract import Direction, Outcome, ProviderAnswer, ProviderSettlement, RailOrder
from headgate.rails.errors import ProviderAnswerUnread
from headgate.rails.instant import Heard, InstantRail, OutboundMessage
from headgate.rails.iso20022 import reason_code

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
class InboxMessage:
    """One message from the network, with its number there; read on from it with `inbox(after=number)`."""

    number: int
    content: bytes
    heard: Heard


@dataclass(frozen=True, slots=True)
class InstantProvider:
    """A provider (`rails.contract.Provider`) over HTTP. The client's time-out is how long an answer is waited for.

    `authorization` is sent with every call where it is given.
    """

    rail: InstantRail
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
            wait = self.rail.network.ask_after_seconds
            return self._unknown(order, f"it is not asked about within {wait} s of its sending; ask later")
        if asking == "late":
            title = self.rail.network.title
            return self._unknown(order, f"{title} answers no question as old as this; look in the bank's report")
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

    def inbox(self, after: int = 0, *, until: datetime | None = None) -> tuple[InboxMessage, ...]:
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
            found.append(InboxMessage(number, content, self.rail.read(content, is_answer=False)))
        return tuple(found)

    # Helpers, in the order of their call.

    def _call(self, sent: OutboundMessage) -> bytes | None:
        """The answer to a message; None where none came that could be one, whatever the cause."""
        try:
            answer = self.client.request("POST", f"{self.url}/messages", headers=self._headers(_XML), body=sent.content)
        except (EgressFailed, AnswerTooLarge):
            return None
        return answer.body if answer.status == 200 and answer.body else None

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
