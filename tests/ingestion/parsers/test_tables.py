"""CSV, workbooks and JSON by a mapping: what is proposed, what is asked, and what a person's answer gives."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.money import Money
from headgate.ingestion.errors import UnknownFormat
from headgate.ingestion.mapping import MalformedMapping, Mapping
from headgate.ingestion.parsers import all_parsers, csv_v1
from headgate.ingestion.previewing import preview
from headgate.ingestion.records import Fault, Parsed, TransactionRecord

CSV = all_parsers()["csv_v1"]
XLSX = all_parsers()["xlsx_v1"]
SAMPLES = Path(__file__).resolve().parents[2] / "samples"
PLAIN = "Date,Value date,Description,Reference,Amount,Currency\n"


def rows(parsed: Parsed) -> list[tuple[Any, ...]]:
    assert all(isinstance(record, TransactionRecord) for record in parsed.records)
    return [(r.line, r.booked_on, r.direction, r.amount.minor, r.text) for r in parsed.records]  # type: ignore[union-attr]


def rules(parsed: Parsed) -> list[str]:
    return [fault.rule for fault in parsed.faults]


def test_a_row_becomes_a_record() -> None:
    parsed = CSV.parse(f'{PLAIN}2026-11-24,2026-11-25,WIRE IN,INV-1,"1,417.55",USD\n'.encode())

    assert parsed.faults == ()
    assert parsed.records == (
        TransactionRecord(
            2,
            None,
            "",
            Money(141_755, "USD"),
            "credit",
            date(2026, 11, 24),
            date(2026, 11, 25),
            "",
            "",
            "INV-1",
            "WIRE IN",
        ),
    )


@pytest.mark.parametrize(
    ("text", "question", "answer", "minor", "day"),
    [
        ("Date,Amount (USD)\n01/02/2026,1.50\n", "date_order", {"date_order": "mdy"}, 150, date(2026, 1, 2)),
        ("Date,Amount (USD)\n01/02/2026,1.50\n", "date_order", {"date_order": "dmy"}, 150, date(2026, 2, 1)),
        ("Date;Betrag (EUR)\n24.12.2026;1.500\n", "decimal", {"decimal": ","}, 150_000, date(2026, 12, 24)),
        ("Date,Amount\n2026-01-02,1.50\n", "currency", {"currency": "CHF"}, 150, date(2026, 1, 2)),
        ("Date,Amount (USD)\n2026-01-02,1250\n", "amount_unit", {"amount_unit": "minor"}, 1_250, date(2026, 1, 2)),
        ("Date,Amount (USD)\n2026-01-02,1250\n", "amount_unit", {"amount_unit": "major"}, 125_000, date(2026, 1, 2)),
    ],
)
def test_what_the_bytes_leave_open_is_asked_and_never_guessed(
    text: str, question: str, answer: dict[str, str], minor: int, day: date
) -> None:
    parsed = CSV.parse(text.encode())

    assert (parsed.records, rules(parsed)) == ((), ["csv.ask"])
    found = preview(text.encode())
    assert [one.field for one in found.questions] == [question]
    assert found.mapping is not None
    saved = Mapping.from_json(found.mapping.as_json() | answer)
    (record,) = CSV.parse_mapped(text.encode(), saved).records
    assert isinstance(record, TransactionRecord)
    assert (record.amount.minor, record.booked_on) == (minor, day)


def test_the_sequence_of_the_rows_says_the_order_of_the_dates() -> None:
    parsed = CSV.parse(b"Date,Amount (USD)\n01/02/2026,1.50\n02/01/2026,1.50\n03/01/2026,1.50\n")

    assert [row[1] for row in rows(parsed)] == [date(2026, 1, 2), date(2026, 2, 1), date(2026, 3, 1)]


def test_a_bad_row_is_a_fault_and_the_rest_goes_on() -> None:
    text = (
        f"{PLAIN}2026-11-24,,A,,1.00,USD\n2026-13-24,,B,,1.00,USD\n2026-11-24,,C,,x,USD\n2026-11-24,,D,,1.001,USD\n"
        "2026-11-24,,E,,1.00,XXQ\n,,more of E,,,\n2026-11-24,,F,,(2.00),USD\nTotal,,,,,\n"
    )

    parsed = CSV.parse_mapped(text.encode(), preview(f"{PLAIN}2026-11-24,,A,,1.00,USD\n".encode()).mapping)

    assert [row[4] for row in rows(parsed)] == ["A", "F"]
    assert rows(parsed)[1][2:4] == ("debit", 200)
    assert [(fault.line, fault.rule, fault.level) for fault in parsed.faults] == [
        (3, "csv.date", "E"), (4, "csv.amount", "E"), (5, "csv.amount", "E"), (6, "csv.currency", "E"),
        (7, "csv.outside", "W"), (9, "csv.outside", "W"),
    ]  # fmt: skip


def test_a_row_without_a_day_continues_the_one_above() -> None:
    parsed = CSV.parse(b"Datum;Buchungstext;Betrag CHF\n24.11.2026;LOHN;1.50\n;NOVEMBER;\n25.11.2026;MIETE;-2.50\n")

    assert [row[2:] for row in rows(parsed)] == [("credit", 150, "LOHN NOVEMBER"), ("debit", 250, "MIETE")]


@pytest.mark.parametrize("is_newest_first", [False, True])
def test_the_running_balance_proves_the_amounts_upwards_and_downwards(is_newest_first: bool) -> None:
    lines = ["2026-11-24,a,1.00,11.00", "2026-11-25,b,-3.00,8.00", "2026-11-26,c,0.50,8.50"]
    header = "Date,Text,Amount (USD),Balance\n"
    text = header + "\n".join(reversed(lines) if is_newest_first else lines)

    (statement,) = CSV.parse(text.encode()).statements
    broken = CSV.parse(text.replace("-3.00", "-3.01").encode())

    assert (statement.opening, statement.closing, statement.proof) == (Money(1000, "USD"), Money(850, "USD"), "proven")
    assert broken.statements[0].proof == "differs"
    assert rules(broken) == ["csv.balance"]


def test_a_mapping_is_saved_and_found_again_by_its_columns() -> None:
    data = (SAMPLES / "csv/bananaaccounting-csv_clerbank_example_format1_CHF_20241021.csv").read_bytes()
    mapping = preview(data).mapping
    assert mapping is not None

    assert Mapping.from_json(mapping.as_json()) == mapping
    assert CSV.parse_mapped(data, mapping) == CSV.parse(data)
    renamed = data.replace(b"Data valuta", b"Data altra")
    assert rules(CSV.parse_mapped(renamed, mapping)) == ["csv.columns"]
    assert preview(renamed).mapping.fingerprint != mapping.fingerprint  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "said",
    [
        {}, {"columns": {}}, {"columns": {"booked_on": 0}}, {"columns": {"booked_on": 0, "amount": -1}},
        {"columns": {"booked_on": 0, "amount": [1, 2]}}, {"columns": {"booked_on": 0, "amount": 1, "debit": 2}},
        {"columns": {"booked_on": 0, "amount": 1}, "decimal": "'"}, {"columns": {"booked_on": 0, "amount": 1}, "x": 1},
        {"columns": {"booked_on": 0, "amount": 1}, "currency": "XXQ"}, {"columns": {"day": 0, "amount": 1}},
        {"columns": {"booked_on": True, "amount": 1}}, {"columns": {"booked_on": 0, "amount": 1}, "header_line": -1},
    ],
)  # fmt: skip
def test_a_mapping_that_says_nothing_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(MalformedMapping):
        Mapping.from_json(said)


def test_a_workbook_gives_exact_amounts_and_days() -> None:
    parsed = XLSX.parse((SAMPLES / "xlsx/statement.xlsx").read_bytes())

    assert [row[1:4] for row in rows(parsed)] == [
        (date(2026, 11, 24), "credit", 14_175_520), (date(2026, 11, 24), "debit", 10_613_024),
        (date(2026, 11, 25), "credit", 512_816), (date(2026, 11, 25), "debit", 30), (date(2026, 11, 26), "credit", 30),
    ]  # fmt: skip
    assert rows(parsed)[0][0] == 4


def test_a_preview_shows_the_first_rows_and_refuses_what_is_no_table() -> None:
    found = preview((SAMPLES / "csv/bananaaccounting-csv_akb_example_format3_20241018.csv").read_bytes(), rows=3)

    assert (found.parser, len(found.parsed.records), found.questions) == ("csv_v1", 3, ())
    with pytest.raises(UnknownFormat):
        preview(b"%PDF-1.7 no table")


_CELLS = st.lists(st.text(alphabet='ab"\n, ', max_size=6), min_size=1, max_size=4)


@given(
    rows=st.lists(_CELLS, max_size=8),
    broken=st.text(alphabet="ab,", max_size=5),
    after=st.lists(st.sampled_from(["1,2", "x", "a,b,c"]), max_size=5),
)
def test_a_mark_that_is_never_closed_costs_its_own_line_alone(
    rows: list[list[str]], broken: str, after: list[str]
) -> None:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    begun = written.getvalue().count("\n") + 1

    read = list(csv_v1._rows([written.getvalue() + f'"{broken}\n' + "".join(f"{line}\n" for line in after)], ","))

    assert [row for _, row in read[: len(rows)]] == rows
    line, fault = read[len(rows)]
    assert isinstance(fault, Fault) and (line, fault.rule) == (begun, "csv.quotes")
    assert [(n, row) for n, row in read[len(rows) + 1 :]] == [
        (begun + 1 + n, one.split(",")) for n, one in enumerate(after)
    ]


def test_a_mark_that_a_later_row_closes_makes_no_record_of_the_two() -> None:
    lines = [
        "date,text,amount,currency",
        '2026-11-23,"SALARY,10.00,USD',
        '2026-11-24,"RENT",20.00,USD',
        "2026-11-25,FEE,-1.00,USD",
    ]

    parsed = CSV.parse("\n".join(lines).encode())

    assert [(one.text, one.amount.minor) for one in parsed.records] == [("RENT", 2000), ("FEE", 100)]
    [fault] = parsed.faults
    assert (fault.line, fault.rule, fault.raw) == (2, "csv.quotes", lines[1])
