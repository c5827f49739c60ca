"""Reads: runs with their differences, and matches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.recon.errors import NoSuchReconciliation
from headgate.recon.model import Difference, Match, Reconciliation


def get_reconciliation(tx: Tx, reconciliation_id: str) -> Reconciliation:
    """One run, with its differences. Raises NoSuchReconciliation."""
    rows = tx.all(
        """
        SELECT id, account_id, channel, currency, period_start, period_end, bank_total, sor_total, variance, status,
               details, run_by,
               run_at, superseded_by
          FROM recon.reconciliations
         WHERE tenant_id = %(tenant)s AND id = %(id)s
        """,
        {"tenant": tx.tenant_id, "id": reconciliation_id},
    )
    if not rows:
        raise NoSuchReconciliation(
            f"there is no reconciliation {reconciliation_id[:40]}", reconciliation_id=reconciliation_id[:40]
        )
    return _whole(tx, rows)[0]


def current(tx: Tx, *, account_id: int, channel: str, on: date) -> Reconciliation | None:
    """The run of that account, channel and day that no later one has superseded."""
    rows = tx.all(
        """
        SELECT id, account_id, channel, currency, period_start, period_end, bank_total, sor_total, variance, status,
               details, run_by,
               run_at, superseded_by
          FROM recon.reconciliations
         WHERE tenant_id = %(tenant)s AND account_id = %(account)s AND channel = %(channel)s
           AND period_start = %(on)s AND period_end = %(on)s AND superseded_by IS NULL
        """,
        {"tenant": tx.tenant_id, "account": account_id, "channel": channel, "on": on},
    )
    return _whole(tx, rows)[0] if rows else None


def list_reconciliations(
    tx: Tx,
    *,
    account_id: int | None = None,
    on: date | None = None,
    status: str | None = None,
    superseded: bool = False,
    limit: int = 50,
    before: str | None = None,
) -> list[Reconciliation]:
    """Runs, newest first; those before an id. Superseded ones only where asked for."""
    rows = tx.all(
        """
        SELECT id, account_id, channel, currency, period_start, period_end, bank_total, sor_total, variance, status,
               details, run_by,
               run_at, superseded_by
          FROM recon.reconciliations
         WHERE tenant_id = %(tenant)s
           AND (%(account)s::bigint IS NULL OR account_id = %(account)s)
           AND (%(on)s::date IS NULL OR %(on)s BETWEEN period_start AND period_end)
           AND (%(status)s::text IS NULL OR status = %(status)s)
           AND (%(superseded)s OR superseded_by IS NULL)
           AND (%(before)s::text IS NULL OR id < %(before)s)
         ORDER BY id DESC
         LIMIT %(limit)s
        """,
        {
            "tenant": tx.tenant_id,
            "account": account_id,
            "on": on,
            "status": status,
            "superseded": superseded,
            "before": before,
            "limit": limit,
        },
    )
    return _whole(tx, rows)


def list_matches(tx: Tx, *, reconciliation_id: str, limit: int = 50, after: int = 0) -> list[Match]:
    """The matches that a run made, in the order it made them; from match number `after` on."""
    rows = tx.all(
        """
        SELECT m.id, m.reconciliation_id, m.rule, m.reference, m.signed_minor, c.currency, x.record_id, m.legs,
               m.matched_at
          FROM recon.matches m
          JOIN recon.reconciliations c ON c.tenant_id = m.tenant_id AND c.id = m.reconciliation_id
          JOIN recon.match_records x ON x.tenant_id = m.tenant_id AND x.match_id = m.id
         WHERE m.tenant_id = %(tenant)s AND m.reconciliation_id = %(run)s AND m.id > %(after)s
         ORDER BY m.id
         LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "run": reconciliation_id, "after": after, "limit": limit},
    )
    return [
        Match(
            id=ids.encode("mat", row["id"]),
            reconciliation_id=row["reconciliation_id"],
            rule=row["rule"],
            reference=row["reference"],
            signed=Money(row["signed_minor"], row["currency"]),
            record_id=row["record_id"],
            legs=row["legs"],
            matched_at=row["matched_at"],
        )
        for row in rows
    ]


def _whole(tx: Tx, rows: Sequence[dict[str, Any]]) -> list[Reconciliation]:
    differences = _differences(tx, rows)
    made = []
    for row in rows:
        currency = row["currency"]
        made.append(
            Reconciliation(
                id=row["id"],
                account_id=row["account_id"],
                channel=row["channel"],
                period_start=row["period_start"],
                period_end=row["period_end"],
                bank_total=Money(row["bank_total"], currency) if row["bank_total"] is not None else None,
                sor_total=Money(row["sor_total"], currency),
                variance=Money(row["variance"], currency) if row["variance"] is not None else None,
                status=row["status"],
                details=row["details"],
                run_by=row["run_by"],
                run_at=row["run_at"],
                superseded_by=row["superseded_by"],
                differences=tuple(differences[row["id"]]),
            )
        )
    return made


def _differences(tx: Tx, rows: Sequence[dict[str, Any]]) -> dict[str, list[Difference]]:
    currencies = {row["id"]: row["currency"] for row in rows}
    found: dict[str, list[Difference]] = defaultdict(list)
    for row in tx.all(
        """
        SELECT reconciliation_id, kind, reference, record_id, transaction_id, bank_minor, book_minor, legs, case_id
          FROM recon.differences
         WHERE tenant_id = %(tenant)s AND reconciliation_id = ANY(%(runs)s)
         ORDER BY id
        """,
        {"tenant": tx.tenant_id, "runs": list(currencies)},
    ):
        currency = currencies[row["reconciliation_id"]]
        found[row["reconciliation_id"]].append(
            Difference(
                kind=row["kind"],
                reference=row["reference"],
                record_id=row["record_id"],
                transaction_id=row["transaction_id"],
                bank=Money(row["bank_minor"], currency),
                book=Money(row["book_minor"], currency),
                legs=row["legs"],
                case_id=row["case_id"],
            )
        )
    return found
