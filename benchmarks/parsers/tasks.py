"""What is timed: each in a process of its own, which also says how much memory it had at most."""

from __future__ import annotations

import csv
import importlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from headgate.ingestion.parsers import all_parsers
from headgate.ingestion.records import Fault, Statement

from ..ach.files import Clock
from ..ach.tasks import _peak_rss_mb


@dataclass(frozen=True)
class Result:
    """Records or rows, seconds by the wall and of the processor, faults, statements that prove, and the most memory."""

    rows: int
    seconds: float
    cpu_seconds: float
    faults: int
    proven: int
    peak_rss_mb: float


def read(path: Path, parser: str) -> Result:
    """A file to normalised records, as a caller takes them one by one."""
    rows = faults = proven = 0
    reader = all_parsers()[parser].read
    assert reader is not None, f"{parser} reads no streams"
    with Clock() as clock, path.open("rb") as stream:
        for item in reader(stream):
            if isinstance(item, Fault):
                faults += 1
            elif isinstance(item, Statement):
                proven += item.proof == "proven"
            else:
                rows += 1
    return Result(rows, clock.seconds, clock.cpu_seconds, faults, proven, _peak_rss_mb())


def alone(path: Path, parser: str) -> Result:
    """The same in a process that holds the parsers and nothing else: what it takes of memory."""
    done = subprocess.run(
        [sys.executable, "-c", _ALONE, str(path), parser],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        check=True,
    )
    return Result(**json.loads(done.stdout))


_ALONE = """
import json, sys, time
from headgate.ingestion.parsers import all_parsers
from headgate.ingestion.records import Fault, Statement
rows = faults = proven = 0
began = time.perf_counter(), time.process_time()
with open(sys.argv[1], "rb") as stream:
    for item in all_parsers()[sys.argv[2]].read(stream):
        if isinstance(item, Fault):
            faults += 1
        elif isinstance(item, Statement):
            proven += item.proof == "proven"
        else:
            rows += 1
seconds, cpu_seconds = time.perf_counter() - began[0], time.process_time() - began[1]
try:
    status = open("/proc/self/status").read()
    peak = int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6
except OSError:
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e6 / 1024)
found = dict(rows=rows, seconds=seconds, cpu_seconds=cpu_seconds, faults=faults, proven=proven, peak_rss_mb=peak)
print(json.dumps(found))
"""


def lines(path: Path) -> Result:
    """The least for a text format: its lines, decoded and split at their commas."""
    rows = 0
    with Clock() as clock, path.open(encoding="utf-8") as stream:
        for line in stream:
            rows += len(line.split(",")) > 0
    return Result(rows, clock.seconds, clock.cpu_seconds, 0, 0, _peak_rss_mb())


def walk(path: Path) -> Result:
    """The least for XML: every entry met and forgotten."""
    rows = 0
    with Clock() as clock, path.open("rb") as stream:
        for _, element in etree.iterparse(stream, tag="{*}Ntry"):
            rows += 1
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    return Result(rows, clock.seconds, clock.cpu_seconds, 0, 0, _peak_rss_mb())


def parted(path: Path) -> Result:
    """The least for CSV: its rows, parted into cells."""
    rows = 0
    with Clock() as clock, path.open(encoding="utf-8", newline="") as stream:
        for row in csv.reader(stream):
            rows += len(row) > 0
    return Result(rows - 1, clock.seconds, clock.cpu_seconds, 0, 0, _peak_rss_mb())


def cells(path: Path) -> Result:
    """The least for a workbook: the cells that the library gives."""
    calamine = importlib.import_module("python_calamine")
    with Clock() as clock:
        sheet = calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
        rows = sum(1 for _ in sheet.iter_rows())
    return Result(rows - 1, clock.seconds, clock.cpu_seconds, 0, 0, _peak_rss_mb())
