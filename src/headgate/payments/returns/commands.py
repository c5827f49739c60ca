"""Returns from the command line: the list, the policy by code, payments paid again, returns dishonored.

Who asks another person is the person behind an API key, never a name on the command line; that other one approves under
/v1/cases/approvals.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from headgate.core.db import Actor
from headgate.core.errors import Refused
from headgate.core.terminal import emit, refuse
from headgate.payments.returns import dishonoring, retrying
from headgate.payments.returns import rules as return_rules
from headgate.payments.returns.documents import dishonor_model, policy_model, retry_model, return_model
from headgate.payments.returns.search import list_returns
from headgate.tenants import command_parts

app = typer.Typer()

Json = command_parts.Json
Tenant = command_parts.Tenant
Why = Annotated[str, typer.Option("--reason", help="Why; audited.")]
Approval = command_parts.Approval
PaymentId = Annotated[str, typer.Argument(help="A payment that came back or was refused, as pay_….")]
Account = Annotated[str | None, typer.Option("--bank-account", help="Another account of its payee, as ba_….")]
KeyFile = command_parts.KeyFile
_ACTOR = Actor("human", "cli")


@app.command("returns")
def show_returns(
    tenant: Tenant,
    payment: Annotated[str | None, typer.Option(help="Of one payment only.")] = None,
    limit: int = 50,
    json: Json = False,
) -> None:
    """Returns, the newest first: what was done with each, and how far it is disputed."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        rows = list_returns(tx, payment_id=payment, limit=limit)
    emit([return_model(row).model_dump(mode="json") for row in rows], as_json=json)


@app.command("return-policies")
def show_return_policies(tenant: Tenant, json: Json = False) -> None:
    """What is done with each return code beside the client's money going back."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        rows = list(return_rules.return_policies(tx).values())
    emit([policy_model(row).model_dump(mode="json") for row in rows], as_json=json)


@app.command("request-return-policy")
def request_return_policy(
    subject: Annotated[str, typer.Argument(help="A code, as R02, or a group, as administrative.")],
    action: Annotated[str, typer.Argument(help="reverse, hold, dispute or retry.")],
    key_file: KeyFile,
    reason: Why,
    json: Json = False,
) -> None:
    """Ask another person to let returns of a code or group be treated so."""
    with command_parts.begin_as(key_file, "payments.manage") as tx:
        asked = return_rules.request_return_policy(tx, subject=subject, action=action, reason=reason)
    emit(asked, as_json=json)


@app.command("set-return-policy")
def set_return_policy(approval_id: Approval, tenant: Tenant, json: Json = False) -> None:
    """Do what was approved, once; shows the codes that it touches."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        found = return_rules.set_return_policy(tx, approval_id=approval_id)
    emit([policy_model(row).model_dump(mode="json") for row in found.values()], as_json=json)


@app.command("request-retry")
def request_retry(
    payment_id: PaymentId, key_file: KeyFile, reason: Why, bank_account: Account = None, json: Json = False
) -> None:
    """Ask another person to have a payment paid again, where its reason needs two people."""
    with command_parts.begin_as(key_file, "payments.manage") as tx:
        asked = retrying.request_retry(tx, payment_id=payment_id, bank_account_id=bank_account, reason=reason)
    emit(asked, as_json=json)


@app.command("retry")
def retry(
    payment_id: PaymentId,
    tenant: Tenant,
    reason: Why,
    bank_account: Account = None,
    approval: Annotated[str | None, typer.Option(help="The approval, where the reason needs one.")] = None,
    json: Json = False,
) -> None:
    """Have a payment paid again: by a new attempt, in a new file, through the pay gate."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        done = retrying.retry_instruction(
            tx, payment_id=payment_id, reason=reason, bank_account_id=bank_account, approval_id=approval
        )
    emit(retry_model(done).model_dump(mode="json"), as_json=json)


@app.command("retry-file")
def retry_file(
    file_id: Annotated[str, typer.Argument(help="A file of which the bank refused something, as fil_….")],
    tenant: Tenant,
    reason: Why,
    json: Json = False,
) -> None:
    """Have all payments of a file paid again that the bank refused."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        done = retrying.retry_refused(tx, file_id=file_id, reason=reason)
    emit([retry_model(one).model_dump(mode="json") for one in done], as_json=json)


@app.command("request-dishonor")
def request_dishonor(
    return_id: Annotated[str, typer.Argument(help="The return, as ret_….")],
    code: Annotated[str, typer.Argument(help="R61, or R67 to R70.")],
    key_file: KeyFile,
    reason: Why,
    json: Json = False,
) -> None:
    """Ask another person to dishonor a return with you."""
    with command_parts.begin_as(key_file, "payments.manage") as tx:
        asked = dishonoring.request_dishonor(tx, return_id=return_id, code=code, reason=reason)
    emit(asked, as_json=json)


@app.command("dishonor")
def dishonor(
    approval_id: Approval,
    tenant: Tenant,
    on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The day on which the file is written.")],
    json: Json = False,
) -> None:
    """Write the file that dishonors a return, as was approved; it is delivered as every other."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        done = dishonoring.dishonor_return(tx, approval_id=approval_id, on=on.date())
    if isinstance(done, Refused):
        refuse(done, as_json=json)
    emit(dishonor_model(done).model_dump(mode="json"), as_json=json)
