"""Assertions are rewritten by all workers together, where no earlier run has left them behind.

Every worker imports every module of tests. Where none is rewritten yet, each would do it all by itself: 14 s of processor
time for 300 modules. So each begins with a share, and finds the others' when it comes to them.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from _pytest.assertion import rewrite

TESTS = Path(__file__).parent


def share(config: pytest.Config, worker: int, count: int) -> None:
    """Rewrite every `count`th module that is not yet rewritten, from the `worker`th on."""
    state = config.stash[rewrite.assertstate_key]
    for source in sorted(TESTS.rglob("test_*.py"))[worker::count]:
        kept = rewrite.get_cache_dir(source) / f"{source.stem}{rewrite.PYC_TAIL}"
        if rewrite.try_makedirs(kept.parent) and rewrite._read_pyc(source, kept) is None:
            source_hash, code = rewrite._rewrite_test(source, config)
            rewrite._write_pyc(state, code, source_hash, kept)
