"""Paid again: a payment that came back, or that the bank refused, goes out by a new attempt, in a new file, through the gates.

What settled is never sent again; what came back can be, once its reason is mended. Its money is reserved afresh, as far as the
client's funds reach, and the pay gate judges when it leaves. For some reasons two people must agree (return_actions.csv says
which). It is a new entry with its own trace number, and no representment: only debits are presented again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from headgate import cases, messaging, parties
from headgate.core import ids
from headgate.core.db import Tx
from headgate.payments.errors import (
    AccountNotCorrected,
    InvalidPayroll,
    NoSuchInstruction,
    NothingToRetry,
    RetryNeedsApproval,
)
from headgate.payments.files import files
from headgate.payments.payrolls import awaiting
from headgate.rails import ach, return_codes

RETRY: Final = "payments.retry"


@dataclass(frozen=True, slots=True)
class Retry:
    """A payment that is paid again, after which attempt and to which account; `status` is the payment's now."""

    id: str
    payment_id: str
    attempt_id: str
    code: str | None
    from_bank_account_id: str | None
    to_bank_account_id: str | None
    reason: str
    approval_id: str | None
    requested_at: datetime
    status: str


@dataclass(frozen=True, slots=True)
class _Failed:
    """A payment, locked, with its last attempt."""

    id: str
    payroll_id: str
    legal_entity_id: str
    status: str
    return_code: str | None
    payee_id: str | None
    bank_account_id: str | None
    amount_minor: int
    currency: str
    attempt_id: str | None
    attempt_status: str | None
    file_id: str | None


def request_retry(tx: Tx, *, payment_id: str, bank_account_id: str | None = None, reason: str) -> cases.Approval:
    """Ask another person to have a payment paid again, where its reason needs two. Nothing changes yet.

    Raises NoSuchInstruction, NothingToRetry, InvalidPayroll, AccountNotCorrected.
    """
    failed = _locked(tx, payment_id)
    _check_failed(failed)
    document = _document(failed, _accounts(tx, [failed], bank_account_id)[0])
    return cases.request(tx, action=RETRY, subject=payment_id, document=document, reason=reason)


def retry_instruction(
    tx: Tx, *, payment_id: str, reason: str, bank_account_id: str | None = None, approval_id: str | None = None
) -> Retry:
    """Have a payment paid again that came back or was refused; where it was asked before, that answer again.

    It goes to `bank_account_id`, else to the account that it has, where that may be paid. Its money is reserved at once where
    the commit gate passes it; else it awaits funding. Raises NoSuchInstruction, NothingToRetry (it settled, is on its way, or
    was never sent), InvalidPayroll (no account of its payee), AccountNotCorrected, RetryNeedsApproval, and what
    `cases.consume` raises.
    """
    failed = _locked(tx, payment_id)
    if failed.status not in ("returned", "rejected"):
        before = _latest(tx, [failed])
        if before and bank_account_id in (None, before[0].to_bank_account_id):
            return before[0]
    _retry(tx, [failed], bank_account_id, reason=reason, approval_id=approval_id)
    return _latest(tx, [failed])[0]


def retry_refused(tx: Tx, *, file_id: str, reason: str) -> list[Retry]:
    """Have all payments of a file paid again that the bank refused and that nobody asked for yet.

    Raises NoSuchFile, NothingToRetry where there is none, AccountNotCorrected for the first whose account cannot be paid.
    """
    files.get_file(tx, file_id)
    found = tx.values(
        """
        SELECT i.id
          FROM payments.attempts a
          JOIN payments.instructions i ON i.tenant_id = a.tenant_id AND i.id = a.instruction_id
         WHERE a.tenant_id = %(tenant)s AND a.ach_file_id = %(file)s AND a.status = 'rejected' AND i.status = 'rejected'
           AND NOT EXISTS (SELECT FROM payments.retries r WHERE r.tenant_id = a.tenant_id AND r.attempt_id = a.id)
         ORDER BY i.payroll_id, i.id
        """,
        {"tenant": tx.tenant_id, "file": file_id},
    )
    if not found:
        raise NothingToRetry(f"of file {file_id[:40]} nothing was refused that is not paid again already")
    failed = _locked_all(tx, found)
    _retry(tx, failed, None, reason=reason, approval_id=None)
    return _latest(tx, failed)


