"""The day before a payroll leaves: would the pay gate let it go? Whoever must act hears of it while there is time."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from headgate import audit, cases, funding, messaging, rails
from headgate.core.db import Tx
from headgate.payments.payrolls.payrolls import Wanted, get_payroll, request_of
from headgate.payments.payrolls.releasing import leaves_on
from headgate.tenants import legal_entity


def check_upcoming(tx: Tx) -> dict[str, int]:
    """Judge what leaves today or on the next banking day as the pay gate would, and keep nothing of the judgement.

    A payroll that would be held opens a case and is announced, once a day: `payments.payroll.at_risk`, with what would
    cure it and what the client is to read.
    """
    checked = at_risk = 0
    for payroll_id in _open_payrolls(tx):
        payroll = get_payroll(tx, payroll_id)
        today = tx.now().astimezone(ZoneInfo(legal_entity(tx, payroll.legal_entity_id).time_zone)).date()
        if leaves_on(tx, payroll) > rails.add_banking_days(today, 1):
            continue
        checked += 1
        wanted, held = _unsent(tx, payroll_id)
        gate = funding.preview_pay(tx, request_of(tx, payroll, wanted, reservations=held))
        if gate.passed:
            continue
        at_risk += 1
        facts = {
            "schema": "payments.payroll.at_risk.v1",
            "payroll_id": payroll.id,
            "legal_entity_id": payroll.legal_entity_id,
            "pay_on": payroll.pay_on.isoformat(),
            "reason": gate.reason,
            "policy_violated": gate.policy_violated,
            "required_minor": gate.required.minor,
            "shortfall_minor": gate.shortfall.minor,
            "currency": payroll.currency,
            "cure_expected_at": gate.cure_expected_at.isoformat() if gate.cure_expected_at else None,
            "client_message": gate.client_message,
        }
        told = messaging.publish(
            tx,
            event_type="payments.payroll.at_risk",
            aggregate_type="payroll",
            aggregate_id=payroll.id,
            payload=facts,
            dedupe_key=f"payments.at_risk:{payroll.id}:{today.isoformat()}",
        )
        if told is not None:
            audit.record(tx, type="payments.payroll.at_risk", data=facts)
        cases.open_case(
            tx, key=f"payroll_at_risk:{payroll.id}", category="payroll_at_risk", severity="medium", detail=facts
        )
    return {"checked": checked, "at_risk": at_risk}


def _open_payrolls(tx: Tx) -> list[str]:
    return tx.values(
        """
        SELECT p.id
          FROM payments.payrolls p
         WHERE p.tenant_id = %(tenant)s AND p.status IN ('pending', 'committed', 'paying')
           AND p.pay_on BETWEEN %(today)s::date - 7 AND %(today)s::date + 14
           AND EXISTS (SELECT FROM payments.instructions i
                        WHERE i.tenant_id = p.tenant_id AND i.payroll_id = p.id
                          AND i.status IN ('pending', 'awaiting_funding', 'blocked_funds'))
         ORDER BY p.id
        """,
        {"tenant": tx.tenant_id, "today": tx.now().date()},
    )


def _unsent(tx: Tx, payroll_id: str) -> tuple[list[Wanted], dict[str, int]]:
    rows = tx.all(
        """
        SELECT id, kind, amount_minor, bank_account_id, reservation_id
          FROM payments.instructions
         WHERE tenant_id = %(tenant)s AND payroll_id = %(payroll)s
           AND status IN ('pending', 'awaiting_funding', 'blocked_funds')
         ORDER BY id
        """,
        {"tenant": tx.tenant_id, "payroll": payroll_id},
    )
    held = {row["id"]: row["reservation_id"] for row in rows if row["reservation_id"] is not None}
    return [Wanted(row["id"], row["kind"], row["amount_minor"], row["bank_account_id"]) for row in rows], held
