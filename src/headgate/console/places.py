"""The places of a tenant's banks: where files are handed over and fetched, whether we get in, and what waits."""

from __future__ import annotations

from typing import Final, NamedTuple

from fastapi.responses import HTMLResponse

from headgate import payments
from headgate.console import pages
from headgate.console.desk import Desk


class State(NamedTuple):
    """How a place stands: a status with its badge, and what that means."""

    status: str
    text: str


_STATES: Final = {
    "folder": State("folder", "a folder of this machine, from which the bank or a program takes its files"),
    "no_key": State("no_key_trusted", "every connection is refused until one of the server's host keys is trusted"),
    "untried": State("not_tried", "nobody has tried it since it was set"),
    "well": State("reached", "we got in, and all folders are there"),
    "unwell": State("not_reached", "we did not get in, or not into every folder"),
}


def all_places(desk: Desk) -> HTMLResponse:
    """All places, each with its facts, its last try and what can be done."""
    with desk.begin("payments.read") as tx:
        found = payments.place_standings(tx)
        last_round = payments.last_round(tx)
        clock, counts = pages.clock(tx), pages.waiting(tx)
    places = [(one, state_of(one)) for one in found]
    return pages.whole(
        desk,
        "places.html",
        clock,
        label="Places",
        path="/places",
        counts=counts,
        places=places,
        last_round=last_round,
    )


def state_of(one: payments.PlaceStanding) -> State:
    """How a place stands, by what is known of it."""
    if one.place is None:
        return _STATES["folder"]
    if not one.fingerprints:
        return _STATES["no_key"]
    if one.last_try is None:
        return _STATES["untried"]
    return _STATES["well" if one.last_try.is_ok else "unwell"]
