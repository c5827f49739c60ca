"""Where webhooks come in, from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headgate.core.db import Actor
from headgate.core.terminal import emit
from headgate.ingestion import webhooks
from headgate.tenants import command_parts

app = typer.Typer()

ACTOR = Actor("human", "cli")
Json = command_parts.Json
Tenant = command_parts.Tenant


@app.command("set-webhook")
def set_webhook(
    source: Annotated[str, typer.Argument(help="Whose webhooks: a word of yours, as column.")],
    tenant: Tenant,
    scheme: Annotated[str, typer.Option(help="column, stripe, standard or hmac_sha256.")],
    secret_file: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, readable=True, help="The provider's secret; kept sealed.")
    ],
    endpoint: Annotated[str | None, typer.Option(help="The endpoint to change, as whe_….")] = None,
    provider_endpoint: Annotated[str | None, typer.Option(help="What the provider calls it in its header.")] = None,
    allow: Annotated[list[str] | None, typer.Option(help="A network that may send; several times for more.")] = None,
    json: Json = False,
) -> None:
    """Take webhooks of a source; with --endpoint change it, and its secret. The former one is good for a day more."""
    with command_parts.begin(tenant, ACTOR) as tx:
        made = webhooks.set_webhook(
            tx,
            source=source,
            scheme=scheme,
            secret=command_parts.secret_in(secret_file).strip(),
            endpoint_id=endpoint,
            provider_endpoint_id=provider_endpoint,
            allowed_networks=allow or (),
        )
    emit(made, as_json=json)


@app.command("webhooks")
def list_webhooks(tenant: Tenant, json: Json = False) -> None:
    """Where webhooks are taken: the address is /v1/ingestion/webhooks/<source>/<id>."""
    with command_parts.begin(tenant, ACTOR) as tx:
        found = webhooks.list_webhooks(tx)
    emit(found, as_json=json)


@app.command("remove-webhook")
def remove_webhook(
    endpoint: Annotated[str, typer.Argument(help="The endpoint, as whe_….")], tenant: Tenant, json: Json = False
) -> None:
    """Take no more there; what came stays."""
    with command_parts.begin(tenant, ACTOR) as tx:
        webhooks.remove_webhook(tx, endpoint)
    emit({"removed": endpoint}, as_json=json)
