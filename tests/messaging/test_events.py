"""What was announced is exported as it was written, and announced again without a second effect."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests import make
from tests.messaging.post import Post
from typer.testing import CliRunner

from headgate import ledger, messaging
from headgate.core import terminal
from headgate.core.config import Config
from headgate.core.db import Database
from headgate.core.errors import Malformed
from headgate.messaging import events
from headgate.messaging.event_commands import app
from headgate.messaging.events import Chosen


@pytest.fixture
def post(empty_database: Database) -> Iterator[Post]:
    found = Post(empty_database, make.tenant(empty_database).id)
    yield found
    found.close()


@pytest.fixture
def run(empty_database: Database, monkeypatch: pytest.MonkeyPatch) -> Any:
    @contextmanager
    def opened(_: Config | None = None) -> Iterator[Database]:
        yield empty_database

    monkeypatch.setattr(terminal, "open_database", opened)

    def command(*words: object) -> str:
        done = CliRunner().invoke(app, [str(word) for word in words])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.stdout

    return command


def test_a_replay_reaches_who_never_saw_it_and_no_one_twice(post: Post, run: Any) -> None:
    numbers = post.publish(3)
    post.relay_all()
    post.work()
    late = messaging.Consumer(f"{post.consumer.name}_late", post.consumer.topics, lambda tx, message: None)
    post.transport.subscribe({post.consumer.name: post.consumer.topics, late.name: late.topics})

    told = json.loads(run("replay", numbers[0], numbers[2], "--tenant", post.tenant_id, "--json"))

    assert told == {"replayed": 2}
    post.relay_all()
    post.work()
    assert post.seen == [0, 1, 2]
    with post.database.connect("admin") as admin:
        waiting = admin.execute(
            "SELECT message_id FROM messaging.queue_messages WHERE consumer = %s ORDER BY 1", [late.name]
        ).fetchall()
    assert [row[0] for row in waiting] == [numbers[0], numbers[2]]


def test_what_waits_and_what_was_given_up_is_not_replayed(post: Post) -> None:
    waiting = post.publish(1)
    with post.database.begin(tenant_id=post.tenant_id, actor=make.ACTOR) as tx:
        assert events.replay(tx, Chosen(ids=waiting)) == 0
        (said,) = tx.all("SELECT data FROM audit.events WHERE type = 'messaging.events.replayed'")
    assert said["data"] == {"events": 0, "ids": waiting}


def test_no_one_replays_anothers_events(post: Post) -> None:
    numbers = post.publish(1)
    post.relay_all()
    stranger = make.tenant(post.database)

    with post.database.begin(tenant_id=stranger.id, actor=make.ACTOR) as tx:
        assert events.events(tx, Chosen(ids=numbers), limit=10) == []
        assert tx.value("SELECT messaging.replay(%(ids)s)", {"ids": numbers}) == 0


def test_an_export_shows_what_was_announced_in_pages(
    post: Post, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "PAGE", 2)
    numbers = post.publish(5)
    with post.database.begin(tenant_id=post.tenant_id, actor=make.ACTOR) as tx:
        ledger.create_account(tx, code="C", name="C", type="ASSET", currency="USD")

    run("export", "--tenant", post.tenant_id, "--topic", post.topic, "--out", tmp_path / "events.ndjson")

    lines = [json.loads(line) for line in (tmp_path / "events.ndjson").read_text("utf-8").splitlines()]
    assert [(line["id"], line["payload"], line["event_type"]) for line in lines] == [
        (number, {"n": n}, post.topic) for n, number in enumerate(numbers)
    ]
    assert {line["correlation_id"] for line in lines} == {"cor_t"}
    everything = run("export", "--tenant", post.tenant_id).splitlines()
    assert len(everything) > 5, "what points at its audit event is told too"
    assert all(json.loads(line)["payload"] for line in everything)
    one = run("export", "--tenant", post.tenant_id, "--aggregate", "3", "--topic", "test.#").splitlines()
    assert [json.loads(line)["id"] for line in one] == [numbers[3]]
    assert run("export", "--tenant", post.tenant_id, "--before", "2020-01-01T00:00:00Z") == ""


def test_a_replay_of_everything_has_to_be_said(post: Post, run: Any) -> None:
    with pytest.raises(Malformed):
        run("replay", "--tenant", post.tenant_id)
    with pytest.raises(Malformed):
        run("replay", "--tenant", post.tenant_id, "--from", "yesterday")
