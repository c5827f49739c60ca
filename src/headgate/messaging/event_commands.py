"""`headgate events`: what was announced, as NDJSON for others to read, and announced once more."""

from __future__ import annotations

import json
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer

from headgate.core import installation, terminal
from headgate.core.clock import maybe_instant
from headgate.core.db import Actor, Database, Tx
from headgate.core.errors import Malformed
from headgate.messaging.events import Chosen, every_event, replay
from headgate.messaging.hints import hint

app = typer.Typer(name="events", help="What was announced: export it, announce it again.", no_args_is_help=True)

_ACTOR = Actor("human", "cli")

Tenant = Annotated[str, typer.Option("--tenant", help="The tenant's id or slug.")]
Topic = Annotated[list[str] | None, typer.Option("--topic", help="As consumers subscribe: payment.posted, payment.#.")]
Aggregate = Annotated[
    str | None, typer.Option("--aggregate", help="Of one thing: pay_…, evl_…, a transaction's number.")
]
Since = Annotated[str | None, typer.Option("--from", help="From this instant on: 2026-11-20T00:00:00Z.")]
Before = Annotated[str | None, typer.Option("--before", help="Up to this instant, not included.")]
Ids = Annotated[list[int] | None, typer.Argument(help="Ids of events, as an export shows them.")]


@app.command("export")
def export_events(
    tenant: Tenant,
    topic: Topic = None,
    aggregate: Aggregate = None,
    since: Since = None,
    before: Before = None,
    out: Annotated[Path | None, typer.Option(help="A file to write; standard output unless given.")] = None,
) -> None:
    """One JSON object a line, in the order of the events' ids."""
    chosen = _chosen(None, topic, aggregate, since, before)
    with terminal.open_database() as database, _begun(database, tenant) as tx:
        file = out.open("x", encoding="utf-8") if out else sys.stdout
        try:
            count = 0
            for event in every_event(tx, chosen):
                file.write(json.dumps(terminal.to_json(event), ensure_ascii=False, sort_keys=True) + "\n")
                count += 1
        finally:
            if out:
                file.close()
    terminal.say(f"{count} events")


@app.command("replay")
def replay_events(
    tenant: Tenant,
    ids: Ids = None,
    topic: Topic = None,
    aggregate: Aggregate = None,
    since: Since = None,
    before: Before = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Have events handed over once more. Who has handled one does nothing with it."""
    chosen = _chosen(ids, topic, aggregate, since, before)
    if chosen == Chosen():
        raise Malformed("say which events: ids, --topic, --aggregate, --from or --before")
    with terminal.open_database() as database:
        with _begun(database, tenant) as tx:
            count = replay(tx, chosen)
        hint(database)
    terminal.emit({"replayed": count} if as_json else f"{count} replayed", as_json=as_json)


def _chosen(
    ids: list[int] | None, topic: list[str] | None, aggregate: str | None, since: str | None, before: str | None
) -> Chosen:
    return Chosen(
        ids=tuple(ids) if ids else None,
        topics=tuple(topic or ()),
        aggregate_id=aggregate,
        since=maybe_instant(since),
        before=maybe_instant(before),
    )


def _begun(database: Database, tenant: str) -> AbstractContextManager[Tx]:
    (tenant_id,) = installation.chosen_tenant_ids(database, tenant)
    return database.begin(tenant_id=tenant_id, actor=_ACTOR)
