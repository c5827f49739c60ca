"""The emergency override of the commit gate: a payroll stands without its money, and waits for it at the pay gate."""

from __future__ import annotations

from headgate import audit, messaging
from headgate.core.db import Tx
from headgate.funding import GateResult
from headgate.payments.model import Payroll
from headgate.payments.payrolls import get_payroll


def commit_without_funds(tx: Tx, *, payroll: Payroll, gate: GateResult, reason: str) -> Payroll:
    """Commit a payroll that the commit gate has just blocked for want of funds, with actor and reason in the audit log.

    Nothing is reserved: its payments stay blocked, and the pay gate judges them when they are due, as it does any. The
    gate's own events stand beside this. Committed already: nothing happens.
    """
    assert reason.strip(), "whoever overrides says why"
    moved = tx.run(
        """
        UPDATE payments.payrolls
           SET status = 'committed', committed_at = %(now)s
         WHERE tenant_id = %(tenant)s AND id = %(id)s AND status = 'pending'
        """,
        {"tenant": tx.tenant_id, "id": payroll.id, "now": tx.now()},
    )
    if moved:
        facts = {
            "payroll_id": payroll.id,
            "legal_entity_id": payroll.legal_entity_id,
            "instruction_count": payroll.instruction_count,
            "total_minor": payroll.total_minor,
            "currency": payroll.currency,
            "evaluation_id": gate.evaluation_id,
            "block_reason": gate.reason,
            "shortfall_minor": gate.shortfall.minor,
            "override_reason": reason,
        }
        event_type = "payments.payroll.committed_with_warnings"
        audit.record(tx, type=event_type, data=facts)
        messaging.publish(tx, event_type=event_type, aggregate_type="payroll", aggregate_id=payroll.id, payload=facts)
    return get_payroll(tx, payroll.id)


def awaits_funds(tx: Tx, payroll_id: str) -> bool:
    """Whether a part of a payroll has no money set aside."""
    return bool(
        tx.value(
            """
            SELECT EXISTS (SELECT FROM payments.instructions
                            WHERE tenant_id = %(tenant)s AND payroll_id = %(payroll)s AND status = 'blocked_funds')
            """,
            {"tenant": tx.tenant_id, "payroll": payroll_id},
        )
    )
