"""Balances as of a time: what the fast reading says is what adding up the entries says, and it never changes."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests import make
from tests.ledger.conftest import Book
from tests.ledger.late import check_marks

from headgate import ledger
from headgate.core import ids
from headgate.core.errors import HeadgateError, Malformed
from headgate.core.money import Money
from headgate.ledger import Entry, Posting

EXAMPLES = int(os.environ.get("HEADGATE_TEST_HISTORIES", "4")) * 2
START = datetime(2026, 3, 1, tzinfo=UTC)
NOON = datetime(2026, 3, 7, 12, tzinfo=UTC)
# Hours, so that ties, runs of late legs and the night in which Chicago's clocks change all occur.
HOURS = st.one_of(st.integers(0, 400), st.integers(160, 200))


def folded(book: Book, account: int, at: datetime | date | None, known_at: datetime | None) -> int:
    """The naive reading: every entry, added up."""
    with book.begin() as tx:
        return int(
            tx.value(
                """
                SELECT coalesce(sum(change_minor), 0) FROM ledger.legs
                 WHERE account_id = %(account)s AND recorded_at <= coalesce(%(known_at)s, 'infinity'::timestamptz)
                   AND effective_at <= coalesce(%(at)s, 'infinity'::timestamptz)
                   AND effective_on <= coalesce(%(on)s, 'infinity'::date)
                """,
                {
                    "account": account,
                    "known_at": known_at,
                    "at": at if isinstance(at, datetime) else None,
                    "on": None if isinstance(at, datetime) else at,
                },
            )
        )


def read(book: Book, account: int, at: datetime | date | None, known_at: datetime | None) -> int:
    posted: Money = book.do(ledger.balance, account, as_of=at, known_at=known_at).posted
    return posted.minor if account == book.cash else -posted.minor


def post_all(book: Book, admin: psycopg.Connection[Any], hours: list[int]) -> list[datetime]:
    """One entry after the other, effective that many hours after the start; says when each was recorded."""
    recorded = []
    for number, hour in enumerate(hours):
        debit, credit = (book.cash, book.clearing) if number % 3 else (book.clearing, book.cash)
        book.post(debit, credit, Money(1 << (number % 30), "USD"), effective_at=START + timedelta(hours=hour))
        with book.begin() as tx:
            recorded.append(tx.value("SELECT max(recorded_at) FROM ledger.entries"))
    check_marks(admin, book.tenant.id)
    return recorded


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    hours=st.lists(HOURS, min_size=1, max_size=40),
    later=st.lists(HOURS, max_size=10),
    asked=st.lists(st.tuples(HOURS, st.integers(0, 40)), min_size=5, max_size=15),
)
@pytest.mark.slow
def test_the_reading_is_the_sum_of_the_entries_and_never_changes(
    database: Any, admin: psycopg.Connection[Any], hours: list[int], later: list[int], asked: list[tuple[int, int]]
) -> None:
    from tests.ledger.conftest import book_of  # a book for each example

    book = book_of(database, make.tenant(database))
    recorded = post_all(book, admin, hours)

    readings: dict[tuple[int, datetime | date | None, datetime | None], int] = {}
    for hour, known in asked:
        instant = START + timedelta(hours=hour, microseconds=known % 2)
        for at in (None, instant, instant.date()):
            for known_at in (None, recorded[known % len(recorded)]):
                for account in (book.cash, book.clearing):
                    readings[account, at, known_at] = read(book, account, at, known_at)

    assert readings == {key: folded(book, *key) for key in readings}

    post_all(book, admin, later)
    known = {key: value for key, value in readings.items() if key[2] is not None}
    assert known == {key: read(book, *key) for key in known}
    assert known == {key: folded(book, *key) for key in known}


def test_a_long_run_of_late_legs_is_stepped_over(book: Book, admin: psycopg.Connection[Any]) -> None:
    hours = [10, *range(20, 40), 300, *([50] * 150), 301, *([5] * 40), 400]
    with book.begin() as tx:
        ledger.post_many(
            tx,
            [
                Posting(
                    ids.new("key"),
                    [Entry(book.cash, book.clearing, Money(1 + n, "USD"))],
                    effective_at=START + timedelta(hours=hour),
                )
                for n, hour in enumerate(hours)
            ],
        )
    check_marks(admin, book.tenant.id)

    for hour in (0, 4, 5, 9, 10, 25, 49, 50, 51, 299, 300, 301, 399, 400):
        at = START + timedelta(hours=hour)
        assert read(book, book.cash, at, None) == folded(book, book.cash, at, None), hour


def test_a_day_ends_where_the_legal_entity_is(book: Book, admin: psycopg.Connection[Any]) -> None:
    """The client's entity is in Chicago: half past midnight in UTC is still the day before there."""
    book.post(book.cash, book.client, "1.00", effective_at=datetime(2026, 3, 8, 0, 30, tzinfo=UTC))
    book.post(book.cash, book.clearing, "2.00", effective_at=datetime(2026, 3, 8, 0, 30, tzinfo=UTC))
    check_marks(admin, book.tenant.id)

    assert [read(book, book.cash, date(2026, 3, day), None) for day in (6, 7, 8)] == [0, 100, 300]
    assert read(book, book.cash, datetime(2026, 3, 8, 0, 29, tzinfo=UTC), None) == 0


