"""The servicing pipeline on the PostgreSQL transport, its workers killed with -9 and stopped at random: each payment once.

A long run, `make crash`: a blow for every twenty-five points, at most eight.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.messaging.chaos import Chaos

from headgate.core.db import Database

ORDINARY_POINTS = 4


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Once where more points are asked for than an ordinary run has."""
    points = metafunc.config.getoption("--crash-points")
    metafunc.parametrize("blows", [max(1, min(points // 25, 8))] if points > ORDINARY_POINTS else [])


@pytest.mark.slow
def test_every_payment_is_posted_once_whatever_befalls_relay_and_workers(
    blows: int, empty_database: Database, tmp_path: Path
) -> None:
    with Chaos(empty_database, tmp_path, {}, seed=blows) as chaos:
        chaos.run(("kill", "pause", "kill"), payments=100 + 20 * blows, count=blows)
