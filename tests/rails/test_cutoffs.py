"""Cutoffs, windows and effective dates, on ordinary days, over holidays, and on the days when clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.make import usd

from headgate.rails import banks, cutoffs, is_banking_day
from headgate.rails.banks import Limit, Window
from headgate.rails.cutoffs import Schedule
from headgate.rails.errors import NotEntered, NoWindow, RailNotOffered

pytestmark = pytest.mark.slow

NEW_YORK, CHICAGO = ZoneInfo("America/New_York"), ZoneInfo("America/Chicago")
GENERIC = cutoffs.schedule_of(banks.get("generic_odfi"), "ach")


def is_entered(profile: banks.Profile, rail: str) -> bool:
    """Whether the rail's times are known: what is to be entered cannot be tried."""
    try:
        return bool(cutoffs.schedule_of(profile, rail).windows)
    except (NotEntered, RailNotOffered):
        return False


KNOWN = [
    cutoffs.schedule_of(profile, rail)
    for profile in banks.profiles().values()
    for rail in ("ach", "wire", "drawdown")
    if is_entered(profile, rail)
]
MONDAY = date(2026, 11, 30)


def at(text: str, zone: ZoneInfo = NEW_YORK) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


instants = st.datetimes(datetime(2025, 1, 1), datetime(2029, 12, 31), timezones=st.just(UTC))
schedules = st.sampled_from(KNOWN)


@pytest.mark.parametrize(
    ("now", "window", "day"),
    [
        ("2026-11-30 09:45", "same_day_1", MONDAY),
        ("2026-11-30 09:45:01", "same_day_2", MONDAY),
        ("2026-11-30 16:00", "same_day_3", MONDAY),
        ("2026-11-30 16:00:01", "next_day", MONDAY),
        ("2026-11-30 19:45", "next_day", MONDAY),
        ("2026-11-30 19:45:01", "same_day_1", date(2026, 12, 1)),
        ("2026-12-24 20:00", "same_day_1", date(2026, 12, 28)),  # Christmas is a Friday
        ("2026-11-28 12:00", "same_day_1", MONDAY),  # a Saturday
        ("2026-07-02 20:00", "same_day_1", date(2026, 7, 3)),  # the fourth is a Saturday: the Friday is open
        ("2027-07-02 20:00", "same_day_1", date(2027, 7, 6)),  # the fourth is a Sunday: the Monday is closed
    ],
)
def test_what_comes_by_our_close_makes_the_window(now: str, window: str, day: date) -> None:
    opening = cutoffs.next_opening(GENERIC, at(now))

    assert (opening.window.name, opening.day) == (window, day)
    assert opening.deadline_at - opening.closes_at == timedelta(minutes=15)


@pytest.mark.parametrize(
    ("day", "deadline"),
    [
        ("2026-03-06", "2026-03-07T01:00:00+00:00"),  # 20:00 at five hours
        ("2026-03-09", "2026-03-10T00:00:00+00:00"),  # clocks went forward on the Sunday between
        ("2026-10-30", "2026-10-31T00:00:00+00:00"),
        ("2026-11-02", "2026-11-03T01:00:00+00:00"),  # and back
    ],
)
def test_a_deadline_is_a_wall_time_before_and_after_the_clocks_change(day: str, deadline: str) -> None:
    opening = cutoffs.next_opening(GENERIC, at(f"{day} 17:00"))

    assert opening.window.name == "next_day"
    assert opening.deadline_at == datetime.fromisoformat(deadline)


@pytest.mark.parametrize(
    ("day", "wall", "instant"),
    [
        ("2026-03-08", "01:59", "2026-03-08T06:59:00+00:00"),
        ("2026-03-08", "02:00", "2026-03-08T07:00:00+00:00"),
        ("2026-03-08", "02:15", "2026-03-08T07:00:00+00:00"),  # never shown: the clock goes from 01:59 to 03:00
        ("2026-03-08", "03:00", "2026-03-08T07:00:00+00:00"),
        ("2026-11-01", "01:30", "2026-11-01T05:30:00+00:00"),  # shown twice: the first
        ("2026-11-01", "02:15", "2026-11-01T07:15:00+00:00"),
        ("2026-11-30", "24:00", "2026-12-01T05:00:00+00:00"),
    ],
)
def test_a_wall_time_that_is_skipped_or_comes_twice(day: str, wall: str, instant: str) -> None:
    assert cutoffs.instant_of(
        date.fromisoformat(day), banks.values.wall_time(wall), NEW_YORK
    ) == datetime.fromisoformat(instant)


