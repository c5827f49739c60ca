"""In bankruptcy what fell due since the petition is paid as it falls due; nothing goes to older debts or to fees.

What is owed from before the petition is the plan's to say: money beyond the dues since then waits in suspense.
"""

from __future__ import annotations

from datetime import date

from headgate.servicing.model import PERIODIC, Line, Rule, Situation
from headgate.servicing.waterfalls._steps import Waterfall, along


def allocate(situation: Situation, amount: int, on: date, rule: Rule) -> list[Line]:
    """The dues since the petition, the oldest first."""
    since = situation.petition_on or on
    return along([due for due in situation.due_by(on) if due.due_on >= since], PERIODIC, amount)


WATERFALL = Waterfall("Dues since the petition: interest → principal → escrow; the rest waits", allocate)
