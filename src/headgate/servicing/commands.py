"""`headgate loans`: take loans on, look at them, enter payments and take them back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, cast

import typer

from headgate.core import ids
from headgate.core.db import Actor
from headgate.core.errors import Malformed, Refused
from headgate.core.money import Money
from headgate.core.terminal import emit, refuse
from headgate.servicing import applying, importing, loans, queries, setting_commands, undoing
from headgate.servicing.documents import happening_model, loan_model, payment_model, undoing_model
from headgate.servicing.model import CHANNELS, STANDINGS, STATES, Channel, NewPayment, Standing
from headgate.servicing.routes import show
from headgate.tenants import command_parts

app = typer.Typer(
    name="loans", help="Loans: what they owe, what was paid, and where each cent lies.", no_args_is_help=True
)
app.registered_commands += setting_commands.app.registered_commands

Json = command_parts.Json
Tenant = command_parts.Tenant
Loan = Annotated[str, typer.Argument(help="The loan, as loan_… or as its client calls it.")]
PaymentId = Annotated[str, typer.Argument(help="The payment, as lpay_….")]
Why = Annotated[str, typer.Option("--reason", help="Why; audited.")]
Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])]
_ACTOR = Actor("human", "cli")


@app.command("import")
def import_loans(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=f"CSV: {', '.join(importing.COLUMNS)}.")],
    tenant: Tenant,
    json: Json = False,
) -> None:
    """Take on the loans of a file, one line an instalment; a loan with a fault is left out and told. Exit 1 then."""
    try:
        lines = file.read_text("utf-8-sig").splitlines(keepends=True)
    except UnicodeDecodeError as error:
        raise Malformed(f"{file.name} is no text in UTF-8") from error
    with command_parts.begin(tenant, _ACTOR) as tx:
        report = importing.import_file(tx, lines)
    emit(report, as_json=json)
    if report.faults:
        raise typer.Exit(1)


@app.command("list")
def list_loans(
    tenant: Tenant,
    state: Annotated[str | None, typer.Option(help=f"One of {', '.join(STATES)}.")] = None,
    limit: int = 50,
    json: Json = False,
) -> None:
    """Loans, the newest first."""
    if state is not None and state not in STATES:
        raise Malformed(f"'{state[:40]}' is no state of a loan: there are {', '.join(STATES)}")
    with command_parts.begin(tenant, _ACTOR) as tx:
        rows = queries.list_loans(tx, state=state, limit=limit)
    emit([loan_model(row).model_dump(mode="json") for row in rows], as_json=json)


@app.command("show")
def show_loan(loan: Loan, tenant: Tenant, json: Json = False) -> None:
    """One loan: its dues, its payments with the lines that stand, and its timeline."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        found = show(tx, loan)
    emit(found.model_dump(mode="json"), as_json=json)


@app.command("payments")
def list_payments(loan: Loan, tenant: Tenant, limit: int = 50, json: Json = False) -> None:
    """A loan's payments, the newest first."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        rows = queries.payments_of(tx, queries.get_loan(tx, loan).id, limit=limit)
    emit([payment_model(row).model_dump(mode="json") for row in rows], as_json=json)


@app.command("payment-events")
def payment_events(payment_id: PaymentId, tenant: Tenant, json: Json = False) -> None:
    """What happened to a payment, in order."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        rows = queries.events_of_payment(tx, payment_id)
    emit([happening_model(row).model_dump(mode="json") for row in rows], as_json=json)


@app.command("pay")
def pay(
    loan: Loan,
    tenant: Tenant,
    amount: Annotated[str, typer.Option(help="As 1250.00.")],
    received_on: Day,
    currency: str = "USD",
    channel: Annotated[str, typer.Option(help=f"One of {', '.join(CHANNELS)}.")] = "manual",
    principal_only: Annotated[
        bool, typer.Option("--principal-only", help="What no due takes lowers the principal.")
    ] = False,
    idempotency_key: Annotated[str | None, typer.Option(help="The same key pays once.")] = None,
    json: Json = False,
) -> None:
    """Apply a payment, credited as of the day on which it was received."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        new = NewPayment(
            loan_id=loan,
            idempotency_key=idempotency_key or f"cli:{ids.new('key')}",
            amount_minor=Money.parse(amount, currency).minor,
            currency=currency,
            received_on=received_on.date(),
            source_channel=cast(Channel, channel),
            instruction="principal_only" if principal_only else "regular",
        )
        done = applying.apply_payment(tx, new)
        found = None if isinstance(done, Refused) else payment_model(queries.get_payment(tx, done.id))
    if isinstance(done, Refused):
        refuse(done, as_json=json)
    assert found is not None, "what was not refused was applied"
    emit(found.model_dump(mode="json"), as_json=json)


@app.command("undo")
def undo(
    payment_id: PaymentId,
    tenant: Tenant,
    reason: Why,
    code: Annotated[str | None, typer.Option(help="The return code, where a bank said one.")] = None,
    json: Json = False,
) -> None:
    """Take a payment back, once."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        done = undoing.undo_payment(tx, payment_id=payment_id, reason=reason, code=code)
    emit(undoing_model(done).model_dump(mode="json"), as_json=json)


@app.command("set-standing")
def set_standing(
    loan: Loan,
    standing: Annotated[str, typer.Argument(help=f"One of {', '.join(STANDINGS)}.")],
    tenant: Tenant,
    from_on: Day,
    reason: Why,
    json: Json = False,
) -> None:
    """Say what a loan is from a day on, whatever its dues say; `none` ends it."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        found = queries.get_loan(tx, loan)
        loans.set_standing(
            tx, loan_id=found.id, standing=cast(Standing, standing), from_on=from_on.date(), reason=reason
        )
        shown = loan_model(queries.get_loan(tx, found.id))
    emit(shown.model_dump(mode="json"), as_json=json)
