"""Histories that are told and not drawn: one of each kind that a bug in funding or payments would spoil."""

from __future__ import annotations

from typing import Any

from tests.payments.model.machine import Histories

from headgate.core.db import Database

Step = tuple[str, dict[str, Any]]


def commit(client: int, *pays: int, days: int = 1, mode: str = "strict") -> Step:
    return "commit", {"client": client, "pays": list(pays), "days": days, "mode": mode, "dry": False}


def wire(client: int, amount: int) -> Step:
    return "wire", {"client": client, "amount": amount}


def scene(name: str, client: int, *pays: int, more: int = 0) -> Step:
    return name, {"client": client, "pays": list(pays), "more": more}


def back(which: int, *places: int) -> Step:
    return "return_payments", {"which": which, "places": set(places), "credited": True}


SUBMIT: Step = ("submit", {})
FINALISE: Step = ("finalise", {})
SETTLE: Step = ("settle", {"which": 0, "camt": False, "short": False})
DAY: Step = ("days_pass", {"days": 1})
RETURN_HELD: Step = ("return_debit", {"which": 0, "prefers": "held"})

TOLD: tuple[tuple[int, tuple[Step, ...]], ...] = (
    # Paid to the cent; one comes back; another before its file settles.
    (1, (scene("paid", 1, 2_500, 1_000), scene("paid_and_back", 1, 4_000, 2_500, more=1))),
    (1, (wire(1, 6_500), commit(1, 4_000, 2_500), SUBMIT, back(0, 0), DAY, SETTLE, SETTLE)),
    # Others hold it; the funds cover a part, which goes alone and once.
    (1, (wire(1, 6_500), commit(1, 4_000), commit(1, 4_000))),
    (1, (wire(1, 5_000), commit(1, 4_000, 2_500, 1_000), ("split", {"which": 0}), SUBMIT, DAY, SETTLE, SUBMIT)),
    # Debits: provisional, returned, final on their day, pulled, late.
    (2, (("debit", {"client": 1, "amount": 6_000, "days": 0}), commit(1, 2_500), RETURN_HELD, DAY, DAY, DAY, FINALISE)),
    (1, (("debit", {"client": 1, "amount": 6_000, "days": 0}), DAY, FINALISE, DAY, FINALISE, commit(1, 6_000))),
    (1, (scene("pulled", 1, 4_000, 2_500, 1_000), wire(1, 10_000))),
    (0, (scene("late", 1, 6_001, 1_000), wire(1, 2_500), wire(1, 10_000), commit(1, 2_500))),
    # Requests: an exact wire; a part that is taken back.
    (1, (("ask", {"client": 1, "amount": 6_000}), ("ask", {"client": 1, "amount": 2_500}), wire(1, 2_500))),
    (2, (("ask", {"client": 1, "amount": 6_000}), ("request_goes_on", {"which": 0, "what": "a part"}), RETURN_HELD)),
    # Modes: soft reserves what is there, hybrid lets go what has no money.
    (1, (wire(1, 10_000), commit(1, 9_001, 1, mode="soft"), commit(1, 4_000, mode="hybrid"), SUBMIT)),
    # What waits: in the order of due dates, and nothing overtakes.
    (1, (commit(1, 9_000, days=3, mode="soft"), commit(1, 6_001, mode="soft"), wire(1, 10_000),
         ("reserve_awaiting", {"client": 1}))),
    (1, (commit(1, 9_000, 9_000, mode="soft"), commit(1, 1, days=2, mode="soft"), wire(1, 2_500),
         ("reserve_awaiting", {"client": 1}), SUBMIT)),
    # A day's limit: once whatever is reserved and sent, on the day on which it leaves.
    (1, (wire(0, 60_000), commit(0, 9_000, 9_000, 9_000), SUBMIT)),
    (1, (wire(0, 60_000), commit(0, 9_000, 9_000, 9_000, 9_000, days=3), commit(0, 9_000))),
    # A blocked payee stays behind; a line is drawn once.
    (1, (wire(1, 10_000), commit(1, 1_000, 1_000, 1_000, 1), ("block", {"client": 1, "employee": 3}), SUBMIT)),
    (1, (("credit", {"client": 1, "amount": 6_000, "share": 2}), ("credit", {"client": 1, "amount": 6_000, "share": 2}))),
)  # fmt: skip


def tell(database: Database) -> None:
    """Each of them, compared after every step."""

    class Here(Histories):
        pass

    Here.database = database
    for hold, steps in TOLD:
        here = Here()
        here.begin(hold=hold, first=1)
        for name, facts in steps:
            getattr(here, name)(**facts)
            here.world.compare()
