"""What the clock does for sources: those that are due, and once a day every SFTP source."""

from __future__ import annotations

import time
from typing import Final

from headgate.core import log
from headgate.core.errors import HeadgateError, Unavailable
from headgate.ingestion import source_states
from headgate.ingestion.source_fetching import VISIT_SECONDS, SourceFetched, Wait, fetch_source
from headgate.ingestion.sources import list_sources
from headgate.jobs import Outside

TOLD_MAX: Final = 500
_LOG = log.get(__name__)


class SourcesUnfetched(Unavailable):
    """A source could not be fetched at its time; it is tried again."""

    code = "ingestion.sources_unfetched"


def fetch_due(outside: Outside, *, wait: Wait = time.sleep) -> str | None:
    """Fetch the sources of a tenant that are due, for a minute or so; says what came. How each fares is in its health."""
    with outside.begin() as tx:
        names = source_states.due_names(tx)
    return _fetch(outside, names, wait)[0]


def fetch_sftp_daily(outside: Outside, *, wait: Wait = time.sleep) -> str | None:
    """Fetch every SFTP source of a tenant. Raises SourcesUnfetched where one did not answer, once the rest was done."""
    with outside.begin() as tx:
        names = [source.name for source in list_sources(tx) if source.connector == "sftp"]
    told, failed = _fetch(outside, names, wait)
    if failed:
        raise SourcesUnfetched(told)
    return told


def _fetch(outside: Outside, names: list[str], wait: Wait) -> tuple[str | None, bool]:
    """What came, in a line; and whether a source that may answer later did not."""
    until = time.monotonic() + VISIT_SECONDS
    told, failed = [], False
    for name in names:
        if time.monotonic() >= until:
            break  # they are due still
        try:
            done = fetch_source(outside, name, wait=wait, seconds_max=until - time.monotonic())
        except HeadgateError:
            raise
        except Exception as error:
            # One source's surprise must not keep the others from being fetched.
            _LOG.exception("a source's connector failed", extra={"source": name})
            told.append(f"{name}: {type(error).__name__}")
            failed = True
            continue
        failed = failed or done.outcome in ("failed", "throttled")
        if told_of := _told(done):
            told.append(told_of)
    return "; ".join(told)[:TOLD_MAX] or None, failed


def _told(done: SourceFetched) -> str | None:
    if done.reason is not None:
        return f"{done.name}: {done.reason}"
    if not done.items_new and not done.items_refused:
        return None
    return f"{done.name}: {done.items_new} new" + (f", {done.items_refused} not kept" if done.items_refused else "")
