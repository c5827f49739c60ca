"""A backdated posting under four eyes, from the command line.

Who asks is the person behind an API key, never a name on the command line: else one person could ask in another's name
and approve it too. Another person approves under /v1/cases/approvals.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from headgate import ledger
from headgate.core.db import Actor
from headgate.core.errors import Malformed, Refused
from headgate.core.terminal import emit, refuse
from headgate.recon.backdating import post_backdated, request_backdating
from headgate.recon.backdating_documents import BackdatedModel, BackdatingRequest
from headgate.tenants import command_parts
from headgate.web import field_faults, parse_json

app = typer.Typer()

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


@app.command("request-backdating")
def ask(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="JSON, as POST /v1/recon/backdating-requests takes it.")
    ],
    key_file: command_parts.KeyFile,
    json: Json = False,
) -> None:
    """Ask another person to let a posting pass a limit of the past; nothing is posted yet."""
    body = _read(file)
    with command_parts.begin_as(key_file, "ledger.post") as tx:
        numbers = ledger.resolve_accounts(tx, body.names)
        asked = request_backdating(tx, posting=body.posting(numbers), reason=body.reason)
    if isinstance(asked, Refused):
        refuse(asked, as_json=json)
    emit(asked, as_json=json)


@app.command("post-backdated")
def post(
    approval: Annotated[str, typer.Argument(help="The approval's id, apr_….")],
    tenant: Annotated[str, typer.Option("--tenant", help="The tenant's id or slug.")],
    json: Json = False,
) -> None:
    """Post what was approved, once; again, the first answer."""
    with command_parts.begin(tenant, Actor("human", "cli")) as tx:
        posted = post_backdated(tx, approval_id=approval)
    if isinstance(posted, Refused):
        refuse(posted, as_json=json)
    emit(BackdatedModel.of(posted, approval).model_dump(mode="json"), as_json=json)


def _read(file: Path) -> BackdatingRequest:
    try:
        return BackdatingRequest.model_validate(parse_json(file.read_bytes()))
    except ValidationError as error:
        told = "; ".join(f"{fault.field}: {fault.message}" for fault in field_faults(error.errors()))
        raise Malformed(f"{file}: {told}") from error
