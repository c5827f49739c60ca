"""Hold the branch coverage: 80 % of the whole, 95 % of each package on which the money rests.

`coverage_gate.py coverage.json` reads coverage.py's JSON report, prints a line for each threshold and exits 1
below one.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path, PurePosixPath

WHOLE_PERCENT = 80.0
PACKAGE_PERCENT = 95.0
PACKAGES = ("core", "ledger", "audit", "messaging")


def main(report: Path) -> int:
    """Judge the report; 0 where every threshold is met."""
    files: dict[str, dict[str, dict[str, int]]] = json.loads(report.read_text("utf-8"))["files"]
    judged = [("headgate", percent(files, None), WHOLE_PERCENT)]
    judged += [(f"headgate.{package}", percent(files, package), PACKAGE_PERCENT) for package in PACKAGES]
    for name, found, wanted in judged:
        verdict = "ok " if found >= wanted else "LOW"
        print(f"{verdict} {name:20} {found:6.2f} % of lines and branches (at least {wanted:.0f} %)")
    return 0 if all(found >= wanted for _, found, wanted in judged) else 1


def percent(files: dict[str, dict[str, dict[str, int]]], package: str | None) -> float:
    """Covered lines and branches of a package in percent, as coverage.py counts them; 0 where it has none."""
    covered = total = 0
    for name, file in files.items():
        parts = PurePosixPath(name.replace("\\", "/")).parts
        inside = parts[parts.index("headgate") + 1 :]
        if package is None or inside[0] == package:
            summary = file["summary"]
            covered += summary["covered_lines"] + summary.get("covered_branches", 0)
            total += summary["num_statements"] + summary.get("num_branches", 0)
    return 100.0 * covered / total if total else 0.0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
