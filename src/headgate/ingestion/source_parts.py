"""Parts of large files on their way: sealed, and kept between tries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from headgate.core import secrets
from headgate.jobs import Outside

CONTEXT: Final = "ingestion.source_parts.part_sealed"


@dataclass(frozen=True, slots=True)
class KeptParts:
    """The parts of one source's files."""

    outside: Outside
    name: str
    place: str

    def kept(self, file: str) -> bytes:
        """What is here of it, from its first byte on without a hole."""
        with self.outside.begin() as tx:
            rows = tx.all(
                """
                SELECT offset_start, part_sealed FROM ingestion.source_parts
                 WHERE tenant_id = %(tenant)s AND name = %(name)s AND place = %(place)s AND file = %(file)s
                 ORDER BY offset_start
                """,
                self._facts(file),
            )
            opened = secrets.open_many(tx, [bytes(row["part_sealed"]) for row in rows], context=CONTEXT)
        found = bytearray()
        for row, part in zip(rows, opened, strict=True):
            if row["offset_start"] == len(found):
                found += part
        return bytes(found)

    def keep(self, file: str, offset: int, data: bytes) -> None:
        """Keep the part that begins there; one that is here already stays."""
        with self.outside.begin() as tx:
            tx.run(
                """
                INSERT INTO ingestion.source_parts (tenant_id, name, place, file, offset_start, size_bytes, part_sealed)
                VALUES (%(tenant)s, %(name)s, %(place)s, %(file)s, %(offset)s, %(size)s, %(sealed)s)
                    ON CONFLICT DO NOTHING
                """,
                self._facts(file)
                | {"offset": offset, "size": len(data), "sealed": secrets.seal(tx, data, context=CONTEXT)},
            )

    def drop(self, file: str) -> None:
        """Forget it, and what began more than a week ago and never ended."""
        with self.outside.begin() as tx:
            tx.run(
                """
                DELETE FROM ingestion.source_parts
                 WHERE tenant_id = %(tenant)s AND name = %(name)s
                   AND ((place = %(place)s AND file = %(file)s) OR kept_at < clock_timestamp() - interval '7 days')
                """,
                self._facts(file),
            )

    def _facts(self, file: str) -> dict[str, object]:
        return {"tenant": self.outside.tenant_id, "name": self.name, "place": self.place, "file": file}
