"""The reader of NACHA files against an independent implementation's verdicts, rule by rule, and at its edges."""

from __future__ import annotations

import io
import json
import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rails import files as make

from headgate.rails import CannotWrite, ach
from headgate.rails.ach import layout as tables

pytestmark = pytest.mark.slow

SAMPLES = Path(__file__).resolve().parent.parent / "samples" / "nacha"
VERDICTS = [json.loads(line) for line in (SAMPLES / "verdicts.jsonl").read_text("utf-8").splitlines()]
REFUSED = sorted(row["file"] for row in VERDICTS if row["accepted"] is False)
ACCEPTED = sorted(row["file"] for row in VERDICTS if row["accepted"] is True)

STRICTER = {
    "fh-priority-02": {"V-06"},
    "fh-recsize-095": {"V-06"},
    "fh-blocking-09": {"V-06"},
    "ed-addenda-ind-1": {"V-50"},
    "ed-addenda-ind-2": {"V-50"},
    "ad05-seq-2": {"V-52"},
    "ed-amount-nondigit": {"V-40"},
    "bc-nondigit": {"V-72"},
    "20180713-IAT": {"V-30"},
    "20180716-IAT-A17-A18": {"V-30"},
    "flattenIATBatchesMultipleBatchHeaders": {"V-23"},
}
"""What the other implementation lets pass and our rules refuse, and by which rule."""

UNKNOWN_RETURN_CODE = "originals/test__testdata__return-PPD-custom-reason-code.ach"
"""Refused there for a return code that no table knows; a warning here, so that the return is not lost (V-60)."""


def refusing_rules(name: str) -> set[str]:
    return {fault.rule for fault in ach.read_file((SAMPLES / name).read_bytes()).faults if fault.level == "E"}


def test_the_verdicts_are_all_here() -> None:
    assert (len(REFUSED), len(ACCEPTED)) == (301, 127)


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_other_implementation_refuses_is_refused(name: str) -> None:
    if name == UNKNOWN_RETURN_CODE:
        faults = ach.read_file((SAMPLES / name).read_bytes()).faults
        assert {(fault.rule, fault.level) for fault in faults if fault.rule == "V-60"} == {("V-60", "W")}
        return
    assert refusing_rules(name)


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_it_accepts_is_accepted_or_refused_by_a_named_rule(name: str) -> None:
    stem = name.removesuffix(".ach").removesuffix(".txt")
    mutation = stem.rpartition("--")[2] if "--" in stem else stem.rpartition("__")[2]

    assert refusing_rules(name) == STRICTER.get(mutation, set())


Bend = Callable[[list[str]], list[str]]
B, E, A, C = tables.BATCH_HEADER, tables.ENTRY, tables.ADDENDA_05, tables.BATCH_CONTROL
H, F = tables.FILE_HEADER, tables.FILE_CONTROL


def replace(number: int, *instead: str) -> Bend:
    return lambda lines: lines[:number] + list(instead) + lines[number + 1 :]


def dropped(number: int) -> Bend:
    return lambda lines: lines[:number] + lines[number + 1 :]


def repeated(number: int) -> Bend:
    return lambda lines: [*lines[: number + 1], *lines[number:]]


def both(*bends: Bend) -> Bend:
    def bent(lines: list[str]) -> list[str]:
        for bend in bends:
            lines = bend(lines)
        return lines

    return bent


def as_return(code: str, **fields: str) -> Bend:
    """The second entry with an addenda 99 in place of its 05."""

    def bent(lines: list[str]) -> list[str]:
        table = tables.ADDENDA_99_DISHONORED if code.startswith("R6") else tables.ADDENDA_99
        facts = {"original_trace": "1" * 15, "original_rdfi": "2" * 8, **fields}
        lines[make.ADDENDA] = table.write(record_type="7", addenda_type="99", return_code=code, **facts)
        return lines

    return bent


def as_change(code: str, data: str) -> Bend:
    def bent(lines: list[str]) -> list[str]:
        lines[make.ADDENDA] = tables.ADDENDA_98.write(
            record_type="7", addenda_type="98", change_code=code, original_trace="1" * 15, original_rdfi="2" * 8,
            corrected_data=data,
        )  # fmt: skip
        return lines

    return bent


