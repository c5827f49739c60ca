"""`headgate messaging`, as scripts use it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import typer
from tests import make
from tests.messaging.post import Post
from typer.testing import CliRunner

from headgate import messaging
from headgate.core import ids, terminal
from headgate.core.config import Config
from headgate.core.db import Database, Tx
from headgate.core.errors import Malformed, MalformedId
from headgate.messaging import commands
from headgate.messaging.commands import app, pipeline

pytestmark = pytest.mark.slow


def _poison(tx: Tx, message: messaging.Message) -> None:
    raise ValueError("poison")


@pytest.fixture
def run(empty_database: Database, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run `headgate messaging …` on this test's own database."""

    @contextmanager
    def opened(_: Config | None = None) -> Iterator[Database]:
        yield empty_database

    monkeypatch.setattr(terminal, "open_database", opened)

    def command(*words: object, as_json: bool = True, group: typer.Typer = app) -> Any:
        done = CliRunner().invoke(group, [str(word) for word in words] + (["--json"] if as_json else []))
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, json.loads(done.stdout) if as_json else done.stdout

    return command


@pytest.fixture
def dead(empty_database: Database) -> Iterator[Post]:
    """Three dead letters of one tenant."""
    post = Post(empty_database, make.tenant(empty_database).id)
    post.consumer = messaging.Consumer(post.consumer.name, post.consumer.topics, _poison, attempts_max=1)
    post.publish(3)
    post.relay_all()
    post.work()
    yield post
    post.close()


def test_status_and_dead_letters_are_shown(run: Any, dead: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "PAGE", 2)

    code, status = run("status")
    letters = run("dead-letters")[1]

    assert code == 0 and status["dead_letters"] == 3
    assert dead.consumer.name in [queue["consumer"] for queue in status["queues"]]
    assert [letter["last_error"] for letter in letters] == ["ValueError: poison"] * 3
    assert {letter["tenant_id"] for letter in letters} == {str(dead.tenant_id)}
    assert "poison" in run("dead-letters", as_json=False)[1]
    assert "dead_letters" in run("status", as_json=False)[1]


def test_dead_letters_are_requeued_by_id_or_all(run: Any, dead: Post) -> None:
    first, second, _ = (letter.number for letter in dead.letters())
    known, unknown = ids.encode("dlt", first), ids.encode("dlt", 999999)

    assert known in [letter["id"] for letter in run("dead-letters")[1]]
    assert known in run("dlq", group=pipeline, as_json=False)[1]
    assert run("requeue", known, unknown) == (1, {"requeued": [known], "unknown": [unknown]})
    assert run("requeue", known, as_json=False)[0] == 1, "it was requeued before"
    assert run("requeue", second) == (0, {"requeued": [ids.encode("dlt", second)], "unknown": []}), "by its number"
    with pytest.raises(MalformedId, match="dlt_0000000000000"):
        run("requeue", "pay_0000000000001")
    code, document = run("requeue", "--all")
    assert (code, len(document["requeued"])) == (0, 1)
    assert dead.letters() == [] and len(dead.queue()) == 3
    with pytest.raises(Malformed):
        run("requeue")
    with pytest.raises(Malformed):
        run("requeue", first, "--all")


def test_pipeline_fills_the_queue_that_was_lost_and_no_other(
    run: Any, dead: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "discovered_consumers", lambda: [dead.consumer])
    assert run("replay", group=pipeline) == (0, {"replayed": 0}), "dead letters are requeued, not replayed"
    dead.consumer = messaging.Consumer(dead.consumer.name, dead.consumer.topics, dead._note)
    (handled,) = dead.publish()
    dead.relay_all()
    dead.work()
    (waits,) = dead.publish()
    dead.relay_all()
    lost = dead.publish(2)
    dead.relay_all()
    with dead.database.connect("admin") as admin:
        admin.execute("DELETE FROM messaging.queue_messages WHERE message_id = ANY (%s)", [lost])

    assert run("replay", "--consumer", dead.consumer.name, group=pipeline) == (0, {"replayed": 2})
    dead.relay_all()
    dead.work()

    assert dead.inbox() == [handled, waits, *lost] and len(dead.letters()) == 3
    assert run("dlq", group=pipeline)[1] == run("dead-letters")[1] and run("status", group=pipeline)[0] == 0
    with pytest.raises(Malformed, match="no consumer 'nobody'"):
        run("replay", "--consumer", "nobody", group=pipeline)
