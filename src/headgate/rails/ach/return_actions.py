"""What follows from a return, group of codes by group, and the days within which banks may send, dishonor and contest one.

`reverse`: the money is taken back, as with every return. `hold` keeps the account or the payee from being paid until a
person decides. `dispute` is a case with evidence and a deadline. `retry` presents a debit again (representing.py).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal, cast

from headgate.rails.ach.calendar import add_banking_days
from headgate.rails.ach.return_codes import return_codes

ReturnAction = Literal["reverse", "hold", "dispute", "retry"]
DISHONOR_BANKING_DAYS = 5
CONTEST_BANKING_DAYS = 2
_CONSUMER_DAYS = 60
_NEXT_FILE_BANKING_DAYS = 2


@dataclass(frozen=True, slots=True)
class ReturnGroup:
    """What is done by default with the codes of a category.

    `hold_scope` and `hold_reason` say what a hold blocks; `retry_needs` what a person needs to pay it again.
    """

    category: str
    action: ReturnAction
    severity: Literal["medium", "high"]
    hold_scope: Literal["account", "party"]
    hold_reason: str
    retry_needs: Literal["", "other_account", "approval"]


@lru_cache(maxsize=1)
def return_groups() -> Mapping[str, ReturnGroup]:
    """The groups of codes that return an entry, by category."""
    text = files("headgate.rails.ach").joinpath("return_actions.csv").read_text(encoding="utf-8")
    found = {}
    for row in csv.DictReader(io.StringIO(text, newline="")):
        scope, _, reason = row["hold"].partition(":")
        found[row["category"]] = ReturnGroup(
            category=row["category"],
            action=cast(ReturnAction, row["action"]),
            severity=cast(Literal["medium", "high"], row["severity"]),
            hold_scope=cast(Literal["account", "party"], scope),
            hold_reason=reason,
            retry_needs=cast(Literal["", "other_account", "approval"], row["retry_needs"]),
        )
    return MappingProxyType(found)


def group_of(code: str) -> ReturnGroup:
    """The group of a code that returns an entry. Raises KeyError for one that disputes a return, or is unknown."""
    return return_groups()[return_codes()[code].category]


def latest_return(code: str, *, settled_on: date) -> date | None:
    """The last day on which a return with this code may settle; None where its code sets no time (rails.md §1.4)."""
    timeframe = return_codes()[code].timeframe
    if timeframe.isdigit():
        return add_banking_days(settled_on, int(timeframe))
    if timeframe == "60cal":
        return add_banking_days(settled_on + timedelta(days=_CONSUMER_DAYS), 1)
    return add_banking_days(settled_on, _NEXT_FILE_BANKING_DAYS) if timeframe == "next_file" else None


def dishonor_until(return_settled_on: date) -> date:
    """The last day on which the originator's bank may dishonor a return."""
    return add_banking_days(return_settled_on, DISHONOR_BANKING_DAYS)


def contest_until(dishonor_settled_on: date) -> date:
    """The last day on which the receiving bank may contest a dishonored return."""
    return add_banking_days(dishonor_settled_on, CONTEST_BANKING_DAYS)
