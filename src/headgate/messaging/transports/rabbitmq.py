"""Queues of a RabbitMQ cluster: quorum queues, one a consumer, declared by whoever connects (`topology`).

The broker is a hint. A message is published with the outbox's claim still standing and marked published once the broker
has confirmed it; a consumer's inbox takes it once; a queue that was lost is filled again from the outbox. Dead letters end
in `messaging.dead_letters`, as with every transport: those that a consumer gave up at once, those that the broker itself
gave up (`q.dlq.<queue>`) with the next `reap`. What stands in `messaging.queue_messages` - a dead letter that was requeued,
or what waited there before a broker was configured - is moved to the consumer's queue.

While the database is down nothing is received, since a transport opens only where the database answers.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import pika
from psycopg import Connection
from psycopg.types.json import Jsonb

from headgate.core import brokers, log
from headgate.core.db import Actor, Database, translated
from headgate.core.errors import ConfigError
from headgate.messaging.dead_letters import announce
from headgate.messaging.errors import BrokerUnavailable
from headgate.messaging.model import Message
from headgate.messaging.rebuilding import rebuild
from headgate.messaging.topics import wants
from headgate.messaging.transports import topology
from headgate.messaging.transports.amqp import Arrived, Sending, Wire
from headgate.messaging.transports.contract import Delivery, QueueStatus
from headgate.messaging.transports.postgres import ERROR_LENGTH_MAX, PostgresTransport

WAIT_SECONDS: Final = 0.25
DEAD_SECONDS: Final = 5.0
"""How long a queue of dead letters is waited for: what lies there has time."""
SILENT_SECONDS: Final = 60.0
"""After so long, a queue that answers nothing is asked anew, over a new connection."""
FORWARD_SECONDS: Final = 1.0
FORWARDED_AT_ONCE: Final = 50
COLLECTED_AT_ONCE: Final = 100

_LOG = log.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held(Delivery):
    """A delivery that the broker waits for: what `arrived` names it on `wire` alone."""

    wire: Wire
    arrived: Arrived


class RabbitTransport:
    """Queues in the broker that HEADGATE_BROKER_URL names. Raises BrokerUnavailable, Unavailable."""

    waits = True
    takes = False

    def __init__(self, database: Database, url: str | None = None) -> None:
        chosen = url or database.config.broker_url
        if chosen is None:
            raise ConfigError("no broker is configured: set HEADGATE_BROKER_URL")
        self._database = database
        self._broker = brokers.read(chosen)
        self._topics: dict[str, tuple[str, ...]] = {}
        self._forwarded_at = float("-inf")
        with database.begin(tenant_id=None, actor=Actor.system("messaging.rabbitmq")) as tx:
            tx.value("SELECT 1")
        self._connection: Connection[Any] = database.connect("dispatcher")
        self._rows = PostgresTransport(database, subscribes_as="rabbitmq")
        try:
            self._wire = Wire(self._broker, prefetch=topology.PREFETCH)
        except BaseException:
            self._rows.close()
            self._connection.close()
            raise

    def subscribe(self, subscriptions: Mapping[str, Sequence[str]]) -> None:
        """See Transport. Declares everything; where something was lacking, what was lost with it is published again."""
        self._rows.subscribe(subscriptions)
        self._topics |= {consumer: tuple(topics) for consumer, topics in subscriptions.items()}
        self._declare()

    def take(self, limit: int) -> int:
        """See Transport. A broker takes what it is given."""
        return 0

    def publish(self, messages: Sequence[Message]) -> dict[int, str]:
        """See Transport. Written whole, then confirmed; on a lost connection once more over another node."""
        faults = {one.id: "its envelope names no channel that we know" for one in messages if not _has_way(one)}
        sendings = [_sending(one) for one in messages if one.id not in faults]
        try:
            untaken = self._wire.publish(sendings)
        except BrokerUnavailable:
            self._reconnect()
            untaken = self._wire.publish(sendings)
        if unrouted := self._wire.unrouted:
            # `payments.audit` takes everything: what goes nowhere shows that somebody took queues away.
            self._declare()
            again = self._wire.publish([one for one in sendings if one.number in unrouted])
            untaken = {number: why for number, why in untaken.items() if number not in unrouted} | again
        return faults | untaken

    def receive(self, consumers: Sequence[str], limit: int) -> list[Delivery]:
        """See Transport. Waits a moment where nothing is there. What is not a consumer's to do, it is not given.

        A queue of the pipeline may be bound more widely than its consumer's topics.
        """
        self._forward(consumers)
        of_queue = {topology.queue_of(consumer): consumer for consumer in consumers}
        self._consume(of_queue)
        self._wire.listen(0.0 if self._wire.arrived else WAIT_SECONDS)
        taken: list[Delivery] = []
        others: list[Arrived] = []
        unwanted: list[Arrived] = []
        while self._wire.arrived and len(taken) < limit:
            arrived = self._wire.arrived.popleft()
            if arrived.queue not in of_queue:
                others.append(arrived)
                continue
            try:
                message = _message(arrived)
            except (KeyError, TypeError, ValueError) as error:
                _LOG.error("a message of no form that we know", extra={"queue": arrived.queue, "error": str(error)})
                self._wire.give_back(arrived, dead=True)
                continue
            consumer = of_queue[arrived.queue]
            by_chance = arrived.exchange and not wants(self._topics.get(consumer, ("#",)), message.event_type)
            if by_chance or message.handled_by == consumer:
                unwanted.append(arrived)
            else:
                taken.append(Held(consumer=consumer, message=message, wire=self._wire, arrived=arrived))
        self._wire.arrived.extend(others)
        self._wire.acknowledge(unwanted)
        return taken

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """See Transport."""
        held = [self._held(delivery) for delivery in deliveries]
        self._wire.acknowledge([one.arrived for one in held])

    def release(self, deliveries: Sequence[Delivery]) -> None:
        """See Transport."""
        for delivery in deliveries:
            held = self._held(delivery)
            held.wire.give_back(held.arrived)

    def retry(self, delivery: Delivery, *, error: str, wait_seconds: float) -> None:
        """See Transport. It waits in a queue whose dead letters are its own queue's messages again."""
        held = self._held(delivery)
        room = topology.retry_room(wait_seconds)
        again = replace(held.message, attempt=held.message.attempt + 1)
        properties = _properties(again, error=error)
        properties.expiration = str(max(1, round(min(wait_seconds, room) * 1000)))
        self._sent(
            [
                Sending(
                    number=again.id,
                    exchange=topology.retry_name(room),
                    key=topology.queue_of(held.consumer),
                    body=_body(again),
                    properties=properties,
                )
            ]
        )
        held.wire.acknowledge([held.arrived])

    def bury(self, delivery: Delivery, *, reason: str) -> None:
        """See Transport. In one transaction with the message that tells of it; then the broker may forget it."""
        held = self._held(delivery)
        self._bury(held.consumer, held.message, reason)
        held.wire.acknowledge([held.arrived])

    def reap(self) -> int:
        """Take into the database what the broker itself gave up; returns how many. What lacks a reader here stays there.

        The broker frees by itself what a lost holder held. This also tells it that we live.
        """
        self._wire.listen(0.0)
        count = 0
        for consumer in self._topics:
            count += self._collect(consumer, topology.queue_of(consumer))
        self._wire.listen(0.0)
        return count

    def status(self) -> list[QueueStatus]:
        """See Transport. What is held and how long it waited the broker does not say."""
        found = []
        with closing(Wire(self._broker, prefetch=1)) as wire:
            for rows in self._rows.status():
                queue = topology.queue_of(rows.consumer)
                found.append(
                    QueueStatus(
                        consumer=rows.consumer,
                        ready=(wire.waiting(queue) or 0) + rows.ready,
                        held=None,
                        delayed=None,
                        oldest_seconds=None,
                        dead=wire.waiting(topology.dead_queue(queue)) or 0,
                    )
                )
        return found

    def close(self) -> None:
        """See Transport."""
        self._wire.close()
        self._rows.close()
        self._connection.close()

    def _declare(self) -> None:
        wire = self._wire
        whole = wire.has_exchange(topology.MARK) if not wire.consuming else True
        lost = [] if wire.consuming else [one for one in self._topics if wire.waiting(topology.queue_of(one)) is None]
        for name, kind in topology.EXCHANGES.items():
            wire.declare_exchange(name, kind)
        for exchange, to, key in topology.ONWARD:
            wire.bind_exchange(to, exchange, key)
        for room in topology.RETRY_SECONDS:
            name = topology.retry_name(room)
            wire.declare_exchange(name, "fanout")
            wire.declare_queue("q." + name, topology.retry_arguments(room))
            wire.bind("q." + name, name, "")
        wanted = dict(topology.QUEUES) | {
            topology.queue_of(consumer): topology.bindings(consumer, topics)
            for consumer, topics in self._topics.items()
        }
        for queue, bindings in wanted.items():
            wire.declare_queue(topology.dead_queue(queue), topology.dead_arguments(queue))
            wire.bind(topology.dead_queue(queue), topology.DEAD, queue)
            wire.declare_queue(queue, topology.arguments(queue))
            for exchange, key in bindings:
                wire.bind(queue, exchange, key)
        if lost or not whole:
            count = rebuild(self._database, lost if whole else list(self._topics))
            if count:
                _LOG.warning("queues were lost, and are filled again from the outbox", extra={"messages": count})
        wire.declare_exchange(topology.MARK, "fanout")

    def _reconnect(self) -> None:
        """A new connection, and what should stand in the broker. What was held is delivered again, by the broker."""
        self._wire.close()
        self._wire = Wire(self._broker, prefetch=topology.PREFETCH)
        self._declare()

    def _consume(self, queues: Iterable[str]) -> None:
        for queue in queues:
            if queue not in self._wire.consuming:
                self._wire.consume(queue)
        silent = self._wire.silent(SILENT_SECONDS)
        if silent:
            raise BrokerUnavailable(f"these queues of the broker answer nobody: {', '.join(silent)}")

    def _forward(self, consumers: Sequence[str]) -> None:
        """Move what waits in the database to the broker's queues."""
        if time.monotonic() - self._forwarded_at < FORWARD_SECONDS:
            return
        while rows := self._rows.receive(consumers, FORWARDED_AT_ONCE):
            self._sent([_forwarded(row) for row in rows])
            self._rows.acknowledge(rows)
        self._forwarded_at = time.monotonic()

    def _sent(self, sendings: Sequence[Sending]) -> None:
        faults = self._wire.publish(sendings)
        if faults:
            raise BrokerUnavailable("; ".join(sorted(set(faults.values()))))

    def _held(self, delivery: Delivery) -> Held:
        assert isinstance(delivery, Held), "a delivery of another transport"
        if delivery.wire is not self._wire:
            raise BrokerUnavailable("the connection that it came by is gone: the broker delivers it again")
        return delivery

    def _collect(self, consumer: str, queue: str) -> int:
        count, unread = 0, []
        for _ in range(COLLECTED_AT_ONCE):
            arrived = self._wire.take(topology.dead_queue(queue), DEAD_SECONDS)
            if arrived is None:
                break
            try:
                message = _message(arrived)
            except (KeyError, TypeError, ValueError):
                unread.append(arrived)
                continue
            self._bury(consumer, message, _died_of(arrived))
            self._wire.acknowledge([arrived])
            count += 1
        for arrived in unread:
            self._wire.give_back(arrived)
        return count

    def _bury(self, consumer: str, message: Message, reason: str) -> None:
        with translated(), self._connection.transaction():
            buried = self._connection.execute(
                """
                INSERT INTO messaging.dead_letters (tenant_id, consumer, message_id, created_at, event_type,
                  aggregate_type, aggregate_id, payload, correlation_id, attempt_count, last_error)
                VALUES (%(tenant_id)s, %(consumer)s, %(id)s, %(created_at)s, %(event_type)s, %(aggregate_type)s,
                        %(aggregate_id)s, %(payload)s, %(correlation_id)s, %(attempt)s, %(reason)s)
                ON CONFLICT DO NOTHING
                RETURNING id
                """,
                {
                    **{name: getattr(message, name) for name in _FACTS},
                    "consumer": consumer,
                    "payload": Jsonb(message.payload),
                    "reason": reason[:ERROR_LENGTH_MAX],
                },
            ).fetchall()
            announce(self._connection, [row[0] for row in buried])


