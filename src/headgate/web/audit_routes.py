"""`/v1/audit`: what was done, the latest first."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query

from headgate.core import ids
from headgate.core.db import Tx
from headgate.web.calls import Call, reads
from headgate.web.models import AuditEventModel
from headgate.web.paging import Page, PageOf, page_of

router = APIRouter(prefix="/v1/audit", tags=["audit"])
Reads = Annotated[Call, reads("audit.read")]
Filter = Annotated[str | None, Query(max_length=100)]


@dataclass(frozen=True, slots=True)
class _Event:
    id: int
    type: str
    event_time: datetime
    actor_type: str
    actor_id: str
    person_id: str | None
    correlation_id: str | None
    payment_id: str | None
    ingestion_id: str | None
    data: dict[str, Any]
    epoch: int
    xid: int


@router.get("/events")
def list_events(
    call: Reads, page: Page, type: Filter = None, payment_id: Filter = None, correlation_id: Filter = None
) -> PageOf[AuditEventModel]:
    """The recorded facts, those of the latest transactions first: the order of the chain, backwards."""
    filters = {"type": type, "payment_id": payment_id, "correlation_id": correlation_id}
    with call.begin() as tx:
        rows = _events(tx, before=page.after(int, int, int), limit=page.limit + 1, filters=filters)
    return page_of(page, rows, key=lambda row: (row.epoch, row.xid, row.id), row=_shown)


def _events(tx: Tx, *, before: tuple[int, int, int] | None, limit: int, filters: dict[str, str | None]) -> list[_Event]:
    epoch, xid, event_id = before or (None, None, None)
    return tx.all(
        """
        SELECT id, type, event_time, actor_type, actor_id, person_id, correlation_id, payment_id, ingestion_id, data,
               epoch, xid::text::bigint AS xid
          FROM audit.events
         WHERE tenant_id = %(tenant_id)s
           AND (%(epoch)s::integer IS NULL
                OR (epoch, audit.events.xid, id) < (%(epoch)s, %(xid)s::text::xid8, %(event_id)s::bigint))
           AND (%(type)s::text IS NULL OR type = %(type)s)
           AND (%(payment_id)s::text IS NULL OR payment_id = %(payment_id)s)
           AND (%(correlation_id)s::text IS NULL OR correlation_id = %(correlation_id)s)
         ORDER BY epoch DESC, audit.events.xid DESC, id DESC
         LIMIT %(limit)s
        """,
        {
            "tenant_id": tx.tenant_id,
            "limit": limit,
            "epoch": epoch,
            "event_id": event_id,
            "xid": None if xid is None else str(xid),
            **filters,
        },
        row=_Event,
    )


def _shown(event: _Event) -> AuditEventModel:
    shown = {name: value for name, value in asdict(event).items() if name not in ("epoch", "xid")}
    return AuditEventModel(**{**shown, "id": ids.encode("evt", event.id)})
