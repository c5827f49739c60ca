"""Every parser, whichever: samples in, expected out; deterministic; totals equal. No bytes make it fail: tests/fuzz.

A new parser needs a row in EXPECTED with a sample, or this file fails.
"""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from headgate.core.money import Money, total
from headgate.ingestion.parsers import all_parsers, detect
from headgate.ingestion.parsers._gathering import gather
from headgate.ingestion.records import (
    RegisterRecord,
    ReturnRecord,
    SettlementRecord,
    Statement,
    TransactionRecord,
)

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
    "register_v2": {DOCS / "register-rails.csv": (3, {}, [])},
    "mt940_v1": {
        SAMPLES / "mt940/zilverline-rabobank_mt940_structured.txt": (9, {}, ["proven"] * 2),
        SAMPLES / "mt940/wolph-mt940.txt": (5, {}, ["proven"]),
        SAMPLES / "mt940/railslove-mt942.txt": (2, {}, ["absent"] * 2),
        SAMPLES / "mt940/svenstaro-mt940_1.sta": (2, {}, ["proven"]),
        SAMPLES / "mt940/my-flow-line_breaks_with_@@.sta": (0, {"mt940.currency": 1}, []),
        SAMPLES / "mt940/railslove-mt940-abnamro.txt": (10, {"mt940.balance": 2}, ["differs"] * 2),
    },
    "csv_v1": {
        SAMPLES / "csv/bananaaccounting-csv_clerbank_example_format1_CHF_20241021.csv": (33, {}, ["proven"]),
        SAMPLES / "csv/bananaaccounting-csv_akb_example_format3_20241018.csv": (17, {}, ["proven"]),
        SAMPLES / "csv/bananaaccounting-csv_example_valiant_transactions_FR.csv": (23, {}, ["proven"]),
        SAMPLES / "csv/bananaaccounting-csv_ubs_example_format2_en_20220928.csv": (10, {"csv.balance": 1}, ["differs"]),
        SAMPLES / "csv/bananaaccounting-csv_blkb_example_format2_2012101.csv": (0, {"csv.ask": 1}, []),
        SAMPLES / "csv/sebastienrousseau-csv_garbled_amount.csv": (1, {"csv.amount": 1}, ["absent"]),
    },
    "xlsx_v1": {SAMPLES / "xlsx/statement.xlsx": (5, {}, ["proven"])},
    "json_v1": {
        SAMPLES / "json/transactions.json": (3, {}, ["absent"]),
        SAMPLES / "json/transactions.ndjson": (3, {}, ["absent"]),
    },
    "stripe_v1": {
        SAMPLES / "stripe/balance_itemised.csv": (4, {}, []),
        SAMPLES / "stripe/balance_transactions.json": (4, {}, []),
        SAMPLES / "stripe/fivetran-payout_data.csv": (15, {}, []),
    },
    "ofx_v1": {
        SAMPLES / "ofx/annacruz-creditcard.ofx": (3, {}, ["absent"]),
        SAMPLES / "ofx/jseutter-bank_medium.ofx": (3, {}, ["absent"]),
        SAMPLES / "ofx/jseutter-bank_small.ofx": (0, {"ofx.empty": 1}, []),
        SAMPLES / "ofx/jseutter-decimal_error.ofx": (0, {"ofx.date": 1}, ["absent"]),
        SAMPLES / "ofx/jseutter-investment_401k.ofx": (0, {"ofx.investment": 3}, ["absent"]),
        SAMPLES / "ofx/jseutter-multiple_accounts.ofx": (0, {}, ["absent"] * 2),
        SAMPLES / "ofx/jseutter-ofx-v102-empty-tags.ofx": (0, {"ofx.currency": 1, "ofx.balance_field": 1}, []),
        SAMPLES / "ofx/jseutter-vanguard.ofx": (0, {"ofx.investment": 1}, ["absent"]),
        SAMPLES / "ofx/sebastienrousseau-sample.ofx": (2, {}, ["absent"]),
    },
    "paypal_v1": {
        SAMPLES / "paypal/settlement_report.csv": (3, {}, []),
        SAMPLES / "paypal/bananaaccounting-download.csv": (21, {}, []),
        SAMPLES / "paypal/bananaaccounting-download2.csv": (3, {}, []),
        SAMPLES / "paypal/bananaaccounting-ch.banana.filter.import.paypal.#It20240624.csv": (
            0,
            {"paypal.currency": 24},
            [],
        ),
    },
    "adyen_v1": {SAMPLES / "adyen/settlement_detail.csv": (5, {}, [])},
    "column_v1": {
        SAMPLES / "column/events.ndjson": (6, {"column.no_money": 1}, []),
        SAMPLES / "column/page.json": (2, {}, []),
    },
    "envelope_v1": {SAMPLES / "payments/envelopes.ndjson": (3, {}, [])},
    "column_summary_v1": {SAMPLES / "column/summary.json": (0, {}, [])},
}
EXPECTED["column_v2"] = {**EXPECTED["column_v1"], SAMPLES / "column/checks.ndjson": (4, {"column.type": 1}, [])}
EXPECTED["column_v3"] = EXPECTED["column_v2"]
CONTROLS_ONLY = {"column_summary_v1"}
"""Formats that hold figures to be compared, and no booking."""
EXPECTED["bai2_v2"] = EXPECTED["bai2_v1"]
EXPECTED["camt053_v2"] = EXPECTED["camt053_v1"]
SUPERSEDED = {"bai2_v1": "bai2_v2", "camt053_v1": "camt053_v2", "column_v1": "column_v3", "column_v2": "column_v3"}
"""Who reads the files of a version now; register_v2 reads only those that name rails."""

