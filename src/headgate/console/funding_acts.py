"""What can be done about money: ask for it no more, and say with another person whose it is where nobody knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headgate import cases, funding
from headgate.console.acts import Act, Done, Form, asked_for, denying, written
from headgate.console.render import figures
from headgate.core.db import Tx
from headgate.tenants import legal_entity


def _cancel(tx: Tx, request_id: str, form: Form) -> Done:
    reason = written(form, "reason", what="why it is asked for no more")
    found = funding.cancel_request(tx, funding_request_id=request_id, reason=reason)
    return Done(f"Cancelled: {figures(found.asked)} {found.currency} is asked for no more.", "/funding")


def _assign(tx: Tx, deposit_id: str, form: Form) -> Done:
    client = written(form, "client", what="whose money it is, by a payer reference or an id", length_max=40)
    reason = written(form, "reason", what="how you know")
    entity = funding.entity_named(tx, client)
    asked = funding.request_assignment(tx, deposit_id=deposit_id, legal_entity_id=entity, reason=reason)
    name = legal_entity(tx, asked.payload["legal_entity_id"]).name
    return Done(f"Asked: another person says with you that it is the money of {name}.", f"/funding/{deposit_id}")


def _allow(tx: Tx, deposit_id: str, form: Form) -> Done:
    asked = asked_for(tx, form, action=funding.ASSIGNMENT_ACTION, item_id=deposit_id)
    cases.approve(tx, approval_id=asked.id, digest=form.get("digest", ""))
    made = funding.assign_deposit(tx, approval_id=asked.id)
    name = legal_entity(tx, str(made.legal_entity_id)).name
    return Done(f"Assigned: {figures(made.amount)} {made.currency} is the money of {name}.", f"/funding/{deposit_id}")


ACTS: Final[Mapping[str, Act]] = {
    "cancel": Act("funding.manage", _cancel),
    "assign": Act("funding.manage", _assign, is_personal=True),
    "allow": Act("cases.approve", _allow, is_personal=True),
    "deny": denying("funding", funding.ASSIGNMENT_ACTION, "Denied: the deposit lies in suspense as before."),
}
