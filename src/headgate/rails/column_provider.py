"""Column over HTTP, as a provider of one rail: ACH, wires, FedNow or RTP (Column chooses), cheques.

A payment is a transfer made under an Idempotency-Key, the attempt's own id. What becomes of it comes by itself, as events
(webhooks, or the backfill of the event list), which ingestion keeps and payments reads; `get_status` asks where nothing
came. All calls go through `core.egress`. Silence, a fault of Column's, a key that it does not take: whatever is no word on
this very transfer is `outcome_unknown`, which is asked about and never sent again.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from headgate.core.egress import Answer, AnswerTooLarge, Client, EgressFailed
from headgate.rails import column
from headgate.rails.column_answers import (
    NOT_JUDGED,
    answer_of,
    ask_answer_of,
    asked_answer,
    recall_answer,
    refused,
    settlements_of,
    unknown,
)
from headgate.rails.contract import (
    AskAnswer,
    FundingAsk,
    InboxMessage,
    OrderNames,
    ProviderAnswer,
    ProviderSettlement,
    RailOrder,
)
from headgate.rails.errors import ProviderAnswerUnread
from headgate.rails.messages import refuse

ZONE: Final = ZoneInfo("America/New_York")
"""The zone in which the networks count their days."""

PAGES_MAX: Final = 200
"""Pages of a list that one question reads; what is not on them is not known, which is not the same as not there."""

LOOK_AROUND: Final = timedelta(days=1)
"""How far from its instant a transfer may have been made, whatever the clocks say."""

_WAITS: Final[Mapping[column.Kind, int]] = {"ach": 900, "check": 900, "wire": 300, "realtime": 20, "book": 60}
_CANCELLED: Final[Mapping[column.Kind, str]] = {"ach": "cancel", "wire": "reverse", "realtime": "return-request"}


@dataclass(frozen=True, slots=True)
class ColumnProvider:
    """A provider (`rails.contract.Correspondent`) over Column's API. `name` is the rail, as payments stores it."""

    name: str
    url: str
    client: Client
    account: column.Account
    api_key: str = field(repr=False)
    is_simulated: bool = False

    @property
    def kind(self) -> column.Kind:
        return column.KIND_OF_RAIL[self.name]

    @property
    def waits_seconds(self) -> int:
        return _WAITS[self.kind]

    def problems(self, order: RailOrder) -> tuple[str, ...]:
        return column.problems(self.kind, order)

    def names(self, order: RailOrder, *, created_at: datetime) -> OrderNames:
        """The transfer's Idempotency-Key, which its events bring back. Raises CannotWrite with every problem."""
        refuse(self.problems(order), order.attempt_id)
        return OrderNames(order.attempt_id, order.attempt_id)

    def opens_at(self, order: RailOrder, *, at: datetime) -> datetime:
        """At any hour: Column keeps a transfer until its network opens."""
        return at

    def submit(self, order: RailOrder, *, created_at: datetime) -> ProviderAnswer:
        refuse(self.problems(order), order.attempt_id)
        counterparty_id = ""
        if self.kind != "check":
            whom = self._counterparty(column.payee(order))
            if isinstance(whom, ProviderAnswer):
                return whom
            counterparty_id = whom
        request = column.transfer(
            self.kind, order, account=self.account, counterparty_id=counterparty_id, key=order.attempt_id
        )
        answer = self._call(request)
        if answer is None:
            return unknown("no answer tells what became of it; ask later")
        if answer.status not in (200, 201):
            return refused(answer)
        transfer = column.read_transfer(_json(answer), family=self.kind)
        if transfer is None or not self._is_of(transfer, order):
            return unknown("what came back is no transfer of this order; ask later", answer.body)
        return answer_of(transfer, answer.body)

    def get_status(self, order: RailOrder, *, created_at: datetime, at: datetime) -> ProviderAnswer:
        """Ask for the transfer by its id, where that was told; else look for its key among those made around then."""
        try:
            found = self._known(order) if order.provider_reference else self._looked_for(order, created_at)
        except (ProviderAnswerUnread, EgressFailed) as error:
            return unknown(f"{error.message}; ask later")
        if found is None:
            return ProviderAnswer(
                "unheard", "", "Column knows no transfer of this key; ask once more before believing it"
            )
        transfer, evidence = found
        answer = answer_of(transfer, evidence)
        # Asked again it says the same: each time it is heard anew, so that the next question comes later.
        return answer if answer.outcome != "accepted" else ProviderAnswer("accepted", transfer.id, answer.message)

    def cancel(self, order: RailOrder, *, created_at: datetime, at: datetime, reason: str) -> ProviderAnswer:
        """Stop an ACH transfer before it leaves Column, or ask a wire or a realtime transfer back; the others cannot be.

        A realtime transfer is asked back once: where somebody died before the answer, Column's events tell of the request.
        """
        how = _CANCELLED.get(self.kind)
        if how is None:
            return ProviderAnswer(
                "recall_refused", "", "Column's interface asks no such transfer back; ask Column itself"
            )
        found = self._known(order) if order.provider_reference else self._looked_for(order, created_at)
        if found is None:
            raise ProviderAnswerUnread("Column knows no transfer of this key yet; it is asked back when it does")
        transfer, _ = found
        if self.kind == "realtime":
            if transfer.state == "accepted":
                raise ProviderAnswerUnread("it is under way yet: it is asked back when it has arrived")
            before = self._asked_back(transfer, at)
            if before is not None:
                return before
        named = "reason_code" if self.kind == "realtime" else "reason"
        body = b"" if how == "cancel" else json.dumps({named: reason}).encode()
        path = f"{column.PATHS[self.kind]}/{transfer.id}/{how}"
        answer = self._call(column.Request("POST", path, body, f"{order.attempt_id}:{how}"))
        if answer is None or answer.status >= 500 or answer.status in NOT_JUDGED:
            raise ProviderAnswerUnread("Column did not answer the request to stop it; it is asked again")
        if answer.status not in (200, 201):
            problem = column.problem_of(answer.body)
            return ProviderAnswer(
                "recall_refused", transfer.id, problem.message or "Column refuses", code=problem.code,
                evidence=answer.body,
            )  # fmt: skip
        if self.kind == "realtime":
            asked = _json(answer)
            standing = column.read_standing(asked)
            named = str(asked.get("id", "")) if isinstance(asked, dict) else ""
            return recall_answer(transfer.id, named, standing, answer.body)
        stopped = column.read_transfer(_json(answer), family=self.kind)
        if stopped is not None and stopped.id == transfer.id and stopped.state == "rejected":
            # Its own event says that it is: the money is the client's again by that.
            return ProviderAnswer("recall_promised", transfer.id, "Column stopped it", evidence=answer.body)
        return ProviderAnswer("recall_pending", transfer.id, "it was asked back", evidence=answer.body)

    def reconcile(self, on: date) -> tuple[ProviderSettlement, ...]:
        """What Column's own list of events tells of this rail on a day, whether or not a webhook brought it."""
        since = datetime.combine(on, time(), ZONE)
        until = datetime.combine(on + timedelta(days=1), time(), ZONE)
        found: dict[str, ProviderSettlement] = {}
        for event in self.events(since=since, until=until):
            transfer = event.transfer
            if transfer is None or transfer.kind != self.kind or transfer.account_id != self.account.id:
                continue
            found |= {told.external_trace_id: told for told in settlements_of(transfer, on)}
        return tuple(found.values())

    def events(self, *, since: datetime | None, until: datetime | None) -> Iterator[column.Event]:
        """The events of a time, the newest first. Raises EgressFailed, ProviderAnswerUnread."""
        for row in self._rows(
            lambda after: column.list_events(
                since=since and since.astimezone(UTC), until=until and until.astimezone(UTC), after=after
            )
        ):
            event = column.read_event(row)
            if event is not None:
                yield event

    def ask(self, request: column.Request) -> bytes:
        """What Column answers to a question. Raises EgressFailed, ProviderAnswerUnread."""
        answer = self._call(request)
        if answer is None:
            raise ProviderAnswerUnread("Column did not answer; ask again later")
        if answer.status not in (200, 201):
            problem = column.problem_of(answer.body)
            raise ProviderAnswerUnread(
                f"Column answered with {answer.status} {problem.code}: {problem.message}".strip()
            )
        return answer.body

    # What an instant network's inbox is, Column's events are: they come by webhook and backfill, through ingestion.

    def inbox(self, after: int = 0, *, until: datetime | None = None) -> tuple[InboxMessage, ...]:
        return ()

    def heard(self, message: InboxMessage, order: RailOrder, *, created_at: datetime) -> ProviderAnswer | None:
        return None

    def incoming(self, message: InboxMessage) -> ProviderSettlement | None:
        return None

    # Payers are asked over realtime alone; what became of it comes as events too.

    def ask_problems(self, ask: FundingAsk) -> tuple[str, ...]:
        return column.ask_problems(self.kind, ask)

    def asks_at(self, ask: FundingAsk, *, at: datetime) -> datetime:
        """At once: a payer needs its time to approve."""
        return at

    def ask_names(self, ask: FundingAsk, *, created_at: datetime) -> OrderNames:
        """The ask's id, which Column keeps with the request. Raises CannotWrite with every problem."""
        refuse(self.ask_problems(ask), ask.ask_id)
        return OrderNames(ask.ask_id, ask.ask_id)

    def request(self, ask: FundingAsk, *, created_at: datetime) -> AskAnswer:
        refuse(self.ask_problems(ask), ask.ask_id)
        whom = self._counterparty(column.payer(ask))
        if isinstance(whom, ProviderAnswer):
            return ask_answer_of(whom)
        answer = self._call(column.request_payment(ask, account=self.account, counterparty_id=whom))
        if answer is None:
            return AskAnswer("outcome_unknown", "no answer tells what became of it; ask later")
        if answer.status not in (200, 201):
            return ask_answer_of(refused(answer))
        asked = column.read_asked(_json(answer))
        if asked is None or asked.amount != ask.amount:
            return AskAnswer("outcome_unknown", "what came back is no request of this ask", evidence=answer.body)
        return asked_answer(asked, answer.body)

    def request_status(self, ask: FundingAsk, *, created_at: datetime, at: datetime) -> AskAnswer:
        """Look for the request among those made around then, by its key or its words."""
        since = None if self.is_simulated else (created_at - LOOK_AROUND).astimezone(UTC)
        try:
            for row in self._rows(lambda after: column.list_asked(since=since, after=after)):
                asked = column.read_asked(row)
                if asked is not None and column.is_of(asked, ask):
                    return asked_answer(asked, json.dumps(row).encode())
        except (ProviderAnswerUnread, EgressFailed) as error:
            return AskAnswer("outcome_unknown", f"{error.message}; ask later")
        return AskAnswer("unheard", "Column knows no request of this ask; ask once more before believing it")

    def request_heard(self, message: InboxMessage, ask: FundingAsk, *, created_at: datetime) -> AskAnswer | None:
        return None

    # Helpers, in the order of their call.

    def _asked_back(self, transfer: column.Transfer, at: datetime) -> ProviderAnswer | None:
        """What became of a request to give this transfer back that was made before; None where none was."""
        since = None if self.is_simulated else at - LOOK_AROUND
        for event in self.events(since=since, until=None):
            if event.about == transfer.id and "outgoing_return_request" in event.type:
                return recall_answer(transfer.id, event.request_id, event.standing, event.content)
        return None

    def _counterparty(self, whom: column.Whom) -> str | ProviderAnswer:
        """Somebody by Column's id: known there, or made. No transfer was asked for where it is an answer."""
        answer = self._call(column.find_counterparties(whom))
        if answer is None or answer.status != 200:
            return refused(answer) if answer else unknown("Column did not answer, before the transfer was asked for")
        page = column.page_of(answer.body)
        if page is None:
            return unknown("Column's list of counterparties cannot be read; ask later", answer.body)
        for one in page[0]:
            if column.is_counterparty(one, whom) and isinstance(one.get("id"), str):
                return str(one["id"])
        answer = self._call(column.new_counterparty(whom))
        if answer is None or answer.status not in (200, 201):
            return refused(answer) if answer else unknown("Column did not answer, before the transfer was asked for")
        document = _json(answer)
        made = document.get("id") if isinstance(document, dict) else None
        return made if isinstance(made, str) else unknown("Column's answer cannot be read; ask later", answer.body)

    def _call(self, request: column.Request) -> Answer | None:
        """The answer to a request; None where none came, whatever the cause."""
        headers = {"Accept": "application/json", "Authorization": _basic(self.api_key)}
        if request.body:
            headers["Content-Type"] = "application/json"
        if request.key:
            headers["Idempotency-Key"] = request.key
        try:
            return self.client.request(request.method, f"{self.url}{request.path}", headers=headers, body=request.body)
        except (EgressFailed, AnswerTooLarge):
            return None

    def _is_of(self, transfer: column.Transfer, order: RailOrder) -> bool:
        key = transfer.key or order.attempt_id  # Where the object leaves the key out, it answers this very request.
        return key == order.attempt_id and transfer.amount == order.amount and not transfer.is_incoming

    def _known(self, order: RailOrder) -> tuple[column.Transfer, bytes] | None:
        content = self.ask(column.Request("GET", f"{column.PATHS[self.kind]}/{order.provider_reference}"))
        transfer = column.read_transfer(_parsed(content), family=self.kind)
        if transfer is None or transfer.id != order.provider_reference or transfer.amount != order.amount:
            raise ProviderAnswerUnread("what came back is no transfer of this id and amount")
        return transfer, content

    def _looked_for(self, order: RailOrder, created_at: datetime) -> tuple[column.Transfer, bytes] | None:
        """The transfer of this key among those made around its instant; a test tenant's clock says nothing of that."""
        around = (None, None) if self.is_simulated else (created_at - LOOK_AROUND, created_at + LOOK_AROUND)
        for row in self._rows(
            lambda after: column.list_transfers(
                self.kind,
                since=around[0] and around[0].astimezone(UTC),
                until=around[1] and around[1].astimezone(UTC),
                after=after,
            )
        ):
            transfer = column.read_transfer(row, family=self.kind)
            if transfer is not None and transfer.key == order.attempt_id and self._is_of(transfer, order):
                return transfer, json.dumps(row).encode()
        return None

    def _rows(self, request: Any) -> Iterator[dict[str, Any]]:
        """The objects of every page of a list. Raises ProviderAnswerUnread, also where the list does not end."""
        after = ""
        for _ in range(PAGES_MAX):
            page = column.page_of(self.ask(request(after)))
            if page is None:
                raise ProviderAnswerUnread("Column's list cannot be read; ask again later")
            rows, has_more = page
            yield from rows
            if not has_more or not rows:
                return
            after = str(rows[-1].get("id", ""))
        raise ProviderAnswerUnread(f"Column's list has more than {PAGES_MAX} pages; ask of a shorter time")


def _basic(api_key: str) -> str:
    """HTTP Basic with an empty user and the key as password."""
    return "Basic " + base64.b64encode(f":{api_key}".encode()).decode()


def _json(answer: Answer) -> Any:
    return _parsed(answer.body)


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
