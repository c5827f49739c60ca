"""Execution asked for: what a committed payroll has queued for sending, said out loud for whoever sends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from headgate import audit, messaging
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.core.money import Money
from headgate.payments.payrolls.payrolls import get_payroll


@dataclass(frozen=True, slots=True)
class Queued:
    """What waits to be sent of a payroll: funded payments, and those that wait for money."""

    payroll_id: str
    pay_on: date
    funded: int
    funded_amount: Money
    awaiting_funds: int
    awaiting_amount: Money


@dataclass(frozen=True, slots=True)
class _Sum:
    is_funded: bool
    count: int
    minor: int


def queue_payroll(tx: Tx, *, payroll_id: str) -> Queued | Refused:
    """Ask that a committed payroll be paid. Its payments are queued; `submit_due` sends them from their day on.

    Recorded and announced as `payments.payroll.execution_requested`; nothing leaves here, and the pay gate judges when it
    does. A payroll that is not committed is refused. Raises NoSuchPayroll.
    """
    payroll = get_payroll(tx, payroll_id)
    if payroll.status == "pending":
        return Refused(
            "payments.payroll_not_committed",
            f"payroll {payroll.external_id} is not committed: commit it, once it is funded",
            {"payroll_id": payroll.id, "evaluation_id": payroll.evaluation_id},
        )
    sums = {found.is_funded: found for found in _sums(tx, payroll.id)}
    funded, waiting = sums.get(True, _Sum(True, 0, 0)), sums.get(False, _Sum(False, 0, 0))
    if funded.count + waiting.count:
        facts = {
            "payroll_id": payroll.id,
            "legal_entity_id": payroll.legal_entity_id,
            "pay_on": payroll.pay_on.isoformat(),
            "currency": payroll.currency,
            "funded_count": funded.count,
            "funded_minor": funded.minor,
            "awaiting_count": waiting.count,
            "awaiting_minor": waiting.minor,
        }
        event_type = "payments.payroll.execution_requested"
        audit.record(tx, type=event_type, data=facts)
        messaging.publish(tx, event_type=event_type, aggregate_type="payroll", aggregate_id=payroll.id, payload=facts)
    return Queued(
        payroll.id,
        payroll.pay_on,
        funded.count,
        Money(funded.minor, payroll.currency),
        waiting.count,
        Money(waiting.minor, payroll.currency),
    )


def _sums(tx: Tx, payroll_id: str) -> list[_Sum]:
    return tx.all(
        """
        SELECT status = 'pending' AS is_funded, count(*)::integer AS count, sum(amount_minor)::bigint AS minor
          FROM payments.instructions
         WHERE tenant_id = %(tenant)s AND payroll_id = %(payroll)s
           AND status IN ('pending', 'blocked_funds', 'awaiting_funding')
         GROUP BY 1
        """,
        {"tenant": tx.tenant_id, "payroll": payroll_id},
        row=_Sum,
    )


def awaits_funds(tx: Tx, payroll_id: str) -> bool:
    """Whether a part of a payroll has no money set aside."""
    return any(not found.is_funded for found in _sums(tx, payroll_id))
