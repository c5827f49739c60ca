"""Tables by the block: what is read column by column is what is read row by row, whatever stands in the rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.ingestion.mapping import Mapping
from headgate.ingestion.parsers import _table_blocks
from headgate.ingestion.parsers._table import _Reader, read_rows
from headgate.ingestion.records import Fault, Item, TransactionRecord

DAYS = st.sampled_from(["2026-11-24", "2026-11-25", "20261126", " 2026-11-27 "])
AMOUNTS = st.integers(-(10**6), 10**6).map(lambda minor: f"{minor / 100:.2f}")
ODD_TEXT = st.sampled_from(
    [
        "",
        " ",
        "1",
        "-0.00",
        "+5.00",
        "1,50",
        "1,234.50",
        "(2.00)",
        "1.00\n2.00",
        "x",
        "1e5",
        "٣.00",
        "9" * 15 + ".99",
        "Total",
    ]
)
ODD_CELL = st.one_of(
    *(st.none(), st.booleans(), st.floats(width=32), st.integers(-(10**14), 10**14), ODD_TEXT),
    st.sampled_from([date(2026, 11, 24), datetime(2026, 11, 25, 4), 1e12, -1e12, 0.1 + 0.2, 5e-324, float("nan")]),
)
COLUMNS: dict[str, dict[str, Any]] = {
    "signed": {"booked_on": 0, "text": 1, "amount": 2, "balance": 3, "external_id": 4, "value_on": 5},
    "two": {"booked_on": 0, "text": [1, 4], "credit": 2, "debit": 3, "currency": 5},
    "plain": {"value_on": 0, "amount": 2, "account_number": 1, "type_code": 4, "customer_reference": 5},
}


@contextmanager
def read_as(rows: int, *, one_by_one: bool = False) -> Iterator[None]:
    """So many rows a block; or none that is read whole."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_table_blocks, "BLOCK", rows)
        if one_by_one:
            patch.setattr(_Reader, "_whole", lambda self, block: None)
        yield


def both(rows: Sequence[tuple[int, Any]], mapping: Mapping, block: int, *, are_typed: bool) -> list[Item]:
    """The items of the rows, the same in both ways."""
    with read_as(block):
        whole = list(read_rows(iter(rows), mapping, "t", are_typed=are_typed))
    with read_as(block, one_by_one=True):
        single = list(read_rows(iter(rows), mapping, "t", are_typed=are_typed))
    assert whole == single
    return whole


@pytest.mark.slow
@settings(deadline=None)
@given(data=st.data(), kind=st.sampled_from(sorted(COLUMNS)), block=st.integers(1, 6), are_typed=st.booleans())
def test_a_block_gives_what_its_rows_give(data: st.DataObject, kind: str, block: int, are_typed: bool) -> None:
    mark = data.draw(st.sampled_from(".,"))
    typed: Any = st.sampled_from([date(2026, 11, 24), date(2026, 11, 25)]) if are_typed else DAYS
    number: Any = (
        st.integers(-(10**6), 10**6).map(lambda n: n / 100)
        if are_typed
        else AMOUNTS.map(lambda a: a.replace(".", mark))
    )
    text = st.sampled_from(["", "RENT", " two words ", "A|B"])
    currency = data.draw(st.sampled_from([st.just("USD"), st.just("USD"), st.sampled_from(["USD", "JPY", "usd"])]))
    side = st.sampled_from([number, st.just("")])
    plain = {
        "signed": (typed, text, number, number, text, typed),
        "two": (typed, text, st.just(""), number, text, currency),
        "plain": (
            typed,
            data.draw(st.sampled_from([st.just("44"), st.sampled_from(["44", "45"])])),
            number,
            text,
            text,
            text,
        ),
    }[kind]
    if kind == "two" and not are_typed:
        plain = (
            typed,
            text,
            data.draw(side),
            data.draw(side),
            text,
            currency,
        )
    rows: list[tuple[int, Any]] = []
    balance, is_downwards = 0, data.draw(st.booleans())
    for n in range(data.draw(st.integers(1, 14))):
        row: list[Any] = [data.draw(one) for one in plain]
        if kind == "signed":  # a running balance that follows, upwards or downwards
            minor = data.draw(st.integers(-500, 500))
            after = balance - minor if is_downwards else balance + minor
            for at, value in ((2, minor), (3, balance if is_downwards else after)):
                row[at] = value / 100 if are_typed else f"{value / 100:.2f}".replace(".", mark)
            balance = after
        if data.draw(st.integers(0, 9)) == 0:
            row[data.draw(st.integers(0, 5))] = data.draw(ODD_CELL if are_typed else ODD_TEXT)
        if data.draw(st.integers(0, 19)) == 0:
            row = [row[:3], [], [*row, "more"], ["", "goes on"]][data.draw(st.integers(0, 3))]
        broken = data.draw(st.integers(0, 29)) == 0
        rows.append((n + 1, Fault(n + 1, 0, "", "t.quotes", "line: x") if broken else row))
    mapping = Mapping.from_json({
        "columns": COLUMNS[kind], "header_line": data.draw(st.integers(0, 2)), "decimal": mark,
        "currency": "" if kind == "two" else data.draw(st.sampled_from(["USD"] * 4 + ["JPY", "BHD"])),
        "debit_is_positive": data.draw(st.booleans()), "amount_unit": data.draw(st.sampled_from(["major"] * 5 + ["minor"])),
    })  # fmt: skip

    both(rows, mapping, block, are_typed=are_typed)


