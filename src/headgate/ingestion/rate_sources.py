"""Where a tenant's exchange rates are read from every day: a URL and a format, by a name of the tenant's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString
from urllib.parse import urlsplit

from headgate import audit
from headgate.core import secrets
from headgate.core.db import Tx
from headgate.ingestion.errors import MalformedRateSource, NoSuchRateSource
from headgate.ingestion.rate_formats import all_formats

CONTEXT: Final = "ingestion.rate_sources.url_sealed"
URL_MAX: Final = 2000
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,23}\Z")

_SELECT: LiteralString = """
    SELECT s.name, s.format, s.url_shown AS url, s.set_at, s.set_by, r.tried_at, r.artifact_id, r.recorded, r.known,
           r.faults, r.failure
      FROM (SELECT DISTINCT ON (name) name, format, url_shown, set_at, set_by, is_active
              FROM ingestion.rate_sources WHERE tenant_id = %(tenant)s
             ORDER BY name, set_at DESC) s
      LEFT JOIN LATERAL (
             SELECT tried_at, artifact_id, recorded, known, faults, failure
               FROM ingestion.rate_readings WHERE tenant_id = %(tenant)s AND name = s.name
              ORDER BY tried_at DESC LIMIT 1) r ON true
     WHERE s.is_active AND (%(name)s::text IS NULL OR s.name = %(name)s)
     ORDER BY s.name
"""


@dataclass(frozen=True, slots=True)
class RateSource:
    """A source of rates and what its last try gave. `url` lacks its query, which may hold a key."""

    name: str
    format: str
    url: str
    set_at: datetime
    set_by: str
    tried_at: datetime | None
    artifact_id: str | None
    recorded: int | None
    known: int | None
    faults: int | None
    failure: str | None


def set_rate_source(tx: Tx, *, name: str, url: str, format: str) -> RateSource:
    """Read rates from this URL every day from now on; a source of that name is replaced. Raises MalformedRateSource.

    Whether the URL may be called is for `egress.Client.check` to say before, and for every call again.
    """
    if not _NAME.match(name):
        raise MalformedRateSource(
            "a source's name is a word of small letters, digits, '_' and '-', at most 24, as ecb", field="name"
        )
    if format not in all_formats():
        raise MalformedRateSource(f"a format is one of {', '.join(sorted(all_formats()))}", field="format")
    shown = shown_url(url)
    if tx.config.production and not shown.startswith("https://"):
        raise MalformedRateSource("in production rates are read by https only", field="url")
    _insert(tx, name, format, shown, url, is_active=True)
    audit.record(
        tx, type="ingestion.rate_source.set", data={"name": name, "format": format, "host": urlsplit(shown).hostname}
    )
    return get_rate_source(tx, name)


def remove_rate_source(tx: Tx, name: str) -> None:
    """Read it no more; what was read stays. Raises NoSuchRateSource."""
    standing = get_rate_source(tx, name)
    _insert(tx, name, standing.format, standing.url, url_of(tx, name), is_active=False)
    audit.record(tx, type="ingestion.rate_source.removed", data={"name": name})


def list_rate_sources(tx: Tx) -> list[RateSource]:
    """Every source, by name."""
    return tx.all(_SELECT, {"tenant": tx.tenant_id, "name": None}, row=RateSource)


def get_rate_source(tx: Tx, name: str) -> RateSource:
    """One source. Raises NoSuchRateSource."""
    found = tx.maybe(_SELECT, {"tenant": tx.tenant_id, "name": name}, row=RateSource)
    if found is None:
        raise NoSuchRateSource(f"there is no source of rates called {name[:40]}", name=name[:40])
    return found


def url_of(tx: Tx, name: str) -> str:
    """The whole URL of a source, for who calls it."""
    sealed = tx.value(
        """
        SELECT url_sealed FROM ingestion.rate_sources
         WHERE tenant_id = %(tenant)s AND name = %(name)s ORDER BY set_at DESC LIMIT 1
        """,
        {"tenant": tx.tenant_id, "name": name},
    )
    return secrets.open_sealed(tx, bytes(sealed), context=CONTEXT).decode()


def shown_url(url: str) -> str:
    """A URL without its query. Raises MalformedRateSource."""
    if len(url) > URL_MAX:
        raise MalformedRateSource(f"a URL has at most {URL_MAX:,} characters", field="url")
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or "@" in parts.netloc or not url.isascii():
        raise MalformedRateSource("a source is an http or https URL without user and password", field="url")
    return f"{parts.scheme}://{parts.netloc}{parts.path}" + ("?…" if parts.query else "")


def _insert(tx: Tx, name: str, format: str, shown: str, url: str, *, is_active: bool) -> None:
    tx.run(
        """
        INSERT INTO ingestion.rate_sources (tenant_id, name, is_active, format, url_shown, url_sealed)
        VALUES (%(tenant)s, %(name)s, %(is_active)s, %(format)s, %(shown)s, %(sealed)s)
        """,
        {
            "tenant": tx.tenant_id,
            "name": name,
            "is_active": is_active,
            "format": format,
            "shown": shown,
            "sealed": secrets.seal(tx, url.encode(), context=CONTEXT),
        },
    )
