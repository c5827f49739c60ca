"""Every parser, whichever: samples in, expected out; deterministic; totals equal; no bytes make it fail.

A new parser needs a row in EXPECTED with a sample, or this file fails.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.core.money import Money, total
from headgate.ingestion.parsers import Parser, all_parsers, detect
from headgate.ingestion.records import RegisterRecord, ReturnRecord, TransactionRecord

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = ROOT / "tests" / "samples"
DOCS = ROOT / "docs" / "samples"
PARSERS = all_parsers()

Expected = tuple[int, dict[str, int], list[str]]
"""Records, faults by rule, proof of each statement."""

EXPECTED: dict[str, dict[Path, Expected]] = {
    "bai2_v1": {
        DOCS / "statement.bai2": (3, {}, ["proven"]),
        SAMPLES / "bai2/ministryofjustice-svb_us_example.bai2": (2, {}, ["proven", "proven"]),
        SAMPLES / "bai2/moov-io-sample1.txt": (17, {}, ["absent"] * 2),
        SAMPLES / "bai2/moov-io-sample2.txt": (4, {}, ["absent"] * 5),
        SAMPLES / "bai2/moov-io-sample5-issue113.txt": (
            20,
            {
                "bai2.control_total": 4,
                "bai2.record_count": 4,
                "bai2.record": 1,
                "bai2.balance": 1,
                "bai2.part_count": 1,
            },
            ["absent", "absent", "differs", "absent", "absent"],
        ),
        SAMPLES / "bai2/dnsbty-test.bai": (
            1,
            {"bai2.control_total": 2, "bai2.record_count": 3, "bai2.part_count": 2},
            ["absent"],
        ),
        SAMPLES / "bai2/dnsbty-test3.bai": (
            0,
            {"bai2.account_control": 1, "bai2.group_control": 1, "bai2.file_control": 1},
            ["absent"],
        ),
        SAMPLES / "bai2/sebastienrousseau-multi_group_multi_account.bai": (
            4,
            {"bai2.control_total": 6, "bai2.record_count": 5, "bai2.type_code": 2},
            ["absent"] * 3,
        ),
        SAMPLES / "bai2/venturehacks-invalid_checksum_eod.bai2": (1, {"bai2.control_total": 3}, ["absent"]),
    },
    "camt053_v1": {
        DOCS / "statement.xml": (3, {}, ["proven"]),
        SAMPLES / "camt/camt053-lt-2024-03-07.xml": (3, {}, ["proven"] * 2),
        SAMPLES / "camt/camt053-lt-2024-03-08.xml": (4, {}, ["proven"] * 2),
        SAMPLES / "camt/camt053-lt-2024-03-11.xml": (8, {}, ["proven"] * 2),
        SAMPLES / "camt/genkgo-camt052.v2.other-account.xml": (1, {}, ["absent"]),
        SAMPLES / "camt/genkgo-camt052.v2.xml": (1, {}, ["absent"]),
        SAMPLES / "camt/genkgo-camt053.v2.multi.statement.xml": (2, {}, ["proven"] * 2),
        SAMPLES / "camt/genkgo-camt054.v4.xml": (1, {}, ["absent"]),
        SAMPLES / "camt/genkgo-camt054.v8-with-UETR.xml": (1, {}, ["absent"]),
        SAMPLES / "camt/genkgo-camt054.v8-with-financial-institution.xml": (1, {}, ["absent"]),
        SAMPLES / "camt/genkgo-camt53.only-Dt-with-DtTm.xml": (0, {}, ["absent"]),
        SAMPLES / "camt/viafintech-valid_example_v8.xml": (2, {"camt.currency": 1, "camt.balance": 1}, ["differs"]),
        SAMPLES / "camt/viafintech-valid_example_with_dates.xml": (1, {}, ["absent"]),
    },
    "nacha_v1": {
        DOCS / "returns.ach": (2, {}, []),
        SAMPLES / "nacha/mutants/cor--identity.ach": (1, {}, []),
        SAMPLES / "nacha/mutants/cor--ad98-code-C99.ach": (0, {"V-62": 1}, []),
        SAMPLES / "nacha/mutants/ppd-debit--identity.ach": (0, {"nacha.forward_entries": 1}, []),
        SAMPLES / "nacha/originals/test__testdata__return-PPD-custom-reason-code.ach": (1, {"V-60": 1, "V-01": 2}, []),
    },
    "register_v1": {DOCS / "register.csv": (30, {}, [])},
}
CASES = [(name, path) for name, samples in EXPECTED.items() for path in samples]


def test_every_parser_has_a_sample_without_fault() -> None:
    assert set(EXPECTED) == set(PARSERS)
    for samples in EXPECTED.values():
        assert any(records and not faults for records, faults, _ in samples.values())


@pytest.mark.parametrize(("name", "path"), CASES, ids=[f"{name}-{path.name}" for name, path in CASES])
def test_a_sample_gives_what_is_expected(name: str, path: Path) -> None:
    records, faults, proofs = EXPECTED[name][path]

    parsed = PARSERS[name].parse(path.read_bytes())

    assert len(parsed.records) == records
    assert Counter(fault.rule for fault in parsed.faults) == faults
    assert [statement.proof for statement in parsed.statements] == proofs


@pytest.mark.parametrize(("name", "path"), CASES, ids=[f"{name}-{path.name}" for name, path in CASES])
def test_a_sample_is_known_by_its_bytes_and_read_the_same_twice(name: str, path: Path) -> None:
    content = path.read_bytes()

    assert detect(content) is PARSERS[name]
    assert PARSERS[name].parse(content) == PARSERS[name].parse(content)


@pytest.mark.parametrize(("name", "path"), CASES, ids=[f"{name}-{path.name}" for name, path in CASES])
def test_totals_are_the_sums_of_the_records(name: str, path: Path) -> None:
    parsed = PARSERS[name].parse(path.read_bytes())

    sums: Counter[tuple[str, str]] = Counter()
    for record in parsed.records:
        for kind, amount in amounts_of(record):
            sums[kind, amount.currency] += amount.minor
    assert {(t.name, t.amount.currency): t.amount.minor for t in parsed.totals if t.amount} == dict(sums)
    for at, statement in enumerate(parsed.statements):
        own = [r for r in parsed.records if isinstance(r, TransactionRecord) and r.statement == at]
        assert statement.records == len(own)
        credits = [record.amount for record in own if record.direction == "credit"]
        assert statement.credits == total(credits, statement.currency)


def amounts_of(record: object) -> list[tuple[str, Money]]:
    if isinstance(record, TransactionRecord):
        return [(f"{record.direction}s", record.amount)]
    if isinstance(record, ReturnRecord):
        return [("returns", record.amount)]
    if isinstance(record, RegisterRecord):
        taxes = [("taxes", tax.amount) for tax in record.taxes]
        return [("net_pay", record.net_pay), *taxes, *(("obligations", due.amount) for due in record.obligations)]
    return []


@pytest.mark.parametrize(("name", "path"), CASES, ids=[f"{name}-{path.name}" for name, path in CASES])
def test_amounts_are_positive_and_faults_say_where(name: str, path: Path) -> None:
    parsed = PARSERS[name].parse(path.read_bytes())

    lines = path.read_bytes().count(b"\n") + path.read_bytes().count(b"\r") + 2
    for record in parsed.records:
        assert 0 < record.line <= lines
        assert all(amount.minor > 0 for _, amount in amounts_of(record))
    for fault in parsed.faults:
        assert 0 < fault.line <= lines
        assert fault.message.startswith(f"line {fault.line}")


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=80, deadline=None)
@given(content=st.binary(max_size=300))
def test_no_bytes_make_a_parser_fail(name: str, content: bytes) -> None:
    PARSERS[name].sniff(content)
    check(PARSERS[name], content)


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=120, deadline=None)
@given(data=st.data())
@pytest.mark.slow
def test_no_change_of_a_sample_makes_a_parser_fail(name: str, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(path for path in EXPECTED[name])))
    content = path.read_bytes()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content)))
        noise = data.draw(
            st.one_of(st.binary(max_size=8), st.sampled_from([b"/", b",", b'"', b"\n", b"88,", b"<", b"-"]))
        )
        content = content[:at] + noise + content[at + data.draw(st.integers(0, 12)) :]

    check(PARSERS[name], content)


@pytest.mark.parametrize("name", PARSERS)
def test_other_formats_are_left_alone(name: str) -> None:
    others = [path for other, path in CASES if other != name]
    for path in others:
        assert PARSERS[name].sniff(path.read_bytes()) < 0.5


@pytest.mark.parametrize("content", [b"", b"\n", b"hello", b"{}", b"%PDF-1.7", b"PK\x03\x04", bytes(range(256))])
def test_unknown_bytes_are_of_no_format(content: bytes) -> None:
    assert detect(content) is None


@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.parametrize("content", [b"", b"\n\n", b"hello\n", b"\x00" * 50])
def test_a_file_without_content_is_a_fault_and_never_silence(name: str, content: bytes) -> None:
    parsed = PARSERS[name].parse(content)

    assert parsed.records == ()
    assert parsed.faults
    assert not parsed.is_clean


def check(parser: Parser, content: bytes) -> None:
    """Whatever the bytes: values come back, the same twice, and nobody's number is in a message."""
    parsed = parser.parse(content)
    assert parsed == parser.parse(content)
    for record in parsed.records:
        assert all(amount.minor >= 0 for _, amount in amounts_of(record))
        assert "account_number=" not in repr(record)
