"""What a desk sees of evidence, from the command line: lines, sources, and what the columns of tables mean."""

from __future__ import annotations

import json as documents
from pathlib import Path
from typing import Annotated, Any

import typer

from headgate import ingestion
from headgate.core.db import Actor
from headgate.core.errors import Malformed
from headgate.core.terminal import emit
from headgate.ingestion import desk_routes
from headgate.tenants import command_parts

app = typer.Typer()

ACTOR = Actor("human", "cli")
Json = command_parts.Json
Tenant = command_parts.Tenant
ArtifactId = Annotated[str, typer.Argument(help="The artifact, as art_….")]


@app.command("lines")
def show_lines(
    artifact_id: ArtifactId,
    tenant: Tenant,
    line: Annotated[int, typer.Option(min=1, help="The line to look at.")] = 1,
    around: Annotated[int, typer.Option(min=0, max=200, help="Lines before and after it.")] = 8,
    json: Json = False,
) -> None:
    """Lines of an artifact about one of them. What may name people or accounts is hidden, letter for letter."""
    with command_parts.begin(tenant, ACTOR) as tx:
        shown = ingestion.show_lines(tx, artifact_id, line=line, around=around)
    text = "\n".join(f"{one.number:>7}  {one.text}" for one in shown.lines) or "its bytes are no text"
    emit(shown if json else text, as_json=json)


@app.command("reveal")
def reveal(
    subject: Annotated[str, typer.Argument(help="An artifact or a message, as art_… or ing_….")],
    tenant: Tenant,
    reason: Annotated[str, typer.Option(help="Why; it stands in the audit log.")],
    json: Json = False,
) -> None:
    """Show what is hidden of an artifact or a message for a quarter of an hour."""
    with command_parts.begin(tenant, ACTOR) as tx:
        until = ingestion.reveal(tx, subject=subject, reason=reason)
    emit({"subject": subject, "until": until} if json else f"shown until {until:%H:%M:%S %Z}", as_json=json)


@app.command("standings")
def source_standings(tenant: Tenant, json: Json = False) -> None:
    """How every source fares: what came by the hour, when it was last heard, what went wrong."""
    with command_parts.begin(tenant, ACTOR) as tx:
        found = ingestion.source_standings(tx)
    emit(found, as_json=json)


@app.command("pause-source")
def pause_source(
    name: Annotated[str, typer.Argument(help="The source, as it was set.")],
    tenant: Tenant,
    reason: Annotated[str, typer.Option(help="Why.")],
    json: Json = False,
) -> None:
    """Fetch there no more until it is resumed."""
    with command_parts.begin(tenant, ACTOR) as tx:
        paused = ingestion.pause_source(tx, name=name, reason=reason)
    emit(paused, as_json=json)


@app.command("resume-source")
def resume_source(
    name: Annotated[str, typer.Argument(help="The source, as it was set.")],
    tenant: Tenant,
    reason: Annotated[str, typer.Option(help="Why.")],
    json: Json = False,
) -> None:
    """Go on fetching where it stood."""
    with command_parts.begin(tenant, ACTOR) as tx:
        ingestion.resume_source(tx, name=name, reason=reason)
    emit({"resumed": name} if json else "resumed", as_json=json)


@app.command("messages")
def list_messages(
    tenant: Tenant,
    query: Annotated[str, typer.Option("--query", help="As in the console: status:received age:<2d.")] = "",
    limit: int = 20,
    json: Json = False,
) -> None:
    """Payments that came in, the newest first."""
    with command_parts.begin(tenant, ACTOR) as tx:
        found = ingestion.find_messages(tx, ingestion.parse_messages(query), limit=limit)
    emit(found, as_json=json)


@app.command("preview-table")
def preview_table(
    artifact_id: ArtifactId,
    tenant: Tenant,
    mapping: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="A mapping as JSON; else the saved or proposed one."),
    ] = None,
    json: Json = False,
) -> None:
    """What a table would become: the meaning of its columns, and its first rows as they would be read."""
    with command_parts.begin(tenant, ACTOR) as tx:
        found = ingestion.preview_table(tx, artifact_id, mapping=_document(mapping) if mapping else None)
    emit(desk_routes.PreviewModel.of(found).model_dump(mode="json"), as_json=json)


@app.command("mappings")
def list_mappings(tenant: Tenant, json: Json = False) -> None:
    """What was said of the columns of tables, by source."""
    with command_parts.begin(tenant, ACTOR) as tx:
        found = ingestion.list_mappings(tx)
    emit(found, as_json=json)


@app.command("save-mapping")
def save_mapping(
    source: Annotated[str, typer.Argument(help="Whose tables, as bank.first.")],
    mapping: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="The mapping, as preview-table --json shows it.")
    ],
    tenant: Tenant,
    parser: Annotated[str, typer.Option(help="csv_v1, xlsx_v1 or json_v1.")] = "csv_v1",
    json: Json = False,
) -> None:
    """Read a source's tables of these columns so from now on."""
    with command_parts.begin(tenant, ACTOR) as tx:
        saved = ingestion.save_mapping(tx, source=source, parser=parser, mapping=_document(mapping))
    emit(saved, as_json=json)


@app.command("remove-mapping")
def remove_mapping(source: str, fingerprint: str, tenant: Tenant, json: Json = False) -> None:
    """Forget what was said of these columns; what was read stays."""
    with command_parts.begin(tenant, ACTOR) as tx:
        ingestion.remove_mapping(tx, source=source, fingerprint=fingerprint)
    emit({"removed": fingerprint} if json else "removed", as_json=json)


def _document(path: Path) -> dict[str, Any]:
    try:
        found = documents.loads(path.read_text())
    except ValueError as error:
        raise Malformed(f"{path.name} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise Malformed(f"{path.name} holds no mapping: write an object, as preview-table --json shows it")
    return dict(found.get("mapping", found))
