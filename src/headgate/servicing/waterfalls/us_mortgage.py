"""The order of a US mortgage: full periodic payments, the oldest first, then late fees; a part payment waits in suspense.

Regulation Z, 1026.36(c)(1): a periodic payment (interest, principal and escrow of a cycle; late fees are not needed) is
credited as of the date of receipt; a part of one may be held, and must be applied to the oldest due when it has become
whole. Whoever pays two cycles and a half pays two, and half a cycle waits. Fees are taken from what no due waits for.
"""

from __future__ import annotations

from datetime import date

from headgate.servicing.model import PERIODIC, Line, Rule, Situation
from headgate.servicing.waterfalls._steps import Waterfall, across, along


def allocate(situation: Situation, amount: int, on: date, rule: Rule) -> list[Line]:
    """Whole periodic payments, due by due; where none is left open, the fees."""
    due = situation.due_by(on)
    lines: list[Line] = []
    for one in due:
        if one.periodic_minor > amount:
            return lines
        lines += along([one], PERIODIC, amount)
        amount -= one.periodic_minor
    return lines + across(due, ("fees",), amount)


WATERFALL = Waterfall("Full periodic payments: interest → principal → escrow; then late fees", allocate)
