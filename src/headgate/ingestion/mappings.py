"""What the columns of a source's tables mean, as a person said it: saved once, and applied to every table of those columns.

A table is known again by its source and the names of its columns in their order (`Mapping.fingerprint`). One whose
columns leave something open, and of which nobody has said it, is not read: its bytes are kept, and a case asks.
"""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from psycopg.types.json import Jsonb

from headgate import audit
from headgate.core.db import Tx
from headgate.ingestion import artifacts, previewing
from headgate.ingestion.errors import MalformedArtifact, NoSuchMapping, UnknownParser
from headgate.ingestion.mapping import MalformedMapping, Mapping
from headgate.ingestion.parsers import Parser, all_parsers

_SELECT: LiteralString = """
    SELECT source, fingerprint, parser, mapping, saved_at, saved_by
      FROM (SELECT DISTINCT ON (source, fingerprint) source, fingerprint, parser, mapping, saved_at, saved_by, is_active
              FROM ingestion.mappings WHERE tenant_id = %(tenant)s
             ORDER BY source, fingerprint, saved_at DESC) m
     WHERE is_active AND (%(source)s::text IS NULL OR source = %(source)s)
       AND (%(fingerprint)s::text IS NULL OR fingerprint = %(fingerprint)s)
     ORDER BY source, saved_at
"""


@dataclass(frozen=True, slots=True)
class SavedMapping:
    """A mapping of a source's tables, and who said it."""

    source: str
    fingerprint: str
    parser: str
    mapping: dict[str, Any]
    saved_at: datetime
    saved_by: str

    @property
    def read(self) -> Mapping:
        return Mapping.from_json(self.mapping)


def save_mapping(tx: Tx, *, source: str, parser: str, mapping: Map[str, Any]) -> SavedMapping:
    """Read tables of this source and of these columns so from now on. Raises MalformedMapping, UnknownParser, MalformedArtifact."""
    known = all_parsers().get(parser)
    if known is None or known.read_mapped is None:
        raise UnknownParser(
            f"{parser[:40]} reads no tables by a mapping; csv_v1, xlsx_v1 and json_v1 do", parser=parser[:40]
        )
    if not artifacts.is_source(source):
        raise MalformedArtifact("source must be a word of small letters, digits, '_', '-', '.'", field="source")
    said = Mapping.from_json(mapping)
    if objection := said.objection():
        raise MalformedMapping(objection)
    _insert(tx, source, said.fingerprint, parser, said.as_json(), is_active=True)
    audit.record(
        tx,
        type="ingestion.mapping.saved",
        data={"source": source, "fingerprint": said.fingerprint, "parser": parser, "mapping": said.as_json()},
    )
    return get_mapping(tx, source=source, fingerprint=said.fingerprint)


def remove_mapping(tx: Tx, *, source: str, fingerprint: str) -> None:
    """Forget what was said; what was read stays. Raises NoSuchMapping."""
    standing = get_mapping(tx, source=source, fingerprint=fingerprint)
    _insert(tx, source, fingerprint, standing.parser, standing.mapping, is_active=False)
    audit.record(tx, type="ingestion.mapping.removed", data={"source": source, "fingerprint": fingerprint})


def list_mappings(tx: Tx, *, source: str | None = None) -> list[SavedMapping]:
    """What was said of tables, by source, oldest first."""
    return tx.all(_SELECT, {"tenant": tx.tenant_id, "source": source, "fingerprint": None}, row=SavedMapping)


def get_mapping(tx: Tx, *, source: str, fingerprint: str) -> SavedMapping:
    """What was said of tables of these columns. Raises NoSuchMapping."""
    found = tx.maybe(_SELECT, {"tenant": tx.tenant_id, "source": source, "fingerprint": fingerprint}, row=SavedMapping)
    if found is None:
        raise NoSuchMapping(f"no mapping of {source[:60]} is saved for these columns", source=source[:60])
    return found


def saved_for(tx: Tx, *, source: str, data: bytes, parser: Parser | None) -> SavedMapping | None:
    """What was said of tables like this one; None where nothing was, or it is no table."""
    saved = {one.fingerprint: one for one in list_mappings(tx, source=source)}
    if not saved:
        return None
    for known in _table_parsers(parser):
        proposal = previewing.propose(data, known)
        found = saved.get(proposal.mapping.fingerprint) if proposal is not None else None
        if found is not None and found.parser == known.name:
            return found
    return None


def _table_parsers(parser: Parser | None) -> list[Parser]:
    if parser is not None:
        return [parser] if parser.read_mapped is not None else []
    return [one for one in all_parsers().values() if one.read_mapped is not None]


def _insert(tx: Tx, source: str, fingerprint: str, parser: str, mapping: Map[str, Any], *, is_active: bool) -> None:
    tx.run(
        """
        INSERT INTO ingestion.mappings (tenant_id, source, fingerprint, parser, mapping, is_active)
        VALUES (%(tenant)s, %(source)s, %(fingerprint)s, %(parser)s, %(mapping)s, %(is_active)s)
        """,
        {
            "tenant": tx.tenant_id,
            "source": source,
            "fingerprint": fingerprint,
            "parser": parser,
            "mapping": Jsonb(dict(mapping)),
            "is_active": is_active,
        },
    )
