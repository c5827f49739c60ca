"""Where exchange rates are read from, from the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from headgate import tenants
from headgate.core import egress
from headgate.core.db import Actor
from headgate.core.terminal import emit, open_database
from headgate.ingestion import rate_reading, rate_sources
from headgate.jobs import Outside

app = typer.Typer()

ACTOR = Actor("human", "cli")
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
TenantOption = Annotated[str, typer.Option("--tenant", help="The tenant's id or slug.")]
Name = Annotated[str, typer.Argument(help="The source's name, a word of yours, as ecb.")]


@app.command("set-rate-source")
def set_rate_source(
    name: Name,
    tenant: TenantOption,
    url: Annotated[str, typer.Option(help="What is called every day; the query is never shown again.")],
    format: Annotated[str, typer.Option(help="csv_v1 or ecb_xml_v1.")],
    json: Json = False,
) -> None:
    """Read exchange rates from a URL every day; a source of that name is replaced."""
    rate_sources.shown_url(url)
    with open_database() as database:
        egress.Client.from_config(database.config).check(url)
        with database.begin(tenant_id=tenants.find_tenant(database, tenant).id, actor=ACTOR) as tx:
            made = rate_sources.set_rate_source(tx, name=name, url=url, format=format)
    emit(made, as_json=json)


@app.command("rate-sources")
def list_rate_sources(tenant: TenantOption, json: Json = False) -> None:
    """Every source of exchange rates, with what its last try gave."""
    with (
        open_database() as database,
        database.begin(tenant_id=tenants.find_tenant(database, tenant).id, actor=ACTOR) as tx,
    ):
        found = rate_sources.list_rate_sources(tx)
    emit(found, as_json=json)


@app.command("read-rates")
def read_rates(name: Name, tenant: TenantOption, json: Json = False) -> None:
    """Read a source now; the job fx_rates_daily does it every day. Exits 1 where it failed."""
    with open_database() as database:
        outside = Outside(database, tenants.find_tenant(database, tenant).id, ACTOR)
        done = rate_reading.read_rates(outside, name)
    emit(done, as_json=json)
    if done.failure is not None:
        raise typer.Exit(1)


@app.command("remove-rate-source")
def remove_rate_source(name: Name, tenant: TenantOption, json: Json = False) -> None:
    """Read a source no more; what was read stays."""
    with (
        open_database() as database,
        database.begin(tenant_id=tenants.find_tenant(database, tenant).id, actor=ACTOR) as tx,
    ):
        rate_sources.remove_rate_source(tx, name)
    emit({"removed": name}, as_json=json)
