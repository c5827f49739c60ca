"""Payrolls from the command line, beside `payments commit`: asked for execution, judged again, and why one is held."""

from __future__ import annotations

from typing import Annotated

import typer

from headgate.core.db import Actor
from headgate.core.errors import Refused
from headgate.core.terminal import emit, refuse
from headgate.payments import instructions
from headgate.payments.documents import commit_answer, timeline_model
from headgate.payments.life import life
from headgate.payments.payrolls import asking, execution, held
from headgate.payments.payrolls.gate_documents import held_model, queued_model
from headgate.tenants import command_parts

app = typer.Typer()

Json = command_parts.Json
Tenant = command_parts.Tenant
PayrollId = Annotated[str, typer.Argument(help="The payroll, as prl_….")]
_ACTOR = Actor("human", "cli")


@app.command("execute")
def execute(payroll_id: PayrollId, tenant: Tenant, json: Json = False) -> None:
    """Ask that a committed payroll be paid; what is due is sent by `payments submit`. Exit 1 where it is not committed."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        queued = execution.queue_payroll(tx, payroll_id=payroll_id)
    if isinstance(queued, Refused):
        refuse(queued, as_json=json)
    emit(queued_model(queued).model_dump(mode="json"), as_json=json)


@app.command("judge")
def judge_again(payroll_id: PayrollId, tenant: Tenant, json: Json = False) -> None:
    """Ask the gate again about a payroll that it holds: exit 0 where it is committed now, 1 where it is held still."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        answer = commit_answer(asking.judge_again(tx, payroll_id=payroll_id))
    if isinstance(answer, Refused):
        refuse(answer, as_json=json)
    emit(answer.model_dump(mode="json"), as_json=json)


@app.command("gate")
def show_gate(payroll_id: PayrollId, tenant: Tenant, json: Json = False) -> None:
    """Why the gate holds a payroll: its figures, the policies against it, and what would open it."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        found = held.held_payroll(tx, payroll_id)
        standing = held.standing(tx, found)
    if json:
        emit(held_model(found, standing).model_dump(mode="json"), as_json=True)
        return
    lines = [
        f"{found.payroll_id}  {found.status.replace('_', ' ')}  {found.required.format()}",
        "",
        f"The {found.gate_type} gate saw {found.available.format()} available: {found.reason.replace('_', ' ')}.",
        *(f"Policy {one['policy']}: {one['text']}." for one in found.violations),
        f"Now {standing.available.format()} is available; it must leave on {found.leaves_on}.",
    ]
    for one in standing.expected:
        when = f"counts from {one.final_at:%Y-%m-%d %H:%M}Z"
        what = f"by {one.rail.replace('_', ' ')}, not final" if one.is_on_its_way else f"asked for by {one.due_on}"
        lines.append(f"  {one.amount.format():>20}  {what}, {when}")
    lines += [f"  {one.action.replace('_', ' ')}: {one.time_to_resolve}" for one in standing.advice]
    lines += ["", f"The client is told: {found.client_message}"] if found.client_message else []
    emit("\n".join(lines), as_json=False)


@app.command("timeline")
def show_timeline(
    payment_id: Annotated[str, typer.Argument(help="The payment, as pay_….")], tenant: Tenant, json: Json = False
) -> None:
    """What happened to a payment, in order."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        instructions.get_instruction(tx, payment_id)
        events = [timeline_model(event).model_dump(mode="json") for event in life.timeline(tx, payment_id)]
    emit(events, as_json=json)
