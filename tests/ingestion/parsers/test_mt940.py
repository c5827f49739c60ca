"""MT940 and MT942: what another library reads of the same files, the proof of each page, and faults that stop nothing."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.money import Money
from headgate.ingestion.parsers import all_parsers
from headgate.ingestion.records import Parsed, TransactionRecord

PARSER = all_parsers()["mt940_v1"]
SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "mt940"
GOOD = """\
{1:F01BANKDEFFXXXX0000000000}{2:I940BANKDEFFXXXXN}{4:
:20:STARTUMS
:25:10020030/4400112233
:28C:117/1
:60F:C261124EUR1000,00
:61:2611251125C141,5NTRFNONREF//BANK1
SUPPLEMENT
:86:166?00GUTSCHRIFT?20EREF+INV-17?21 OF NOVEMBER?32HARBOR
 BAKERY
:61:2612310101RC20,00NTRFCUST2//BANK2
:61:261126DR1,50NCHG
:86:/REMI/ACCOUNT FEE
:OTHER LINE
:62F:C261126EUR1120,00
-}
"""


def parse(text: str) -> Parsed:
    return PARSER.parse(text.encode())


def records(parsed: Parsed) -> list[TransactionRecord]:
    return [record for record in parsed.records if isinstance(record, TransactionRecord)]


def rules(parsed: Parsed) -> list[str]:
    return [fault.rule.removeprefix("mt940.") for fault in parsed.faults]


def test_every_field_is_read() -> None:
    parsed = parse(GOOD)

    assert parsed.faults == ()
    first, second, third = records(parsed)
    assert first == TransactionRecord(
        line=6,
        external_id="2233:2026-11-25:NTRF:BANK1",
        account_number="10020030/4400112233",
        amount=Money(14_150, "EUR"),
        direction="credit",
        booked_on=date(2026, 11, 25),
        value_on=date(2026, 11, 25),
        type_code="NTRF",
        bank_reference="BANK1",
        customer_reference="INV-17 OF NOVEMBERHARBOR BAKERY"[:35],
        text="SUPPLEMENT 166?00GUTSCHRIFT?20EREF+INV-17?21 OF NOVEMBER?32HARBOR BAKERY",
    )
    assert (second.direction, second.booked_on, second.value_on) == ("debit", date(2027, 1, 1), date(2026, 12, 31))
    assert (third.amount, third.direction, third.type_code) == (Money(150, "EUR"), "debit", "NCHG")
    assert third.text == "/REMI/ACCOUNT FEE :OTHER LINE"
    (statement,) = parsed.statements
    assert (statement.opening, statement.closing) == (Money(100_000, "EUR"), Money(112_000, "EUR"))
    assert (statement.proof, statement.on, statement.reference) == ("proven", date(2026, 11, 26), "STARTUMS 117/1")


@pytest.mark.parametrize(
    ("before", "after", "expected", "left"),
    [
        ("C141,5NTRF", "X141,5NTRF", ["entry", "balance"], 2),
        ("C141,5NTRF", "C141,555NTRF", ["amount", "balance"], 2),
        (":61:261126DR", ":61:261326DR", ["date", "balance"], 2),
        ("EUR1120,00", "EUR1120,01", ["balance"], 3),
        (":60F:C261124EUR1000,00\n", "", ["currency"], 0),
        ("C261124EUR1000,00", "C261124XXQ1000,00", ["balance_field", "currency"], 0),
        ("C261126EUR1120,00", "C261126EURx", ["balance_field"], 3),
        ("C141,5NTRF", "C999999999999999,5NTRF", ["amount", "balance"], 2),
    ],
)
def test_what_is_wrong_is_named_and_the_rest_is_read(before: str, after: str, expected: list[str], left: int) -> None:
    assert before in GOOD

    parsed = parse(GOOD.replace(before, after))

    assert rules(parsed) == expected
    assert len(parsed.records) == left


def test_an_intraday_report_is_proved_by_its_counts_and_sums() -> None:
    head = ":20:IDR\n:25:10020030/1234567\n:28C:1/1\n:34F:EURD0,\n:13D:2611251200+0100\n"
    body = ":61:261125C10,00NTRFA\n:61:261125D2,50NTRFB\n"

    assert rules(parse(f"{head}{body}:90D:1EUR2,50\n:90C:1EUR10,00\n-\n")) == []
    assert rules(parse(f"{head}{body}:90D:1EUR2,50\n:90C:2EUR10,00\n-\n")) == ["total"]
    assert rules(parse(f"{head}{body}:90D:1EUR2,51\n:90C:1EUR10,00\n-\n")) == ["total"]


def test_what_another_library_reads_is_read_alike() -> None:
    """The oracle's counts and sums; it knows no currency in eight files, where we read nothing and say so."""
    unlike: dict[str, list[str]] = {}
    with (SAMPLES / "oracle.tsv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream, delimiter="\t"):
            parsed = PARSER.parse((SAMPLES / row["file"]).read_bytes())
            sums: Counter[str] = Counter()
            for record in records(parsed):
                sums[record.amount.currency] += record.amount.minor * (1 if record.direction == "credit" else -1)
            said = row["signed sum"].split()
            oracle = {name: int(Decimal(text) * 100) for text, name in zip(said[::2], said[1::2], strict=True)}
            if (len(parsed.records), dict(sums)) != (int(row["transactions"]), oracle):
                unlike[row["file"]] = rules(parsed)
                assert len(parsed.records) == 0

    assert len(unlike) == 8
    assert all("currency" in found for found in unlike.values())


@pytest.mark.slow
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 10**9), st.integers(0, 400)), max_size=30))
def test_whatever_is_booked_is_read_and_proves(bookings: list[tuple[bool, int, int]]) -> None:
    total = sum(minor if is_credit else -minor for is_credit, minor, _ in bookings)
    lines = [
        f":61:{date.fromordinal(date(2026, 1, 1).toordinal() + day):%y%m%d}{'C' if is_credit else 'D'}"
        f"{minor // 100},{minor % 100:02d}NTRFREF{n}//BANK{n}\r\n:86:text {n}\r\n"
        for n, (is_credit, minor, day) in enumerate(bookings)
    ]
    sign = "C" if total >= 0 else "D"
    close = f":62F:{sign}261231USD{abs(total) // 100},{abs(total) % 100:02d}\r\n"

    parsed = parse(f":20:R\r\n:25:123\r\n:60F:C260101USD0,00\r\n{''.join(lines)}{close}-\r\n")

    assert parsed.faults == ()
    assert [(r.direction == "credit", r.amount.minor, r.text) for r in records(parsed)] == [
        (is_credit, minor, f"text {n}") for n, (is_credit, minor, _) in enumerate(bookings)
    ]
    assert [statement.proof for statement in parsed.statements] == ["proven"]
