"""Column's events, once ingestion has read them: what they say of payments sent, and the money that comes in.

Each tells of a transfer as it stood. One of ours is found by its Idempotency-Key (the attempt's id) or by its own id, and
its state is an answer to that order, named by transfer and state: a webhook, the backfill, a question and a report that
tell the same tell it once, in whatever order. A debit of a client is such an order too. Money that comes to the account
that payments leave is a movement, which funding counts as what it is; money of other accounts at Column is not looked at
here. A recall, a contested return, a debit by somebody else and a changed account are cases: nothing moves by them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from headgate import cases, funding, ingestion, rails
from headgate.core.db import Tx
from headgate.messaging import Message
from headgate.payments.orders import answers as order_answers
from headgate.payments.orders import asks, debit_orders
from headgate.payments.orders.debit_orders import DebitOrder
from headgate.payments.orders.givebacks import take_in
from headgate.payments.orders.orders import Order, known_as
from headgate.payments.orders.providers import providers_in
from headgate.payments.outcomes import movements
from headgate.payments.outcomes.movements import ZONE

PARSER: Final = "column_"
"""How the names of the parsers of Column's events begin."""

About = Order | DebitOrder
"""What an event of a transfer of ours is about."""

_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ColumnEffects:
    """What events came to: answers to orders of ours, money that came in, and cases for people."""

    answered: int = 0
    received: int = 0
    told: int = 0


def on_artifact(tx: Tx, message: Message) -> None:
    """Apply the events of an artifact that ingestion has read as Column's."""
    on_artifacts(tx, [message])


def on_artifacts(tx: Tx, messages: Sequence[Message]) -> None:
    """Those of artifacts that wait together; where no rail goes over Column, one look for all of them."""
    columns = [one for one in messages if str(one.payload.get("parser", "")).startswith(PARSER)]
    spoken = _spoken(tx) if columns else {}
    if spoken:
        for message in columns:
            _take(tx, message.aggregate_id, spoken)


def take_events(tx: Tx, *, artifact_id: str) -> ColumnEffects:
    """Apply what Column's events say, each once, whoever brought them. Where no rail goes over Column, nothing is looked at."""
    spoken = _spoken(tx)
    return _take(tx, artifact_id, spoken) if spoken else ColumnEffects()


# Helpers, in the order of their call.


def _spoken(tx: Tx) -> dict[rails.column.Kind, rails.ColumnProvider]:
    return {one.kind: one for one in providers_in(tx).values() if isinstance(one, rails.ColumnProvider)}


def _take(tx: Tx, artifact_id: str, spoken: Mapping[rails.column.Kind, rails.ColumnProvider]) -> ColumnEffects:
    work = _Work(tx, artifact_id, spoken, _records(tx, artifact_id))
    events = rails.column.read_events(ingestion.body(tx, artifact_id))
    found = [work.take(event, about) for event, about in _ordered(tx, events)]
    return ColumnEffects(*(found.count(one) for one in ("answered", "received", "told")))


def _records(tx: Tx, artifact_id: str) -> Mapping[str, str]:
    """The record of each event, by the event's id."""
    found = ingestion.list_records(tx, artifact_id=artifact_id, limit=1000)
    return {one.external_id: one.id for one in found if one.external_id}


def _ordered(tx: Tx, events: Sequence[rails.column.Event]) -> list[tuple[rails.column.Event, About | None]]:
    """The events with the order that each is about, the orders in the order of their ids: two readers queue on them."""
    transfers = [one.transfer for one in events if one.transfer is not None and not one.transfer.is_incoming]
    paid, drawn = ([one for one in transfers if one.is_our_debit is drawn] for drawn in (False, True))
    orders: dict[str, About] = {}
    if paid:
        orders |= known_as(tx, keys=[one.key for one in paid], theirs=[one.id for one in paid])
    if drawn:
        orders |= debit_orders.debits_known_as(tx, keys=[one.key for one in drawn], theirs=[one.id for one in drawn])
    found = []
    for event in events:
        transfer = event.transfer
        about = (orders.get(transfer.key) or orders.get(transfer.id)) if transfer else None
        found.append((event, about))
    return sorted(found, key=lambda one: (_id_of(one[1]) if one[1] else "", one[0].created_at or _BEGINNING, one[0].id))