@pytest.mark.parametrize("size", [1, 127, 128, 129, 300])
def test_plain_rows_are_read_whole_wherever_a_block_ends(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    header = (1, ["Date", "Text", "Amount", "Balance", "Id", "Value"])
    balances = [100 * n for n in range(size + 1)]
    rows = [
        (n + 1, ["2026-11-24", f"row {n}", "1.00", f"{balances[n] / 100:.2f}", f"id{n % 100}", ""])
        for n in range(1, size + 1)
    ]
    mapping = Mapping.from_json({"columns": COLUMNS["signed"], "currency": "USD", "header_line": 1})
    expected = both([header, *rows], mapping, 128, are_typed=False)
    monkeypatch.setattr(_Reader, "_take", lambda *given: pytest.fail("a plain row was read by itself"))

    *records, statement = read_rows(iter([header, *rows]), mapping, "t")

    assert [*records, statement] == expected
    assert [r.line for r in records if isinstance(r, TransactionRecord)] == list(range(2, size + 2))
    assert (statement.proof, statement.opening.minor, statement.closing.minor) == ("proven", 0, 100 * size)  # type: ignore[union-attr]


def test_a_row_goes_on_across_the_end_of_a_block() -> None:
    mapping = Mapping.from_json(
        {"columns": {"booked_on": 0, "text": 1, "amount": 2}, "currency": "USD", "header_line": 0}
    )
    rows = [(1, ["2026-11-24", "RENT", "1.00"]), (2, ["2026-11-24", "WATER", "2.00"]), (3, ["", "of November", ""])]

    records = [item for item in both(rows, mapping, 2, are_typed=False) if isinstance(item, TransactionRecord)]

    assert [(r.line, r.text) for r in records] == [(1, "RENT"), (2, "WATER of November")]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1.00", "-0.05", "-0.00"], [100, -5, 0]), (["1.00\n2.00", "1.00"], None), (["1.00", ""], None), (["1.0"], None),
        (["٣.00"], None), (["1.00", None], None), (["+1.00"], None), (["9" * 16 + ".00"], None),
    ],
)  # fmt: skip
def test_amounts_of_a_column_are_plain_or_nothing(cells: list[Any], expected: list[int] | None) -> None:
    assert _table_blocks.minors_of(cells, 2, ".", are_typed=False) == expected


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([0.1 + 0.2, 1.0], None),
        ([0.1, -2], [10, -200]),
        ([True, 1.0], None),
        ([float("nan")], None),
        ([1e300 * 10], None),
    ],
)
def test_numbers_of_a_column_are_exact_or_nothing(cells: list[Any], expected: list[int] | None) -> None:
    assert _table_blocks.minors_of(cells, 2, ".", are_typed=True) == expected
