"""What goes on at once: handled in the transaction that publishes it, or, where that fails, by its queue."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest
from tests import make
from tests.messaging.post import Post

from headgate import audit, messaging
from headgate.core.db import Database, Tx
from headgate.messaging.consuming import handle, handle_together, work_round
from headgate.messaging.model import Message
from headgate.messaging.transports.contract import Delivery

pytestmark = pytest.mark.slow


class Chain:
    """Two consumers: the first publishes for the second, which goes on at once and may fail in a set."""

    def __init__(self, first: Post, second: Post) -> None:
        self.first, self.second = first, second
        self.sets: list[list[int]] = []
        self.fails_at: int | None = None
        first.consumer = messaging.Consumer(
            first.consumer.name, first.consumer.topics, lambda tx, m: self.on(tx, [m]), handle_many=self.on
        )
        second.consumer = messaging.Consumer(
            second.consumer.name,
            second.consumer.topics,
            lambda tx, m: self.last(tx, [m]),
            handle_many=self.last,
            at_once=True,
        )
        self.consumers = {one.consumer.name: one.consumer for one in (first, second)}

    def on(self, tx: Tx, messages: Sequence[Message]) -> None:
        for one in messages:
            messaging.publish(
                tx,
                event_type=self.second.topic,
                aggregate_type="t",
                aggregate_id=one.aggregate_id,
                payload=one.payload,
                dedupe_key=f"{self.second.name}:{one.aggregate_id}",
            )

    def last(self, tx: Tx, messages: Sequence[Message]) -> None:
        audit.record_many(
            tx, [audit.Event(type="test.last.seen", ingestion_id=f"{self.second.name}") for _ in messages]
        )
        self.sets.append([one.payload["n"] for one in messages])
        if self.fails_at in self.sets[-1]:
            raise RuntimeError("broken")

    def work(self) -> int:
        return work_round(self.first.database, self.first.transport, self.consumers)

    def recorded(self) -> list[tuple[str, str]]:
        with self.first.database.begin(tenant_id=self.first.tenant_id, actor=make.ACTOR) as tx:
            rows = tx.all(
                "SELECT actor_id, correlation_id FROM audit.events WHERE type = 'test.last.seen' AND ingestion_id = %(id)s",
                {"id": self.second.name},
            )
        return [(row["actor_id"], row["correlation_id"]) for row in rows]


@pytest.fixture
def chain(database: Database, tenant: make.TenantFixture) -> Iterator[Chain]:
    posts = Post(database, tenant.id), Post(database, tenant.id)
    yield Chain(*posts)
    for one in posts:
        one.close()


def test_it_is_handled_with_what_brought_it_and_never_queued(chain: Chain) -> None:
    chain.first.publish(3)
    chain.first.relay_all()

    assert chain.work() == 3
    assert chain.sets == [[0, 1, 2]]
    assert {row["handled_by"] for row in chain.second.outbox()} == {chain.second.consumer.name}
    assert chain.recorded() == [(chain.second.consumer.name, "cor_t")] * 3

    chain.first.relay_all()
    assert chain.work() == 0 and chain.second.inbox() == [] and chain.second.queue() == []
    assert all(row["published_at"] for row in chain.second.outbox())


def test_where_it_fails_the_first_stands_and_it_comes_by_its_queue(chain: Chain) -> None:
    chain.fails_at = 1
    chain.first.publish(3)
    chain.first.relay_all()

    chain.work()
    assert len(chain.first.inbox()) == 3 and chain.second.inbox() == [] and chain.recorded() == []
    chain.first.relay_all()
    chain.work()

    assert len(chain.second.inbox()) == 2 and len(chain.recorded()) == 2
    [left] = chain.second.queue()
    assert "broken" in left["last_error"]


def test_what_another_wants_too_is_relayed_to_that_one(
    chain: Chain, database: Database, tenant: make.TenantFixture
) -> None:
    other = Post(database, tenant.id)
    other.transport.subscribe({other.consumer.name: (chain.second.topic,)})
    try:
        chain.first.publish(2)
        chain.first.relay_all()
        chain.work()
        assert [row["published_at"] for row in chain.second.outbox()] == [None, None]
        chain.first.relay_all()

        assert other.work() == 2 and sorted(other.seen) == [0, 1]
        assert chain.work() == 0 and chain.sets == [[0, 1]]
        assert chain.second.queue() == []
    finally:
        other.close()


def test_what_was_handled_is_not_handled_again_however_it_comes(chain: Chain) -> None:
    chain.first.publish(2)
    chain.first.relay_all()
    chain.work()
    chain.first.relay_all()
    numbers = [row["id"] for row in chain.second.outbox()]

    with chain.first.database.begin(tenant_id=chain.first.tenant_id, actor=make.ACTOR) as tx:
        assert tx.value("SELECT messaging.replay(%(ids)s)", {"ids": numbers}) == 2
    chain.first.relay_all()
    assert chain.work() == 0

    # A broker brings it to everybody.
    names = set(Message.__dataclass_fields__) - {"attempt"}
    [first, second] = [
        Delivery(consumer=chain.second.consumer.name, message=Message(**{name: row[name] for name in names}))
        for row in chain.second.outbox()
    ]
    assert handle(chain.first.database, chain.second.consumer, first) is False
    assert handle_together(chain.first.database, chain.second.consumer, [first, second]) == 0
    assert chain.sets == [[0, 1]]


def test_messages_are_handled_by_key_and_moved_without_a_wait_for_the_disk(post: Post) -> None:
    """A table that was empty when its plan was made is not read whole once it has grown; a consumer's commit is durable."""
    seen: list[tuple[str, str]] = []

    def look(tx: Tx, message: Message) -> None:
        seen.append((tx.value("SHOW enable_seqscan"), tx.value("SHOW synchronous_commit")))

    post.consumer = messaging.Consumer(post.consumer.name, post.consumer.topics, look)
    post.publish(1)
    post.relay_all()
    post.work()

    assert seen == [("off", "on")]
    for mover in (post.transport, post.relay):
        shown = [
            mover._connection.execute(f"SHOW {name}").fetchone()[0] for name in ("enable_seqscan", "synchronous_commit")
        ]
        assert shown == ["off", "off"]


