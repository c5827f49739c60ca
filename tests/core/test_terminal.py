"""What commands say: one document on standard output, the rest on standard error."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from headgate.core import terminal
from headgate.core.config import Config
from headgate.core.db import Actor, Database
from headgate.core.embedded import EmbeddedServer
from headgate.core.errors import MigrationsPending


class Side(Enum):
    DEBIT = "debit"


@dataclass(frozen=True)
class Thing:
    id: UUID
    at: datetime
    parts: tuple[object, ...]


THING = Thing(
    UUID(int=7), datetime(2026, 11, 21, tzinfo=UTC), (Decimal("1.50"), date(2026, 1, 2), Side.DEBIT, Path("/a"), None)
)


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.emit({"thing": THING, "é": True}, as_json=True)

    out, err = capsys.readouterr()
    assert json.loads(out) == {
        "thing": {
            "id": "00000000-0000-0000-0000-000000000007",
            "at": "2026-11-21T00:00:00+00:00",
            "parts": ["1.50", "2026-01-02", "debit", "/a", None],
        },
        "é": True,
    }
    assert err == ""
    with pytest.raises(TypeError, match="object cannot be printed"):
        terminal.emit(object(), as_json=True)


@pytest.mark.parametrize(
    ("document", "lines"),
    [
        ("postgresql://x", ["postgresql://x"]),
        ({"a": 1, "b [red]": None}, ["a 1", "b [red] –"]),
        ([{"x": True, "y": "[z]"}, {"x": False, "y": {"n": 1}}], ["x y", "yes [z]", 'no {"n": 1}']),
        ({"open": {"minor": -411_750, "currency": "USD"}, "at": []}, ["open −4,117.50 USD", "at none"]),
        ({"on": {"minor": 5, "currency": "US"}, "n": {"a": {}}}, ["on", "minor 5", "currency US", "n", "a –"]),
        ({"id": "a", "dues": [{"n": 1}, {"n": 2}], "to": ["x", "y"]}, ["id a", "to x, y", "dues", "n", "1", "2"]),
        ([], ["none"]),
        (["a", 2], ["a", "2"]),
        (7, ["7"]),
    ],
)
def test_a_person_gets_it_laid_out(capsys: pytest.CaptureFixture[str], document: object, lines: list[str]) -> None:
    terminal.emit(document, as_json=False)

    out, _ = capsys.readouterr()
    assert [" ".join(line.split()) for line in out.splitlines()] == lines


ROWS = [{"id": "art_" + "7" * 40, "sha256": "f" * 64, "size": 1}, {"id": "art_2", "sha256": "0" * 64, "size": 22}]


def test_rows_that_do_not_fit_the_window_stand_one_below_the_other(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    terminal.emit(ROWS, as_json=False)

    assert capsys.readouterr().out.splitlines() == [
        f"id      art_{'7' * 40}",
        f"sha256  {'f' * 64}",
        "size    1",
        "",
        "id      art_2",
        f"sha256  {'0' * 64}",
        "size    22",
    ]

    terminal.emit([{"id": "art_2", "dues": [{"n": 1, "on": "2026-11-01"}], "sha256": "0" * 80}], as_json=False)
    assert capsys.readouterr().out.splitlines() == [
        "id      art_2",
        f"sha256  {'0' * 72}",
        "        00000000",
        "dues",
        "  n  on",
        "  1  2026-11-01",
    ]


def test_rows_for_a_pipe_are_one_line_each_however_long(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    terminal.emit(ROWS, as_json=False)

    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["id", "sha256", "size"],
        *([str(cell) for cell in row.values()] for row in ROWS),
    ]


def test_fail_is_one_line_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        terminal.fail("two\nlines")

    assert ended.value.code == 2
    assert capsys.readouterr() == ("", "headgate: two lines\n")


def test_progress_is_silent_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with terminal.progress("posting", total=3) as shown:
        shown.advance(shown.task_ids[0], 3)
        assert shown.finished

    assert capsys.readouterr() == ("", "")


def test_an_operators_database_must_have_been_migrated(
    server: EmbeddedServer, database: Database, worker_id: str
) -> None:
    config = Config.from_environment({"HEADGATE_DATABASE_URL": database.url("admin"), "HEADGATE_ENV": "test"})
    with terminal.open_database(config) as opened, opened.begin(tenant_id=None, actor=Actor.system("test")) as tx:
        assert tx.value("SELECT current_user") == "headgate_app"

    name = f"terminal_{worker_id}"
    with psycopg.connect(server.url("admin", "postgres"), autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
        empty = Config.from_environment({"HEADGATE_DATABASE_URL": server.url("admin", name), "HEADGATE_ENV": "test"})
        with (
            pytest.raises(MigrationsPending, match=r"lacks 0001_.*: run `headgate db migrate`"),
            terminal.open_database(empty),
        ):
            pass
        admin.execute(f'DROP DATABASE "{name}"')
