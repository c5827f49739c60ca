"""`headgate ingest` tells a person at once what is wrong in a file, and reads on where its reader has gone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.doors.conftest import own as own
from tests.doors.scripts import Shell
from tests.ingestion.envelopes import envelope

pytestmark = pytest.mark.slow

ROWS = [
    "date,description,amount,currency",
    "2026-11-20,rent,-500.00,USD",
    *(f"2026-13-{n:02},no such day,1.00,USD" for n in range(1, 8)),
    "2026-11-21,card 4111 1111 1111 1111,3.00,USD",
]


def test_faults_and_masked_digits_are_told_beside_the_reading(own: Shell, tmp_path: Path) -> None:
    file = tmp_path / "day.csv"
    file.write_text("\n".join([*ROWS, ""]))
    words = [str(file), "--tenant", "acme", "--source", "bank"]

    _, took, again = own.runs(["tenants", "create", "acme"], ["ingest", *words], ["ingest", *words, "--json"])

    artifact = next(line.split()[1] for line in took.stdout.splitlines() if line.startswith("artifact_id"))
    masked, *faults, more = took.stderr.splitlines()
    assert took.returncode == 0 and "records      2" in took.stdout
    assert masked.startswith("card numbers were found") and "4111" not in took.stdout + took.stderr
    assert faults == [
        f"line {n}, booked_on: no day as the column writes it; correct it, or the mapping" for n in range(3, 8)
    ]
    assert more == f"2 faults more: headgate ingestion faults {artifact} --tenant acme"
    assert (again.returncode, again.stderr) == (0, "")


def test_a_reader_who_has_enough_is_no_fault_of_the_file(own: Shell, tmp_path: Path) -> None:
    file = tmp_path / "long.csv"
    file.write_text("\n".join([ROWS[0], ROWS[1], *(f"2026-13-01,no such day {n},1.00,USD" for n in range(5_000)), ""]))

    with own.start("file", "inspect", str(file)) as process:
        assert process.stdout is not None and process.stderr is not None
        first = process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
        process.wait(60)

    assert "csv.date" in first and "cannot be read" not in said
    assert process.returncode == 1


def test_the_same_envelopes_by_command_and_over_http_are_one_artifact_and_come_once(own: Shell, tmp_path: Path) -> None:
    file = tmp_path / "payments.ndjson"
    sent = [envelope(f"L-{n}", transfer=f"acht_{n}") for n in range(3)]
    good = [json.dumps({name: value for name, value in one.items() if name != "idempotency_key"}) for one in sent]
    file.write_text("\n".join([good[0], "", "{not json}", good[1], '{"schema": "headgate.payments.v1"}', good[2], ""]))
    words = ["ingest", str(file), "--tenant", "acme", "--json"]

    _, first, again, listed = own.runs(
        ["tenants", "create", "acme"], words, words, ["ingestion", "messages", "--tenant", "acme", "--json"]
    )

    took, known = json.loads(first.stdout), json.loads(again.stdout)
    assert (took["new"], took["known"], took["refused_count"]) == (3, 0, 2)
    assert [one["line"] for one in took["refused"]] == [5, 3]
    assert (known["new"], known["known"], known["artifact_id"]) == (0, 3, took["artifact_id"])
    assert (first.returncode, again.returncode) == (1, 1)
    assert took["artifact_id"].startswith("art_")
    rows = json.loads(listed.stdout)
    rows = rows if isinstance(rows, list) else rows["items"]
    assert len(rows) == 4, "three payments and one that fails its schema"