LOAN_DEBIT = both(
    make.bend(make.THIRD, E, "transaction_code", "55"), make.bend(make.BATCH_2, B, "service_class", "225")
)
BROKEN: list[tuple[str, Bend]] = [
    ("V-01", lambda lines: [lines[0] + "X", *lines[1:]]),
    ("V-01", lambda lines: ["\ufeff" + lines[0], *lines[1:]]),
    ("V-02", replace(make.FIRST, "4" * 94)),
    ("V-03", dropped(make.HEADER)),
    ("V-03", dropped(make.END)),
    ("V-03", repeated(make.HEADER)),
    ("V-04", dropped(make.BATCH)),
    ("V-04", dropped(make.CONTROL)),
    ("V-04", lambda lines: [*lines, lines[make.FIRST]]),
    ("V-04", lambda lines: [*lines[:3], "9" * 94, *lines[3:]]),
    ("V-05", lambda lines: [*lines, "9" * 94]),
    ("V-05", make.bend(make.END, F, "block_count", "000002")),
    ("V-06", make.bend(make.HEADER, H, "priority_code", "02")),
    ("V-07", make.bend(make.HEADER, H, "format_code", "2")),
    ("V-08", make.bend(make.HEADER, H, "destination", " 990000014")),
    ("V-09", make.bend(make.HEADER, H, "origin", "0000000000")),
    ("V-10", make.bend(make.HEADER, H, "created_on", "260230")),
    ("V-11", make.bend(make.HEADER, H, "created_at", "2560")),
    ("V-12", make.bend(make.HEADER, H, "modifier", "a")),
    ("V-20", make.bend(make.BATCH, B, "service_class", "999")),
    ("V-20", make.bend(make.BATCH, B, "service_class", "280")),
    ("V-20", make.bend(make.CONTROL, C, "service_class", "200")),
    ("V-21", make.bend(make.BATCH, B, "company_name", " " * 16)),
    ("V-22", make.bend(make.BATCH, B, "sec_code", "XYZ")),
    ("V-22", make.bend(make.BATCH, B, "sec_code", "TEL")),
    ("V-23", make.bend(make.BATCH, B, "originator_status", "0")),
    ("V-24", make.bend(make.CONTROL, C, "company_id", "9999999999")),
    ("V-24", make.bend(make.CONTROL, C, "batch_number", "0000009")),
    ("V-25", make.bend(make.BATCH_2, B, "batch_number", "0000001")),
    ("V-26", make.bend(make.BATCH, B, "effective_on", "260230")),
    ("V-27", make.bend(make.BATCH, B, "settlement_julian", "400")),
    ("V-30", make.bend(make.FIRST, E, "transaction_code", "99")),
    ("V-30", make.bend(make.FIRST, E, "transaction_code", "27")),
    ("V-31", make.bend(make.FIRST, E, "check_digit", "5")),
    ("V-31", make.bend(make.FIRST, E, "rdfi", "2313801X")),
    ("V-32", make.bend(make.FIRST, E, "account", " " * 17)),
    ("V-33", make.bend(make.FIRST, E, "individual_name", " " * 22)),
    ("V-34", make.bend(make.FIRST, E, "individual_name", "\u2014" + " " * 20 + "A")),
    ("V-34", make.bend(make.FIRST, E, "account", "\t" + " " * 15 + "1")),
    ("V-40", make.bend(make.FIRST, E, "amount", "00000ABCDE")),
    ("V-41", make.bend(make.FIRST, E, "transaction_code", "23")),
    ("V-42", make.bend(make.FIRST, E, "amount", "0" * 10)),
    ("V-42", make.bend(make.FIRST, E, "transaction_code", "24")),
    ("V-43", both(make.bend(make.BATCH_2, B, "sec_code", "ARC"), make.bend(make.THIRD, E, "amount", "0002500001"))),
    (
        "V-43",
        both(make.bend(make.BATCH, B, "effective_on", "261123"), make.bend(make.FIRST, E, "amount", "0100000001")),
    ),
    ("V-44", LOAN_DEBIT),
    ("V-50", make.bend(make.FIRST, E, "addenda_indicator", "1")),
    ("V-50", make.bend(make.SECOND, E, "addenda_indicator", "0")),
    ("V-51", repeated(make.ADDENDA)),
    ("V-51", make.bend(make.BATCH, B, "sec_code", "COR")),
    ("V-52", make.bend(make.ADDENDA, A, "sequence", "0002")),
    ("V-52", make.bend(make.ADDENDA, A, "entry_sequence", "0000009")),
    ("V-53", make.bend(make.FIRST, E, "trace_number", "123456780000001")),
    ("V-53", make.bend(make.SECOND, E, "trace_number", "990000010000001")),
    ("V-54", make.bend(make.THIRD, E, "trace_number", "990000010000002")),
    ("V-60", as_return("R98")),
    ("V-60", as_return("X01")),
    ("V-60", as_return("R61")),
    ("V-60", as_return("R03", original_trace="12345")),
    ("V-61", as_return("R03")),
    ("V-62", as_change("C99", "021000021")),
    ("V-62", as_change("C02", "021000022")),
    ("V-62", as_change("C01", "")),
    ("V-63", as_return("R03")),
    ("V-70", make.bend(make.CONTROL, C, "entry_hash", "0000000001")),
    ("V-70", make.bend(make.CONTROL, C, "credits", "0" * 11 + "1")),
    ("V-70", dropped(make.FIRST)),
    ("V-71", make.bend(make.END, F, "batch_count", "000009")),
    ("V-71", make.bend(make.END, F, "debits", "0" * 11 + "1")),
    ("V-71", make.bend(make.END, F, "block_count", "000000")),
    ("V-72", make.bend(make.CONTROL, C, "debits", "0" * 11 + "X")),
    ("V-90", make.bend(make.FIRST, E, "individual_name", "JOSÉ" + " " * 18)),
]


