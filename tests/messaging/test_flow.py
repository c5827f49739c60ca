"""From the outbox to the consumer: at least once on the way, once in its effect."""

from __future__ import annotations

import threading
import time
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb
from tests import make
from tests.messaging.post import Post

from headgate import audit, messaging
from headgate.core.db import Database, Tx
from headgate.core.errors import Unavailable
from headgate.messaging import consuming, hints, relay
from headgate.messaging.consuming import handle, run_consumers
from headgate.messaging.doctor import DOCTOR
from headgate.messaging.model import ATTEMPTS_MAX, Message
from headgate.messaging.relay import Relay, run_relay
from headgate.messaging.transports.postgres import PostgresTransport

pytestmark = pytest.mark.slow


def test_message_reaches_its_consumer_once_with_everything_it_carries(post: Post) -> None:
    got: list[Message] = []
    post.consumer = messaging.Consumer(
        post.consumer.name, post.consumer.topics, lambda tx, message: got.append(message)
    )
    (number,) = post.publish()

    post.relay_all()
    assert post.work() == 1
    assert post.work() == 0

    (message,) = got
    assert (message.id, message.tenant_id, message.event_type) == (number, post.tenant_id, post.topic)
    assert (message.payload, message.correlation_id, message.attempt) == ({"n": 0}, "cor_t", 1)
    assert (post.queue(), post.inbox()) == ([], [number])
    (row,) = post.outbox()
    assert row["published_at"] is not None and row["attempt_count"] == 1 and row["claimed_by"] is None


@pytest.mark.slow
def test_more_than_a_round_is_relayed_and_handled(post: Post) -> None:
    post.publish(1203)

    post.relay_all()
    while post.work():
        pass

    assert sorted(post.seen) == list(range(1203))


def test_every_subscriber_gets_it_and_nobody_else(post: Post, database: Database, tenant: make.TenantFixture) -> None:
    other, stranger = Post(database, tenant.id), Post(database, tenant.id)
    other.transport.subscribe({other.consumer.name: ("test.*", "other.#")})
    post.publish(2)

    post.relay_all()
    for each in (post, other, stranger):
        each.work()
        each.close()

    assert (post.seen, other.seen, stranger.seen) == ([0, 1], [0, 1], [])
    with database.connect("dispatcher") as dispatcher:  # A subscription to everything would feed on other tests.
        dispatcher.execute("DELETE FROM messaging.subscriptions WHERE consumer = %s", [other.consumer.name])


def test_message_that_points_at_its_audit_event_carries_its_data(post: Post) -> None:
    with post.database.begin(tenant_id=post.tenant_id, actor=make.ACTOR, correlation_id="cor_p") as tx:
        event = audit.record(tx, type="test.pointed", data={"n": 77})
        tx.run(
            """
            INSERT INTO messaging.outbox_messages (tenant_id, created_at, event_type, aggregate_type, aggregate_id,
              audit_event_id, audit_xid, audit_epoch)
            SELECT tenant_id, event_time, %(topic)s, 't', '1', id, xid, epoch FROM audit.events WHERE id = %(id)s
        """,
            {"topic": post.topic, "id": event},
        )

    post.relay_all()
    post.work()

    assert post.seen == [77]


def test_pointer_to_nothing_is_tried_again_and_then_given_up(post: Post) -> None:
    with post.database.connect("admin") as admin:
        admin.execute(
            """
            INSERT INTO messaging.outbox_messages (tenant_id, event_type, aggregate_type, aggregate_id, audit_event_id,
              audit_xid, audit_epoch, attempt_count) VALUES (%s, %s, 't', '1', 1, '1', 1, %s)
        """,
            [post.tenant_id, post.topic, ATTEMPTS_MAX - 2],
        )
    post.relay_all()
    (once,) = post.outbox()
    post.hasten("outbox_messages")
    post.relay_all()

    assert once["last_error"] == "its audit event is missing" and once["dead_at"] is None
    (letter,) = post.letters()
    assert (letter.consumer, letter.last_error) == ("", "its audit event is missing")
    with post.database.connect("admin") as admin:  # What was planted goes, so that the invariants hold again.
        admin.execute("DELETE FROM messaging.outbox_messages WHERE event_type = %s", [post.topic])


