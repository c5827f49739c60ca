"""Routing numbers, the Federal Reserve's calendar, return and change codes, transaction codes: facts held as data."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.rails import (
    ach,
    add_banking_days,
    banking_day_on_or_after,
    banking_day_on_or_before,
    check_digit,
    fake,
    holidays,
    is_banking_day,
    is_routing_number,
    return_codes,
)
from headgate.rails.errors import DayBeyondCalendar


@pytest.mark.parametrize("routing", ["021000021", "231380104", "121042882", "031300012", fake.ROUTING])
def test_routing_numbers_carry_their_check_digit(routing: str) -> None:
    assert is_routing_number(routing)
    assert check_digit(routing[:8]) == int(routing[8])


@pytest.mark.parametrize(
    "text", ["021000022", "21000021", "0210000210", "000000000", "02100002a", "", "０２１０００021"]
)
def test_what_is_no_routing_number(text: str) -> None:
    assert not is_routing_number(text)


@pytest.mark.parametrize("day", [date.min, date(1913, 12, 31), date(9998, 12, 31), date.max])
def test_a_day_that_no_calendar_knows_is_refused_by_name(day: date) -> None:
    for ask in (banking_day_on_or_after, lambda day: add_banking_days(day, 1), lambda day: add_banking_days(day, 2)):
        if ask is banking_day_on_or_after and day == date(9998, 12, 31):
            assert ask(day) == day
            continue
        with pytest.raises(DayBeyondCalendar, match="give a day of the years 1914 to 9998"):
            ask(day)


@pytest.mark.slow
@given(st.from_regex(r"[0-9]{8}", fullmatch=True), st.integers(0, 7), st.integers(1, 9))
def test_a_single_wrong_digit_is_always_found(first_eight: str, at: int, by: int) -> None:
    right = f"{first_eight}{check_digit(first_eight)}"
    wrong = f"{right[:at]}{(int(right[at]) + by) % 10}{right[at + 1 :]}"

    assert not is_routing_number(wrong)


CLOSED = {
    2026: "01-01 01-19 02-16 05-25 06-19 09-07 10-12 11-11 11-26 12-25",
    2027: "01-01 01-18 02-15 05-31 07-05 09-06 10-11 11-11 11-25",
    2028: "01-17 02-21 05-29 06-19 07-04 09-04 10-09 11-23 12-25",
}


@pytest.mark.parametrize("year", CLOSED)
def test_the_reserve_banks_are_closed_on_these_days(year: int) -> None:
    assert sorted(holidays(year)) == [date.fromisoformat(f"{year}-{day}") for day in CLOSED[year].split()]


@pytest.mark.parametrize("friday", ["2026-07-03", "2027-06-18", "2027-12-24", "2027-12-31", "2028-11-10"])
def test_a_saturday_holiday_leaves_the_friday_open(friday: str) -> None:
    day = date.fromisoformat(friday)

    assert is_banking_day(day)
    assert not is_banking_day(day + timedelta(days=1))


def test_juneteenth_is_kept_since_it_was_law() -> None:
    assert is_banking_day(date(2020, 6, 19))
    assert not is_banking_day(date(2023, 6, 19))


def test_banking_days_are_counted_over_a_long_weekend() -> None:
    wednesday = date(2026, 11, 25)

    assert add_banking_days(wednesday, 1) == date(2026, 11, 27)
    assert add_banking_days(wednesday, 2) == date(2026, 11, 30)
    assert add_banking_days(date(2026, 11, 30), -2) == wednesday
    assert add_banking_days(date(2026, 11, 28), 0) == date(2026, 11, 30)
    assert banking_day_on_or_after(date(2026, 11, 26)) == date(2026, 11, 27)
    assert banking_day_on_or_before(date(2026, 11, 29)) == date(2026, 11, 27)


def test_there_are_seventy_one_return_codes() -> None:
    codes = return_codes()

    assert len(codes) == 71
    assert (codes["R01"].title, codes["R01"].category, codes["R01"].timeframe) == (
        "Insufficient Funds",
        "insufficient_funds",
        "2",
    )
    assert [code for code, facts in codes.items() if facts.may_be_presented_again] == ["R01", "R09"]
    assert [code for code, facts in codes.items() if facts.is_dishonored] == ["R61", "R62", "R67", "R68", "R69", "R70"]
    assert [code for code, facts in codes.items() if facts.is_contested] == [f"R7{n}" for n in range(1, 8)]
    assert all(facts.action for facts in codes.values())


@pytest.mark.parametrize(
    ("code", "data", "found"),
    [
        ("C01", "00123 7", {"account_number": "00123 7"}),
        ("C02", "021000021", {"routing_number": "021000021"}),
        ("C03", "021000021   1234567", {"routing_number": "021000021", "account_number": "1234567"}),
        ("C03", "021000021           1234567", {"routing_number": "021000021", "account_number": "1234567"}),
        ("C04", "ANN LEE", {"name": "ANN LEE"}),
        ("C05", "32", {"transaction_code": "32"}),
        ("C06", "1234567             32", {"account_number": "1234567", "transaction_code": "32"}),
        (
            "C07",
            "0210000211234567          32",
            {"routing_number": "021000021", "account_number": "1234567", "transaction_code": "32"},
        ),
        ("C09", "ID-7", {"individual_id": "ID-7"}),
        ("C13", "ANYTHING", {}),
    ],
)
def test_a_correction_is_read_by_its_code(code: str, data: str, found: dict[str, str]) -> None:
    assert ach.correction(code, data) == ach.Correction(code, **found)


@pytest.mark.parametrize(
    ("code", "data"), [("C02", "021000022"), ("C03", "021000021"), ("C05", "99"), ("C01", ""), ("C13", "")]
)
def test_data_that_do_not_fit_the_code_are_no_correction(code: str, data: str) -> None:
    assert ach.correction(code, data) is None


@pytest.mark.parametrize("code", [code for code, facts in ach.TRANSACTION_CODES.items() if facts.kind != "advice"])
def test_the_side_lies_in_the_last_digit(code: str) -> None:
    facts = ach.TRANSACTION_CODES[code]

    assert facts.is_debit == (code[1] >= "5")
    assert ach.transaction_code(facts.account_type, is_debit=facts.is_debit, kind=facts.kind) == code


def test_what_the_network_has_no_code_for_is_an_error() -> None:
    with pytest.raises(KeyError, match="prenote debit to loan"):
        ach.transaction_code("loan", is_debit=True, kind="prenote")
