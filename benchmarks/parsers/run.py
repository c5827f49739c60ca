"""Runs the tasks in turn, round by round, and makes the document."""

from __future__ import annotations

import importlib.util
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from headgate.core.terminal import say

from ..ach.run import _alone
from ..shared.ground import machine
from . import files, tasks
from .plan import Plan
from .tasks import Result

Task = tuple[Callable[..., Result], tuple[Any, ...]]
_BARE = {"mt940": "mt940_lines", "bai2": "bai2_lines", "camt": "camt_walk", "csv": "csv_rows", "xlsx": "xlsx_cells"}
"""Each format's shape, and the least that any reader of it does."""


def run(plan: Plan) -> dict[str, Any]:
    """The whole benchmark as one document. Without the library for workbooks their shapes are left out."""
    with tempfile.TemporaryDirectory(prefix="headgate-bench-") as home:
        paths = _written(Path(home), plan)
        shapes = _shapes(paths)
        results: dict[str, list[Result]] = defaultdict(list)
        for number in range(1, plan.rounds + 1):
            for name, (task, words) in shapes.items():
                if name in ("camt_large", "camt_alone") and number > 1:
                    continue
                say(f"headgate: round {number} of {plan.rounds}: {name}")
                results[name].append(_alone(task, *words))
        sizes = {name: words[0].stat().st_size for name, (_, words) in shapes.items()}
    _hold(results, plan)
    return {
        "machine": machine(),
        "settings": {"megabytes": plan.megabytes, "rows": plan.rows, "rounds": plan.rounds},
        "runs": [_shape(name, found, sizes[name]) for name, found in results.items()],
        "ratios": _ratios(results),
    }


def _written(home: Path, plan: Plan) -> dict[str, Path]:
    say(f"headgate: writing {plan.megabytes} MB of each text format and {plan.rows:,} rows of each table")
    paths = {name: home / f"file.{name}" for name in ("mt940", "bai2", "camt", "csv", "xlsx", "camt_large")}
    files.write_text(paths["mt940"], plan.megabytes, files.mt940)
    files.write_bai2(paths["bai2"], plan.megabytes)
    files.write_text(paths["camt"], plan.megabytes, files.camt, files.CAMT_BEGIN, files.CAMT_END)
    files.write_csv(paths["csv"], plan.rows)
    files.write_xlsx(paths["xlsx"], plan.rows)
    if plan.camt_megabytes:
        say(f"headgate: writing {plan.camt_megabytes} MB of camt")
        files.write_text(paths["camt_large"], plan.camt_megabytes, files.camt, files.CAMT_BEGIN, files.CAMT_END)
    else:
        del paths["camt_large"]
    return paths


def _shapes(paths: Mapping[str, Path]) -> dict[str, Task]:
    shapes: dict[str, Task] = {
        "mt940": (tasks.read, (paths["mt940"], "mt940_v1")),
        "mt940_lines": (tasks.lines, (paths["mt940"],)),
        "bai2": (tasks.read, (paths["bai2"], "bai2_v2")),
        "bai2_lines": (tasks.lines, (paths["bai2"],)),
        "camt": (tasks.read, (paths["camt"], "camt053_v2")),
        "camt_walk": (tasks.walk, (paths["camt"],)),
        "camt_alone": (tasks.alone, (paths["camt"], "camt053_v2")),
        "csv": (tasks.read, (paths["csv"], "csv_v1")),
        "csv_rows": (tasks.parted, (paths["csv"],)),
    }
    if importlib.util.find_spec("python_calamine") is not None:
        shapes["xlsx"] = (tasks.read, (paths["xlsx"], "xlsx_v1"))
        shapes["xlsx_cells"] = (tasks.cells, (paths["xlsx"],))
    if "camt_large" in paths:
        shapes["camt_large"] = (tasks.alone, (paths["camt_large"], "camt053_v2"))
    return shapes


def _hold(results: Mapping[str, list[Result]], plan: Plan) -> None:
    """A figure counts only where the task did what it says: every row, every statement proven, no fault."""
    for name, found in results.items():
        for result in found:
            assert not result.faults, f"{name} found {result.faults} faults in a good file"
            assert name not in (*_BARE, "camt_large", "camt_alone") or result.proven, f"{name} proved nothing"
            if name in ("csv", "csv_rows", "xlsx", "xlsx_cells"):
                assert result.rows == plan.rows, f"{name} saw {result.rows} of {plan.rows} rows"


def _shape(name: str, found: list[Result], size: int) -> dict[str, Any]:
    cpu = statistics.median(result.cpu_seconds for result in found)
    return {
        "shape": name,
        "file_bytes": size,
        "rows": found[0].rows,
        "seconds": round(statistics.median(result.seconds for result in found), 4),
        "cpu_seconds": round(cpu, 4),
        "mb_per_s": round(size / 1e6 / cpu, 2),
        "rows_per_s": round(found[0].rows / cpu, 1),
        "statements_proven": found[0].proven,
        "peak_rss_mb": round(max(result.peak_rss_mb for result in found), 1),
    }


def _ratios(results: Mapping[str, list[Result]]) -> dict[str, float | None]:
    """Each format's rate ÷ that of the least that a reader does: medians of what each round says."""
    ratios: dict[str, float | None] = {}
    for name, bare in _BARE.items():
        pairs = zip(results.get(name, []), results.get(bare, []), strict=True)
        quotients = [least.cpu_seconds / whole.cpu_seconds for whole, least in pairs]
        ratios[f"{name}_to_{bare.rpartition('_')[2]}"] = round(statistics.median(quotients), 3) if quotients else None
    return ratios
