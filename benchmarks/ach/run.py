"""Runs the tasks in turn, round by round, and makes the document."""

from __future__ import annotations

import importlib.util
import multiprocessing
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from headgate.core.errors import ConfigError
from headgate.core.terminal import say

from ..shared.ground import machine
from . import files, tasks
from .plan import Plan
from .tasks import Result

Shapes = Mapping[str, Callable[[], Result]]


def run(plan: Plan) -> dict[str, Any]:
    """The whole benchmark as one document. Raises ConfigError where carta-ach is asked for and missing."""
    if plan.carta and importlib.util.find_spec("ach") is None:
        raise ConfigError("carta-ach is not installed here; install it beside Headgate, or leave --carta out")
    with tempfile.TemporaryDirectory(prefix="headgate-bench-") as home:
        clean, broken = Path(home) / "clean.ach", Path(home) / "broken.ach"
        say(f"headgate: writing {plan.entries:,} entries")
        _alone(tasks.write, clean, plan.entries)
        bent = files.break_some(clean, broken)
        shapes: dict[str, tuple[Callable[..., Result], tuple[Any, ...]]] = {
            "slices": (tasks.slices, (clean,)),
            "read": (tasks.read, (clean,)),
            "read_faults": (tasks.read, (broken,)),
            "write": (tasks.write, (Path(home) / "again.ach", plan.entries)),
        }
        if plan.carta:
            shapes["carta"] = (tasks.carta, (clean,))
        results: dict[str, list[Result]] = defaultdict(list)
        for number in range(1, plan.rounds + 1):
            for name, (task, words) in shapes.items():
                say(f"headgate: round {number} of {plan.rounds}: {name}")
                results[name].append(_alone(task, *words))
        size = clean.stat().st_size
    _hold(results, plan, bent)
    runs = [_shape(name, found) for name, found in results.items()]
    return {
        "machine": machine(),
        "settings": {"entries": plan.entries, "file_bytes": size, "faulty_entries": bent, "rounds": plan.rounds},
        "runs": runs,
        "ratios": _ratios(results),
    }


def _alone(task: Callable[..., Result], *words: Any) -> Result:
    """Run a task in a new process, so that its memory is its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(task, *words).result()


def _hold(results: Mapping[str, list[Result]], plan: Plan, bent: int) -> None:
    """A figure counts only where the task did what it says."""
    for name, found in results.items():
        for result in found:
            assert result.entries == plan.entries, f"{name} saw {result.entries} of {plan.entries} entries"
            if name == "read_faults":
                assert result.faults >= bent, f"{result.faults} faults of {bent} entries"
            else:
                assert not result.faults, f"{name} found {result.faults} faults in a good file"


def _shape(name: str, found: list[Result]) -> dict[str, Any]:
    seconds = statistics.median(result.seconds for result in found)
    return {
        "shape": name,
        "entries": found[0].entries,
        "seconds": round(seconds, 4),
        "cpu_seconds": round(statistics.median(result.cpu_seconds for result in found), 4),
        "entries_per_s": round(found[0].entries / seconds, 1),
        "us_per_entry": round(seconds / found[0].entries * 1e6, 4),
        "faults": found[0].faults,
        "peak_rss_mb": round(max(result.peak_rss_mb for result in found), 1),
    }


def _ratios(results: Mapping[str, list[Result]]) -> dict[str, float | None]:
    """Medians of what each round says, since its tasks ran within moments of each other.

    Of the processor's time: each task has one thread, and what else the machine does must not count.
    """

    def speed(one: str, other: str) -> float | None:
        if one not in results or other not in results:
            return None
        pairs = zip(results[one], results[other], strict=True)
        return round(statistics.median(b.cpu_seconds / a.cpu_seconds for a, b in pairs), 3)

    return {
        "read_to_slices": speed("read", "slices"),
        "read_to_carta": speed("read", "carta"),
        "write_to_read": speed("write", "read"),
        "faults_to_clean": speed("read_faults", "read"),
    }
