"""A person stops fetching a source for a while, and goes on with it: its place in what it gives stays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, LiteralString

from headgate import audit
from headgate.core.db import Tx
from headgate.core.errors import Malformed
from headgate.ingestion.sources import get_source

PAUSED_UNTIL: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""Until when a paused source rests: until a person says otherwise."""

_SELECT: LiteralString = """
    SELECT name, set_at, set_by, reason
      FROM (SELECT DISTINCT ON (name) name, set_at, set_by, reason, is_paused FROM ingestion.source_pauses
             WHERE tenant_id = %(tenant)s ORDER BY name, set_at DESC) p
     WHERE is_paused
"""


@dataclass(frozen=True, slots=True)
class SourcePause:
    """A source is paused: since when, by whom and why."""

    name: str
    set_at: datetime
    set_by: str
    reason: str


def pause_source(tx: Tx, *, name: str, reason: str) -> SourcePause:
    """Fetch there no more until it is resumed; paused already stays as it is. Raises NoSuchSource, Malformed."""
    get_source(tx, name)
    standing = source_pauses(tx).get(name)
    if standing is None:
        _insert(tx, name, reason, is_paused=True)
        standing = source_pauses(tx)[name]
    return standing


def resume_source(tx: Tx, *, name: str, reason: str) -> None:
    """Go on where it stood, at once. One that is not paused stays as it is. Raises NoSuchSource, Malformed."""
    get_source(tx, name)
    if name in source_pauses(tx):
        _insert(tx, name, reason, is_paused=False)
        tx.run(
            """
            UPDATE ingestion.source_states SET due_at = clock_timestamp()
             WHERE tenant_id = %(tenant)s AND name = %(name)s
            """,
            {"tenant": tx.tenant_id, "name": name},
        )


def source_pauses(tx: Tx) -> dict[str, SourcePause]:
    """The sources that are paused, by name."""
    return {one.name: one for one in tx.all(_SELECT, {"tenant": tx.tenant_id}, row=SourcePause)}


def _insert(tx: Tx, name: str, reason: str, *, is_paused: bool) -> None:
    if not 1 <= len(reason.strip()) <= 500:
        raise Malformed("say why, in at most 500 characters")
    tx.run(
        """
        INSERT INTO ingestion.source_pauses (tenant_id, name, is_paused, reason)
        VALUES (%(tenant)s, %(name)s, %(is_paused)s, %(reason)s)
        """,
        {"tenant": tx.tenant_id, "name": name, "is_paused": is_paused, "reason": reason.strip()},
    )
    audit.record(tx, type=f"ingestion.source.{'paused' if is_paused else 'resumed'}", data={"name": name})
