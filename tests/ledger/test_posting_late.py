"""Backdating: late legs are marked, limits hold at every effective time since, and a closed period keeps its day."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from tests import make
from tests.ledger.conftest import Book
from tests.ledger.test_races import at_once, codes

from headgate import ledger
from headgate.core.errors import Refused
from headgate.ledger import Entry, Posted, Posting


def day(number: int, hour: int = 12) -> datetime:
    """Noon of a day of January 2026, long past on every test's clock."""
    return datetime(2026, 1, number, hour, tzinfo=UTC)


def refused(answer: object, code: str) -> Refused:
    assert isinstance(answer, Refused), answer
    assert answer.code == code
    return answer


def legs(book: Book, account: int) -> list[tuple[int, bool]]:
    """The account's legs in the order they were posted: the day each is effective, and whether it came late."""
    with book.begin() as tx:
        rows = tx.all(
            """
            SELECT effective_on, CASE WHEN debit_account_id = %(id)s THEN debit_late ELSE credit_late END AS late
              FROM ledger.entries WHERE %(id)s IN (debit_account_id, credit_account_id)
             ORDER BY CASE WHEN debit_account_id = %(id)s THEN debit_seq ELSE credit_seq END
            """,
            {"id": account},
        )
    return [(row["effective_on"].day, row["late"]) for row in rows]


def bounds(book: Book, account: int) -> tuple[datetime, timedelta]:
    with book.begin() as tx:
        row = tx.one("SELECT effective_max, late_by_max FROM ledger.accounts WHERE id = %(id)s", {"id": account})
    return row["effective_max"], row["late_by_max"]


@pytest.mark.parametrize("form", ["single", "batch"])
def test_a_leg_is_late_where_its_account_has_a_later_one(book: Book, form: str) -> None:
    days = [5, 7, 7, 3, 6, 8]
    if form == "single":
        for number in days:
            book.post(book.cash, book.clearing, "1.00", effective_at=day(number))
    else:
        entry = [Entry(book.cash, book.clearing, make.usd("1.00"))]
        book.do(ledger.post_many, [Posting(f"k{n}", entry, day(number)) for n, number in enumerate(days)])

    marked = [(5, False), (7, False), (7, False), (3, True), (6, True), (8, False)]
    assert legs(book, book.cash) == legs(book, book.clearing) == marked
    assert bounds(book, book.cash) == (day(8), timedelta(days=4))


def test_a_leg_is_late_for_one_account_and_not_for_the_other(book: Book) -> None:
    book.post(book.cash, book.clearing, "1.00", effective_at=day(9))

    book.post(book.cash, book.client, "1.00", effective_at=day(4))

    assert legs(book, book.cash) == [(9, False), (4, True)]
    assert legs(book, book.client) == [(4, False)]
    assert bounds(book, book.client) == (day(4), timedelta(0))


def test_what_is_effective_later_today_makes_the_next_one_late(book: Book) -> None:
    with book.begin() as tx:
        now = tx.now()
    later = min(now + timedelta(hours=1), now.replace(hour=23, minute=59, second=59))
    book.post(book.cash, book.clearing, "1.00", effective_at=later)

    book.post(book.cash, book.clearing, "1.00")

    assert [late for _, late in legs(book, book.cash)] == [False, True]
    assert bounds(book, book.cash)[0] == later


def test_a_refused_posting_moves_no_effective_time(book: Book) -> None:
    book.post(book.cash, book.client, "1.00", effective_at=day(5))
    before = bounds(book, book.client)

    entries = [Entry(book.client, book.clearing, make.usd(amount)) for amount in ("0.50", "9.00")]
    refused(
        book.do(ledger.post, idempotency_key="k", entries=entries, effective_at=day(7)), "ledger.insufficient_funds"
    )

    assert bounds(book, book.client) == before


def story(book: Book) -> None:
    """The client: 10.00 on the 2nd, 8.00 spent on the 6th, 20.00 more on the 10th."""
    book.post(book.cash, book.client, "10.00", effective_at=day(2))
    book.post(book.client, book.clearing, "8.00", effective_at=day(6))
    book.post(book.cash, book.client, "20.00", effective_at=day(10))


@pytest.mark.parametrize("form", ["single", "batch"])
def test_limits_hold_at_every_effective_time_since(book: Book, form: str) -> None:
    story(book)
    before = book.facts()

    def spend(amount: str, on: int) -> Any:
        entry = [Entry(book.client, book.clearing, make.usd(amount))]
        if form == "single":
            return book.do(ledger.post, idempotency_key=f"{amount}{on}", entries=entry, effective_at=day(on))
        return book.do(ledger.post_many, [Posting(f"{amount}{on}", entry, day(on))])[0]

    early = refused(spend("2.01", 3), "ledger.limit_at_effective_time")
    before_the_first = refused(spend("0.01", 1), "ledger.limit_at_effective_time")

    assert early.facts["balance_minor"] == -1
    assert early.facts["at"] == "2026-01-06T12:00:00.000000Z"
    assert early.facts["account"].startswith("acct_")
    assert before_the_first.facts["at"] == "2026-01-01T12:00:00.000000Z"
    assert "{" not in early.message
    assert "0.01 USD" in early.message
    after = book.facts()
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {
        "ledger.transactions": 2,
        "ledger.refusals": 2,
        "audit.events": 2,
    }
    assert isinstance(spend("2.00", 3), Posted)
    assert isinstance(spend("20.00", 10), Posted)


