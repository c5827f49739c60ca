"""`headgate file inspect`: every kind of file, its faults, and the exit code, over all samples of an independent codec."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.rails import files as make
from tests.rails import instants
from tests.rails.test_reader import STRICTER, UNKNOWN_RETURN_CODE, VERDICTS
from typer.testing import CliRunner

from headgate.ingestion.file_commands import app
from headgate.rails import ach
from headgate.rails.errors import NoSuchProfile
from headgate.rails.iso20022 import encode

pytestmark = pytest.mark.slow

SAMPLES = Path(__file__).parents[1] / "samples"
DOCS = Path(__file__).parents[2] / "docs" / "samples"
BIDDING = re.compile(
    r"(?:so |or )?(?:write|fill|add|end|put|begin|number|use|ask|take|split|part|leave|check|count|repeat|see)\b"
).match
NOT_ACH = {
    "originals/test__fuzz__testdata__fuzz__FuzzReaderWriterACH__16545e7d7a82f9df.ach":
        "a seed of the Go fuzzer: a file of Go source around the bytes, and none of the network",
}  # fmt: skip
MORE_LENIENT = {
    UNKNOWN_RETURN_CODE: "a return whose code no table knows is a warning here, so that the return is not lost (V-60)"
}


LENIENT = """[ach.inbound]
switches = ["without_file_control", "without_fill"]
"""


def run(*words: str | Path, catch: bool = True) -> Result:
    return CliRunner().invoke(app, ["inspect", *map(str, words)], catch_exceptions=catch)


def document(*words: str | Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*words, "--json").stdout)
    return found


@pytest.mark.parametrize("row", VERDICTS, ids=lambda row: row["file"])
def test_the_exit_code_agrees_with_the_verdict_or_a_named_difference(row: dict[str, Any]) -> None:
    path = SAMPLES / "nacha" / row["file"]
    stem = path.name.removesuffix(".ach").removesuffix(".txt")
    mutation = stem.rpartition("--")[2] if "--" in stem else stem.rpartition("__")[2]

    done = run(path, "--json")

    if row["file"] in MORE_LENIENT:
        assert "V-60" in {fault["rule"] for fault in json.loads(done.stdout)["faults"]}
        return
    if row["file"] in NOT_ACH:
        assert done.exit_code == 2
        return
    said = json.loads(done.stdout)
    broken = {fault["rule"] for fault in said["faults"] if fault["level"] == "E"}
    assert said["format"] == "nacha"
    assert done.exit_code == (0 if row["accepted"] and mutation not in STRICTER else 1)
    assert bool(broken) == (done.exit_code == 1) == said["is_refused"]
    if row["accepted"]:
        assert broken == STRICTER.get(mutation, set())
    assert all(fault["message"] and fault["rule"] in ach.RULES for fault in said["faults"])
    assert all(fault["message"].endswith(fault["mending"]) and BIDDING(fault["mending"]) for fault in said["faults"])


def test_a_person_reads_faults_first_and_then_what_the_file_holds(tmp_path: Path) -> None:
    path = tmp_path / "payroll.ach"
    lines = make.good_file().decode().splitlines()
    lines = make.bend(make.FIRST, ach.read_file(make.good_file()).batches[0].entries[0].layout, "amount", "00000ABCDE")(
        lines
    )
    path.write_text("\n".join(lines))

    done = run(path)

    assert done.exit_code == 1
    said = done.stdout.splitlines()
    assert (
        said[0]
        == "E V-40 amount at 30: line 3: amount (30-39): '00000ABCDE' is not right; write whole cents, digits only"
    )
    assert said[1].startswith("E V-70 credits at 33: line 6: ")
    assert said[2:6] == [
        "payroll.ach: NACHA file, refused: 2 errors, 0 warnings",
        "  from 1234567890 ACME PAYROLL to 990000013 TEST BANK",
        "  created 2026-11-23, modifier A, reference FILE0001",
        "  2 batches, 3 entries, 1 addenda: debits 1,349.51 USD, credits 99.01 USD",
    ]
    assert "MARIA" not in done.stdout and "00123" not in done.stdout


def test_warnings_are_listed_and_the_file_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "unfilled.ach"
    path.write_bytes(ach.build_file(make.spec(), [make.batch(make.entry())]).content.replace(b"9" * 94 + b"\n", b""))

    assert [(fault["rule"], fault["level"]) for fault in document(path)["faults"]] == [("V-05", "W")]
    assert run(path).exit_code == 0
    assert run(path, "--outbound").exit_code == 1


def test_ours_is_judged_as_ours(tmp_path: Path) -> None:
    path = tmp_path / "late.ach"
    rules = ach.Rulebook("outbound", {"V-26": "off"})
    late = make.batch(make.entry(), effective_on=make.TUESDAY.replace(year=2027))
    path.write_bytes(ach.build_file(make.spec(rules=rules), [late]).content)

    assert run(path).exit_code == 0
    assert [fault["rule"] for fault in document(path, "--outbound")["faults"]] == ["V-26"]


@pytest.mark.parametrize(
    ("name", "found", "records"),
    [
        ("returns.ach", "nacha", None),
        ("statement.bai2", "bai2_v2", {"transaction": 3}),
        ("statement.xml", "camt053_v2", {"transaction": 3}),
        ("register.csv", "register_v1", {"register": 30}),
    ],
)
def test_every_kind_of_file_is_known(name: str, found: str, records: dict[str, int] | None) -> None:
    said = document(DOCS / name)

    assert (said["format"], said["is_refused"], said["faults"]) == (found, False, [])
    assert records is None or said["summary"]["records"] == records
    assert run(DOCS / name).exit_code == 0


def test_a_statement_says_how_its_balances_hold_and_no_account() -> None:
    said = document(DOCS / "statement.bai2")

    (statement,) = said["summary"]["statements"]
    assert (statement["account_ending"], statement["proof"]) == ("2233", "proven")
    assert "proven" in run(DOCS / "statement.bai2").stdout


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"hello\n", b"\x00" * 500, "1" * 40, "a,b\n1,2\n", "%PDF-1.7 1 0 obj\n" * 9]
)
def test_what_nobody_knows_exits_with_2(content: bytes | str, tmp_path: Path) -> None:
    path = tmp_path / "thing"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())

    for words in ((), ("--json",)):
        done = run(path, *words)
        assert (done.exit_code, done.stdout) == (2, "")
        assert "no known kind" in done.stderr


def test_what_cannot_be_opened_exits_with_2(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.ach", tmp_path):
        done = run(path)
        assert (done.exit_code, done.stdout) == (2, "")
        assert "cannot be read" in done.stderr


GOOD_FILES = [
    make.good_file(),
    *((DOCS / name).read_bytes() for name in ("statement.bai2", "statement.xml", "register.csv")),
]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(GOOD_FILES), st.integers(0, 2**16), st.binary(max_size=40), st.integers(0, 200))
def test_no_bytes_end_otherwise_than_with_0_1_or_2(
    tmp_path: Path, content: bytes, at: int, noise: bytes, cut: int
) -> None:
    at %= len(content)
    path = tmp_path / "any"
    path.write_bytes(content[:at] + noise + content[at + cut :])

    done = run(path, "--json")

    assert done.exit_code in (0, 1, 2), done.exception
    if done.exit_code == 2:
        assert (done.stdout, done.stderr.count("\n")) == ("", 1)
        return
    said = json.loads(done.stdout)
    assert said["is_refused"] is (done.exit_code == 1)
    assert said["errors"] == sum(fault["level"] == "E" for fault in said["faults"])
    assert run(path).exit_code == done.exit_code


def test_a_mutilated_file_is_still_known_as_one() -> None:
    good = make.good_file().decode().splitlines()
    for lines in (good[1:], good[2:], ["X" + good[0][1:], *good[1:]], good[:4], [line[:90] for line in good]):
        assert ach.looks_like_ach("\n".join(lines).encode())
        assert ach.looks_like_ach("".join(line.ljust(94) for line in lines).encode())


def test_a_banks_own_ways_are_taken_from_its_profile(tmp_path: Path) -> None:
    path = tmp_path / "returns.ach"
    path.write_bytes(make.good_file().rsplit(b"\n9000", 1)[0] + b"\n")

    assert run(path).exit_code == 1
    with pytest.raises(NoSuchProfile):
        run(path, "--profile", "nobody", catch=False)
    bank = tmp_path / "lenient.toml"
    text = (files("headgate.rails.banks") / "generic_odfi.toml").read_text("utf-8")
    bank.write_text(text.replace("generic_odfi", "lenient").replace("[ach.inbound]", LENIENT))
    assert run(path, "--profile", str(bank)).exit_code == 0
    assert run(path, "--profile", str(bank), "--outbound").exit_code == 1


def test_a_message_of_an_instant_network_is_told(tmp_path: Path) -> None:
    path = tmp_path / "payment.xml"
    path.write_bytes(encode(instants.messages("fednow")["pacs.008"]))

    said = document(path)

    assert (said["kind"], said["is_refused"], said["faults"]) == ("message", False, [])
    assert said["format"].startswith("pacs.008")
    path.write_bytes(path.read_bytes().replace(b"CLRG", b"INDA"))
    assert run(path).exit_code == 1