_FACTS: Final = (
    *("tenant_id", "id", "created_at", "event_type", "aggregate_type", "aggregate_id", "correlation_id", "attempt"),
)


def _has_way(message: Message) -> bool:
    exchange, key = topology.destination(message)
    return exchange != topology.INBOUND or key in topology.CHANNELS


def _sending(message: Message) -> Sending:
    exchange, key = topology.destination(message)
    properties = _properties(message)
    if key != message.event_type:
        # Sender-selected distribution: it is routed by its topic too, so that whoever subscribed to that gets it.
        properties.headers["CC"] = [message.event_type]
    return Sending(number=message.id, exchange=exchange, key=key, body=_body(message), properties=properties)


def _forwarded(row: Delivery) -> Sending:
    return Sending(
        number=row.message.id,
        exchange="",
        key=topology.queue_of(row.consumer),
        body=_body(row.message),
        # To be claimed here was no attempt.
        properties=_properties(replace(row.message, attempt=max(1, row.message.attempt))),
    )


def _properties(message: Message, *, error: str | None = None) -> Any:
    headers: dict[str, Any] = {
        "tenant_id": str(message.tenant_id),
        "aggregate_type": message.aggregate_type,
        "aggregate_id": message.aggregate_id,
        "created_at": message.created_at.isoformat(),
        "attempt": message.attempt,
    }
    if message.handled_by is not None:
        headers["handled_by"] = message.handled_by
    if error is not None:
        headers["last_error"] = error[:ERROR_LENGTH_MAX]
    return pika.BasicProperties(
        message_id=str(message.id),
        correlation_id=message.correlation_id,
        type=message.event_type,
        content_type="application/json",
        delivery_mode=2,
        headers=headers,
    )


