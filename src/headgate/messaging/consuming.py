"""Workers: give each message to the consumer's function, once, in a transaction of the message's tenant.

The inbox row and the effects commit together; only then is the delivery acknowledged. Killed in between, the message
comes again and the inbox says that it was handled.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from headgate.core import log, registry
from headgate.core.backoff import wait_seconds
from headgate.core.db import Actor, Database
from headgate.core.errors import Unavailable
from headgate.messaging import hints
from headgate.messaging.model import Consumer
from headgate.messaging.transports.contract import Delivery, Transport
from headgate.messaging.transports.postgres import PostgresTransport

ROUND_MAX: Final = 50
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


def run_consumers(
    database: Database,
    stop: threading.Event,
    *,
    consumers: Sequence[Consumer] | None = None,
    transport: Callable[[Database], Transport] = PostgresTransport,
    threads: int = THREADS,
) -> None:
    """Handle messages until `stop` is set, in several threads; each has a transport of its own.

    Outlives a lost database. Ends within the time of the message that each thread is at.
    """
    chosen = {consumer.name: consumer for consumer in (discovered_consumers() if consumers is None else consumers)}
    with hints.listening(database, hints.QUEUE, stop) as woken:
        workers = [
            threading.Thread(target=_work, args=(database, stop, woken, chosen, transport), name=f"consumers {number}")
            for number in range(threads)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()


def handle(database: Database, consumer: Consumer, delivery: Delivery) -> bool:
    """Handle one delivery in its own transaction; False where its message was handled before. Raises what it raises."""
    message = delivery.message
    actor = Actor.system(consumer.name)
    with database.begin(tenant_id=message.tenant_id, actor=actor, correlation_id=message.correlation_id) as tx:
        fresh = tx.run(
            """
            INSERT INTO messaging.inbox (tenant_id, consumer, message_id)
            VALUES (%(tenant_id)s, %(consumer)s, %(message_id)s)
            ON CONFLICT DO NOTHING
            """,
            {"tenant_id": message.tenant_id, "consumer": consumer.name, "message_id": message.id},
        )
        if fresh:
            consumer.handle(tx, message)
    return bool(fresh)


def work_round(
    database: Database, transport: Transport, consumers: dict[str, Consumer], stop: threading.Event | None = None
) -> int:
    """Take up to 50 messages and handle them; returns how many were taken."""
    deliveries = transport.receive(list(consumers), ROUND_MAX)
    untouched = list(deliveries)
    handled: list[Delivery] = []
    published = False
    try:
        while untouched and not (stop and stop.is_set()):
            delivery = untouched.pop(0)
            if _attempt(database, transport, consumers[delivery.consumer], delivery):
                handled.append(delivery)
                published = True
    finally:
        # Whatever ends the round early, what was handled leaves and what was not looked at is free at once.
        if handled:
            transport.acknowledge(handled)
        if untouched:
            transport.release(untouched)
        if published:
            hints.hint(database)
    return len(deliveries)


def _attempt(database: Database, transport: Transport, consumer: Consumer, delivery: Delivery) -> bool:
    """Whether it was handled, now or before. A database that is away is no fault of the message."""
    message = delivery.message
    about = {"consumer": consumer.name, "message_id": message.id, "event_type": message.event_type}
    try:
        handle(database, consumer, delivery)
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
) -> None:
    pause = POLL_SECONDS
    while not stop.is_set():
        try:
            transport = make_transport(database)
            try:
                transport.subscribe({consumer.name: consumer.topics for consumer in consumers.values()})
                _work_on(database, stop, woken, consumers, transport)
            finally:
                transport.close()
            pause = POLL_SECONDS
        except Exception as error:
            pause = min(pause * 2, 30.0)
            _LOG.warning("a worker begins anew", extra={"error": str(error), "seconds": pause})
            stop.wait(pause)


def _work_on(
    database: Database,
    stop: threading.Event,
    woken: threading.Event,
    consumers: dict[str, Consumer],
    transport: Transport,
) -> None:
    reaped = float("-inf")
    while not stop.is_set():
        woken.clear()
        if time.monotonic() - reaped > REAP_SECONDS:
            transport.reap()
            reaped = time.monotonic()
        if work_round(database, transport, consumers, stop) == 0:
            woken.wait(POLL_SECONDS)
