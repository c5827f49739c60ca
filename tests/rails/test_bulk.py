"""Judging entries by columns finds exactly what judging them line by line finds, whatever stands in the file."""

from __future__ import annotations

import io
import random
from collections.abc import Sequence
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rails import files as make

from headgate.rails import ach, check_digit
from headgate.rails.ach import bulk, layout, reader
from headgate.rails.ach.batch import BatchReader
from headgate.rails.ach.bulk import Run
from headgate.rails.ach.reader import Item
from headgate.rails.ach.traces import Traces

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_AT_ONCE", 37)


@lru_cache
def payroll(entries: int, sec_code: str = "PPD", seed: int = 1) -> tuple[str, ...]:
    """Two batches; now and then an addenda, a prenote, a debit, a jump in the numbers."""
    chance = random.Random(seed)
    batches = []
    sequence = 0
    for half in range(2):
        made = []
        for n in range(entries // 2):
            rdfi = f"{chance.randrange(1, 10**8):08d}"
            sequence += 1 if chance.random() < 0.97 else chance.randrange(2, 9)
            is_prenote = chance.random() < 0.02
            made.append(
                make.entry(
                    f"{half}-{n}",
                    transaction_code="23" if is_prenote else chance.choice(("22", "22", "32", "27")),
                    amount=make.usd(
                        "0.00" if is_prenote else f"{chance.randrange(1, 10**6)}.{chance.randrange(100):02d}"
                    ),
                    routing_number=f"{rdfi}{check_digit(rdfi)}",
                    addenda="OVERTIME" if chance.random() < 0.03 else None,
                    trace_sequence=sequence,
                )
            )
        batches.append(make.batch(*made, sec_code=sec_code, description=f"PAYROLL {half}"))
    return tuple(ach.build_file(make.spec(), batches).content.decode().splitlines())


def found(items: Sequence[Item]) -> list[object]:
    """Records and faults as they can be compared."""
    return [
        item
        if isinstance(item, ach.Fault)
        else (item.layout.name, item.number, item.line, item.is_broken, *(a.line for a in getattr(item, "addenda", ())))
        for item in items
    ]


def both_ways(lines: Sequence[str], rules: ach.Rulebook | None = None) -> tuple[list[object], list[object]]:
    by_columns = found(list(ach.read(io.BytesIO("\n".join(lines).encode("latin-1")), rules)))
    # What is not ASCII is told once for the whole file, which lines of text cannot be asked.
    told = [item for item in by_columns if not (isinstance(item, ach.Fault) and item.rule == "V-90")]
    return told, found(list(ach.read_lines(lines, rules)))


@pytest.mark.parametrize("sec_code", ["PPD", "CCD", "WEB"])
def test_a_good_file_is_read_alike(sec_code: str) -> None:
    by_columns, by_lines = both_ways(payroll(900, sec_code))

    assert by_columns == by_lines
    assert not [item for item in by_columns if isinstance(item, ach.Fault)]


E = layout.ENTRY
WRONG = [
    (E["amount"].start, "0" * 10),
    (E["amount"].start, "00000ABCDE"),
    (E["account"].start, " " * 17),
    (E["account"].start, " " * 16 + "7"),
    (E["account"].start, "0\x07"),
    (E["individual_name"].start, " " * 22),
    (E["individual_name"].start, "0" * 22),
    (E["individual_name"].start, " " * 20 + "XY"),
    (E["individual_id"].start, "\xb2"),
    (E["addenda_indicator"].start, "1"),
    (E["addenda_indicator"].start, "2"),
    (E["check_digit"].start, "X"),
    (E["rdfi"].start, "99999999"),
    (E["transaction_code"].start, "99"),
    (E["transaction_code"].start, "55"),
    (E["transaction_code"].start, "23"),
    (E["trace_number"].start, "1"),
    (E["trace_number"].start + 8, "0000001"),
    (E["trace_number"].start + 8, "00A"),
]
noise = st.tuples(st.integers(1, 94), st.sampled_from(list("0123456789 ABÿ\x07é¹²9")))
places = st.tuples(st.integers(2, 300), st.one_of(st.sampled_from(WRONG), noise))


@pytest.mark.parametrize(("start", "text"), WRONG)
def test_each_wrong_thing_amid_good_entries_is_found_alike(start: int, text: str) -> None:
    lines = list(payroll(300))
    at = next(n for n in range(100, 300) if all(line[0] == "6" and line[78] == "0" for line in lines[n - 30 : n + 30]))
    lines[at] = lines[at][: start - 1] + text + lines[at][start - 1 + len(text) :]

    by_columns, by_lines = both_ways(lines)

    assert by_columns == by_lines
    right_aligned = text.strip() and text[0] == " "
    assert any(isinstance(item, ach.Fault) and item.record == at + 1 for item in by_columns) is not bool(right_aligned)


rows = st.tuples(
    st.integers(2, 300), st.sampled_from(["drop", "twice", "short", "long", "blank", "swap", "control", "nines"])
)


@settings(max_examples=120, deadline=None)
@given(st.lists(places, max_size=25), st.lists(rows, max_size=4), st.sampled_from(["PPD", "CCD", "TEL", "CTX"]))
def test_whatever_is_wrong_is_found_alike(
    cells: list[tuple[int, tuple[int, str]]], moves: list[tuple[int, str]], sec_code: str
) -> None:
    lines = [line.replace("PPDPAYROLL", f"{sec_code}PAYROLL") for line in payroll(300)]
    for number, (start, text) in cells:
        line = lines[number % len(lines)]
        lines[number % len(lines)] = line[: start - 1] + text + line[start - 1 + len(text) :]
    for number, move in moves:
        at = number % len(lines)
        line = lines[at]
        instead = {
            "drop": [],
            "twice": [line, line],
            "short": [line[:60]],
            "long": [line + "1234"],
            "blank": [""],
            "swap": [*lines[at + 1 : at + 2], line],
            "control": [line, lines[-1] if lines[-1][0] == "9" else line],
            "nines": ["9" * 94, line],
        }
        lines[at : at + 1] = instead[move]

    by_columns, by_lines = both_ways(lines)

    assert by_columns == by_lines


@pytest.mark.parametrize("switch", ["any_traces", "without_batch_control", "without_fill"])
def test_a_switch_changes_both_alike(switch: str) -> None:
    lines = [line[:79] + line[80:87] + line[79] + line[87:] if line[0] == "6" else line for line in payroll(300)]
    rules = ach.Rulebook(inbound=ach.Inbound(**{switch: True}))

    by_columns, by_lines = both_ways([line for line in lines if line[0] != "8"], rules)

    assert by_columns == by_lines


def test_one_wrong_trace_number_hides_no_neighbour() -> None:
    lines = list(payroll(300))
    at = next(n for n in range(100, 300) if lines[n][0] == lines[n + 1][0] == "6")
    lines[at] = lines[at][:87] + "9000000"

    faults = [item for item in ach.read(io.BytesIO("\n".join(lines).encode())) if isinstance(item, ach.Fault)]

    assert [(fault.rule, fault.record) for fault in faults if fault.rule == "V-53"] == [("V-53", at + 2)]


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 6)), max_size=60), st.integers(1, 5))
def test_traces_are_remembered_as_a_set_would(ranges: list[tuple[int, int]], most: int) -> None:
    from headgate.rails.ach import traces as module

    seen: set[int] = set()
    traces = Traces()
    before, module._RANGES_MAX = module._RANGES_MAX, most
    try:
        for first, length in ranges:
            numbers = set(range(first, first + length + 1))
            assert traces.add_range("99000001", first, first + length) is not bool(numbers & seen)
            if not numbers & seen:
                seen |= numbers
        for number in range(70):
            assert traces.add(f"99000001{number:07d}") is (number not in seen)
    finally:
        module._RANGES_MAX = before


