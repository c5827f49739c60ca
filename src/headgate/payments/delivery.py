"""Delivery: the bytes that were fixed go to the outbound folder, outside any transaction; then it is recorded.

A file is written under a temporary name and renamed, so that whoever takes files from the folder never sees half a one.
After a crash between the two the same name and the same bytes are written again, which changes nothing.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from uuid import UUID

from headgate import audit, cases, messaging, tenants
from headgate.core.db import Actor, Database, Tx
from headgate.payments import files
from headgate.payments.model import AchFile

ACTOR = Actor.system("ach_delivery")
FILES_MAX = 1000
"""How many files one round delivers."""


def deliver_all(database: Database) -> None:
    """Deliver the waiting files of every tenant."""
    for tenant_id in tenants.tenant_ids(database):
        deliver(database, tenant_id)


def deliver(database: Database, tenant_id: UUID) -> list[AchFile]:
    """Write this tenant's waiting files to its outbound folder, the oldest first, and record each.

    Where other bytes lie there under a file's name, it waits, with a case for two people; the others go on.
    """
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        waiting = files.list_files(tx, status="pending", limit=FILES_MAX)
    delivered = []
    for file in reversed(waiting):
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            content = files.file_bytes(tx, file.id)
        is_placed = _place(outbound_folder(database, tenant_id), file.name, content)
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            if is_placed:
                delivered.append(_record(tx, file))
            else:
                _open_case(tx, file)
    return delivered


def outbound_folder(database: Database, tenant_id: UUID) -> Path:
    """Where this tenant's files lie for the bank to fetch."""
    return database.config.home / "outbound" / str(tenant_id)


def _place(folder: Path, name: str, content: bytes) -> bool:
    """Write a file whole or not at all, readable for its owner alone, since it holds account numbers.

    False where other bytes lie there under its name: they are left as they are.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = folder / name
    if target.exists():
        return hashlib.sha256(target.read_bytes()).digest() == hashlib.sha256(content).digest()
    partial = folder / f".{name}.{os.getpid()}.part"
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    partial.rename(target)
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return True


def _open_case(tx: Tx, file: AchFile) -> None:
    cases.open_case(
        tx,
        key=f"delivery_unknown:{file.id}",
        category="delivery_unknown",
        severity="high",
        detail={
            **files.facts(file),
            "next": "other bytes lie in the outbound folder under this name; find out who wrote them",
        },
    )


def _record(tx: Tx, file: AchFile) -> AchFile:
    moved = tx.run(
        """
        UPDATE payments.ach_files SET status = 'delivered', delivered_at = %(now)s
         WHERE tenant_id = %(tenant)s AND id = %(id)s AND status = 'pending'
        """,
        {"tenant": tx.tenant_id, "id": file.id, "now": tx.now()},
    )
    if moved:
        facts = files.facts(file)
        audit.record(tx, type="payments.file.delivered", data=facts)
        messaging.publish(
            tx, event_type="payments.file.delivered", aggregate_type="ach_file", aggregate_id=file.id, payload=facts
        )
    return files.get_file(tx, file.id)
