"""What a backup of the database does not hold of evidence: the bodies that lie in storage (ADR 0007)."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from headgate.core.backup import NotHeld


def stored(connection: Connection[Any]) -> list[str]:
    """How many bodies lie in storage, and what to do about them."""
    if connection.execute("SELECT to_regclass('ingestion.stored_objects')").fetchone() == (None,):
        return []  # A backup of what an older version made.
    query = "SELECT count(*), coalesce(sum(sealed_bytes), 0) FROM ingestion.stored_objects"
    count, size = connection.execute(query).fetchone() or (0, 0)
    if not count:
        return []
    return [
        f"{count} files of {size} bytes lie in storage and are not in it: copy the storage now (HEADGATE_ARTIFACTS_URL, else "
        "HEADGATE_HOME/artifacts); nothing in it is ever changed, so a copy made after the backup is whole"
    ]


NOT_HELD = [NotHeld(stored)]
