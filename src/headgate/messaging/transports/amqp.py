"""A connection to RabbitMQ for one thread: it works while it is called, and keeps hundreds of publishes in flight.

pika's own blocking connection waits for each confirmation by itself; this one drives pika's event loop step by step, so
that a batch is written whole and its confirmations are awaited together.
"""

from __future__ import annotations

import logging
import random
import ssl
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import pika
from pika.adapters.select_connection import IOLoop
from pika.exceptions import AMQPError, ChannelClosedByClient

from headgate.core import backoff, log
from headgate.core.brokers import Broker
from headgate.messaging.errors import BrokerUnavailable, TopologyDiffers

CONNECT_SECONDS: Final = 10.0
ANSWER_SECONDS: Final = 30.0
HEARTBEAT_SECONDS: Final = 600
"""Long, since nothing is heard of us while a message is handled; a broker that is gone shows sooner, by what is asked of it."""
TOO_DIFFERENT: Final = 406
NOT_FOUND: Final = 404
SAID_LENGTH_MAX: Final = 500

_LOG = log.get(__name__)
# pika says in its own words, and several times, what is raised here once.
logging.getLogger("pika").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One message to publish. `number` names it in the answer."""

    number: int
    exchange: str
    key: str
    body: bytes
    properties: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """One message that came: `queue` is where it was taken, `tag` what it is acknowledged by on `channel`, which it came by.

    `exchange` is empty where it was sent to that very queue.
    """

    queue: str
    exchange: str
    channel: Any
    tag: int
    redelivered: bool
    properties: Any
    body: bytes


class _Sender:
    """A channel in confirm mode, and the numbers of what it has sent and nobody has confirmed, by their tags."""

    def __init__(self, channel: Any) -> None:
        self.channel = channel
        self.unconfirmed: dict[int, int] = {}
        self.was_refused = False
        self._sent = 0

    def send(self, sending: Sending) -> None:
        self._sent += 1
        self.unconfirmed[self._sent] = sending.number
        self.channel.basic_publish(sending.exchange, sending.key, sending.body, sending.properties, mandatory=True)


class Wire:
    """An open connection to the first node that answers. Raises BrokerUnavailable.

    A queue may answer nobody, as one may that was made just before a crash of its node, and the broker then answers nothing
    more on a channel that touched it. So each queue is read, and what goes one way is published, by a channel of its own.
    """

    def __init__(self, broker: Broker, *, prefetch: int) -> None:
        self.arrived: deque[Arrived] = deque()
        self.consuming: set[str] = set()
        self.unrouted: set[int] = set()
        """Of what was last published, what went to no queue."""
        self._broker, self._prefetch = broker, prefetch
        self._loop = IOLoop()
        self._lost: str | None = None
        self._hung_up = False
        self._connection: Any = None
        self._channel: Any = None
        self._getting: Any = None
        self._held: defaultdict[Any, deque[int]] = defaultdict(deque)
        """What came by each channel and is not settled, by its tags, which count up."""
        self._asked: dict[str, float] = {}
        self._senders: dict[tuple[str, str], _Sender] = {}
        self._faults: dict[int, str] = {}
        self._reply = 0
        self._loop.activate_poller()
        try:
            self._connect()
        except BaseException:
            self.close()
            raise

    def declare_exchange(self, name: str, kind: str) -> None:
        """An exchange that outlives the broker. Raises TopologyDiffers."""
        self._ask("exchange_declare", exchange=name, exchange_type=kind, durable=True)

    def declare_queue(self, name: str, arguments: Mapping[str, Any]) -> None:
        """A queue that outlives the broker. Raises TopologyDiffers."""
        self._ask("queue_declare", queue=name, durable=True, arguments=dict(arguments))

    def bind(self, queue: str, exchange: str, key: str) -> None:
        """The queue gets what the exchange has under this key."""
        self._ask("queue_bind", queue=queue, exchange=exchange, routing_key=key)

    def bind_exchange(self, to: str, exchange: str, key: str) -> None:
        """The exchange `to` gets what the exchange has under this key."""
        self._ask("exchange_bind", destination=to, source=exchange, routing_key=key)

    def has_exchange(self, name: str) -> bool:
        """Whether it is there."""
        return self._is_there("exchange_declare", exchange=name, passive=True) is not None

    def waiting(self, queue: str) -> int | None:
        """How many messages wait in a queue; None where there is none of that name."""
        found = self._is_there("queue_declare", queue=queue, passive=True)
        return None if found is None else int(found.method.message_count)

    def consume(self, queue: str) -> None:
        """From now on its messages arrive, up to the prefetch at a time. What it answers is not waited for: see `silent`."""

        def opened(channel: Any) -> None:
            channel.basic_qos(prefetch_count=self._prefetch)
            channel.basic_consume(
                queue,
                on_message_callback=lambda *came: self._took(_arrived(queue, *came)),
                callback=lambda _: self._asked.pop(queue, None),
            )

        self._do(lambda: self._connection.channel(on_open_callback=opened).add_on_close_callback(self._closed))
        self._asked[queue] = time.monotonic()
        self.consuming.add(queue)

    def silent(self, seconds: float) -> list[str]:
        """The queues that have not answered for so long since they were to be consumed."""
        now = time.monotonic()
        return sorted(queue for queue, asked in self._asked.items() if now - asked > seconds)

    def take(self, queue: str, seconds: float | None = None) -> Arrived | None:
        """The first message of a queue, or None where it is empty, or answers nothing within so many seconds."""
        found: list[Arrived | None] = []
        channel = self._getting or self._opened()
        channel.add_callback(lambda _: found.append(None), [pika.spec.Basic.GetEmpty], True)
        self._do(lambda: channel.basic_get(queue, callback=lambda *came: found.append(_arrived(queue, *came))))
        if self._waited(lambda: bool(found), ANSWER_SECONDS if seconds is None else seconds):
            self._getting = channel
            return found[0]
        self._getting = None  # The next question goes by another.
        self._do(channel.close)
        if seconds is None:
            self._raise_silent("answered nothing", ANSWER_SECONDS)
        return None

    def acknowledge(self, done: Sequence[Arrived]) -> None:
        """Messages that arrived are done with: in one word, those before which nothing of their channel is left.

        Raises BrokerUnavailable where the connection is gone.
        """
        tags: dict[Any, set[int]] = defaultdict(set)
        for arrived in done:
            tags[arrived.channel].add(arrived.tag)
        for channel, own in tags.items():
            held, last = self._held[channel], 0
            while held and held[0] in own:
                last = held.popleft()
                own.remove(last)
            if last:
                self._do(lambda to=channel, tag=last: to.basic_ack(tag, multiple=True))  # type: ignore[misc]
            for tag in own:
                self._let_go(channel, tag)
                self._do(lambda to=channel, tag=tag: to.basic_ack(tag))  # type: ignore[misc]

    def give_back(self, arrived: Arrived, *, dead: bool = False) -> None:
        """A message that arrived goes back to its queue, or to the dead letters."""
        self._let_go(arrived.channel, arrived.tag)
        self._do(lambda: arrived.channel.basic_nack(arrived.tag, requeue=not dead))

    def publish(self, sendings: Sequence[Sending]) -> dict[int, str]:
        """Publish and wait until the broker has them on disk; returns why by number for those it did not take.

        Raises BrokerUnavailable where none was confirmed: one queue that answers nobody is no fault of the others.
        """
        self._faults = {}
        self.unrouted = set()
        ways = {(sending.exchange, sending.key) for sending in sendings}
        for way in ways - self._senders.keys():
            self._senders[way] = self._sender()
        senders = {way: self._senders[way] for way in ways}
        for sending in sendings:
            self._do(lambda one=sending: senders[one.exchange, one.key].send(one))  # type: ignore[misc]
        if not self._waited(lambda: not any(one.unconfirmed for one in senders.values()), ANSWER_SECONDS):
            self._leave({way: one for way, one in senders.items() if one.unconfirmed}, len(sendings))
        for way in [way for way, one in senders.items() if one.was_refused and way in self._senders]:
            self._drop(way)
        return self._faults

    def listen(self, seconds: float) -> None:
        """Let come what comes, until something arrived or so long."""
        end = time.monotonic() + seconds
        self._step(0.0)
        while not self.arrived and (rest := end - time.monotonic()) > 0:
            self._step(rest)

    def close(self) -> None:
        """Say good-bye where somebody still listens, and hang up: what arrived and was not acknowledged comes to others."""
        if self._hung_up:
            return
        self._hung_up = True
        try:
            if self._connection is not None and self._connection.is_open:
                self._lost = None  # A channel may be gone, and the connection not.
                self._connection.close()
                self._until(lambda: self._connection.is_closed, 2.0, "did not say good-bye")
        except (AMQPError, BrokerUnavailable, OSError):
            pass
        finally:
            # pika lets go of a stream in its loop, which turns no more: a broker would wait for us as long as for a heartbeat.
            stream = getattr(getattr(self._connection, "_transport", None), "_sock", None)
            if stream is not None:
                stream.close()
            self._loop.close()

    def _let_go(self, channel: Any, tag: int) -> None:
        with suppress(ValueError):  # What was asked for by itself is not among them.
            self._held[channel].remove(tag)

    # Below, whatever pika calls back only notes what it was told; whoever waits looks at that ---------------------------
    def _connect(self) -> None:
        said = []
        for host, port in random.sample(self._broker.nodes, len(self._broker.nodes)):
            self._lost = None
            try:
                self._connection = pika.SelectConnection(
                    _parameters(self._broker, host, port),
                    on_open_error_callback=lambda _, error: self._note(error),
                    on_close_callback=lambda _, error: self._note(error),
                    custom_ioloop=self._loop,
                )
                self._until(lambda: self._connection.is_open, CONNECT_SECONDS, "did not open")
                self._channel = self._opened()
                return
            except (BrokerUnavailable, AMQPError, OSError) as error:
                said.append(f"{host}:{port}: {self._lost or error}")
        raise BrokerUnavailable("no broker can be reached: " + "; ".join(said))

    def _sender(self) -> _Sender:
        sender = _Sender(self._opened())
        sender.channel.add_on_return_callback(self._returned)
        self._ask("confirm_delivery", sender.channel, ack_nack_callback=lambda frame: self._confirmed(sender, frame))
        return sender

    def _leave(self, silent: Mapping[tuple[str, str], _Sender], count: int) -> None:
        """What is not confirmed is not waited for. Raises BrokerUnavailable where that is all."""
        left = {number for sender in silent.values() for number in sender.unconfirmed.values()}
        if len(left) == count:
            self._raise_silent("did not confirm", ANSWER_SECONDS)
        self._faults |= dict.fromkeys(left, f"the broker did not confirm it within {ANSWER_SECONDS:.0f} s")
        for way in silent:
            self._drop(way)

    def _drop(self, way: tuple[str, str]) -> None:
        """What goes this way goes by a new channel from now on: one that met a queue without a leader may refuse for ever."""
        self._do(self._senders.pop(way).channel.close)

    def _opened(self) -> Any:
        channel = self._connection.channel(on_open_callback=lambda _: None)
        channel.add_on_close_callback(self._closed)
        self._until(lambda: channel.is_open, ANSWER_SECONDS, "opened no channel")
        return channel

    def _closed(self, _: Any, error: BaseException) -> None:
        if not isinstance(error, ChannelClosedByClient):
            self._note(error)

    def _took(self, arrived: Arrived) -> None:
        self.arrived.append(arrived)
        self._held[arrived.channel].append(arrived.tag)

    def _note(self, error: BaseException) -> None:
        self._lost = self._lost or (str(error) or repr(error))[:SAID_LENGTH_MAX]
        self._reply = getattr(error, "reply_code", 0)

    def _confirmed(self, sender: _Sender, frame: Any) -> None:
        through = frame.method.delivery_tag
        of = [tag for tag in sender.unconfirmed if tag <= through] if frame.method.multiple else [through]
        for tag in of:
            number = sender.unconfirmed.pop(tag, None)
            if number is not None and isinstance(frame.method, pika.spec.Basic.Nack):
                self._faults[number] = "the broker refused it"
                sender.was_refused = True

    def _returned(self, _: Any, method: Any, properties: Any, body: bytes) -> None:
        number = int(properties.message_id)
        self.unrouted.add(number)
        self._faults[number] = f"no queue takes it: {method.exchange} {method.routing_key}"

    def _is_there(self, method: str, **given: Any) -> Any:
        """The answer, or None where there is no such thing; the broker closes the channel then, so a new one is opened."""
        try:
            return self._ask(method, **given)
        except BrokerUnavailable:
            if self._reply != NOT_FOUND or not self._connection.is_open:
                raise
            self._lost = None
            self._channel = self._opened()
            return None

    def _ask(self, method: str, channel: Any = None, **given: Any) -> Any:
        answers: list[Any] = []
        self._do(lambda: getattr(channel or self._channel, method)(callback=answers.append, **given))
        self._until(lambda: bool(answers), ANSWER_SECONDS, f"did not answer to {method}")
        return answers[0]

    def _do(self, act: Callable[[], object]) -> None:
        if self._lost is not None:
            self._raise_lost()
        try:
            act()
        except (AMQPError, OSError) as error:
            raise BrokerUnavailable(f"the broker went away: {type(error).__name__}: {error}") from error

    def _until(self, done: Callable[[], bool], seconds: float, otherwise: str) -> None:
        if not self._waited(done, seconds):
            self._raise_silent(otherwise, seconds)

    def _waited(self, done: Callable[[], bool], seconds: float) -> bool:
        """Whether it came to that within so long."""
        end = time.monotonic() + seconds
        while not done():
            rest = end - time.monotonic()
            if rest <= 0:
                return False
            self._step(rest)
        return True

    def _step(self, seconds: float) -> None:
        """Let the loop wait once, at most so long, and do what is due. Raises BrokerUnavailable."""
        timer = self._loop.call_later(max(0.0, seconds), lambda: None)
        try:
            self._loop.poll()
            self._loop.process_timeouts()
        finally:
            self._loop.remove_timeout(timer)
        if self._lost is not None:
            self._raise_lost()

    def _raise_silent(self, otherwise: str, seconds: float) -> None:
        raise BrokerUnavailable(f"the broker at {self._broker.where} {otherwise} within {seconds:.0f} s")

    def _raise_lost(self) -> None:
        if self._reply == TOO_DIFFERENT:
            raise TopologyDiffers(f"the broker at {self._broker.where} has it otherwise: {self._lost}")
        raise BrokerUnavailable(f"the broker at {self._broker.where} went away: {self._lost}")


def _arrived(queue: str, channel: Any, method: Any, properties: Any, body: bytes) -> Arrived:
    return Arrived(
        queue=queue,
        exchange=method.exchange,
        channel=channel,
        tag=method.delivery_tag,
        redelivered=method.redelivered,
        properties=properties,
        body=body,
    )


def open_wire(broker: Broker, *, prefetch: int, tries: int = 1) -> Wire:
    """A connection, tried so many times with growing pauses. Raises BrokerUnavailable."""
    for attempt in range(1, tries):
        try:
            return Wire(broker, prefetch=prefetch)
        except BrokerUnavailable as error:
            wait = backoff.wait_seconds(attempt, base=0.25, cap=10)
            _LOG.warning("the broker does not answer yet", extra={"error": str(error), "wait_seconds": round(wait, 2)})
            time.sleep(wait)
    return Wire(broker, prefetch=prefetch)


def _parameters(broker: Broker, host: str, port: int) -> Any:
    options = None
    if broker.tls:
        options = pika.SSLOptions(ssl.create_default_context(cafile=broker.ca_file), server_hostname=host)
    return pika.ConnectionParameters(
        host=host,
        port=port,
        virtual_host=broker.virtual_host,
        credentials=pika.PlainCredentials(broker.user, broker.password),
        ssl_options=options,
        heartbeat=HEARTBEAT_SECONDS,
        connection_attempts=1,
        socket_timeout=CONNECT_SECONDS,
        stack_timeout=CONNECT_SECONDS + 5,
        blocked_connection_timeout=ANSWER_SECONDS,
        client_properties={"connection_name": "headgate"},
    )
