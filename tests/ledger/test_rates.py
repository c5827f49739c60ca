"""Exchange rates: exact, from an instant on, corrected by a later row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.ledger.conftest import Book

from headgate import ledger
from headgate.core.money import UnknownCurrency
from headgate.ledger import ExchangeRate

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
