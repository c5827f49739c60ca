"""Fetch a source: call its connector with no transaction open, and commit each batch with the cursor behind it.

What can go wrong at a place is an answer here: it is written down, counted, tried again with growing waits, and after five
times in a row left alone for 30 s (the breaker); then one try says how it is. What has failed for an hour, or what only a
person can mend, is a case.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from headgate.core import backoff, log
from headgate.core.clock import real_now
from headgate.core.errors import HeadgateError
from headgate.ingestion import source_states, source_taking
from headgate.ingestion.connectors import (
    SourceFailure,
    SourceRefused,
    SourceThrottled,
    SourceUnreachable,
    Visit,
    all_connectors,
)
from headgate.ingestion.source_model import Standing, Taken
from headgate.ingestion.source_parts import KeptParts
from headgate.ingestion.source_taking import Overtaken
from headgate.ingestion.sources import settings_of
from headgate.jobs import Outside

TRIES: Final = 3
"""How often one fetching tries a place that does not answer."""
VISIT_SECONDS: Final = 60.0
"""After so long a visit ends at the next good place, so that other sources and jobs have their turn."""
REASON_MAX: Final = 300
_LOG = log.get(__name__)
Wait = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class SourceFetched:
    """What one fetching gave: what was new, known already or could not be kept, or why it failed.

    `outcome` resting: nothing was tried, since the source is left alone until `not_before`. `is_whole`: read to its end.
    """

    name: str
    outcome: Literal["taken", "throttled", "failed", "refused", "resting"]
    items_new: int
    items_known: int
    items_refused: int
    artifact_ids: list[str] = field(default_factory=list)
    reason: str | None = None
    not_before: datetime | None = None
    is_whole: bool = False


def fetch_source(
    outside: Outside,
    name: str,
    *,
    wait: Wait = time.sleep,
    seconds_max: float = VISIT_SECONDS,
    is_from_start: bool = False,
) -> SourceFetched:
    """Fetch one source now. A failure is an answer, recorded. Raises NoSuchSource.

    `is_from_start` reads all that the place still has; what was taken is known.
    """
    until = time.monotonic() + seconds_max
    taken = Taken()
    for attempt in range(1, TRIES + 1):
        with outside.begin() as tx:
            standing = source_states.begin_try(tx, name)
        if standing.resting_until is not None:
            return _told(name, "resting", taken, standing.resting_reason, not_before=standing.resting_until)
        began_at = real_now()
        try:
            is_whole = _visit(outside, standing, taken, wait=wait, until=until, is_from_start=is_from_start)
        except SourceFailure as error:
            outcome = _outcome(error)
            reason = error.message[:REASON_MAX]
            with outside.begin() as tx:
                state = source_states.note_failure(
                    tx,
                    standing,
                    taken,
                    began_at=began_at,
                    outcome=outcome,
                    reason=reason,
                    seconds=error.seconds if isinstance(error, SourceThrottled) else None,
                )
            _LOG.warning("a source could not be fetched", extra={"source": name, "reason": reason})
            is_tried_again = outcome == "failed" and attempt < TRIES and not state.is_open and time.monotonic() < until
            if not is_tried_again:
                return _told(name, outcome, taken, reason, not_before=state.not_before)
            wait(backoff.wait_seconds(attempt, base=0.5))
        except HeadgateError:
            raise
        except Exception as error:
            with outside.begin() as tx:
                reason = f"the connector itself failed: {type(error).__name__}"
                source_states.note_failure(
                    tx, standing, taken, began_at=began_at, outcome="failed", reason=reason, seconds=None
                )
            raise
        else:
            with outside.begin() as tx:
                source_states.note_success(tx, standing, taken, began_at=began_at, is_whole=is_whole)
            return _told(name, "taken", taken, None, is_whole=is_whole)
    raise AssertionError("the last try returns")


def _visit(
    outside: Outside, standing: Standing, taken: Taken, *, wait: Wait, until: float, is_from_start: bool
) -> bool:
    """One call at the place; whether it was read to its end. Raises SourceFailure."""
    connector = all_connectors().get(standing.connector)
    if connector is None:
        raise SourceRefused(f"there is no connector called {standing.connector}")
    ended_early = [False]

    def is_over() -> bool:
        ended_early[0] = ended_early[0] or time.monotonic() >= until
        return ended_early[0]

    visit = Visit(
        name=standing.name,
        tenant_id=outside.tenant_id,
        settings=settings_of(connector, standing.settings),
        login=standing.login,
        secret=standing.secret,
        cursor=standing.cursor,
        config=outside.database.config,
        parts=KeptParts(outside, standing.name, standing.place),
        known=lambda identities: source_taking.known(outside, standing, identities),
        cursor_before=lambda seconds: source_taking.cursor_before(outside, standing, seconds),
        wait=wait,
        is_over=is_over,
        is_from_start=is_from_start,
    )
    position_no = standing.position_no
    with closing(connector.fetch(visit)) as batches:  # type: ignore[type-var]
        for batch in batches:
            try:
                with outside.begin() as tx:
                    position_no = source_taking.take(tx, standing, batch, taken, position_no=position_no)
            except Overtaken:
                return False  # somebody else fetches the same: what is left is theirs
            taken.count()
    return not ended_early[0]


def _outcome(error: SourceFailure) -> Literal["throttled", "failed", "refused"]:
    if isinstance(error, SourceThrottled):
        return "throttled"
    return "failed" if isinstance(error, SourceUnreachable) else "refused"


def _told(
    name: str,
    outcome: Literal["taken", "throttled", "failed", "refused", "resting"],
    taken: Taken,
    reason: str | None,
    *,
    not_before: datetime | None = None,
    is_whole: bool = False,
) -> SourceFetched:
    return SourceFetched(
        name,
        outcome,
        taken.items_new,
        taken.items_known,
        taken.items_refused,
        taken.artifact_ids,
        reason,
        not_before,
        is_whole,
    )
