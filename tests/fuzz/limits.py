"""How long and in how much memory bytes may be read: past it the fuzz has found something."""

from __future__ import annotations

import signal
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

CPU_SECONDS: Final = 10
"""Of the processor, not of the clock: a neighbour's work is no fault of the parser's."""

MEMORY_BASE: Final = 24 << 20
MEMORY_PER_BYTE: Final = 400


class TooLong(AssertionError):
    """The bytes were still being read after the seconds that a file of this size may take."""


@contextmanager
def within_time(seconds: float = CPU_SECONDS) -> Iterator[None]:
    """Raise TooLong where the block takes more of the processor. The main thread's only."""

    def ring(*_: Any) -> None:
        raise TooLong(f"more than {seconds} s of the processor")

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextmanager
def within_memory(size: int) -> Iterator[None]:
    """Fail where the block takes more memory at once than bytes of this size may."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= MEMORY_BASE + MEMORY_PER_BYTE * size, f"{peak:,} bytes of memory for {size:,} bytes"
