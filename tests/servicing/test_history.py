"""The fold: any order of arrival, undoing and going on give the same lines; suspense is applied when it is enough."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.servicing.scenes import day, dues, monthly, receipts, standings, terms, terms_sets

from headgate.servicing.history import History, fold
from headgate.servicing.model import BUCKETS, Due, Placed, Receipt, StandingChange, Terms

END = day(260)


def sums(lines: list[Placed]) -> Counter[Any]:
    """Amounts by where they lie."""
    found: Counter[Any] = Counter()
    for line in lines:
        found[line.where] += line.amount_minor
    return found


def told(lines: list[Placed]) -> dict[str, list[tuple[str, int | None, int, date]]]:
    """By receipt."""
    found: dict[str, list[tuple[str, int | None, int, date]]] = {}
    for line in lines:
        found.setdefault(line.receipt_id, []).append((line.place, line.number, line.amount_minor, line.applied_on))
    return found


@given(owed=dues, paid=receipts(), at=standings, by=terms_sets())
def test_every_cent_of_every_payment_lies_somewhere_and_dues_fall_by_what_was_paid(
    owed: tuple[Due, ...], paid: list[Receipt], at: list[StandingChange], by: dict[int, Terms]
) -> None:
    history = fold(owed, at, paid, by, through=END)
    lines = history.placed("refund")

    for receipt in paid:
        own = [line for line in lines if line.receipt_id == receipt.id]
        assert sum(line.amount_minor for line in own) == receipt.amount_minor
        assert all(line.amount_minor > 0 and line.applied_on >= receipt.received_on for line in own)
    for due in owed:
        for bucket in BUCKETS:
            gone = sum(line.amount_minor for line in lines if (line.place, line.number) == (bucket, due.number))
            assert history.dues[due.number].of(bucket) == due.of(bucket) - gone >= 0


@given(owed=dues, paid=receipts(), at=standings, by=terms_sets(), cut=st.integers(0, 8), data=st.data())
def test_going_on_is_the_same_as_folding_everything_again(
    owed: tuple[Due, ...],
    paid: list[Receipt],
    at: list[StandingChange],
    by: dict[int, Terms],
    cut: int,
    data: st.DataObject,
) -> None:
    whole = fold(owed, at, paid, by, through=END)
    ordered = sorted(paid, key=lambda one: one.order)

    before = fold(
        owed, at, ordered[:cut], by, through=ordered[cut - 1].received_on if 0 < cut <= len(paid) else day(-1)
    )
    waiting = [line for line in before.placed("refund") if line.number is None]
    known = {receipt.id: receipt for receipt in paid}
    after = History(
        list(before.dues.values()),
        at,
        by,
        parcels=[(known[line.receipt_id], line.amount_minor) for line in waiting],
        through=before.through,
    )
    for receipt in ordered[cut:]:
        after.receive(receipt)
    after.go_to(END)

    spent = [line for line in before.placed("refund") if line.number is not None]
    assert sums([*spent, *after.placed("refund")]) == sums(whole.placed("refund"))
    assert after.dues == whole.dues
    shuffled = data.draw(st.permutations(paid))
    assert fold(owed, at, shuffled, by, through=END).placed("refund") == whole.placed("refund")


def test_suspense_is_applied_when_it_has_become_a_full_payment() -> None:
    owed, by = monthly(3), terms("us_mortgage")
    paid = [Receipt(f"p{n}", f"k{n}", day(n), 400, 1) for n in range(3)]

    assert told(fold(owed, [], paid[:2], by, through=day(2)).placed("refund")) == {
        "p0": [("suspense", None, 400, day(0))],
        "p1": [("suspense", None, 400, day(1))],
    }
    assert told(fold(owed, [], paid, by, through=day(2)).placed("refund")) == {
        "p0": [("interest", 1, 200, day(2)), ("principal", 1, 200, day(2))],
        "p1": [("principal", 1, 400, day(2))],
        "p2": [("principal", 1, 100, day(2)), ("escrow", 1, 100, day(2)), ("suspense", None, 200, day(2))],
    }


def test_what_waits_pays_the_next_due_on_its_day_once_it_is_enough() -> None:
    owed, by = monthly(2), terms("us_mortgage")
    early = Receipt("p0", "k0", day(0), 2_000, 1)

    before = fold(owed, [], [early], by, through=day(29)).placed("refund")
    after = fold(owed, [], [early], by, through=day(30)).placed("refund")

    assert [(line.place, line.amount_minor) for line in before if line.number is None] == [("suspense", 1_000)]
    assert [(line.place, line.applied_on) for line in after if line.number == 2] == [
        ("interest", day(30)),
        ("principal", day(30)),
        ("escrow", day(30)),
    ]


def test_an_overpayment_is_refunded_or_kept_by_policy() -> None:
    owed, by = monthly(1), terms()
    history = fold(owed, [], [Receipt("p0", "k0", day(5), 1_300, 1)], by, through=day(5))

    assert [line.place for line in history.placed("refund") if line.number is None] == ["overpayment"]
    assert [line.place for line in history.placed("keep") if line.number is None] == ["suspense"]
    assert history.state_at(day(5), by[1]) == "paid_off"


def test_the_state_follows_the_oldest_unpaid_due_date_and_a_standing_overrides_it() -> None:
    by = terms()
    history = fold(
        monthly(2), [StandingChange(day(200), "bankruptcy"), StandingChange(day(210), "none")], [], by, through=day(0)
    )

    states = {n: history.state_at(day(n), by[1]) for n in (0, 1, 15, 16, 119, 120, 200, 210)}

    assert states == {
        0: "current",
        1: "grace",
        15: "grace",
        16: "delinquent",
        119: "delinquent",
        120: "default",
        200: "bankruptcy",
        210: "default",
    }