@dataclass(frozen=True, slots=True)
class _Work:
    """The events of one artifact."""

    tx: Tx
    artifact_id: str
    spoken: Mapping[rails.column.Kind, rails.ColumnProvider]
    records: Mapping[str, str]

    def take(self, event: rails.column.Event, about: About | None) -> str:
        transfer = event.transfer
        if event.request:
            return self._requested(event)
        if transfer is None:
            return ""
        if about is not None:
            return self._ours(event, transfer, about)
        return self._incoming(event, transfer) if transfer.is_incoming or transfer.brings_money else ""

    def _ours(self, event: rails.column.Event, transfer: rails.column.Transfer, order: About) -> str:
        """A payment or a debit of ours: its state is an answer to its order. What speaks of other money is a case."""
        if event.changes:
            whose = "payee" if isinstance(order, Order) else "client"
            self._case(
                f"notice_of_change:{event.id}", "notice_of_change", order,
                {"codes": list(event.changes), "next": f"the {whose}'s bank asks to correct the account: ask the {whose}"},
            )  # fmt: skip
        if transfer.is_disputed:
            what = "return_contested" if event.type.endswith("return_contested") else "return_dishonored"
            self._case(
                f"{what}:{transfer.id}", what, order,
                {"transfer_id": transfer.id, "next": "the banks disagree on a return: nothing moves before Column says so"},
            )  # fmt: skip
        if transfer.amount != order.amount or order.rail not in _rails(transfer.kind):
            self._case(
                f"order_contradiction:{_id_of(order)}:{transfer.fact}", "order_contradiction", order,
                {"transfer_id": transfer.id, "says_minor": transfer.amount.minor, "next": "ask Column what it carried out"},
            )  # fmt: skip
            return "told"
        if transfer.state == "quiet":
            return ""
        answer = rails.answer_of(transfer, event.content)
        waits = self.spoken[transfer.kind].waits_seconds if transfer.kind in self.spoken else 0
        if isinstance(order, Order):
            order_answers.record(self.tx, order.attempt_id, answer, asked_by="inbox", waits=waits)
        else:
            debit_orders.record_debit_answer(
                self.tx, order.debit_id, answer, asked_by="inbox", waits=waits,
                artifact_id=self.artifact_id, record_id=self.records.get(event.id),
            )  # fmt: skip
        return "answered"

    def _incoming(self, event: rails.column.Event, transfer: rails.column.Transfer) -> str:
        """Money to the account that payments leave is counted at once; another's debit of it is somebody's case."""
        if transfer.account_id not in {one.account.id for one in self.spoken.values()}:
            return ""
        if not transfer.brings_money:
            if transfer.is_incoming:
                self._case(
                    f"incoming_debit:{transfer.id}", "incoming_debit", None,
                    {
                        "transfer_id": transfer.id,
                        "amount_minor": transfer.amount.minor,
                        "currency": transfer.amount.currency,
                        "status": transfer.status,
                        "next": "somebody debits our account at Column: pay it or send it back before its deadline",
                    },
                )  # fmt: skip
            return "told" if transfer.is_incoming else ""
        today = self.tx.now().astimezone(ZONE).date()
        told = rails.settlement_of(transfer, today)
        if told is None:
            return ""
        told = replace(told, individual_id=_named(self.tx, transfer.text))
        provider = self.spoken[transfer.kind].name if transfer.kind in self.spoken else f"column.{transfer.kind}"
        record = {told.external_trace_id: self.records[event.id]} if event.id in self.records else {}
        movements.tell(self.tx, provider, [told], artifact_id=self.artifact_id, records=record)
        for one in movements.told(self.tx, provider=provider, external_trace_ids=[told.external_trace_id]):
            if one.effective_on <= today:
                take_in(self.tx, one)
        return "received"

    def _requested(self, event: rails.column.Event) -> str:
        """A recall or a drawdown: nothing moves by a request, whoever made it. What is said to ours, its order is told.

        Where the source brings payments of loans, servicing asks them about a recall of one.
        """
        if (asked := rails.column.asked_of(event)) is not None and not asked.is_incoming:
            return self._asked(event, asked)
        is_recall = "return_request" in event.request
        if "outgoing" in event.request or "outgoing" in event.type:
            return self._answered(event) if is_recall and event.about else ""
        if is_recall and ingestion.is_of_loans(self.tx, self.artifact_id):
            return ""
        family = "realtime" if event.type.startswith("realtime.") else "wire"
        category = f"{family}_recall" if is_recall else "drawdown_asked"
        self._case(
            f"{category}:{event.about or event.request_id or event.id}", category, None,
            {
                "event": event.type,
                "transfer_id": event.about,
                "next": "never answered by itself: people decide, and money that goes back is a payment of its own",
            },
        )  # fmt: skip
        return "told"

    def _asked(self, event: rails.column.Event, asked: rails.column.Asked) -> str:
        """What a payer says to our request for payment, by its key, or by the request's id in its words."""
        word = asked.description.rpartition(" ")[2]
        found = asks.asks_called(self.tx, key=asked.key, funding_request_id=word)
        if found is None or found.amount_minor != asked.amount.minor or found.currency != asked.amount.currency:
            return ""  # Asked for at Column itself, by a person.
        answer = rails.asked_answer(asked, event.content)
        asks.record_ask_answer(self.tx, found.id, answer, asked_by="inbox", waits=0)
        return "answered"

    def _answered(self, event: rails.column.Event) -> str:
        """What the other side says to our request to give a payment back. Money that comes, comes as a transfer."""
        order = known_as(self.tx, keys=[], theirs=[event.about]).get(event.about)
        if order is None or not order.recall:
            return ""  # Asked for at Column itself, by a person.
        answer = rails.recall_answer(event.about, event.request_id, event.standing, event.content)
        order_answers.record(self.tx, order.attempt_id, answer, asked_by="inbox", waits=0)
        return "answered"

    def _case(self, key: str, category: str, order: About | None, detail: Mapping[str, Any]) -> None:
        names = {} if order is None else {"attempt_id" if isinstance(order, Order) else "debit_id": _id_of(order)}
        cases.open_case(
            self.tx,
            key=key,
            category=category,
            payment_id=order.instruction_id if isinstance(order, Order) else None,
            ingestion_id=self.artifact_id,
            detail={**names, **detail},
        )


def _id_of(order: About) -> str:
    return order.attempt_id if isinstance(order, Order) else order.debit_id


def _rails(kind: rails.column.Kind) -> set[str]:
    return {rail for rail, one in rails.column.KIND_OF_RAIL.items() if one == kind}


def _named(tx: Tx, text: str) -> str:
    """The payer's reference, or the request's id, that the text of a transfer carries; '' where it names nobody we know.

    Nothing else of the text is kept: it may hold names.
    """
    for word in text.split():
        if word.lower().startswith("freq_"):
            return word
    return min(funding.known_payers(tx, funding.words_of(text)), default="")
