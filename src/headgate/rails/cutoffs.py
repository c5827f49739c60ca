"""When an order must be there, and on which days it counts: pure, from a bank's terms and an instant.

    schedule = cutoffs.schedule_of(banks.of_routing("990000013"), "ach")
    cutoffs.next_opening(schedule, now)                                   # the window that is still open
    cutoffs.date_entry(schedule, now, wanted_on=payday, direction="credit", amount=amount)

There are two times: the bank's *deadline*, and our *close*, which comes before it by the profile's
`closes_before_minutes`. Deadlines are wall times in the bank's zone: on the days when clocks change too, a deadline is
the first instant of its day at which a clock on the bank's wall shows that time or a later one. Days are the Federal
Reserve's (ach/calendar.py), less those on which the bank itself is closed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from headgate.core.money import Money
from headgate.rails.ach.calendar import (
    add_banking_days,
    banking_day_on_or_after,
    banking_day_on_or_before,
    is_banking_day,
)
from headgate.rails.banks import Limit, Profile, Window, limit_on, terms
from headgate.rails.banks.sections import raw
from headgate.rails.banks.values import END_OF_DAY
from headgate.rails.errors import NoWindow

LOOK_AHEAD_DAYS = 60
"""No bank is closed for so long: where no window opens by then, none does."""

Speed = Literal["same_day", "next_day"]


@dataclass(frozen=True, slots=True)
class Schedule:
    """A rail of a bank in time. Without windows it is open at every instant, as instant rails are."""

    zone: ZoneInfo
    windows: tuple[Window, ...]
    limits: tuple[Limit, ...] = ()
    closes_before: timedelta = timedelta(0)
    closed_on: frozenset[date] = frozenset()
    credit_days_ahead: int = 0
    debit_days_ahead: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Opening:
    """One window of one day. What is handed over by `closes_at` makes the bank's deadline; instants are in UTC."""

    deadline_at: datetime
    closes_at: datetime
    day: date
    settles_on: date
    settles_at: datetime
    window: Window = field(compare=False)


@dataclass(frozen=True, slots=True)
class Dating:
    """Which window an entry makes, and on which days it counts.

    `effective_on` stands in the batch header. The entry is not to be handed over before the day of its opening, since
    the bank takes no entry so far ahead. `is_late`: it cannot settle on the day that was wanted.
    """

    opening: Opening
    effective_on: date
    settles_at: datetime
    is_late: bool


def schedule_of(profile: Profile, rail: str) -> Schedule:
    """The schedule of a bank's rail. Raises RailNotOffered, NotEntered naming the key that is to be entered."""
    found = terms(profile, rail)
    limits = raw(found, "limits")
    return Schedule(
        zone=profile.identity.time_zone,
        windows=found.windows,
        # Only a question about an amount needs the limits: times are known without.
        limits=limits if isinstance(limits, tuple) else (),
        closes_before=timedelta(minutes=found.closes_before_minutes),
        closed_on=frozenset(profile.calendar.also_closed),
        credit_days_ahead=getattr(found, "credit_days_ahead", 0),
        debit_days_ahead=getattr(found, "debit_days_ahead", 0),
    )


def openings(schedule: Schedule, at: datetime) -> Iterator[Opening]:
    """The windows that are not closed at this instant, the next first, for as long as there are any."""
    # A window that ends its day at 24:00 belongs to the day before the one that begins then.
    first = at.astimezone(schedule.zone).date() - timedelta(days=1)
    for number in range(LOOK_AHEAD_DAYS):
        day = first + timedelta(days=number)
        if not is_banking_day(day) or day in schedule.closed_on:
            continue
        for opening in sorted(_opening(schedule, window, day) for window in _in_force(schedule.windows, day)):
            if opening.closes_at >= at:
                yield opening


def next_opening(schedule: Schedule, at: datetime, *, speed: Speed | None = None, from_day: date = date.min) -> Opening:
    """The first window, of that speed where one is named, that what is handed over now still makes. Raises NoWindow."""
    begin = at if from_day == date.min else max(at, instant_of(from_day, time(0), schedule.zone))
    for opening in openings(schedule, begin):
        if speed in (None, opening.window.speed) and opening.day >= from_day:
            return opening
    kind = f"{speed} window" if speed else "window"
    raise NoWindow(f"no {kind} opens within {LOOK_AHEAD_DAYS} days; write the bank's windows into its profile")


