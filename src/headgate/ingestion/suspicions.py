"""Payments that may be one: each stands as it came, and a case asks a person."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from headgate import cases
from headgate.core import arrays
from headgate.core.db import Asked, Tx
from headgate.ingestion import identifiers


def asking(tx: Tx, ingestion_ids: Collection[str]) -> Asked:
    """The query of those payments that may be one with one of these: of one key, or of one loan, amount and about one day from
    another source; unless their provider says that they are two transfers, or that they are one."""
    return (
        """
        SELECT n.id, n.idempotency_key,
               ARRAY(SELECT o.id FROM ingestion.payment_ingestions o
                      WHERE o.tenant_id = %(tenant)s AND o.idempotency_key = n.idempotency_key AND o.id <> n.id
                        AND coalesce(o.normalized_envelope #>> '{external,column_transfer_id}',
                                     o.normalized_envelope #>> '{external,psp_id}', o.id)
                            IS DISTINCT FROM coalesce(n.normalized_envelope #>> '{external,column_transfer_id}',
                                                      n.normalized_envelope #>> '{external,psp_id}', n.id)
                      ORDER BY o.id) AS alike,
               ARRAY(SELECT o.id FROM ingestion.payment_ingestions o
                      WHERE o.tenant_id = %(tenant)s AND o.loan_id = n.loan_id AND o.amount_minor = n.amount_minor
                        AND o.value_on BETWEEN n.value_on - %(days)s::integer AND n.value_on + %(days)s::integer
                        AND o.currency = n.currency AND o.source <> n.source
                        AND o.idempotency_key <> n.idempotency_key
                      ORDER BY o.id) AS elsewhere
          FROM ingestion.payment_ingestions n
         WHERE n.tenant_id = %(tenant)s AND n.id = ANY (%(ids)s::text[])
         ORDER BY n.id DESC
        """,
        {"tenant": tx.tenant_id, "ids": arrays.texts(sorted(ingestion_ids)), "days": identifiers.DAYS_APART},
        None,
    )


def suspect(tx: Tx, rows: Iterable[Mapping[str, Any]]) -> None:
    """Ask a person: one case for each set of payments that may be one, as `asking` found them."""
    opened = []
    asked: set[str] = set()
    for row in rows:
        if row["id"] in asked or not (row["alike"] or row["elsewhere"]):
            continue
        together = sorted({row["id"], *row["alike"], *row["elsewhere"]})
        asked.update(together)
        detail = {
            "idempotency_key": row["idempotency_key"],
            "ingestion_ids": together[:100],
            "count": len(together),
            "next": "each of them stands as a payment; take back those that are no payment of their own",
        }
        reason = None if row["alike"] else "other_source"
        opened.append(
            cases.NewCase(f"duplicate:{row['id']}", "duplicate", reason, ingestion_id=row["id"], detail=detail)
        )
    cases.open_cases(tx, opened)
