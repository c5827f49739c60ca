"""A payee's new bank account is not paid to until some banking days after the change: payroll redirection is a fraud.

A payee's first account is no change. A verification of the account ends the cooldown early; a bank's notification of
change begins none (rails.md §4.5).
"""

from zoneinfo import ZoneInfo

from headgate.funding.policy import Limit, Policy, Scene, Violation
from headgate.rails import add_banking_days

_BANK_ZONE = ZoneInfo("America/New_York")


def _judge(scene: Scene, limit: Limit) -> list[Violation]:
    assert limit.days is not None, "the policy needs a number of banking days"
    held = []
    until = None
    # Committed today and paid later, it is judged on the day on which it leaves, and then again by the pay gate.
    leaves_on = max(scene.today, scene.request.release_on or scene.today)
    for claim in scene.request.claims:
        changed = scene.changes.get(claim.bank_account_id or "")
        if changed is None or limit.days == 0:
            continue
        free_on = add_banking_days(changed.astimezone(_BANK_ZONE).date(), limit.days)
        if leaves_on < free_on:
            held.append(claim)
            until = max(until or free_on, free_on)
    if not held or until is None:
        return []
    return [
        Violation(
            "bank_change_cooldown",
            f"{len(held)} payments go to bank accounts that were changed less than {limit.days} banking days before",
            {"banking_days": limit.days, "payments": len(held), "free_on": until.isoformat()},
            tuple(claim.ref for claim in held),
        )
    ]


POLICY = Policy(
    name="bank_change_cooldown",
    title="Banking days before a changed bank account is paid to",
    needs=("days",),
    judge=_judge,
    client_message="A bank account of this payroll was changed recently and cannot be paid to yet. Contact support.",
    default=Limit(days=3),
)