@given(
    st.dates(date(2020, 1, 1), date(2030, 12, 31)),
    st.times(),
    st.sampled_from(["America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Gaza"]),
)
def test_it_is_the_first_instant_at_which_the_clock_shows_it(day: date, wall: time, name: str) -> None:
    zone, wall = ZoneInfo(name), wall.replace(microsecond=0)

    found = cutoffs.instant_of(day, wall, zone)

    def shows(instant: datetime) -> datetime:
        return instant.astimezone(zone).replace(tzinfo=None)

    asked = datetime.combine(day, wall)
    assert shows(found) >= asked
    assert shows(found - timedelta(seconds=1)) < asked
    assert shows(found) - asked <= timedelta(hours=1)


@given(schedules, instants)
def test_the_next_window_is_the_first_that_is_not_closed(schedule: Schedule, now: datetime) -> None:
    opening = cutoffs.next_opening(schedule, now)

    assert opening.closes_at >= now
    assert cutoffs.next_opening(schedule, opening.closes_at) == opening
    assert cutoffs.next_opening(schedule, opening.closes_at + timedelta(microseconds=1)) > opening
    before = cutoffs.openings(schedule, now - timedelta(days=8))
    assert all(other.closes_at < now for other in before_of(before, opening))


def before_of(openings: object, opening: cutoffs.Opening) -> list[cutoffs.Opening]:
    found = []
    for other in openings:  # type: ignore[attr-defined]
        if other == opening:
            return found
        found.append(other)
    raise AssertionError("the opening is not among them")


@given(schedules, instants)
def test_windows_come_in_order_on_banking_days_and_settle_after_their_deadline(
    schedule: Schedule, now: datetime
) -> None:
    found = list(islice(cutoffs.openings(schedule, now), 12))

    assert found == sorted(found) and len(set(found)) == 12
    for opening in found:
        assert is_banking_day(opening.day) and is_banking_day(opening.settles_on)
        assert now <= opening.closes_at <= opening.deadline_at < opening.settles_at


def late(hour: int, **more: date) -> Window:
    return Window(
        name="late", speed="next_day", deadline=time(hour), settles_after_days=1, settles_at=time(8, 30), **more
    )


amounts = st.sampled_from([usd("0.01"), usd("1000000.00"), usd("1000000.01")])
directions = st.sampled_from(["credit", "debit"])


@given(
    st.sampled_from([schedule for schedule in KNOWN if schedule.credit_days_ahead]),
    instants,
    st.integers(-3, 20),
    directions,
    amounts,
)
def test_an_effective_date_is_a_banking_day_that_the_window_can_keep(
    schedule: Schedule, now: datetime, days: int, direction: str, amount: object
) -> None:
    wanted = now.astimezone(schedule.zone).date() + timedelta(days=days)

    def dated(when: datetime, **more: bool) -> cutoffs.Dating:
        return cutoffs.date_entry(schedule, when, wanted_on=wanted, direction=direction, amount=amount, **more)  # type: ignore[arg-type]

    dating = dated(now)

    assert is_banking_day(dating.effective_on)
    assert dating.effective_on >= dating.opening.settles_on
    assert dating.opening.closes_at >= now
    assert cutoffs.settlement_on(dating.opening, dating.effective_on) == dating.effective_on
    assert dating.settles_at > dating.opening.deadline_at
    ahead = schedule.credit_days_ahead if direction == "credit" else schedule.debit_days_ahead
    assert dating.opening.day >= cutoffs.add_banking_days(dating.effective_on, -ahead)
    if direction == "debit":
        assert dating.effective_on >= wanted
    elif not dating.is_late:
        assert dating.effective_on <= wanted
    if dating.opening.window.speed == "same_day":
        assert amount != usd("1000000.01")
        assert dating.effective_on == dating.opening.day
    # Nothing is won by waiting, nor by forgoing same-day.
    assert dated(dating.opening.closes_at + timedelta(seconds=1)).effective_on >= dating.effective_on
    assert dated(now, may_be_same_day=False).effective_on >= dating.effective_on


