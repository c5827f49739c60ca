"""How a page, or a part of one, is made for a desk; the tenant's own clock, by which it tells times and days."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from fastapi.responses import HTMLResponse

from headgate import alerts, payments
from headgate.console.acts import Forms
from headgate.console.desk import Desk
from headgate.console.render import HEADERS, day_in, fragment, page
from headgate.core.db import Tx


class Clock(NamedTuple):
    """The zone in which a tenant's times are written, and its own time."""

    zone: str
    now: datetime

    @property
    def today(self) -> date:
        """The tenant's own day."""
        return day_in(self.now, self.zone)


def clock(tx: Tx) -> Clock:
    """The tenant's clock as it stands."""
    return Clock(payments.time_zone(tx), tx.now())


def today(tx: Tx) -> date:
    """The tenant's own day."""
    return clock(tx).today


def waiting(tx: Tx) -> dict[str, int]:
    """What waits for a person, by the label of its page: every page's navigation shows it."""
    return {"Gate": payments.count_held(tx), "Notifications": alerts.count_unread(tx)}


def whole(
    desk: Desk, template: str, clock: Clock, *, label: str, path: str, title: str | None = None, **words: object
) -> HTMLResponse:
    """A whole page: `label` is its name in the navigation, `path` where it lies under the tenant, `words` its own."""
    return page(
        template,
        title=title or label,
        here=label,
        here_path=path,
        seat=desk.seat,
        seats=desk.seats,
        acts=Forms(desk),
        zone=clock.zone,
        now=clock.now,
        **words,
    )


def part(desk: Desk, template: str, clock: Clock, **words: object) -> HTMLResponse:
    """A part of a page alone, for the script to put in its place."""
    text = fragment(
        template, seat=desk.seat, base=desk.seat.address, acts=Forms(desk), zone=clock.zone, now=clock.now, **words
    )
    return HTMLResponse(text, headers=HEADERS)
