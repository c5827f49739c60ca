"""What can be done at the gate: judge a payroll again, pay what its funds cover, and let two people pass a policy once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from headgate import cases, funding, payments
from headgate.console.acts import Act, Done, Form, asked_for, denying, written
from headgate.console.render import figures
from headgate.core.db import Tx
from headgate.core.errors import Malformed

HOURS: Final[Mapping[str, str]] = {"24": "a day", "72": "three days", "168": "a week"}
"""For how long an exception may stand."""
EXCEPTION: Final = funding.overrides.ACTION


def _judge(tx: Tx, payroll_id: str, form: Form) -> Done:
    return _told(payments.judge_again(tx, payroll_id=payroll_id), "Judged again")


def _split(tx: Tx, payroll_id: str, form: Form) -> Done:
    return _told(payments.split_payroll(tx, payroll_id=payroll_id), "Split")


def _told(result: payments.CommitResult, what: str) -> Done:
    payroll, gate = result.payroll, result.gate
    if result.status in ("blocked_funds", "blocked_policy"):
        assert gate is not None, "a blocked payroll has been judged"
        lacks = (
            f"{figures(gate.shortfall)} {payroll.currency} is missing"
            if gate.shortfall
            else "a policy stands against it"
        )
        return Done(f"{what}: the gate still holds {payroll.external_id}, {lacks}.", f"/gate/{payroll.id}")
    if result.status == "committed_with_warnings":
        held = f"{figures(gate.required)} {payroll.currency} is reserved" if gate else "what is there is given out"
        return Done(f"{what}: {held}; the rest of {payroll.external_id} awaits funding.", f"/payrolls/{payroll.id}")
    return Done(
        f"{what}: {payroll.external_id} is committed, {figures(payroll.total)} {payroll.currency} is reserved.",
        f"/payrolls/{payroll.id}",
    )


def _ask(tx: Tx, payroll_id: str, form: Form) -> Done:
    block = payments.held_payroll(tx, payroll_id)
    policy = form.get("policy", "")
    if policy not in {one["policy"] for one in block.violations}:
        raise Malformed("choose one of the policies that stand against it")
    if form.get("hours") not in HOURS:
        raise Malformed("choose for how long the exception stands")
    reason = written(form, "reason", what="why it is to pass")
    document = funding.overrides.grant_document(
        tx,
        kind="policy_exception",
        legal_entity_id=block.legal_entity_id,
        valid_until=tx.now() + timedelta(hours=int(form["hours"])),
        policy=policy,
        subject=payroll_id,
    )
    cases.request(tx, action=EXCEPTION, subject=payroll_id, document=document, reason=reason)
    words = policy.replace("_", " ")
    return Done(f"Asked: another person may let {block.reference} pass {words} once.", f"/gate/{payroll_id}")


def _allow(tx: Tx, payroll_id: str, form: Form) -> Done:
    asked = asked_for(tx, form, action=EXCEPTION, item_id=payroll_id, about="subject")
    cases.approve(tx, approval_id=asked.id, digest=form.get("digest", ""))
    made = funding.grant_approved(tx, approval_id=asked.id)
    words = (made.policy or "").replace("_", " ")
    return Done(f"Allowed: {words} does not hold for this payroll now. Ask the gate again.", f"/gate/{payroll_id}")


ACTS: Final[Mapping[str, Act]] = {
    "judge": Act("payments.manage", _judge),
    "split": Act("payments.manage", _split),
    "ask": Act("funding.manage", _ask, is_personal=True),
    "allow": Act("cases.approve", _allow, is_personal=True),
    "deny": denying("gate", EXCEPTION, "Denied: the policy holds as before.", about="subject"),
}
