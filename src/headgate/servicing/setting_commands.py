"""`headgate loans`, what a tenant chooses: policies, return codes, holds, charges and schedules; and what came back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast, get_args

import typer
from pydantic import BaseModel, ValidationError

from headgate.core.db import Actor
from headgate.core.errors import Malformed
from headgate.core.money import Money
from headgate.core.terminal import emit
from headgate.servicing import loans, queries, returns, setting_documents, settings
from headgate.servicing.documents import due_model
from headgate.servicing.returns import Action, Kind, NewReturn, Severity
from headgate.servicing.routes import show
from headgate.servicing.setting_routes import write_policy
from headgate.tenants import command_parts
from headgate.web import field_faults, parse_json

app = typer.Typer()

Json = command_parts.Json
Tenant = command_parts.Tenant
Loan = Annotated[str, typer.Argument(help="The loan, as loan_… or as its client calls it.")]
Why = Annotated[str, typer.Option("--reason", help="Why; audited.")]
Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])]
Model = TypeVar("Model", bound=BaseModel)
_ACTOR = Actor("human", "cli")


@app.command("policies")
def list_policies(
    tenant: Tenant,
    product: Annotated[str | None, typer.Option(help="Of this product alone.")] = None,
    limit: int = 50,
    json: Json = False,
) -> None:
    """Versions of the products' allocation policies, the newest of each first."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        rows = settings.list_policies(tx, product=product, limit=limit)
    emit([setting_documents.policy_model(row).model_dump(mode="json") for row in rows], as_json=json)


@app.command("set-policy")
def set_policy(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The policy as JSON, as HTTP takes it.")],
    tenant: Tenant,
    json: Json = False,
) -> None:
    """Write the next version of a product's policy; what was received before its day, or is applied, keeps its own."""
    body = _read(file, setting_documents.NewLoanPolicy)
    with command_parts.begin(tenant, _ACTOR) as tx:
        row = write_policy(tx, body)
    emit(setting_documents.policy_model(row).model_dump(mode="json"), as_json=json)


@app.command("return-rules")
def list_return_rules(tenant: Tenant, json: Json = False) -> None:
    """What each return code does here; `*` is every other code."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        rows = settings.list_return_rules(tx)
    emit([setting_documents.return_rule_model(row).model_dump(mode="json") for row in rows], as_json=json)


@app.command("set-return-rule")
def set_return_rule(
    code: Annotated[str, typer.Argument(help="A return code, as R01.")],
    tenant: Tenant,
    action: Annotated[str, typer.Option(help=f"One of {', '.join(get_args(Action))}.")],
    severity: Annotated[str, typer.Option(help=f"One of {', '.join(get_args(Severity))}.")],
    reason: Why,
    json: Json = False,
) -> None:
    """Choose what a return code does from now on."""
    facts = {"code": code, "action": action, "severity": severity, "reason": reason}
    body = _checked(setting_documents.NewLoanReturnRule, facts)
    with command_parts.begin(tenant, _ACTOR) as tx:
        returns.set_return_rule(tx, **body.model_dump())
        row = next(row for row in settings.list_return_rules(tx) if row.code == code)
    emit(setting_documents.return_rule_model(row).model_dump(mode="json"), as_json=json)


@app.command("returns")
def list_returns(tenant: Tenant, limit: int = 50, json: Json = False) -> None:
    """What providers took back or asked back, the newest first, with those that wait for their payment."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        rows = settings.list_returns(tx, limit=limit)
    emit([setting_documents.return_model(row).model_dump(mode="json") for row in rows], as_json=json)


