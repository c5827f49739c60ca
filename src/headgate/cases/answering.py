"""Cases that end by themselves: what they waited for has come, and no person has anything left to decide."""

from __future__ import annotations

from collections.abc import Sequence

from headgate import audit
from headgate.core.db import Tx


def end_answered(tx: Tx, *, keys: Sequence[str], resolution: str) -> int:
    """Resolve those of these cases that are open or taken, as the evidence that came says; how many.

    A high or critical one stays: it takes two people, whatever comes.
    """
    ended = tx.all(
        """
        UPDATE cases.exception_cases
           SET state = 'resolved', resolution = %(resolution)s, resolved_at = clock_timestamp()
         WHERE tenant_id = %(tenant)s AND key = ANY(%(keys)s) AND state IN ('open', 'pending')
           AND severity IN ('low', 'medium')
        RETURNING id, payment_id, ingestion_id
        """,
        {"tenant": tx.tenant_id, "keys": list(keys), "resolution": resolution},
    )
    audit.record_many(
        tx,
        [
            audit.Event(
                type="cases.case.resolved",
                data={"case_id": row["id"], "approval_id": None, "resolution": resolution},
                payment_id=row["payment_id"],
                ingestion_id=row["ingestion_id"],
            )
            for row in ended
        ],
    )
    return len(ended)