def test_the_good_file_has_no_fault() -> None:
    assert make.faults_of(make.good_file().decode().splitlines()) == []
    assert make.faults_of(make.good_file().decode().splitlines(), ach.Rulebook("outbound")) == []


@pytest.mark.parametrize(("rule", "bent"), BROKEN, ids=[f"{n}-{rule}" for n, (rule, _) in enumerate(BROKEN)])
def test_a_broken_rule_is_named_at_its_level(rule: str, bent: Bend) -> None:
    faults = make.faults_of(bent(make.good_file().decode().splitlines()))

    named = [fault for fault in faults if fault.rule == rule]
    assert named, f"{rule} is not among {[fault.message for fault in faults]}"
    for fault in named:
        assert fault.level in (ach.RULES[rule].inbound, "W")
        assert fault.record <= 12
        assert fault.rule == "V-90" or len(fault.message) > 15


def test_every_rule_has_a_file_that_breaks_it() -> None:
    not_of_the_reader = {"V-73", "V-80"}
    assert {rule for rule, _ in BROKEN} | not_of_the_reader == set(ach.RULES)


@pytest.mark.parametrize("rule", [rule for rule in ach.RULES if rule not in ("V-73", "V-80")])
def test_each_rule_has_a_switch(rule: str) -> None:
    bent = next(bent for name, bent in BROKEN if name == rule)

    faults = make.faults_of(bent(make.good_file().decode().splitlines()), ach.Rulebook(levels={rule: "off"}))

    assert rule not in {fault.rule for fault in faults}


def test_an_unknown_switch_is_refused() -> None:
    with pytest.raises(ValueError, match="V-99"):
        ach.Rulebook(levels={"V-99": "off"})


def test_totals_beyond_their_field_are_named() -> None:
    lines = make.good_file().decode().splitlines()
    number = 1 + 10**12 // 9_999_999_999
    entry = lines[make.FIRST][:29] + "9" * 10 + lines[make.FIRST][39:]
    entries = [f"{entry[:87]}{n:07d}" for n in range(1, number + 1)]

    faults = make.faults_of([*lines[:2], *entries, *lines[make.CONTROL :]])

    assert "V-73" in {fault.rule for fault in faults}


def test_a_broken_entry_does_not_hide_its_neighbours() -> None:
    lines = make.good_file().decode().splitlines()
    lines = make.bend(make.FIRST, E, "amount", "00000ABCDE")(lines)
    lines = make.bend(make.FIRST, E, "check_digit", "9")(lines)
    lines = make.bend(make.THIRD, E, "transaction_code", "99")(lines)

    file = ach.read_file("\n".join(lines).encode())

    assert [(entry.individual_id, entry.is_broken) for entry in file.entries] == [
        ("ref-a", True),
        ("ref-b", False),
        ("ref-c", True),
    ]
    at_fault = {(fault.record, fault.rule, fault.position) for fault in file.faults}
    assert {(3, "V-40", 30), (3, "V-31", 12), (8, "V-30", 2)} <= at_fault


