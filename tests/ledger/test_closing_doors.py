"""Periods, settlements, exchange, clearing accounts and monitors over HTTP and from the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.ledger.conftest import Book
from tests.web.client import Client, Keys, client_of, keys_of
from typer.testing import CliRunner

from headgate import ledger
from headgate.core import clock, ids, terminal
from headgate.core.db import Database
from headgate.core.errors import HeadgateError
from headgate.ledger import command_parts, commands
from headgate.ledger.routes import router
from headgate.web import build_application

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def client(database: Database) -> Iterator[Client]:
    """A client of the ledger's routes."""
    with client_of(build_application(database, [router])) as opened:
        yield opened


@pytest.fixture
def keys(database: Database, book: Book) -> Keys:
    """A key of each role."""
    return keys_of(database, book.tenant.id)


@pytest.fixture
def ask(client: Client, keys: Keys) -> Any:
    """Asks the HTTP door: method, path below /v1/ledger, body; the status that is expected."""

    def asked(method: str, path: str, body: Any = None, *, status: int = 200, key: str | None = None) -> Any:
        headers = keys.admin | {"Idempotency-Key": key or ids.new("key")}
        answer = client.send(method, f"/v1/ledger{path}", json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    return asked


@pytest.fixture
def run(book: Book, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command on the test's database and returns its document."""

    @contextmanager
    def opened() -> Iterator[Database]:
        yield book.database

    monkeypatch.setattr(terminal, "open_database", opened)

    def invoke(*words: str, exit_code: int = 0) -> Any:
        result = CliRunner().invoke(commands.app, [words[0], "--tenant", book.tenant.slug, *words[1:], "--json"])
        if isinstance(result.exception, HeadgateError):
            raise result.exception
        assert result.exit_code == exit_code, (result.output, result.exception)
        return json.loads(result.stdout)

    return invoke


def usd(minor: int) -> dict[str, Any]:
    return {"minor": minor, "currency": "USD"}


def euro(minor: int) -> dict[str, Any]:
    return {"minor": minor, "currency": "EUR"}


def post(ask: Any, minor: int, at: str, *, status: int = 201, **facts: Any) -> Any:
    entry = {"debit": "CASH.USD", "credit": "PAYROLL_CLEARING.USD", "amount": usd(minor)}
    return ask("POST", "/transactions", {"entries": [entry], "effective_at": at} | facts, status=status)


def test_a_period_is_opened_closed_and_read_over_http(ask: Any) -> None:
    post(ask, 500, "2024-01-10T12:00:00Z")
    opened = ask("POST", "/periods", {"name": "jan", "starts_on": "2024-01-01", "ends_on": "2024-01-31"}, status=201)
    assert ids.is_id(opened["id"], "per")
    assert (opened["status"], opened["closings"], opened["legal_entity_id"]) == ("open", [], None)

    closed = ask("POST", f"/periods/{opened['id']}/close", {"reason": "month end", "late": "refuse"})

    (closing,) = closed["closings"]
    assert (closed["status"], closing["late"], closing["reason"], closing["reopened_at"]) == (
        "closed",
        "refuse",
        "month end",
        None,
    )
    assert closing["totals"] == [{"debit": usd(500), "credit": usd(500)}]
    assert ask("GET", f"/periods/{opened['id']}") == closed
    assert ask("GET", "/periods?status=closed")["data"] == [closed]
    rows = ask("GET", f"/periods/{opened['id']}/trial-balance")["data"]
    assert [(row["code"], row["balance"]) for row in rows] == [
        ("CASH.USD", usd(500)),
        ("PAYROLL_CLEARING.USD", usd(500)),
    ]
    assert ask("GET", f"/periods/{opened['id']}/trial-balance?limit=1")["data"] == rows[:1]
    late = post(ask, 1, "2024-01-31T12:00:00Z", status=422)
    assert late["code"] == "ledger.period_closed"
    twice = ask("POST", f"/periods/{opened['id']}/close", {"reason": "x"}, status=409)
    assert twice["code"] == "ledger.period_already_closed"


def test_no_door_of_the_ledger_reopens_a_period(client: Client) -> None:
    document = client.get("/openapi.json").json()

    assert [path for path in document["paths"] if "reopen" in path] == []
    assert [command.name for command in commands.app.registered_commands if "reopen" in (command.name or "")] == []


def test_an_account_is_settled_over_http(ask: Any) -> None:
    post(ask, 500, "2024-01-10T12:00:00Z")
    body = {"account": "PAYROLL_CLEARING.USD", "at": "2024-02-01T00:00:00Z", "name": "january"}

    made = ask("POST", "/settlements", body, status=201)

    assert (made["legs"], made["late_legs"], made["amount"], made["debits"], made["credits"]) == (
        1,
        0,
        usd(500),
        usd(0),
        usd(500),
    )
    assert ask("POST", "/settlements", body, status=201) == made
    assert ask("GET", f"/settlements/{made['id']}") == made
    assert ask("GET", "/settlements?account=PAYROLL_CLEARING.USD")["data"] == [made]
    (leg,) = ask("GET", f"/settlements/{made['id']}/legs")["data"]
    assert (leg["seq"], leg["amount"]) == (1, usd(500))
    other = ask("POST", "/settlements", body | {"at": "2024-03-01T00:00:00Z"}, status=409)
    assert other["code"] == "ledger.settlement_exists"


def test_money_is_converted_and_revalued_over_http(ask: Any, book: Book) -> None:
    book.do(ledger.seed_chart, currency="EUR")
    rate = {"from": "USD", "to": "EUR", "rate": "0.80", "effective_at": "2024-01-01T00:00:00Z", "source": "ecb"}
    made = ask(
        "POST", "/exchange-rates", {"rates": [rate, rate | {"from": "EUR", "to": "USD", "rate": "1.50"}]}, status=201
    )
    assert [(one["from"], one["to"], one["rate"], one["source"]) for one in made] == [
        ("USD", "EUR", "0.8", "ecb"),
        ("EUR", "USD", "1.5", "ecb"),
    ]
    assert ask("GET", "/exchange-rates?from=USD")["data"] == made[:1]
    assert ask("GET", "/exchange-rates/latest?from=EUR&to=USD") == made[1]
    assert ask("GET", "/exchange-rates/latest?from=EUR&to=GBP", status=422)["code"] == "ledger.rate_missing"

    body = {
        "from_account": "CASH.USD",
        "to_account": "CASH.EUR",
        "amount": usd(10_000),
        "effective_at": "2024-01-10T00:00:00Z",
    }
    done = ask("POST", "/conversions", body, status=201, key="fx")

    assert (done["converted"], done["rate"], done["source"], done["gain"]) == (euro(8000), "0.8", "ecb", usd(0))
    assert ask("POST", "/conversions", body, status=201, key="fx") == done
    assert ask("GET", f"/conversions/{done['id']}") == done
    assert ask("GET", "/conversions")["data"] == [done]
    (position,) = ask("GET", "/positions?functional_currency=USD&on=2024-01-31")
    assert (position["quantity"], position["cost"], position["value"], position["unrealised"]) == (
        euro(8000),
        usd(10_000),
        usd(12_000),
        usd(2000),
    )
    revalued = ask("POST", "/revaluations", {"on": "2024-01-31", "functional_currency": "USD"}, status=201)
    assert (revalued["gain"], revalued["lines"][0]["rate"]) == (usd(2000), "1.5")
    assert ask("GET", "/revaluations")["data"] == [revalued]
    back = ask("POST", f"/conversions/{done['id']}/reverse", {"reason": "wrong"}, status=201)
    assert back["reverses"] == done["transaction_id"]
    for bad in ({"rate": 0.8}, {"rate": "1e3", "source": "x"}, {"rate": "-1"}):
        assert ask("POST", "/conversions", body | bad, status=422)["code"] == "web.invalid"


def test_a_clearing_account_is_reported_over_http(ask: Any) -> None:
    post(ask, 500, "2024-01-10T12:00:00Z", metadata={"reference": "PR-1"})

    rule = {"must_be_zero": True, "max_age_seconds": 86_400, "reason": "payroll"}
    shown = ask("POST", "/clearing/PAYROLL_CLEARING.USD", rule)

    assert shown["clearing"]["residual"] == usd(500)
    (found,) = ask("GET", "/clearing?only_residuals=true")["data"]
    assert (found["code"], found["is_overdue"], found["max_age_seconds"]) == ("PAYROLL_CLEARING.USD", True, 86_400)
    assert [(item["reference"], item["left"]) for item in found["items"]] == [("PR-1", usd(500))]
    off = ask("POST", "/clearing/PAYROLL_CLEARING.USD", {"must_be_zero": False, "reason": "no"})
    assert off["clearing"] is None
    assert ask("GET", "/clearing")["data"] == []


def test_a_monitor_is_kept_over_http(ask: Any) -> None:
    body = {"account": "CASH.USD", "what": "posted", "comparison": "above", "threshold": usd(100), "name": "rich"}
    made = ask("POST", "/monitors", body, status=201)
    assert (made["is_crossed"], made["balance"]) == (False, usd(0))

    post(ask, 500, "2024-01-10T12:00:00Z")

    shown = ask("GET", f"/monitors/{made['id']}")
    assert (shown["is_crossed"], shown["balance"]) == (True, usd(500))
    assert ask("GET", "/monitors?crossed=true")["data"] == [shown]
    ask("DELETE", f"/monitors/{made['id']}", status=204)
    assert ask("GET", f"/monitors/{made['id']}", status=404)["code"] == "ledger.monitor_not_found"


def test_the_same_from_the_command_line(run: Any, book: Book, tmp_path: Path) -> None:
    book.post(book.cash, book.clearing, "5.00", effective_at=clock.instant("2024-01-10T12:00:00Z"))
    run("seed-chart", "--currency", "EUR")

    period = run("open-period", "--name", "jan", "--starts-on", "2024-01-01", "--ends-on", "2024-01-31")
    settled = run("settle", "PAYROLL_CLEARING.USD", "--name", "jan", "--at", "2024-02-01T00:00:00Z")
    assert run("settlements", "--account", "PAYROLL_CLEARING.USD") == [settled]
    assert [leg["amount"] for leg in run("settled-legs", settled["id"])] == [usd(500)]

    stamp = ("--effective-at", "2024-01-01T00:00:00Z", "--source", "desk")
    rate = run("record-rate", "--from", "USD", "--to", "EUR", "--rate", "0.8", *stamp)
    file = tmp_path / "rates.csv"
    file.write_text("from,to,rate,effective_at,source\nEUR,USD,1.5,2024-01-01T00:00:00Z,ecb\nEUR,USD\n")
    imported = run("import-rates", str(file), exit_code=1)
    assert (imported["recorded"], imported["known"], [fault["line"] for fault in imported["faults"]]) == (1, 0, [3])
    assert run("rates", "--source", "desk") == [rate]
    sides = ("--from-account", "CASH.USD", "--to-account", "CASH.EUR", "--amount", "100.00", "--currency", "USD")
    done = run("convert", *sides, "--idempotency-key", "fx", "--effective-at", "2024-01-20T00:00:00Z")
    assert done["converted"] == euro(8000)
    assert run("conversions") == [done]
    revalued = run("revalue", "--on", "2024-01-31", "--functional-currency", "USD")
    assert revalued["gain"] == usd(2000)
    assert run("revaluations") == [revalued]
    assert [one["quantity"] for one in run("positions", "--functional-currency", "USD")] == [euro(8000)]

    closed = run("close-period", period["id"], "--reason", "month end", "--late", "route")
    assert (closed["status"], run("periods")) == ("closed", [closed])
    rows = {row["code"]: row["balance"] for row in run("frozen-balance", period["id"])}
    assert rows["FX_GAIN_LOSS.USD"] == usd(2000)
    assert rows["FX_POSITION.USD"] == usd(12_000)

    other = run("convert", *sides, "--idempotency-key", "fx 2")
    back = run("reverse-conversion", other["id"], "--idempotency-key", "back", "--reason", "wrong")
    assert back["reverses"] == other["transaction_id"]

    clearing = run("set-clearing", "PAYROLL_CLEARING.USD", "--reason", "payroll", "--max-age", "9000d")
    assert clearing["clearing"]["residual"] == usd(500)
    assert [one["code"] for one in run("clearing")] == ["PAYROLL_CLEARING.USD"]
    monitor = run("add-monitor", "CASH.USD", "--threshold", "1.00", "--name", "low")
    assert run("monitors") == [monitor]
    assert run("remove-monitor", monitor["id"]) == {"removed": monitor["id"]}
    assert run("set-clearing", "PAYROLL_CLEARING.USD", "--reason", "no", "--off")["clearing"] is None


def test_words_that_are_none_are_refused() -> None:
    for read, text in (
        (command_parts.day, "yesterday"),
        (clock.instant, "now"),
        (command_parts.duration, "3w"),
        (command_parts.decimal, "one"),
    ):
        with pytest.raises(HeadgateError) as raised:
            read(text)
        assert raised.value.code == "core.malformed"
