"""What is published where queues lie in the same database: queued with its transaction, and past the relay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests import make
from tests.messaging.post import Post

from headgate import ledger, messaging
from headgate.core.db import Database
from headgate.ingestion import artifacts
from headgate.messaging.transports.postgres import PostgresTransport

pytestmark = pytest.mark.slow


@pytest.fixture
def post(apart: Database) -> Iterator[Post]:
    made = Post(apart, make.tenant(apart).id)
    made.relay_all()
    yield made
    made.close()


def test_it_lies_in_the_queue_when_its_transaction_commits(post: Post) -> None:
    with post.database.queueing():
        post.publish(3)

    assert [(row["published_at"] is not None, row["attempt_count"]) for row in post.outbox()] == [(True, 0)] * 3
    assert post.relay.relay_round() == 0
    assert post.work() == 3 and post.seen == [0, 1, 2]
    assert len(post.inbox()) == 3 and post.queue() == []


def test_it_comes_as_the_relay_would_have_brought_it(post: Post) -> None:
    same = ("event_type", "aggregate_type", "aggregate_id", "payload", "correlation_id", "attempt_count", "claimed_by")
    post.publish(4)
    post.relay_all()
    relayed = post.queue()
    with post.database.queueing():
        post.publish(4)

    directly = post.queue()[4:]

    assert [[row[name] for name in same] for row in directly] == [[row[name] for name in same] for row in relayed]
    assert [row["created_at"] for row in directly] == [row["created_at"] for row in post.outbox()[4:]]


def test_what_is_undone_is_in_no_queue(post: Post) -> None:
    with (
        pytest.raises(RuntimeError),
        post.database.queueing(),
        post.database.begin(tenant_id=post.tenant_id, actor=make.ACTOR) as tx,
    ):
        messaging.publish(tx, event_type=post.topic, aggregate_type="t", aggregate_id="1", payload={"n": 1})
        raise RuntimeError

    assert post.queue() == [] and post.outbox() == []


def test_a_key_queues_once(post: Post) -> None:
    with post.database.queueing():
        assert len(post.publish(dedupe_key=post.name)) == 1
        assert post.publish(dedupe_key=post.name) == []

    assert len(post.queue()) == 1


def test_who_did_his_part_gets_it_no_more_and_everybody_else_does(post: Post) -> None:
    other = Post(post.database, post.tenant_id)
    other.transport.subscribe({other.consumer.name: (post.topic,)})
    with post.database.queueing():
        post.publish(2, handled_by=post.consumer.name)

    assert post.queue() == [] and len(other.queue()) == 2
    other.close()


def test_what_nobody_wants_is_published_with_its_transaction(post: Post) -> None:
    with post.database.queueing(), post.database.begin(tenant_id=post.tenant_id, actor=make.ACTOR) as tx:
        messaging.publish(tx, event_type="test.nobody", aggregate_type="t", aggregate_id="1", payload={})
        messaging.announce_many(
            tx, event_type="test.nobodys", aggregate_type="t", facts=[{"id": "1"}, {"id": "2"}], named_by="id"
        )

    assert _unpublished(post) == []


def test_what_is_announced_is_queued_with_its_words(post: Post) -> None:
    with post.database.queueing(), post.database.begin(tenant_id=post.tenant_id, actor=make.ACTOR) as tx:
        messaging.announce_many(
            tx, event_type=post.topic, aggregate_type="t", facts=[{"id": "1", "n": 7}], named_by="id"
        )

    assert _unpublished(post) == []
    assert post.work() == 1 and post.seen == [7]


def test_where_a_broker_keeps_the_queues_the_relay_has_it_all(post: Post) -> None:
    broker = PostgresTransport(post.database, subscribes_as="rabbitmq")
    broker.subscribe({f"test.{post.name}.far": ("test.far",)})
    with post.database.queueing():
        post.publish(2)
    broker.close()
    with post.database.connect("dispatcher") as dispatcher:
        dispatcher.execute("DELETE FROM messaging.subscriptions WHERE transport = 'rabbitmq'")

    assert post.queue() == [] and _unpublished(post) == [post.topic] * 2


def test_postings_and_webhooks_are_told_directly(post: Post) -> None:
    post.transport.subscribe({post.consumer.name: ("ingestion.artifact.received",)})
    with (
        post.database.queueing(),
        post.database.begin(tenant_id=post.tenant_id, actor=make.ACTOR, correlation_id="cor_t") as tx,
    ):
        numbers = {account.code: account.id for account in ledger.list_accounts(tx, limit=100)}
        cash, clearing = numbers["CASH.USD"], numbers["PAYROLL_CLEARING.USD"]
        postings = [
            ledger.Posting(idempotency_key=f"{n}", entries=[ledger.Entry(cash, clearing, make.usd("1.00"))])
            for n in range(3)
        ]
        ledger.post_many(tx, postings[:1])
        ledger.post_many(tx, postings)
        [kept] = artifacts.receive_many(tx, [artifacts.Incoming("column", "x.json", b"{}", "cor_w")])

    [row] = post.queue()
    assert (row["aggregate_id"], row["payload"]["artifact_id"], row["correlation_id"]) == (kept, kept, "cor_w")
    assert _unpublished(post) == []


def _unpublished(post: Post) -> list[Any]:
    with post.database.begin(tenant_id=post.tenant_id, actor=make.ACTOR) as tx:
        return tx.values("SELECT event_type FROM messaging.outbox_messages WHERE published_at IS NULL ORDER BY id")
