"""Running histories, in numbers."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from hypothesis.stateful import run_state_machine_as_test
from tests.ledger.model.ground import ground
from tests.ledger.model.machine import Histories
from tests.make.histories import history_settings

from headgate.core.db import Database

STEPS = 50
SHARD = 10
"""So many histories make one test, so that the workers of a run share them evenly."""


def run_histories(database: Database, count: int, *, steps: int = STEPS, shrink: bool = True) -> Counter[str]:
    """That many histories of that many steps on a tenant of their own; says how many there were."""

    class Here(Histories):
        told: ClassVar[Counter[str]] = Counter()

    with ground(database) as Here.ground:
        run_state_machine_as_test(Here, settings=history_settings(count, steps=steps, shrink=shrink))
    return Here.told