def _body(message: Message) -> bytes:
    return json.dumps(message.payload, ensure_ascii=False, separators=(",", ":")).encode()


def _message(arrived: Arrived) -> Message:
    """The message that came. Raises KeyError, TypeError, ValueError where it is none of ours."""
    properties = arrived.properties
    headers: Mapping[str, Any] = properties.headers or {}
    payload = json.loads(arrived.body)
    if not isinstance(payload, dict) or not isinstance(properties.type, str):
        raise ValueError("its body is no object, or it has no type")
    return Message(
        id=int(properties.message_id),
        tenant_id=UUID(headers["tenant_id"]),
        event_type=properties.type,
        aggregate_type=str(headers["aggregate_type"]),
        aggregate_id=str(headers["aggregate_id"]),
        payload=payload,
        correlation_id=properties.correlation_id,
        created_at=datetime.fromisoformat(headers["created_at"]),
        attempt=int(headers["attempt"]),
        handled_by=headers.get("handled_by"),
    )


def _died_of(arrived: Arrived) -> str:
    headers: Mapping[str, Any] = arrived.properties.headers or {}
    deaths: Iterable[Mapping[str, Any]] = headers.get("x-death") or ()
    reason = next((str(death.get("reason")) for death in deaths), "unknown")
    said = {
        "delivery_limit": f"it came back unacknowledged over {topology.DELIVERY_LIMIT} times: it may kill its worker",
        "rejected": "it was rejected",
        "expired": "it waited too long",
    }.get(reason, reason)
    last = headers.get("last_error")
    return f"the broker gave it up: {said}" + (f"; before, {last}" if last else "")
