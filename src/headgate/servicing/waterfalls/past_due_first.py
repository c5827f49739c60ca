"""Bucket by bucket over all that is past due, then bucket by bucket over what falls due today."""

from __future__ import annotations

from datetime import date

from headgate.servicing.model import Bucket, Line, Rule, Situation
from headgate.servicing.waterfalls._steps import Waterfall, across, left_of

ORDER: tuple[Bucket, ...] = ("fees", "interest", "principal", "escrow")


def allocate(situation: Situation, amount: int, on: date, rule: Rule) -> list[Line]:
    """Past due first; in each of the two, fees of all, then interest of all, and so on."""
    due = situation.due_by(on)
    lines = across([one for one in due if one.due_on < on], ORDER, amount)
    return lines + across([one for one in due if one.due_on == on], ORDER, left_of(amount, lines))


WATERFALL = Waterfall("Past due, then due: fees → interest → principal → escrow in each", allocate)
