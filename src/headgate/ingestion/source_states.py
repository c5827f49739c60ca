"""How a source fares: tries, failures in a row, the breaker, and when it is fetched next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from headgate import audit, cases
from headgate.core import backoff, ids
from headgate.core.clock import real_now
from headgate.core.db import Tx
from headgate.ingestion.source_model import Standing, Taken
from headgate.ingestion.source_pausing import PAUSED_UNTIL, source_pauses
from headgate.ingestion.sources import get_source, secret_of

FAILURES_MAX: Final = 5
"""As many failures in a row open the breaker; the view source_health has the same figures."""
OPEN: Final = timedelta(seconds=30)
PROBE: Final = timedelta(seconds=60)
LONG: Final = timedelta(hours=1)
"""What has failed for so long is a case."""
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Failed:
    """What stands after a failure."""

    failures: int
    not_before: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether the breaker is."""
        return self.failures >= FAILURES_MAX


@dataclass(frozen=True, slots=True)
class _State:
    position_no: int
    failures: int
    failing_since: datetime | None
    last_failure_at: datetime | None
    last_failure: str | None
    not_before: datetime | None
    probing_until: datetime | None


def begin_try(tx: Tx, name: str) -> Standing:
    """The source, its secret and its cursor; or until when it is left alone. Raises NoSuchSource.

    Where the breaker is half open, whoever comes first tries, and the others wait for what comes of it.
    """
    source = get_source(tx, name)
    state = _lock(tx, name)
    now = real_now()
    until, reason = _resting(state, now)
    if name in source_pauses(tx):
        until, reason = PAUSED_UNTIL, "a person paused it"
    if until is None and state.failures >= FAILURES_MAX:
        tx.run(
            """
            UPDATE ingestion.source_states SET probing_until = %(until)s
             WHERE tenant_id = %(tenant)s AND name = %(name)s
            """,
            {"tenant": tx.tenant_id, "name": name, "until": now + PROBE},
        )
    return Standing(
        name=name,
        connector=source.connector,
        source=source.source,
        place=source.place,
        settings=source.settings,
        every_seconds=source.every_seconds,
        login=source.login,
        secret=secret_of(tx, name) if until is None else None,
        cursor=_cursor(tx, name, source.place),
        position_no=state.position_no,
        last_success_at=source.last_success_at,
        resting_until=until,
        resting_reason=reason,
    )


def note_success(tx: Tx, standing: Standing, taken: Taken, *, began_at: datetime, is_whole: bool) -> None:
    """It answered: failures are over. What is left of it is fetched at once, the next round when it is due."""
    state = _lock(tx, standing.name)
    now = real_now()
    wait = timedelta(0) if not is_whole else _every(standing)
    tx.run(
        """
        UPDATE ingestion.source_states
           SET failures = 0, failing_since = NULL, not_before = NULL, probing_until = NULL, due_at = %(due)s,
               last_success_at = CASE WHEN %(is_whole)s THEN %(now)s ELSE last_success_at END
         WHERE tenant_id = %(tenant)s AND name = %(name)s
        """,
        {"tenant": tx.tenant_id, "name": standing.name, "due": now + wait, "now": now, "is_whole": is_whole},
    )
    if state.failures >= FAILURES_MAX:
        audit.record(
            tx,
            type="ingestion.source.breaker_closed",
            data={"name": standing.name, "failures": state.failures},
        )
    if taken.items_new or taken.items_refused:
        _note_try(tx, standing, taken, began_at, "taken", None)


def note_failure(
    tx: Tx,
    standing: Standing,
    taken: Taken,
    *,
    began_at: datetime,
    outcome: Literal["throttled", "failed", "refused"],
    reason: str,
    seconds: float | None,
) -> Failed:
    """It failed, or asked for `seconds` of patience, which is no failure. What has failed for long becomes a case."""
    state = _lock(tx, standing.name)
    now = real_now()
    _note_try(tx, standing, taken, began_at, outcome, reason)
    if outcome == "throttled":
        until = now + timedelta(seconds=seconds or 0)
        tx.run(
            """
            UPDATE ingestion.source_states SET not_before = %(until)s, due_at = %(until)s, probing_until = NULL
             WHERE tenant_id = %(tenant)s AND name = %(name)s
            """,
            {"tenant": tx.tenant_id, "name": standing.name, "until": until},
        )
        return Failed(0, until)
    failures = state.failures + 1
    since = state.failing_since or now
    soon = backoff.wait_seconds(failures, base=OPEN.total_seconds(), cap=_every(standing).total_seconds())
    tx.run(
        """
        UPDATE ingestion.source_states
           SET failures = %(failures)s, failing_since = %(since)s, last_failure_at = %(now)s, last_failure = %(reason)s,
               probing_until = NULL, due_at = %(due)s
         WHERE tenant_id = %(tenant)s AND name = %(name)s
        """,
        {
            "tenant": tx.tenant_id,
            "name": standing.name,
            "failures": failures,
            "since": since,
            "now": now,
            "reason": reason,
            "due": now + timedelta(seconds=soon),
        },
    )
    if failures == FAILURES_MAX:
        audit.record(
            tx,
            type="ingestion.source.breaker_opened",
            data={"name": standing.name, "failures": failures, "reason": reason},
        )
    if outcome == "refused" or now - since >= LONG:
        _open_case(tx, standing, since, outcome, reason)
    return Failed(failures, now + OPEN if failures >= FAILURES_MAX else None)