CASES = [(name, path) for name, samples in EXPECTED.items() for path in samples]


def test_every_parser_has_a_sample_without_fault() -> None:
    assert set(EXPECTED) == set(PARSERS)
    for name, samples in EXPECTED.items():
        assert any((records or name in CONTROLS_ONLY) and not faults for records, faults, _ in samples.values())


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

    assert detect(content) is PARSERS[SUPERSEDED.get(name, name)]
    assert PARSERS[name].parse(content) == PARSERS[name].parse(content)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "path"), CASES, ids=[f"{name}-{path.name}" for name, path in CASES])
def test_totals_are_the_sums_of_the_records(name: str, path: Path) -> None:
    parsed = PARSERS[name].parse(path.read_bytes())

    sums: Counter[tuple[str, str]] = Counter()
    for record in parsed.records:
        for kind, amount in amounts_of(record):
            sums[kind, amount.currency] += amount.minor
    assert {(t.name, t.amount.currency): t.amount.minor for t in parsed.totals if t.amount} == {
        key: minor for key, minor in sums.items() if minor
    }
    for at, statement in enumerate(parsed.statements):
        own = [r for r in parsed.records if isinstance(r, TransactionRecord) and r.statement == at]
        assert statement.records == len(own)
        credits = [record.amount for record in own if record.direction == "credit"]
        assert statement.credits == total(credits, statement.currency)


def amounts_of(record: object) -> list[tuple[str, Money]]:
    if isinstance(record, TransactionRecord):
        return [(f"{record.direction}s", record.amount)]
    if isinstance(record, SettlementRecord):
        return [(f"{record.direction}s", record.amount), *([("fees", record.fee)] if record.fee else [])]
    if isinstance(record, ReturnRecord):
        return [("returns", record.amount)]
    if isinstance(record, RegisterRecord):
        taxes = [("taxes", tax.amount) for tax in record.taxes]
        return [("net_pay", record.net_pay), *taxes, *(("obligations", due.amount) for due in record.obligations)]
    return []


@pytest.mark.slow
@pytest.mark.parametrize(("name", "path"), CASES, ids=[f"{name}-{path.name}" for name, path in CASES])
def test_amounts_are_positive_and_faults_say_where(name: str, path: Path) -> None:
    parsed = PARSERS[name].parse(path.read_bytes())

    lines = path.read_bytes().count(b"\n") + path.read_bytes().count(b"\r") + 2
    for record in parsed.records:
        assert 0 < record.line <= lines
        assert all(amount.minor >= 0 for name, amount in amounts_of(record) if name != "fees")
    for fault in parsed.faults:
        assert 0 < fault.line <= lines
        assert fault.message.startswith(f"line {fault.line}")


@pytest.mark.parametrize("name", PARSERS)
def test_other_formats_are_left_alone(name: str) -> None:
    """Versions of one format know each other's files, and tables look alike: whose file it is, that parser is surer of."""
    for other, path in CASES:
        if other.rpartition("_v")[0] != name.rpartition("_v")[0]:
            content = path.read_bytes()
            assert PARSERS[name].sniff(content) < PARSERS[other].sniff(content)


@pytest.mark.parametrize("content", [b"", b"\n", b"hello", b"{}", b"[]", b"%PDF-1.7", b"PK\x03\x04", bytes(range(256))])
def test_unknown_bytes_are_of_no_format(content: bytes) -> None:
    assert detect(content) is None


@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.parametrize("content", [b"", b"\n\n", b"hello\n", b"\x00" * 50])
def test_a_file_without_content_is_a_fault_and_never_silence(name: str, content: bytes) -> None:
    parsed = PARSERS[name].parse(content)

    assert parsed.records == ()
    assert parsed.faults
    assert not parsed.is_clean


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "path"), [case for case in CASES if PARSERS[case[0]].read], ids=lambda one: str(one)[-30:]
)
def test_a_stream_gives_what_its_bytes_give_wherever_it_pauses(name: str, path: Path) -> None:
    read, content = PARSERS[name].read, path.read_bytes()
    assert read is not None

    items = list(read(io.BufferedReader(Halting(content))))

    assert gather(items) == PARSERS[name].parse(content)
    statements = [at for at, item in enumerate(items) if isinstance(item, Statement)]
    for at, item in enumerate(items):
        if isinstance(item, TransactionRecord):
            assert at < statements[item.statement], "a statement comes after its records"


class Halting(io.RawIOBase):
    """A file that gives seven bytes at once, as a slow line may."""

    def __init__(self, content: bytes) -> None:
        self.inner = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.inner.seek(offset, whence)

    def tell(self) -> int:
        return self.inner.tell()

    def readinto(self, buffer: Any) -> int:
        found = self.inner.read(min(7, len(buffer)))
        buffer[: len(found)] = found
        return len(found)
