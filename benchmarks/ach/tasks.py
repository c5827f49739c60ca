"""What is timed: each in a process of its own, which also says how much memory it had at most."""

from __future__ import annotations

import importlib
import resource
import sys
from dataclasses import dataclass
from pathlib import Path

from headgate.rails import ach
from headgate.rails.ach import layout

from . import files


@dataclass(frozen=True)
class Result:
    """Entries, seconds by the wall and of the processor, faults found, and the most memory that the process had."""

    entries: int
    seconds: float
    cpu_seconds: float
    faults: int
    peak_rss_mb: float


def write(path: Path, entries: int) -> Result:
    """Write the file."""
    clock = files.write(path, entries)
    return Result(entries, clock.seconds, clock.cpu_seconds, 0, _peak_rss_mb())


def read(path: Path) -> Result:
    """Read a file with every rule on, as a caller does who takes each entry and each fault."""
    entries = faults = 0
    with files.Clock() as clock, path.open("rb") as stream:
        for item in ach.read(stream):
            if isinstance(item, ach.Entry):
                entries += 1
            elif isinstance(item, ach.Fault):
                faults += 1
    return Result(entries, clock.seconds, clock.cpu_seconds, faults, _peak_rss_mb())


def slices(path: Path) -> Result:
    """The reference: every entry cut into its fields, and nothing checked."""
    cuts = [slice(field.start - 1, field.end) for field in layout.ENTRY.fields]
    entries = 0
    with files.Clock() as clock:
        for line in files.lines_of(path):
            if line[0] == "6":
                fields = [line[cut] for cut in cuts]
                entries += len(fields) > 0
    return Result(entries, clock.seconds, clock.cpu_seconds, 0, _peak_rss_mb())


def carta(path: Path) -> Result:
    """The parse of carta-ach, which checks nothing."""
    parser = importlib.import_module("ach.parser").Parser
    with files.Clock() as clock:
        parsed = parser(path.read_text("ascii")).ach_data
    entries = sum(len(batch["entries"]) for batch in parsed["batches"])
    return Result(entries, clock.seconds, clock.cpu_seconds, 0, _peak_rss_mb())


def _peak_rss_mb() -> float:
    """The most memory this process had, in MB. What getrusage says counts the parent's before exec, where there is /proc."""
    try:
        status = Path("/proc/self/status").read_text("ascii")
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
    found = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(found.split()[1]) * 1024 / 1e6