def test_records_show_what_stands_in_them() -> None:
    file = ach.read_file(make.good_file())

    assert file.header is not None and file.control is not None
    assert (file.header.destination, file.header.origin, file.header.reference) == (
        " 990000013",
        "1234567890",
        "FILE0001",
    )
    assert file.header.created_on == make.MONDAY
    first = file.batches[0]
    assert first.header is not None and first.control is not None
    assert (first.header.sec_code, first.header.effective_on, first.header.batch_number) == ("PPD", make.TUESDAY, 1)
    assert (first.control.entry_addenda_count, first.control.credits_minor) == (3, 134_951)
    second = first.entries[1]
    assert (second.routing_number, second.account, second.amount_minor) == ("231380104", "00123-456 7", 9_901)
    assert (second.trace_number, second.is_debit) == ("990000010000002", False)
    assert [addenda.information for addenda in second.addenda] == ["MARCH OVERTIME"]
    assert file.control.block_count == 1
    assert "MARIA" not in repr(second) and "00123" not in repr(second)


def test_no_message_repeats_account_name_or_reference() -> None:
    secrets = ("00123-456", "MARIA", "LINDQVIST", "OVERTIME")
    for _, bent in BROKEN:
        for fault in make.faults_of(bent(make.good_file().decode().splitlines())):
            assert not any(secret in fault.message or secret in repr(fault) for secret in secrets)


MENDING = re.compile(
    r"(?:[;:,] |; .*)(?:so )?\b(?:write|fill|add|end|put|begin|number|use|ask|take|split|part|give|leave|check|count|repeat|see)\b"
)


def test_every_message_says_how_to_mend_it() -> None:
    found = [fault for _, bent in BROKEN for fault in make.faults_of(bent(make.good_file().decode().splitlines()))]
    for path in sorted(SAMPLES.glob("*/*")):
        found += ach.read_file(path.read_bytes()).faults

    assert len(found) > 500
    assert {fault.message for fault in found if not MENDING.search(fault.message)} == set()
    assert all(fault.message.startswith(f"line {fault.record}: ") for fault in found)
    assert all((fault.position > 0) is bool(fault.field) for fault in found)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "", "\n\n"])
def test_every_line_end_gives_the_same_records(end: str) -> None:
    lines = make.good_file().decode().splitlines()

    file = ach.read_file(end.join(lines).encode())

    assert file.faults == ()
    assert [entry.line for entry in file.entries] == [lines[make.FIRST], lines[make.SECOND], lines[make.THIRD]]


def test_a_file_without_line_ends_is_cut_across_chunks() -> None:
    wages = make.batch(*(make.entry(str(n)) for n in range(12_000)))
    content = ach.build_file(make.spec(), [wages]).content

    file = ach.read_file(content.replace(b"\n", b""))

    assert file.faults == ()
    assert sum(1 for _ in file.entries) == 12_000


def test_a_carriage_return_at_the_end_of_a_chunk_still_ends_its_line() -> None:
    wages = make.batch(*(make.entry(str(n)) for n in range(12_000)))
    content = ach.build_file(make.spec(), [wages]).content
    shifted = b"\r" * 61 + content.replace(b"\n", b"\r")
    assert shifted[2**20 - 1 : 2**20] == b"\r"

    file = ach.read_file(shifted)

    assert file.faults == ()
    assert sum(1 for _ in file.entries) == 12_000


def test_blanks_beyond_a_record_are_cut_and_short_lines_filled_with_a_warning() -> None:
    lines = make.good_file().decode().splitlines()
    lines[make.FIRST] += "   "
    lines[make.END] = lines[make.END].rstrip()

    faults = make.faults_of(lines)

    assert [(fault.rule, fault.level, fault.record) for fault in faults] == [("V-01", "W", make.END + 1)]
    assert {fault.level for fault in make.faults_of(lines, ach.Rulebook("outbound"))} == {"E"}


def test_two_records_on_one_line_are_named_and_both_read() -> None:
    lines = make.good_file().decode().splitlines()
    joined = [*lines[: make.FIRST], lines[make.FIRST] + lines[make.SECOND], *lines[make.ADDENDA :]]

    file = ach.read_file("\n".join(joined).encode())

    assert [fault.rule for fault in file.faults] == ["V-01"]
    assert [entry.individual_id for entry in file.entries] == ["ref-a", "ref-b", "ref-c"]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_characters_are_counted_and_not_bytes(encoding: str) -> None:
    lines = make.bend(make.FIRST, E, "individual_name", "JOSÉ NÚÑEZ".ljust(22))(make.good_file().decode().splitlines())

    file = ach.read_file("\n".join(lines).encode(encoding))

    assert [(fault.rule, fault.level) for fault in file.faults] == [("V-90", "W")]
    assert file.encoding == encoding
    assert next(iter(file.entries)).individual_name == "JOSÉ NÚÑEZ"


