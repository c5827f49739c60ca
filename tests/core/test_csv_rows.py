"""Rows of CSV: what csv.writer wrote comes back; a mark that is never closed costs its own line."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from headgate.core.csv_rows import csv_rows

DELIMITERS = st.sampled_from([",", ";", "\t"])
CELLS = st.text(st.sampled_from("ab1 ,;\t\"'\nÄ"), max_size=6)
WORDS = st.text(st.sampled_from("ab1 .-'"), max_size=5)


def lines_of(text: str) -> list[str]:
    """Its lines, as a file gives them."""
    return list(io.StringIO(text, newline="\n"))


@given(st.lists(st.lists(CELLS, min_size=2, max_size=4), max_size=8), DELIMITERS)
def test_what_was_written_comes_back_by_its_lines(table: list[list[str]], delimiter: str) -> None:
    text, begins = io.StringIO(), []
    for row in table:
        begins.append(text.getvalue().count("\n") + 1)
        csv.writer(text, delimiter=delimiter, lineterminator="\n").writerow(row)

    assert list(csv_rows(lines_of(text.getvalue()), delimiter)) == list(zip(begins, table, strict=True))


@given(st.lists(st.lists(WORDS, min_size=2, max_size=4), min_size=1, max_size=8), st.data())
def test_a_mark_that_is_not_closed_costs_no_other_line(table: list[list[str]], data: st.DataObject) -> None:
    broken = data.draw(st.integers(0, len(table) - 1))
    cell = data.draw(st.integers(0, len(table[broken]) - 1))
    written = [",".join(f'"{one}"' for one in row) for row in table]
    cells = [f'"{one}"' for one in table[broken]]
    cells[cell] = cells[cell][:-1] + "x"
    written[broken] = ",".join(cells)

    found = dict(csv_rows([f"{line}\n" for line in written]))

    assert sorted(found) == list(range(1, len(table) + 1))
    assert {line: row for line, row in found.items() if line != broken + 1} == {
        line: row for line, row in enumerate(table, 1) if line != broken + 1
    }


def test_a_mark_that_a_later_row_closes_takes_no_row_into_itself() -> None:
    sloppy = 'd,ACME "BEST" CORP,"say ""no"" now",1\n'
    whole = 'e,"two\nlines, and more",,2\n'
    lines = lines_of('a,"SALARY,10.00\nb,"RENT",20.00\n' + whole + 'c,"never closed,30.00\n' + sloppy)

    assert list(csv_rows(lines)) == [
        (1, 'a,"SALARY,10.00'),
        (2, ["b", "RENT", "20.00"]),
        (3, ["e", "two\nlines, and more", "", "2"]),
        (5, 'c,"never closed,30.00'),
        (6, ["d", 'ACME "BEST" CORP', 'say "no" now', "1"]),
    ]
    long = ['a,"' + "x" * 100 + "\n"] + ["y" * 1_000 + "\n"] * 200
    assert [line for line, row in csv_rows(long) if isinstance(row, str)] == [1]
