"""Publishing: with the business or not at all, and once where a key says so."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import make

from headgate import messaging
from headgate.core import backoff
from headgate.core.db import Actor, Database, Tx
from headgate.core.errors import NoTenant
from headgate.messaging import topics


def publish(tx: Tx, number: int = 1, **given: Any) -> int | None:
    return messaging.publish(
        tx,
        event_type="test.thing.done",
        aggregate_type="thing",
        aggregate_id=str(number),
        payload={"n": number},
        **given,
    )


def test_message_is_a_row_of_the_transaction(database: Database, tenant: make.TenantFixture) -> None:
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR, correlation_id="cor_7") as tx:
        number = publish(tx)

    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        row = tx.one("SELECT * FROM messaging.outbox_messages WHERE id = %(id)s", {"id": number})
    assert (row["event_type"], row["aggregate_type"], row["aggregate_id"]) == ("test.thing.done", "thing", "1")
    assert (row["payload"], row["correlation_id"]) == ({"n": 1}, "cor_7")
    assert (row["published_at"], row["attempt_count"], row["last_error"]) == (None, 0, None)


def test_rolled_back_message_never_was(database: Database, tenant: make.TenantFixture) -> None:
    with pytest.raises(ZeroDivisionError), database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        publish(tx, dedupe_key="gone")
        raise ZeroDivisionError

    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        assert tx.value("SELECT count(*) FROM messaging.outbox_messages WHERE event_type = 'test.thing.done'") == 0
        assert publish(tx, dedupe_key="gone") is not None


def test_one_key_is_one_message_for_ever(tx: Tx) -> None:
    first = publish(tx, 1, dedupe_key="thing:1")
    again = publish(tx, 2, dedupe_key="thing:1")

    assert first is not None and again is None
    assert tx.values("SELECT payload->>'n' FROM messaging.outbox_messages WHERE dedupe_key = 'thing:1'") == ["1"]


def test_many_keep_their_order_and_doubled_keys_are_left_out(tx: Tx) -> None:
    given = [("a", "k1"), ("b", None), ("c", "k1"), ("d", "k2"), ("e", None)]
    numbers = messaging.publish_many(
        tx,
        [
            messaging.Outgoing(
                event_type="test.many", aggregate_type="t", aggregate_id=name, payload={}, dedupe_key=key
            )
            for name, key in given
        ],
    )

    rows = tx.all("SELECT id, aggregate_id FROM messaging.outbox_messages WHERE event_type = 'test.many' ORDER BY id")
    assert [number is None for number in numbers] == [False, False, True, False, False]
    assert [row["aggregate_id"] for row in rows] == ["a", "b", "d", "e"]
    assert [row["id"] for row in rows] == [number for number in numbers if number]
    assert messaging.publish_many(tx, []) == []


def test_hundred_callers_with_one_key_publish_once(database: Database, tenant: make.TenantFixture) -> None:
    def call(_: int) -> int | None:
        with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
            return publish(tx, dedupe_key="raced")

    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(call, range(100)))

    assert sum(1 for number in found if number is not None) == 1


@pytest.mark.parametrize("topic", ["", "one", "Upper.case", "a..b", ".a", "a.", "a.*", "a b.c", "a.b\n", "a.ü"])
def test_topic_that_is_none_is_refused_and_nothing_is_published(tx: Tx, topic: str) -> None:
    with pytest.raises(messaging.TopicMalformed):
        messaging.publish(tx, event_type=topic, aggregate_type="t", aggregate_id="1", payload={})

    assert tx.value("SELECT count(*) FROM messaging.outbox_messages WHERE aggregate_type = 't'") == 0


def test_message_without_tenant_is_refused(database: Database) -> None:
    with pytest.raises(NoTenant), database.begin(tenant_id=None, actor=Actor.system("test")) as tx:
        publish(tx)


@pytest.mark.parametrize(
    ("subscription", "topic", "means"),
    [
        ("payment.posted", "payment.posted", True),
        ("payment.posted", "payment.posted.late", False),
        ("payment.*", "payment.posted", True),
        ("payment.*", "payment.posted.late", False),
        ("payment.*", "payment", False),
        ("payment.#", "payment.posted.late", True),
        ("payment.#", "payment", True),
        ("payment.#", "payments.posted", False),
        ("#", "a.b.c", True),
        ("*.posted", "payment.posted", True),
        ("#.posted", "a.b.posted", True),
        ("a.#.b", "a.b", True),
        ("a.#.b", "a.x.y.b", True),
        ("a.#.b", "a.x", False),
        ("a.b", "aXb", False),
    ],
)
@pytest.mark.slow
def test_subscriptions_mean_what_amqp_says(tx: Tx, subscription: str, topic: str, means: bool) -> None:
    pattern = topics.pattern([subscription])

    assert tx.value("SELECT '.' || %(topic)s ~ %(pattern)s", {"topic": topic, "pattern": pattern}) is means
    both = topics.pattern(["never.this", subscription])
    assert tx.value("SELECT '.' || %(topic)s ~ %(pattern)s", {"topic": topic, "pattern": both}) is means


@pytest.mark.parametrize("subscription", ["", "a..b", "A.b", "a.b#", "(a)", "a.**"])
def test_subscription_that_is_none_is_refused(subscription: str) -> None:
    with pytest.raises(messaging.TopicMalformed):
        topics.pattern([subscription])


@settings(deadline=None)
@given(st.integers(1, 10_000))
def test_waits_grow_to_five_minutes(attempt: int) -> None:
    ceiling = min(300.0, 2.0 ** min(attempt - 1, 30))

    assert ceiling / 2 <= backoff.wait_seconds(attempt) <= ceiling