def test_what_happens_now_is_not_backdated(book: Book) -> None:
    """A bank's day has no hour: money booked at a later one of today may be spent before it."""
    with book.begin() as tx:
        now = tx.now().astimezone(ZoneInfo(make.TIME_ZONE))
    later = now + (now.replace(hour=23, minute=59, second=59) - now) / 2
    book.post(book.cash, book.client, "5.00", effective_at=later)

    assert isinstance(book.post(book.client, book.clearing, "5.00"), Posted)
    assert [late for _, late in legs(book, book.client)] == [False, True]


def test_a_maximum_holds_at_every_effective_time_since(book: Book) -> None:
    with book.begin() as tx:
        capped = ledger.create_account(
            tx, code="capped", name="C", type="ASSET", currency="USD", max_balance=make.usd("10.00")
        ).id
    book.post(capped, book.clearing, "9.00", effective_at=day(3))
    book.post(book.cash, capped, "9.00", effective_at=day(5))

    answer = refused(book.post(capped, book.clearing, "2.00", effective_at=day(2)), "ledger.limit_at_effective_time")

    assert (answer.facts["balance_minor"], answer.facts["at"]) == (1100, "2026-01-03T12:00:00.000000Z")
    assert isinstance(book.post(capped, book.clearing, "2.00", effective_at=day(5)), Posted)


def test_an_approval_lets_a_limit_of_the_past_be_passed_and_is_audited(book: Book) -> None:
    story(book)

    posted = book.post(book.client, book.clearing, "5.00", "k", effective_at=day(3), override_ref="apr_1")

    assert isinstance(posted, Posted)
    with book.begin() as tx:
        data = tx.value(
            "SELECT data FROM audit.events WHERE type = 'ledger.transaction.posted' ORDER BY id DESC LIMIT 1"
        )
    assert data["override_ref"] == "apr_1"
    again = book.post(book.client, book.clearing, "5.00", "k", effective_at=day(3), override_ref="apr_1")
    assert again == Posted(posted.transaction_id, replayed=True)
    with pytest.raises(ledger.IdempotencyConflict):
        book.post(book.client, book.clearing, "5.00", "k", effective_at=day(3), override_ref="apr_2")
    # An approval does not lift today's limit.
    refused(
        book.post(book.client, book.clearing, "99.00", effective_at=day(3), override_ref="apr_1"),
        "ledger.insufficient_funds",
    )
    # Where the past is beyond its limit by now, nothing that makes it worse passes without one.
    refused(book.post(book.client, book.clearing, "0.01", effective_at=day(3)), "ledger.limit_at_effective_time")
    with pytest.raises(ledger.MalformedBatch):
        book.post(book.client, book.clearing, "1.00", override_ref="x" * 256)


def test_a_batch_is_judged_in_its_order_at_effective_times_too(book: Book) -> None:
    story(book)
    spend, fill = Entry(book.client, book.clearing, make.usd("2.00")), Entry(book.cash, book.client, make.usd("2.00"))

    answers = book.do(
        ledger.post_many,
        [
            Posting("a", [spend], day(3)),
            Posting("b", [spend], day(4)),
            Posting("c", [fill], day(5)),
            Posting("d", [spend], day(4)),
            Posting("e", [spend], day(5)),
        ],
    )

    told = ["done" if isinstance(answer, Posted) else answer.code for answer in answers]
    assert told == ["done", "ledger.limit_at_effective_time", "done", "done", "ledger.limit_at_effective_time"]


def lowest(moves: list[tuple[datetime, int]], since: datetime) -> int:
    """The least balance at any effective time from `since` on."""
    times = {since, *(at for at, _ in moves if at > since)}
    return min(sum(change for at, change in moves if at <= time) for time in times)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.slow
def test_random_backdating_singly_and_in_batches_agrees_with_a_plain_model(book: Book, seed: int) -> None:
    chance = random.Random(seed)
    moves: list[tuple[datetime, int]] = []
    batch: list[Posting] = []
    expected: list[str] = []
    answers: list[Any] = []
    for number in range(60):
        at = day(1 + chance.randrange(28), chance.randrange(24))
        change = chance.choice([-300, -200, -100, 100, 200, 400])
        late = any(other > at for other, _ in moves)
        tried = [*moves, (at, change)]
        if sum(one for _, one in tried) < 0:
            expected.append("ledger.insufficient_funds")
        elif change < 0 and late and lowest(tried, at) < 0:
            expected.append("ledger.limit_at_effective_time")
        else:
            expected.append("done")
            moves = tried
        sides = (book.client, book.clearing) if change < 0 else (book.cash, book.client)
        batch.append(Posting(f"k{number}", [Entry(*sides, make.usd(f"{abs(change) // 100}.00"))], at))
        if len(batch) == 1 + (number * seed) % 13 or number == 59:
            answers += book.do(ledger.post_many, batch)
            batch = []

    assert ["done" if isinstance(answer, Posted) else answer.code for answer in answers] == expected


