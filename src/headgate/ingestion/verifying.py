"""Are the stored bodies still the bytes that were stored? Each is opened and hashed again, in turns; what differs is a case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from headgate import audit, cases
from headgate.core.db import Tx
from headgate.core.secrets import NotSealed, SealBroken, SealedForAnotherTenant
from headgate.ingestion import artifacts
from headgate.ingestion.errors import BodyDiffers, ObjectMissing
from headgate.jobs import Outside

Verdict = Literal["intact", "differs", "missing", "broken"]

BODIES_MAX: Final = 2_000
BYTES_MAX: Final = 1 << 30
"""Of one turn, whichever comes first."""

_WRONG: Final[tuple[tuple[type[Exception], Verdict], ...]] = (
    (BodyDiffers, "differs"),
    (ObjectMissing, "missing"),
    (SealBroken, "broken"),
    (NotSealed, "broken"),
    (SealedForAnotherTenant, "broken"),
)


@dataclass(frozen=True, slots=True)
class Check:
    """One turn: how many bodies and bytes were read, which artifacts' were wrong, whether it came to the last of all, and whether
    it began with the first."""

    bodies: int
    bytes: int
    wrong: tuple[str, ...]
    is_whole: bool
    is_of_all: bool


@dataclass(frozen=True, slots=True)
class _Next:
    id: str
    received_at: datetime
    size_bytes: int


def verify_bodies(outside: Outside, *, bodies_max: int = BODIES_MAX, bytes_max: int = BYTES_MAX) -> Check:
    """Go on where the last turn ended, oldest first; after the newest, begin anew. One transaction a body.

    Raises StorageUnavailable and StorageRefused, after what was found before is kept.
    """
    with outside.begin() as tx:
        ended = _ended(tx)
        waiting = _following(tx, ended, bodies_max + 1)
    size, wrong, last = 0, [], None
    try:
        for one in waiting[:bodies_max]:
            if size >= bytes_max:
                break
            if verify_body(outside, one.id) != "intact":
                wrong.append(one.id)
            size += one.size_bytes
            last = one
    finally:
        # What was found stays found, whatever ended the turn.
        done = waiting.index(last) + 1 if last else 0
        is_whole = done == len(waiting)
        check = Check(done, size, tuple(wrong), is_whole=is_whole, is_of_all=is_whole and ended is None)
        if waiting:
            _keep(outside, check, last)
    return check


def verify_all(outside: Outside, tell: Callable[[Check], None] | None = None) -> Check:
    """Turns until the newest body was read: from where the last turn ended."""
    with outside.begin() as tx:
        begins = _ended(tx) is None
    turns: list[Check] = []
    while not turns or not turns[-1].is_whole:
        turns.append(verify_bodies(outside))
        if tell:
            tell(turns[-1])
    wrong = tuple(one for turn in turns for one in turn.wrong)
    bodies, size = sum(turn.bodies for turn in turns), sum(turn.bytes for turn in turns)
    return Check(bodies, size, wrong, is_whole=True, is_of_all=begins)


def verify_body(outside: Outside, artifact_id: str) -> Verdict:
    """Read one body again and say what it is. One that is newly wrong is an event and a case, once; one that is right again is an
    event. Raises NoSuchArtifact, StorageUnavailable, StorageRefused."""
    verdict: Verdict = "intact"
    try:
        artifacts.outside(outside.begin, artifact_id)
    except tuple(error for error, _ in _WRONG) as error:
        verdict = next(named for kind, named in _WRONG if isinstance(error, kind))
    with outside.begin() as tx:
        _note(tx, artifact_id, verdict)
    return verdict


def job(outside: Outside) -> str | None:
    """One turn, told."""
    check = verify_bodies(outside)
    if not check.bodies:
        return None
    return f"{check.bodies} bodies, {check.bytes} bytes" + (f", {len(check.wrong)} wrong" if check.wrong else "")


def _ended(tx: Tx) -> tuple[datetime, str] | None:
    """The artifact that the last turn came to; None where the next begins with the first."""
    found = tx.maybe(
        """
        SELECT to_received_at AS at, to_artifact_id AS id FROM ingestion.body_checks
         WHERE tenant_id = %(tenant)s
         ORDER BY body_checks.id DESC LIMIT 1
        """,
        {"tenant": tx.tenant_id},
    )
    return (found["at"], found["id"]) if found and found["id"] is not None else None


def _following(tx: Tx, after: tuple[datetime, str] | None, count: int) -> list[_Next]:
    return tx.all(
        """
        SELECT id, received_at, size_bytes
          FROM ingestion.artifacts
         WHERE tenant_id = %(tenant)s
           AND (%(at)s::timestamptz IS NULL OR (received_at, id) > (%(at)s, %(id)s))
         ORDER BY received_at, id
         LIMIT %(count)s
        """,
        {
            "tenant": tx.tenant_id,
            "at": after[0] if after else None,
            "id": after[1] if after else None,
            "count": count,
        },
        row=_Next,
    )


def _keep(outside: Outside, check: Check, last: _Next | None) -> None:
    if last is None:
        return
    with outside.begin() as tx:
        tx.run(
            """
            INSERT INTO ingestion.body_checks (tenant_id, to_received_at, to_artifact_id, bodies, bytes, wrong)
            VALUES (%(tenant)s, %(at)s, %(id)s, %(bodies)s, %(bytes)s, %(wrong)s)
            """,
            {
                "tenant": tx.tenant_id,
                # At the end the next turn begins anew.
                "at": None if check.is_whole else last.received_at,
                "id": None if check.is_whole else last.id,
                "bodies": check.bodies,
                "bytes": check.bytes,
                "wrong": len(check.wrong),
            },
        )


def _note(tx: Tx, artifact_id: str, verdict: Verdict) -> None:
    stands = tx.value(
        """
        SELECT verdict FROM ingestion.body_verdicts
         WHERE tenant_id = %(tenant)s AND artifact_id = %(id)s
         ORDER BY id DESC LIMIT 1
        """,
        {"tenant": tx.tenant_id, "id": artifact_id},
    )
    if (stands or "intact") == verdict:
        return
    tx.run(
        "INSERT INTO ingestion.body_verdicts (tenant_id, artifact_id, verdict) VALUES (%(tenant)s, %(id)s, %(verdict)s)",
        {"tenant": tx.tenant_id, "id": artifact_id, "verdict": verdict},
    )
    audit.record(
        tx,
        type="ingestion.body.checked",
        data={"artifact_id": artifact_id, "verdict": verdict},
        ingestion_id=artifact_id,
    )
    if verdict != "intact":
        cases.open_case(
            tx,
            key=f"ingestion:{artifact_id}:body",
            category="body_differs",
            subcategory=verdict,
            severity="critical",
            ingestion_id=artifact_id,
            detail={
                "artifact_id": artifact_id,
                "verdict": verdict,
                "next": "restore its object or its row from a backup, then run `headgate artifacts verify` again",
            },
        )
