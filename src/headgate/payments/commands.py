"""`headgate payments`: commit, send, and see payments; `headgate balance` says what a client has."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, cast, get_args

import typer

from headgate import funding, ingestion, ledger, payments, tenants
from headgate.core import terminal
from headgate.core.db import Actor
from headgate.core.errors import Malformed, Refused
from headgate.core.terminal import emit, refuse
from headgate.payments.delivery import commands as delivery_commands
from headgate.payments.delivery import place_commands
from headgate.payments.documents import (
    CommitModel,
    SubmissionModel,
    commit_answer,
    file_model,
    instruction_model,
    payroll_model,
)
from headgate.payments.life_documents import life_model, told
from headgate.payments.model import PayoutRail
from headgate.payments.orders import commands as order_commands
from headgate.payments.orders import provider_commands
from headgate.payments.orders.documents import order_model
from headgate.payments.payrolls import commands as payroll_commands
from headgate.payments.payrolls.gate_documents import DryRunModel, dry_run_model
from headgate.payments.returns import answer_commands
from headgate.payments.returns import commands as return_commands
from headgate.payments.returns.answer_documents import settlement_model
from headgate.payments.settlement import summary_commands, telling
from headgate.tenants import command_parts

app = typer.Typer(name="payments", help="Payrolls, payments, files and what the bank says.", no_args_is_help=True)
top = typer.Typer()
app.add_typer(answer_commands.app)
app.add_typer(place_commands.app)
app.add_typer(return_commands.app)
app.add_typer(order_commands.app)
app.add_typer(provider_commands.app)
app.add_typer(payroll_commands.app)
app.add_typer(delivery_commands.app)
app.add_typer(summary_commands.app)
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
    """One payment's whole life: why it is where it is, its gate, its tries, the bank's words, its entries, its timeline."""
    with command_parts.begin(tenant, ACTOR) as tx:
        life = payments.get_life(tx, payment_id)
    if json:
        emit(life_model(life).model_dump(mode="json"), as_json=True)
        return
    emit(told(life), as_json=False)


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
    rail: Annotated[
        str | None, typer.Option(help="ach, wire, fednow or rtp, for lines that name none; else the bank's default.")
    ] = None,
    gate_mode: Annotated[
        str | None, typer.Option(help="Emergency: judge the commit gate as soft or hybrid. The pay gate stays strict.")
    ] = None,
    override_reason: Annotated[str | None, typer.Option(help="Why the commit gate is overridden; audited.")] = None,
    currency: str = "USD",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what the gate would say; keep nothing.")] = False,
    json: Json = False,
) -> None:
    """Commit the payroll of a register: exit 0 where it is committed (or would be), 1 where the gate holds it."""
    if gate_mode not in (None, "soft", "hybrid", "strict"):
        raise Malformed(f"'{gate_mode[:20]}' is no mode of the commit gate: write soft, hybrid or strict")
    if rail is not None and rail not in get_args(PayoutRail):
        raise Malformed(f"'{rail[:20]}' is no rail: write {', '.join(get_args(PayoutRail))}")
    answer: CommitModel | Refused | None = None
    would: DryRunModel | None = None
    with command_parts.begin(tenant, ACTOR, is_dry=dry_run) as tx:
        artifact = ingestion.receive(tx, source="upload", filename=register.name, data=register.read_bytes())
        reading = ingestion.read(tx, artifact.id)
        if isinstance(reading, Refused):
            answer = reading
        else:
            result = payments.commit_register(
                tx,
                artifact_id=artifact.id,
                legal_entity_id=legal_entity,
                payroll_id=payroll_id,
                pay_on=_day(pay_on),
                rail=cast(PayoutRail | None, rail),
                currency=currency,
                gate_mode=cast(funding.GateMode | None, gate_mode),
                override_reason=override_reason,
            )
            answer, would = commit_answer(result), dry_run_model(result)
    # Only now: the bytes are kept and the judgement recorded, whatever was said.
    if dry_run and would is not None:
        emit(would.model_dump(mode="json"), as_json=json)
        raise typer.Exit(1 if isinstance(answer, Refused) else 0)
    if isinstance(answer, Refused):
        refuse(answer, as_json=json)
    assert answer is not None, "it was committed"
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
    """Send what is due on that day: deliver the files to the outbound folder, and give the orders to their providers."""
    with terminal.open_database() as database:
        tenant_id = tenants.find_tenant(database, tenant).id
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            made = payments.submit_all(tx, on=_day(on))
        payments.deliver(database, tenant_id)
        payments.run_orders(database, tenant_id)
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            delivered = [payments.get_file(tx, file.id) for file in made.files]
            given = [payments.get_order(tx, one) for one in made.order_ids]
    sent = SubmissionModel(files=[file_model(file) for file in delivered], orders=[order_model(one) for one in given])
    if json:
        emit(sent.model_dump(mode="json"), as_json=True)
        return
    lines = [f"{file.name}  {file.content_words}, {file.status}" for file in delivered]
    lines += [f"{one.attempt_id}  {one.amount.format()} over {one.rail}, {one.status}" for one in given]
    emit("\n".join(lines) or f"nothing is due and funded on {_day(on)}", as_json=False)


@app.command("settle")
def settle(
    artifact_id: Annotated[str, typer.Argument(help="A statement or return file, as art_….")],
    tenant: Tenant,
    json: Json = False,
) -> None:
    """Record what a bank statement or return file says of our payments."""
    with command_parts.begin(tenant, ACTOR) as tx:
        effects = telling.settle(tx, artifact_id=artifact_id)
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
