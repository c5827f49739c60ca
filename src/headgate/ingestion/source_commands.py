"""`headgate ingestion set-source`, `sources`, `fetch` and the like: where evidence is fetched, and fetching it now."""

from __future__ import annotations

import json as json_module
from typing import Annotated, Any

import typer

from headgate import tenants
from headgate.core import terminal
from headgate.core.db import Actor
from headgate.core.terminal import emit
from headgate.ingestion import sources
from headgate.ingestion.errors import MalformedSource
from headgate.jobs import Outside
from headgate.tenants import command_parts

app = typer.Typer()

ACTOR = Actor("human", "cli")
Json = command_parts.Json
Tenant = command_parts.Tenant
Name = Annotated[str, typer.Argument(help="The source's name, a word of yours, as amegy-statements.")]
Limit = Annotated[int, typer.Option(min=1, max=200)]


@app.command("set-source")
def set_source(
    name: Name,
    tenant: Tenant,
    connector: Annotated[str, typer.Option(help="folder, sftp, email or poll.")],
    setting: Annotated[
        list[str] | None,
        typer.Option(help="NAME=VALUE, as host=sftp.bank.example; a list or a table as JSON. May be said again."),
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="What the artifacts call where they come from; else the name.")
    ] = None,
    every_seconds: Annotated[
        int | None, typer.Option(help="How often it is fetched; else every 5 minutes, SFTP once a day.")
    ] = None,
    key_file: command_parts.SecretFile = None,
    password_file: command_parts.SecretFile = None,
    token_file: command_parts.SecretFile = None,
    json: Json = False,
) -> None:
    """Fetch evidence there from now on; a source of that name is replaced. Without a secret the one that stands is kept."""
    login, secret = None, None
    for kind, path in (("key", key_file), ("password", password_file), ("token", token_file)):
        if path is not None:
            login, secret = kind, command_parts.secret_in(path)
    if secret is not None and login != "key":
        secret = secret.rstrip("\r\n")
    with terminal.open_database() as database:
        tenant_id = tenants.find_tenant(database, tenant).id
        terms = sources.check_source(
            database.config,
            name=name,
            connector=connector,
            settings=_settings(setting or []),
            source=source,
            every_seconds=every_seconds,
            login=login,
            secret=secret,
        )
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            made = sources.set_source(tx, terms)
    emit(made, as_json=json)


@app.command("sources")
def list_sources(tenant: Tenant, json: Json = False) -> None:
    """Every source that is fetched, with its health."""
    with command_parts.begin(tenant, ACTOR) as tx:
        found = sources.list_sources(tx)
    if json:
        emit(found, as_json=True)
        return
    emit("\n".join(_line(one) for one in found) or "nothing is fetched: set a source with set-source", as_json=False)


@app.command("source")
def get_source(name: Name, tenant: Tenant, json: Json = False) -> None:
    """One source, with its settings and its health."""
    with command_parts.begin(tenant, ACTOR) as tx:
        found = sources.get_source(tx, name)
    emit(found, as_json=json)


@app.command("source-tries")
def list_tries(name: Name, tenant: Tenant, limit: Limit = 20, json: Json = False) -> None:
    """The tries to fetch a source that brought something or went wrong, the latest first."""
    with command_parts.begin(tenant, ACTOR) as tx:
        found = sources.list_source_tries(tx, name, limit=limit)
    emit(found, as_json=json)


@app.command("source-items")
def list_items(name: Name, tenant: Tenant, limit: Limit = 20, json: Json = False) -> None:
    """What a source gave, the latest first: the artifact that each became, or why it became none."""
    with command_parts.begin(tenant, ACTOR) as tx:
        found = sources.list_source_items(tx, name, limit=limit)
    emit(found, as_json=json)


@app.command("remove-source")
def remove_source(name: Name, tenant: Tenant, json: Json = False) -> None:
    """Fetch there no more; what was taken stays."""
    with command_parts.begin(tenant, ACTOR) as tx:
        sources.remove_source(tx, name)
    emit({"removed": name}, as_json=json)


@app.command("fetch")
def fetch(
    name: Name,
    tenant: Tenant,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Look again at all that the place still has; what was taken is known.")
    ] = False,
    json: Json = False,
) -> None:
    """Fetch a source now; the jobs source_fetch and sftp_download_daily do it by themselves. Exits 1 where it failed."""
    from headgate.ingestion.source_fetching import fetch_source

    with terminal.open_database() as database:
        outside = Outside(database, tenants.find_tenant(database, tenant).id, ACTOR)
        done = fetch_source(outside, name, seconds_max=3600, is_from_start=from_start)
    emit(done, as_json=json)
    if done.outcome != "taken":
        raise typer.Exit(1)


def _settings(lines: list[str]) -> dict[str, Any]:
    """Settings as people write them on a command line. Raises MalformedSource."""
    made: dict[str, Any] = {}
    for line in lines:
        name, equals, value = line.partition("=")
        if not equals:
            raise MalformedSource(f"a setting is NAME=VALUE, not '{line[:60]}'", field="settings")
        try:
            made[name.strip()] = json_module.loads(value) if value[:1] in ("[", "{") else value
        except ValueError as error:
            raise MalformedSource(
                f"the setting {name[:60]} is no JSON: {error}", field=f"settings.{name[:60]}"
            ) from error
    return made


def _line(one: sources.Source) -> str:
    every = f"every {one.every_seconds} s" if one.every_seconds is not None else "once a day"
    read = f"read {one.last_success_at:%Y-%m-%d %H:%M:%S} UTC" if one.last_success_at is not None else "never read"
    ill = f"; failed {one.failures} times: {one.last_failure}" if one.failures else ""
    gaps = f"; {one.gaps} gaps" if one.gaps else ""
    return f"{one.name}  {one.connector}  {one.place}  {every}; {read}; {one.items_taken} taken; breaker {one.breaker}{ill}{gaps}"
