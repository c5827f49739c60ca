"""Going on at once: what a worker's consumer publishes for another of its consumers is handled in the same transaction.

Where that consumer says that it goes on `at_once`, its message is written as handled by it, and its function is called
after the first one's. Both commit together, or neither: the worker then begins again, and the message takes its way through
the outbox and the queue. So a chain of stages costs one commit and no wait, and a stage that fails fails alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import datetime

from headgate.core.db import Actor, Tx
from headgate.messaging.model import Consumer, Message, Outgoing
from headgate.messaging.topics import wants


class Following:
    """What goes on in a transaction: messages that were published in it, and whose they are."""

    def __init__(self, tx: Tx, consumers: Sequence[Consumer]) -> None:
        self.tx = tx
        self.has_gone_on = False
        self.leaves_something = not consumers
        self._consumers = consumers
        self._of_topic = {topic: one for one in consumers if one.at_once for topic in one.topics}
        self._waiting: list[tuple[Consumer, Message]] = []
        self._last: list[tuple[Actor, Callable[[], None]]] = []
        self._acting = tx.actor

    def wants(self, messages: Sequence[Outgoing]) -> bool:
        """Whether any of them goes on."""
        return any(one.event_type in self._of_topic for one in messages)

    def claim(self, messages: Sequence[Outgoing]) -> Sequence[Outgoing]:
        """The same messages; those that go on are handled by whom they go to."""
        if not self.wants(messages):
            return messages
        return [
            replace(one, handled_by=self._of_topic[one.event_type].name)
            if one.handled_by is None and one.event_type in self._of_topic
            else one
            for one in messages
        ]

    def add(self, outgoing: Outgoing, number: int, created_at: datetime, correlation_id: str | None) -> None:
        """One was written."""
        consumer = self._of_topic.get(outgoing.event_type)
        if consumer is not None and consumer.name == outgoing.handled_by:
            message = Message(
                id=number,
                tenant_id=self.tx.tenant_id,
                event_type=outgoing.event_type,
                aggregate_type=outgoing.aggregate_type,
                aggregate_id=outgoing.aggregate_id,
                payload=dict(outgoing.payload),
                correlation_id=correlation_id,
                created_at=created_at,
            )
            self._waiting.append((consumer, message))

    def note(self, published: Iterable[tuple[str, str | None]]) -> None:
        """These topics were published, each with who did his part: whether a worker is to be woken for another's."""
        self.leaves_something = self.leaves_something or any(
            one.name != handled_by and wants(one.topics, topic)
            for topic, handled_by in set(published)
            for one in self._consumers
        )

    def put_off(self, function: Callable[[], None]) -> None:
        """It is done when nothing else is left, by who acts now."""
        self._last.append((self._acting, function))

    def do_last(self) -> None:
        """Do what was put off, in its order."""
        acting = self._acting
        while self._last:
            self._do_next()
        self._act_for(acting)

    def go_on(self) -> None:
        """Handle what was published, and what that publishes, until nothing is left; then do what was put off."""
        while self._waiting or self._last:
            if not self._waiting:
                self._do_next()
                continue
            self.has_gone_on = True
            consumer = self._waiting[0][0]
            messages = [message for one, message in self._waiting if one is consumer]
            self._waiting = [each for each in self._waiting if each[0] is not consumer]
            self._act_for(Actor.system(consumer.name))
            if consumer.handle_many is not None:
                consumer.handle_many(self.tx, messages)
            else:
                for message in messages:
                    consumer.handle(self.tx, message)

    def _do_next(self) -> None:
        actor, function = self._last.pop(0)
        self._act_for(actor)
        function()

    def _act_for(self, actor: Actor) -> None:
        if actor != self._acting:
            self._acting = actor
            self.tx.act_for(actor, self.tx.correlation_id)


_NOW: ContextVar[Following | None] = ContextVar("headgate_following", default=None)


@contextmanager
def following(tx: Tx, consumers: Sequence[Consumer]) -> Iterator[Following]:
    """While the block lasts, what is published in this transaction for these consumers goes on in it."""
    found = Following(tx, consumers)
    token = _NOW.set(found)
    try:
        yield found
    finally:
        _NOW.reset(token)


def at_last(tx: Tx, function: Callable[[], None]) -> None:
    """Do this when all that goes on in this transaction was handled; at once where nothing goes on.

    For what takes locks that everybody waits for: they are then held for the commit alone. Who must see its effects in the
    same transaction asks for them by `do_last`.
    """
    found = followed_in(tx)
    if found is None:
        function()
    else:
        found.put_off(function)


def do_last(tx: Tx) -> None:
    """Do now what was put off in this transaction."""
    if found := followed_in(tx):
        found.do_last()


def followed_in(tx: Tx) -> Following | None:
    """Whether something goes on in this transaction."""
    found = _NOW.get()
    return found if found is not None and found.tx is tx else None
