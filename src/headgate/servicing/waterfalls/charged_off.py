"""A loan that was charged off is due as a whole: principal first, so that what is recovered lowers what was lost."""

from __future__ import annotations

from datetime import date

from headgate.servicing.model import Line, Rule, Situation
from headgate.servicing.waterfalls._steps import Waterfall, across


def allocate(situation: Situation, amount: int, on: date, rule: Rule) -> list[Line]:
    """All dues, whenever they fall due."""
    return across(situation.dues, ("principal", "interest", "fees", "escrow"), amount)


WATERFALL = Waterfall("The whole balance: principal → interest → fees → escrow", allocate)
