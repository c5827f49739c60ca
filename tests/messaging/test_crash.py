"""Killed with -9 between any two steps: nothing is lost, and everything takes effect once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from tests import make
from tests.messaging.post import Post

from headgate import audit
from headgate.core.config import Config
from headgate.core.db import Database, Tx
from headgate.messaging import Message
from headgate.messaging.consuming import work_round
from headgate.messaging.model import Consumer
from headgate.messaging.relay import Relay
from headgate.messaging.transports.postgres import PostgresTransport

pytestmark = pytest.mark.slow

MESSAGES = 5
FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload([__name__])  # our code is imported once, and not by each who dies
POINTS = [
    *("relay claimed", "relay handed over", "relay marked", "relay took"),
    *("received", "inbox written", "effect written", "effects committed", "acknowledged"),
]


def effect(tx: Tx, message: Message) -> None:
    """What a handler does: a row that must stand once per message."""
    audit.record(tx, type="test.effect", data={"n": message.payload["n"], "topic": message.event_type})


def child(home: str, urls: dict[str, str], consumer_name: str, topic: str, point: str) -> None:
    """Runs in a process of its own: relay and handle everything, and die at the named point."""

    def die(at: str) -> None:
        if at == point:
            os.kill(os.getpid(), signal.SIGKILL)

    def dying(target: Any, name: str, *, before: str = "", after: str = "") -> None:
        real = getattr(target, name)

        def wrapped(*given: Any, **more: Any) -> Any:
            die(before)
            result = real(*given, **more)
            die(after)
            return result

        setattr(target, name, wrapped)

    def handle(tx: Tx, message: Message) -> None:
        die("inbox written")
        effect(tx, message)
        die("effect written")

    config = Config.from_environment({"HEADGATE_HOME": home, "HEADGATE_ENV": "test"})
    with Database(lambda role: urls[role], config=config) as database:
        transport = PostgresTransport(database)
        # A transport in this database takes the outbox's rows in one statement; a broker is handed them in steps.
        transport.takes = point not in ("relay claimed", "relay handed over", "relay marked")
        dying(transport, "take", after="relay took")
        dying(transport, "publish", before="relay claimed", after="relay handed over")
        dying(transport, "receive", after="received")
        dying(transport, "acknowledge", before="effects committed", after="acknowledged")
        relay = Relay(database, transport)
        dying(relay, "_mark_published", after="relay marked")
        while relay.relay_round():
            pass
        consumer = Consumer(consumer_name, (topic,), handle)
        while work_round(database, transport, {consumer.name: consumer}):
            pass


@pytest.mark.parametrize("point", POINTS)
def test_killed_between_any_two_steps(post: Post, point: str, tmp_path: Path) -> None:
    post.consumer = Consumer(post.consumer.name, post.consumer.topics, effect)
    numbers = post.publish(MESSAGES)
    urls = {role: post.database.url(role) for role in ("app", "dispatcher")}

    killed = FORKED.Process(target=child, args=(str(tmp_path), urls, post.consumer.name, post.topic, point))
    killed.start()
    killed.join(60)

    assert killed.exitcode == -signal.SIGKILL
    for _ in range(20):
        post.hasten("outbox_messages")
        post.hasten("queue_messages")
        post.relay_all()
        if not post.work() and len(post.inbox()) == MESSAGES:
            break
        time.sleep(0.05)
    assert post.inbox() == numbers and post.queue() == []
    assert all(row["published_at"] is not None for row in post.outbox())
    with post.database.begin(tenant_id=post.tenant_id, actor=make.ACTOR) as tx:
        effects = tx.values("SELECT data->>'n' FROM audit.events WHERE type = 'test.effect' ORDER BY 1")
    assert effects == [str(n) for n in range(MESSAGES)]
