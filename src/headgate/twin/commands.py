"""`headgate clock`: a test tenant's time, and the simulated bank that it moves."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from headgate import funding, tenants
from headgate.core.clock import real_now, wall_time
from headgate.core.db import Tx
from headgate.core.errors import Malformed
from headgate.core.money import Money
from headgate.core.terminal import emit, open_database
from headgate.rails import twin
from headgate.tenants import command_parts
from headgate.twin import bank as banks
from headgate.twin.advance import ACTOR, Advance, advance

app = typer.Typer(
    name="clock", help="A test tenant's time, and its simulated bank: move both on together.", no_args_is_help=True
)
Tenant = command_parts.Tenant
Json = command_parts.Json
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@app.command("advance")
def advance_clock(
    how_far: Annotated[list[str], typer.Argument(help="3d, 4h or 2w; or: to 2026-12-01T09:00")],
    tenant: Tenant,
    json: Json = False,
) -> None:
    """Move a test tenant's clock on; cutoffs, holds, jobs and its simulated bank's answers fall due on the way."""
    with open_database() as database:
        found = tenants.find_tenant(database, tenant)
        with database.begin(tenant_id=found.id, actor=ACTOR) as tx:
            to = target(tx, how_far)
        done = advance(database, found.id, to=to)
    emit(done if json else _told(done), as_json=json)


@app.command("show")
def show_clock(tenant: Tenant, json: Json = False) -> None:
    """A tenant's time, how far it is from real time, and whether it can be moved."""
    with open_database() as database:
        found = tenants.find_tenant(database, tenant)
        with database.begin(tenant_id=found.id, actor=ACTOR) as tx:
            now = tx.now()
        bank = banks.bank_of(database, found.id)
    ahead = round((now - real_now()).total_seconds())
    document = {
        "tenant": found.slug,
        "now": now,
        "ahead_seconds": ahead,
        "can_be_moved": not found.livemode,
        "bank_since": bank.twin.since if bank else None,
        "bank_seed": bank.twin.seed if bank else None,
    }
    emit(document, as_json=json)


@app.command("bank")
def give_bank(
    tenant: Tenant,
    seed: Annotated[int | None, typer.Option(help="What chance is drawn from; the file's own, or 0.")] = None,
    behaviour: Annotated[
        Path | None, typer.Option(help="A TOML file: of a thousand entries, files, answers, how many meet with what.")
    ] = None,
    statements: Annotated[str, typer.Option(help="bai2 or camt053.")] = "bai2",
    json: Json = False,
) -> None:
    """Give a test tenant a simulated bank, which answers as its clock is advanced; or another behaviour."""
    if statements not in ("bai2", "camt053"):
        raise Malformed(f"there are no statements of the form {statements[:20]!r}; write bai2 or camt053")
    found_behaviour, own_seed = twin.behaviour_of(behaviour)
    with open_database() as database:
        found = tenants.find_tenant(database, tenant)
        bank = banks.give_bank(
            database,
            found.id,
            seed=seed if seed is not None else own_seed or 0,
            behaviour=found_behaviour,
            statements=statements,
        )
    document = {
        "tenant": found.slug,
        "account": bank.twin.account.number,
        "since": bank.twin.since,
        "seed": bank.twin.seed,
        "statements": bank.twin.form,
        "takes_files_from": bank.folders.inbox,
        "keeps_its_own_in": bank.folders.archive.parent,
    }
    emit(document, as_json=json)


@app.command("wire")
def wire(
    tenant: Tenant,
    legal_entity: Annotated[str, typer.Option(help="The client that wires, by its payer reference.")],
    amount: Annotated[str, typer.Option(help="In USD, as 5000.00.")],
    json: Json = False,
) -> None:
    """A client wires money to the simulated bank: it stands on the day's statement."""
    with open_database() as database:
        found = tenants.find_tenant(database, tenant)
        with database.begin(tenant_id=found.id, actor=ACTOR) as tx:
            reference = funding.payer_reference(tx, legal_entity_id=legal_entity)
        money = Money.parse(amount, "USD")
        on = banks.wire_in(database, found.id, amount=money, reference=reference)
    emit({"tenant": found.slug, "reference": reference, "amount": money, "on": on}, as_json=json)


def target(tx: Tx, words: list[str]) -> datetime:
    """The instant that the words mean, for the tenant in context. Raises Malformed."""
    if len(words) == 2 and words[0] == "to":
        return _instant(tx, words[1])
    found = re.fullmatch(r"([1-9][0-9]{0,5})([smhdw])", words[0]) if len(words) == 1 else None
    if found is None:
        raise Malformed("say how far: headgate clock advance 3d (or 4h, 2w), or: to 2026-12-01T09:00")
    return tx.now() + timedelta(**{_UNITS[found[2]]: int(found[1])})


def _instant(tx: Tx, text: str) -> datetime:
    """An instant; without an offset, on the wall of the tenant's legal entities where they share one zone."""
    found = wall_time(text)
    if found.tzinfo is None:
        zones = {entity.time_zone for entity in tenants.legal_entities(tx, limit=10_000)}
        if len(zones) != 1:
            raise Malformed(f"'{text}' has no time zone, and the tenant has {len(zones)}: end it with Z, or as -06:00")
        found = found.replace(tzinfo=ZoneInfo(zones.pop()))
    return found.astimezone(UTC)


def _told(done: Advance) -> str:
    """What happened, a line each, for a person."""
    lines = [
        f"{one.at:%a %Y-%m-%d %H:%M}  {one.what:<9}  {one.name}: {' '.join(one.outcome.split())}"
        for one in done.happened
    ]
    end = f"It is {done.now:%a %Y-%m-%d %H:%M} UTC for {done.tenant}; {done.runs} runs of jobs at {done.stops} stops."
    return "\n".join([*lines, end])