def test_a_batch_that_is_cut_off_is_named_and_the_next_is_read() -> None:
    lines = make.good_file().decode().splitlines()
    del lines[make.CONTROL]

    file = ach.read_file("\n".join(lines).encode())

    assert [batch.header.description for batch in file.batches if batch.header] == ["PAYROLL", "FUNDING"]
    assert [fault.rule for fault in file.faults if fault.level == "E"] == ["V-04"]
    assert file.batches[0].control is None


@pytest.mark.slow
def test_a_hundred_thousand_entries_are_read_in_little_memory() -> None:
    content = ach.build_file(make.spec(), [make.batch(*(make.entry(str(n)) for n in range(5_000)))]).content
    body = content.split(b"\n")[2:5_002]
    stream = io.BytesIO(b"\n".join(body * 20))
    tracemalloc.start()

    seen = sum(
        1
        for item in ach.read(stream, ach.Rulebook(levels={"V-53": "off", "V-54": "off"}))
        if isinstance(item, ach.Entry)
    )

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seen == 100_000
    assert peak < 16_000_000


def test_lines_that_are_text_are_read_too() -> None:
    items = list(ach.read_lines(make.good_file().decode().splitlines()))

    assert sum(isinstance(item, ach.Entry) for item in items) == 3
    assert not any(isinstance(item, ach.Fault) for item in items)


def test_repeated_traces_are_found_among_many() -> None:
    first = [make.entry(str(n)) for n in range(11_000)]
    again = make.entry("again", trace_sequence=500)
    with pytest.raises(CannotWrite, match="V-54"):
        ach.build_file(make.spec(), [make.batch(*first), make.batch(again, description="BONUS")])


@settings(max_examples=250, deadline=None)
@given(st.integers(0, 949), st.binary(min_size=1, max_size=6), st.integers(0, 8))
def test_no_change_of_a_good_file_makes_the_reader_fail(at: int, noise: bytes, cut: int) -> None:
    content = make.good_file()
    changed = content[:at] + noise + content[at + cut :]

    file = ach.read_file(changed)

    amounts = {entry.trace_number: entry.amount_minor for entry in file.entries}
    if not file.is_refused:
        assert sum(amount or 0 for amount in amounts.values()) == 2 * 134_951


def test_addenda_without_end_are_counted_and_named_and_fill_no_memory() -> None:
    lines = make.good_file().decode().splitlines()
    more = [lines[make.ADDENDA][:83] + f"{n % 10_000:04d}" + lines[make.ADDENDA][87:] for n in range(2, 30_001)]
    lines[make.ADDENDA + 1 : make.ADDENDA + 1] = more

    file = ach.read_file("\n".join(lines).encode())

    entry = next(entry for entry in file.entries if entry.addenda)
    assert len(entry.addenda) == 9_999 and entry.is_broken
    named = [fault for fault in file.faults if "more than 9,999 addenda" in fault.message]
    assert [fault.record for fault in named] == [make.ADDENDA + 1 + 9_999]
    (counted,) = [fault for fault in file.faults if fault.rule == "V-70"]
    assert "but the entries make 30002" in counted.message


def test_a_line_without_end_amid_others_is_named_again_and_again_and_fills_no_memory() -> None:
    lines = make.good_file().decode().splitlines()
    endless = lines[make.FIRST] * 30_000
    stream = io.BytesIO("\n".join([*lines[: make.FIRST], endless, *lines[make.FIRST :]]).encode())
    rules = ach.Rulebook(levels={"V-53": "off", "V-54": "off"})

    entries = named = 0
    for item in ach.read(stream, rules):
        entries += isinstance(item, ach.Entry)
        named += isinstance(item, ach.Fault) and item.rule == "V-01"

    assert entries == 30_003
    assert named > 10_000


def test_a_first_line_that_is_too_long_is_named_and_the_others_are_read() -> None:
    lines = make.good_file().decode().splitlines()
    lines[make.HEADER] += "1" * 115

    file = ach.read_file("\n".join(lines).encode())

    assert [(fault.rule, fault.record) for fault in file.faults] == [("V-01", 1)]
    assert len(list(file.entries)) == 3


def test_blocks_of_ten_records_are_parted() -> None:
    content = ach.build_file(make.spec(), [make.batch(*(make.entry(str(n)) for n in range(30)))]).content
    flat = content.decode().replace("\n", "")
    blocks = "\n".join(flat[at : at + 940] for at in range(0, len(flat), 940))

    for text in (blocks, blocks + "\n", flat + "\n"):
        file = ach.read_file(text.encode())
        assert file.faults == ()
        assert len(list(file.entries)) == 30
