"""What a return does beside giving the client its money back: by code, by group of codes, by the network's table.

A tenant may choose otherwise for a code or a group, as two people agree: one asks (`cases.request`), another approves, and
`set_return_policy` writes it down. A code's own policy counts before its group's, and that before the default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, get_args

from headgate import audit, cases
from headgate.core.db import Tx
from headgate.core.errors import Malformed
from headgate.rails import ach, return_codes

ACTION: Final = "payments.return_policy"
_FOR_FUNDS = ("R01", "R09", "insufficient_funds")


@dataclass(frozen=True, slots=True)
class ReturnPolicy:
    """What is done with a code. `chosen_for` is the code or group that the tenant chose for; None is the default."""

    code: str
    title: str
    group: str
    action: ach.ReturnAction
    chosen_for: str | None
    set_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Chosen:
    subject: str
    action: ach.ReturnAction
    set_at: datetime


def policy_document(*, subject: str, action: str) -> dict[str, Any]:
    """The document that another person approves. Raises Malformed naming what may be written."""
    codes = [code for code, known in return_codes().items() if known.category in ach.return_groups()]
    if subject not in codes and subject not in ach.return_groups():
        groups = ", ".join(ach.return_groups())
        raise Malformed(f"'{subject[:40]}' is no code that returns an entry, and no group; groups are {groups}")
    if action not in get_args(ach.ReturnAction):
        raise Malformed(f"'{action[:20]}' is no policy: write {', '.join(get_args(ach.ReturnAction))}")
    if action == "retry" and subject not in _FOR_FUNDS:
        raise Malformed(f"{subject} is never presented again; only {', '.join(_FOR_FUNDS)} are")
    return {"subject": subject, "action": action}


def request_return_policy(tx: Tx, *, subject: str, action: str, reason: str) -> cases.Approval:
    """Ask another person to let returns of a code or group be treated so. Nothing changes yet. Raises Malformed."""
    document = policy_document(subject=subject, action=action)
    return cases.request(tx, action=ACTION, subject=subject, document=document, reason=reason)


def set_return_policy(tx: Tx, *, approval_id: str) -> dict[str, ReturnPolicy]:
    """Do what was approved, once; the policies of the codes that it touches, by code.

    Raises Malformed where the approval is of something else, and what `cases.consume` raises.
    """
    approval = cases.get_approval(tx, approval_id)
    if approval.action != ACTION:
        raise Malformed(f"{approval_id} approves {approval.action}, and no policy for returns")
    document = policy_document(subject=approval.payload["subject"], action=approval.payload["action"])
    cases.consume(tx, approval_id=approval_id, action=ACTION, document=document)
    tx.run(
        """
        INSERT INTO payments.return_policies (tenant_id, subject, action, reason, approval_id, set_at)
        VALUES (%(tenant)s, %(subject)s, %(action)s, %(reason)s, %(approval)s, %(now)s)
        """,
        {**document, "tenant": tx.tenant_id, "reason": approval.reason, "approval": approval_id, "now": tx.now()},
    )
    audit.record(
        tx, type="payments.return_policy.set",
        data={**document, "reason": approval.reason, "approval_id": approval_id},
    )  # fmt: skip
    subject = document["subject"]
    return {code: one for code, one in return_policies(tx).items() if subject in (code, one.group)}


def return_policies(tx: Tx) -> Mapping[str, ReturnPolicy]:
    """What is done with each code that returns an entry, by code."""
    rows = tx.all(
        """
        SELECT DISTINCT ON (subject) subject, action, set_at
          FROM payments.return_policies
         WHERE tenant_id = %(tenant)s
         ORDER BY subject, id DESC
        """,
        {"tenant": tx.tenant_id},
        row=_Chosen,
    )
    chosen = {row.subject: row for row in rows}
    found = {}
    for code, known in return_codes().items():
        group = ach.return_groups().get(known.category)
        if group is None:
            continue  # It disputes a return.
        own = chosen.get(code) or chosen.get(group.category)
        found[code] = ReturnPolicy(
            code=code,
            title=known.title,
            group=group.category,
            action=own.action if own else _default(code, group),
            chosen_for=own.subject if own else None,
            set_at=own.set_at if own else None,
        )
    return found


def _default(code: str, group: ach.ReturnGroup) -> ach.ReturnAction:
    if group.action == "retry" and not return_codes()[code].may_be_presented_again:
        return "reverse"
    return group.action