def test_what_is_backdated_is_there_as_of_then_but_was_not_known(book: Book, admin: psycopg.Connection[Any]) -> None:
    book.fund("5.00")
    with book.begin() as tx:
        before = tx.value("SELECT clock_timestamp()")
    book.post(book.cash, book.client, "2.00", effective_at=NOON)
    check_marks(admin, book.tenant.id)

    assert read(book, book.cash, NOON, None) == 200
    assert read(book, book.cash, NOON, before) == 0
    assert read(book, book.cash, None, before) == 500
    assert read(book, book.cash, None, None) == 700


def test_what_was_reserved_then_is_shown_as_of_then(book: Book) -> None:
    book.fund("10.00")
    moments = [now(book)]
    held = book.reserved("6.00")
    moments.append(now(book))
    book.capture(held, "2.00")
    moments.append(now(book))
    book.do(ledger.release, held.id)
    moments.append(now(book))

    found = [book.do(ledger.balance, book.client, known_at=at) for at in moments]

    assert [(one.posted.minor, one.reserved.minor, one.available.minor) for one in found] == [
        (1000, 0, 1000),
        (1000, 600, 400),
        (800, 400, 400),
        (800, 0, 800),
    ]


def test_what_was_pending_then_is_shown_as_of_then(book: Book) -> None:
    book.fund("10.00")
    before = now(book)
    entry = Entry(book.client, book.clearing, make.usd("4.00"))
    made = book.do(ledger.post, idempotency_key="hold", entries=[entry], pending=True)
    while_held = now(book)
    book.do(ledger.void, transaction_id=made.transaction_id, reason="not wanted")

    def read(at: datetime) -> tuple[str, str]:
        found = book.do(ledger.balance, book.client, known_at=at)
        return str(found.pending.major), str(found.available.major)

    assert read(before) == ("0.00", "10.00")
    assert read(while_held) == ("-4.00", "6.00")
    assert read(now(book)) == ("0.00", "10.00")


def test_the_list_reads_as_each_account_does(book: Book, admin: psycopg.Connection[Any]) -> None:
    book.post(book.cash, book.client, "2.00", effective_at=NOON)
    book.fund("3.00")
    check_marks(admin, book.tenant.id)

    listed = book.do(ledger.balances, currency="USD", as_of=NOON)

    assert {one.code: one.balance.posted.minor for one in listed if one.balance.posted} == {
        "CASH.USD": 200,
        f"CLIENT_FUNDS.USD.{book.tenant.legal_entity_id}": 200,
    }
    after = book.do(ledger.balances, as_of=NOON, after="CASH.USD", limit=2)
    assert [one.code for one in after] == [one.code for one in book.do(ledger.balances, after="CASH.USD", limit=2)]


@pytest.mark.parametrize(
    "asked",
    [
        {"as_of": datetime(2026, 1, 1)},
        {"known_at": datetime(2026, 1, 1)},
        {"known_at": datetime(2100, 1, 1, tzinfo=UTC)},
        {"as_of": date.max},
    ],
)
def test_a_time_that_cannot_be_read_is_an_error(book: Book, asked: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        book.do(ledger.balance, book.cash, **asked)


def test_no_account_has_no_balance_as_of_any_time(book: Book) -> None:
    with pytest.raises(HeadgateError) as raised:
        book.do(ledger.balance, 10**9, as_of=NOON)

    assert raised.value.code == "ledger.account_not_found"


def now(book: Book) -> datetime:
    with book.begin() as tx:
        found: datetime = tx.value("SELECT clock_timestamp()")
    return found
