"""`headgate ingestion`: keep and read files, and see what was read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headgate import ingestion, tenants
from headgate.core import terminal
from headgate.core.db import Actor
from headgate.core.errors import Refused
from headgate.core.terminal import emit, refuse
from headgate.ingestion import (
    artifact_commands,
    desk_commands,
    file_commands,
    payment_commands,
    payment_source_commands,
    rate_commands,
    source_commands,
    webhook_commands,
)
from headgate.ingestion.schemas import schema_of, schemas
from headgate.tenants import command_parts

app = typer.Typer(
    name="ingestion", help="Evidence of money: keep files, read them, see their faults.", no_args_is_help=True
)

app.add_typer(rate_commands.app)
app.add_typer(webhook_commands.app)
app.add_typer(source_commands.app)
app.add_typer(payment_source_commands.app)
app.add_typer(desk_commands.app)
APPS = (app, artifact_commands.app, file_commands.app, payment_commands.app)

ACTOR = Actor("human", "cli")
Json = command_parts.Json
Tenant = command_parts.Tenant
ArtifactId = Annotated[str, typer.Argument(help="The artifact, as art_….")]


@app.command("receive")
def receive(
    file: Annotated[Path, typer.Argument(help="The file.", exists=True, dir_okay=False, readable=True)],
    tenant: Tenant,
    source: Annotated[str, typer.Option(help="Where it comes from, as upload or bank.amegy.")] = "upload",
    kind: Annotated[str | None, typer.Option(help="statement, returns or register; else its bytes say it.")] = None,
    parser: Annotated[str | None, typer.Option(help="A parser by name, where the bytes do not say it.")] = None,
    json: Json = False,
) -> None:
    """Keep a file, then read it. The same bytes again change nothing."""
    with terminal.open_database() as database:
        tenant_id = tenants.find_tenant(database, tenant).id
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            artifact = ingestion.receive(tx, source=source, kind=kind, filename=file.name, data=file.read_bytes())
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            reading = ingestion.read(tx, artifact.id, parser=parser)
    if isinstance(reading, Refused):
        refuse(reading, as_json=json)
    emit(reading, as_json=json)


@app.command("schemas")
def show_schemas(
    name: Annotated[
        str | None, typer.Argument(help="A schema by name, as headgate.payments.v1; else all names.")
    ] = None,
    json: Json = False,
) -> None:
    """The JSON Schemas of the payment envelope and of normalised records. One that is named is printed as it is."""
    if name is not None:
        emit(schema_of(name), as_json=True)
    else:
        found = [{"name": one, "description": schemas()[one]["description"]} for one in sorted(schemas())]
        emit(found, as_json=json)


@app.command("list")
def list_artifacts(tenant: Tenant, limit: int = 20, json: Json = False) -> None:
    """The artifacts of a tenant, newest first."""
    with command_parts.begin(tenant, ACTOR) as tx:
        found = ingestion.list_artifacts(tx, limit=limit)
    emit(found, as_json=json)


@app.command("records")
def list_records(artifact_id: ArtifactId, tenant: Tenant, limit: int = 50, json: Json = False) -> None:
    """The records read in an artifact."""
    with command_parts.begin(tenant, ACTOR) as tx:
        ingestion.get_artifact(tx, artifact_id)
        found = ingestion.list_records(tx, artifact_id=artifact_id, limit=limit)
    emit(found, as_json=json)


@app.command("faults")
def list_faults(artifact_id: ArtifactId, tenant: Tenant, limit: int = 50, json: Json = False) -> None:
    """What is wrong in an artifact, by line and field."""
    with command_parts.begin(tenant, ACTOR) as tx:
        ingestion.get_artifact(tx, artifact_id)
        found = ingestion.list_faults(tx, artifact_id=artifact_id, limit=limit)
    emit(found, as_json=json)


@app.command("statements")
def list_statements(artifact_id: ArtifactId, tenant: Tenant, limit: int = 50, json: Json = False) -> None:
    """The statements read in an artifact, with the proof of their balances."""
    with command_parts.begin(tenant, ACTOR) as tx:
        ingestion.get_artifact(tx, artifact_id)
        found = ingestion.list_statements(tx, artifact_id=artifact_id, limit=limit)
    emit(found, as_json=json)
