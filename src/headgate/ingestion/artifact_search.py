"""The list of artifacts: what came, what was read in it, and whether its figures prove it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, get_args

from headgate.core import terms
from headgate.core.db import Tx
from headgate.core.listing import Listing
from headgate.core.terms import MalformedTerm, Query
from headgate.ingestion.errors import NoSuchArtifact
from headgate.ingestion.parsers import Kind

COUNT_MAX: Final = 10_000
"""How many a total counts; where there are more it says so."""
STANDINGS: Final = ("received", "proved", "read", "faulty", "not_proved", "unreadable")
"""What an artifact came to: read with no fault, proved by its own figures, read but for its faults, …"""
TERMS: Final = {
    "status": terms.Term("choice", STANDINGS),
    "kind": terms.Term("choice", ("unknown", *get_args(Kind), "rates")),
    "source": terms.Term("word"),
    "name": terms.Term("word"),
    "parser": terms.Term("word"),
    "sha256": terms.Term("word"),
    "day": terms.Term("word"),
    "age": terms.Term("age"),
}


@dataclass(frozen=True, slots=True)
class ArtifactRow:
    """An artifact as a list shows it. `standing` is one of `STANDINGS`; figures of what was never read are None."""

    id: str
    source: str
    kind: str
    filename: str
    sha256: str
    size_bytes: int
    standing: str
    parser: str | None
    records: int | None
    duplicates: int | None
    faults: int | None
    received_at: datetime
    received_by: str


@dataclass(frozen=True, slots=True)
class ArtifactTotal:
    """What a query finds, up to `COUNT_MAX` artifacts."""

    count: int
    size_bytes: int
    faults: int

    @property
    def is_more(self) -> bool:
        return self.count >= COUNT_MAX


def parse_artifacts(text: str) -> Query:
    """Read a query of artifacts. A `day:` is one of the tenant's, as 2026-11-24. Raises MalformedTerm."""
    query = terms.parse(text, TERMS)
    return Query(query.text, with_day(query.params))


def with_day(params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a query with `day` as a date. Raises MalformedTerm."""
    said = params["day"]
    if said is None:
        return dict(params)
    try:
        return {**params, "day": date.fromisoformat(said)}
    except ValueError as error:
        raise MalformedTerm(f"'day:{said[:20]}' is no day; write it as day:2026-11-24", term=said[:20]) from error


def counted(tx: Tx, query: Query) -> Mapping[str, Any]:
    """The parameters of a list whose totals count no further than `COUNT_MAX`."""
    return {**query.params, "count_max": COUNT_MAX}


def artifacts_of_bytes(tx: Tx, sha256: str) -> list[ArtifactRow]:
    """The artifacts that are exactly these bytes, of whatever source; the newest first."""
    return tx.all(
        _SELECT + " WHERE a.tenant_id = %(tenant)s AND a.sha256 = %(sha256)s ORDER BY a.id DESC LIMIT 10",
        {"tenant": tx.tenant_id, "sha256": bytes.fromhex(sha256)},
        row=ArtifactRow,
    )


_STANDING = """
CASE a.status
  WHEN 'read' THEN CASE WHEN r.proved = false THEN 'not_proved' WHEN r.faults > 0 THEN 'faulty'
                        WHEN r.proved THEN 'proved' ELSE 'read' END
  ELSE a.status END
"""

_FROM = """
  FROM ingestion.artifacts a
  LEFT JOIN LATERAL (SELECT g.parser, g.records, g.duplicates, g.faults, g.proved FROM ingestion.readings g
                      WHERE g.tenant_id = a.tenant_id AND g.artifact_id = a.id ORDER BY g.id DESC LIMIT 1) r ON true
"""

_SELECT = (
    """
SELECT a.id, a.source, a.kind, a.filename, encode(a.sha256, 'hex') AS sha256, a.size_bytes,
"""
    + _STANDING
    + """ AS standing, r.parser, r.records, r.duplicates, r.faults, a.received_at, a.received_by
"""
    + _FROM
)

_WHERE = (
    """
 WHERE a.tenant_id = %(tenant)s
   AND (%(status)s::text[] IS NULL OR
"""
    + _STANDING
    + """ = ANY(%(status)s))
   AND (%(kind)s::text[] IS NULL OR a.kind = ANY(%(kind)s))
   AND (%(source)s::text IS NULL OR a.source = %(source)s)
   AND (%(name)s::text IS NULL OR a.filename = %(name)s)
   AND (%(parser)s::text IS NULL OR r.parser = %(parser)s)
   AND (%(sha256)s::text IS NULL OR encode(a.sha256, 'hex') = %(sha256)s)
   AND (%(day)s::date IS NULL OR (a.received_at >= ingestion.day_begins(%(day)s::date)
                                 AND a.received_at < ingestion.day_begins(%(day)s::date + 1)))
   AND (%(age_under)s::interval IS NULL OR a.received_at > clock_timestamp() - %(age_under)s)
   AND (%(age_over)s::interval IS NULL OR a.received_at < clock_timestamp() - %(age_over)s)
"""
)

_IDS = "SELECT a.id"

_TOTALS = """
SELECT count(*) AS count, coalesce(sum(size_bytes), 0)::bigint AS size_bytes, coalesce(sum(faults), 0)::bigint AS faults
  FROM (SELECT a.size_bytes, r.faults
"""

_TOTALS_END = " LIMIT %(count_max)s) found"

_PAGE = """
   AND (%(after)s::text IS NULL OR a.id < %(after)s)
 ORDER BY a.id DESC
 LIMIT %(limit)s
"""


def _missing(artifact_id: str) -> NoSuchArtifact:
    return NoSuchArtifact(f"there is no artifact {artifact_id}", artifact_id=artifact_id)


_LISTING: Final = Listing(
    find=_SELECT + _WHERE + _PAGE,
    rows=_SELECT + " WHERE a.tenant_id = %(tenant)s AND a.id = ANY(%(ids)s) ORDER BY a.id DESC",
    matching=_IDS + _FROM + _WHERE + " AND a.id = ANY(%(ids)s)",
    totals=_TOTALS + _FROM + _WHERE + _TOTALS_END,
    row=ArtifactRow,
    total=ArtifactTotal,
    missing=_missing,
    params=counted,
)
find_artifacts = _LISTING.find_rows
artifact_rows = _LISTING.rows_of
artifact_row = _LISTING.row_of
matching_artifacts = _LISTING.matching_of


def artifact_totals(tx: Tx, query: Query) -> list[ArtifactTotal]:
    """What a query comes to; nothing where it finds nothing."""
    return [one for one in _LISTING.totals_of(tx, query) if one.count]
