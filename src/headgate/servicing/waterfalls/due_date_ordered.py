"""The oldest instalment whole, through all its buckets, then the next."""

from __future__ import annotations

from datetime import date

from headgate.servicing.model import Line, Rule, Situation
from headgate.servicing.waterfalls._steps import Waterfall, along


def allocate(situation: Situation, amount: int, on: date, rule: Rule) -> list[Line]:
    """Due by due, the oldest first."""
    return along(situation.due_by(on), ("fees", "interest", "principal", "escrow"), amount)


WATERFALL = Waterfall("The oldest instalment first: fees → interest → principal → escrow of each", allocate)
