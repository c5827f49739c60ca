"""Every real file that we have: read without a crash, proved by its own figures or with its faults named, as others read it.

`tests/samples/oracles.tsv` is what other libraries read of the files that they read at all, made once, with those of MT940
beside them (mt940/oracle.tsv): how many transactions, and their signed sum in minor units. A file of ours may say otherwise
only where a fault says why.
"""

from __future__ import annotations

import csv
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from tests.fuzz.targets import parsed as keeps_every_promise

from headgate.ingestion.parsers import all_parsers
from headgate.ingestion.records import Parsed, TransactionRecord

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
READERS = {
    "adyen": "adyen_v1", "bai2": "bai2_v2", "camt": "camt053_v2", "column": "column_v1", "csv": "csv_v1", "json": "json_v1",
    "mt940": "mt940_v1", "ofx": "ofx_v1", "paypal": "paypal_v1", "stripe": "stripe_v1", "xlsx": "xlsx_v1",
}  # fmt: skip
FILES = [
    path
    for folder in READERS
    for path in sorted((SAMPLES / folder).iterdir())
    if path.is_file() and path.suffix not in (".md", ".tsv")
]
CARRIES_NO_FIGURES = {"adyen", "column", "json", "paypal", "stripe"}
"""Reports whose rows are proved one by one: gross less fee is net."""


@cache
def read(path: Path) -> Parsed:
    return all_parsers()[READERS[path.parent.name]].parse(path.read_bytes())


def test_there_are_files_of_every_kind() -> None:
    assert min(Counter(path.parent.name for path in FILES).values()) >= 1 and len(FILES) > 120


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=[f"{path.parent.name}-{path.name}" for path in FILES])
def test_a_real_file_is_proved_or_its_faults_are_named(path: Path) -> None:
    found = read(path)

    keeps_every_promise(all_parsers()[READERS[path.parent.name]], path.read_bytes())
    for at, statement in enumerate(found.statements):
        if statement.proof == "differs":
            assert any(
                fault.rule.endswith(("balance", "total", "count")) or fault.level == "E" for fault in found.faults
            ), at
    if not found.records:
        assert found.faults or all(statement.records == 0 for statement in found.statements)
    for control in found.controls:
        assert control.agrees or found.faults
    assert found.statements or found.faults or path.parent.name in CARRIES_NO_FIGURES


def test_what_other_libraries_read_is_read_alike() -> None:
    with (SAMPLES / "oracles.tsv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    unlike = {}
    for row in rows:
        found = read(SAMPLES / row["file"])
        records = [record for record in found.records if isinstance(record, TransactionRecord)]
        signed = sum(record.amount.minor * (1 if record.direction == "credit" else -1) for record in records)
        if (len(records), signed) != (int(row["transactions"]), int(row["signed minor"])):
            unlike[row["file"]] = sorted({fault.rule for fault in found.faults if fault.level == "E"})

    assert {row["library"] for row in rows} == {"bai2 0.15.0", "ofxparse 0.21", "pyiso20022 1.6.2"} and len(rows) == 20
    # One entry is in a currency that its statement does not have: the other library adds it up all the same.
    assert unlike == {"camt/viafintech-valid_example_v8.xml": ["camt.currency"]}