@pytest.mark.parametrize(
    ("now", "wanted", "direction", "amount", "window", "effective", "late"),
    [
        # A payday three days off: it waits until the bank takes it, two banking days ahead.
        ("2026-11-30 12:00", "2026-12-04", "credit", "10.00", "next_day", "2026-12-04", False),
        ("2026-11-30 12:00", "2026-12-01", "credit", "10.00", "next_day", "2026-12-01", False),
        # Payday on a Sunday: paid on the Friday before.
        ("2026-11-30 12:00", "2026-12-06", "credit", "10.00", "next_day", "2026-12-04", False),
        # A debit on that Sunday is taken on the Monday after.
        ("2026-11-30 12:00", "2026-12-06", "debit", "10.00", "next_day", "2026-12-07", False),
        # Wanted today: same-day, while it lasts and fits.
        ("2026-11-30 12:00", "2026-11-30", "credit", "10.00", "same_day_2", "2026-11-30", False),
        ("2026-11-30 12:00", "2026-11-30", "credit", "1000000.00", "same_day_2", "2026-11-30", False),
        ("2026-11-30 12:00", "2026-11-30", "credit", "1000000.01", "next_day", "2026-12-01", True),
        ("2026-11-30 17:00", "2026-11-30", "credit", "10.00", "next_day", "2026-12-01", True),
        # Past the last cutoff of the eve: tomorrow's same-day saves the payday.
        ("2026-11-30 21:00", "2026-12-01", "credit", "10.00", "same_day_1", "2026-12-01", False),
        # Thanksgiving: what is wanted on it is paid on the Wednesday.
        ("2026-11-24 12:00", "2026-11-26", "credit", "10.00", "next_day", "2026-11-25", False),
    ],
)
def test_which_window_a_payday_makes(
    now: str, wanted: str, direction: str, amount: str, window: str, effective: str, late: bool
) -> None:
    dating = cutoffs.date_entry(
        GENERIC,
        at(now),
        wanted_on=date.fromisoformat(wanted),
        direction=direction,  # type: ignore[arg-type]
        amount=usd(amount),
    )

    assert (dating.opening.window.name, dating.effective_on, dating.is_late) == (
        window,
        date.fromisoformat(effective),
        late,
    )


def test_an_entry_is_not_handed_over_sooner_than_the_bank_takes_it() -> None:
    dating = cutoffs.date_entry(
        GENERIC, at("2026-11-30 12:00"), wanted_on=date(2026, 12, 11), direction="credit", amount=usd("1.00")
    )

    assert dating.opening.day == date(2026, 12, 9)
    assert dating.settles_at == at("2026-12-11 08:30")


def test_a_stale_or_closed_effective_date_settles_on_the_next_banking_day() -> None:
    opening = cutoffs.next_opening(GENERIC, at("2026-11-30 19:00"))

    assert cutoffs.settlement_on(opening, date(2026, 11, 20)) == date(2026, 12, 1)
    assert cutoffs.settlement_on(opening, date(2026, 12, 5)) == date(2026, 12, 7)


def test_a_limit_holds_from_its_day_and_its_own_speed_comes_first() -> None:
    limits = banks.terms(banks.get("generic_odfi"), "ach").limits
    both = Limit(since=date(2020, 1, 1), entry_max=usd("5.00"))
    days = (date(2021, 3, 18), date(2022, 3, 17), date(2022, 3, 18))

    found = [banks.limit_on(limits, day, speed="same_day") for day in days]

    assert [limit and limit.entry_max for limit in found] == [None, usd("100000.00"), usd("1000000.00")]
    assert banks.limit_on((both, *limits), MONDAY, speed="next_day") == both
    assert banks.limit_on((both, *limits), MONDAY, speed="same_day") == limits[-1]


def test_a_bank_that_is_closed_takes_nothing_but_the_network_settles() -> None:
    window = late(17)
    schedule = Schedule(CHICAGO, (window,), closed_on=frozenset({MONDAY, date(2026, 12, 1)}))

    opening = cutoffs.next_opening(schedule, at("2026-11-28 12:00", CHICAGO))

    assert (opening.day, opening.settles_on) == (date(2026, 12, 2), date(2026, 12, 3))


def test_windows_change_on_their_day() -> None:
    old = late(17, until=date(2026, 12, 1))
    new = late(19, since=date(2026, 12, 2))
    schedule = Schedule(CHICAGO, (new, old))

    found = [opening.deadline_at for opening in islice(cutoffs.openings(schedule, at("2026-12-01 08:00")), 2)]

    assert found == [at("2026-12-01 17:00", CHICAGO), at("2026-12-02 19:00", CHICAGO)]
    with pytest.raises(NoWindow, match="no next_day window opens within 60 days"):
        cutoffs.next_opening(Schedule(CHICAGO, (old,)), at("2026-12-02 08:00"), speed="next_day")


def test_what_is_to_be_entered_or_not_offered_is_named() -> None:
    with pytest.raises(NotEntered, match=r"amegy\.toml: ach\.windows is to be entered"):
        cutoffs.schedule_of(banks.get("amegy"), "ach")
    with pytest.raises(RailNotOffered, match="generic_odfi does not offer rtp; it offers ach, wire, book"):
        cutoffs.schedule_of(banks.get("generic_odfi"), "rtp")