# Failing and dying ----------------------------------------------------------------------------------------------------
def test_failed_handler_leaves_nothing_and_is_tried_again_later(post: Post) -> None:
    def fail(tx: Tx, message: Message) -> None:
        audit.record(tx, type="test.effect", data={"n": message.payload["n"]})
        raise ValueError("not yet")

    post.consumer = messaging.Consumer(post.consumer.name, post.consumer.topics, fail)
    post.publish()
    post.relay_all()

    post.work()

    (row,) = post.queue()
    assert (row["attempt_count"], row["last_error"], row["claimed_by"]) == (1, "ValueError: not yet", None)
    assert row["available_at"] > row["queued_at"], "it waits"
    assert post.work() == 0 and post.inbox() == []
    with post.database.begin(tenant_id=post.tenant_id, actor=make.ACTOR) as tx:
        assert tx.value("SELECT count(*) FROM audit.events WHERE type = 'test.effect'") == 0


def _poisoned(post: Post) -> messaging.DeadLetter:
    def poison(tx: Tx, message: Message) -> None:
        raise ValueError("poison")

    post.consumer = messaging.Consumer(post.consumer.name, post.consumer.topics, poison, attempts_max=3)
    post.publish()
    post.relay_all()
    for _ in range(3):
        post.work()
        post.hasten("queue_messages")
    (letter,) = post.letters()
    return letter


def test_poison_goes_to_the_dead_letters_with_its_reason_and_is_told(post: Post) -> None:
    letter = _poisoned(post)

    assert (letter.consumer, letter.attempt_count, letter.last_error) == (post.consumer.name, 3, "ValueError: poison")
    assert post.queue() == [] and post.inbox() == []
    with post.database.begin(tenant_id=post.tenant_id, actor=make.ACTOR) as tx:
        told = tx.one("SELECT * FROM messaging.outbox_messages WHERE event_type = 'messaging.dead_letter'")
    assert told["aggregate_id"] == str(letter.number)
    assert told["payload"]["last_error"] == "ValueError: poison" and told["payload"]["dead_letter_id"] == letter.number


def test_requeued_dead_letter_is_handled_from_its_first_attempt(post: Post) -> None:
    letter = _poisoned(post)
    with post.database.begin(tenant_id=post.tenant_id, actor=make.ACTOR) as tx:
        messaging.requeue(tx, letter.number)
        with pytest.raises(messaging.NoSuchDeadLetter), tx.savepoint():
            messaging.requeue(tx, letter.number)
    post.consumer = messaging.Consumer(post.consumer.name, post.consumer.topics, post._note)

    post.work()

    assert post.seen == [0] and post.letters() == []
    with post.database.begin(tenant_id=post.tenant_id, actor=make.ACTOR) as tx:
        (again,) = messaging.dead_letters(tx, requeued=True)
        assert again.requeued_at is not None
        assert tx.value("SELECT count(*) FROM audit.events WHERE type = 'messaging.dead_letter.requeued'") == 1


def test_dead_letter_of_another_tenant_cannot_be_requeued(post: Post, database: Database) -> None:
    letter = _poisoned(post)

    with database.begin(tenant_id=make.tenant(database).id, actor=make.ACTOR) as tx:
        assert messaging.dead_letters(tx) == []
        with pytest.raises(messaging.NoSuchDeadLetter):
            messaging.requeue(tx, letter.number)


class Broken(PostgresTransport):
    """A transport that takes nothing."""

    takes = False

    def publish(self, messages: Any) -> dict[int, str]:
        raise ConnectionError("the broker is away")


class Choosy(PostgresTransport):
    """A transport that refuses odd numbers."""

    takes = False

    def publish(self, messages: Any) -> dict[int, str]:
        super().publish([each for each in messages if each.payload.get("n", 0) % 2 == 0])
        return {each.id: "odd" for each in messages if each.payload.get("n", 0) % 2}


def test_past_ten_attempts_a_message_is_a_dead_letter_of_the_relay(post: Post) -> None:
    broken = Relay(post.database, Broken(post.database))
    post.publish()
    for attempt in range(1, ATTEMPTS_MAX + 1):
        assert post.letters() == []
        broken.relay_round()
        (row,) = post.outbox()
        assert row["attempt_count"] == attempt
        post.hasten("outbox_messages")

    (letter,) = post.letters()
    assert (letter.consumer, letter.attempt_count) == ("", ATTEMPTS_MAX)
    assert letter.last_error == "ConnectionError: the broker is away" == post.outbox()[0]["last_error"]
    assert post.outbox()[0]["dead_at"] is not None and post.seen == []

    with post.database.begin(tenant_id=post.tenant_id, actor=make.ACTOR) as tx:
        messaging.requeue(tx, letter.number)
    post.relay_all()
    post.work()
    broken.close()
    assert post.seen == [0]


