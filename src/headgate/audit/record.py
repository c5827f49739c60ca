"""Recording facts, in the transaction that makes them true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, LiteralString, cast

from headgate.audit.model import Event
from headgate.core import arrays
from headgate.core.db import Tx

_RECORD: Final[LiteralString] = """
    SELECT audit.record_many_v2(%(types)s::text[], %(datas)s::jsonb[],
                                %(payment_ids)s::text[], %(ingestion_ids)s::text[], %(correlations)s::text[])
"""


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
    return cast(list[int], tx.value(_RECORD, _given(tx, events))) if events else []


def record_ahead(tx: Tx, events: Sequence[Event]) -> None:
    """The same for who needs no ids: within `tx.ahead()` nobody waits for the answer."""
    if events:
        tx.run(_RECORD, _given(tx, events))


def _given(tx: Tx, events: Sequence[Event]) -> dict[str, Any]:
    correlations = tx.correlations_of([(event.payment_id, event.ingestion_id) for event in events])
    return {
        "correlations": arrays.texts(correlations) if correlations else None,
        "types": arrays.texts([event.type for event in events]),
        "datas": arrays.documents(dict(event.data) for event in events),
        "payment_ids": arrays.texts([event.payment_id for event in events]),
        "ingestion_ids": arrays.texts([event.ingestion_id for event in events]),
    }