def due_names(tx: Tx) -> list[str]:
    """The sources that are due and not at rest, the longest due first."""
    return tx.values(
        """
        SELECT name FROM ingestion.source_health
         WHERE tenant_id = %(tenant)s AND due_at <= clock_timestamp() AND breaker <> 'open'
           AND coalesce(not_before, '-infinity') <= clock_timestamp() AND NOT (name = ANY(%(paused)s))
         ORDER BY due_at, name
        """,
        {"tenant": tx.tenant_id, "paused": list(source_pauses(tx))},
    )


def _lock(tx: Tx, name: str) -> _State:
    return tx.one(
        """
        SELECT position_no, failures, failing_since, last_failure_at, last_failure, not_before, probing_until
          FROM ingestion.source_states
         WHERE tenant_id = %(tenant)s AND name = %(name)s
           FOR NO KEY UPDATE
        """,
        {"tenant": tx.tenant_id, "name": name},
        row=_State,
    )


def _resting(state: _State, now: datetime) -> tuple[datetime | None, str | None]:
    if state.not_before is not None and state.not_before > now:
        return state.not_before, "it asked for patience"
    if state.failures < FAILURES_MAX or state.last_failure_at is None:
        return None, None
    if state.last_failure_at + OPEN > now:
        return state.last_failure_at + OPEN, f"it failed {state.failures} times in a row, at last: {state.last_failure}"
    if state.probing_until is not None and state.probing_until > now:
        return state.probing_until, "another fetching tries whether it answers again"
    return None, None


def _cursor(tx: Tx, name: str, place: str) -> str | None:
    found: str | None = tx.value(
        """
        SELECT cursor FROM ingestion.source_positions
         WHERE tenant_id = %(tenant)s AND name = %(name)s AND place = %(place)s
         ORDER BY position_no DESC LIMIT 1
        """,
        {"tenant": tx.tenant_id, "name": name, "place": place},
    )
    return found


def _every(standing: Standing) -> timedelta:
    return timedelta(seconds=standing.every_seconds) if standing.every_seconds is not None else DAY


def _note_try(
    tx: Tx,
    standing: Standing,
    taken: Taken,
    began_at: datetime,
    outcome: Literal["taken", "throttled", "failed", "refused"],
    reason: str | None,
) -> None:
    tx.run(
        """
        INSERT INTO ingestion.source_tries
               (tenant_id, id, name, began_at, outcome, items_new, items_known, items_refused, reason)
        VALUES (%(tenant)s, %(id)s, %(name)s, %(began)s, %(outcome)s, %(new)s, %(known)s, %(refused)s, %(reason)s)
        """,
        {
            "tenant": tx.tenant_id,
            "id": ids.new("sty"),
            "name": standing.name,
            "began": began_at,
            "outcome": outcome,
            "new": taken.items_new,
            "known": taken.items_known,
            "refused": taken.items_refused,
            "reason": reason,
        },
    )


def _open_case(tx: Tx, standing: Standing, since: datetime, outcome: str, reason: str) -> None:
    cases.open_case(
        tx,
        key=f"ingestion:source:{standing.name}:failing:{since.isoformat()}",
        category="source_failing",
        subcategory=standing.name,
        severity="high" if outcome == "refused" else "medium",
        detail={
            "source": standing.name,
            "connector": standing.connector,
            "place": standing.place,
            "failing_since": since.isoformat(),
            "reason": reason,
            "next": (
                "nothing is fetched before somebody mends it: change the source, or what it refers to"
                if outcome == "refused"
                else "it is tried again by itself; ask who runs the place"
            ),
        },
    )
