"""Nothing is applied: the money waits for a person. For states in which no rule may decide."""

from __future__ import annotations

from datetime import date

from headgate.servicing.model import Line, Rule, Situation
from headgate.servicing.waterfalls._steps import Waterfall


def allocate(situation: Situation, amount: int, on: date, rule: Rule) -> list[Line]:
    """No line: all of it is left."""
    return []


WATERFALL = Waterfall("Suspense only", allocate)
