"""Reservations from the command line: the documents of the HTTP door, and nothing done twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.ledger.conftest import Book
from tests.web.client import client_of, keys_of
from typer.testing import CliRunner

from headgate.core import ids, terminal
from headgate.core.db import Database
from headgate.core.errors import HeadgateError
from headgate.ledger import command_parts, commands
from headgate.ledger.routes import router
from headgate.web import build_application

pytestmark = pytest.mark.slow

USD = ("--currency", "USD")


@pytest.fixture
def run(book: Book, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command on the test's database and returns its document."""

    @contextmanager
    def opened() -> Iterator[Database]:
        yield book.database

    monkeypatch.setattr(command_parts, "open_database", opened, raising=False)
    monkeypatch.setattr(terminal, "open_database", opened)

    def invoke(*words: str, exit_code: int = 0) -> Any:
        result = CliRunner().invoke(commands.app, [words[0], "--tenant", book.tenant.slug, *words[1:], "--json"])
        if isinstance(result.exception, HeadgateError):
            raise result.exception
        assert result.exit_code == exit_code, (result.output, result.exception)
        return json.loads(result.stdout)

    return invoke


def reserve(run: Any, book: Book, amount: str, key: str, **facts: Any) -> Any:
    words = ("--account", ids.encode("acct", book.client), "--amount", amount, *USD, "--source-ref", "PR-1")
    return run("reserve", *words, "--idempotency-key", key, **facts)


def minor(found: Any) -> tuple[Any, ...]:
    parts = (found[name]["minor"] for name in ("amount", "captured", "released", "remaining"))
    return (found["status"], *parts)


def test_a_reservation_lives_its_life(run: Any, book: Book) -> None:
    book.fund("10.00")
    held = reserve(run, book, "4.00", "r")

    assert reserve(run, book, "4.00", "r") == held
    more = run("increase", held["id"], "--amount", "2.00", "--idempotency-key", "i")
    assert run("increase", held["id"], "--amount", "2.00", "--idempotency-key", "i") == more
    assert minor(more) == ("active", 600, 0, 0, 600)
    less = run("release", held["id"], "--amount", "1.00", "--idempotency-key", "p")
    assert run("release", held["id"], "--amount", "1.00", "--idempotency-key", "p") == less
    assert minor(less) == ("active", 600, 0, 100, 500)
    taken = run("capture", f"{held['id']}=3.00", "--credit", "PAYROLL_CLEARING.USD", "--idempotency-key", "c")
    assert run("capture", f"{held['id']}=3.00", "--credit", "PAYROLL_CLEARING.USD", "--idempotency-key", "c") == taken
    assert (taken["entries"][0]["amount"]["minor"], taken["entries"][0]["credit_code"]) == (300, "PAYROLL_CLEARING.USD")
    rest = run("release", held["id"])
    assert minor(rest) == ("released", 600, 300, 300, 0)
    assert book.balance(book.client) == ("7.00", "0.00", "7.00")


def test_a_reservation_is_extended(run: Any, book: Book) -> None:
    book.fund("10.00")
    later = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    held = reserve(run, book, "4.00", "r")

    assert held["expires_at"] is None
    sooner = run("extend", held["id"], "--expires-at", later, exit_code=1)
    other = run("reserve", "--account", "CASH.USD", "--amount", "1.00", *USD, "--source-ref", "x",
                "--expires-at", later, "--idempotency-key", "o")  # fmt: skip

    assert sooner["code"] == "ledger.extension_not_later"
    assert run("extend", other["id"], "--for-ever")["expires_at"] is None
    for words in ((), ("--for-ever", "--expires-at", later)):
        with pytest.raises(HeadgateError):
            run("extend", held["id"], *words)


def test_several_are_captured_and_given_back_all_or_none(run: Any, book: Book) -> None:
    book.fund("10.00")
    one, two, three = (reserve(run, book, "2.00", key) for key in "abc")
    over = run("capture", f"{one['id']}=2.00", f"{two['id']}=2.01", "--credit", "FEES.USD",
               "--idempotency-key", "over", exit_code=1)  # fmt: skip
    assert over["code"] == "ledger.capture_exceeds_reservation"
    assert book.balance(book.client) == ("10.00", "6.00", "4.00")

    words = ("capture", f"{one['id']}=2.00", f"{two['id']}=1.50", "--credit", "FEES.USD", "--idempotency-key", "k")
    taken = run(*words)

    assert run(*words) == taken
    assert [row["idempotency_key"] for row in taken] == [f"k:{one['id']}", f"k:{two['id']}"]
    assert [row["entries"][0]["amount"]["minor"] for row in taken] == [200, 150]
    told = run("release", one["id"], two["id"], three["id"], exit_code=1)
    assert told["code"] == "ledger.reservation_not_active"
    assert book.balance(book.client) == ("6.50", "2.50", "4.00")
    given = run("release", two["id"], three["id"])
    assert [minor(row) for row in given] == [("released", 200, 150, 50, 0), ("released", 200, 0, 200, 0)]
    assert book.balance(book.client) == ("6.50", "0.00", "6.50")


@pytest.mark.parametrize(
    "words",
    [
        ("capture", "rsv_0000000000001", "--idempotency-key", "k"),
        ("release", "rsv_0000000000001", "--amount", "1.00"),
        ("release", "rsv_0000000000001", "rsv_0000000000002", "--amount", "1.00", "--idempotency-key", "k"),
        ("increase", "rsv_0000000000001", "--amount", "1.00", "--idempotency-key", "k"),
        ("release", "rsv_0000000000001"),
    ],
)
def test_what_is_nothing_is_said(run: Any, book: Book, words: tuple[str, ...]) -> None:
    before = book.facts()
    with pytest.raises(HeadgateError):
        run(*words)
    assert book.facts() == before


def test_the_document_is_that_of_the_http_door(run: Any, book: Book, database: Database) -> None:
    book.fund("10.00")
    held = reserve(run, book, "4.00", "r")
    keys = keys_of(database, book.tenant.id)
    with client_of(build_application(database, [router])) as client:
        shown = client.get(f"/v1/ledger/reservations/{held['id']}", headers=keys.readonly).json()

    assert shown == held
