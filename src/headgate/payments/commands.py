"""`headgate payments`: commit, send, and see payments; `headgate balance` says what a client has."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, cast

import typer

from headgate import funding, ingestion, ledger, payments, tenants
from headgate.core import terminal
from headgate.core.db import Actor
from headgate.core.errors import Malformed, Refused
from headgate.core.terminal import emit, refuse
from headgate.payments import answer_commands
from headgate.payments.documents import (
    commit_answer,
    file_model,
    instruction_model,
    life_model,
    payroll_model,
    settlement_model,
)
from headgate.tenants import command_parts

app = typer.Typer(name="payments", help="Payrolls, payments, files and what the bank says.", no_args_is_help=True)
top = typer.Typer()
app.add_typer(answer_commands.app)
APPS = [app, top]
"""`top` has no name: its command stands beside the others, as `headgate balance`."""

ACTOR = Actor("human", "cli")
Json = command_parts.Json
Tenant = command_parts.Tenant
Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])]


@app.command("list")
def list_payments(
    tenant: Tenant,
    query: Annotated[str, typer.Option(help="As status:returned amount:>5000 payroll:PR-1 age:<2d.")] = "",
    limit: int = 50,
    json: Json = False,
) -> None:
    """Payments, the newest first."""
    with command_parts.begin(tenant, ACTOR) as tx:
        rows = payments.list_instructions(tx, query=payments.parse_query(query), limit=limit)
    emit([instruction_model(row).model_dump(mode="json") for row in rows], as_json=json)


@app.command("show")
def show_payment(payment_id: str, tenant: Tenant, json: Json = False) -> None:
    """One payment's whole life: why it is where it is, its entries, its timeline."""
    with command_parts.begin(tenant, ACTOR) as tx:
        life = payments.get_life(tx, payment_id)
    if json:
        emit(life_model(life).model_dump(mode="json"), as_json=True)
        return
    lines = [f"{life.row.id}  {life.row.status.replace('_', ' ')}  {life.row.amount.format()}", ""]
    lines += [reason.text for reason in life.reasons]
    for account in life.t_accounts:
        lines += ["", account.name]
        for debit, credit in account.lines:
            left = f"{debit.amount.format()} ({debit.mark})" if debit else ""
            right = f"{credit.amount.format()} ({credit.mark})" if credit else ""
            lines.append(f"  {left:>26} | {right}")
    lines += ["", *(f"{event.at:%Y-%m-%d %H:%M:%S}Z  {event.text}  {event.type}" for event in life.events)]
    emit("\n".join(lines), as_json=False)


@app.command("payrolls")
def list_payrolls(tenant: Tenant, limit: int = 50, json: Json = False) -> None:
    """Payrolls, the newest first."""
    with command_parts.begin(tenant, ACTOR) as tx:
        rows = payments.list_payrolls(tx, limit=limit)
    emit([payroll_model(row).model_dump(mode="json") for row in rows], as_json=json)


@app.command("commit")
def commit_register(
    register: Annotated[Path, typer.Argument(help="A payroll register.", exists=True, dir_okay=False)],
    tenant: Tenant,
    legal_entity: Annotated[str, typer.Option(help="The legal entity that pays, as le_….")],
    payroll_id: Annotated[str, typer.Option(help="The payroll engine's own name for it.")],
    pay_on: Day,
    gate_mode: Annotated[
        str | None, typer.Option(help="Emergency: judge the commit gate as soft or hybrid. The pay gate stays strict.")
    ] = None,
    override_reason: Annotated[str | None, typer.Option(help="Why the commit gate is overridden; audited.")] = None,
    json: Json = False,
) -> None:
    """Commit the payroll of a register: exit 0 where it is committed, 1 where the gate holds it."""
    if gate_mode not in (None, "soft", "hybrid", "strict"):
        raise Malformed(f"'{gate_mode[:20]}' is no mode of the commit gate: write soft, hybrid or strict")
    with command_parts.begin(tenant, ACTOR) as tx:
        artifact = ingestion.receive(tx, source="upload", filename=register.name, data=register.read_bytes())
        reading = ingestion.read(tx, artifact.id)
        answer = (
            reading
            if isinstance(reading, Refused)
            else commit_answer(
                payments.commit_register(
                    tx,
                    artifact_id=artifact.id,
                    legal_entity_id=legal_entity,
                    payroll_id=payroll_id,
                    pay_on=_day(pay_on),
                    gate_mode=cast(funding.GateMode | None, gate_mode),
                    override_reason=override_reason,
                )
            )
        )
    # Only now: the bytes are kept and the judgement recorded, whatever was said.
    if isinstance(answer, Refused):
        refuse(answer, as_json=json)
    emit(answer.model_dump(mode="json"), as_json=json)


@app.command("split")
def split(
    payroll_id: Annotated[str, typer.Argument(help="A payroll that the gate holds, as prl_….")],
    tenant: Tenant,
    json: Json = False,
) -> None:
    """Commit as much of a blocked payroll as the funds cover now; the rest awaits funding."""
    with command_parts.begin(tenant, ACTOR) as tx:
        answer = commit_answer(payments.split_payroll(tx, payroll_id=payroll_id))
    if isinstance(answer, Refused):
        refuse(answer, as_json=json)
    emit(answer.model_dump(mode="json"), as_json=json)


@app.command("submit")
def submit(tenant: Tenant, on: Day, json: Json = False) -> None:
    """Send what is due on that day, and deliver the files to the outbound folder."""
    with terminal.open_database() as database:
        tenant_id = tenants.find_tenant(database, tenant).id
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            made = payments.submit_due(tx, on=_day(on))
        payments.deliver(database, tenant_id)
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            delivered = [payments.get_file(tx, file.id) for file in made]
    emit([file_model(file).model_dump(mode="json") for file in delivered], as_json=json)


@app.command("settle")
def settle(
    artifact_id: Annotated[str, typer.Argument(help="A statement or return file, as art_….")],
    tenant: Tenant,
    json: Json = False,
) -> None:
    """Record what a bank statement or return file says of our payments."""
    with command_parts.begin(tenant, ACTOR) as tx:
        effects: payments.StatementEffects | payments.ReturnEffects
        if ingestion.get_artifact(tx, artifact_id).kind == "returns":
            effects = payments.return_from_file(tx, artifact_id=artifact_id)
        else:
            effects = payments.settle_from_statement(tx, artifact_id=artifact_id)
    emit(settlement_model(effects).model_dump(mode="json"), as_json=json)


@top.command("balance")
def balance(
    tenant: Tenant,
    legal_entity: Annotated[str, typer.Option(help="The legal entity, as le_….")],
    currency: str = "USD",
    json: Json = False,
) -> None:
    """What a client has: posted, pending, reserved and available."""
    with command_parts.begin(tenant, ACTOR) as tx:
        account = ledger.account_for(tx, "CLIENT_FUNDS", currency, legal_entity_id=legal_entity)
        found = ledger.balance(tx, account.id)
    emit(found, as_json=json)


def _day(value: datetime) -> date:
    return value.date()
