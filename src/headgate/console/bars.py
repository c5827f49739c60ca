"""Bars to scale from zero, one line each: a label, what there is (drawn by how sure it is), and its figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from headgate.core.money import Money

Depth = Literal["sure", "need", "reserved", "unsure", "asked", "missing"]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bar. Sure money is deep, unsure money dashed, money that was only asked for dotted, missing money hatched."""

    depth: Depth
    amount: Money


@dataclass(frozen=True, slots=True)
class Bar:
    """One line. `figure` is the amount it is about, `note` the words under it, `link` leads to its rows."""

    label: str
    parts: tuple[Part, ...]
    figure: Money
    note: str = ""
    link: str | None = None
    is_now: bool = False
    is_short: bool = False


class Drawn(NamedTuple):
    """A bar with the width of each part in per cent of the plot."""

    bar: Bar
    widths: tuple[tuple[Depth, float], ...]


def to_scale(bars: Sequence[Bar]) -> list[Drawn]:
    """All bars on one scale from zero: the longest fills the plot. What is below zero has no length."""
    longest = max((sum(max(0, part.amount.minor) for part in bar.parts) for bar in bars), default=0)
    return [
        Drawn(
            bar,
            tuple(
                (part.depth, 100 * part.amount.minor / longest)
                for part in bar.parts
                if longest and part.amount.minor > 0
            ),
        )
        for bar in bars
    ]