def _retry(
    tx: Tx, failed: Sequence[_Failed], bank_account_id: str | None, *, reason: str, approval_id: str | None
) -> None:
    """Put payments back to those that wait for money, and give them what is there. An approval is of one payment."""
    for one in failed:
        _check_failed(one)
    if not reason.strip():
        raise InvalidPayroll("say why it is paid again, for those who read the audit later")
    accounts = _accounts(tx, failed, bank_account_id)
    if approval_id is not None:
        cases.consume(tx, approval_id=approval_id, action=RETRY, document=_document(failed[0], accounts[0]))
    elif closed := next((one for one in failed if _needs(one) == "approval"), None):
        raise RetryNeedsApproval(
            f"payment {closed.id} came back with {closed.return_code}: ask another person to approve that it is paid again",
            payment_id=closed.id,
            return_code=closed.return_code,
        )
    _put_back(tx, failed, accounts, reason=reason.strip(), approval_id=approval_id)
    for payroll_id in sorted({one.payroll_id for one in failed}):
        awaiting.reserve_payroll(tx, payroll_id=payroll_id)


def _locked(tx: Tx, payment_id: str) -> _Failed:
    found = _locked_all(tx, [payment_id])
    if not found:
        raise NoSuchInstruction(f"there is no payment {payment_id[:40]}", payment_id=payment_id[:40])
    return found[0]


def _locked_all(tx: Tx, payment_ids: Sequence[str]) -> list[_Failed]:
    """Payments with their last attempts, in the order of their ids; those that there are not are missing."""
    params = {"tenant": tx.tenant_id, "ids": list(payment_ids)}
    # The payrolls first, as a sender does.
    tx.run(
        """
        SELECT FROM payments.payrolls p
         WHERE p.tenant_id = %(tenant)s
           AND p.id IN (SELECT i.payroll_id FROM payments.instructions i
                         WHERE i.tenant_id = %(tenant)s AND i.id = ANY(%(ids)s))
         ORDER BY p.id
           FOR NO KEY UPDATE
        """,
        params,
    )
    tx.run(
        """
        SELECT FROM payments.instructions
         WHERE tenant_id = %(tenant)s AND id = ANY(%(ids)s)
         ORDER BY id
           FOR NO KEY UPDATE
        """,
        params,
    )
    return tx.all(
        """
        SELECT i.id, i.payroll_id, i.legal_entity_id, i.status, i.return_code, i.payee_id, i.bank_account_id,
               i.amount_minor, i.currency, a.id AS attempt_id, a.status AS attempt_status, a.ach_file_id AS file_id
          FROM payments.instructions i
          LEFT JOIN LATERAL (SELECT t.id, t.status, t.ach_file_id FROM payments.attempts t
                              WHERE t.tenant_id = i.tenant_id AND t.instruction_id = i.id
                              ORDER BY t.attempt_no DESC LIMIT 1) a ON true
         WHERE i.tenant_id = %(tenant)s AND i.id = ANY(%(ids)s)
         ORDER BY i.id
        """,
        params,
        row=_Failed,
    )


def _check_failed(failed: _Failed) -> None:
    if failed.status not in ("returned", "rejected") or failed.attempt_id is None:
        raise NothingToRetry(
            f"payment {failed.id} is {failed.status.replace('_', ' ')}: only what came back or was refused is paid again",
            payment_id=failed.id,
            status=failed.status,
        )


def _accounts(tx: Tx, failed: Sequence[_Failed], bank_account_id: str | None) -> list[str | None]:
    """The account that each goes to: one of its payee that may be paid. What is owed without an account stays so."""
    named = [bank_account_id or one.bank_account_id for one in failed]
    standings = parties.standings(tx, [account for account in named if account is not None])
    for one, account in zip(failed, named, strict=True):
        if account is not None:
            _check_account(one, account, standings.get(account))
    return named