def test_what_is_beyond_the_memory_for_traces_is_said_and_the_file_is_read() -> None:
    traces = Traces(ranges_max=3)
    assert all(traces.add(f"9900000{n}0000001") for n in range(5))

    assert traces.is_full
    assert traces.add("990000090000007")
    assert not traces.add("990000000000001")


def test_a_plain_entry_is_written_as_its_table_says() -> None:
    entry = make.entry("a", amount=make.usd("12.34"))

    (quick,) = [
        line
        for line in ach.build_file(make.spec(), [make.batch(entry)]).content.decode().split("\n")
        if line[0:1] == "6"
    ]

    assert quick == layout.ENTRY.write(
        record_type="6", transaction_code="22", rdfi="23138010", check_digit="4", account="00123-456 7", amount=1234,
        individual_id="ref-a", individual_name="MARIA LINDQVIST", addenda_indicator="0", trace_number="990000010000001",
    )  # fmt: skip


def test_most_of_a_good_file_is_judged_by_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    once = BatchReader._part

    def counted(self: BatchReader, run: Run, start: int, end: int, number: int) -> bool:
        taken.append(end - start)
        return once(self, run, start, end, number)

    monkeypatch.setattr(BatchReader, "_part", counted)
    both_ways(payroll(900))

    assert sum(taken) > 400


def test_more_routing_numbers_than_are_remembered_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "_KNOWN_MAX", 3)
    lines = list(payroll(600))
    for at in range(5, 300, 7):
        lines[at] = lines[at][:54] + " " * 22 + lines[at][76:]

    by_columns, by_lines = both_ways(lines)

    assert by_columns == by_lines
