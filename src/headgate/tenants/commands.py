"""`headgate tenants`, `legal-entities`, `users` and `keys`: what the installation's administrator sets up."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from headgate import tenants
from headgate.core.clock import instant
from headgate.core.db import Tx
from headgate.core.errors import Malformed
from headgate.core.terminal import emit, open_database, say
from headgate.tenants.command_parts import Json, Tenant, begin
from headgate.tenants.tenants import ADMINISTRATOR

app = typer.Typer(
    name="tenants", help="Who is served: create and list tenants, move a test tenant's clock.", no_args_is_help=True
)
legal_entities = typer.Typer(name="legal-entities", help="The companies of a tenant.", no_args_is_help=True)
users = typer.Typer(name="users", help="The persons of a tenant: four eyes compare them.", no_args_is_help=True)
keys = typer.Typer(name="keys", help="The API keys of a tenant.", no_args_is_help=True)
APPS = (app, legal_entities, users, keys)
"""Every command group of this domain, for the one door that composes them."""


@app.command("create")
def create_tenant(
    named: Annotated[str | None, typer.Argument(metavar="[SLUG]", help="The slug; the same as --slug.")] = None,
    slug: Annotated[
        str | None, typer.Option(help="2 to 40 lower-case letters, digits and hyphens; made of the name unless given.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="How people call it; the slug unless given.")] = None,
    live: Annotated[
        bool, typer.Option("--live/--test", help="Real money, or a test tenant: for ever, either way.")
    ] = False,
    json: Json = False,
) -> None:
    """Create a tenant."""
    if named and slug and named != slug:
        raise Malformed("give the slug once: as the argument or as --slug")
    chosen = slug or named or _slug_of(name)
    with open_database() as database:
        emit(tenants.create_tenant(database, slug=chosen, name=name or chosen, livemode=live), as_json=json)


@app.command("list")
def list_tenants(json: Json = False) -> None:
    """Every tenant, oldest first."""
    with open_database() as database:
        emit(tenants.directory(database), as_json=json)


@app.command("clock")
def move_clock(
    tenant: Tenant,
    by: Annotated[str | None, typer.Option(help="Forward by 90s, 15m, 8h or 3d.")] = None,
    to: Annotated[str | None, typer.Option(help="To an instant, as 2026-11-20T17:00:00Z.")] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Back to real time.")] = False,
    json: Json = False,
) -> None:
    """Show a tenant's clock, or move a test tenant's."""
    if sum((by is not None, to is not None, reset)) > 1:
        raise Malformed("give one of --by, --to and --reset")
    with open_database() as database:
        found = tenants.find_tenant(database, tenant)
        with database.begin(tenant_id=found.id, actor=ADMINISTRATOR) as tx:
            if by is None and to is None and not reset:
                now = tx.now()
            else:
                now = tenants.move_clock(tx, by=_duration(by) if by else None, to=instant(to) if to else None)
    emit({"tenant": found.slug, "now": now}, as_json=json)


@legal_entities.command("create")
def create_legal_entity(
    tenant: Tenant,
    name: Annotated[str, typer.Option(help="The company's name.")],
    time_zone: Annotated[str, typer.Option(help="An IANA name, as America/Chicago; says when its day ends.")] = "UTC",
    currency: Annotated[str, typer.Option(help="ISO 4217.")] = "USD",
    json: Json = False,
) -> None:
    """Create a legal entity."""
    with begin(tenant, ADMINISTRATOR) as tx:
        made = tenants.create_legal_entity(tx, name=name, time_zone=time_zone, currency=currency)
    emit(made, as_json=json)


@legal_entities.command("list")
def list_legal_entities(tenant: Tenant, json: Json = False) -> None:
    """The tenant's legal entities, oldest first."""
    with begin(tenant, ADMINISTRATOR) as tx:
        rows = tenants.legal_entities(tx, limit=10_000)
    emit(rows, as_json=json)


@users.command("create")
def create_user(
    tenant: Tenant,
    email: Annotated[str, typer.Option(help="One person, one address.")],
    name: Annotated[str, typer.Option(help="How the person is shown to others.")],
    json: Json = False,
) -> None:
    """Add a person."""
    with begin(tenant, ADMINISTRATOR) as tx:
        made = tenants.create_user(tx, email=email, display_name=name)
    emit(made, as_json=json)


@users.command("list")
def list_users(tenant: Tenant, json: Json = False) -> None:
    """The tenant's persons, oldest first."""
    with begin(tenant, ADMINISTRATOR) as tx:
        rows = tenants.users(tx, limit=10_000)
    emit(rows, as_json=json)


@keys.command("create")
def create_key(
    tenant: Tenant,
    role: Annotated[str, typer.Option(help="admin, operator, finance, compliance or readonly.")],
    name: Annotated[str, typer.Option(help="What it is for.")] = "API key",
    person: Annotated[
        str | None, typer.Option(help="E-mail of the person behind it; a machine's key has none.")
    ] = None,
    expires: Annotated[str | None, typer.Option(help="After 90s, 15m, 8h or 3d; never unless given.")] = None,
    json: Json = False,
) -> None:
    """Make an API key and print it, once: it is stored as a hash."""
    with begin(tenant, ADMINISTRATOR) as tx:
        made = tenants.create_key(
            tx,
            role=role,
            name=name,
            user_id=_person_id(tx, person) if person else None,
            expires_at=datetime.now(UTC) + _duration(expires) if expires else None,
        )
    if json:
        emit({"key": made.key, **asdict(made.api_key)}, as_json=True)
    else:
        say("This key is shown once. Send it as `Authorization: Bearer KEY`.")
        emit(made.key, as_json=False)


@keys.command("list")
def list_keys(tenant: Tenant, json: Json = False) -> None:
    """The tenant's keys, without their secrets."""
    with begin(tenant, ADMINISTRATOR) as tx:
        rows = tenants.keys(tx, limit=10_000)
    emit(rows, as_json=json)


@keys.command("revoke")
def revoke_key(
    tenant: Tenant,
    key_id: Annotated[str, typer.Argument(help="key_…, from `headgate keys list`.")],
    json: Json = False,
) -> None:
    """Revoke a key, at once and for ever."""
    with begin(tenant, ADMINISTRATOR) as tx:
        revoked = tenants.revoke_key(tx, key_id)
    emit(revoked, as_json=json)


def _person_id(tx: Tx, email: str) -> str:
    person = tenants.find_user(tx, email)
    if person is None:
        raise tenants.UnknownPerson(
            "this tenant has no person with that e-mail address: `headgate users create` adds one"
        )
    return person.id


def _slug_of(name: str | None) -> str:
    words = re.findall(r"[a-z0-9]+", (name or "").lower())
    if not words:
        raise Malformed("a tenant needs a slug: headgate tenants create acme --name 'Acme Payroll'")
    return "-".join(words)[:40].strip("-")


def _duration(text: str) -> timedelta:
    units = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
    if len(text) > 8 or not text[:-1].isdecimal() or text[-1] not in units:
        raise Malformed(f"'{text[:20]}' is no length of time: write 90s, 15m, 8h or 3d")
    return timedelta(**{units[text[-1]]: int(text[:-1])})
