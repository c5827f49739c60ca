"""Each invariant of the messages sees its violation, planted by hand."""

from __future__ import annotations

import time
from typing import Any

import pytest
from psycopg import Connection
from tests import checks, make
from tests.messaging.post import Post

from headgate import audit

pytestmark = pytest.mark.plants


def broken(post: Post) -> dict[str, list[str]]:
    report = checks.run(post.database, [post.tenant_id])
    return {found.name: [each.subject for each in found.sample] for found in report.invariants if found.violations}


def test_message_that_was_published_and_never_arrived(post: Post, admin: Connection[Any]) -> None:
    (number,) = post.publish()
    post.relay_all()
    assert broken(post) == {}

    admin.execute("DELETE FROM messaging.queue_messages WHERE message_id = %s", [number])

    assert broken(post) == {"messaging.published_arrives": [f"message {number} ({post.topic})"]}


def test_two_messages_under_one_key(post: Post, admin: Connection[Any]) -> None:
    post.publish(1, dedupe_key="once")
    admin.execute(
        "INSERT INTO messaging.outbox_messages (tenant_id, event_type, aggregate_type, aggregate_id, payload, dedupe_key)"
        " VALUES (%s, %s, 't', '1', '{}', 'once')",
        [post.tenant_id, post.topic],
    )

    assert broken(post) == {"messaging.published_once": ["key once"]}


def test_key_that_is_not_written_down(post: Post, admin: Connection[Any]) -> None:
    admin.execute(
        "INSERT INTO messaging.outbox_messages (tenant_id, event_type, aggregate_type, aggregate_id, payload, dedupe_key)"
        " VALUES (%s, %s, 't', '1', '{}', 'unknown')",
        [post.tenant_id, post.topic],
    )

    assert broken(post) == {"messaging.published_once": ["key unknown"]}


def test_pointer_whose_event_was_written_at_another_instant(post: Post, admin: Connection[Any]) -> None:
    with post.database.begin(tenant_id=post.tenant_id, actor=make.ACTOR) as tx:
        event = audit.record(tx, type="test.pointed", data={})
    admin.execute(
        """
        INSERT INTO messaging.outbox_messages (tenant_id, created_at, event_type, aggregate_type, aggregate_id,
          audit_event_id, audit_xid, audit_epoch)
        SELECT tenant_id, event_time + interval '1 s', %s, 't', '1', id, xid, epoch FROM audit.events WHERE id = %s
    """,
        [post.topic, event],
    )

    (subject,) = broken(post)["messaging.pointers_resolve"]
    assert post.topic in subject


def test_message_that_was_given_up_without_a_letter(post: Post, admin: Connection[Any]) -> None:
    (number,) = post.publish()
    admin.execute("UPDATE messaging.outbox_messages SET dead_at = now() WHERE id = %s", [number])

    assert broken(post) == {"messaging.dead_are_lettered": [f"message {number} ({post.topic})"]}


def test_between_full_checks_only_what_is_new_or_still_waits_is_judged(post: Post, admin: Connection[Any]) -> None:
    def incremental() -> list[str]:
        report = checks.run(post.database, [post.tenant_id], full=False)
        return [found.name for found in report.invariants if found.violations]

    (old,) = post.publish()
    post.relay_all()
    (waiting,) = post.publish()
    # A step waits for every transaction of the server's that ran at the one before, also those of other tests.
    verified = "SELECT coalesce(max(message_id), 0) >= %s FROM messaging.verified_messages WHERE tenant_id = %s"
    until = time.monotonic() + 60
    while admin.execute(verified, [old, post.tenant_id]).fetchone() != (True,):
        assert incremental() == [] and time.monotonic() < until

    admin.execute("DELETE FROM messaging.queue_messages WHERE message_id = %s", [old])
    assert incremental() == [], "what was found right is not judged again"
    post.relay_all()
    admin.execute("DELETE FROM messaging.queue_messages WHERE message_id = %s", [waiting])
    assert incremental() == ["messaging.published_arrives"], "what waited then is judged when it is published"
    assert broken(post) == {"messaging.published_arrives": [f"message {n} ({post.topic})" for n in (old, waiting)]}
