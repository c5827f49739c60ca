"""What can be done about what came back: pay it again, dishonor it, present a debit again, and choose what codes do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headgate import cases, payments
from headgate.console import pages
from headgate.console.acts import Act, Done, Form, deny, request_of, require_about, written
from headgate.console.render import figures
from headgate.core.db import Tx
from headgate.core.errors import Malformed, Refused

POLICIES: Final = "policies"
"""The item that forms about policies name; other forms name a return, or a debit."""
ACTIONS: Final[Mapping[str, str]] = {
    "reverse": "give the money back, and no more",
    "hold": "also block the account until a person lifts it",
    "dispute": "also open a dispute with its evidence and day",
    "retry": "a debit is presented again",
}
"""What may be done with a code, beside the money being the client's again."""


def _retry(tx: Tx, return_id: str, form: Form) -> Done:
    row = _of_payment(tx, return_id)
    reason = written(form, "reason", what="why it is paid again")
    made = payments.retry_instruction(
        tx, payment_id=str(row.payment_id), bank_account_id=form.get("bank_account_id") or None, reason=reason
    )
    return Done(_paid_again(row, made), f"/returns/{row.id}")


def _ask_retry(tx: Tx, return_id: str, form: Form) -> Done:
    row = _of_payment(tx, return_id)
    reason = written(form, "reason", what="why it is to be paid again")
    payments.request_retry(
        tx, payment_id=str(row.payment_id), bank_account_id=form.get("bank_account_id") or None, reason=reason
    )
    amount = f"{figures(row.amount)} {row.currency}"
    return Done(f"Asked: another person may have {amount} paid to {row.payee} again.", f"/returns/{return_id}")


def _ask_dishonor(tx: Tx, return_id: str, form: Form) -> Done:
    row = payments.return_row(tx, return_id)
    code = form.get("code", "")
    if not code:
        raise Malformed("choose why it is dishonored")
    reason = written(form, "reason", what="why it is dishonored")
    payments.request_dishonor(tx, return_id=return_id, code=code, reason=reason)
    amount = f"{figures(row.amount)} {row.currency}"
    return Done(f"Asked: another person may dishonor {amount} with {code}.", f"/returns/{return_id}")


def _represent(tx: Tx, debit_id: str, form: Form) -> Done | Refused:
    made = payments.represent_debit(tx, debit_id=debit_id)
    if isinstance(made, Refused):
        return made
    if isinstance(made, payments.DebitOrder):
        amount = f"{figures(made.amount)} {made.currency}"
        return Done(f"Presented again: {amount} over {made.bank}, as RETRY PYMT.", "/returns")
    return Done(
        f"Presented again: {figures(made.debit)} {made.currency} in file {made.name}, as RETRY PYMT.",
        f"/files/{made.id}",
    )


def _ask_policy(tx: Tx, item_id: str, form: Form) -> Done:
    _require_policies(item_id)
    reason = written(form, "reason", what="why it is to be treated so")
    subject, action = form.get("subject", ""), form.get("action", "")
    payments.request_return_policy(tx, subject=subject, action=action, reason=reason)
    return Done(f"Asked: another person may let {subject.replace('_', ' ')} be treated so: {action}.", "/returns")


def _allow(tx: Tx, item_id: str, form: Form) -> Done | Refused:
    """Say yes, and do at once what was asked for. Where a rule stands against it now, the yes stays, and it is done later."""
    asked = _asked(tx, item_id, form)
    if asked.status == "pending":
        cases.approve(tx, approval_id=asked.id, digest=form.get("digest", ""))
    if asked.action == payments.RETURN_POLICY:
        payments.set_return_policy(tx, approval_id=asked.id)
        subject = str(asked.payload["subject"]).replace("_", " ")
        return Done(f"Allowed: {subject} is treated so from now on: {asked.payload['action']}.", "/returns")
    row = payments.return_row(tx, item_id)
    if asked.action == payments.RETRY:
        made = payments.retry_instruction(
            tx,
            payment_id=str(row.payment_id),
            bank_account_id=asked.payload["bank_account_id"],
            reason=asked.reason,
            approval_id=asked.id,
        )
        return Done(_paid_again(row, made), f"/returns/{row.id}")
    done = payments.dishonor_return(tx, approval_id=asked.id, on=pages.today(tx))
    if isinstance(done, Refused):
        return done
    return Done(
        f"Dishonored with {done.code}: {figures(done.amount)} {done.currency} goes back to the other bank, which may "
        f"contest it until {done.answer_until:%a} {done.answer_until.day} {done.answer_until:%b}.",
        f"/returns/{item_id}",
    )


def _deny(tx: Tx, item_id: str, form: Form) -> Done:
    asked = _asked(tx, item_id, form)
    deny(tx, asked, form)
    return Done("Denied: it stays as it is.", "/returns" if item_id == POLICIES else f"/returns/{item_id}")


def _asked(tx: Tx, item_id: str, form: Form) -> cases.Approval:
    """The request that a form answers, where it is about the thing that the form names. Raises Malformed."""
    found = request_of(tx, form)
    if item_id == POLICIES:
        is_about = found.action == payments.RETURN_POLICY
    elif found.action == payments.RETRY:
        is_about = found.subject == payments.return_row(tx, item_id).payment_id
    else:
        is_about = found.action == payments.DISHONOR and found.subject == item_id
    return require_about(found, item_id, is_about=is_about)


def _of_payment(tx: Tx, return_id: str) -> payments.ReturnRow:
    row = payments.return_row(tx, return_id)
    if row.payment_id is None or not row.is_last:
        raise Malformed(f"{return_id} is not the last word on a payment of ours: there is nothing of it to pay again")
    return row


def _paid_again(row: payments.ReturnRow, made: payments.Retry) -> str:
    after = (
        "is reserved, and leaves on its day" if made.status == "pending" else "waits at the gate, for funds or a policy"
    )
    return f"To be paid again: {figures(row.amount)} {row.currency} to {row.payee} {after}."


def _require_policies(item_id: str) -> None:
    if item_id != POLICIES:
        raise Malformed("a policy is of a code or a group, and not of one return")


ACTS: Final[Mapping[str, Act]] = {
    "retry": Act("payments.manage", _retry),
    "ask-retry": Act("payments.manage", _ask_retry, is_personal=True),
    "dishonor": Act("payments.manage", _ask_dishonor, is_personal=True),
    "represent": Act("payments.send", _represent),
    "policy": Act("payments.manage", _ask_policy, is_personal=True),
    "allow": Act("cases.approve", _allow, is_personal=True),
    "deny": Act("cases.approve", _deny, is_personal=True),
}
