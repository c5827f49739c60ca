"""What `headgate doctor` asks of the log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from headgate.audit.health import UNSEALED_SECONDS_MAX, oldest_unsealed_seconds, restore_suspected
from headgate.core.db import Database
from headgate.core.doctor import Examination
from headgate.core.finding import Finding


def _examine(database: Database) -> Iterator[Finding]:
    waiting = oldest_unsealed_seconds(database)
    yield Finding(
        "audit.unsealed",
        waiting <= UNSEALED_SECONDS_MAX,
        f"the oldest unsealed event has waited {waiting:.0f} s" if waiting else "every event is sealed",
        "see that `headgate serve` or a worker runs, which seals; else look for a long transaction in pg_stat_activity",
    )
    why = restore_suspected(database)
    yield Finding(
        "audit.epoch",
        why is None,
        f"this database looks restored: {why}" if why else "this server has its epoch",
        "run `headgate audit announce-restore` (serve and the worker do so when they start)",
    )


DOCTOR: Final = [Examination("audit", _examine)]
