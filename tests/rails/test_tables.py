"""Every table: what is written by it reads back to the same values, and a value that it does not allow is named."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.rails.ach import layout
from headgate.rails.ach.fields import Field, Layout
from headgate.rails.ach.rules import RULES

TABLES = {name: table for name, table in vars(layout).items() if isinstance(table, Layout)}
LETTERS = "".join(chr(code) for code in range(32, 127))
TEXT = ("text", "filled", "present")


def values_of(field: Field) -> st.SearchStrategy[str | int]:
    """Values that a field may hold: numbers as numbers, text without blanks on the right."""
    if field.content == "digits":
        return st.integers(0, 10**field.width - 1)
    if field.name == "destination":
        return st.sampled_from([" 231380104", "1234567890", "OUR BANK"])
    if field.content == "julian":
        return st.integers(1, 366).map(lambda day: f"{day:03d}")
    if field.content in TEXT:
        text = st.text(LETTERS, max_size=field.width).map(str.rstrip)
        empty = {"text": None, "filled": " 0", "present": " "}[field.content]
        return text if empty is None else text.filter(lambda made: bool(made.ljust(field.width).strip(empty)))
    return st.from_regex(field.pattern, fullmatch=True).filter(lambda made: made.isascii() and made == made.rstrip())


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_what_is_written_reads_back(name: str, data: st.DataObject) -> None:
    table = TABLES[name]
    values = {field.name: data.draw(values_of(field), label=field.name) for field in table.fields}

    line = table.write(**values)

    assert len(line) == layout.LENGTH
    assert table.match(line) is not None, list(table.broken(line))
    found = {field.name: int(text) if field.content == "digits" else text.rstrip()
             for field, text in zip(table.fields, table.values(line).values(), strict=True)}  # fmt: skip
    assert found == values
    assert table.replace(line) == line


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_the_whole_line_fits_exactly_where_every_field_does(name: str, data: st.DataObject) -> None:
    table = TABLES[name]
    line = table.write(**{field.name: data.draw(values_of(field)) for field in table.fields})
    at, letter = data.draw(st.integers(0, 93)), data.draw(st.sampled_from([*LETTERS, "\x07", "é", "—"]))
    changed = line[:at] + letter + line[at + 1 :]

    broken = list(table.broken(changed))

    assert (table.match(changed) is None) is bool(broken)
    assert all(field.start <= at + 1 <= field.end for field in broken)


@pytest.mark.parametrize("name", TABLES)
def test_every_field_names_a_rule_and_a_mending(name: str) -> None:
    for field in TABLES[name].fields:
        assert field.rule in RULES
        assert field.mending or field.name in ("record_type", "addenda_type"), f"{name}.{field.name} says no mending"
        assert re.compile(field.pattern)


def test_every_kind_of_record_has_its_table() -> None:
    assert len(TABLES) >= 34
    assert {table.fields[0].content for table in TABLES.values()} == set("156789")


@pytest.mark.parametrize(
    ("values", "reason"),
    [({"amount": 10**10}, "amount takes 10 characters"), ({"nothing": "x"}, "has no field nothing")],
)
def test_what_does_not_fit_is_refused(values: dict[str, str | int], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        layout.ENTRY.write(**values)
