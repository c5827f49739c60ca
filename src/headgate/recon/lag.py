"""Reconciliation that lags: an account moved, and banking days later no run of that day balances."""

from __future__ import annotations

from typing import Any

from headgate import cases, messaging, rails
from headgate.core.db import Tx

LAG_BANKING_DAYS = 2


def watch_lag(tx: Tx) -> int:
    """Announce each account that moved since it last balanced, more than two banking days ago; how many are new.

    Once a day for each, with a case. An account that nobody ever reconciled has no lag. The job `recon_lag`.
    """
    today = tx.now().date()
    due = rails.add_banking_days(today, -LAG_BANKING_DAYS)
    rows = tx.all(
        """
        SELECT a.code, max(r.period_end) FILTER (WHERE r.status = 'balanced') AS balanced_on,
               min(r.period_end) AS first_on, a.effective_max
          FROM recon.reconciliations r
          JOIN ledger.accounts a ON a.tenant_id = r.tenant_id AND a.id = r.account_id
         WHERE r.tenant_id = %(tenant)s AND r.superseded_by IS NULL AND isfinite(a.effective_max)
         GROUP BY a.id, a.code, a.effective_max
         ORDER BY a.id
        """,
        {"tenant": tx.tenant_id},
    )
    late = [row for row in rows if (since := row["balanced_on"] or row["first_on"]) < due and _moved(row, since)]
    facts = {row["code"]: _facts(row, str(today)) for row in late}
    sent = messaging.publish_many(
        tx,
        [
            messaging.Outgoing(
                event_type="recon.alert.raised",
                aggregate_type="account",
                aggregate_id=code,
                payload={"schema": "recon.alert.raised.v1", "name": "recon_lag", **told},
                dedupe_key=f"recon.alert:recon_lag:{code}:{today}",
            )
            for code, told in facts.items()
        ],
    )
    new = [code for code, number in zip(facts, sent, strict=True) if number is not None]
    cases.open_cases(
        tx,
        [
            cases.NewCase(
                key=f"recon_lag:{code}:{facts[code]['balanced_on']}",
                category="recon_lag",
                severity="high",
                detail=facts[code],
            )
            for code in new
        ],
    )
    return len(new)


def _moved(row: dict[str, Any], since: Any) -> bool:
    return bool(row["effective_max"].date() > since)


def _facts(row: dict[str, Any], today: str) -> dict[str, Any]:
    balanced = row["balanced_on"]
    return {
        "account": row["code"],
        "balanced_on": str(balanced) if balanced else None,
        "on": today,
        "banking_days_max": LAG_BANKING_DAYS,
    }
