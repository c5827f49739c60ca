"""`headgate payments delivery`: two people's word on a file of which nobody knows whether the bank has it.

Who asks and who answers is the person behind an API key, never a name on the command line.
"""

from __future__ import annotations

from typing import Annotated, cast, get_args

import typer

from headgate import cases
from headgate.core.db import Actor
from headgate.core.errors import Malformed
from headgate.core.terminal import emit
from headgate.payments.delivery import decisions as delivery_decisions
from headgate.payments.delivery.decisions import Word
from headgate.payments.documents import file_model
from headgate.payments.files import files
from headgate.tenants import command_parts

app = typer.Typer(
    name="delivery", help="Files of which nobody knows whether the bank has them: two people say.", no_args_is_help=True
)

Json = command_parts.Json
Tenant = command_parts.Tenant
ApprovalId = Annotated[str, typer.Argument(help="What was asked for, as apr_….")]
Digest = Annotated[str, typer.Option(help="The digest that `delivery list` shows: that you read just this.")]
_ACTOR = Actor("human", "cli")


@app.command("list")
def list_open(tenant: Tenant, json: Json = False) -> None:
    """Files whose outcome nobody knows, and what was asked for about them."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        unknown = files.list_files(tx, status="outcome_unknown", limit=200)
        asked = delivery_decisions.open_requests(tx)
    if json:
        emit({"files": [file_model(one).model_dump(mode="json") for one in unknown], "requests": asked}, as_json=True)
        return
    lines = [f"{one.id}  {one.name}  {one.entry_count} entries  {one.credit.format()}" for one in unknown]
    for one in asked:
        lines += [
            "",
            f"{one.id}  {one.status}: that {one.payload['name']} is {one.payload['verdict']}, try {one.payload['try_no']}",
            f"  asked by {one.maker_id} until {one.expires_at:%Y-%m-%d %H:%M}Z: {one.reason}",
            f"  digest {one.digest}",
        ]
    emit("\n".join(lines) or "Of every file it is known whether the bank has it.", as_json=False)


@app.command("propose")
def propose(
    file_id: Annotated[str, typer.Argument(help="The file, as fil_….")],
    verdict: Annotated[str, typer.Option(help="What the bank says: delivered (it has the file), or absent.")],
    reason: Annotated[str, typer.Option(help="How you know: whom you asked at the bank, and when.")],
    key_file: command_parts.KeyFile,
    json: Json = False,
) -> None:
    """Ask another person to say with you what became of a file. Nothing changes yet."""
    if verdict not in get_args(Word):
        raise Malformed(f"verdict must be one of {', '.join(get_args(Word))}")
    with command_parts.begin_as(key_file, "payments.send") as tx:
        asked = delivery_decisions.request_delivery_decision(
            tx, file_id=file_id, verdict=cast(Word, verdict), reason=reason
        )
    emit(asked, as_json=json)


@app.command("approve")
def approve(approval_id: ApprovalId, digest: Digest, key_file: command_parts.KeyFile, json: Json = False) -> None:
    """Say yes, as another person than who asked: the file counts as delivered, or its bytes are handed over again."""
    with command_parts.begin_as(key_file, "cases.approve") as tx:
        file = delivery_decisions.approve_delivery(tx, approval_id=approval_id, digest=digest)
    emit(file_model(file).model_dump(mode="json"), as_json=json)


@app.command("refuse")
def refuse(
    approval_id: ApprovalId,
    digest: Digest,
    reason: Annotated[str, typer.Option(help="Why not.")],
    key_file: command_parts.KeyFile,
    json: Json = False,
) -> None:
    """Say no: the request is over, and the file stays as it is."""
    with command_parts.begin_as(key_file, "cases.approve") as tx:
        delivery_decisions.require_delivery(tx, approval_id)
        refused = cases.reject(tx, approval_id=approval_id, digest=digest, reason=reason)
    emit(refused, as_json=json)
