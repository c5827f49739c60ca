"""Waterfalls, one file each: the order in which a payment meets what a loan owes.

A file defines `WATERFALL`, whose function is pure: (situation, amount, date, rule) → lines over the dues. What is beyond
them is done here, the same for all: buckets that the rule does not allow are hidden from the waterfall; what it leaves
pays in advance where the rule says so and nothing due is open; the rest lies in suspense. What comes out is checked before
it is believed: it adds up to the amount, no line is negative, none pays more than is open.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache

from headgate.core.registry import discover
from headgate.servicing.errors import UnknownWaterfall, WaterfallBroken
from headgate.servicing.model import BUCKETS, Due, Instruction, Line, Rule, Situation
from headgate.servicing.waterfalls._steps import Waterfall, left_of


@cache
def waterfalls() -> Mapping[str, Waterfall]:
    """Every waterfall by its name."""
    return discover(__name__, kind=Waterfall, attribute="WATERFALL")


def allocate(
    situation: Situation, amount: int, on: date, rule: Rule, instruction: Instruction = "regular"
) -> list[Line]:
    """Divide an amount that was received on a day: over the dues, in advance, and what is left into suspense.

    Raises UnknownWaterfall, WaterfallBroken.
    """
    try:
        chosen = waterfalls()[rule.waterfall]
    except KeyError:
        raise UnknownWaterfall(f"there is no waterfall '{rule.waterfall[:60]}'", known=sorted(waterfalls())) from None
    seen = _allowed(situation, rule)
    lines = chosen.allocate(seen, amount, on, rule)
    left = left_of(amount, lines)
    if left > 0 and not (rest := _after(seen, lines)).due_by(on):
        lines = [*lines, *_in_advance(chosen, rest, left, rule, instruction)]
        left = left_of(amount, lines)
    if left > 0:
        lines = [*lines, Line("suspense", None, left)]
    _check(seen, amount, lines, rule.waterfall)
    return lines


def _in_advance(chosen: Waterfall, rest: Situation, left: int, rule: Rule, instruction: Instruction) -> list[Line]:
    """What is done with money when nothing due is open."""
    way = "last" if instruction == "principal_only" else rule.in_advance
    lines: list[Line] = []
    if way == "next":
        for due in rest.in_turn():
            alone = Situation(rest.state, (due,), rest.petition_on)
            more = chosen.allocate(alone, left, due.due_on, rule)
            lines += more
            left = left_of(left, more)
            if left == 0 or left_of(due.open_minor, more) > 0:
                break
    elif way == "last":
        for due in reversed(rest.dues):
            taken = min(due.principal, left)
            if taken > 0:
                lines.append(Line("principal", due.number, taken))
                left -= taken
    return lines


def _allowed(situation: Situation, rule: Rule) -> Situation:
    if rule.allows_all:
        return situation
    hidden = dict.fromkeys((bucket for bucket in BUCKETS if not rule.allows(bucket)), 0)
    return situation.of(due.with_open(hidden) for due in situation.known)


def _after(situation: Situation, lines: list[Line]) -> Situation:
    """What is open when lines were paid."""
    paid: dict[int | None, dict[str, int]] = {}
    for line in lines:
        places = paid.setdefault(line.number, {})
        places[line.place] = places.get(line.place, 0) + line.amount_minor
    return situation.of(_less(due, paid) for due in situation.known)


def _less(due: Due, paid: Mapping[int | None, Mapping[str, int]]) -> Due:
    if due.number not in paid:
        return due
    return due.with_open({bucket: due.of(bucket) - paid[due.number].get(bucket, 0) for bucket in BUCKETS})


def _check(situation: Situation, amount: int, lines: list[Line], name: str) -> None:
    named = {line.number for line in lines}
    open_of = {
        (due.number, bucket): due.of(bucket) for due in situation.known if due.number in named for bucket in BUCKETS
    }
    for line in lines:
        if line.amount_minor <= 0:
            raise WaterfallBroken(f"waterfall {name} made a line of {line.amount_minor}")
        if line.place == "suspense":
            continue
        where = (line.number, line.place)
        open_of[where] = open_of.get(where, 0) - line.amount_minor  # type: ignore[index,arg-type]
        if open_of[where] < 0:  # type: ignore[index]
            raise WaterfallBroken(f"waterfall {name} pays more {line.place} of due {line.number} than is open")
    if left_of(amount, lines) != 0:
        raise WaterfallBroken(f"waterfall {name} made {amount - left_of(amount, lines)} of {amount}")