def _check_account(failed: _Failed, account: str, standing: parties.Standing | None) -> None:
    if (
        standing is None
        or standing.legal_entity_id != failed.legal_entity_id
        or failed.payee_id not in (None, standing.party_id)
    ):
        raise InvalidPayroll(f"{account[:40]} is no bank account of the payee of {failed.id}")
    if _needs(failed) == "other_account" and account == failed.bank_account_id:
        raise AccountNotCorrected(
            f"payment {failed.id} came back with {failed.return_code} from this account; name the payee's corrected one",
            payment_id=failed.id,
            return_code=failed.return_code,
        )
    if not standing.may_be_paid:
        raise AccountNotCorrected(
            f"the account of payment {failed.id} is blocked, replaced or closed; lift that or name the payee's corrected one",
            payment_id=failed.id,
        )


def _needs(failed: _Failed) -> str:
    """What a person needs to pay it again; the codes of other networks than ACH ask for nothing."""
    known = return_codes().get(failed.return_code or "")
    return ach.return_groups()[known.category].retry_needs if known else ""


def _document(failed: _Failed, account: str | None) -> dict[str, Any]:
    """What is approved: the payment, the attempt that failed and why, and where it goes."""
    return {
        "payment_id": failed.id,
        "attempt_id": failed.attempt_id,
        "return_code": failed.return_code,
        "amount_minor": failed.amount_minor,
        "currency": failed.currency,
        "bank_account_id": account,
    }


def _put_back(
    tx: Tx, failed: Sequence[_Failed], accounts: Sequence[str | None], *, reason: str, approval_id: str | None
) -> None:
    retries = [ids.new("rty") for _ in failed]
    params = {
        "tenant": tx.tenant_id,
        "ids": retries,
        "instructions": [one.id for one in failed],
        "payrolls": sorted({one.payroll_id for one in failed}),
        "attempts": [one.attempt_id for one in failed],
        "from": [one.bank_account_id for one in failed],
        "to": list(accounts),
        "codes": [one.return_code for one in failed],
        "reason": reason,
        "approval": approval_id,
        "now": tx.now(),
    }
    tx.run(
        """
        INSERT INTO payments.retries
               (tenant_id, id, instruction_id, attempt_id, from_bank_account_id, to_bank_account_id, code, reason,
                approval_id, requested_at)
        SELECT %(tenant)s, f.id, f.instruction_id, f.attempt_id, f.from_id, f.to_id, f.code, %(reason)s, %(approval)s,
               %(now)s
          FROM unnest(%(ids)s::text[], %(instructions)s::text[], %(attempts)s::text[], %(from)s::text[], %(to)s::text[],
                      %(codes)s::text[]) AS f (id, instruction_id, attempt_id, from_id, to_id, code)
        """,
        params,
    )
    tx.run(
        """
        UPDATE payments.instructions i
           SET status = 'awaiting_funding', reservation_id = NULL, return_code = NULL, bank_account_id = f.to_id,
               changed_at = %(now)s
          FROM unnest(%(instructions)s::text[], %(to)s::text[]) AS f (id, to_id)
         WHERE i.tenant_id = %(tenant)s AND i.id = f.id
        """,
        params,
    )
    tx.run(
        """
        UPDATE payments.payrolls SET status = 'paying'
         WHERE tenant_id = %(tenant)s AND id = ANY(%(payrolls)s) AND status = 'partially_paid'
        """,
        params,
    )
    facts = [
        {"retry_id": retry, **_document(one, account), "reason": reason, "approval_id": approval_id}
        for retry, one, account in zip(retries, failed, accounts, strict=True)
    ]
    messaging.announce_many(
        tx, event_type="payments.instruction.retried", aggregate_type="payment", facts=facts, named_by="payment_id"
    )


def _latest(tx: Tx, failed: Sequence[_Failed]) -> list[Retry]:
    """The last retry of each payment that has one."""
    return tx.all(
        """
        SELECT DISTINCT ON (r.instruction_id)
               r.id, r.instruction_id AS payment_id, r.attempt_id, r.code, r.from_bank_account_id, r.to_bank_account_id,
               r.reason, r.approval_id, r.requested_at, i.status
          FROM payments.retries r
          JOIN payments.instructions i ON i.tenant_id = r.tenant_id AND i.id = r.instruction_id
         WHERE r.tenant_id = %(tenant)s AND r.instruction_id = ANY(%(ids)s)
         ORDER BY r.instruction_id, r.id DESC
        """,
        {"tenant": tx.tenant_id, "ids": [one.id for one in failed]},
        row=Retry,
    )
