"""Open, assign and end cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from psycopg.types.json import Jsonb

from headgate import audit
from headgate.cases import approvals, queries
from headgate.cases.errors import ApprovalNeeded
from headgate.cases.model import Case, NewCase, Severity, severity_of
from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.errors import Conflict


def open_case(
    tx: Tx,
    *,
    key: str,
    category: str,
    subcategory: str | None = None,
    severity: Severity | None = None,
    payment_id: str | None = None,
    ingestion_id: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> Case:
    """Open a case under its key, or give the one that stands under it already."""
    new = NewCase(key, category, subcategory, severity, payment_id, ingestion_id, detail or {})
    return open_cases(tx, [new])[0]


def open_cases(tx: Tx, cases: Sequence[NewCase]) -> list[Case]:
    """Open many cases in one round trip each for rows and audit; those whose key stands already are given as they stand."""
    if not cases:
        return []
    opened = tx.all(
        """
        INSERT INTO cases.exception_cases
               (tenant_id, id, key, category, subcategory, severity, payment_id, ingestion_id, detail)
        SELECT %(tenant)s, c.id, c.key, c.category, c.subcategory, c.severity, c.payment_id, c.ingestion_id, c.detail
          FROM unnest(%(ids)s::text[], %(keys)s::text[], %(categories)s::text[], %(subcategories)s::text[],
                      %(severities)s::text[], %(payments)s::text[], %(ingestions)s::text[], %(details)s::jsonb[])
               AS c (id, key, category, subcategory, severity, payment_id, ingestion_id, detail)
            ON CONFLICT (tenant_id, key) DO NOTHING
        RETURNING id, category, severity, payment_id, ingestion_id
        """,
        {
            "tenant": tx.tenant_id,
            "ids": [ids.new("case") for _ in cases],
            "keys": [case.key for case in cases],
            "categories": [case.category for case in cases],
            "subcategories": [case.subcategory for case in cases],
            "severities": [severity_of(case) for case in cases],
            "payments": [case.payment_id for case in cases],
            "ingestions": [case.ingestion_id for case in cases],
            "details": [Jsonb(dict(case.detail)) for case in cases],
        },
    )
    audit.record_ahead(
        tx,
        [
            audit.Event(
                type="cases.case.opened",
                data={"case_id": row["id"], "category": row["category"], "severity": row["severity"]},
                payment_id=row["payment_id"],
                ingestion_id=row["ingestion_id"],
            )
            for row in opened
        ],
    )
    return queries.by_keys(tx, [case.key for case in cases])


def assign(tx: Tx, *, case_id: str, assigned_to: str | None) -> Case:
    """Give a case to a person, or back to everyone."""
    case = queries.get_case(tx, case_id, for_update=True)
    if case.state in ("resolved", "cancelled"):
        raise Conflict(f"case {case_id} is {case.state}: it cannot be assigned any more")
    tx.run(
        "UPDATE cases.exception_cases SET assigned_to = %(to)s, state = %(state)s WHERE id = %(id)s",
        {"id": case_id, "to": assigned_to, "state": "pending" if assigned_to else "open"},
    )
    audit.record(
        tx,
        type="cases.case.assigned",
        data={"case_id": case_id, "assigned_to": assigned_to},
        payment_id=case.payment_id,
    )
    return queries.get_case(tx, case_id)


def end_case(
    tx: Tx, *, case_id: str, state: Literal["resolved", "cancelled"], resolution: str, approval_id: str | None = None
) -> Case:
    """Resolve or cancel a case, saying how. A high or critical one takes an approval of exactly this ending.

    Raises NotFound, Conflict (it has ended already), ApprovalNeeded, and what `approvals.consume` raises.
    """
    case = queries.get_case(tx, case_id, for_update=True)
    if case.state in ("resolved", "cancelled"):
        raise Conflict(f"case {case_id} is {case.state} already", state=case.state)
    if case.severity in ("high", "critical"):
        if approval_id is None:
            raise ApprovalNeeded(
                f"case {case_id} is {case.severity}: ask for approval of 'cases.end' first, and name it as approval_id",
                action="cases.end",
                payload=ending(case_id, state, resolution),
            )
        approvals.consume(tx, approval_id=approval_id, action="cases.end", document=ending(case_id, state, resolution))
    tx.run(
        """
        UPDATE cases.exception_cases
           SET state = %(state)s, resolution = %(resolution)s, approval_id = %(approval)s, resolved_at = clock_timestamp()
         WHERE id = %(id)s
        """,
        {"id": case_id, "state": state, "resolution": resolution, "approval": approval_id},
    )
    audit.record(
        tx,
        type=f"cases.case.{state}",
        data={"case_id": case_id, "approval_id": approval_id},
        payment_id=case.payment_id,
        ingestion_id=case.ingestion_id,
    )
    return queries.get_case(tx, case_id)


def ending(case_id: str, state: str, resolution: str) -> dict[str, str]:
    """The document that an approval of an ending is about."""
    return {"case_id": case_id, "state": state, "resolution": resolution}
