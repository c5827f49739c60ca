"""What became of payments that came in, as a set: a list of them tells it of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from headgate.core import arrays
from headgate.core.db import Tx

Became = Literal["posted", "reversed", "shadow", "refused", "waiting"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`shadow` is written down and not posted, `waiting` neither posted nor refused yet. `code` says why it was refused."""

    ingestion_id: str
    outcome: Became
    code: str | None


def outcomes_of(tx: Tx, ingestion_ids: Sequence[str]) -> dict[str, Outcome]:
    """What became of those of these that were published to the pipeline, by id."""
    rows = tx.all(
        """
        SELECT i.id AS ingestion_id, r.code,
               CASE WHEN p.status = 'completed' THEN 'posted' WHEN p.status = 'reversed' THEN 'reversed'
                    WHEN r.code IS NOT NULL THEN 'refused' WHEN p.status = 'pending' THEN 'shadow' ELSE 'waiting' END AS outcome
          FROM ingestion.payment_ingestions i
          LEFT JOIN LATERAL (SELECT one.status FROM servicing.payments one
                              WHERE one.tenant_id = i.tenant_id AND one.ingestion_id = i.id
                              ORDER BY one.status LIMIT 1) p ON true
          LEFT JOIN LATERAL (SELECT one.code FROM servicing.refusals one
                              WHERE one.tenant_id = i.tenant_id AND one.ingestion_id = i.id LIMIT 1) r ON true
         WHERE i.tenant_id = %(tenant)s AND i.id = ANY (%(ids)s::text[]) AND i.status = 'published'
        """,
        {"tenant": tx.tenant_id, "ids": arrays.texts(list(ingestion_ids))},
        row=Outcome,
    )
    return {row.ingestion_id: row for row in rows}
