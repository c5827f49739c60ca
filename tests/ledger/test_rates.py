"""Exchange rates: exact, from an instant on, corrected by a later row."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from tests.ledger.conftest import Book

from headgate import ledger
from headgate.core.money import UnknownCurrency
from headgate.ledger import ExchangeRate, NewRate

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def record(book: Book, rate: str, at: datetime = NOON, source: str = "ecb", **facts: Any) -> ExchangeRate:
    pair = {"from_currency": "EUR", "to_currency": "USD"} | facts
    found: ExchangeRate = book.do(ledger.record_rate, rate=Decimal(rate), effective_at=at, source=source, **pair)
    return found


def rate(book: Book, at: datetime = NOON, **facts: Any) -> str:
    return str(book.do(ledger.rate_at, from_currency="EUR", to_currency="USD", at=at, **facts).rate)


def test_the_latest_rate_at_an_instant_holds(book: Book) -> None:
    record(book, "1.10")
    record(book, "1.123456789012", NOON + HOUR)

    assert rate(book) == "1.1"
    assert rate(book, NOON + HOUR - timedelta(microseconds=1)) == "1.1"
    assert rate(book, NOON + HOUR) == "1.123456789012"
    with pytest.raises(ledger.RateMissing) as raised:
        rate(book, NOON - HOUR)
    assert raised.value.facts == {"from_currency": "EUR", "to_currency": "USD"}
    with pytest.raises(ledger.RateMissing):
        book.do(ledger.rate_at, from_currency="USD", to_currency="EUR", at=NOON)


def test_a_correction_is_a_new_row_and_what_was_known_can_be_asked(book: Book) -> None:
    first = record(book, "1.10")
    second = record(book, "1.20")

    assert rate(book) == "1.2"
    assert rate(book, known_at=first.recorded_at) == "1.1"
    assert second.recorded_at > first.recorded_at
    assert book.count("ledger.exchange_rates") == 2
    assert book.count("messaging.outbox_messages", "event_type = 'ledger.exchange_rate.recorded'") == 2


def test_a_rate_that_is_known_is_not_recorded_twice(book: Book) -> None:
    first = record(book, "1.10")

    assert record(book, "1.1").id == first.id
    assert record(book, "1.10", source="desk").id != first.id
    assert rate(book, source="ecb") == "1.1"
    assert book.count("ledger.exchange_rates") == 2


@pytest.mark.parametrize("text", ["0", "-1", "1000000000000", "1.0000000000001", "NaN", "Infinity"])
def test_what_is_no_rate_is_refused(book: Book, text: str) -> None:
    with pytest.raises(ledger.MalformedRate):
        record(book, text)
    assert book.count("ledger.exchange_rates") == 0


def test_a_rate_is_between_two_known_currencies(book: Book) -> None:
    with pytest.raises(ledger.MalformedRate):
        record(book, "1", from_currency="USD")
    with pytest.raises(UnknownCurrency):
        record(book, "1", from_currency="XXA")
    with pytest.raises(ledger.MalformedRate):
        record(book, "1", source="")
    with pytest.raises(ledger.MalformedRate):
        book.do(ledger.record_rate, from_currency="EUR", to_currency="USD", rate=1.1, effective_at=NOON, source="x")


def test_a_file_of_rates_is_imported_and_its_bad_lines_are_named(book: Book) -> None:
    record(book, "1.10")
    text = (
        "from,to,rate,effective_at,source\n"
        "EUR,USD,1.1,2026-03-02T12:00:00Z,ecb\n"
        "EUR,USD,1.2,2026-03-03T12:00:00Z,ecb\n"
        "EUR,USD,one,2026-03-03T12:00:00Z,ecb\n"
        "EUR,USD,1.2,yesterday,ecb\n"
        "EUR,USD,1.2,2026-03-03T12:00:00,ecb\n"
        "JPY,USD,0.0067,2026-03-03T12:00:00Z,ecb\n"
        "EUR,USD\n"
    )

    found = book.do(ledger.import_rates, text)

    assert (found.recorded, found.known, [fault.line for fault in found.faults]) == (2, 1, [4, 5, 6, 8])
    assert rate(book, NOON + 48 * HOUR) == "1.2"
    again = book.do(ledger.import_rates, "\ufeff" + text)
    assert (again.recorded, again.known) == (0, 3)
    with pytest.raises(ledger.MalformedRate):
        book.do(ledger.import_rates, "to,from\n")


def test_another_tenants_rates_are_not_there(book: Book, other: Book) -> None:
    record(other, "1.10")
    with pytest.raises(ledger.RateMissing):
        rate(book)
    assert book.do(ledger.list_rates) == []


@pytest.mark.parametrize("at", [datetime(1, 1, 1, tzinfo=timezone(14 * HOUR)), datetime(9999, 12, 31, tzinfo=UTC)])
def test_a_rate_lies_in_the_books_calendar(book: Book, at: datetime) -> None:
    """Beyond it an instant could be written, and no list that has it be read again."""
    with pytest.raises(ledger.MalformedRate):
        record(book, "1.10", at)
    assert book.do(ledger.list_rates) == []


def test_a_file_whose_first_line_is_no_csv_is_refused(book: Book) -> None:
    with pytest.raises(ledger.MalformedRate):
        book.do(ledger.import_rates, 'from,to,"rate"s,effective_at,source\n')


def test_a_long_list_is_one_statement(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [NewRate("EUR", "USD", Decimal(n + 1) / 1000, NOON + n * HOUR, "ecb") for n in range(200)]
    asked: list[str] = []
    execute = psycopg.Cursor.execute

    def counted(self: Any, query: Any, *args: Any, **facts: Any) -> Any:
        asked.append(str(query))
        return execute(self, query, *args, **facts)

    with book.begin() as tx:
        monkeypatch.setattr(psycopg.Cursor, "execute", counted)
        made = ledger.record_rates(tx, rows)

    assert len([text for text in asked if "exchange_rates" in text or "record_rate" in text]) == 2
    assert [one.rate for one in made] == [row.rate for row in rows]
    assert book.do(ledger.record_rates, [rows[1], rows[0], rows[1]]) == [made[1], made[0], made[1]]


def test_lists_that_cross_queue_instead_of_deadlocking(book: Book) -> None:
    """Both need the pair that is held; whoever waited for it with the other pair in hand would never get it."""
    pairs = [NewRate(one, "USD", Decimal("1.1"), NOON, "ecb") for one in ("EUR", "GBP")]

    with ThreadPoolExecutor(2) as pool:
        with book.begin() as tx:
            ledger.record_rate(
                tx, from_currency="EUR", to_currency="USD", rate=Decimal("1.2"), effective_at=NOON, source="desk"
            )
            done = [pool.submit(book.do, ledger.record_rates, order) for order in (pairs, pairs[::-1])]
            waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory'"
            for _ in range(200):
                if tx.value(waiting) == 2:
                    break
                time.sleep(0.02)
        first, second = (one.result(30) for one in done)

    assert [one.id for one in first] == [one.id for one in reversed(second)]
    assert book.count("ledger.exchange_rates") == 3
