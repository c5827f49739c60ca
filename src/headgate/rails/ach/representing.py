"""Debits presented again: only what came back for want of funds, at most twice, within 180 days, and otherwise the same.

An entry that came back with R01 or R09 may be presented twice more within 180 days of the original's settlement, in a batch
of its own with the description RETRY PYMT, with the same company, receiver and amount (rails.md §1.4). A corrected account
or a new authorization makes a new entry and no representment. The table `funding.representments` holds the same whoever
writes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from headgate.rails.ach.return_codes import return_codes
from headgate.rails.contract import RailOrder

DESCRIPTION = "RETRY PYMT"
REPRESENTMENTS_MAX = 2
WITHIN_DAYS = 180


@dataclass(frozen=True, slots=True)
class Presented:
    """A debit that came back: how often its original was presented again already, and when the original settled."""

    code: str
    original_settled_on: date
    representments: int
    order: RailOrder


def may_be_presented_again(came_back: Presented, *, on: date) -> tuple[str, ...]:
    """Why a debit that came back is not presented again for that day, in words; nothing where it may be."""
    found = []
    code = return_codes().get(came_back.code)
    if code is None or not code.may_be_presented_again:
        found.append(f"{came_back.code} is never presented again; only R01 and R09 are")
    if came_back.order.direction != "debit":
        found.append("only a debit is presented again; a credit that came back is paid by a new entry")
    if came_back.representments >= REPRESENTMENTS_MAX:
        found.append(f"it was presented again {came_back.representments} times already; twice is the most")
    last = came_back.original_settled_on + timedelta(days=WITHIN_DAYS)
    if not came_back.original_settled_on < on <= last:
        found.append(
            f"it would settle on {on}, and {last} is the last of the {WITHIN_DAYS} days after the original did"
        )
    return tuple(found)


def presented_again(came_back: Presented, *, attempt_id: str, on: date) -> RailOrder:
    """The order that presents it again: the same company, receiver and amount, under RETRY PYMT and an attempt of its own.

    The caller has asked `may_be_presented_again`.
    """
    assert not may_be_presented_again(came_back, on=on), "the caller asks first"
    return replace(
        came_back.order,
        attempt_id=attempt_id,
        description=DESCRIPTION,
        effective_on=on,
        is_wages=False,
        trace_sequence=None,
    )