def test_backdating_at_once_never_passes_a_limit_at_any_time(book: Book) -> None:
    story(book)

    answers = at_once(
        lambda number: book.post(
            book.client, book.clearing, "0.30", f"s{number}", effective_at=day(2 + number % 8, 13)
        ),
        60,
    )

    told = codes(answers)
    # 2.00 was there until the 10th; 20.00 from then on, which the 9th's 13:00 comes before.
    assert told["done"] == 6
    assert told["ledger.limit_at_effective_time"] == 54


Close = Callable[..., None]


@pytest.fixture
def close(admin: psycopg.Connection[Any], book: Book) -> Iterator[Close]:
    """Close one account, as no period does; afterwards it is open again, as its periods say."""

    def closed(account: int, through: date, route_to: date | None = None) -> None:
        admin.execute(
            "UPDATE ledger.accounts SET closed_through = %s, route_to = %s WHERE id = %s", [through, route_to, account]
        )

    yield closed
    admin.execute(
        "UPDATE ledger.accounts SET closed_through = '-infinity', route_to = NULL WHERE tenant_id = %s",
        [book.tenant.id],
    )


@pytest.mark.parametrize("form", ["single", "batch", "several"])
def test_what_belongs_to_a_closed_period_is_refused(book: Book, close: Close, form: str) -> None:
    close(book.clearing, date(2026, 1, 10))
    entries = [Entry(book.cash, book.clearing, make.usd("1.00"))] * (2 if form == "several" else 1)
    before = book.facts()

    def attempt() -> Any:
        if form == "single":
            return book.do(ledger.post, idempotency_key="k", entries=entries, effective_at=day(10))
        return book.do(ledger.post_many, [Posting("k", entries, day(10))])[0]

    first, again = (refused(attempt(), "ledger.period_closed") for _ in range(2))

    assert (first.replayed, again.replayed) == (False, True)
    assert first.facts == again.facts
    after = book.facts()
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {
        "ledger.transactions": 1,
        "ledger.refusals": 1,
        "audit.events": 1,
    }


def test_a_closed_period_is_named_with_its_day(book: Book, close: Close) -> None:
    close(book.clearing, date(2026, 1, 10))

    answer = refused(book.post(book.cash, book.clearing, "1.00", effective_at=day(10)), "ledger.period_closed")

    assert answer.facts["closed_through"] == "2026-01-10"
    assert answer.facts["effective_on"] == "2026-01-10"
    assert "{" not in answer.message
    assert isinstance(book.post(book.cash, book.clearing, "1.00", effective_at=day(11)), Posted)
    assert isinstance(book.post(book.cash, book.client, "1.00", effective_at=day(10)), Posted)


def test_what_belongs_to_a_closed_period_is_routed_where_the_accounts_say_so(book: Book, close: Close) -> None:
    close(book.cash, date(2026, 1, 10), date(2026, 1, 11))
    close(book.clearing, date(2026, 1, 12), date(2026, 1, 15))

    for form in (1, 2):
        posted = book.do(
            ledger.post,
            idempotency_key=f"k{form}",
            entries=[Entry(book.cash, book.clearing, make.usd("1.00"))] * form,
            effective_at=day(9),
        )
        shown = book.do(ledger.get_transaction, posted.transaction_id)
        assert shown.effective_on == date(2026, 1, 15)
        assert shown.effective_at == datetime(2026, 1, 15, tzinfo=UTC)
        assert shown.asked_effective_at == day(9)
    again = book.post(book.cash, book.clearing, "1.00", "k1", effective_at=day(9))
    assert isinstance(again, Posted)
    assert again.replayed
    only_cash = book.post(book.cash, book.client, "1.00", effective_at=day(9))
    assert isinstance(only_cash, Posted)
    with book.begin() as tx:
        zone = tx.value("SELECT time_zone FROM tenants.legal_entities")
        routed = ledger.get_transaction(tx, only_cash.transaction_id).effective_at
        first_instant = tx.value("SELECT timestamp '2026-01-11' AT TIME ZONE %(zone)s", {"zone": zone})
    assert routed == first_instant


def test_today_may_be_closed_too(book: Book, close: Close) -> None:
    close(book.clearing, date(2199, 1, 1))

    refused(book.post(book.cash, book.clearing, "1.00"), "ledger.period_closed")
    refused(
        book.do(ledger.post_many, [Posting("b", [Entry(book.cash, book.clearing, make.usd("1.00"))])])[0],
        "ledger.period_closed",
    )
