"""How the log is: what waits to be sealed, and whether this database was restored."""

from __future__ import annotations

from datetime import datetime
from typing import Final, cast

from headgate.core import clock
from headgate.core.db import Actor, Database

UNSEALED_SECONDS_MAX: Final = 5.0
"""An event unsealed for longer is shown by /metrics, /readyz and `headgate doctor`."""

_ACTOR: Final = Actor.system("audit.health")


def oldest_unsealed_seconds(database: Database) -> float:
    """How long the oldest unsealed event of any tenant has waited, in seconds; 0.0 where none waits."""
    with database.begin(tenant_id=None, actor=_ACTOR) as tx:
        since = cast(datetime | None, tx.value("SELECT min(unsealed_since) FROM audit.backlog()"))
    return max(0.0, (clock.real_now() - since).total_seconds()) if since else 0.0


def restore_suspected(database: Database) -> str | None:
    """Why this database looks restored without its epoch; None where it does not."""
    with database.begin(tenant_id=None, actor=_ACTOR) as tx:
        return cast(str | None, tx.value("SELECT audit.restore_suspected()"))


def announce_restore(database: Database) -> int | None:
    """Start the epoch of a restore that nobody has announced; None where there is none. Safe to repeat."""
    with database.begin(tenant_id=None, actor=_ACTOR) as tx:
        return cast(int | None, tx.value("SELECT audit.announce_restore()"))
