"""Fuzz every parser with Atheris: bytes changed as real files go wrong, and guided by what they reach in our code.

    python scripts/fuzz.py --seconds 60 [--target camt053_v2 ...]

Each target runs in a process of its own, as many at once as there are cores, limited in memory and in the time that one
input may take. What breaks a promise is kept in tests/fuzz/found/<target>/, where the tests read it from then on, and this
ends with 1. Atheris runs on Linux (x86-64) under Python before 3.13; elsewhere this says so and ends with 0, and `make test`
searches with Hypothesis alone.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import io
import os
import random
import re
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SIZE_MAX = 4_000
"""Of an input: what is wrong with a large file is wrong with a small one, and a hundred times as many are tried."""
INPUT_SECONDS = 60
"""By the clock, of one input: many times what the slowest takes beside other work."""
RSS_MB = 1_500
MALLOC_MB = 512
SHOWN_LINES = 40
GUIDING = [
    *(f"headgate.ingestion.{name}" for name in ("parsers", "mapping", "envelopes", "rate_formats", "webhook_schemes")),
    *(f"headgate.ingestion.{name}" for name in ("cards", "connectors._mail", "poll_apis")),
    *(f"headgate.rails.{name}" for name in ("ach", "wire", "iso20022", "acknowledgements", "banks")),
]
"""Whose branches guide the search; what judges the outcome is left as it is, and as quick."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60, help="for each target")
    parser.add_argument("--target", action="append", default=[], help="only this one; may be given again")
    parser.add_argument("--seed", type=int, default=0, help="of the search; 0 draws one, which is said")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many targets at once")
    given = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        print("fuzz: Atheris is not installed for this Python or machine; make test searches with Hypothesis")
        return 0
    sys.path[:0] = [str(ROOT), str(ROOT / "src")]
    import atheris

    said = redirect_stderr(io.StringIO())  # the names of a hundred modules
    with said, atheris.instrument_imports(GUIDING, enable_loader_override=False):
        from tests.fuzz.targets import targets

        known = targets()
    if strange := set(given.target) - set(known):
        parser.error(f"{min(strange)} is no target; they are {', '.join(known)}")
    seed = given.seed or random.SystemRandom().randrange(1, 2**31)
    names = given.target or list(known)
    broken = _run_all([known[name] for name in names], given.seconds, seed, max(1, given.jobs))
    print(f"fuzz: {len(names)} targets, {len(broken)} broke a promise{': ' + ', '.join(broken) if broken else ''}")
    return 1 if broken else 0


def _run_all(waiting: Sequence[Any], seconds: float, seed: int, jobs: int) -> list[str]:
    """Every target in a process of its own, so many at once; the names of those that broke a promise."""
    left, running, broken = list(reversed(waiting)), {}, []
    with tempfile.TemporaryDirectory(prefix="headgate-fuzz-") as folder:
        while left or running:
            while left and len(running) < jobs:
                target = left.pop()
                home = Path(folder) / target.name
                (home / "corpus").mkdir(parents=True)
                (home / "out").mkdir()
                sys.stdout.flush()
                child = os.fork()
                if not child:
                    _alone(target, home, seconds, seed)
                running[child] = target, home, time.monotonic()
            child, status = os.wait()
            target, home, began = running.pop(child)
            if not _judged(target, home, status, time.monotonic() - began, seed):
                broken.append(target.name)
    return broken


def _alone(target: Any, home: Path, seconds: float, seed: int) -> None:
    """In the process that was forked for it; never returns."""
    log = os.open(home / "log", os.O_WRONLY | os.O_CREAT)
    os.dup2(log, 1)
    os.dup2(log, 2)
    try:
        _search(target, home, seconds, seed)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(1)  # a search that found nothing has ended the process with 0


def _search(target: Any, home: Path, seconds: float, seed: int) -> None:
    """Search until the seconds are over."""
    import atheris
    from tests.fuzz.mutating import mutate

    for content in target.seeds:
        (home / "corpus" / _name(content)).write_bytes(content[:SIZE_MAX])
    others = list(target.seeds)

    def attempt(content: bytes) -> None:
        try:
            target.run(content)
        except BaseException:
            (home / "out" / _name(content)).write_bytes(content)
            raise

    def change(content: bytes, size_max: int, number: int) -> bytes:
        chance = random.Random(number)  # noqa: S311  # a search that can be told again
        if chance.random() < 0.1:
            return bytes(atheris.Mutate(content, size_max))
        return mutate(chance, content, others, size_max=size_max)[:size_max]

    options = [
        *(
            f"-max_total_time={max(1, round(seconds))}",
            f"-timeout={INPUT_SECONDS}",
            f"-seed={seed}",
            f"-max_len={SIZE_MAX}",
        ),
        *(f"-rss_limit_mb={RSS_MB}", f"-malloc_limit_mb={MALLOC_MB}", f"-artifact_prefix={home}/out/"),
        *("-print_final_stats=1", "-report_slow_units=60"),
    ]
    atheris.Setup([sys.argv[0], *options, f"{home}/corpus"], attempt, custom_mutator=change)
    atheris.Fuzz()


def _judged(target: Any, home: Path, status: int, seconds: float, seed: int) -> bool:
    """Keep what was found, and say how it went. Whether every promise was kept."""
    log = (home / "log").read_text("utf-8", "replace")
    kept = []
    for path in sorted((home / "out").iterdir()):
        if path.name.startswith("slow-unit"):
            continue
        target.folder.mkdir(parents=True, exist_ok=True)
        (target.folder / _name(path.read_bytes())).write_bytes(path.read_bytes())
        kept.append(target.folder / _name(path.read_bytes()))
    counted = re.findall(r"number_of_executed_units: *(\d+)", log)
    is_good = status == 0 and not kept
    said = f"{int(counted[-1]):,} inputs" if counted else "no count of inputs"
    print(f"fuzz: {target.name}: {said} in {seconds:.0f} s, seed {seed}{'' if is_good else ': BROKEN'}", flush=True)
    if not is_good:
        for path in kept:
            print(f"  kept: {path.relative_to(ROOT)}")
        told = log[max(0, log.find("=== Uncaught Python exception")) :].splitlines()
        print("\n".join(f"  {line[:300]}" for line in told[-SHOWN_LINES:]), flush=True)
    return is_good


def _name(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


if __name__ == "__main__":
    sys.exit(main())