def test_dead_letter_about_a_dead_letter_is_not_told_again(post: Post) -> None:
    with post.database.connect("admin") as admin:
        admin.execute(
            "INSERT INTO messaging.outbox_messages (tenant_id, event_type, aggregate_type, aggregate_id, payload, attempt_count)"
            " VALUES (%s, 'messaging.dead_letter', 'dead_letter', '1', '{}', %s)",
            [post.tenant_id, ATTEMPTS_MAX],
        )

    post.relay_all()

    post.topic = "messaging.dead_letter"
    (letter,) = post.letters()
    assert "time after time" in letter.last_error
    with post.database.begin(tenant_id=post.tenant_id, actor=make.ACTOR) as tx:
        assert (
            tx.value("SELECT count(*) FROM messaging.outbox_messages")
            == tx.value("SELECT count(*) FROM messaging.outbox_messages WHERE event_type <> 'messaging.dead_letter'")
            + 1
        )


def test_transport_that_takes_a_part_gets_the_rest_again(post: Post) -> None:
    choosy = Relay(post.database, Choosy(post.database))
    post.publish(4)

    choosy.relay_round()
    choosy.close()

    assert [row["published_at"] is None for row in post.outbox()] == [False, True, False, True]
    post.hasten("outbox_messages")
    post.relay_all()
    post.work()
    assert sorted(post.seen) == [0, 1, 2, 3]


# Twice and out of order ----------------------------------------------------------------------------------------------
def test_message_published_twice_is_handled_once(post: Post) -> None:
    (number,) = post.publish()
    post.relay_all()
    post.work()
    with post.database.connect("admin") as admin:
        admin.execute("UPDATE messaging.outbox_messages SET published_at = NULL WHERE id = %s", [number])

    post.relay_all()
    assert post.work() == 1, "it came again"

    assert post.seen == [0] and post.queue() == []


