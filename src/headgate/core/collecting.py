"""Python's collector of cycles, left in peace while a verb makes rows by the hundred thousand.

What a payroll makes refers to nothing above it and is freed as soon as nobody holds it. The collector cannot know that: it looks
through all of it again and again as it grows, which took a third of the client's time.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_pauses = 0
_was_enabled = False


@contextmanager
def paused() -> Iterator[None]:
    """No cycle is collected until the last of those who asked for it is done; where it was off before, it stays off."""
    global _pauses, _was_enabled
    with _lock:
        if _pauses == 0:
            _was_enabled = gc.isenabled()
            gc.disable()
        _pauses += 1
    try:
        yield
    finally:
        with _lock:
            _pauses -= 1
            if _pauses == 0 and _was_enabled:
                gc.enable()