def test_what_is_put_off_is_done_last_and_once_by_who_put_it_off(chain: Chain) -> None:
    done: list[tuple[str, str]] = []

    def on(tx: Tx, messages: Sequence[Message]) -> None:
        messaging.at_last(tx, lambda: done.append(("first", _actor(tx))))
        chain.on(tx, messages)

    def last(tx: Tx, messages: Sequence[Message]) -> None:
        messaging.at_last(tx, lambda: done.append(("second", _actor(tx))))
        chain.last(tx, messages)
        done.append(("handled", _actor(tx)))

    _replace(chain, on, last)
    chain.first.publish(2)
    chain.first.relay_all()
    chain.work()

    first, second = chain.first.consumer.name, chain.second.consumer.name
    assert done == [("handled", second), ("first", first), ("second", second)]


def test_what_is_put_off_may_be_done_sooner_and_may_go_on(chain: Chain) -> None:
    done: list[str] = []

    def on(tx: Tx, messages: Sequence[Message]) -> None:
        messaging.at_last(tx, lambda: done.append("sooner"))
        messaging.do_last(tx)
        done.append("handled")
        messaging.at_last(tx, lambda: chain.on(tx, messages))

    _replace(chain, on, chain.last)
    chain.first.publish(1)
    chain.first.relay_all()
    chain.work()

    assert done == ["sooner", "handled"] and chain.sets == [[0]]


def test_what_fails_at_last_undoes_all_of_it(chain: Chain) -> None:
    def on(tx: Tx, messages: Sequence[Message]) -> None:
        def fail() -> None:
            raise RuntimeError("broken at last")

        messaging.at_last(tx, fail)

    _replace(chain, on, chain.last)
    chain.first.publish(1)
    chain.first.relay_all()
    chain.work()

    [left] = chain.first.queue()
    assert "broken at last" in left["last_error"] and chain.first.inbox() == []


def test_outside_of_a_worker_nothing_is_put_off(tx: Tx) -> None:
    done: list[int] = []

    messaging.at_last(tx, lambda: done.append(1))
    messaging.do_last(tx)

    assert done == [1]


def test_a_worker_wakes_nobody_for_what_is_done(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[Database] = []
    monkeypatch.setattr(messaging.hints, "hint", lambda database, *_: woken.append(database))
    with chain.first.database.queueing():
        chain.first.publish(2)
        chain.work()
        assert len(chain.sets) == 1 and woken == []

        chain.consumers["test.other"] = messaging.Consumer("test.other", (chain.second.topic,), lambda tx, m: None)
        chain.first.transport.subscribe({"test.other": (chain.second.topic,)})
        chain.first.publish(3)
        chain.work()
        assert chain.sets == [[0, 1], [2]] and len(woken) == 1

    chain.first.publish(4)
    chain.first.relay_all()
    del chain.consumers["test.other"]
    chain.work()
    assert len(woken) == 2, "where the relay moves messages, it is woken"
    with chain.first.database.connect("dispatcher") as dispatcher:
        dispatcher.execute("DELETE FROM messaging.queue_messages WHERE consumer = 'test.other'")
        dispatcher.execute("DELETE FROM messaging.subscriptions WHERE consumer = 'test.other'")


def _actor(tx: Tx) -> str:
    return str(tx.value("SELECT core.actor_id()"))


def _replace(
    chain: Chain, on: Callable[[Tx, Sequence[Message]], None], last: Callable[[Tx, Sequence[Message]], None]
) -> None:
    """Other functions of the two consumers."""
    for post, function in ((chain.first, on), (chain.second, last)):
        post.consumer = replace(
            post.consumer, handle=lambda tx, m, function=function: function(tx, [m]), handle_many=function
        )
    chain.consumers = {one.consumer.name: one.consumer for one in (chain.first, chain.second)}
