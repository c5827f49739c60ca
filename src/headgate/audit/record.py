"""Recording facts, in the transaction that makes them true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from psycopg.types.json import Jsonb

from headgate.audit.model import Event
from headgate.core.db import Tx


def record(
    tx: Tx,
    *,
    type: str,
    data: Mapping[str, Any],
    payment_id: str | None = None,
    ingestion_id: str | None = None,
) -> int:
    """Record one event of the transaction's tenant and actor; returns its id. Raises NoTenant without a tenant."""
    return record_many(tx, [Event(type=type, data=data, payment_id=payment_id, ingestion_id=ingestion_id)])[0]


def record_many(tx: Tx, events: Sequence[Event]) -> list[int]:
    """Record events in order, in one statement; returns their ids in that order."""
    if not events:
        return []
    recorded = tx.value(
        """
        SELECT audit.record_many(%(types)s::text[], %(datas)s::jsonb[],
                                 %(payment_ids)s::text[], %(ingestion_ids)s::text[])
        """,
        {
            "types": [event.type for event in events],
            "datas": [Jsonb(dict(event.data)) for event in events],
            "payment_ids": [event.payment_id for event in events],
            "ingestion_ids": [event.ingestion_id for event in events],
        },
    )
    return cast(list[int], recorded)
