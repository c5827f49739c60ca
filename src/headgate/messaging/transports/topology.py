"""What stands in RabbitMQ, and which message goes where: the tables of names that operators and neighbours know.

A message goes to one exchange (`ROUTES`) and from there on by bindings between exchanges:

    payments.inbound -> payments.events -> payments.audit -> q.audit
    payments.validation -^      ^- payments.saga

so that `payments.events` sees every message under its topic, and `payments.audit` every message. A consumer in `STAGES`
reads the queue of its stage; any other reads `q.<its name>`, bound to `payments.events` by its topics.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from headgate.messaging.model import Message
from headgate.messaging.topics import matches

INBOUND: Final = "payments.inbound"
VALIDATION: Final = "payments.validation"
EVENTS: Final = "payments.events"
SAGA: Final = "payments.saga"
AUDIT: Final = "payments.audit"
DEAD: Final = "payments.dlq"
MARK: Final = "payments.whole"
"""Declared last: while it is missing, the broker is new or was emptied, and its queues are filled from the outbox."""

EXCHANGES: Final[Mapping[str, str]] = {
    INBOUND: "direct",
    VALIDATION: "topic",
    EVENTS: "topic",
    SAGA: "topic",
    AUDIT: "fanout",
    DEAD: "direct",
}
CHANNELS: Final = ("ach", "wire", "realtime", "check", "card", "paypal", "venmo", "book")

ONWARD: Final[Sequence[tuple[str, str, str]]] = (
    (INBOUND, EVENTS, "payment.ingested"),
    (VALIDATION, EVENTS, "#"),
    (SAGA, EVENTS, "#"),
    (EVENTS, AUDIT, "#"),
)
"""Exchange, the exchange that gets its messages too, and by which key."""

QUEUES: Final[Mapping[str, Sequence[tuple[str, str]]]] = {
    "q.validate": tuple((INBOUND, channel) for channel in CHANNELS),
    "q.classify": ((VALIDATION, "payment.validated"),),
    "q.rules.post": ((SAGA, "saga.payment.start"),),
    "q.poster.outbox": ((SAGA, "saga.payment.allocated"),),
    "q.outbox.dispatch": ((SAGA, "saga.outbox.wake"),),
    "q.reconcile.daily": ((SAGA, "saga.reconcile.daily"),),
    "q.exceptions": (
        (EVENTS, "payment.rejected"),
        (EVENTS, "payment.reconciled.discrepancy"),
        (SAGA, "saga.payment.return"),
    ),
    "q.notifications": ((EVENTS, "payment.#"),),
    "q.audit": ((AUDIT, ""),),
}
"""The queues of the pipeline, each with the exchanges and keys that it is bound by."""

STAGES: Final[Mapping[str, str]] = {
    "servicing.validate": "q.validate",
    "servicing.classify": "q.classify",
    "servicing.allocate": "q.rules.post",
    "servicing.post": "q.poster.outbox",
    "servicing.notify": "q.notifications",
    "cases.exceptions": "q.exceptions",
    "recon.daily": "q.reconcile.daily",
    "messaging.dispatch": "q.outbox.dispatch",
}
"""Which consumer reads which of them; `q.audit` is read by others."""

PREFETCH: Final = 50
DELIVERY_LIMIT: Final = 20
"""How often a message may come back unacknowledged, as where it kills its worker, before the broker itself buries it."""
UNREAD_MAX: Final = 100_000
"""What a queue keeps that no consumer of ours reads. Every fact in it stands in the audit log, or in the outbox."""
RETRY_SECONDS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 300)
"""Waiting rooms. Within one, a message waits for those before it: no longer than the room's name says."""


@dataclass(frozen=True, slots=True)
class Route:
    """Messages whose topic is `topics`, as a subscription reads it, go to `exchange` under `key`: the topic unless said."""

    topics: str
    exchange: str
    key: Callable[[Message], str] | None = None


def _channel(message: Message) -> str:
    """The envelope's channel."""
    source = message.payload.get("source")
    found = source.get("channel") if isinstance(source, Mapping) else message.payload.get("channel")
    return found if isinstance(found, str) else ""


ROUTES: Final[Sequence[Route]] = (
    Route("payment.ingested", INBOUND, _channel),
    Route("payment.validated", VALIDATION),
    Route("saga.#", SAGA),
    Route("#", EVENTS),
)
"""The first that fits decides."""


def destination(message: Message) -> tuple[str, str]:
    """The exchange and the routing key of a message. What its only stage has handled already is told, and is nobody's work."""
    route = next(route for route in ROUTES if matches(route.topics, message.event_type))
    key = route.key(message) if route.key else message.event_type
    if message.handled_by is not None and _stages_of(route.exchange, key) == {queue_of(message.handled_by)}:
        return EVENTS, message.event_type
    return route.exchange, key


@lru_cache(maxsize=1_000)
def _stages_of(exchange: str, key: str) -> set[str]:
    """The queues of the pipeline that get it there."""
    return {
        queue
        for queue, bindings in QUEUES.items()
        if any(at == exchange and exchange != AUDIT and matches(subscription, key) for at, subscription in bindings)
    }


def queue_of(consumer: str) -> str:
    """The queue that a consumer reads."""
    return STAGES.get(consumer) or f"q.{consumer}"


def dead_queue(queue: str) -> str:
    """Where the dead letters of a queue lie until they are taken into the database."""
    return f"q.dlq.{queue}"


def bindings(consumer: str, topics: Sequence[str]) -> Sequence[tuple[str, str]]:
    """The exchanges and keys that a consumer's queue is bound by."""
    return QUEUES.get(queue_of(consumer)) or tuple((EVENTS, topic) for topic in topics)


def arguments(queue: str) -> dict[str, Any]:
    """How a queue is declared. What it gives up goes to `payments.dlq` under its name, and is not let go before it is there."""
    given: dict[str, Any] = {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": DEAD,
        "x-dead-letter-routing-key": queue,
    }
    if is_read(queue):
        return given | {"x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish"}
    return given | {"x-max-length": UNREAD_MAX}


def dead_arguments(queue: str) -> dict[str, Any]:
    """How the queue of a queue's dead letters is declared."""
    given: dict[str, Any] = {"x-queue-type": "quorum"}
    return given if is_read(queue) else given | {"x-max-length": UNREAD_MAX}


def is_read(queue: str) -> bool:
    """Whether a consumer of ours empties it."""
    return queue not in QUEUES or queue in STAGES.values()


def retry_room(wait_seconds: float) -> int:
    """The waiting room for so long a wait."""
    return next((room for room in RETRY_SECONDS if room >= wait_seconds), RETRY_SECONDS[-1])


def retry_name(room: int) -> str:
    """The exchange of a waiting room; its queue is `q.` and this."""
    return f"payments.retry.{room}s"


def retry_arguments(room: int) -> dict[str, Any]:
    """How a waiting room is declared: what has waited goes back under its own key, which is the name of its queue."""
    return {
        "x-queue-type": "quorum",
        "x-message-ttl": room * 1000,
        "x-dead-letter-exchange": "",
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
