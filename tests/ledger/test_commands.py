"""The book from the command line: the same verbs, one JSON document on standard output."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.ledger.conftest import Book
from typer.testing import CliRunner

from headgate.core import terminal
from headgate.core.db import Database
from headgate.core.errors import HeadgateError
from headgate.ledger import commands

pytestmark = pytest.mark.slow

USD = ("--currency", "USD")
KEY = ("--idempotency-key", "k")


@pytest.fixture
def run(book: Book, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command on the test's database and returns its document."""

    @contextmanager
    def opened() -> Iterator[Database]:
        yield book.database

    monkeypatch.setattr(terminal, "open_database", opened)

    def invoke(*words: str, exit_code: int = 0) -> Any:
        tenant = ["--tenant", book.tenant.slug]
        result = CliRunner().invoke(commands.app, [words[0], *tenant, *words[1:], "--json"])
        if isinstance(result.exception, HeadgateError):
            raise result.exception
        assert result.exit_code == exit_code, (result.output, result.exception)
        return json.loads(result.stdout) if result.stdout else result.stderr

    return invoke


def test_the_book_can_be_kept_from_the_command_line(run: Any, book: Book) -> None:
    opened = run(
        "open-account",
        "--code",
        "till",
        "--name",
        "Till",
        "--type",
        "ASSET",
        "--currency",
        "USD",
        "--min-balance",
        "0",
        "--max-balance",
        "99.00",
    )
    posted = run("post", "--debit", "till", "--credit", "FEES.USD", "--amount", "12.50", *USD, *KEY,
                 "--effective-at", "2026-01-02T00:00:00Z", "--description", "a test")  # fmt: skip
    balance = run("balance", "till")
    reversal = run("reverse", posted["id"], "--idempotency-key", "r", "--reason", "wrong")
    frozen = run("set-status", "till", "frozen", "--reason", "a doubt")

    assert (opened["min_balance"], opened["max_balance"]) == (
        {"minor": 0, "currency": "USD"},
        {"minor": 9900, "currency": "USD"},
    )
    assert balance["posted"] == {"minor": 1250, "currency": "USD"}
    assert reversal["reverses"] == posted["id"]
    assert frozen["status"] == "frozen"
    assert [row["id"] for row in run("transactions", "--account", "till")] == [reversal["id"], posted["id"]]
    assert len(run("entries", "--limit", "1")) == 1
    assert {row["code"] for row in run("accounts", "--currency", "USD")} == {
        row["code"] for row in run("balances", "--currency", "USD")
    }
    assert [row["currency"] for row in run("seed-chart", "--currency", "EUR")] == ["EUR"] * 19
    assert (
        run("seed-chart", "--currency", "EUR", "--legal-entity", book.tenant.legal_entity_id)[0]["purpose"]
        == "CLIENT_FUNDS"
    )


def test_a_pending_transaction_from_the_command_line(run: Any, book: Book) -> None:
    words = ("post", "--debit", "CASH.USD", "--credit", "FEES.USD", "--amount", "12.50", *USD, "--pending")
    first = run(*words, "--idempotency-key", "a", "--expires-at", "2199-01-01T00:00:00Z")
    second = run(*words, "--idempotency-key", "b")
    assert [row["id"] for row in run("pending", "--account", "FEES.USD")] == [second["id"], first["id"]]

    posted = run("post-pending", first["id"], *KEY, "--amount", "1=2.50")
    voided = run("void", second["id"], "--reason", "wrong")
    part = run("reverse", posted["id"], "--idempotency-key", "r", "--reason", "x", "--amount", "0.50", *USD)

    assert (first["status"], first["expires_at"], first["entries"][0]["amount"]["minor"]) == (
        "pending",
        "2199-01-01T00:00:00.000000Z",
        1250,
    )
    assert (posted["status"], posted["settles"]) == ("posted", first["id"])
    assert voided["status"] == "void"
    assert part["entries"][0]["amount"]["minor"] == 50
    assert run("pending") == []
    assert [row["settled_by"] for row in run("pending", "--status", "posted")] == [posted["id"]]
    assert "is posted" in run("void", first["id"], "--reason", "late", exit_code=1)["message"]


def test_reservations_are_listed_and_expired(run: Any, book: Book) -> None:
    book.fund("5.00")
    held = book.reserved("1.00")

    assert [row["source_ref"] for row in run("reservations", "--status", "active")] == [held.source_ref]
    assert run("expire-reservations") == {"expired": 0}


def test_a_refusal_is_said_and_ends_with_one(run: Any, book: Book) -> None:
    said = run(
        "post",
        "--debit",
        "FEES.USD",
        "--credit",
        "FEES.USD",
        "--amount",
        "1",
        "--currency",
        "USD",
        "--idempotency-key",
        "k",
        exit_code=1,
    )

    assert said["code"] == "ledger.same_account"
    assert book.count("ledger.entries") == 0


@pytest.mark.parametrize(
    "words",
    [
        ("post", "--debit", "CASH.USD", "--credit", "FEES.USD", "--amount", "1.005", *USD, *KEY),
        ("post", "--debit", "CASH.USD", "--credit", "nobody", "--amount", "1", *USD, *KEY),
        ("post", "--debit", "CASH.USD", "--credit", "FEES.USD", "--amount", "1", *USD, *KEY, "--effective-at", "noon"),
        ("reverse", "txn_0000000000000", "--idempotency-key", "k", "--reason", "x"),
        ("reverse", "txn_0000000000000", "--idempotency-key", "k", "--reason", "x", "--amount", "1.00"),
        ("void", "txn_0000000000000", "--reason", "x"),
        ("pending", "--status", "lost"),
        ("set-status", "CASH.USD", "melted", "--reason", "x"),
        ("balance", "nobody"),
    ],
)  # fmt: skip
def test_bad_words_are_errors_and_move_nothing(run: Any, book: Book, words: tuple[str, ...]) -> None:
    before = book.facts()

    with pytest.raises(HeadgateError):
        run(*words)

    assert book.facts() == before
