"""What has become of a wire, a drawdown request or a recall: the state is a function of the set of what was heard.

So the order in which answers arrive, and how often, changes nothing; and what was heard late never undoes what is known.
The vocabulary is states.csv: a state stands where all events of its `when` were heard (`a+b`), the highest rank first.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal

Thing = Literal["outbound", "inbound", "drawdown", "recall"]


@dataclass(frozen=True, slots=True)
class WireState:
    """A state, what it means, and what may be done in it: send, ask (pacs.028), recall, answer, or nothing."""

    state: str
    rank: int
    when: frozenset[str]
    is_final: bool
    may: str
    meaning: str


@cache
def states() -> Mapping[str, tuple[WireState, ...]]:
    """The states of each thing, the highest rank first."""
    text = files(__package__).joinpath("states.csv").read_text("utf-8")
    found: dict[str, list[WireState]] = {}
    for row in csv.DictReader(text.splitlines()):
        found.setdefault(row["object"], []).append(
            WireState(
                state=row["state"],
                rank=int(row["rank"]),
                when=frozenset(filter(None, row["when"].split("+"))),
                is_final=row["is_final"] == "yes",
                may=row["may"],
                meaning=row["meaning"],
            )
        )
    return MappingProxyType({thing: tuple(sorted(of, key=lambda state: -state.rank)) for thing, of in found.items()})


def events_of(thing: Thing) -> frozenset[str]:
    """What can be heard of it."""
    return frozenset(event for state in states()[thing] for event in state.when)


def state_of(thing: Thing, heard: Iterable[str]) -> WireState:
    """Where it stands after all that was heard. Raises ValueError for what cannot be heard of it, or for nothing at all."""
    events = frozenset(heard)
    unknown = sorted(events - events_of(thing))
    if unknown:
        raise ValueError(
            f"{unknown[0]!r} cannot be heard of {thing}; what can is {', '.join(sorted(events_of(thing)))}"
        )
    for state in states()[thing]:
        if state.when <= events:
            return state
    raise ValueError(f"nothing was heard of {thing}")
