"""What the gate judges by, from the command line: changes asked for, approved by another person and made; and how it stands.

A change is written as HTTP takes it (`POST /v1/funding/changes`), in a file:
`{"kind": "limit", "policy": "velocity", "currency": "USD", "limit": {"count": 5}}`, or of kind setting, override,
credit_line or credit_draw. Who asks is the person behind an API key; another one approves under /v1/cases/approvals.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from headgate import cases, funding
from headgate.core.db import Actor
from headgate.core.errors import Malformed
from headgate.core.terminal import emit
from headgate.funding.control_models import Change, ChangeModel, credit_model, limit_model
from headgate.funding.routes import deposits_model, evaluation_model
from headgate.tenants import command_parts, legal_entity

app = typer.Typer()

ACTOR = Actor("human", "cli")
Json = command_parts.Json
Tenant = command_parts.Tenant
Why = Annotated[str, typer.Option("--reason", help="Why; audited.")]
ChangeFile = Annotated[Path, typer.Argument(help="The change as JSON, as HTTP takes it.", exists=True, dir_okay=False)]
Entity = command_parts.Entity
Client = Annotated[str, typer.Argument(help="The client, as le_….")]
Judgement = Annotated[str, typer.Argument(help="A judgement, as evl_….")]
Statement = Annotated[str, typer.Argument(help="A statement that was read, as art_….")]
_CHANGE: TypeAdapter[Change] = TypeAdapter(Change)


@app.command("request-change")
def request_change(
    change: ChangeFile,
    key_file: command_parts.KeyFile,
    reason: Why,
    hours: Annotated[int, typer.Option(min=1, max=168, help="How long the request stands.")] = 24,
    json: Json = False,
) -> None:
    """Ask another person to allow exactly this change of a limit, a setting, an override or credit."""
    wanted = _read(change)
    with command_parts.begin_as(key_file, "funding.manage") as tx:
        action, document = wanted.asks(tx)
        asked = cases.request(
            tx, action=action, subject=wanted.kind, document=document, reason=reason, life=timedelta(hours=hours)
        )
    emit(asked, as_json=json)


@app.command("make-change")
def make_change(
    change: ChangeFile,
    tenant: Tenant,
    approval: Annotated[str, typer.Option(help="The approval that another person gave, as apr_….")],
    reason: Why,
    json: Json = False,
) -> None:
    """Make a change that another person approved, once; the file says exactly what was approved."""
    wanted = _read(change)
    with command_parts.begin(tenant, ACTOR) as tx:
        _, document = wanted.asks(tx)
        wanted.make(tx, reason=reason, approval_id=approval, key=f"cli:{approval}")
    made = ChangeModel(kind=wanted.kind, approval_id=approval, document=document)
    emit(made.model_dump(mode="json"), as_json=json)


@app.command("limits")
def show_limits(tenant: Tenant, legal_entity_id: Entity = None, json: Json = False) -> None:
    """Limits of the gate's policies, the newest first; of each policy the newest in force counts."""
    with command_parts.begin(tenant, ACTOR) as tx:
        rows = funding.list_limits(tx, legal_entity_id=legal_entity_id)
    emit([limit_model(row).model_dump(mode="json") for row in rows], as_json=json)


@app.command("overrides")
def show_overrides(tenant: Tenant, legal_entity_id: Entity = None, json: Json = False) -> None:
    """What two people allowed beside the policies and is in force, the newest first."""
    with command_parts.begin(tenant, ACTOR) as tx:
        rows = funding.list_overrides(tx, legal_entity_id=legal_entity_id, in_force_only=True)
    emit(to_jsonable_python(rows), as_json=json)


@app.command("credit-line")
def show_credit(legal_entity_id: Client, tenant: Tenant, currency: str = "USD", json: Json = False) -> None:
    """A client's credit line, and what is drawn of it."""
    with command_parts.begin(tenant, ACTOR) as tx:
        found = funding.credit_standing(tx, legal_entity_id=legal_entity(tx, legal_entity_id).id, currency=currency)
    emit(credit_model(found).model_dump(mode="json"), as_json=json)


@app.command("evaluations")
def show_evaluations(
    tenant: Tenant,
    subject: Annotated[str | None, typer.Option(help="Of one payroll, as prl_….")] = None,
    failed_only: Annotated[bool, typer.Option("--failed-only", help="Those that did not pass.")] = False,
    limit: int = 50,
    json: Json = False,
) -> None:
    """Judgements of the gate with the figures that they saw, the newest first."""
    with command_parts.begin(tenant, ACTOR) as tx:
        rows = funding.list_evaluations(tx, subject=subject, failed_only=failed_only, limit=limit)
    emit([evaluation_model(row).model_dump(mode="json") for row in rows], as_json=json)


@app.command("evaluation")
def show_evaluation(evaluation_id: Judgement, tenant: Tenant, json: Json = False) -> None:
    """One judgement of the gate."""
    with command_parts.begin(tenant, ACTOR) as tx:
        found = funding.evaluation(tx, evaluation_id)
    emit(evaluation_model(found).model_dump(mode="json"), as_json=json)


@app.command("payer-reference")
def payer_reference(legal_entity_id: Client, tenant: Tenant, json: Json = False) -> None:
    """The reference that a client puts into its wires, known from the first call on."""
    with command_parts.begin(tenant, ACTOR) as tx:
        reference = funding.payer_reference(tx, legal_entity_id=legal_entity_id)
    emit({"legal_entity_id": legal_entity_id, "reference": reference}, as_json=json)


@app.command("settle-deposits")
def settle_deposits(artifact_id: Statement, tenant: Tenant, json: Json = False) -> None:
    """Record what a bank statement says came in."""
    with command_parts.begin(tenant, ACTOR) as tx:
        done = funding.settle_deposits(tx, artifact_id=artifact_id)
    emit(deposits_model(done).model_dump(mode="json"), as_json=json)


def _read(path: Path) -> Change:
    try:
        return _CHANGE.validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise Malformed(f"{path.name} holds no change: {where}: {first['msg']}") from error