def last_opening(schedule: Schedule, *, settles_on: date, speed: Speed | None = None) -> Opening:
    """The last window, of that speed where one is named, by which an entry still settles on that day. Raises NoWindow."""
    for number in range(LOOK_AHEAD_DAYS):
        day = settles_on - timedelta(days=number)
        if not is_banking_day(day) or day in schedule.closed_on:
            continue
        for opening in sorted(
            (_opening(schedule, window, day) for window in _in_force(schedule.windows, day)), reverse=True
        ):
            if speed in (None, opening.window.speed) and opening.settles_on <= settles_on:
                return opening
    kind = f"{speed} window" if speed else "window"
    raise NoWindow(f"no {kind} of the bank settles by {settles_on}; write the bank's windows into its profile")


def date_entry(
    schedule: Schedule,
    at: datetime,
    *,
    wanted_on: date,
    direction: Literal["credit", "debit"],
    amount: Money,
    may_be_same_day: bool = True,
) -> Dating:
    """The window that an entry makes from this instant on, its effective entry date, and when it settles.

    A credit that is wanted on a closed day is due on the banking day before it, a debit on the one after: nobody is
    paid late or debited early. Same-day is taken only where the next day would be too late and the amount is within
    the limit of that speed. Raises NoWindow, DayBeyondCalendar.
    """
    target = banking_day_on_or_before(wanted_on) if direction == "credit" else banking_day_on_or_after(wanted_on)
    ahead = schedule.credit_days_ahead if direction == "credit" else schedule.debit_days_ahead
    not_before = add_banking_days(target, -ahead) if ahead else target
    chosen = next_opening(schedule, at, speed="next_day", from_day=not_before)
    if chosen.settles_on > target and may_be_same_day:
        sooner = _same_day(schedule, at, amount)
        chosen = sooner if sooner and sooner.settles_on < chosen.settles_on else chosen
    effective_on = max(target, chosen.settles_on)
    return Dating(
        opening=chosen,
        effective_on=effective_on,
        settles_at=instant_of(effective_on, chosen.window.settles_at, schedule.zone),
        is_late=effective_on > target,
    )


def settlement_on(opening: Opening, effective_on: date) -> date:
    """The day on which the operator settles an entry: its effective date, but no day that is closed or has passed."""
    return max(banking_day_on_or_after(effective_on), opening.settles_on)


def instant_of(day: date, wall: time, zone: ZoneInfo) -> datetime:
    """The first instant of a day, in UTC, at which a clock in the zone shows that time or a later one.

    Where clocks go forward past it, that is the instant at which they do; where they go back, the first of the two.
    """
    if wall == END_OF_DAY:
        return instant_of(day + timedelta(days=1), time(0), zone)
    shown = datetime.combine(day, wall, zone)
    late, early = shown.astimezone(UTC), shown.replace(fold=1).astimezone(UTC)
    if late.astimezone(zone).replace(tzinfo=None) == shown.replace(tzinfo=None):
        return late
    # The time is skipped: `early` is before the change and `late` after it.
    while late - early > timedelta(seconds=1):
        middle = (early + (late - early) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == early.astimezone(zone).utcoffset():
            early = middle
        else:
            late = middle
    return late


def _opening(schedule: Schedule, window: Window, day: date) -> Opening:
    deadline_at = instant_of(day, window.deadline, schedule.zone)
    settles_on = add_banking_days(day, window.settles_after_days)
    return Opening(
        deadline_at=deadline_at,
        closes_at=deadline_at - schedule.closes_before,
        day=day,
        settles_on=settles_on,
        settles_at=instant_of(settles_on, window.settles_at, schedule.zone),
        window=window,
    )


def _in_force(windows: Sequence[Window], day: date) -> list[Window]:
    return [
        window
        for window in windows
        if (window.since is None or window.since <= day) and (window.until is None or day <= window.until)
    ]


def _same_day(schedule: Schedule, at: datetime, amount: Money) -> Opening | None:
    """The next same-day window that takes this amount; none where its limit is lower, or unknown."""
    for opening in openings(schedule, at):
        if opening.window.speed != "same_day":
            continue
        limit = limit_on(schedule.limits, opening.day, speed="same_day")
        if limit and limit.entry_max and amount.minor <= limit.entry_max.minor:
            return opening
        return None
    return None
