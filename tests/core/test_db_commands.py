"""`headgate db` as scripts use it, on a home of its own and on an operator's server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import psycopg
import pytest
from tests import make
from typer.testing import CliRunner, Result

from headgate.core.commands import app
from headgate.core.db import Database
from headgate.core.embedded import EmbeddedServer
from headgate.core.errors import Conflict, NotFound

Run = Callable[..., Result]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A fresh home: nothing was ever started in it."""
    made = Path(tempfile.mkdtemp(prefix="hg-"))
    yield made
    EmbeddedServer(made).down(wait_seconds=5)
    shutil.rmtree(made)


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `headgate db …` in that home."""
    monkeypatch.setenv("HEADGATE_HOME", str(home))
    return _run


@pytest.fixture
def outside(database: Database, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `headgate db …` against an operator's server."""
    monkeypatch.setenv("HEADGATE_DATABASE_URL", database.url("admin"))
    return _run


def _run(*arguments: str) -> Result:
    result = CliRunner().invoke(app, list(arguments))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


def _current_user(url: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT current_user").fetchone()
        assert row is not None
        return row[0]


def test_a_database_lives_from_the_shell(run: Run, home: Path, tmp_path: Path) -> None:
    assert json.loads(run("status", "--json").stdout)["state"] == "stopped"

    # On a fresh home the URL connects at once, and stands alone on standard output.
    url = run("url", "--role", "app").stdout
    assert url.count("\n") == 1
    assert _current_user(url.strip()) == "headgate_app"
    for role, user in {"superuser": "headgate", "owner": "headgate_owner", "readonly": "headgate_readonly"}.items():
        assert _current_user(run("url", "--role", role).stdout.strip()) == user

    status = json.loads(run("status", "--json").stdout)
    assert (status["state"], status["embedded"], status["home"]) == ("running", True, str(home))
    assert (status["database"], status["migrations_pending"]) == ("headgate", 0)
    assert run("up").stdout == url
    assert json.loads(run("migrate", "--json").stdout) == {"applied": [], "dry_run": False}
    assert "nothing was lacking" in run("migrate").stderr

    file = tmp_path / "headgate.dump"
    said = run("backup", str(file)).stderr
    assert str(home / "keys") in said
    with pytest.raises(Conflict, match="is there already"):
        run("backup", str(file))
    assert "restored from" in run("restore", str(file)).stderr
    assert _current_user(url.strip()) == "headgate_app"

    assert "stopped" in run("down").stderr
    assert "it was not running" in run("down").stderr
    assert json.loads(run("status", "--json").stdout)["state"] == "stopped"


def test_a_dry_run_says_what_it_would_apply(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADGATE_HOME", str(home / "another"))
    try:
        listed = run("migrate", "--dry-run")
        assert listed.stdout.splitlines()[0] == "0001_core_foundation.sql"
        assert "would be applied" in listed.stderr
        assert json.loads(run("status", "--json").stdout)["migrations_pending"] == len(listed.stdout.splitlines())
    finally:
        run("down")


def test_psql_shows_a_tenant_its_rows(outside: Run, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, other = make.tenant(database), make.tenant(database)
    executed: list[str] = []

    def execute(program: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        done = subprocess.run(
            [program, *arguments[1:]], env=dict(environment), capture_output=True, text=True, check=True
        )
        executed.append(done.stdout.strip())

    monkeypatch.setattr(os, "execve", execute)
    query = "SELECT current_user, count(*), min(id) FROM tenants.legal_entities"

    outside("psql", "--tenant", mine.slug, "-XAtc", query)
    outside("psql", "--tenant", str(other.id), "--role", "readonly", "-XAtc", query)
    warned = outside("psql", "-XAtc", query).stderr
    outside("psql", "--role", "superuser", "-XAtc", "SELECT current_user")

    assert executed[:3] == [
        f"headgate_app|1|{mine.legal_entity_id}",
        f"headgate_readonly|1|{other.legal_entity_id}",
        "headgate_app|0|",
    ]
    assert executed[3] == "headgate"
    assert "no --tenant" in warned
    with pytest.raises(NotFound, match="there is no tenant 'nobody'"):
        outside("psql", "--tenant", "nobody")


def test_an_operators_server_is_neither_started_nor_stopped(outside: Run, database: Database) -> None:
    assert outside("up").stdout == "the database answers\n"
    status = json.loads(outside("status", "--json").stdout)
    assert (status["state"], status["embedded"], status["migrations_pending"]) == ("running", False, 0)
    assert _current_user(outside("url", "--role", "operator").stdout.strip()) == "headgate_operator"
    assert outside("url", "--role", "superuser").stdout.strip() == database.url("admin")
    with pytest.raises(Conflict, match="not ours to stop"):
        outside("down")


def test_a_server_that_does_not_answer_is_said_to(outside: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADGATE_DATABASE_URL", "postgresql://x@/x?host=/nowhere")

    status = json.loads(outside("status", "--json").stdout)

    assert status["state"] == "unreachable"
    assert "/nowhere" in status["problem"]
