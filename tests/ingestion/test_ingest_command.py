"""`headgate ingest` tells a person at once what is wrong in a file, and reads on where its reader has gone."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.doors.conftest import own as own
from tests.doors.scripts import Shell

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
