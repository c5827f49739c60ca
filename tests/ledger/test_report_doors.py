"""Reports and explanations over HTTP and from the command line: the same documents, in parts where long, and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from tests.ledger.conftest import Book
from tests.ledger.late import check_marks
from tests.web.client import Client, client_of, keys_of
from typer.testing import CliRunner

from headgate.core import terminal
from headgate.core.db import Database
from headgate.core.errors import HeadgateError
from headgate.ledger import commands
from headgate.ledger.routes import router
from headgate.web import build_application

pytestmark = pytest.mark.slow

JUNE = {"from_on": "2026-06-01", "to_on": "2026-06-30"}


def usd(minor: int) -> dict[str, Any]:
    return {"minor": minor, "currency": "USD"}


@pytest.fixture(scope="module")
def client(database: Database) -> Iterator[Client]:
    """A client of the ledger's routes."""
    with client_of(build_application(database, [router])) as opened:
        yield opened


@pytest.fixture
def get(client: Client, book: Book) -> Any:
    """GET as the tenant's administrator."""
    headers = keys_of(book.database, book.tenant.id).admin

    def ask(path: str, status: int = 200, **query: Any) -> Any:
        answer = client.get(f"/v1/ledger{path}", params=query, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    ask.put = lambda path, body: client.send("PUT", f"/v1/ledger{path}", json=body, headers=headers)  # type: ignore[attr-defined]
    return ask


@pytest.fixture
def run(book: Book, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command on the test's database and returns what it says."""

    @contextmanager
    def opened() -> Iterator[Database]:
        yield book.database

    monkeypatch.setattr(terminal, "open_database", opened)

    def invoke(*words: str) -> str:
        result = CliRunner().invoke(commands.app, [words[0], "--tenant", book.tenant.slug, *words[1:]])
        if isinstance(result.exception, HeadgateError):
            raise result.exception
        assert result.exit_code == 0, (result.output, result.exception)
        return result.stdout

    return invoke


@pytest.fixture
def june(book: Book, admin: psycopg.Connection[Any]) -> Book:
    """Three days of June."""
    for day, amount in ((1, "10.00"), (2, "1.00"), (4, "0.50")):
        book.post(book.cash, book.clearing, amount, effective_at=datetime(2026, 6, day, 12, tzinfo=UTC))
    check_marks(admin, book.tenant.id)
    return book


def parts(get: Any, path: str, **query: Any) -> list[Any]:
    """Every row of a list, one at a time."""
    rows: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        part = get(path, limit=1, **query, **cursor)
        assert len(part["data"]) <= 1
        rows += part["data"]
        if not part["has_more"]:
            return rows
        cursor = {"cursor": part["next_cursor"]}


def test_balances_as_of_a_day_or_an_instant(get: Any, june: Book) -> None:
    account = "/accounts/CASH.USD/balance"

    assert get(account, as_of="2026-06-02")["posted"] == usd(1100)
    assert get(account, as_of="2026-06-02T11:59:59Z")["posted"] == usd(1000)
    assert get(account, as_of="2026-06-02", known_at="2026-01-01T00:00:00Z")["posted"] == usd(0)
    listed = get("/balances", as_of="2026-06-01", currency="USD")["data"]
    assert {row["code"]: row["posted"]["minor"] for row in listed if row["posted"]["minor"]} == {
        "CASH.USD": 1000,
        "PAYROLL_CLEARING.USD": 1000,
    }
    for bad in ({"as_of": "June"}, {"as_of": "2026-06-02T11:59:59"}, {"known_at": "2100-01-01T00:00:00Z"}):
        assert get(account, status=422 if "known_at" not in bad else 400, **bad)["code"]


def test_the_reports_come_in_parts_that_make_the_whole(get: Any, june: Book) -> None:
    whole = get("/reports/trial-balance", as_of="2026-06-02")
    assert whole["totals"] == [{"currency": "USD", "debit": usd(1100), "credit": usd(1100), "is_balanced": True}]
    assert parts(get, "/reports/trial-balance", as_of="2026-06-02", known_at=whole["known_at"]) == whole["data"]
    for path, query in (
        ("/reports/statement", JUNE | {"account": "CASH.USD"}),
        ("/reports/statement", {"from_on": "2026-01-01", "to_on": "2099-01-01", "account": "CASH.USD", "order": "recorded"}),
        ("/reports/general-ledger", JUNE),
    ):  # fmt: skip
        found = get(path, **query)["data"]
        assert parts(get, path, **query) == found
        assert [row["balance"]["minor"] for row in found if row["account"] == "CASH.USD"] == [1000, 1100, 1150]
    statement = get("/reports/statement", account="CASH.USD", from_on="2026-06-02", to_on="2026-06-03")
    assert (statement["opening"], statement["closing"], len(statement["data"])) == (usd(1000), usd(1100), 1)
    (aged,) = get("/reports/ageing", as_of="2026-06-30", account="CASH.USD")["data"]
    assert (aged["total"], aged["days_0_30"]) == (usd(1150), usd(1150))


def test_the_tree_and_where_an_account_stands(get: Any, june: Book) -> None:
    done = get.put("/accounts/CASH.USD/parent", {"parent": "SETTLEMENT_CLEARING.USD", "reason": "a test"})

    assert (done.status_code, done.json()["parent"]) == (200, "SETTLEMENT_CLEARING.USD"), done.text
    (above, below) = get("/reports/tree", root="SETTLEMENT_CLEARING.USD")["data"]
    assert (above["balance"], above["subtotal"], below["depth"]) == (usd(0), usd(1150), 1)
    assert get("/reports/tree", root="SETTLEMENT_CLEARING.USD", as_of="2026-06-01")["data"][0]["subtotal"] == usd(1000)
    circle = get.put("/accounts/SETTLEMENT_CLEARING.USD/parent", {"parent": "CASH.USD", "reason": "a test"})
    assert (circle.status_code, circle.json()["code"]) == (409, "ledger.not_in_tree")


def test_explanations(get: Any, june: Book) -> None:
    june.fund("1.00")
    june.post(june.client, june.clearing, "2.00", key="refused")

    found = get("/accounts/CASH.USD/explain")
    assert [(one["source_type"], one["legs"], one["amount"]) for one in found["sources"]] == [(None, 4, usd(1250))]
    refusal = get("/refusals/explain", request="refused")
    assert (refusal["code"], refusal["shortfall_now"]) == ("ledger.insufficient_funds", usd(100))
    assert [cure["action"] for cure in refusal["cures"]] == ["fund_account", "lower_minimum"]
    assert get("/refusals/explain", request=refusal["request_id"]) == refusal
    assert get("/refusals/explain", request="other", status=404)["code"] == "ledger.refusal_not_found"


def test_reports_as_csv_have_amounts_in_major_units(run: Any, june: Book) -> None:
    def table(*words: str) -> list[list[str]]:
        return list(csv.reader(io.StringIO(run(*words, "--csv"))))

    assert table("trial-balance", "--as-of", "2026-06-02") == [
        ["code", "name", "type", "debit", "credit", "currency"],
        ["CASH.USD", "Cash at the bank", "ASSET", "11.00", "0.00", "USD"],
        ["PAYROLL_CLEARING.USD", "Payroll on its way", "LIABILITY", "0.00", "11.00", "USD"],
        ["total", "", "", "11.00", "11.00", "USD"],
    ]
    span = ("--from", "2026-06-02", "--to", "2026-06-30")
    statement = table("statement", "CASH.USD", *span)
    assert [(row[1], row[2], *row[-4:-1]) for row in statement[1:]] == [
        ("opening", "2026-06-02", "", "", "10.00"),
        ("entry", "2026-06-02", "1.00", "0.00", "11.00"),
        ("entry", "2026-06-04", "0.50", "0.00", "11.50"),
        ("closing", "2026-06-30", "", "", "11.50"),
    ]
    assert table("general-ledger", *span)[: len(statement)] == statement
    assert table("ageing", "--as-of", "2026-06-30", "--account", "CASH.USD")[1][2:] == [
        "11.50", "0.00", "0.00", "0.00", "11.50", "0.00", "USD",
    ]  # fmt: skip
    assert table("tree", "--root", "CASH.USD")[1][3:] == ["", "11.50", "11.50", "USD"]


def test_the_command_line_gives_the_documents_of_http(run: Any, get: Any, june: Book) -> None:
    june.fund("1.00")
    june.post(june.client, june.clearing, "2.00", key="refused")
    span = ("--from", "2026-06-01", "--to", "2026-06-30")

    def told(*words: str) -> Any:
        return json.loads(run(*words, "--json"))

    assert told("statement", "CASH.USD", *span) == get("/reports/statement", account="CASH.USD", **JUNE)
    assert [line for one in told("general-ledger", *span) for line in one["data"]] == get(
        "/reports/general-ledger", **JUNE
    )["data"]
    assert told("tree")["data"] == get("/reports/tree")["data"]
    whole = get("/reports/trial-balance", as_of="2026-06-30")
    assert told("trial-balance", "--as-of", "2026-06-30")["data"] == whole["data"]
    assert told("explain-balance", "CASH.USD") == get("/accounts/CASH.USD/explain")
    assert told("explain-refusal", "refused") == get("/refusals/explain", request="refused")
    assert told("balance", "CASH.USD", "--as-of", "2026-06-01")["posted"] == usd(1000)
    assert told("balances", "--as-of", "2026-06-01T12:00:00Z")
    assert told("set-parent", "CASH.USD", "--parent", "SETTLEMENT_CLEARING.USD", "--reason", "x")["parent"]
    assert told("ageing") == []
    for words in (("trial-balance",), ("statement", "CASH.USD", *span), ("tree",), ("explain-balance", "CASH.USD")):
        assert "CASH" in run(*words)


@pytest.mark.parametrize(
    "words",
    [
        ("statement", "CASH.USD", "--from", "June", "--to", "2026-06-30"),
        ("statement", "CASH.USD", "--from", "2026-06-01", "--to", "2026-06-30", "--order", "random"),
        ("trial-balance", "--as-of", "2026-06-01T25:00"),
        ("tree", "--root", "nobody"),
    ],
)  # fmt: skip
def test_bad_words_are_errors(run: Any, words: tuple[str, ...]) -> None:
    with pytest.raises(HeadgateError):
        run(*words)
