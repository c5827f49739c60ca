"""Sources: where evidence comes from, whether it comes, and what was wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from fastapi.responses import HTMLResponse

from headgate import ingestion
from headgate.console import pages
from headgate.console.desk import Desk
from headgate.console.render import age

BEHIND: Final = timedelta(minutes=5)
"""How long something may wait to be read before its source is behind."""
WAYS: Final = {
    "fetched": "fetched from where it lies",
    "webhook": "a provider sends it here, signed",
    "rates": "called for every day",
    "sent": "somebody sends or uploads it",
}


_ORDER: Final = ("failing", "behind", "unread", "faulty", "paused", "not_heard", "quiet", "well")
"""What needs a person stands first."""


class State(NamedTuple):
    """How a source fares: a status with its badge, and what that means."""

    status: str
    text: str


class Mark(NamedTuple):
    """An hour of the plot: where it stands, how high (per cent of the highest hour), and what it says."""

    x: int
    height: float
    came: int
    title: str


def all_sources(desk: Desk) -> HTMLResponse:
    """Every source, with what came by the hour and what can be done."""
    with desk.begin("ingestion.read") as tx:
        found, paused = ingestion.source_standings(tx), ingestion.source_pauses(tx)
        clock, counts = pages.clock(tx), pages.waiting(tx)
        now: datetime = tx.value("SELECT clock_timestamp()")
    sources = [(one, state_of(one, now, paused), plot(one, now, clock.zone)) for one in found]
    sources.sort(key=lambda source: _ORDER.index(source[1].status))
    return pages.whole(
        desk, "sources.html", clock, label="Sources", path="/sources", counts=counts, sources=sources, ways=WAYS,
        paused=paused,
        schemes=sorted(ingestion.all_schemes()),
    )  # fmt: skip


def state_of(
    one: ingestion.SourceStanding, now: datetime, paused: Mapping[str, ingestion.SourcePause] | None = None
) -> State:
    """How a source fares, by what it brought: the worst first."""
    for source in one.fetched:
        if source.breaker != "closed":
            rests = "is left alone for a moment" if source.breaker == "open" else "is tried once more"
            return State("failing", f"{source.name} {rests} after {source.failures:,} failures: {source.last_failure}")
        if source.failures:
            return State("failing", f"{source.name} failed {source.failures:,} times: {source.last_failure}")
        if source.gaps:
            return State("faulty", f"{source.name} passed over numbers that did not come yet, {source.gaps:,} times")
    if one.fetched and all(source.name in (paused or {}) for source in one.fetched):
        return State("paused", f"paused by a person: {(paused or {})[one.fetched[0].name].reason}")
    if one.last_try is not None and one.last_try.failure:
        return State("failing", f"the last try failed: {one.last_try.failure}")
    if one.oldest_unread_at is not None and now - one.oldest_unread_at > BEHIND:
        return State("behind", f"{one.unread:,} wait to be read, the oldest for {age(one.oldest_unread_at, now)}")
    if one.unreadable:
        return State("unread", f"{one.unreadable:,} of {one.count:,} in a day could not be read")
    if one.faults:
        return State("faulty", f"what came in a day holds {one.faults:,} {'fault' if one.faults == 1 else 'faults'}")
    if one.last_received_at is None:
        return State("not_heard", "nothing has come yet")
    if not one.count:
        return State("quiet", f"nothing came for {age(one.last_received_at, now)}")
    return State("well", "all that came was read")


def plot(one: ingestion.SourceStanding, now: datetime, zone: str) -> list[Mark]:
    """The hours as bars, the highest fills the plot."""
    highest = max([*one.hours, 1])
    hour = now.astimezone(ZoneInfo(zone)).replace(minute=0, second=0, microsecond=0)
    marks = []
    for n, count in enumerate(one.hours):
        at = hour - timedelta(hours=len(one.hours) - 1 - n)
        marks.append(Mark(n, 100 * count / highest, count, f"{at:%H:00}: {count:,}"))
    return marks
