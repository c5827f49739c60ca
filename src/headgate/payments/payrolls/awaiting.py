"""Payments that were committed without their money, or lost it: gated in the order of their due dates as money settles."""

from __future__ import annotations

from collections.abc import Sequence

from headgate import funding, ledger
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.payments.errors import NothingToSplit
from headgate.payments.model import CommitResult, Payroll
from headgate.payments.payrolls.payrolls import Wanted, announce, fund, get_payroll, judged, request_of


def reserve_awaiting(tx: Tx, *, legal_entity_id: str, currency: str) -> int:
    """Give a legal entity's settled money to its committed payments that wait for it; how many hold their money now.

    What is due first comes first, payroll by payroll, all that waits of one or nothing: where the money does not reach,
    it is kept for the one that is due. What violates a policy keeps nothing from the next.
    """
    payrolls = tx.values(
        """
        SELECT p.id
          FROM payments.payrolls p
         WHERE p.tenant_id = %(tenant)s AND p.legal_entity_id = %(entity)s AND p.currency = %(currency)s
           AND p.status IN ('committed', 'paying')
           AND EXISTS (SELECT FROM payments.instructions i
                        WHERE i.tenant_id = p.tenant_id AND i.payroll_id = p.id
                          AND i.status IN ('awaiting_funding', 'blocked_funds'))
         ORDER BY p.id
           FOR NO KEY UPDATE
        """,
        {"tenant": tx.tenant_id, "entity": legal_entity_id, "currency": currency},
    )
    found = [get_payroll(tx, payroll_id) for payroll_id in payrolls]
    funding.lock_subjects(tx, payrolls)
    reserved = 0
    for payroll in sorted(found, key=lambda one: (one.pay_on, one.id)):
        wanted = _unfunded(tx, payroll.id)
        if not wanted:
            continue
        gate = _reserve(tx, payroll, wanted)
        if gate.passed:
            reserved += len(wanted)
        elif gate.reason != "policy_violation":
            break
    return reserved


def reserve_payroll(tx: Tx, *, payroll_id: str) -> bool:
    """Give one committed payroll's waiting payments their money, all or nothing; whether they hold it now.

    The caller holds the payroll.
    """
    funding.lock_subjects(tx, [payroll_id])
    wanted = _unfunded(tx, payroll_id)
    return bool(wanted) and _reserve(tx, get_payroll(tx, payroll_id), wanted).passed


def _reserve(tx: Tx, payroll: Payroll, wanted: Sequence[Wanted]) -> funding.GateResult:
    gate = funding.judge_commit(tx, request_of(tx, payroll, wanted), mode="strict")
    tx.run(
        """
        UPDATE payments.payrolls SET evaluation_no = %(no)s, evaluation_id = %(evaluation)s
         WHERE tenant_id = %(tenant)s AND id = %(payroll)s
        """,
        {
            "tenant": tx.tenant_id,
            "payroll": payroll.id,
            "no": gate.evaluation_no,
            "evaluation": gate.evaluation_id,
        },
    )
    if gate.passed:
        fund(tx, payroll, wanted, gate)
    return gate


def split_payroll(tx: Tx, *, payroll_id: str) -> CommitResult:
    """Commit as much of a payroll as the funds cover now; the rest awaits funding, and is gated as money settles.

    The payments go in the payroll's own order, each whole. The part passes the commit gate strictly, policies and money.
    Raises NoSuchPayroll, NothingToSplit (it is committed already).
    """
    tx.run(
        "SELECT FROM payments.payrolls WHERE tenant_id = %(tenant)s AND id = %(id)s FOR NO KEY UPDATE",
        {"tenant": tx.tenant_id, "id": payroll_id},
    )
    payroll = get_payroll(tx, payroll_id)
    if payroll.status != "pending":
        raise NothingToSplit(
            f"payroll {payroll_id} is {payroll.status}: there is nothing to split", status=payroll.status
        )
    wanted = _unfunded(tx, payroll_id)
    account = ledger.account_for(tx, "CLIENT_FUNDS", payroll.currency, legal_entity_id=payroll.legal_entity_id)
    # Where not even the first is covered, the gate says so on the first, with its figures.
    part = _covered(wanted, ledger.balance(tx, account.id).available) or wanted[:1]
    gate = funding.judge_commit(tx, request_of(tx, payroll, part), mode="strict")
    if gate.outcome == "blocked":
        after = judged(tx, payroll, gate)
        if gate.reason == "policy_violation":
            return CommitResult("blocked_policy", after, gate)
        return CommitResult("blocked_funds", after, gate)
    fund(tx, payroll, part, gate)
    rest = wanted[len(part) :]
    tx.run(
        """
        UPDATE payments.instructions SET status = 'awaiting_funding', changed_at = %(now)s
         WHERE tenant_id = %(tenant)s AND id = ANY(%(ids)s)
        """,
        {"tenant": tx.tenant_id, "ids": [one.id for one in rest], "now": tx.now()},
    )
    announce(tx, "awaiting_funding", payroll, [(one.id, one.amount_minor) for one in rest], gate)
    return CommitResult("committed_with_warnings" if rest else "committed", judged(tx, payroll, gate), gate)


def _covered(wanted: Sequence[Wanted], available: Money) -> list[Wanted]:
    """The first payments that the money covers together."""
    part: list[Wanted] = []
    left = available.minor
    for one in wanted:
        if one.amount_minor > left:
            break
        part.append(one)
        left -= one.amount_minor
    return part


def _unfunded(tx: Tx, payroll_id: str) -> list[Wanted]:
    return tx.all(
        """
        SELECT id, kind, amount_minor, bank_account_id
          FROM payments.instructions
         WHERE tenant_id = %(tenant)s AND payroll_id = %(payroll)s AND status IN ('awaiting_funding', 'blocked_funds')
         ORDER BY id
        """,
        {"tenant": tx.tenant_id, "payroll": payroll_id},
        row=Wanted,
    )