def test_delivery_handled_by_two_at_once_takes_effect_once(post: Post) -> None:
    post.publish()
    post.relay_all()
    (delivery,) = post.transport.receive([post.consumer.name], 10)
    entered = threading.Event()

    def slow(tx: Tx, message: Message) -> None:
        entered.set()
        time.sleep(0.3)
        post.seen.append(1)

    consumer = messaging.Consumer(post.consumer.name, post.consumer.topics, slow)
    found: list[bool] = []
    threads = [
        threading.Thread(target=lambda: found.append(handle(post.database, consumer, delivery))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(found) == [False, True] and post.seen == [1]
    post.transport.acknowledge([delivery])


def test_held_message_is_nobody_elses_until_its_deadline(post: Post) -> None:
    post.publish(3)
    post.relay_all()
    mine = post.transport.receive([post.consumer.name], 2)
    other = PostgresTransport(post.database)

    theirs = other.receive([post.consumer.name], 10)
    assert (len(mine), len(theirs)) == (2, 1)
    post.hasten("queue_messages")
    taken_over = other.receive([post.consumer.name], 10)
    post.transport.retry(mine[0], error="too late", wait_seconds=60)
    post.transport.bury(mine[1], reason="too late")

    assert len(taken_over) == 3 and post.letters() == []
    assert {row["claimed_by"] for row in post.queue()} == {other.holder}
    other.close()


def test_reaper_frees_what_a_dead_holder_left_also_of_this_process(post: Post) -> None:
    post.publish(2)
    lost = Relay(post.database, post.transport)
    lost._claim()
    assert post.relay.reap() == 0, "the claim has not lapsed"
    post.hasten("outbox_messages")
    assert post.relay.reap() >= 2
    assert all(lost.name in row["last_error"] and row["claimed_by"] is None for row in post.outbox())
    lost.close()
    post.relay_all()
    post.transport.receive([post.consumer.name], 10)
    post.hasten("queue_messages")
    assert post.transport.reap() >= 2

    post.work()
    assert sorted(post.seen) == [0, 1]


def test_relay_that_ends_frees_what_it_held(post: Post) -> None:
    post.publish()
    other = Relay(post.database, post.transport)
    other._claim()

    assert other.release() >= 1
    other.close()

    (row,) = post.outbox()
    assert (row["claimed_by"], row["attempt_count"]) == (None, 0)
    post.relay_all()
    post.work()
    assert post.seen == [0]


def test_untouched_messages_are_released_when_a_worker_stops(post: Post) -> None:
    post.publish(3)
    post.relay_all()
    stop = threading.Event()
    post.consumer = messaging.Consumer(
        post.consumer.name, post.consumer.topics, lambda tx, message: (post.seen.append(1), stop.set())[0]
    )  # type: ignore[func-returns-value]

    consuming.work_round(post.database, post.transport, {post.consumer.name: post.consumer}, stop)

    assert post.seen == [1]
    assert [(row["claimed_by"], row["attempt_count"]) for row in post.queue()] == [(None, 0), (None, 0)]


def test_lost_database_counts_against_no_message(post: Post) -> None:
    def away(tx: Tx, message: Message) -> None:
        raise Unavailable("away")

    post.consumer = messaging.Consumer(post.consumer.name, post.consumer.topics, away)
    post.publish(2)
    post.relay_all()

    with pytest.raises(Unavailable):
        post.work()

    assert [(row["claimed_by"], row["attempt_count"]) for row in post.queue()] == [(None, 0), (None, 0)]


# Loops ----------------------------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_loops_carry_messages_at_once_and_stop_at_once(post: Post) -> None:
    stop = threading.Event()
    loops = [
        threading.Thread(target=run_relay, args=(post.database, stop)),
        threading.Thread(target=run_consumers, args=(post.database, stop), kwargs={"consumers": [post.consumer]}),
    ]
    for loop in loops:
        loop.start()
    try:
        for _ in range(3):
            post.publish()
            messaging.hint(post.database)
        deadline = time.monotonic() + 20
        while len(post.seen) < 3 and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        begun = time.monotonic()
        stop.set()
        for loop in loops:
            loop.join(10)

    assert post.seen == [0, 0, 0]
    assert not any(loop.is_alive() for loop in loops) and time.monotonic() - begun < 2


def test_loops_outlive_their_connections(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(consuming, "POLL_SECONDS", 0.05)
    stop = threading.Event()
    loops = [
        threading.Thread(target=run_relay, args=(post.database, stop)),
        threading.Thread(target=run_consumers, args=(post.database, stop), kwargs={"consumers": [post.consumer]}),
    ]
    for loop in loops:
        loop.start()
    try:
        time.sleep(0.3)
        with post.database.connect("admin") as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = 'headgate_dispatcher' AND datname = current_database()"
            )
        post.publish()
        deadline = time.monotonic() + 20
        while not post.seen and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        stop.set()
        for loop in loops:
            loop.join(10)
    post.relay._connection = post.database.connect("dispatcher")
    post.transport._connection = post.database.connect("dispatcher")

    assert post.seen == [0]


def test_hint_from_elsewhere_is_heard(database: Database) -> None:
    stop = threading.Event()
    with hints.listening(database, hints.OUTBOX, stop) as woken:
        time.sleep(0.3)
        woken.clear()
        with database.connect("app") as elsewhere:
            elsewhere.execute("NOTIFY headgate_outbox")
        assert woken.wait(5)
        stop.set()


def test_hints_are_coalesced_and_sent_outside_of_any_transaction(database: Database) -> None:
    with database.connect("app") as elsewhere:
        elsewhere.execute("LISTEN headgate_queue")
        for _ in range(500):
            messaging.hints.hint(database, hints.QUEUE)

        heard = list(elsewhere.notifies(timeout=0.5))

    assert 1 <= len(heard) < 50


def test_no_function_of_the_database_notifies(admin: psycopg.Connection[Any]) -> None:
    found = admin.execute("""
        SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND p.prosrc ~* '(\\mnotify\\M|pg_notify)'
    """).fetchall()

    assert found == []


# Seeing ---------------------------------------------------------------------------------------------------------------
def test_status_counts_what_waits(empty_database: Database) -> None:
    tenant = make.tenant(empty_database)
    post = Post(empty_database, tenant.id)
    post.relay_all()
    before = messaging.status(empty_database)
    post.publish(3)

    waiting = messaging.status(empty_database)
    seconds = messaging.oldest_unpublished_seconds(empty_database)
    nothing = messaging.oldest_queued_seconds(empty_database)
    post.relay_all()
    late = messaging.oldest_queued_seconds(empty_database)
    post.transport.receive([post.consumer.name], 1)
    queued = messaging.status(empty_database)
    post.transport.receive([post.consumer.name], 2)
    held = messaging.oldest_queued_seconds(empty_database)
    post.close()

    assert (before.outbox_pending, before.oldest_pending_seconds) == (0, 0.0)
    assert waiting.outbox_pending == 3 and seconds > 0
    assert late > 0 and (nothing, held) == (0.0, 0.0)
    (queue,) = [each for each in queued.queues if each.consumer == post.consumer.name]
    assert (queued.outbox_pending, queue.ready, queue.held, queue.delayed) == (0, 2, 1, 0)


def test_doctor_names_a_slow_relay_slow_consumers_and_dead_letters(empty_database: Database) -> None:
    tenant = make.tenant(empty_database)
    post = Post(empty_database, tenant.id)
    post.relay_all()
    (examination,) = DOCTOR
    with empty_database.connect("admin") as admin:
        admin.execute("DELETE FROM messaging.queue_messages")
        assert all(found.ok for found in examination.examine(empty_database))
        post.publish(2)
        post.relay.relay_round()
        admin.execute("UPDATE messaging.queue_messages SET queued_at = now() - interval '1 hour'")
        admin.execute(
            """
            INSERT INTO messaging.dead_letters (tenant_id, consumer, message_id, created_at, event_type, aggregate_type,
              aggregate_id, payload, attempt_count, last_error) VALUES (%s, 'c', 1, now(), 'a.b', 't', '1', '{}', 10, 'why')
        """,
            [tenant.id],
        )
        post.publish()
        admin.execute(
            "UPDATE messaging.outbox_messages SET created_at = now() - interval '2 minutes' WHERE published_at IS NULL"
        )

    findings = {found.name: found for found in examination.examine(empty_database)}
    post.close()

    assert not any(found.ok for found in findings.values())
    assert post.consumer.name in findings["messaging.consumers"].what


@pytest.mark.parametrize("table", ["outbox_messages", "outbox_keys", "queue_messages", "inbox", "dead_letters"])
def test_messages_of_another_tenant_are_not_seen(post: Post, database: Database, table: str) -> None:
    _poisoned(post)
    post.publish(1, dedupe_key="k")

    with database.begin(tenant_id=make.tenant(database).id, actor=make.ACTOR) as tx:
        rows = tx.conn.execute(
            f"SELECT count(*) FROM messaging.{table} WHERE tenant_id = %s".encode(), [post.tenant_id]
        )
        assert rows.fetchone() == (0,)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE messaging.outbox_messages SET published_at = now()",
        "DELETE FROM messaging.outbox_messages",
        "DELETE FROM messaging.queue_messages",
        "UPDATE messaging.dead_letters SET last_error = ''",
        "DELETE FROM messaging.inbox",
        "INSERT INTO messaging.subscriptions (consumer, topics, pattern) VALUES ('x', '{x}', '.')",
    ],
)
def test_application_may_only_add_messages(tx: Tx, statement: Any) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), tx.savepoint():
        tx.run(statement)


def test_dispatcher_sees_no_domain_table(database: Database) -> None:
    with database.connect("dispatcher") as dispatcher, pytest.raises(psycopg.errors.InsufficientPrivilege):
        dispatcher.execute("SELECT * FROM tenants.tenants")


def test_payload_may_be_any_document(post: Post) -> None:
    with post.database.begin(tenant_id=post.tenant_id, actor=make.ACTOR) as tx:
        tx.run("SELECT %(j)s::jsonb", {"j": Jsonb({"a": None})})
        messaging.publish(
            tx,
            event_type=post.topic,
            aggregate_type="t",
            aggregate_id="1",
            payload={"n": 5, "deep": {"list": [1, None, "ü\t"]}},
        )
    got: list[dict[str, Any]] = []
    post.consumer = messaging.Consumer(
        post.consumer.name, post.consumer.topics, lambda tx, message: got.append(message.payload)
    )

    post.relay_all()
    post.work()

    assert got == [{"n": 5, "deep": {"list": [1, None, "ü\t"]}}]
