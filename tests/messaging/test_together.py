"""Messages that wait together: handled as a set where their consumer can, and one by one where the set fails."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests import make
from tests.messaging.post import Post

from headgate import audit, messaging
from headgate.core.db import Tx
from headgate.core.errors import Unavailable
from headgate.messaging.consuming import handle, handle_together
from headgate.messaging.model import Message

pytestmark = pytest.mark.slow


class Sets:
    """A consumer that takes sets, notes what it was given, and may fail over a number."""

    def __init__(self, post: Post) -> None:
        self.post, self.sets, self.broken, self.error = post, list[list[int]](), -1, RuntimeError("broken")
        post.consumer = messaging.Consumer(post.consumer.name, post.consumer.topics, self.one, handle_many=self.many)

    def one(self, tx: Tx, message: Message) -> None:
        self.post._note(tx, message)
        if message.payload["n"] == self.broken:
            raise self.error

    def many(self, tx: Tx, messages: Sequence[Message]) -> None:
        self.sets.append([message.payload["n"] for message in messages])
        tx.follow({f"of {message.aggregate_id}": message.aggregate_id for message in messages})
        audit.record_many(
            tx, [audit.Event(type="test.set.seen", ingestion_id=f"of {message.aggregate_id}") for message in messages]
        )
        for message in messages:
            messaging.publish(
                tx, event_type="test.set.told", aggregate_type="t", aggregate_id=message.aggregate_id, payload={}
            )
        if self.broken in self.sets[-1]:
            raise self.error


def test_they_are_a_set_each_is_handled_once_and_told_under_its_own_correlation(post: Post) -> None:
    consumer = Sets(post)
    ids = post.publish(4)
    with post.database.begin(tenant_id=post.tenant_id, actor=make.ACTOR, correlation_id="cor_other") as tx:
        messaging.publish(tx, event_type=post.topic, aggregate_type="t", aggregate_id="9", payload={"n": 9})
    post.relay_all()

    assert post.work() == 5
    assert consumer.sets == [[0, 1, 2, 3, 9]] and post.seen == []
    with post.database.begin(tenant_id=post.tenant_id, actor=make.ACTOR) as tx:
        told = tx.all(
            """
            SELECT m.aggregate_id, m.correlation_id = o.correlation_id AS same,
                   (SELECT e.correlation_id = o.correlation_id FROM audit.events e
                     WHERE e.type = 'test.set.seen' AND e.ingestion_id = 'of ' || m.aggregate_id) AS heard
              FROM messaging.outbox_messages m
              JOIN messaging.outbox_messages o ON o.aggregate_id = m.aggregate_id AND o.event_type = %(topic)s
             WHERE m.event_type = 'test.set.told' ORDER BY 1
            """,
            {"topic": post.topic},
        )
    assert told == [{"aggregate_id": n, "same": True, "heard": True} for n in "01239"]
    assert post.inbox()[:4] == ids and len(post.inbox()) == 5 and post.queue() == []


def test_what_was_handled_before_is_left_out_of_the_set(post: Post) -> None:
    consumer = Sets(post)
    post.publish(3)
    post.relay_all()
    deliveries = post.transport.receive([post.consumer.name], 50)

    assert handle(post.database, post.consumer, deliveries[1])
    assert handle_together(post.database, post.consumer, deliveries) == 2
    assert handle_together(post.database, post.consumer, deliveries) == 0
    assert (post.seen, consumer.sets) == ([1], [[0, 2]])


def test_one_that_fails_fails_alone_and_a_lost_database_frees_them_all(post: Post) -> None:
    consumer = Sets(post)
    consumer.broken = 1
    ids = post.publish(4)
    post.relay_all()

    post.work()
    assert (consumer.sets, post.seen, post.inbox()) == ([[0, 1, 2, 3]], [0, 1, 2, 3], [ids[0], ids[2], ids[3]])
    [left] = post.queue()
    assert left["message_id"] == ids[1] and "broken" in left["last_error"]

    consumer.broken, consumer.error = 0, Unavailable("away")
    post.publish(2)
    post.relay_all()
    with pytest.raises(Unavailable):
        post.work()
    consumer.broken = -1
    post.work()
    assert consumer.sets[1:] == [[0, 1], [0, 1]] and len(post.inbox()) == 5
