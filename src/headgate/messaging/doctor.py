"""What `headgate doctor` asks of the messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from headgate.core.db import Database
from headgate.core.doctor import Examination
from headgate.core.finding import Finding
from headgate.messaging.status import status, unreachable_broker

WAIT_SECONDS_MAX: Final = 60.0


def _examine(database: Database) -> Iterator[Finding]:
    if database.config.broker_url:
        fault = unreachable_broker(database.config)
        yield Finding(
            "messaging.broker",
            fault is None,
            fault or "the broker answers",
            "see that its nodes run and that HEADGATE_BROKER_URL names them and a user of theirs; nothing is lost meanwhile",
        )
        if fault:
            return
    found = status(database)
    yield Finding(
        "messaging.relay",
        found.oldest_pending_seconds <= WAIT_SECONDS_MAX,
        f"{found.outbox_pending} messages wait for the relay, the oldest for {found.oldest_pending_seconds:.0f} s",
        "see that `headgate serve` or a worker runs; `headgate messaging status` shows what is tried again",
    )
    slow = [queue for queue in found.queues if (queue.oldest_seconds or 0.0) > WAIT_SECONDS_MAX and queue.ready]
    names = ", ".join(f"{queue.consumer} ({queue.ready})" for queue in slow)
    yield Finding(
        "messaging.consumers",
        not slow,
        f"messages have waited over a minute for {names}" if slow else "no consumer is behind",
        "see that a worker runs and what its log says of these consumers",
    )
    yield Finding(
        "messaging.dead_letters",
        found.dead_letters == 0,
        f"{found.dead_letters} dead letters",
        "read their reasons with `headgate messaging dead-letters`, then `headgate messaging requeue`",
    )


DOCTOR: Final = [Examination("messaging", _examine)]
