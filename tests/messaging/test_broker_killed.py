"""The broker's leader is killed with -9 while messages flow, and a worker with it: each takes effect once.

A long run, `make broker`: one node that is killed and started again, and three of which the leader stays dead.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from tests import components, make
from tests.messaging.broker import Broker
from tests.messaging.post import Post

from headgate import audit
from headgate.core.db import Database, Tx
from headgate.messaging import Message, consuming, relay
from headgate.messaging.consuming import run_consumers
from headgate.messaging.model import Consumer
from headgate.messaging.relay import run_relay
from headgate.messaging.transports import topology
from headgate.messaging.transports.rabbitmq import RabbitTransport

pytestmark = [pytest.mark.slow, components.requires("rabbitmq")]

SECONDS = 120


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One broker for each `--broker-nodes`; none in an ordinary run."""
    metafunc.parametrize("broker", metafunc.config.getoption("--broker-nodes"), indirect=True)


@pytest.fixture
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """A broker of so many nodes."""
    made = Broker(request.param)
    try:
        yield made.start()
    finally:
        made.stop()


def test_leader_killed_under_load_loses_nothing_and_repeats_nothing(
    empty_database: Database, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (consuming, relay):
        monkeypatch.setattr(module, "POLL_SECONDS", 0.05)
    post = Post(empty_database, make.tenant(empty_database).id)
    post.consumer = Consumer(post.consumer.name, post.consumer.topics, _effect)
    stop, killed, loops = threading.Event(), threading.Event(), []
    published: list[int] = []

    def over(database: Database) -> RabbitTransport:
        return RabbitTransport(database, broker.url)

    def publish() -> None:
        after = 20
        while after:
            published.extend(post.publish(20))
            after -= killed.is_set()
            time.sleep(0.2)

    over(empty_database).subscribe({post.consumer.name: post.consumer.topics})
    loops.append(
        threading.Thread(target=run_relay, args=(empty_database, stop), kwargs={"transport": over, "claim_seconds": 5})
    )
    for _ in range(2):
        given = {"transport": over, "consumers": [post.consumer], "threads": 1}
        loops.append(threading.Thread(target=run_consumers, args=(empty_database, stop), kwargs=given))
    for loop in loops:
        loop.start()
    try:
        publisher = threading.Thread(target=publish)
        publisher.start()
        _wait(lambda: len(post.inbox()) > 100)
        leader = broker.leader(topology.queue_of(post.consumer.name))
        broker.kill(leader)
        killed.set()
        if broker.count == 1:
            time.sleep(1.0)
            broker.start_node(leader)
        publisher.join()
        # Taken by a consumer is not yet marked as published: what was confirmed to nobody is sent again after its claim.
        _wait(lambda: len(post.inbox()) == len(published) and not _unpublished(post))
    finally:
        stop.set()
        for loop in loops:
            loop.join(30)
        post.close()

    with empty_database.begin(tenant_id=post.tenant_id, actor=make.ACTOR) as tx:
        effects = tx.values("SELECT count(*) FROM audit.events WHERE type = 'test.effect' GROUP BY data->>'id'")
    assert (len(effects), set(effects)) == (len(published), {1})
    assert post.letters() == []


def _unpublished(post: Post) -> int:
    return sum(row["published_at"] is None for row in post.outbox())


def _effect(tx: Tx, message: Message) -> None:
    audit.record(tx, type="test.effect", data={"id": message.id})


def _wait(done: object) -> None:
    deadline = time.monotonic() + SECONDS
    while not done():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.1)
