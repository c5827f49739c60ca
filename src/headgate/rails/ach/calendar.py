"""The banking days of the Federal Reserve, on which ACH entries settle (rails.md §1.2).

A holiday on a Sunday closes the Monday after it. A holiday on a Saturday closes nothing: the Reserve Banks are open on
the Friday before, which general calendars get wrong.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from headgate.rails.errors import DayBeyondCalendar

YEARS: Final = range(1914, 9999)
"""The Reserve Banks opened in November 1914; a day after the last year has none that follows it."""

_FIXED = ((1, 1, 1), (6, 19, 2022), (7, 4, 1), (11, 11, 1), (12, 25, 1))
"""Month, day and the first year: Juneteenth is kept since 2022 by the Reserve Banks."""

_NTH_WEEKDAY = ((1, 3, 0), (2, 3, 0), (5, -1, 0), (9, 1, 0), (10, 2, 0), (11, 4, 3))
"""Month, which one (−1 is the last) and the weekday: King, Presidents, Memorial, Labor, Columbus, Thanksgiving."""


@lru_cache(maxsize=256)
def holidays(year: int) -> frozenset[date]:
    """The days from Monday to Friday on which the Reserve Banks are closed in a year."""
    days = {_nth_weekday(year, month, nth, weekday) for month, nth, weekday in _NTH_WEEKDAY}
    for month, day, since in _FIXED:
        if year >= since:
            kept = date(year, month, day)
            days.add(kept + timedelta(days=1) if kept.weekday() == 6 else kept)
    return frozenset(day for day in days if day.weekday() < 5)


def is_banking_day(day: date) -> bool:
    """Whether the Reserve Banks settle on this day. Raises DayBeyondCalendar."""
    _check(day)
    return day.weekday() < 5 and day not in holidays(day.year)


def banking_day_on_or_after(day: date) -> date:
    while not is_banking_day(day):
        day += timedelta(days=1)
    return day


def banking_day_on_or_before(day: date) -> date:
    """A payday on a closed day is paid on the banking day before it."""
    while not is_banking_day(day):
        day -= timedelta(days=1)
    return day


def add_banking_days(day: date, count: int) -> date:
    """The banking day that many banking days later (or earlier, where negative); 0 gives the day itself or the next."""
    if count == 0:
        return banking_day_on_or_after(day)
    _check(day)
    step = timedelta(days=1 if count > 0 else -1)
    for _ in range(abs(count)):
        day += step
        while not is_banking_day(day):
            day += step
    return day


def _check(day: date) -> None:
    if day.year not in YEARS:
        raise DayBeyondCalendar(
            f"{day} is beyond the calendar of the Reserve Banks: give a day of the years {YEARS[0]} to {YEARS[-1]}"
        )


def _nth_weekday(year: int, month: int, nth: int, weekday: int) -> date:
    if nth > 0:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))
    last = date(year, month + 1, 1) - timedelta(days=1)
    return last - timedelta(days=(last.weekday() - weekday) % 7)
