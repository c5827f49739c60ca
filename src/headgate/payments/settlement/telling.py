"""What ingestion has read of a bank is told to funding and payments, by what kind of file it is; told again it moves nothing.

Each telling is written down with what it left undecided, so that a file is told again only where that could come to more:
deposits, returned money, returns and notices are decided the first time they are told, whoever they are of. What may be
decided later is a statement's line that names a file of ours with another amount (the bank may still refuse part of it) or
nothing that we know yet (a wire's number may be told after its line), and a dispute of a return that has not come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from headgate import funding, ingestion
from headgate.core.db import Tx
from headgate.payments.model import ReturnEffects, StatementEffects
from headgate.payments.returns.returns import return_from_file
from headgate.payments.settlement.statements import settle_from_statement

Standing = Literal["decided", "waiting", "differing"]


@dataclass(frozen=True, slots=True)
class Told:
    """What a file came to: a statement's deposits and settlements, or a return file's effects; neither of any other kind."""

    deposits: funding.SettledDeposits | None = None
    statement: StatementEffects | None = None
    returns: ReturnEffects | None = None

    @property
    def is_news(self) -> bool:
        """Whether it told anything that was not known."""
        if self.returns is not None:
            return bool(self.returns.returned or self.returns.debits_returned or self.returns.corrected)
        return bool(
            (self.deposits and self.deposits.new)
            or (self.statement and (self.statement.files_settled or self.statement.return_credits))
        )

    @property
    def standing(self) -> Standing:
        """Whether all of it is decided. What waits does so for something new; what differs may agree at any time."""
        if (self.statement and self.statement.differing) or (self.returns and self.returns.waiting):
            return "differing"
        return "waiting" if self.statement and self.statement.waiting else "decided"


def tell(tx: Tx, artifact_id: str, kind: str) -> Told:
    """Tell funding and payments of a statement or a return file; a file of another kind moves nothing."""
    if kind == "returns":
        told = Told(returns=return_from_file(tx, artifact_id=artifact_id))
    elif kind == "statement":
        deposits = funding.settle_deposits(tx, artifact_id=artifact_id)
        told = Told(deposits, settle_from_statement(tx, artifact_id=artifact_id))
    else:
        return Told()
    _write_down(tx, artifact_id, told.standing)
    return told


def still_to_tell(tx: Tx, days: Mapping[str, date]) -> set[str]:
    """Of these files, by the latest day that each is of, those whose telling could come to something: not told since they
    were last read, differing then, or waiting where a file or a wire that a line could name has come since.

    What came in the hour before a telling counts as since: it may not have been committed when the telling looked.
    """
    return set(
        tx.values(
            """
            SELECT w.id
              FROM unnest(%(ids)s::text[], %(days)s::date[]) AS w (id, on_day)
              LEFT JOIN LATERAL (SELECT t.readings, t.standing, t.told_at - interval '1 hour' AS since
                                   FROM payments.tellings t
                                  WHERE t.tenant_id = %(tenant)s AND t.artifact_id = w.id
                                  ORDER BY t.id DESC
                                  LIMIT 1) t ON true
             WHERE t.standing IS NULL OR t.standing = 'differing'
                OR t.readings <> (SELECT count(*) FROM ingestion.readings r
                                   WHERE r.tenant_id = %(tenant)s AND r.artifact_id = w.id)
                OR t.standing = 'waiting'
                   -- No bank books a file before it was made: a day of grace is for its zone.
                   AND (EXISTS (SELECT FROM payments.ach_files f
                                 WHERE f.tenant_id = %(tenant)s AND f.created_at > t.since
                                   AND f.file_created_on <= w.on_day + 1)
                        OR EXISTS (SELECT FROM payments.orders o
                                    WHERE o.tenant_id = %(tenant)s AND o.rail = 'wire' AND o.created_at > t.since)
                        OR EXISTS (SELECT FROM payments.order_answers a
                                     JOIN payments.orders o ON o.tenant_id = a.tenant_id AND o.attempt_id = a.attempt_id
                                    WHERE a.tenant_id = %(tenant)s AND a.occurred_at > t.since AND o.rail = 'wire'))
            """,
            {"tenant": tx.tenant_id, "ids": list(days), "days": list(days.values())},
        )
    )


def _write_down(tx: Tx, artifact_id: str, standing: Standing) -> None:
    tx.run(
        """
        INSERT INTO payments.tellings (tenant_id, artifact_id, readings, standing, told_at)
        SELECT %(tenant)s, %(artifact)s, count(*), %(standing)s, %(now)s
          FROM ingestion.readings
         WHERE tenant_id = %(tenant)s AND artifact_id = %(artifact)s
        """,
        {"tenant": tx.tenant_id, "artifact": artifact_id, "standing": standing, "now": tx.now()},
    )


def settle(tx: Tx, *, artifact_id: str) -> StatementEffects | ReturnEffects:
    """What a statement or a return file says of our payments alone; deposits are told by funding's own door.

    Raises NoSuchArtifact, WrongKind.
    """
    if ingestion.get_artifact(tx, artifact_id).kind == "returns":
        return return_from_file(tx, artifact_id=artifact_id)
    return settle_from_statement(tx, artifact_id=artifact_id)
