"""Large bodies leave the database for storage: put there first, named in the database then, in turns that a job takes.

A body is committed with its artifact before anything of it is in storage, and an object holds exactly the sealed bytes
that the database held: so whatever dies in between, the next turn puts the same bytes under the same name again.
"""

from __future__ import annotations

import hashlib
from typing import Final

from headgate.core.db import Database
from headgate.ingestion.storage import Storage, storage_of
from headgate.jobs import Outside

AT_ONCE: Final = 500
"""Bodies of one turn."""
PARTS_KEPT_SECONDS: Final = 24 * 3600


def store_bodies(outside: Outside) -> str | None:
    """Put the bodies that have landed into storage, oldest first; says how many. Raises StorageUnavailable, StorageRefused."""
    storage = storage_of(outside.database.config)
    if storage is None:
        return None
    stored = 0
    while stored < AT_ONCE and _store_one(outside, storage):
        stored += 1
    return f"{stored} bodies put into {storage.where}" if stored else None


def sweep_storage(database: Database) -> str | None:
    """Remove what writers that died a day ago have left unfinished. Raises StorageUnavailable, StorageRefused."""
    storage = storage_of(database.config)
    removed = storage.sweep(older_than_seconds=PARTS_KEPT_SECONDS) if storage else 0
    return f"{removed} unfinished files removed" if removed else None


def name_of(tenant_id: object, artifact_id: str) -> str:
    """The name of an artifact's object: a folder for each tenant, and a few hundred in it."""
    return f"{tenant_id}/{artifact_id[-2:]}/{artifact_id}"


def _store_one(outside: Outside, storage: Storage) -> bool:
    with outside.begin() as tx:
        landed = tx.maybe(
            """
            SELECT artifact_id, body_sealed FROM ingestion.landed_bodies
             WHERE tenant_id = %(tenant)s
             ORDER BY landed_at, artifact_id
             LIMIT 1
            """,
            {"tenant": tx.tenant_id},
        )
    if landed is None:
        return False
    sealed, name = bytes(landed["body_sealed"]), name_of(outside.tenant_id, landed["artifact_id"])
    storage.put(name, sealed)
    with outside.begin() as tx:
        tx.run(
            "SELECT ingestion.body_stored(%(artifact)s, %(name)s, %(sha256)s)",
            {"artifact": landed["artifact_id"], "name": name, "sha256": hashlib.sha256(sealed).digest()},
        )
    return True
