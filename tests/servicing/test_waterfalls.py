"""Every waterfall: cents are conserved, no line is negative, none pays more than is open; and each in its own order."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.servicing.scenes import day, dues, monthly, rules

from headgate.servicing.errors import UnknownWaterfall, WaterfallBroken
from headgate.servicing.model import BUCKETS, Due, Line, Rule, Situation, State
from headgate.servicing.waterfalls import allocate, waterfalls
from headgate.servicing.waterfalls._steps import Waterfall

TODAY = day(30)
CONTRACT = Due(1, day(0), fees=1_000, interest=2_000, principal=5_000, escrow=1_000)


def of(
    waterfall: str, amount: int, *owed: Due, on: date = TODAY, state: State = "current", **rule: object
) -> dict[str, int]:
    """What a payment comes to by `fees1`, `interest2`, `suspense` …"""
    petition = day(30) if state == "bankruptcy" else None
    lines = allocate(Situation(state, owed, petition), amount, on, Rule(waterfall, **rule))  # type: ignore[arg-type]
    return {f"{line.place}{line.number or ''}": line.amount_minor for line in lines}


@pytest.mark.parametrize("name", sorted(waterfalls()))
@given(
    owed=dues, amount=st.integers(1, 20_000), on=st.integers(0, 220).map(day), rule=rules, petition=st.integers(0, 99)
)
def test_cents_are_conserved_and_nothing_is_paid_twice(
    name: str, owed: tuple[Due, ...], amount: int, on: date, rule: Rule, petition: int
) -> None:
    chosen = Rule(name, rule.in_advance, *(rule.allows(bucket) for bucket in BUCKETS))
    situation = Situation("bankruptcy", owed, day(petition))

    lines = allocate(situation, amount, on, chosen)

    assert sum(line.amount_minor for line in lines) == amount
    assert all(line.amount_minor > 0 for line in lines)
    for due in owed:
        for bucket in BUCKETS:
            paid = sum(line.amount_minor for line in lines if (line.place, line.number) == (bucket, due.number))
            assert paid <= (due.of(bucket) if chosen.allows(bucket) else 0)
    assert lines == allocate(situation, amount, on, chosen)
    if rule.in_advance == "hold" and name != "charged_off":
        assert {line.number for line in lines} <= {due.number for due in owed if due.due_on <= on} | {None}


@pytest.mark.parametrize("name", sorted(set(waterfalls()) - {"suspense_only", "bankruptcy"}))
def test_ten_thousand_on_nine_leaves_one_in_suspense(name: str) -> None:
    paid = {"fees1": 1_000, "interest1": 2_000, "principal1": 5_000, "escrow1": 1_000, "suspense": 1_000}

    assert of(name, 10_000, CONTRACT) == paid


def test_each_order_is_its_own() -> None:
    two = monthly(2, fees=50)
    past, today = {"fees1": 50, "fees2": 50}, day(30)

    assert of("fees_first", 450, *two, on=today) == {**past, "interest1": 200, "interest2": 150}
    assert of("principal_first", 1_500, *two, on=today) == {"principal1": 700, "principal2": 700, "interest1": 100}
    assert of("interest_first", 500, *two, on=today) == {"interest1": 200, "interest2": 200, "principal1": 100}
    assert of("escrow_first", 300, *two, on=today) == {"escrow1": 100, "escrow2": 100, "interest1": 100}
    assert of("due_date_ordered", 1_100, *two, on=today) == {
        "fees1": 50,
        "interest1": 200,
        "principal1": 700,
        "escrow1": 100,
        "fees2": 50,
    }
    assert of("past_due_first", 1_100, *two, on=today) == of("due_date_ordered", 1_100, *two, on=today)
    assert of("past_due_first", 300, *two, on=day(31)) == {**past, "interest1": 200}


def test_a_mortgage_takes_whole_periodic_payments_and_fees_last() -> None:
    two = monthly(2, fees=50)
    first = {"interest1": 200, "principal1": 700, "escrow1": 100}
    second = {"interest2": 200, "principal2": 700, "escrow2": 100}

    assert of("us_mortgage", 999, *two) == {"suspense": 999}
    assert of("us_mortgage", 1_000, *two) == first
    assert of("us_mortgage", 1_999, *two) == {**first, "suspense": 999}
    assert of("us_mortgage", 2_060, *two) == {**first, **second, "fees1": 50, "fees2": 10}
    # A Saturday is a date like any other: it is the date of receipt that counts, and what is not due yet waits.
    assert of("us_mortgage", 2_000, *two, on=day(2)) == {**first, "fees1": 50, "suspense": 950}
    assert of("us_mortgage", 2_050, *two, on=day(2), in_advance="next") == {**first, "fees1": 50, **second}


def test_what_is_left_waits_or_pays_in_advance_as_the_rule_says() -> None:
    owed = monthly(3)

    assert of("due_date_ordered", 1_500, *owed, on=day(0)) == {
        "interest1": 200,
        "principal1": 700,
        "escrow1": 100,
        "suspense": 500,
    }
    assert of("due_date_ordered", 1_500, *owed, on=day(0), in_advance="next") == {
        "interest1": 200,
        "principal1": 700,
        "escrow1": 100,
        "interest2": 200,
        "principal2": 300,
    }
    assert of("due_date_ordered", 1_900, *owed, on=day(0), in_advance="last") == {
        "interest1": 200,
        "principal1": 700,
        "escrow1": 100,
        "principal3": 700,
        "principal2": 200,
    }
    # What a rule does not allow stays open, and holds nothing back that it allows.
    assert of("due_date_ordered", 1_000, *owed, on=day(0), allow_interest=False) == {
        "principal1": 700,
        "escrow1": 100,
        "suspense": 200,
    }


def test_bankruptcy_and_charge_off_look_at_other_dues() -> None:
    owed = monthly(3, fees=50)

    assert of("bankruptcy", 1_500, *owed, on=day(30), state="bankruptcy") == {
        "interest2": 200,
        "principal2": 700,
        "escrow2": 100,
        "suspense": 500,
    }
    assert of("charged_off", 2_200, *owed, on=day(0)) == {
        "principal1": 700,
        "principal2": 700,
        "principal3": 700,
        "interest1": 100,
    }
    assert of("suspense_only", 5, *owed) == {"suspense": 5}


def test_a_waterfall_that_makes_money_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in (
        [Line("fees", 1, 1_001)],
        [Line("interest", 1, -5)],
        [Line("fees", 9, 1)],
        [Line("suspense", None, 11_000)],
    ):
        broken = Waterfall("broken", lambda situation, amount, on, rule, wrong=wrong: list(wrong))  # type: ignore[misc]
        monkeypatch.setattr("headgate.servicing.waterfalls.waterfalls", lambda broken=broken: {"broken": broken})
        with pytest.raises(WaterfallBroken):
            of("broken", 10_000, CONTRACT)
    with pytest.raises(UnknownWaterfall, match="nonsense"):
        of("nonsense", 1, CONTRACT)
