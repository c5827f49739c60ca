"""Reversals: only for a mistake of the originator's own, and only so soon that they reach the bank within five banking days.

An erroneous entry is reversed where it was a duplicate, of a wrong amount, for a wrong receiver, a debit before its day, a
credit after its day, or pay that a separation took away; the reversal settles by the fifth banking day after the entry's
settlement. That funding failed is no reason (rails.md §1.4). Even then the receiver's bank may refuse it (R11, R17): the
money is back when it has settled and its own return window has passed, and not before.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from headgate.rails.ach.calendar import add_banking_days, is_banking_day

REASONS: Final = (
    "duplicate",
    "wrong_amount",
    "wrong_receiver",
    "debit_too_early",
    "credit_too_late",
    "separation_pay",
)
WITHIN_BANKING_DAYS: Final = 5


def may_be_reversed(*, reason: str, is_debit: bool, settled_on: date, on: date) -> tuple[str, ...]:
    """Why an entry that settled is not reversed for that day, in words; nothing where it may be."""
    found = []
    if reason not in REASONS:
        found.append(
            f"'{reason[:40]}' is no reason to reverse, and neither is funding that failed: {', '.join(REASONS)}"
        )
    if reason in ("credit_too_late", "separation_pay") and is_debit:
        found.append(f"{reason} is a reason to reverse a credit alone")
    if reason == "debit_too_early" and not is_debit:
        found.append("debit_too_early is a reason to reverse a debit alone")
    if not is_banking_day(on):
        found.append(f"{on} is no banking day: nothing settles on it")
    last = add_banking_days(settled_on, WITHIN_BANKING_DAYS)
    if not settled_on <= on <= last:
        found.append(
            f"it would settle on {on}, and {last} is the last of the {WITHIN_BANKING_DAYS} banking days it has"
        )
    return tuple(found)
