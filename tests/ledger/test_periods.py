"""Periods: what is closed stays as it was frozen, and nothing slips in behind a close."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from tests import checks, make
from tests.ledger.conftest import Book, by_hand

from headgate import ledger
from headgate.core import ids
from headgate.core.errors import HeadgateError, Refused
from headgate.ledger import Entry, Posted, Posting, periods

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)
TODAY = datetime.now(UTC).date()
FIRST = TODAY - timedelta(days=60)
MID = FIRST + timedelta(days=29)
LAST = TODAY - timedelta(days=3)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 18, tzinfo=UTC)


def opened(book: Book, name: str = "one", first: date = FIRST, last: date = MID, **facts: Any) -> periods.Period:
    found: periods.Period = book.do(periods.open_period, name=name, starts_on=first, ends_on=last, **facts)
    return found


def closed(book: Book, period: periods.Period, **facts: Any) -> periods.Period:
    found: periods.Period = book.do(
        periods.close_period, period_id=period.id, **({"reason": "month end", "late": "refuse"} | facts)
    )
    return found


def post_on(book: Book, day: date, amount: str = "1.00", **facts: Any) -> Posted | Refused:
    return book.post(book.cash, book.client, amount, effective_at=noon(day), **facts)


def frozen(book: Book, period: periods.Period, closing: int | None = None) -> dict[str, str]:
    rows = book.do(periods.frozen_trial_balance, period_id=period.id, closing=closing)
    return {row.code.split(".")[0]: str(row.balance.major) for row in rows}


def broken(book: Book) -> dict[str, str]:
    report = checks.run(book.database, [book.tenant.id])
    return {found.name: found.sample[0].detail for found in report.invariants if found.violations}


def test_periods_follow_each_other_without_gap_or_overlap(book: Book) -> None:
    opened(book)
    for first in (MID, MID + 2 * DAY, FIRST - timedelta(days=30)):
        with pytest.raises(ledger.PeriodDoesNotFollow):
            opened(book, "two", first, first + timedelta(days=10))
    with pytest.raises(ledger.PeriodExists):
        opened(book, "one", MID + DAY, LAST)
    with pytest.raises(ledger.MalformedPeriod):
        opened(book, "two", MID + DAY, MID)
    with pytest.raises(ledger.UnknownLegalEntity):
        opened(book, "two", legal_entity_id="le_" + "0" * 26)

    second = opened(book, "two", MID + DAY, LAST)
    own = opened(book, "one", FIRST, LAST, legal_entity_id=book.tenant.legal_entity_id)

    assert [found.name for found in book.do(periods.list_periods)] == ["one", "two", "one"]
    assert book.do(periods.list_periods, legal_entity_id=book.tenant.legal_entity_id) == [own]
    assert (second.status, second.starts_on, second.ends_on, second.closings) == ("open", MID + DAY, LAST, ())


def test_the_database_itself_refuses_overlapping_periods(book: Book, admin: psycopg.Connection[Any]) -> None:
    opened(book)
    for first, last, previous in ((MID, LAST, None), (MID, LAST, MID - DAY), (MID, LAST, MID)):
        with pytest.raises(psycopg.errors.IntegrityError):
            admin.execute(
                "INSERT INTO ledger.periods (tenant_id, starts_on, ends_on, previous_ends_on, name, scope)"
                " VALUES (%s, %s, %s, %s, 'x', '')",
                [book.tenant.id, first, last, previous],
            )


def test_a_close_freezes_the_trial_balance_as_of_its_last_day(book: Book) -> None:
    post_on(book, FIRST - DAY, "100.00")
    post_on(book, MID, "20.00")
    post_on(book, MID + DAY, "3.00")
    post_on(book, FIRST, "0.50")
    period = opened(book)

    done = closed(book, period)

    assert frozen(book, period) == {"CASH": "120.50", "CLIENT_FUNDS": "120.50"}
    assert (done.status, [found.number for found in done.closings]) == ("closed", [1])
    closing = done.closings[0]
    assert (closing.late, closing.reason, closing.accounts, closing.reopened_at) == ("refuse", "month end", 2, None)
    assert [(t.debit, t.credit) for t in closing.totals] == [(make.usd("120.50"), make.usd("120.50"))]
    assert closing.digest == periods.digest_of(book.do(periods.frozen_trial_balance, period_id=period.id))
    assert book.count("messaging.outbox_messages", "event_type = 'ledger.period.closed'") == 1


def test_the_next_close_goes_on_from_the_one_before(book: Book) -> None:
    first, second = opened(book), opened(book, "two", MID + DAY, LAST)
    post_on(book, MID, "20.00")
    post_on(book, LAST + DAY, "7.00")
    post_on(book, MID + DAY, "3.00")
    post_on(book, MID, "1.00")
    closed(book, first)
    post_on(book, LAST, "0.40")
    post_on(book, LAST + DAY, "0.03")

    closed(book, second)

    assert frozen(book, first) == {"CASH": "21.00", "CLIENT_FUNDS": "21.00"}
    assert frozen(book, second) == {"CASH": "24.40", "CLIENT_FUNDS": "24.40"}
    assert broken(book) == {}


def test_a_late_posting_is_refused_with_its_code_and_leaves_nothing(book: Book) -> None:
    closed(book, opened(book))

    refused = post_on(book, MID, key="late")
    batch = book.do(
        ledger.post_many,
        [
            Posting("late 2", [Entry(book.cash, book.client, make.usd("1.00"))] * 2, noon(MID)),
            Posting("in time", [Entry(book.cash, book.client, make.usd("2.00"))], noon(MID + DAY)),
        ],
    )

    assert isinstance(refused, Refused)
    assert (refused.code, refused.status) == ("ledger.period_closed", 422)
    assert [isinstance(answer, Posted) for answer in batch] == [False, True]
    again = post_on(book, MID, key="late")
    assert isinstance(again, Refused)
    assert again.replayed
    assert book.count("ledger.entries") == 1
    assert book.balance(book.cash) == ("2.00", "0.00", "2.00")


def test_a_late_posting_is_routed_to_the_day_after_the_period(book: Book) -> None:
    closed(book, opened(book), late="route")

    posted = post_on(book, MID - DAY, "5.00")
    assert isinstance(posted, Posted)

    with book.begin() as tx:
        found = tx.one(
            "SELECT effective_on, effective_at, asked_effective_at FROM ledger.transactions WHERE id = %(id)s",
            {"id": posted.transaction_id},
        )
        entry = tx.one(
            "SELECT effective_on FROM ledger.entries WHERE transaction_id = %(id)s", {"id": posted.transaction_id}
        )
    assert (found["effective_on"], entry["effective_on"]) == (MID + DAY, MID + DAY)
    assert found["asked_effective_at"] == noon(MID - DAY)
    assert found["effective_at"] > noon(MID)


def test_an_account_that_is_opened_later_is_closed_too(book: Book) -> None:
    closed(book, opened(book), late="route")

    later = book.do(ledger.create_account, code="later", name="Later", type="ASSET", currency="USD")

    with book.begin() as tx:
        assert tx.one("SELECT closed_through, route_to FROM ledger.accounts WHERE id = %(id)s", {"id": later.id}) == {
            "closed_through": MID,
            "route_to": MID + DAY,
        }


def test_a_legal_entitys_period_closes_its_own_accounts_only(book: Book) -> None:
    own = opened(book, legal_entity_id=book.tenant.legal_entity_id)
    post_on(book, MID, "5.00")

    closed(book, own)

    assert frozen(book, own) == {"CLIENT_FUNDS": "5.00"}
    assert isinstance(post_on(book, MID), Refused)
    assert isinstance(book.post(book.cash, book.clearing, "1.00", effective_at=noon(MID)), Posted)


def test_the_whole_books_close_and_an_entitys_hold_together(book: Book) -> None:
    own = opened(book, legal_entity_id=book.tenant.legal_entity_id)
    whole = opened(book, "whole", FIRST, LAST)
    closed(book, own, late="route")
    closed(book, whole)

    with book.begin() as tx:
        assert tx.all("SELECT DISTINCT closed_through, route_to FROM ledger.accounts") == [
            {"closed_through": LAST, "route_to": None}
        ]
    book.do(periods.reopen_period, period_id=whole.id, approval_ref="apr_1", reason="a late invoice")
    with book.begin() as tx:
        assert tx.all(
            "SELECT DISTINCT legal_entity_id IS NULL AS whole, closed_through::text, route_to FROM ledger.accounts ORDER BY 1"
        ) == [
            {"whole": False, "closed_through": str(MID), "route_to": MID + DAY},
            {"whole": True, "closed_through": "-infinity", "route_to": None},
        ]


def test_periods_are_closed_in_order_and_when_they_are_over(book: Book) -> None:
    first, second = opened(book), opened(book, "two", MID + DAY, LAST)
    third = opened(book, "three", LAST + DAY, TODAY)

    with pytest.raises(ledger.PeriodOutOfOrder):
        closed(book, second)
    closed(book, first)
    with pytest.raises(ledger.PeriodAlreadyClosed):
        closed(book, first)
    closed(book, second)
    with pytest.raises(ledger.PeriodNotOver):
        closed(book, third)
    with pytest.raises(ledger.PeriodNotFound):
        book.do(periods.close_period, period_id=10**9, reason="x")
    with pytest.raises(ledger.MalformedPeriod):
        closed(book, third, late="perhaps")
    assert [found.status for found in book.do(periods.list_periods)] == ["closed", "closed", "open"]


def test_a_close_refuses_clearing_accounts_that_are_not_zero_when_told_to(book: Book) -> None:
    period = opened(book)
    book.do(ledger.set_must_be_zero, account=book.clearing, must_be_zero=True, reason="payroll")
    book.post(book.cash, book.clearing, "5.00", effective_at=noon(MID))
    book.post(book.clearing, book.cash, "5.00", effective_at=noon(MID + DAY))

    with pytest.raises(ledger.ClearingNotZero) as raised:
        closed(book, period, refuse_residuals=True)

    assert raised.value.facts["accounts"] == [{"account": "PAYROLL_CLEARING.USD", "currency": "USD", "net_minor": -500}]
    assert book.count("ledger.period_closings") + book.count("ledger.period_balances") == 0
    book.post(book.clearing, book.cash, "5.00", effective_at=noon(MID))
    assert closed(book, period, refuse_residuals=True).status == "closed"


def test_a_close_refuses_pending_transactions_of_its_days_when_told_to(book: Book) -> None:
    period = opened(book)
    later = post_on(book, MID + DAY, "1.00", pending=True)
    pending = post_on(book, MID, "5.00", pending=True)
    assert isinstance(later, Posted)
    assert isinstance(pending, Posted)

    with pytest.raises(ledger.PendingInPeriod) as raised:
        closed(book, period, refuse_pending=True)

    assert [code.split(".")[0] for code in raised.value.facts["accounts"]] == ["CASH", "CLIENT_FUNDS"]
    book.do(ledger.void, transaction_id=pending.transaction_id, reason="x")
    assert closed(book, period, refuse_pending=True).status == "closed"


def test_a_reopened_period_takes_postings_and_is_frozen_anew(book: Book) -> None:
    first, second = opened(book), opened(book, "two", MID + DAY, LAST)
    post_on(book, MID, "5.00")
    closed(book, first)
    closed(book, second)

    with pytest.raises(ledger.PeriodOutOfOrder):
        book.do(periods.reopen_period, period_id=first.id, approval_ref="apr_1", reason="x")
    with pytest.raises(ledger.MalformedPeriod):
        book.do(periods.reopen_period, period_id=second.id, approval_ref="", reason="x")
    book.do(periods.reopen_period, period_id=second.id, approval_ref="apr_2", reason="late invoice")
    with pytest.raises(ledger.PeriodNotClosed):
        book.do(periods.reopen_period, period_id=second.id, approval_ref="apr_2", reason="late invoice")
    assert isinstance(post_on(book, MID), Refused)
    assert isinstance(post_on(book, LAST, "2.00"), Posted)
    found = closed(book, second, late="route")

    assert [(one.number, one.late, one.approval_ref, one.reopened_because) for one in found.closings] == [
        (1, "refuse", "apr_2", "late invoice"),
        (2, "route", None, None),
    ]
    assert frozen(book, second, 1) == {"CASH": "5.00", "CLIENT_FUNDS": "5.00"}
    assert frozen(book, second) == {"CASH": "7.00", "CLIENT_FUNDS": "7.00"}
    with pytest.raises(ledger.PeriodNotFound):
        frozen(book, second, 3)
    assert broken(book) == {}


def test_a_reversal_of_a_closed_posting_is_booked_today(book: Book) -> None:
    posted = post_on(book, MID, "5.00")
    assert isinstance(posted, Posted)
    period = closed(book, opened(book))

    answer = book.do(ledger.reverse, idempotency_key="r", transaction_id=posted.transaction_id, reason="wrong")

    assert isinstance(answer, Posted)
    assert frozen(book, period) == {"CASH": "5.00", "CLIENT_FUNDS": "5.00"}


@pytest.mark.slow
def test_a_thousand_posters_during_a_close_and_none_slips_in(book: Book) -> None:
    period = opened(book, "one", FIRST, LAST)
    pairs = [(book.cash, book.client), (book.cash, book.clearing), (book.clearing, book.client)]
    begun = threading.Event()
    closing: list[periods.Period] = []
    count = iter(range(1000))
    guard = threading.Lock()

    def poster(number: int) -> list[Any]:
        chosen = random.Random(number)
        answers = []
        while True:
            with guard:
                turn = next(count, None)
            if turn is None:
                return answers
            if turn == 300:
                begun.set()
            debit, credit = chosen.choice(pairs)
            day = chosen.choice([LAST, LAST, FIRST, LAST + DAY])
            if turn % 5:
                answers.append((day, book.post(debit, credit, "1.00", key=f"p{turn}", effective_at=noon(day))))
            else:
                two = [Entry(debit, credit, make.usd("1.00")), Entry(credit, debit, make.usd("1.00"))]
                facts = {"idempotency_key": f"p{turn}", "entries": two, "effective_at": noon(day)}
                answers.append((day, book.do(ledger.post, **facts)))

    def closer() -> None:
        begun.wait(60)
        closing.append(closed(book, period))

    with ThreadPoolExecutor(13) as pool:
        close = pool.submit(closer)
        answers = [answer for part in pool.map(poster, range(12)) for answer in part]
        close.result()

    assert len(answers) == 1000
    late = [answer for day, answer in answers if day <= LAST]
    refused = [answer for answer in late if isinstance(answer, Refused)]
    assert {answer.code for answer in refused} == {"ledger.period_closed"}
    assert 0 < len(refused) < len(late)
    assert all(isinstance(answer, Posted) for day, answer in answers if day > LAST)
    closed_at = closing[0].closings[0].closed_at
    assert book.count("ledger.entries", f"effective_on <= '{LAST}' AND recorded_at > '{closed_at.isoformat()}'") == 0
    with book.begin() as tx:
        today = tx.values(
            "SELECT sum(change_minor)::bigint FROM ledger.legs WHERE effective_on <= %(last)s"
            " GROUP BY account_id ORDER BY account_id",
            {"last": LAST},
        )
        then = tx.values("SELECT net_minor FROM ledger.period_balances ORDER BY account_id")
    assert today == then
    assert broken(book) == {}


def test_accounts_opened_during_a_close_are_closed(book: Book) -> None:
    period = opened(book)

    def work(number: int) -> None:
        if number == 7:
            closed(book, period)
        else:
            book.do(ledger.create_account, code=f"n{number}", name="n", type="ASSET", currency="USD")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(24)))

    assert book.count("ledger.accounts", f"closed_through <> '{MID}'") == 0


@pytest.mark.plants
@pytest.mark.parametrize(
    ("name", "statement"),
    [
        (
            "closed_accounts",
            "UPDATE ledger.accounts SET closed_through = '2020-01-01' WHERE tenant_id = {tenant} AND id = {cash}",
        ),
        (
            "closed_accounts",
            "UPDATE ledger.accounts SET route_to = '2120-01-01' WHERE tenant_id = {tenant} AND id = {cash}",
        ),
        (
            "closed_periods",
            "UPDATE ledger.entries SET effective_on = {mid} WHERE tenant_id = {tenant} AND effective_on > {mid}",
        ),
        (
            "frozen_balance",
            "UPDATE ledger.entries SET effective_on = {after} WHERE tenant_id = {tenant} AND effective_on = {mid}",
        ),
        (
            "frozen_balance",
            "UPDATE ledger.period_balances SET net_minor = net_minor + 1 WHERE tenant_id = {tenant} AND account_id = {cash}",
        ),
    ],
)
def test_the_invariants_see_what_is_planted(
    book: Book, admin: psycopg.Connection[Any], name: str, statement: str
) -> None:
    post_on(book, MID, "5.00")
    closed(book, opened(book))
    post_on(book, MID + DAY, "2.00")
    assert broken(book) == {}

    words = {"tenant": f"'{book.tenant.id}'", "cash": book.cash, "mid": f"'{MID}'", "after": f"'{MID + DAY}'"}
    with by_hand(admin) as hand:
        hand.execute("ALTER TABLE ledger.period_balances DISABLE TRIGGER append_only")
        assert hand.execute(statement.format(**words)).rowcount > 0  # type: ignore[arg-type]
        hand.execute("ALTER TABLE ledger.period_balances ENABLE ALWAYS TRIGGER append_only")

    assert f"ledger.{name}" in broken(book)


def test_another_tenants_periods_are_not_there(book: Book, other: Book) -> None:
    period = opened(other)
    for attack in (
        lambda: book.do(periods.get_period, period.id),
        lambda: book.do(periods.close_period, period_id=period.id, reason="x"),
        lambda: book.do(periods.reopen_period, period_id=period.id, approval_ref="x", reason="x"),
    ):
        with pytest.raises(HeadgateError) as raised:
            attack()
        assert raised.value.code == "ledger.period_not_found"
    assert book.do(periods.list_periods) == []
    assert ids.encode("per", period.id).startswith("per_")
