"""Reports of the book: they add up, line by line and column by column, as of any day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests import make
from tests.ledger.conftest import Book, book_of
from tests.ledger.late import check_marks

from headgate import ledger
from headgate.core.errors import Malformed
from headgate.core.money import Money
from headgate.ledger import reports

pytestmark = pytest.mark.slow


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 6, day, hour, tzinfo=UTC)


def on(day: int) -> date:
    return date(2026, 6, day)


@pytest.fixture
def june(book: Book, admin: psycopg.Connection[Any]) -> Book:
    """Four days of June; the one of the 2nd was booked last."""
    book.post(book.cash, book.client, "10.00", effective_at=at(1), description="a deposit")
    book.post(book.client, book.clearing, "4.00", effective_at=at(3), source_type="payment", source_id="pay_1")
    book.post(book.clearing, book.cash, "4.00", effective_at=at(4))
    book.post(book.cash, book.client, "1.00", effective_at=at(2))
    check_marks(admin, book.tenant.id)
    return book


def columns(rows: list[reports.TrialBalanceRow]) -> dict[str, tuple[str, str]]:
    return {row.code.split(".")[0]: (str(row.debit.major), str(row.credit.major)) for row in rows}


def test_the_trial_balance_of_a_day(june: Book) -> None:
    assert columns(june.do(ledger.trial_balance, as_of=on(3))) == {
        "CASH": ("11.00", "0.00"),
        "CLIENT_FUNDS": ("0.00", "7.00"),
        "PAYROLL_CLEARING": ("0.00", "4.00"),
    }
    assert columns(june.do(ledger.trial_balance, as_of=on(4)))["CASH"] == ("7.00", "0.00")
    assert june.do(ledger.trial_totals, as_of=on(3)) == [reports.Totals("USD", make.usd("11.00"), make.usd("11.00"))]
    assert june.do(ledger.trial_totals, as_of=on(3))[0].is_balanced


def test_the_trial_balance_in_parts_and_of_one_legal_entity(june: Book) -> None:
    whole = june.do(ledger.trial_balance)
    first = june.do(ledger.trial_balance, limit=2)

    assert first + june.do(ledger.trial_balance, after=first[-1].code, limit=2) == whole
    of_entity = june.do(ledger.trial_balance, legal_entity_id=june.tenant.legal_entity_id)
    assert columns(of_entity) == {"CLIENT_FUNDS": ("0.00", "7.00")}
    assert june.do(ledger.trial_totals, currency="EUR") == []


def test_a_statement_runs_from_its_opening_to_its_closing(june: Book) -> None:
    found = june.do(ledger.statement, june.cash, from_on=on(2), to_on=on(30))

    assert (str(found.opening.major), str(found.closing.major)) == ("10.00", "7.00")
    assert [
        (line.effective_on.day, str(line.debit.major), str(line.credit.major), str(line.balance.major))
        for line in found.lines
    ] == [(2, "1.00", "0.00", "11.00"), (4, "0.00", "4.00", "7.00")]
    client = june.do(ledger.statement, june.client, from_on=on(1), to_on=on(3))
    assert [(str(line.balance.major), line.source_id, line.description) for line in client.lines] == [
        ("10.00", None, "a deposit"),
        ("11.00", None, None),
        ("7.00", "pay_1", None),
    ]


def test_a_statement_in_the_order_of_recording(june: Book) -> None:
    with june.begin() as tx:
        today = tx.value("SELECT clock_timestamp()").astimezone(UTC).date()
    span = {"from_on": today - timedelta(days=1), "to_on": today + timedelta(days=1), "order": "recorded"}

    found = june.do(ledger.statement, june.cash, **span)

    shown = [(line.effective_on.day, str(line.balance.major)) for line in found.lines]
    assert shown == [(1, "10.00"), (4, "6.00"), (2, "7.00")]
    assert (found.opening, found.closing) == (make.usd("0.00"), make.usd("7.00"))
    part = june.do(ledger.statement, june.cash, **span, limit=1, after=(on(1), 1))
    assert part.lines == found.lines[1:2]
    early = june.do(ledger.statement, june.cash, from_on=on(1), to_on=on(2), order="recorded")
    assert early.lines == [] and early.closing == make.usd("0.00")


def test_the_general_ledger_is_every_accounts_statement(june: Book) -> None:
    span = {"from_on": on(2), "to_on": on(3)}

    with june.begin() as tx:
        found = list(ledger.general_ledger(tx, **span))

    assert [(one.account.code.split(".")[0], len(one.lines)) for one in found] == [
        ("CASH", 1),
        ("CLIENT_FUNDS", 2),
        ("PAYROLL_CLEARING", 1),
    ]
    assert found == [june.do(ledger.statement, one.account.code, **span) for one in found]
    lines = [(one.account.code, line) for one in found for line in one.lines]
    seen: list[Any] = []
    while True:
        after = (seen[-1][0], seen[-1][1].effective_on, seen[-1][1].seq) if seen else None
        part = june.do(ledger.general_ledger_lines, **span, after=after, limit=1)
        if not part:
            break
        seen += part
    assert seen == lines


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    posted=st.lists(st.tuples(st.integers(0, 300), st.integers(-500, 500).filter(bool)), min_size=1, max_size=25),
    day=st.integers(0, 14),
    limit=st.integers(1, 5),
)
def test_a_statement_in_parts_is_the_statement(
    database: Any, admin: psycopg.Connection[Any], posted: list[tuple[int, int]], day: int, limit: int
) -> None:
    book = book_of(database, make.tenant(database))
    for hours, amount in posted:
        sides = (book.cash, book.clearing) if amount > 0 else (book.clearing, book.cash)
        book.post(*sides, Money(abs(amount), "USD"), effective_at=at(1, 0) + timedelta(hours=hours))
    check_marks(admin, book.tenant.id)
    span = {"from_on": on(1 + day // 2), "to_on": on(1 + day)}

    found = book.do(ledger.statement, book.cash, **span)

    running = found.opening
    for line in found.lines:
        running = running + line.debit - line.credit
        assert line.balance == running
    assert running == found.closing
    assert [(line.effective_on, line.seq) for line in found.lines] == sorted(
        (line.effective_on, line.seq) for line in found.lines
    )
    parts: list[Any] = []
    while part := book.do(
        ledger.statement,
        book.cash,
        **span,
        limit=limit,
        after=(parts[-1].effective_on, parts[-1].seq) if parts else None,
    ).lines:
        parts += part
    assert parts == found.lines


def test_what_is_owed_ages_and_the_oldest_is_paid_off_first(book: Book, admin: psycopg.Connection[Any]) -> None:
    with book.begin() as tx:
        owed = ledger.account_for(tx, "RETURNS_RECEIVABLE", "USD").id
    today = date(2026, 6, 30)
    for age, amount in ((0, "1.00"), (30, "2.00"), (31, "4.00"), (60, "8.00"), (90, "16.00"), (91, "32.00")):
        noon = datetime.combine(today - timedelta(days=age), datetime.min.time(), UTC) + timedelta(hours=12)
        book.post(owed, book.clearing, amount, effective_at=noon)
    check_marks(admin, book.tenant.id)

    def aged() -> list[str]:
        (row,) = book.do(ledger.ageing, as_of=today)
        parts = [row.days_0_30, row.days_31_60, row.days_61_90, row.days_over_90]
        assert sum(part.minor for part in parts) == row.total.minor
        return [str(part.major) for part in [*parts, row.credit]]

    assert aged() == ["3.00", "12.00", "16.00", "32.00", "0.00"]
    book.post(book.clearing, owed, "40.00", effective_at=datetime(2026, 6, 30, 13, tzinfo=UTC))
    check_marks(admin, book.tenant.id)
    assert aged() == ["3.00", "12.00", "8.00", "0.00", "0.00"]
    book.post(book.clearing, owed, "24.00", effective_at=datetime(2026, 6, 30, 14, tzinfo=UTC))
    check_marks(admin, book.tenant.id)
    assert aged() == ["0.00", "0.00", "0.00", "0.00", "1.00"]
    assert book.do(ledger.ageing, as_of=today, account="CASH.USD") == []
    assert book.do(ledger.ageing, as_of=today, purpose="CASH") == []


@pytest.mark.parametrize("span", [(on(2), on(1)), (date(1, 1, 1), on(1)), (on(1), date.max)])
def test_days_that_make_no_report_are_refused(book: Book, span: tuple[date, date]) -> None:
    with pytest.raises(Malformed):
        book.do(ledger.statement, book.cash, from_on=span[0], to_on=span[1])
