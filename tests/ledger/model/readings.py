"""Readings: the book as of an effective time and as known at a time, which no later write changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import multiple, rule
from tests.ledger.model.chances import Chances, readings
from tests.ledger.model.ground import NAMES
from tests.ledger.model.sides import Sides
from tests.ledger.model.state import State
from tests.ledger.model.words import EPOCH, Account, Moment, hour_of

from headgate import ledger
from headgate.ledger import Balance

Figures = tuple[int, int, int, int]
"""Posted, pending (in less out), reserved, available."""

LONG_AGO = EPOCH - timedelta(days=11 * 365)
"""Behind the real clock, by which legs are recorded."""


class ReadingsBook(State):
    """What the model says."""

    def remember(self, at: datetime) -> Moment:
        """What is known of every account at a real instant between two steps."""
        waiting = [one for one in self.pending.values() if one.status == "pending"]
        held = {
            number: (
                sum(one.left for one in self.held.values() if one.account == number),
                *self.would_move(number, waiting),
            )
            for number in self.accounts
        }
        legs = {number: account.legs for number, account in self.accounts.items()}
        self.moments.append(Moment(at, legs, held))
        return self.moments[-1]

    def read(self, account: Account, at: datetime | date | None, moment: Moment | None) -> Figures:
        """The balance as of an instant or a day, as known at a moment, or now."""
        known = None if moment is None else moment.legs.get(account.id, 0)
        posted = account.on_its_side(account.net_at(at, known))
        if moment is not None:
            reserved, out, into = moment.held.get(account.id, (0, 0, 0))
        elif isinstance(at, datetime) and at < LONG_AGO + timedelta(days=1):
            reserved, out, into = 0, 0, 0  # What is held has one time, that of its recording: that is years later.
        else:
            assert at is not None
            by = at if isinstance(at, datetime) else datetime.combine(at, time.max, UTC)
            lasting = [one for one in self.held.values() if one.expires_at is None or one.expires_at > by]
            reserved = sum(one.left for one in lasting if one.account == account.id)
            out, into = self.would_move(
                account.id,
                [
                    one
                    for one in self.pending.values()
                    if one.status == "pending" and (one.expires_at is None or one.expires_at > by)
                ],
            )
        return posted, into - out, reserved, posted - reserved - out


class ReadingsWorld(Sides):
    """How the book is asked."""

    book: Any

    def read(self, account: Account, at: datetime | date | None, moment: Moment | None) -> Figures:
        """A reading, on both sides."""
        found = self._read(account, at, moment)
        expected = self.book.read(account, at, moment)
        assert found == expected, f"{account.name} as of {at}: {found} in the book, {expected} in the model"
        self.told["read"] += 1
        return found

    def _read(self, account: Account, at: datetime | date | None, moment: Moment | None) -> Figures:
        return _figures(ledger.balance(self.tx, account.id, as_of=at, known_at=None if moment is None else moment.at))

    def read_again(self, account: Account, at: datetime | date | None, moment: Moment, before: Figures) -> None:
        """What was known then is known now."""
        found = self._read(account, at, moment)
        assert found == before, f"{account.name} as of {at}: read as {before} then, as {found} now"
        self.told["read again"] += 1

    def read_all(self) -> None:
        """Every account at the end of a history, as known at its first moments and as of times that have gone by."""
        when: list[tuple[datetime | date | None, Moment | None]] = [(None, one) for one in self.book.moments[:2]]
        when += [(EPOCH, one) for one in self.book.moments[-1:]]
        when += [(EPOCH - timedelta(hours=3), None), (EPOCH.date(), None)]
        for at, moment in when:
            rows = ledger.balances(self.tx, as_of=at, known_at=None if moment is None else moment.at)
            found = {row.code: _figures(row.balance) for row in rows}
            expected = {one.name: self.book.read(one, at, moment) for one in self.book.accounts.values()}
            assert found == expected, f"as of {at}, known at {moment}: {found} in the book, {expected} in the model"

    def remember(self) -> Moment:
        """This moment."""
        found: Moment = self.book.remember(self.tx.value("SELECT clock_timestamp()"))
        return found


def _figures(found: Balance) -> Figures:
    return found.posted.minor, found.pending.minor, found.reserved.minor, found.available.minor


class ReadingsRules(Chances):
    """In any order, with any arguments."""

    @rule(
        target=readings,
        account=st.sampled_from((*("client", "till", "cash", "card", "fees"), *NAMES)),
        hours=st.one_of(st.none(), st.sampled_from((-24 * 40, -30, -3, 0, 6, 11, 30)), st.integers(-4, 30)),
        day=st.booleans(),
        known=st.sampled_from((None, "now", "now", 0, 1, 2)),
    )
    def read(self, account: str, hours: int | None, day: bool, known: Any) -> Any:
        """As known now, at this moment, or at one that was remembered; instants and days, to come as well."""
        moments = self.world.book.moments
        moment = (
            None
            if known is None
            else moments[known]
            if known != "now" and known < len(moments)
            else self.world.remember()
        )
        instant = None if hours is None else EPOCH + timedelta(hours=hours)
        at = instant.date() if instant is not None and day else instant
        if at is None and moment is None:
            moment = self.world.remember()
        found = self.world.known(account)
        figures = self.world.read(found, at, moment)
        return multiple() if moment is None else multiple((found.id, at, moment, figures))

    @rule(reading=readings)
    def read_again(self, reading: Any) -> None:
        account, at, moment, figures = reading
        self.world.read_again(self.world.book.accounts[account], at, moment, figures)

    @rule(account=st.sampled_from(("cash", "fees")), amount=st.integers(1, 20))
    def read_what_came_late(self, account: str, amount: int) -> None:
        """The tenant's clock is ahead of the real one: what lies behind that was effective years ago."""
        self.posted([self.posting("", [("cash", "fees", amount, "USD")], hour_of(LONG_AGO))], "single")
        self.read(account, hour_of(LONG_AGO) + 1, False, None)
