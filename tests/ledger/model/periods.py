"""Periods: of the whole book and of a legal entity, closed in order, reopened in the opposite one; what comes late."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.stateful import rule
from tests.ledger.model.chances import Chances
from tests.ledger.model.ground import ZONES
from tests.ledger.model.sides import Sides
from tests.ledger.model.state import State
from tests.ledger.model.words import START, Account, Answer, Period, Raised, Wanted

from headgate import ledger

FIRST_DAY = START.date() - timedelta(days=3)
DAY = timedelta(days=1)


class PeriodsBook(State):
    """What the model says."""

    def closed_of(self, zone: str | None) -> tuple[date, date | None]:
        """Through which day an entity's accounts are closed, and where what is late goes; where two end, refusing wins."""
        closed = [one for one in self.periods if one.late and one.scope in (None, zone)]
        last = max((one.ends_on for one in closed), default=date.min)
        routes = closed and all(one.late == "route" for one in closed if one.ends_on == last)
        return last, last + DAY if routes else None

    def routed(self, wanted: Wanted, at: datetime | None) -> tuple[date, datetime | None, Answer | None]:
        """The day of a posting and when it is effective: the first instant of a later day, where its accounts route."""
        asked_day = day = self.day(wanted.legs[0], at)
        while True:
            later = None
            for n, leg in enumerate(wanted.legs, 1):
                for number in (leg.debit, leg.credit):
                    last, route = self.closed_of(self.accounts[number].zone)
                    if day > last:
                        continue
                    if route is None:
                        return asked_day, at, Answer(50, {"entry": n, "account": self._closed_one(leg, asked_day)})
                    later = max(later or route, route)
            if later is None:
                break
            day = later
        if day != asked_day:
            at = datetime.combine(day, time(), self.zone(wanted.legs[0])).astimezone(UTC)
        return day, at, None

    def _closed_one(self, leg: Any, day: date) -> int:
        """Which of an entry's accounts is named: the debited one, where its own period refuses the day."""
        last, route = self.closed_of(self.accounts[leg.debit].zone)
        return leg.debit if day <= last and route is None else leg.credit

    def in_scope(self, scope: str | None) -> list[Account]:
        return [one for one in self.accounts.values() if scope in (None, one.zone)]

    def close_period(self, period: Period, late: str, *, no_pending: bool, no_residuals: bool) -> None:
        """Close it; its last day has to be over wherever an account of its scope may be."""
        zones = ["UTC", *ZONES] if period.scope is None else [period.scope]
        if any(self.now.astimezone(ZoneInfo(zone)).date() <= period.ends_on for zone in zones):
            raise Raised("ledger.period_not_over")
        accounts = self.in_scope(period.scope)
        numbers = {one.id for one in accounts}
        if no_pending and any(
            one.shown(self.now) == "pending"
            and one.day <= period.ends_on
            and any({leg.debit, leg.credit} & numbers for leg in one.legs)
            for one in self.pending.values()
        ):
            raise Raised("ledger.pending_in_period")
        if no_residuals and any(one.must_be_zero and one.net_at(period.ends_on) for one in accounts):
            raise Raised("ledger.clearing_not_zero")
        period.late = late

    def frozen(self, period: Period) -> list[tuple[str, int]]:
        """The trial balance of a period: every account of its scope that has entries, at the end of its last day."""
        return sorted((one.name, one.net_at(period.ends_on)) for one in self.in_scope(period.scope) if one.legs)


class PeriodsWorld(Sides):
    """How the book is asked."""

    book: Any

    def close_period(self, scope: str | None, days: int, late: str, strict: tuple[bool, bool]) -> None:
        """Close the period that is open; where none is, open the next one of so many days first."""
        periods = [one for one in self.book.periods if one.scope == scope]
        if not periods or periods[-1].late:
            starts_on = periods[-1].ends_on + DAY if periods else FIRST_DAY
            period = Period(f"{scope}.{len(periods)}", starts_on, starts_on + timedelta(days=days - 1), scope)
            opened = ledger.open_period(
                self.tx,
                name=period.name,
                starts_on=period.starts_on,
                ends_on=period.ends_on,
                legal_entity_id=self.ground.entities[scope] if scope else None,
            )
            self.book.periods.append(period)
            periods.append(period)
            self.ids[period.name] = opened.id
        period = next(one for one in periods if one.late is None)
        number = self.ids[period.name]
        self.both(
            lambda: [
                ledger.close_period(
                    self.tx,
                    period_id=number,
                    late=late,  # type: ignore[arg-type]
                    reason="over",
                    refuse_pending=strict[0],
                    refuse_residuals=strict[1],
                )
            ][:0],
            lambda: self.book.close_period(period, late, no_pending=strict[0], no_residuals=strict[1]),
        )
        if period.late:
            self.told["closed"] += 1
            rows = ledger.frozen_trial_balance(self.tx, period_id=number)
            found, expected = sorted((row.code, row.net_minor) for row in rows), self.book.frozen(period)
            assert found == expected, f"{period.name} is frozen at {found}, in the model at {expected}"

    def reopen_period(self, scope: str | None) -> None:
        """Reopen the last of a scope, which has to be closed."""
        periods = [one for one in self.book.periods if one.scope == scope]
        if not periods:
            return
        period = periods[-1]
        number = self.ids[period.name]

        def reopened() -> None:
            if period.late is None:
                raise Raised("ledger.period_not_closed")
            period.late = None

        self.both(
            lambda: [ledger.reopen_period(self.tx, period_id=number, approval_ref="apr_1", reason="late")][:0],
            reopened,
        )


class PeriodsRules(Chances):
    """In any order, with any arguments."""

    SCOPE = st.sampled_from((None, None, *ZONES))

    @rule(
        scope=SCOPE,
        days=st.integers(1, 3),
        late=st.sampled_from(("refuse", "route", "route")),
        strict=st.sampled_from((*[(False, False)] * 3, (True, False), (False, True))),
    )
    def close_period(self, scope: str | None, days: int, late: str, strict: tuple[bool, bool]) -> None:
        self.world.close_period(scope, days, late, strict)

    @rule(amount=st.integers(1, 20), pending=st.booleans())
    def close_over_what_is_left(self, amount: int, pending: bool) -> None:
        """Something waits, or is left to clear, on the first day of the book: that refuses a close, if it is asked to."""
        noon_of_the_first_day = -24 * 3
        wanted = self.posting("", [("cash", "card", amount, "USD")], noon_of_the_first_day)
        self.posted([replace(wanted, pending=pending)], "single")
        self.world.set_must_be_zero("card", True)
        self.world.close_period(None, 3, "route", (pending, not pending))

    @rule(amount=st.integers(1, 20), late=st.sampled_from(("refuse", "route")))
    def post_into_what_an_entity_closed(self, amount: int, late: str) -> None:
        """Its accounts' first days are closed, and the others' are not."""
        self.world.close_period(ZONES[0], 3, late, (False, False))
        for credited in ("client", "card"):
            self.posted([self.posting("", [("cash", credited, amount, "USD")], -24 * 3)], "single")

    @rule(scope=SCOPE)
    def reopen_period(self, scope: str | None) -> None:
        self.world.reopen_period(scope)
