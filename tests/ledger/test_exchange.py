"""Conversions and positions: every currency stays balanced, and the functional value is conserved to the last cent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import permutations
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests import checks, make
from tests.ledger.conftest import Book, book_of, by_hand

from headgate import ledger, tenants
from headgate.core import ids
from headgate.core.db import Database
from headgate.core.errors import Malformed, Refused
from headgate.core.money import Money
from headgate.ledger import Conversion

pytestmark = pytest.mark.slow

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Desk:
    """A book with cash in three currencies. USD is the functional currency; client funds also in EUR."""

    book: Book
    cash: dict[str, int]
    client: dict[str, int]

    def net(self, account: int) -> int:
        with self.book.begin() as tx:
            return int(tx.value("SELECT net_minor FROM ledger.accounts WHERE id = %(id)s", {"id": account}))

    def purpose(self, purpose: str, currency: str = "USD") -> int:
        """The net of a default account."""
        with self.book.begin() as tx:
            return self.net(ledger.account_for(tx, purpose, currency).id)

    def convert(self, amount: str, give: str, get: str, rate: str | None = None, **facts: Any) -> Conversion | Refused:
        facts = {
            "idempotency_key": ids.new("key"),
            "from_account": self.cash[give],
            "to_account": self.cash[get],
            "rate": None if rate is None else Decimal(rate),
            "source": None if rate is None else "desk",
        } | facts
        answer = self.book.do(ledger.convert, amount=Money.parse(amount, give), **facts)
        assert isinstance(answer, Conversion | Refused)
        return answer

    def converted(self, amount: str, give: str, get: str, rate: str | None = None, **facts: Any) -> Conversion:
        answer = self.convert(amount, give, get, rate, **facts)
        assert isinstance(answer, Conversion), answer
        return answer

    def rate(self, give: str, get: str, rate: str, at: datetime = NOW - 300 * DAY, source: str = "ecb") -> None:
        self.book.do(
            ledger.record_rate,
            from_currency=give,
            to_currency=get,
            rate=Decimal(rate),
            effective_at=at,
            source=source,
        )

    def positions(self, on: date | None = None) -> dict[str, tuple[str, str, str]]:
        """By currency: quantity, cost, realised."""
        found = self.book.do(ledger.positions, functional_currency="USD", on=on)
        return {
            one.quantity.currency: (str(one.quantity.major), str(one.cost.major), str(one.realised.major))
            for one in found
        }


def desk_of(book: Book) -> Desk:
    with book.begin() as tx:
        for currency in ("EUR", "GBP", "JPY"):
            ledger.seed_chart(tx, currency=currency, legal_entity_id=book.tenant.legal_entity_id)
        entity = book.tenant.legal_entity_id
        cash = {cur: ledger.account_for(tx, "CASH", cur).id for cur in ("USD", "EUR", "GBP", "JPY")}
        client = {cur: ledger.account_for(tx, "CLIENT_FUNDS", cur, entity).id for cur in cash}
    return Desk(book, cash, client)


@pytest.fixture
def desk(book: Book) -> Desk:
    return desk_of(book)


def test_a_conversion_is_linked_entries_through_the_position_accounts(desk: Desk) -> None:
    done = desk.converted("110.00", "USD", "EUR", "0.90909090909", source_type="order", source_id="O-1")

    assert (done.amount, done.converted) == (Money(11000, "USD"), Money(10000, "EUR"))
    assert (done.value, done.gain, done.source) == (make.usd("110.00"), make.usd("0.00"), "desk")
    found = desk.book.do(ledger.get_transaction, done.transaction_id)
    assert [(e.debit_code, e.credit_code, e.amount) for e in found.entries] == [
        ("FX_POSITION.USD", "CASH.USD", Money(11000, "USD")),
        ("CASH.EUR", "FX_POSITION.EUR", Money(10000, "EUR")),
    ]
    assert (found.metadata["rate"], found.metadata["rate_source"]) == ("0.90909090909", "desk")
    assert (found.source_type, found.source_id) == ("order", "O-1")
    assert desk.positions() == {"EUR": ("100.00", "110.00", "0.00")}


def test_what_is_sold_realises_the_difference_to_its_average_cost(desk: Desk) -> None:
    desk.converted("100.00", "USD", "EUR", "1")
    desk.converted("150.00", "USD", "EUR", "0.6666666667")
    assert desk.positions() == {"EUR": ("200.00", "250.00", "0.00")}

    sold = desk.converted("50.00", "EUR", "USD", "1.40")

    assert (sold.converted, sold.gain) == (make.usd("70.00"), make.usd("7.50"))
    assert desk.positions() == {"EUR": ("150.00", "187.50", "7.50")}
    entries = desk.book.do(ledger.get_transaction, sold.transaction_id).entries
    assert (entries[2].debit_code, entries[2].credit_code) == ("FX_POSITION.USD", "FX_GAIN_LOSS.USD")
    lost = desk.converted("150.00", "EUR", "USD", "1")
    assert lost.gain == make.usd("-37.50")
    assert desk.positions() == {"EUR": ("0.00", "0.00", "-30.00")}
    assert (desk.purpose("FX_POSITION"), desk.purpose("FX_GAIN_LOSS")) == (0, 3000)
    assert desk.net(desk.cash["USD"]) == -3000


def test_the_last_unit_takes_the_last_cent_of_the_cost(desk: Desk) -> None:
    desk.converted("1.00", "USD", "EUR", "0.03")  # three cents cost a dollar

    gains = [desk.converted("0.01", "EUR", "USD", "33.00").gain.minor for _ in range(3)]

    # The shares of the cost are 33, 34 (half to even of 33.5) and all that is left, 33.
    assert gains == [0, -1, 0]
    assert desk.positions() == {"EUR": ("0.00", "0.00", "-0.01")}
    assert desk.purpose("FX_POSITION") == 0


def test_a_position_that_changes_its_side_realises_the_part_that_it_closes(desk: Desk) -> None:
    desk.converted("100.00", "USD", "EUR", "1")

    done = desk.converted("300.00", "EUR", "USD", "2")

    assert done.gain == make.usd("100.00")
    assert desk.positions() == {"EUR": ("-200.00", "-400.00", "100.00")}
    back = desk.converted("200.00", "USD", "EUR", "1")
    assert back.gain == make.usd("200.00")
    assert desk.positions() == {"EUR": ("0.00", "0.00", "300.00")}


def test_two_foreign_currencies_meet_at_their_value_in_the_functional_one(desk: Desk) -> None:
    desk.rate("EUR", "USD", "1.2")
    desk.converted("100.00", "USD", "EUR", "1")

    done = desk.converted("50.00", "EUR", "GBP", "0.8")

    assert (done.converted, done.value, done.gain) == (Money(4000, "GBP"), make.usd("60.00"), make.usd("10.00"))
    assert desk.positions() == {"EUR": ("50.00", "50.00", "10.00"), "GBP": ("40.00", "60.00", "0.00")}
    with pytest.raises(ledger.RateMissing):
        desk.convert("10.00", "GBP", "JPY", "190")


def test_liabilities_are_converted_the_other_way_round(desk: Desk) -> None:
    desk.book.fund("100.00")

    done = desk.converted("50.00", "USD", "EUR", "0.9", from_account=desk.client["USD"], to_account=desk.client["EUR"])

    assert done.converted == Money(4500, "EUR")
    assert str(desk.book.do(ledger.balance, desk.client["USD"]).posted.major) == "50.00"
    assert str(desk.book.do(ledger.balance, desk.client["EUR"]).posted.major) == "45.00"
    assert desk.positions() == {"EUR": ("-45.00", "-50.00", "0.00")}
    with pytest.raises(ledger.ConversionSidesDiffer):
        desk.convert("1.00", "USD", "EUR", "0.9", from_account=desk.client["USD"])


def test_a_quote_is_looked_up_where_no_rate_is_given(desk: Desk) -> None:
    desk.rate("USD", "EUR", "0.9", NOW - 2 * DAY)
    desk.rate("USD", "EUR", "0.8", NOW - 2 * DAY, source="desk")

    assert desk.converted("10.00", "USD", "EUR").converted == Money(800, "EUR")
    assert desk.converted("10.00", "USD", "EUR", source="ecb").converted == Money(900, "EUR")
    with pytest.raises(ledger.RateMissing):
        desk.convert("10.00", "USD", "EUR", effective_at=NOW - 3 * DAY)
    with pytest.raises(ledger.RateMissing):
        desk.convert("10.00", "EUR", "USD")


def test_what_is_still_to_come_is_not_converted_today(desk: Desk) -> None:
    with desk.book.begin() as tx:
        tomorrow = tx.now() + timedelta(days=1, hours=1)
    before = desk.book.facts()

    with pytest.raises(ledger.ConversionInFuture):
        desk.convert("10.00", "USD", "EUR", "0.9", idempotency_key="early", effective_at=tomorrow)

    assert desk.book.facts() == before
    assert desk.positions() == {}
    assert desk.converted("10.00", "USD", "EUR", "0.9", idempotency_key="early").converted == Money(900, "EUR")


def test_the_minor_units_of_both_currencies_count(desk: Desk) -> None:
    assert desk.converted("10.01", "USD", "JPY", "150.55").converted == Money(1507, "JPY")
    assert desk.converted("1507", "JPY", "USD", "0.0066").converted == make.usd("9.95")
    with pytest.raises(ledger.MalformedConversion):
        desk.convert("0.01", "USD", "JPY", "1")


def test_the_same_key_gives_the_first_conversion_again(desk: Desk) -> None:
    desk.rate("USD", "EUR", "0.9")
    first = desk.converted("10.00", "USD", "EUR", idempotency_key="k")
    desk.rate("USD", "EUR", "0.5", NOW - DAY)
    desk.converted("5.00", "USD", "EUR")

    again = desk.converted("10.00", "USD", "EUR", idempotency_key="k")

    assert again.replayed
    assert (again.id, again.converted) == (first.id, Money(900, "EUR"))
    for facts in ({"amount": "10.01"}, {"rate": "0.9"}, {"description": "x"}):
        with pytest.raises(ledger.IdempotencyConflict):
            desk.convert(**({"amount": "10.00", "give": "USD", "get": "EUR", "idempotency_key": "k"} | facts))
    desk.book.post(desk.cash["USD"], desk.book.clearing, "1.00", key="posted")
    with pytest.raises(ledger.IdempotencyConflict):
        desk.convert("10.00", "USD", "EUR", idempotency_key="posted")
    assert desk.book.count("ledger.conversions") == 2


def test_a_refused_conversion_moves_nothing_and_is_refused_for_ever(desk: Desk) -> None:
    facts = {"from_account": desk.client["USD"], "to_account": desk.client["EUR"], "idempotency_key": "k"}
    refused = desk.convert("10.00", "USD", "EUR", "0.9", **facts)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.replayed) == ("ledger.insufficient_funds", False)

    desk.book.fund("100.00")
    again = desk.convert("10.00", "USD", "EUR", "0.9", **facts)

    assert isinstance(again, Refused)
    assert (again.code, again.facts, again.replayed) == (refused.code, refused.facts, True)
    assert desk.positions() == {}
    assert desk.book.do(ledger.list_conversions) == []


def test_a_hundred_callers_of_one_key_convert_once(desk: Desk) -> None:
    with ThreadPoolExecutor(10) as pool:
        answers = list(
            pool.map(lambda _: desk.converted("10.00", "USD", "EUR", "0.9", idempotency_key="one"), range(100))
        )

    assert {answer.id for answer in answers} == {answers[0].id}
    assert desk.positions() == {"EUR": ("9.00", "10.00", "0.00")}


def test_conversions_at_once_keep_the_positions_right(desk: Desk) -> None:
    desk.rate("EUR", "USD", "1.1")

    def work(number: int) -> None:
        give, get, rate = [("USD", "EUR", "0.9"), ("EUR", "USD", "1.15"), ("EUR", "GBP", "0.85")][number % 3]
        desk.converted(f"{number % 7 + 1}.0{number % 10}", give, get, rate)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(60)))

    assert_conserved(desk)


def test_what_cannot_be_converted_is_refused(desk: Desk) -> None:
    for facts in (
        {"get": "USD"},
        {"amount": "0.00"},
        {"rate": "0.9", "source": None},
    ):
        with pytest.raises(ledger.MalformedConversion):
            desk.convert(**({"amount": "1.00", "give": "USD", "get": "EUR", "rate": "0.9"} | facts))
    with pytest.raises(ledger.MalformedRate):
        desk.convert("1.00", "USD", "EUR", "0")
    desk.converted("10.00", "USD", "EUR", "0.9")
    with pytest.raises(ledger.FunctionalCurrencyDiffers):
        desk.convert("10.00", "EUR", "USD", "1.1", functional_currency="EUR")


def test_two_functional_currencies_have_to_be_told_apart(desk: Desk) -> None:
    with desk.book.begin() as tx:
        tenants.create_legal_entity(tx, name="Paris", time_zone="Europe/Paris", currency="EUR")
    with pytest.raises(ledger.MalformedConversion):
        desk.convert("1.00", "USD", "EUR", "0.9")
    assert desk.converted("1.00", "USD", "EUR", "0.9", functional_currency="USD").gain.currency == "USD"


def test_a_conversion_is_taken_back_with_its_position(desk: Desk) -> None:
    desk.converted("100.00", "USD", "EUR", "1")
    sold = desk.converted("40.00", "EUR", "USD", "1.5")
    assert desk.positions() == {"EUR": ("60.00", "60.00", "20.00")}

    facts = {"idempotency_key": "back", "conversion_id": sold.id, "reason": "wrong"}
    back = desk.book.do(ledger.reverse_conversion, **facts)
    again = desk.book.do(ledger.reverse_conversion, **facts)

    assert (again.transaction_id, again.replayed) == (back.transaction_id, True)
    assert desk.positions() == {"EUR": ("100.00", "100.00", "0.00")}
    assert desk.purpose("FX_GAIN_LOSS") == 0
    assert_conserved(desk)
    twice = desk.book.do(ledger.reverse_conversion, **(facts | {"idempotency_key": "twice"}))
    assert isinstance(twice, Refused)
    with pytest.raises(ledger.ConversionNotFound):
        desk.book.do(ledger.reverse_conversion, **(facts | {"conversion_id": 10**9}))


def test_a_conversion_whose_cost_would_be_stranded_is_not_taken_back(desk: Desk) -> None:
    first = desk.converted("100.00", "USD", "EUR", "1")
    desk.converted("130.00", "USD", "EUR", "0.7692307692")
    desk.converted("100.00", "EUR", "USD", "1.15")
    before = desk.book.facts()

    with pytest.raises(ledger.PositionMovedOn):
        desk.book.do(ledger.reverse_conversion, idempotency_key="back", conversion_id=first.id, reason="wrong")

    assert desk.book.facts() == before
    assert_conserved(desk)


def test_a_plain_reversal_leaves_the_position_and_the_same_key_lets_it_follow(desk: Desk) -> None:
    done = desk.converted("100.00", "USD", "EUR", "1")
    desk.book.do(ledger.reverse, idempotency_key="r", transaction_id=done.transaction_id, reason="wrong")
    assert desk.positions() == {"EUR": ("100.00", "100.00", "0.00")}

    desk.book.do(ledger.reverse_conversion, idempotency_key="r", conversion_id=done.id, reason="wrong")

    assert desk.positions() == {"EUR": ("0.00", "0.00", "0.00")}
    assert_conserved(desk)


# Revaluation --------------------------------------------------------------------------------------------------------


def test_a_revaluation_is_posted_on_its_day_and_taken_back_on_the_next(desk: Desk) -> None:
    on = (NOW - 5 * DAY).date()
    desk.rate("EUR", "USD", "1.5", NOW - 20 * DAY)
    desk.converted("100.00", "USD", "EUR", "1", effective_at=NOW - 9 * DAY)
    desk.converted("50.00", "USD", "EUR", "1", effective_at=NOW - 2 * DAY)

    done = desk.book.do(ledger.revalue, on=on, functional_currency="USD")

    (line,) = done.lines
    assert (line.quantity, line.cost, line.value, line.gain) == (
        Money(10000, "EUR"),
        make.usd("100.00"),
        make.usd("150.00"),
        make.usd("50.00"),
    )
    posted = desk.book.do(ledger.get_transaction, done.transaction_id)
    back = desk.book.do(ledger.get_transaction, done.reversal_id)
    assert (posted.effective_on, back.effective_on) == (on, on + DAY)
    assert [(e.debit_code, e.credit_code, e.amount) for e in posted.entries] == [
        ("FX_POSITION.USD", "FX_GAIN_LOSS.USD", make.usd("50.00"))
    ]
    assert [(e.debit_code, e.credit_code) for e in back.entries] == [("FX_GAIN_LOSS.USD", "FX_POSITION.USD")]
    assert desk.positions() == {"EUR": ("150.00", "150.00", "0.00")}
    assert desk.purpose("FX_GAIN_LOSS") == 0


def test_a_day_is_revalued_once(desk: Desk) -> None:
    on = (NOW - 5 * DAY).date()
    desk.rate("EUR", "USD", "1.5", NOW - 20 * DAY)
    desk.converted("100.00", "USD", "EUR", "1", effective_at=NOW - 9 * DAY)
    first = desk.book.do(ledger.revalue, on=on, functional_currency="USD")
    desk.rate("EUR", "USD", "1.7", NOW - 19 * DAY)

    with ThreadPoolExecutor(6) as pool:
        again = list(pool.map(lambda _: desk.book.do(ledger.revalue, on=on, functional_currency="USD"), range(12)))

    assert {(one.id, one.replayed, one.gain) for one in again} == {(first.id, True, make.usd("50.00"))}
    assert desk.book.do(ledger.list_revaluations) == [first]
    assert desk.book.count("messaging.outbox_messages", "event_type = 'ledger.revaluation.posted'") == 1


def test_each_period_shows_the_change_against_the_last_revaluation(desk: Desk) -> None:
    first, second = (NOW - 40 * DAY).date(), (NOW - 10 * DAY).date()
    desk.converted("100.00", "USD", "EUR", "1", effective_at=NOW - 60 * DAY)
    desk.rate("EUR", "USD", "1.5", NOW - 50 * DAY)
    desk.rate("EUR", "USD", "1.4", NOW - 20 * DAY)

    desk.book.do(ledger.revalue, on=first, functional_currency="USD")
    desk.book.do(ledger.revalue, on=second, functional_currency="USD")

    with desk.book.begin() as tx:
        gains = ledger.account_for(tx, "FX_GAIN_LOSS", "USD").id
        by = [
            -int(
                tx.value(
                    "SELECT coalesce(sum(change_minor), 0) FROM ledger.legs WHERE account_id = %(id)s AND effective_on <= %(on)s",
                    {"id": gains, "on": on},
                )
            )
            for on in (first, second)
        ]
    assert by == [5000, 4000]


def test_a_revaluation_needs_a_day_that_is_over_open_and_has_rates(desk: Desk) -> None:
    on = (NOW - 5 * DAY).date()
    desk.converted("100.00", "USD", "EUR", "1", effective_at=NOW - 9 * DAY)
    with pytest.raises(ledger.RateMissing):
        desk.book.do(ledger.revalue, on=on, functional_currency="USD")
    desk.rate("EUR", "USD", "1.5", NOW - 20 * DAY)
    with pytest.raises(ledger.DayNotOver):
        desk.book.do(ledger.revalue, on=NOW.date() + DAY, functional_currency="USD")
    period = desk.book.do(ledger.open_period, name="p", starts_on=on - 30 * DAY, ends_on=on)
    desk.book.do(ledger.close_period, period_id=period.id, reason="end")
    with pytest.raises(ledger.DayClosed):
        desk.book.do(ledger.revalue, on=on, functional_currency="USD")
    assert desk.book.count("ledger.revaluations") == 0


def test_nothing_to_revalue_posts_nothing(desk: Desk) -> None:
    done = desk.book.do(ledger.revalue, on=(NOW - 5 * DAY).date(), functional_currency="USD")

    assert (done.transaction_id, done.reversal_id, done.gain, done.lines) == (None, None, make.usd("0.00"), ())


# What is conserved --------------------------------------------------------------------------------------------------


def assert_conserved(desk: Desk) -> None:
    """What the positions cost is what their functional account holds; what is held is what the accounts show."""
    found = desk.book.do(ledger.positions, functional_currency="USD")
    assert desk.purpose("FX_POSITION") == sum(one.cost.minor for one in found)
    for one in found:
        assert desk.purpose("FX_POSITION", one.quantity.currency) == -one.quantity.minor
    # All functional money that left as cash, and all gain, is in the positions: nothing was made or lost in between.
    assert -desk.net(desk.cash["USD"]) == sum(one.cost.minor for one in found) + desk.purpose("FX_GAIN_LOSS")
    assert desk.purpose("FX_GAIN_LOSS") == -sum(one.realised.minor for one in found)


PAIRS = list(permutations(("USD", "EUR", "GBP", "JPY"), 2))
RATES = {"USD": Decimal(1), "EUR": Decimal("1.0837"), "GBP": Decimal("1.2519"), "JPY": Decimal("0.00667")}


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(PAIRS), st.integers(200, 2_000_000), st.integers(70, 130)), min_size=1, max_size=14
    )
)
@pytest.mark.slow
def test_the_functional_value_is_conserved_and_the_last_cent_goes_to_the_last_unit(
    database: Database, deals: list[tuple[tuple[str, str], int, int]]
) -> None:
    desk = desk_of(book_of(database, make.tenant(database)))
    for currency in ("EUR", "GBP", "JPY"):
        desk.rate(currency, "USD", str(RATES[currency]))
    for (give, get), minor, drift in deals:
        rate = (RATES[give] / RATES[get] * drift / 100).quantize(Decimal("0.00000001"), ROUND_HALF_EVEN)
        answer = desk.book.do(
            ledger.convert,
            idempotency_key=ids.new("key"),
            from_account=desk.cash[give],
            to_account=desk.cash[get],
            amount=Money(minor, give),
            rate=rate,
            source="desk",
        )
        assert isinstance(answer, Conversion)
        assert_conserved(desk)
    for currency, (quantity, _, _) in desk.positions().items():
        away = Decimal(quantity)
        if away > 0:
            desk.converted(f"{away:f}", currency, "USD", str(RATES[currency]))
    assert_conserved(desk)
    assert all(cost == "0.00" for quantity, cost, _ in desk.positions().values() if Decimal(quantity) == 0)
    report = checks.run(database, [desk.book.tenant.id])
    assert report.ok, [one for one in report.invariants if one.violations]


@pytest.mark.plants
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger.position_moves SET cost_after = cost_after + 1 WHERE tenant_id = '{tenant}'",
        "UPDATE ledger.position_moves SET seq = 2 WHERE tenant_id = '{tenant}'",
        "UPDATE ledger.position_moves SET quantity_minor = 1, quantity_after = 1 WHERE tenant_id = '{tenant}'",
        "UPDATE ledger.position_moves SET cost_minor = 1, cost_after = 1 WHERE tenant_id = '{tenant}'",
    ],
)
def test_the_invariant_sees_what_is_planted(desk: Desk, admin: psycopg.Connection[Any], statement: str) -> None:
    desk.converted("10.00", "USD", "EUR", "0.9")
    with by_hand(admin) as hand:
        hand.execute("ALTER TABLE ledger.position_moves DISABLE TRIGGER append_only")
        assert hand.execute(statement.format(tenant=desk.book.tenant.id)).rowcount == 1  # type: ignore[arg-type]
        hand.execute("ALTER TABLE ledger.position_moves ENABLE ALWAYS TRIGGER append_only")

    report = checks.run(desk.book.database, [desk.book.tenant.id])

    assert "ledger.positions" in {found.name for found in report.invariants if found.violations}


@pytest.mark.parametrize("day", [date.min, date.max])
def test_a_day_beyond_the_calendar_is_refused(desk: Desk, day: date) -> None:
    for verb in (ledger.positions, ledger.revalue):
        with pytest.raises(Malformed):
            desk.book.do(verb, on=day, functional_currency="USD")
