"""Orders become a file: grouped, numbered, and refused with every reason before a byte is written."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rails import files as make

from headgate.core.money import Money
from headgate.rails import CannotWrite, Company, FileSlot, Rail, RailOrder, ach, fake

RAIL = fake.rail(origin="1234567890", origin_name="ACME PAYROLL")
SLOT = FileSlot(created_at=make.CREATED, modifier="A", reference="FILE0001", first_trace_sequence=1)


def order(attempt_id: str = "att_1", **changes: object) -> RailOrder:
    facts: dict[str, object] = {
        "attempt_id": attempt_id,
        "amount": make.usd("1250.50"),
        "direction": "credit",
        "receiver_routing": "231380104",
        "receiver_account": "1234567",
        "receiver_account_type": "checking",
        "receiver_name": "MARIA LINDQVIST",
        "individual_id": f"ref-{attempt_id}",
        "sec_code": "PPD",
        "description": "PAYROLL",
        "company": Company("ACME INC", "1234567890"),
        "effective_on": make.TUESDAY,
        "is_wages": True,
    }
    return RailOrder(**{**facts, **changes})  # type: ignore[arg-type]


def test_the_simulated_rail_is_a_rail_and_moves_no_money() -> None:
    assert isinstance(RAIL, Rail)
    assert (RAIL.name, RAIL.is_simulated) == ("fake", True)


def test_orders_of_one_company_and_day_share_a_batch() -> None:
    other = Company("OTHER LLC", "9876543210")
    orders = [order("a"), order("b", company=other), order("c", receiver_account_type="savings")]

    file = RAIL.write(orders, SLOT)

    read = ach.read_file(file.content)
    assert [[entry.individual_id for entry in batch.entries] for batch in read.batches] == [
        ["ref-a", "ref-c"],
        ["ref-b"],
    ]
    assert [entry.transaction_code for entry in read.entries] == ["22", "32", "22"]
    assert [(carried.attempt_id, carried.trace_number, carried.batch_number) for carried in file.carried] == [
        ("a", "990000010000001", 1),
        ("c", "990000010000002", 1),
        ("b", "990000010000003", 2),
    ]
    assert (file.debits, file.credits) == (make.usd("0"), make.usd("3751.50"))


def test_the_same_orders_and_slot_give_the_same_bytes() -> None:
    assert RAIL.write([order("a"), order("b")], SLOT) == RAIL.write([order("a"), order("b")], SLOT)


def test_a_debit_is_written_as_one() -> None:
    file = RAIL.write([order(direction="debit", sec_code="CCD", description="FUNDING", is_wages=False)], SLOT)

    assert (file.debits, file.credits) == (make.usd("1250.50"), make.usd("0"))
    assert next(iter(ach.read_file(file.content).entries)).transaction_code == "27"


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("another rail", {"amount": Money(1, "EUR")}),
        ("split", {"amount": Money(0, "USD")}),
        ("split", {"amount": Money(10**10, "USD")}),
        ("check digit", {"receiver_routing": "231380105"}),
        ("account number", {"receiver_account": ""}),
        ("account number", {"receiver_account": "1" * 18}),
        ("account number", {"receiver_account": "12é"}),
        ("name", {"receiver_name": " "}),
        ("name", {"receiver_name": "000"}),
        ("name", {"receiver_name": "李小龍"}),
        ("individual id", {"individual_id": "x" * 16}),
        ("PAYROLL", {"description": "SALARY"}),
        ("1 to 10", {"description": "PAYROLL RUN 7"}),
        ("1 to 10", {"company": Company("ACME", "")}),
        ("company's name", {"company": Company("李", "1")}),
        ("discretionary", {"company": Company("ACME", "1", "x" * 21)}),
        ("not written here", {"sec_code": "WEB"}),
        ("remittance", {"addenda": "x" * 81}),
        ("trace sequence", {"trace_sequence": 0}),
        ("reversal", {"receiver_account_type": "loan", "direction": "debit"}),
    ],
)
def test_an_order_that_cannot_go_says_why(reason: str, changes: dict[str, object]) -> None:
    problems = RAIL.problems(order(**changes))  # type: ignore[arg-type]

    assert len(problems) == 1
    assert reason in problems[0]
    assert not any(secret in problems[0] for secret in ("1234567", "MARIA", "李"))
    with pytest.raises(CannotWrite):
        RAIL.write([order("good"), order("bad", **changes)], SLOT)


texts = st.text(st.one_of(st.characters(max_codepoint=0x17F), st.sampled_from(" 0A-é")), max_size=24)


@settings(max_examples=400, deadline=None)
@given(
    changes=st.fixed_dictionaries(
        {},
        optional={
            "receiver_account": texts,
            "receiver_name": texts,
            "individual_id": texts,
            "description": texts,
            "addenda": st.one_of(st.none(), texts),
            "company": st.builds(Company, texts, texts, texts),
            "sec_code": st.sampled_from(["PPD", "CCD"]),
            "is_wages": st.booleans(),
            "trace_sequence": st.integers(-1, 10**8),
        },
    )
)
@pytest.mark.slow
def test_an_order_without_a_problem_never_spoils_a_file(changes: dict[str, object]) -> None:
    asked = order(**changes)  # type: ignore[arg-type]
    if RAIL.problems(asked):
        with pytest.raises(CannotWrite):
            RAIL.write([asked], SLOT)
    else:
        assert not ach.read_file(RAIL.write([asked], SLOT).content).is_refused


def test_a_good_order_has_no_problem() -> None:
    assert RAIL.problems(order()) == ()


def test_orders_do_not_show_numbers_and_names() -> None:
    shown = repr(dataclasses.replace(order(), addenda="SECRET TEXT"))

    assert not any(secret in shown for secret in ("1234567,", "'1234567'", "MARIA", "SECRET"))
