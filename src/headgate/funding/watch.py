"""What people are told of the gate before it is too late: how often it blocks, whom, how much, and how full accounts are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from headgate import audit, cases, messaging
from headgate.core.db import Tx
from headgate.core.money import exponent

AlertName = Literal["block_rate", "repeated_blocks", "large_block", "reservation_utilization", "balance_utilization"]

BLOCK_RATE_BPS = 500
"""Five in a hundred judgements of a day; of fewer than JUDGEMENTS_MIN no rate is told."""
JUDGEMENTS_MIN = 20
BLOCKS_A_WEEK = 3
LARGE_BLOCK_MAJOR = 100_000
UTILIZATION_BPS = 8_000


@dataclass(frozen=True, slots=True)
class GateAlert:
    """Something that somebody should look at. `subject` is the legal entity or the judgement, '' for the whole tenant."""

    name: AlertName
    subject: str
    text: str
    figures: dict[str, Any]


def gate_alerts(tx: Tx) -> list[GateAlert]:
    """What stands out now, on the tenant's clock."""
    return [*_block_rate(tx), *_repeated(tx), *_large(tx), *_utilization(tx)]


def watch_gate(tx: Tx) -> int:
    """Announce what stands out, each once a day for what it is about; a large or repeated block is a case. How many."""
    day = tx.now().date().isoformat()
    told = 0
    for alert in gate_alerts(tx):
        published = messaging.publish(
            tx,
            event_type="funding.alert.raised",
            aggregate_type="gate_alert",
            aggregate_id=alert.subject or str(tx.tenant_id),
            payload={
                "schema": "funding.alert.raised.v1", "name": alert.name, "subject": alert.subject, "text": alert.text,
                "figures": alert.figures,
            },
            dedupe_key=f"funding.alert:{alert.name}:{alert.subject}:{day}",
        )  # fmt: skip
        if published is None:
            continue
        told += 1
        audit.record(
            tx,
            type="funding.alert.raised",
            data={"name": alert.name, "subject": alert.subject, "figures": alert.figures},
        )
        if alert.name in ("large_block", "repeated_blocks"):
            cases.open_case(
                tx,
                key=f"funding_alert:{alert.name}:{alert.subject}:{day}",
                category="gate_alert",
                subcategory=alert.name,
                severity="medium",
                detail={"text": alert.text, **alert.figures},
            )
    return told


def _block_rate(tx: Tx) -> Sequence[GateAlert]:
    row = tx.one(
        """
        SELECT count(*) AS judged, count(*) FILTER (WHERE outcome = 'blocked') AS blocked
          FROM funding.gate_evaluations
         WHERE tenant_id = %(tenant)s AND evaluated_at > %(since)s AND evaluated_at <= %(now)s
        """,
        _since(tx, timedelta(days=1)),
    )
    if row["judged"] < JUDGEMENTS_MIN or row["blocked"] * 10_000 < BLOCK_RATE_BPS * row["judged"]:
        return []
    rate = row["blocked"] * 10_000 // row["judged"]
    text = f"the gate blocked {row['blocked']} of {row['judged']} judgements in a day"
    return [GateAlert("block_rate", "", text, {**row, "rate_bps": rate})]


def _repeated(tx: Tx) -> Sequence[GateAlert]:
    rows = tx.all(
        """
        SELECT legal_entity_id, count(*) AS blocked
          FROM funding.gate_evaluations
         WHERE tenant_id = %(tenant)s AND evaluated_at > %(since)s AND evaluated_at <= %(now)s AND outcome = 'blocked'
         GROUP BY legal_entity_id
        HAVING count(*) >= %(most)s
         ORDER BY legal_entity_id
        """,
        {**_since(tx, timedelta(days=7)), "most": BLOCKS_A_WEEK},
    )
    return [
        GateAlert(
            "repeated_blocks",
            row["legal_entity_id"],
            f"the same client was blocked {row['blocked']} times in a week",
            {"blocked": row["blocked"]},
        )
        for row in rows
    ]


def _large(tx: Tx) -> Sequence[GateAlert]:
    rows = tx.all(
        """
        SELECT DISTINCT ON (subject) id, subject, legal_entity_id, required_minor, currency, reason
          FROM funding.gate_evaluations
         WHERE tenant_id = %(tenant)s AND evaluated_at > %(since)s AND evaluated_at <= %(now)s AND outcome = 'blocked'
         ORDER BY subject, evaluation_no DESC
        """,
        _since(tx, timedelta(days=1)),
    )
    return [
        GateAlert(
            "large_block",
            row["subject"],
            f"a payroll of more than {LARGE_BLOCK_MAJOR:,} {row['currency']} is blocked",
            {
                "evaluation_id": row["id"], "legal_entity_id": row["legal_entity_id"], "reason": row["reason"],
                "required_minor": row["required_minor"], "currency": row["currency"],
            },
        )
        for row in rows
        if row["required_minor"] > LARGE_BLOCK_MAJOR * 10 ** exponent(row["currency"])
    ]  # fmt: skip


def _utilization(tx: Tx) -> Sequence[GateAlert]:
    """How much of a client's money is reserved, and how much of it the last payroll that passed took."""
    rows = tx.all(
        """
        SELECT a.legal_entity_id, a.currency, -a.net_minor AS posted, b.reserved_minor AS reserved,
               g.required_minor AS required, g.posted_minor AS posted_then
          FROM ledger.accounts a
          JOIN ledger.balances b ON b.tenant_id = a.tenant_id AND b.account_id = a.id
          LEFT JOIN LATERAL (
               SELECT e.required_minor, e.posted_minor
                 FROM funding.gate_evaluations e
                WHERE e.tenant_id = a.tenant_id AND e.legal_entity_id = a.legal_entity_id AND e.currency = a.currency
                  AND e.gate_type = 'commit' AND e.outcome = 'passed'
                ORDER BY e.id DESC LIMIT 1) g ON true
         WHERE a.tenant_id = %(tenant)s AND a.purpose = 'CLIENT_FUNDS' AND a.net_minor < 0
         ORDER BY a.legal_entity_id, a.currency
        """,
        {"tenant": tx.tenant_id},
    )
    found: list[GateAlert] = []
    for row in rows:
        subject, currency = row["legal_entity_id"], row["currency"]
        if row["reserved"] * 10_000 >= UTILIZATION_BPS * row["posted"]:
            figures = {"reserved_minor": row["reserved"], "posted_minor": row["posted"], "currency": currency}
            found.append(GateAlert("reservation_utilization", subject, "most of a client's money is reserved", figures))
        if row["required"] is not None and row["required"] * 10_000 >= UTILIZATION_BPS * row["posted_then"]:
            figures = {"required_minor": row["required"], "posted_minor": row["posted_then"], "currency": currency}
            found.append(
                GateAlert("balance_utilization", subject, "the last payroll took most of a client's money", figures)
            )
    return found


def _since(tx: Tx, age: timedelta) -> dict[str, Any]:
    now = tx.now()
    return {"tenant": tx.tenant_id, "since": now - age, "now": now}
