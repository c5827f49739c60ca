"""Tries to hand a file over, and what is known of them: facts, written before and after the bytes travel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg.types.json import Jsonb

from headgate.core.db import Tx

Verdict = Literal["delivered", "rejected", "absent", "unknown"]


@dataclass(frozen=True, slots=True)
class Standing:
    """A file's tries so far: how many were begun, where the last was, and whether it is proved absent."""

    tries: int
    is_absent: bool
    place: str

    @property
    def is_begun(self) -> bool:
        """Whether something may be on its way."""
        return self.tries > 0 and not self.is_absent


@dataclass(frozen=True, slots=True)
class Fact:
    """A try that was begun (`verdict` is `begun`), or a piece of evidence; `basis` is what it rests on."""

    try_no: int
    verdict: str
    basis: str
    approval_id: str | None
    detail: dict[str, Any]
    recorded_at: datetime


def facts_of(tx: Tx, file_id: str) -> list[Fact]:
    """All that is known of a file's way to the bank, as it became known."""
    return tx.all(
        """
        SELECT try_no, 'begun' AS verdict, bank AS basis, NULL AS approval_id, '{}'::jsonb AS detail, recorded_at
          FROM payments.delivery_tries
         WHERE tenant_id = %(tenant)s AND ach_file_id = %(file)s
         UNION ALL
        SELECT try_no, verdict, basis, approval_id, detail, recorded_at
          FROM payments.delivery_evidence
         WHERE tenant_id = %(tenant)s AND ach_file_id = %(file)s
         ORDER BY recorded_at, try_no
        """,
        {"tenant": tx.tenant_id, "file": file_id},
        row=Fact,
    )


def standing(tx: Tx, file_id: str, *, lock: bool = False) -> Standing:
    """Where a file's tries stand. With `lock` nobody else begins one until this transaction ends."""
    if lock:
        tx.run(
            "SELECT FROM payments.ach_files WHERE tenant_id = %(tenant)s AND id = %(file)s FOR NO KEY UPDATE",
            {"tenant": tx.tenant_id, "file": file_id},
        )
    return tx.one(
        """
        SELECT t.tries,
               EXISTS (SELECT FROM payments.delivery_evidence e
                        WHERE e.tenant_id = %(tenant)s AND e.ach_file_id = %(file)s AND e.try_no = t.tries
                          AND e.verdict = 'absent') AS is_absent,
               t.place
          FROM (SELECT count(*)::integer AS tries,
                       coalesce((array_agg(place ORDER BY try_no DESC))[1], 'folder') AS place
                  FROM payments.delivery_tries
                 WHERE tenant_id = %(tenant)s AND ach_file_id = %(file)s) t
        """,
        {"tenant": tx.tenant_id, "file": file_id},
        row=Standing,
    )


def begin(tx: Tx, file_id: str, *, try_no: int, bank: str, place: str) -> None:
    """Write down that a try begins, and where. Raises NotProvedAbsent where an earlier one may have arrived, whoever asks."""
    tx.run(
        """
        INSERT INTO payments.delivery_tries (tenant_id, ach_file_id, try_no, bank, place, begun_at)
        VALUES (%(tenant)s, %(file)s, %(try)s, %(bank)s, %(place)s, %(now)s)
        """,
        {"tenant": tx.tenant_id, "file": file_id, "try": try_no, "bank": bank, "place": place, "now": tx.now()},
    )


def prove(
    tx: Tx,
    file_id: str,
    *,
    try_no: int,
    verdict: Verdict,
    basis: str,
    detail: Mapping[str, Any] | None = None,
    approval_id: str | None = None,
) -> bool:
    """Write down what is known of a try, once; whether it is new."""
    return bool(
        tx.touched(
            """
            INSERT INTO payments.delivery_evidence
                   (tenant_id, ach_file_id, try_no, verdict, basis, detail, approval_id, occurred_at)
            VALUES (%(tenant)s, %(file)s, %(try)s, %(verdict)s, %(basis)s, %(detail)s, %(approval)s, %(now)s)
                ON CONFLICT DO NOTHING
            """,
            {
                "tenant": tx.tenant_id,
                "file": file_id,
                "try": try_no,
                "verdict": verdict,
                "basis": basis,
                "detail": Jsonb(dict(detail or {})),
                "approval": approval_id,
                "now": tx.now(),
            },
        )
    )
