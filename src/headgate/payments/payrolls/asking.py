"""Asking the gate again about a payroll that it knows: the same payments, judged afresh by the figures of now."""

from __future__ import annotations

from headgate import funding
from headgate.core import canonical
from headgate.core.db import Tx
from headgate.payments.model import CommitResult, CommitStatus, Payroll, fingerprint_document
from headgate.payments.payrolls.awaiting import reserve_awaiting
from headgate.payments.payrolls.execution import awaits_funds
from headgate.payments.payrolls.payrolls import Wanted, fund, get_payroll, judged, request_of, status_of


def judge_again(tx: Tx, *, payroll_id: str) -> CommitResult:
    """Ask the commit gate about a payroll that it holds, in the tenant's own mode, as a new commit of it would.

    Of a committed payroll whose payments await funding, the money that is there is given out, to what is due first: which
    need not be this one. What holds all its money is left as it is. Raises NoSuchPayroll.
    """
    payroll = get_payroll(tx, payroll_id)
    if payroll.status == "pending":
        payroll = _locked(tx, payroll_id)
    if payroll.status != "pending":
        return _given_out(tx, payroll)
    rows = tx.all(
        """
        SELECT id, kind, obligation, payee_id, amount_minor, bank_account_id
          FROM payments.instructions
         WHERE tenant_id = %(tenant)s AND payroll_id = %(payroll)s
         ORDER BY id
        """,
        {"tenant": tx.tenant_id, "payroll": payroll_id},
    )
    wanted = [Wanted(row["id"], row["kind"], row["amount_minor"], row["bank_account_id"]) for row in rows]
    fingerprint = canonical.digest(
        fingerprint_document(
            legal_entity_id=payroll.legal_entity_id,
            currency=payroll.currency,
            items=[(row["payee_id"], row["amount_minor"]) for row in rows if row["kind"] == "net_pay"],
            obligations=[
                (row["kind"], row["obligation"], row["amount_minor"]) for row in rows if row["kind"] != "net_pay"
            ],
        )
    )
    gate = funding.judge_commit(tx, request_of(tx, payroll, wanted, fingerprint=fingerprint))
    if gate.outcome != "blocked":
        fund(tx, payroll, wanted, gate)
    return CommitResult(status_of(gate), judged(tx, payroll, gate), gate)


def _locked(tx: Tx, payroll_id: str) -> Payroll:
    tx.run(
        "SELECT FROM payments.payrolls WHERE tenant_id = %(tenant)s AND id = %(id)s FOR NO KEY UPDATE",
        {"tenant": tx.tenant_id, "id": payroll_id},
    )
    return get_payroll(tx, payroll_id)


def _given_out(tx: Tx, payroll: Payroll) -> CommitResult:
    """What is there for payments that await funding goes to what is due first."""
    if awaits_funds(tx, payroll.id):
        reserve_awaiting(tx, legal_entity_id=payroll.legal_entity_id, currency=payroll.currency)
    status: CommitStatus = "committed_with_warnings" if awaits_funds(tx, payroll.id) else "committed"
    return CommitResult(status, get_payroll(tx, payroll.id), None)
