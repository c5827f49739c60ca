"""Exchange: conversions through the positions, what they gain or lose, taking them back, revaluation at a day's end."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule
from tests.ledger.model.chances import KEY, Chances, conversions, requests
from tests.ledger.model.ground import NAMES
from tests.ledger.model.sides import Sides
from tests.ledger.model.state import State
from tests.ledger.model.words import (
    EPOCH,
    NET_MAX,
    Answer,
    Leg,
    PositionMove,
    Raised,
    Rate,
    Wanted,
    WantedConversion,
    exchanged,
)

from headgate import ledger
from headgate.core.money import Money

FUNCTIONAL = "USD"


class ExchangeBook(State):
    """What the model says."""

    def record_rate(self, rate: Rate) -> None:
        """A rate that its source gave last for that instant is not recorded twice."""
        same = [
            one
            for one in self.rates
            if (one.given, one.target, one.at, one.source) == (rate.given, rate.target, rate.at, rate.source)
        ]
        if not same or Fraction(same[-1].value) != Fraction(rate.value):
            self.rates.append(rate)

    def rate_at(self, given: str, target: str, at: datetime, source: str | None = None) -> str | None:
        """The latest at an instant, of several for it the one recorded last."""
        found = [
            (one.at, n)
            for n, one in enumerate(self.rates)
            if (one.given, one.target) == (given, target) and one.at <= at and source in (None, one.source)
        ]
        return self.rates[max(found)[1]].value if found else None

    def convert(self, wanted: WantedConversion) -> list[Answer]:
        """Entries through the positions of both currencies, and the gain that they realise."""
        given, target = self.accounts.get(wanted.given), self.accounts.get(wanted.target)
        if given is None or target is None:
            raise Raised("ledger.account_not_found")
        if wanted.currency != given.currency or given.currency == target.currency or not 0 < wanted.amount <= NET_MAX:
            raise Raised("ledger.malformed_conversion")
        if wanted.key in self.conversions:
            body, first = self.conversions[wanted.key]
            if body != wanted.body:
                raise Raised("ledger.idempotency_conflict")
            return [Answer(first.code, first.figures, replayed=True)]
        at = wanted.effective_at or self.now
        rate = wanted.rate or self.rate_at(given.currency, target.currency, at)
        if rate is None:
            raise Raised("ledger.rate_missing")
        got = exchanged(wanted.amount, given.currency, target.currency, rate)
        if got <= 0:
            raise Raised("ledger.malformed_conversion")
        value = self._value(wanted, got, target.currency, at)
        if given.debit_normal != target.debit_normal:
            raise Raised("ledger.conversion_sides_differ")
        legs, moves = self._legs(wanted, got, target.currency, value)
        if wanted.key in self.transactions:
            raise Raised("ledger.idempotency_conflict")
        gain = sum(move[3] for move in moves)
        before = copy.deepcopy(self.__dict__) if at > self.now else {}
        (answer,) = self.post_many([Wanted(wanted.key, legs, wanted.effective_at, said=wanted.body)])
        if answer.code == 1:
            self.__dict__.update(before)
            raise Raised("ledger.conversion_in_future")
        figures = {"converted": got, "value": value, "gain": gain} if answer.code == 0 else answer.figures
        self.conversions[wanted.key] = (wanted.body, Answer(answer.code, figures))
        if answer.code == 0:
            day = self.accounts[wanted.given].moves[-1].day
            for currency, quantity, cost, realised in moves:
                self._move(currency, wanted.key, day, quantity, cost, realised)
        return [Answer(answer.code, figures)]

    def _value(self, wanted: WantedConversion, got: int, target: str, at: datetime) -> int:
        """What is exchanged, in the functional currency."""
        if wanted.currency == FUNCTIONAL:
            return wanted.amount
        if target == FUNCTIONAL:
            return got
        source = "desk" if wanted.rate else None
        rate = self.rate_at(wanted.currency, FUNCTIONAL, at, source) or self.rate_at(wanted.currency, FUNCTIONAL, at)
        if rate is None:
            raise Raised("ledger.rate_missing")
        return exchanged(wanted.amount, wanted.currency, FUNCTIONAL, rate)

    def _legs(self, wanted: WantedConversion, got: int, target: str, value: int) -> tuple[tuple[Leg, ...], list[Any]]:
        given_position, target_position = self.position(wanted.currency), self.position(target)
        first = Leg(given_position, wanted.given, wanted.amount, wanted.currency)
        second = Leg(wanted.target, target_position, got, target)
        grows = 1
        if not self.accounts[wanted.given].debit_normal:
            # Of a debt there is less in one currency and more in the other: the positions go the other way.
            first = Leg(first.credit, first.debit, first.amount, first.currency)
            second = Leg(second.credit, second.debit, second.amount, second.currency)
            grows = -1
        moves = [
            (currency, change, *self._cost_and_gain(currency, change, grows * sign * value))
            for currency, change, sign in (
                (wanted.currency, -grows * wanted.amount, -1),
                (target, grows * got, 1),
            )
            if currency != FUNCTIONAL
        ]
        gain = sum(move[3] for move in moves)
        position, gains = self.position(FUNCTIONAL), self.named("gains")
        sides = (position, gains) if gain > 0 else (gains, position)
        return (first, second, *[Leg(*sides, abs(gain), FUNCTIONAL)] * (gain != 0)), moves

    def _cost_and_gain(self, currency: str, change: int, value: int) -> tuple[int, int]:
        """Average cost: what lessens a position takes its share of the cost, its last unit all that is left."""
        quantity, cost = self.standing(currency)
        closing = min(abs(quantity), abs(change)) if quantity * change < 0 else 0
        if not closing:
            return value, 0
        relieved = round(Fraction(cost * closing, abs(quantity)))
        realised = round(Fraction(value * closing, abs(change)))
        gain = -realised - relieved
        return value + gain, gain

    def standing(self, currency: str) -> tuple[int, int]:
        """What is held of a currency, and what it cost."""
        moves = self.positions.get(currency)
        return (moves[-1].quantity_after, moves[-1].cost_after) if moves else (0, 0)

    def _move(self, currency: str, key: str, day: date, quantity: int, cost: int, gain: int) -> None:
        before = self.standing(currency)
        self.positions.setdefault(currency, []).append(
            PositionMove(key, day, quantity, cost, gain, before[0] + quantity, before[1] + cost)
        )

    def position(self, currency: str) -> int:
        return self.named(f"fx.{currency}")

    def named(self, name: str) -> int:
        return next(one.id for one in self.accounts.values() if one.name == name)

    def reverse_conversion(self, key: str, conversion: str) -> list[Answer]:
        """The whole transaction is taken back, and the positions follow; all or nothing."""
        if conversion not in self.conversions or self.conversions[conversion][1].code:
            raise Raised("ledger.conversion_not_found")
        before = copy.deepcopy(self.__dict__)
        try:
            wanted = self.reversal(key, conversion, "wrong", None)
            answers = self.post_many([wanted], atomic=True)
            if answers[0].code == 0:
                self._move_back(key, conversion)
        except Raised:
            self.__dict__.update(before)
            raise
        return answers

    def _move_back(self, key: str, conversion: str) -> None:
        if any(move.key == key for moves in self.positions.values() for move in moves):
            return
        reversal = self.asked[key][0]
        for currency, moves in self.positions.items():
            for first in [move for move in moves if move.key == conversion]:
                position = self.position(currency)
                back = sum(leg.amount for leg in reversal.legs if leg.credit == position)
                back -= sum(leg.amount for leg in reversal.legs if leg.debit == position)
                quantity, cost = self.standing(currency)
                if back != -first.quantity or (quantity == first.quantity and cost != first.cost):
                    raise Raised("ledger.position_moved_on")
                day = next(m.day for m in reversed(self.accounts[position].moves) if m.key == key)
                self._move(currency, key, day, -first.quantity, -first.cost, -first.gain)

    # Revaluation -----------------------------------------------------------------------------------------------------
    def positions_on(self, day: date) -> dict[str, tuple[int, int, int]]:
        """By currency: quantity, cost and what was realised, by the days of the transactions."""
        found = {}
        for currency, moves in self.positions.items():
            by_then = [move for move in moves if move.day <= day]
            if by_then:
                found[currency] = tuple(
                    sum(values) for values in zip(*((m.quantity, m.cost, m.gain) for m in by_then), strict=True)
                )
        return found  # type: ignore[return-value]

    def revalue(self, day: date) -> dict[str, tuple[int, int, int]] | None:
        """What the positions are worth above their cost at the end of a day, posted on it and taken back on the next.

        Says quantity, cost and value by currency; None: that day was revalued before.
        """
        if day in self.revaluations:
            return None
        tomorrow = datetime.combine(day + timedelta(days=1), time(), UTC)
        if tomorrow > self.now:
            raise Raised("ledger.day_not_over")
        if day <= self.closed_of(None)[0]:
            raise Raised("ledger.day_closed")
        end = tomorrow - timedelta(microseconds=1)
        lines = {}
        for currency, (quantity, cost, _) in self.positions_on(day).items():
            if quantity:
                rate = self.rate_at(currency, FUNCTIONAL, end)
                if rate is None:
                    raise Raised("ledger.rate_missing")
                lines[currency] = (quantity, cost, exchanged(quantity, currency, FUNCTIONAL, rate))
        position, gains = self.position(FUNCTIONAL), self.named("gains")
        legs = [
            Leg(*((position, gains) if value > cost else (gains, position)), abs(value - cost), FUNCTIONAL)
            for currency, (_, cost, value) in sorted(lines.items(), key=lambda line: self.position(line[0]))
            if value != cost
        ]
        if legs:
            back = tuple(Leg(leg.credit, leg.debit, leg.amount, FUNCTIONAL) for leg in legs)
            key = f"ledger.revaluation:{position}:{day}"
            source = ("revaluation", str(day))
            answers = self.post_many(
                [Wanted(key, tuple(legs), end, source=source), Wanted(f"{key}:back", back, tomorrow, source=source)],
                atomic=True,
            )
            assert [answer.code for answer in answers] == [0, 0]
        self.revaluations[day] = sum(value - cost for _, cost, value in lines.values())
        return lines


class ExchangeWorld(Sides):
    """How the book is asked."""

    book: Any

    def record_rate(self, rate: Rate) -> None:
        """A rate, on both sides."""
        ledger.record_rate(
            self.tx,
            from_currency=rate.given,
            to_currency=rate.target,
            rate=Decimal(rate.value),
            effective_at=rate.at,
            source=rate.source,
        )
        self.book.record_rate(rate)

    def convert(self, wanted: WantedConversion) -> None:
        """A conversion, on both sides."""
        self.both(
            lambda: [
                ledger.convert(
                    self.tx,
                    idempotency_key=wanted.key,
                    from_account=wanted.given,
                    to_account=wanted.target,
                    amount=Money(wanted.amount, wanted.currency),
                    rate=None if wanted.rate is None else Decimal(wanted.rate),
                    source=None if wanted.rate is None else "desk",
                    effective_at=wanted.effective_at,
                )
            ],
            lambda: self.book.convert(wanted),
            [wanted],
        )

    def reverse_conversion(self, key: str, conversion: str) -> Wanted | None:
        """A conversion is taken back, on both sides."""
        number = self.conversion_ids.get(conversion, 0)
        wanted: list[Wanted] = []
        act: Callable[[], Any] = lambda: [  # noqa: E731
            ledger.reverse_conversion(self.tx, idempotency_key=key, conversion_id=number, reason="wrong")
        ]

        def model() -> list[Answer]:
            if self.book.conversions.get(conversion, (None, Answer(2)))[1].code == 0:
                wanted.append(self.book.reversal(key, conversion, "wrong", None))
            answers: list[Answer] = self.book.reverse_conversion(key, conversion)
            return answers

        self.both(act, model, wanted)
        return wanted[0] if wanted and key in self.book.transactions else None

    def revalue(self, day: date) -> None:
        """The positions at the end of a day and what they are worth, on both sides."""
        found = {
            one.quantity.currency: (one.quantity.minor, one.cost.minor, one.realised.minor)
            for one in ledger.positions(self.tx, functional_currency=FUNCTIONAL, on=day)
        }
        expected = self.book.positions_on(day)
        assert found == expected, f"positions on {day} are {found}, in the model {expected}"
        try:
            lines = self.book.revalue(day)
        except Raised as raised:
            self.told[f"raised {raised}"] += 1
            self.refused_loudly(lambda: ledger.revalue(self.tx, on=day, functional_currency=FUNCTIONAL), str(raised))
            return
        done = ledger.revalue(self.tx, on=day, functional_currency=FUNCTIONAL)
        self.told["revalued"] += lines is not None
        assert (done.gain.minor, done.replayed) == (self.book.revaluations[day], lines is None)
        if lines is not None:
            told = {one.quantity.currency: (one.quantity.minor, one.cost.minor, one.value.minor) for one in done.lines}
            assert told == lines, f"revalued on {day} {told}, in the model {lines}"


RATES = st.sampled_from(("1", "0.9", "1.1", "1.25", "0.333333333333", "150.5", "0.0066"))
SIDES = st.sampled_from(
    (
        *(("cash", "euro"), ("euro", "cash"), ("cash", "euro"), ("euro", "cash"), ("euro", "yen"), ("yen", "euro")),
        *(("cash", "yen"), ("yen", "cash"), ("client", "guest"), ("guest", "client"), ("cash", "guest")),
    )
)


class ExchangeRules(Chances):
    """In any order, with any arguments."""

    @rule(
        pair=st.sampled_from((("EUR", "USD"), ("USD", "EUR"), ("JPY", "USD"), ("USD", "JPY"), ("EUR", "JPY"))),
        value=RATES,
        hours=st.sampled_from((-72, -30, 0, 1)),
        source=st.sampled_from(("ecb", "desk")),
    )
    def record_rate(self, pair: tuple[str, str], value: str, hours: int, source: str) -> None:
        self.world.record_rate(Rate(*pair, value, EPOCH + timedelta(hours=self.hour + hours), source))

    @rule(
        target=conversions,
        key=KEY,
        sides=st.one_of(SIDES, SIDES, SIDES, st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES))),
        amount=st.sampled_from((*range(1, 120, 7), 150, 333, 1000, 20000, "all of it", 0)),
        rate=st.one_of(st.none(), st.none(), RATES),
        when=st.sampled_from((None, None, None, -30, 0, 24 * 90)),
    )
    def convert(self, key: str, sides: tuple[str, str], amount: Any, rate: str | None, when: int | None) -> Any:
        """`all of it` closes the position in what is given, or opens it where there is none."""
        given = self.world.account(sides[0])
        currency = given.currency if given else "USD"
        if amount == "all of it":
            amount = abs(self.world.book.standing(currency)[0]) or 100
        at = None if when is None else EPOCH + timedelta(hours=when)
        wanted = WantedConversion(
            self.key(key), self.world.number(sides[0]), self.world.number(sides[1]), amount, currency, rate, at
        )
        self.world.convert(wanted)
        return wanted

    @rule(rates=st.permutations(("0.9", "1.1", "1.25")), amount=st.sampled_from((100, 333)))
    def convert_there_and_back(self, rates: list[str], amount: int) -> None:
        """At two rates, so that something is gained or lost."""
        for sides, rate in zip((("cash", "euro"), ("euro", "cash")), rates, strict=False):
            self.convert("", sides, amount, rate, None)

    @rule(target=requests, one=conversions)
    def remember_conversion(self, one: WantedConversion) -> Any:
        """It may be asked for again, or its transaction reversed past it."""
        return one

    @rule(one=conversions, key=KEY)
    def reverse_conversion(self, one: WantedConversion, key: str) -> None:
        self.world.reverse_conversion(self.key(key), one.key)

    @rule(days=st.integers(0, 4))
    def revalue(self, days: int) -> None:
        self.world.revalue((EPOCH + timedelta(hours=self.hour)).date() - timedelta(days=days))
