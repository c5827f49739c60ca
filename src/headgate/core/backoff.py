"""How long to wait before the next attempt."""

from __future__ import annotations

import random

BASE_SECONDS = 1.0
CAP_SECONDS = 300.0


def wait_seconds(attempt: int, *, base: float = BASE_SECONDS, cap: float = CAP_SECONDS) -> float:
    """Exponential, from one second to five minutes, with jitter so that what failed together does not return together.

    `attempt` is the one that failed, counted from 1.
    """
    ceiling = min(cap, base * 2.0 ** min(attempt - 1, 30))
    return ceiling * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret
