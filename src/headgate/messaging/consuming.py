"""Workers: give each message to the consumer's function, once, in a transaction of the message's tenant.

The inbox row and the effects commit together; only then is the delivery acknowledged. Killed in between, the message
comes again and the inbox says that it was handled.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Final

from headgate.core import arrays, log, registry
from headgate.core.backoff import wait_seconds
from headgate.core.db import BY_KEY, Actor, Database, Tx
from headgate.core.errors import Unavailable
from headgate.messaging import hints
from headgate.messaging.following import Following, following
from headgate.messaging.model import Consumer, Message
from headgate.messaging.transports.choice import chosen_transport
from headgate.messaging.transports.contract import Delivery, Transport

ROUND_MAX: Final = 50
FEW: Final = 10
POLL_SECONDS: Final = 0.5
REAP_SECONDS: Final = 10.0
THREADS: Final = 2

_LOG = log.get(__name__)


def discovered_consumers() -> list[Consumer]:
    """Every consumer that a domain lists in its `consumers.py`."""
    found = registry.domain_items("consumers", attribute="CONSUMERS", kind=Consumer)
    names = [consumer.name for consumer in found]
    assert len(set(names)) == len(names), f"two consumers share a name: {sorted(names)}"
    return found


@contextmanager
def subscribed(database: Database, transport: Transport) -> Iterator[None]:
    """Every consumer gets its topics from now on. While the block lasts, what this process publishes on this database is in
    their queues with its transaction, where the transport keeps them there."""
    transport.subscribe({consumer.name: consumer.topics for consumer in discovered_consumers()})
    with database.queueing() if transport.takes else nullcontext():
        yield


def run_consumers(
    database: Database,
    stop: threading.Event,
    *,
    consumers: Sequence[Consumer] | None = None,
    transport: Callable[[Database], Transport] = chosen_transport,
    threads: int = THREADS,
) -> None:
    """Handle messages until `stop` is set, in several threads; each has a transport of its own.

    Outlives a lost database. Ends within the time of the message that each thread is at.
    """
    chosen = {consumer.name: consumer for consumer in (discovered_consumers() if consumers is None else consumers)}
    with hints.listening(database, hints.QUEUE, stop) as woken:
        turn = threading.Lock()
        workers = [
            threading.Thread(
                target=_work, args=(database, stop, woken, chosen, transport, turn), name=f"consumers {number}"
            )
            for number in range(threads)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()


def handle(database: Database, consumer: Consumer, delivery: Delivery, consumers: Sequence[Consumer] = ()) -> bool:
    """Handle one delivery in its own transaction; False where its message was handled before. Raises what it raises.

    What it publishes for those of the worker's `consumers` who are `at_once` goes on in it; where that fails, it is handled
    without.
    """
    return bool(
        _handle(database, consumer, [delivery], consumers, lambda tx, messages: consumer.handle(tx, messages[0]))
    )


def handle_together(
    database: Database, consumer: Consumer, deliveries: Sequence[Delivery], consumers: Sequence[Consumer] = ()
) -> int:
    """Handle deliveries of one tenant in one transaction, as a set; how many were not handled before.

    What is told of each message's aggregate belongs to that message's correlation.
    """
    assert consumer.handle_many is not None, "it was chosen by that"
    return _handle(database, consumer, deliveries, consumers, consumer.handle_many)


def _handle(
    database: Database,
    consumer: Consumer,
    deliveries: Sequence[Delivery],
    consumers: Sequence[Consumer],
    function: Callable[[Tx, Sequence[Message]], None],
) -> int:
    messages = {one.message.id: one.message for one in deliveries if one.message.handled_by != consumer.name}
    if not messages:
        return 0
    stories = {message.aggregate_id: message.correlation_id for message in messages.values() if message.correlation_id}
    tenant_id, actor = deliveries[0].message.tenant_id, Actor.system(consumer.name)
    alone = set(stories.values()).pop() if len(set(stories.values())) == 1 else None
    goes_on: Following | None = None
    try:
        with (
            database.begin(
                tenant_id=tenant_id, actor=actor, correlation_id=alone, settings=BY_KEY, keeps_settings=True
            ) as tx,
            tx.ahead(),
        ):
            if alone is None:
                tx.tell_under(stories)
            fresh = tx.values(
                """
                INSERT INTO messaging.inbox (tenant_id, consumer, message_id)
                SELECT %(tenant_id)s, %(consumer)s, m.id
                  FROM unnest(%(ids)s::bigint[]) AS m (id)
                 ORDER BY m.id
                ON CONFLICT DO NOTHING
                RETURNING message_id
                """,
                {"tenant_id": tenant_id, "consumer": consumer.name, "ids": arrays.numbers(sorted(messages))},
            )
            if fresh:
                with following(tx, consumers) as goes_on:
                    function(tx, [messages[number] for number in sorted(fresh)])
                    goes_on.go_on()
        if goes_on and (goes_on.leaves_something or not database.queues_directly):
            hints.hint(database)
        return len(fresh)
    except Unavailable:
        raise
    except Exception as error:
        if goes_on is None or not goes_on.has_gone_on:
            raise
        _LOG.info("messages do not go on at once", extra={"consumer": consumer.name, "error": str(error)[:200]})
        return _handle(database, consumer, deliveries, (), function)


def work_round(
    database: Database, transport: Transport, consumers: dict[str, Consumer], stop: threading.Event | None = None
) -> int:
    """Take up to 50 messages and handle them; returns how many were taken."""
    everybody = list(consumers.values())
    deliveries = transport.receive(list(consumers), ROUND_MAX)
    untouched = list(deliveries)
    handled: list[Delivery] = []
    alone: set[tuple[str, int]] = set()
    try:
        while untouched and not (stop and stop.is_set()):
            consumer = consumers[untouched[0].consumer]
            together = _together(consumer, untouched, alone)
            if len(together) > 1 and _attempt_together(database, consumer, together, everybody):
                handled += together
                gone = {_which(delivery) for delivery in together}
                untouched = [delivery for delivery in untouched if _which(delivery) not in gone]
                continue
            alone |= {_which(delivery) for delivery in together}
            delivery = untouched.pop(0)
            if _attempt(database, transport, consumer, delivery, everybody):
                handled.append(delivery)
    finally:
        # Whatever ends the round early, what was handled leaves and what was not looked at is free at once.
        if handled:
            transport.acknowledge(handled)
        if untouched:
            transport.release(untouched)
    return len(deliveries)


def _together(consumer: Consumer, untouched: Sequence[Delivery], alone: set[tuple[str, int]]) -> list[Delivery]:
    """What can be handled with the first: of its consumer and tenant, unless it failed in company before."""
    first = untouched[0]
    if consumer.handle_many is None or _which(first) in alone:
        return []
    company = (first.consumer, first.message.tenant_id)
    return [
        delivery
        for delivery in untouched
        if (delivery.consumer, delivery.message.tenant_id) == company and _which(delivery) not in alone
    ]


def _which(delivery: Delivery) -> tuple[str, int]:
    return (delivery.consumer, delivery.message.id)


def _attempt_together(
    database: Database, consumer: Consumer, deliveries: Sequence[Delivery], consumers: Sequence[Consumer]
) -> bool:
    """Whether they were handled as a set. If not, nothing of it stands, and each is tried by itself."""
    try:
        handle_together(database, consumer, deliveries, consumers)
        return True
    except Unavailable:
        raise
    except Exception as error:
        about = {"consumer": consumer.name, "messages": len(deliveries), "error": f"{type(error).__name__}: {error}"}
        _LOG.info("messages failed as a set and are handled one by one", extra=about)
        return False


def _attempt(
    database: Database, transport: Transport, consumer: Consumer, delivery: Delivery, consumers: Sequence[Consumer]
) -> bool:
    """Whether it was handled, now or before. A database that is away is no fault of the message."""
    message = delivery.message
    about = {"consumer": consumer.name, "message_id": message.id, "event_type": message.event_type}
    try:
        handle(database, consumer, delivery, consumers)
        return True
    except Unavailable:
        transport.release([delivery])
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        if message.attempt >= consumer.attempts_max:
            transport.bury(delivery, reason=reason)
            _LOG.exception("a message went to the dead letters", extra=about)
        else:
            wait = wait_seconds(message.attempt)
            transport.retry(delivery, error=reason, wait_seconds=wait)
            _LOG.warning("a message failed and comes again", extra={**about, "error": reason, "seconds": wait})
        return False


def _work(
    database: Database,
    stop: threading.Event,
    woken: threading.Event,
    consumers: dict[str, Consumer],
    make_transport: Callable[[Database], Transport],
    turn: threading.Lock,
) -> None:
    pause = POLL_SECONDS
    while not stop.is_set():
        begun = time.monotonic()
        try:
            transport = make_transport(database)
            try:
                transport.subscribe({consumer.name: consumer.topics for consumer in consumers.values()})
                _work_on(database, stop, woken, consumers, transport, turn)
            finally:
                transport.close()
        except Exception as error:
            # What went well for a while before is no part of this failure.
            pause = min((POLL_SECONDS if time.monotonic() - begun > 30.0 else pause) * 2, 30.0)
            _LOG.warning("a worker begins anew", extra={"error": str(error), "seconds": pause})
            stop.wait(pause)


def _work_on(
    database: Database,
    stop: threading.Event,
    woken: threading.Event,
    consumers: dict[str, Consumer],
    transport: Transport,
    turn: threading.Lock,
) -> None:
    reaped = float("-inf")
    while not stop.is_set():
        if time.monotonic() - reaped > REAP_SECONDS:
            transport.reap()
            reaped = time.monotonic()
        taken = work_round(database, transport, consumers, stop)
        if transport.waits:
            continue
        if taken >= ROUND_MAX:
            woken.set()  # More may wait than one thread has taken.
        elif taken <= FEW:
            # Little comes, nothing was left of it, and what comes next brings a hint. One thread at a time listens for that,
            # so that one looks and not all.
            with turn:
                woken.wait(POLL_SECONDS)
                woken.clear()
