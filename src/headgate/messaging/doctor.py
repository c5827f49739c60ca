"""What `headgate doctor` asks of the messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from headgate.core.db import Database
from headgate.core.doctor import Examination
from headgate.core.finding import Finding
from headgate.messaging.status import status

WAIT_SECONDS_MAX: Final = 60.0


def _examine(database: Database) -> Iterator[Finding]:
    found = status(database)
    yield Finding(
        "messaging.relay",
        found.oldest_pending_seconds <= WAIT_SECONDS_MAX,
        f"{found.outbox_pending} messages wait for the relay, the oldest for {found.oldest_pending_seconds:.0f} s",
        "see that `headgate serve` or a worker runs; `headgate messaging status` shows what is tried again",
    )
    slow = [queue for queue in found.queues if queue.oldest_seconds > WAIT_SECONDS_MAX and queue.ready]
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
