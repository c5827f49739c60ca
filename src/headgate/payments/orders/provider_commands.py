"""Whom payments are sent through, from the command line: a provider a rail."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from headgate import tenants
from headgate.core import egress
from headgate.core.db import Actor
from headgate.core.terminal import emit, open_database
from headgate.payments.orders import providers
from headgate.rails import PostalAddress
from headgate.tenants import command_parts

app = typer.Typer()

Json = command_parts.Json
Tenant = command_parts.Tenant
Rail = Annotated[str, typer.Argument(help=f"One of {', '.join(providers.RAILS)}.")]
_ACTOR = Actor("human", "cli")
AUTHORIZATION = "HEADGATE_PROVIDER_AUTHORIZATION"


@app.command("set-provider")
def set_provider(
    rail: Rail,
    tenant: Tenant,
    url: Annotated[str, typer.Option(help="The gateway's URL.")],
    routing_number: Annotated[str, typer.Option(help="Our bank's, by which its profile is found.")],
    account_number: Annotated[str, typer.Option(help="The account that payments leave; shown as its last four.")],
    town: Annotated[str, typer.Option(help="Of the paying company's address.")],
    street: Annotated[str, typer.Option(help="…")] = "",
    building: Annotated[str, typer.Option(help="…")] = "",
    post_code: Annotated[str, typer.Option(help="…")] = "",
    state: Annotated[str, typer.Option(help="…")] = "",
    country: Annotated[str, typer.Option(help="…")] = "US",
    timeout_seconds: Annotated[int, typer.Option(help="How long an answer is waited for.")] = providers.TIMEOUT_SECONDS,
    fallback_rail: Annotated[
        str | None, typer.Option(help="The rail for what cannot go over this one; without it, it waits with a case.")
    ] = None,
    bank: Annotated[
        str | None, typer.Option(help="The bank's profile, as column, where its routing number does not tell it.")
    ] = None,
    json: Json = False,
) -> None:
    """Speak to this provider over a rail from now on. What is sent as Authorization comes from the environment, as
    HEADGATE_PROVIDER_AUTHORIZATION.
    """
    with open_database() as database:
        egress.Client.from_config(database.config).check(url)
        with database.begin(tenant_id=tenants.find_tenant(database, tenant).id, actor=_ACTOR) as tx:
            made = providers.set_provider(
                tx,
                rail=rail,
                url=url,
                routing_number=routing_number,
                account_number=account_number,
                address=PostalAddress(
                    town, country, street or None, building or None, post_code or None, state or None
                ),
                authorization=os.environ.get(AUTHORIZATION, ""),
                timeout_seconds=timeout_seconds,
                fallback_rail=fallback_rail,
                bank=bank,
            )
    emit(made, as_json=json)


@app.command("providers")
def list_providers(tenant: Tenant, json: Json = False) -> None:
    """Whom the tenant speaks to, by rail."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        found = providers.list_providers(tx)
    emit(found, as_json=json)


@app.command("remove-provider")
def remove_provider(rail: Rail, tenant: Tenant, json: Json = False) -> None:
    """Send nothing over a rail any more; shows who is left."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        providers.remove_provider(tx, rail)
        left = providers.list_providers(tx)
    emit(left, as_json=json)
