"""BAI2: the quirks of real files, and every control that does not agree."""

from __future__ import annotations

from datetime import date

import pytest

from headgate.core.money import Money
from headgate.ingestion.parsers import all_parsers
from headgate.ingestion.records import Parsed, TransactionRecord

PARSER = all_parsers()["bai2_v1"]

GOOD = """\
01,990000013,990000013,261125,2359,1,,,2/
02,990000013,990000013,1,261125,2359,USD,2/
03,4400112233,USD,010,1000,,,015,1600,,/
16,195,500,V,261127,1200,BANK1,CUST1,WIRE IN, WITH A COMMA/
88,AND MORE OF IT/
16,165,300,S,100,100,100,BANK2,CUST2,ACH/
16,451,200,Z,BANK2,,/
49,3600,6/
98,3600,1,8/
99,3600,1,10/
"""


def parse(text: str) -> Parsed:
    return PARSER.parse(text.encode())


def records(parsed: Parsed) -> list[TransactionRecord]:
    return [record for record in parsed.records if isinstance(record, TransactionRecord)]


def rules(parsed: Parsed) -> list[str]:
    return [fault.rule.removeprefix("bai2.") for fault in parsed.faults]


def test_every_field_is_read() -> None:
    parsed = parse(GOOD)

    assert parsed.faults == ()
    assert records(parsed)[0] == TransactionRecord(
        line=4,
        external_id="2233:2026-11-25:195:BANK1",
        account_number="4400112233",
        amount=Money(500, "USD"),
        direction="credit",
        booked_on=date(2026, 11, 25),
        value_on=date(2026, 11, 27),
        type_code="195",
        bank_reference="BANK1",
        customer_reference="CUST1",
        text="WIRE IN, WITH A COMMA AND MORE OF IT",
        statement=0,
    )
    assert [(r.direction, r.amount.minor, r.customer_reference, r.text) for r in records(parsed)[1:]] == [
        ("credit", 300, "CUST2", "ACH"),
        ("debit", 200, "", ""),
    ]
    (statement,) = parsed.statements
    assert (statement.opening, statement.closing, statement.proof) == (Money(1000, "USD"), Money(1600, "USD"), "proven")


def test_line_ends_and_blank_lines_do_not_matter() -> None:
    again = PARSER.parse(GOOD.replace("\n", "\r\n").encode() + b"\r\n\r\n")

    assert again.faults == ()
    assert again.records == parse(GOOD).records


def test_a_reference_that_comes_again_is_told_apart() -> None:
    twice = GOOD.replace("16,451,200,Z,BANK2,,/", "16,165,200,Z,BANK2,,/").replace("015,1600", "015,2000")
    twice = twice.replace("3600", "4000")

    assert [record.external_id for record in records(parse(twice))] == [
        "2233:2026-11-25:195:BANK1",
        "2233:2026-11-25:165:BANK2",
        "2233:2026-11-25:165:BANK2#2",
    ]


def test_without_a_reference_the_bank_gave_no_identity() -> None:
    assert records(parse(GOOD.replace("BANK1", "")))[0].external_id is None


def test_an_88_splits_fields_anywhere() -> None:
    split = GOOD.replace("03,4400112233,USD,010,1000,,,015,1600,,/", "03,4400112233,USD,010,1000,,,015/\n88,1600,,/")
    split = split.replace("49,3600,6", "49,3600,7").replace("98,3600,1,8", "98,3600,1,9").replace("1,10/", "1,11/")

    parsed = parse(split)

    assert parsed.faults == ()
    assert parsed.statements[0].closing == Money(1600, "USD")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("49,3600,6", "49,3601,6", ["control_total"]),
        ("49,3600,6", "49,3600,5", ["record_count"]),
        ("98,3600,1,8", "98,3600,2,8", ["part_count"]),
        ("99,3600,1,10", "99,36x0,1,10", ["control_total"]),
        ("16,165,300", "16,165,301", ["balance", "control_total", "control_total", "control_total"]),
        ("16,165,300", "16,165,3.0", ["amount", "balance", "control_total", "control_total", "control_total"]),
        ("16,165,300", "16,165,-300", ["amount", "balance", "control_total", "control_total", "control_total"]),
        ("16,165,300", "16,777,300", ["type_code", "balance"]),
        ("16,165,300", "77,165,300", ["record", "balance", "control_total", "control_total", "control_total"]),
        ("1,261125,2359,USD,2/", "1,261325,2359,USD,2/", ["date"]),
        ("03,4400112233,USD", "03,,USD", ["account"]),
        ("03,4400112233,USD", "03,4400112233,XXQ", ["currency"] * 5),
        ("49,3600,6/\n", "", ["account_control", "record_count", "record_count"]),
        ("98,3600,1,8/\n", "", ["order", "control_total", "record_count", "part_count"]),
        ("99,3600,1,10/\n", "", ["file_control"]),
        ("01,990000013,990000013,261125,2359,1,,,2/\n", "", ["order", "order", "file_header"]),
        (",,,2/\n02", ",,,3/\n02", ["version"]),
        ("015,1600", "015,1700", ["balance", "control_total", "control_total", "control_total"]),
    ],
)
def test_what_is_wrong_is_named_and_the_rest_is_read(before: str, after: str, expected: list[str]) -> None:
    assert before in GOOD

    parsed = parse(GOOD.replace(before, after, 1))

    assert sorted(rules(parsed)) == sorted(expected)
    assert "4400112233" not in "".join(fault.message for fault in parsed.faults)


def test_a_booking_outside_an_account_is_not_guessed_into_one() -> None:
    parsed = parse("01,A,B,261125,0000,1,,,2/\n16,195,500,Z,R,,/\n99,0,0,3/\n")

    assert parsed.records == ()
    assert "order" in rules(parsed)


def test_balances_of_the_banks_side_are_proposed_and_never_guessed() -> None:
    mirrored = GOOD.replace("010,1000,,,015,1600", "010,1600,,,015,1000")

    parsed = parse(mirrored)

    assert parsed.statements[0].proof == "reversed"
    assert [(fault.rule, fault.level) for fault in parsed.faults] == [("bai2.balance", "W")]


def test_a_distribution_may_be_a_list() -> None:
    listed = GOOD.replace("16,165,300,S,100,100,100,BANK2", "16,165,300,D,2,0,100,1,200,BANK2")

    assert records(parse(listed))[1].bank_reference == "BANK2"


def test_sums_beyond_the_book_are_faults_and_never_fail() -> None:
    huge = "".join(f"16,195,{'9' * 15},Z,R{n},,/\n" for n in range(6_000))

    parsed = parse(GOOD.replace("16,451,", f"{huge}16,451,"))

    assert "amount" in rules(parsed)
    assert 4_000 < len(parsed.records) < 6_000


def test_other_ranges_have_their_sides() -> None:
    own = GOOD.replace("16,195,", "16,921,").replace("16,451,", "16,961,")

    assert [record.direction for record in records(parse(own))] == ["credit", "credit", "debit"]
