"""scripts/coverage_gate.py: below a threshold the gate is shut."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

GATE = Path(__file__).resolve().parent.parent / "scripts" / "coverage_gate.py"
FLOORS = ("core", "ledger", "audit", "messaging")


def _judge(tmp_path: Path, covered: dict[str, int]) -> subprocess.CompletedProcess[str]:
    """A report in which each package has 60 lines and 40 branches, of which 40 and the rest are covered."""
    files = {
        f"src/headgate/{package}/x.py": {
            "summary": {"covered_lines": 40, "num_statements": 60, "covered_branches": count - 40, "num_branches": 40}
        }
        for package, count in covered.items()
    }
    report = tmp_path / "coverage.json"
    report.write_text(json.dumps({"files": files}))
    return subprocess.run([sys.executable, GATE, report], capture_output=True, text=True, check=False)


def test_everything_at_its_threshold_passes(tmp_path: Path) -> None:
    done = _judge(tmp_path, {**dict.fromkeys(FLOORS, 95), "payments": 50, "web": 50})

    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[0].split() == [
        "ok",
        "headgate",
        "80.00",
        "%",
        "of",
        "lines",
        "and",
        "branches",
        "(at",
        "least",
        "80",
        "%)",
    ]


@pytest.mark.parametrize("package", FLOORS)
def test_a_package_below_95_fails(tmp_path: Path, package: str) -> None:
    done = _judge(tmp_path, {**dict.fromkeys(FLOORS, 100), package: 94})

    assert done.returncode == 1
    assert [line.split()[1] for line in done.stdout.splitlines() if line.startswith("LOW")] == [f"headgate.{package}"]


def test_the_whole_below_80_fails(tmp_path: Path) -> None:
    done = _judge(tmp_path, {**dict.fromkeys(FLOORS, 95), "payments": 40, "web": 40, "cases": 40})

    assert done.returncode == 1
    assert [line.split()[1] for line in done.stdout.splitlines() if line.startswith("LOW")] == ["headgate"]


def test_a_package_that_was_not_measured_fails(tmp_path: Path) -> None:
    assert _judge(tmp_path, dict.fromkeys(FLOORS[1:], 100)).returncode == 1
