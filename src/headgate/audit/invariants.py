"""What `headgate check` asks of the log beyond its views: that every chain verifies, row by row."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from headgate.audit.verify import verify_tenant
from headgate.core.db import Actor, Database
from headgate.core.invariants import Invariant, Violation

_ACTOR: Final = Actor.system("check")


def _chain_verifies(database: Database, tenant_id: UUID, full: bool) -> list[Violation]:
    after = 0 if full else _watermark(database, tenant_id)
    chain = verify_tenant(database, tenant_id, after_block=after)
    if chain.verified and chain.sealed.blocks:
        _advance(database, tenant_id, chain.sealed.blocks)
    return [
        Violation(f"event {found.event}" if found.event else f"block {found.block}", f"{found.kind}: {found.detail}")
        for found in chain.breaks
    ]


def _watermark(database: Database, tenant_id: UUID) -> int:
    """The last block that was verified; 0 where that block is not what it was, so that all is judged again."""
    with database.begin(tenant_id=tenant_id, actor=_ACTOR) as tx:
        number: int | None = tx.value("""
            SELECT b.number
              FROM audit.watermarks w
              JOIN audit.blocks b
                ON b.tenant_id = w.tenant_id AND b.number = w.block_number AND b.block_hash = w.block_hash
        """)
    return number or 0


def _advance(database: Database, tenant_id: UUID, number: int) -> None:
    with database.begin(tenant_id=tenant_id, actor=_ACTOR) as tx:
        tx.run(
            """
            INSERT INTO audit.watermarks AS w (tenant_id, block_number, block_hash)
            SELECT tenant_id, number, block_hash FROM audit.blocks WHERE number = %(number)s
            ON CONFLICT (tenant_id) DO UPDATE
              SET block_number = excluded.block_number, block_hash = excluded.block_hash,
                  verified_at = clock_timestamp()
              WHERE w.block_number <= excluded.block_number
            """,
            {"number": number},
        )


INVARIANTS: Final = [
    Invariant("audit.chain_verifies", "Every event is what was sealed, in its place; none is missing.", _chain_verifies)
]
