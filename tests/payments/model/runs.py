"""Running histories, in numbers."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from hypothesis.stateful import run_state_machine_as_test
from tests.make.histories import history_settings
from tests.payments.model.machine import Histories

from headgate.core.db import Database

STEPS = 30
SHARD = 2
"""So many histories make one test, so that the workers of a run share them evenly."""


def run_histories(
    database: Database, count: int, *, steps: int = STEPS, shrink: bool = True, is_judged: bool = True
) -> Counter[str]:
    """That many histories of that many steps, each with a tenant of its own; says how often what happened."""

    class Here(Histories):
        told: ClassVar[Counter[str]] = Counter()

    Here.database, Here.is_judged = database, is_judged
    run_state_machine_as_test(Here, settings=history_settings(count, steps=steps, shrink=shrink))
    return Here.told