@app.command("return")
def record_return(
    transfer: Annotated[str, typer.Argument(help="The provider's id of the transfer that came back.")],
    tenant: Tenant,
    code: Annotated[str, typer.Option(help="As R01.")],
    on: Day,
    external_id: Annotated[str, typer.Option(help="The provider's own id of the return: the same one counts once.")],
    provider: Annotated[str, typer.Option(help="Who says so.")] = "bank",
    kind: Annotated[str, typer.Option(help=f"One of {', '.join(get_args(Kind))}.")] = "return",
    json: Json = False,
) -> None:
    """Record what a provider took back, and do what its code says; it waits where its payment is not here yet."""
    facts = {"provider": provider, "external_id": external_id, "provider_transfer_id": transfer, "code": code}
    body = _checked(setting_documents.NewLoanReturnModel, {**facts, "returned_on": on.date(), "kind": kind})
    with command_parts.begin(tenant, _ACTOR) as tx:
        done = returns.record_return(tx, NewReturn(**body.model_dump()))
        row = settings.returns_by_ids(tx, [done.id])[0]
    emit(setting_documents.return_model(row).model_dump(mode="json"), as_json=json)


@app.command("hold")
def set_holds(
    loan: Loan,
    tenant: Tenant,
    reason: Why,
    legal: Annotated[bool | None, typer.Option("--legal/--no-legal", help="Legal hold.")] = None,
    stop_pay: Annotated[bool | None, typer.Option("--stop-pay/--no-stop-pay", help="Payments are stopped.")] = None,
    kyc_incomplete: Annotated[
        bool | None, typer.Option("--kyc-incomplete/--kyc-complete", help="Who owes it is not known well enough.")
    ] = None,
    json: Json = False,
) -> None:
    """Hold a loan's payments, or lift that: what is not named stays as it is."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        found = queries.get_loan(tx, loan)
        loans.set_holds(
            tx, loan_id=found.id, legal_hold=legal, stop_pay=stop_pay, kyc_incomplete=kyc_incomplete, reason=reason
        )
        shown = show(tx, found.id)
    emit(shown.model_dump(mode="json"), as_json=json)


@app.command("charge")
def add_charge(
    loan: Loan,
    tenant: Tenant,
    amount: Annotated[str, typer.Option(help="As 25.00.")],
    due_on: Day,
    reason: Why,
    json: Json = False,
) -> None:
    """Charge a fee to a loan, beside its schedule."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        found = queries.get_loan(tx, loan)
        minor = Money.parse(amount, found.currency).minor
        loans.add_charge(tx, loan_id=found.id, amount_minor=minor, due_on=due_on.date(), reason=reason)
        shown = show(tx, found.id)
    emit(shown.model_dump(mode="json"), as_json=json)


@app.command("dues")
def list_dues(loan: Loan, tenant: Tenant, json: Json = False) -> None:
    """What a loan owes by instalment and charge, with what was paid of each."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        rows = queries.dues_of(tx, queries.get_loan(tx, loan).id)
    emit([due_model(row).model_dump(mode="json") for row in rows], as_json=json)


@app.command("import-schedule")
def import_schedule(
    loan: Loan,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Instalments as JSON, as HTTP takes them.")],
    tenant: Tenant,
    json: Json = False,
) -> None:
    """Give a loan instalments, or further ones; those that it has must be the same."""
    body = _read(file, setting_documents.NewSchedule)
    with command_parts.begin(tenant, _ACTOR) as tx:
        found = queries.get_loan(tx, loan)
        loans.import_schedule(tx, loan_id=found.id, dues=body.dues())
        shown = show(tx, found.id)
    emit(shown.model_dump(mode="json"), as_json=json)


def _read(file: Path, model: type[Model]) -> Model:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise Malformed(f"{file} cannot be read: {error.strerror}") from error
    return _checked(model, cast("dict[str, Any]", parse_json(data)), f"{file}: ")


def _checked(model: type[Model], facts: dict[str, Any], where: str = "") -> Model:
    try:
        return model.model_validate(facts)
    except ValidationError as error:
        told = "; ".join(f"{fault.field}: {fault.message}" for fault in field_faults(error.errors()))
        raise Malformed(where + told) from None
