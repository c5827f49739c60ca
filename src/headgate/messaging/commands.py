"""`headgate messaging` and `headgate pipeline`: how messages flow, what was given up and why, and trying it again."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from headgate.core import ids, installation, terminal
from headgate.core.db import Actor, Tx
from headgate.core.errors import Malformed
from headgate.messaging import event_commands
from headgate.messaging.consuming import discovered_consumers
from headgate.messaging.dead_letters import DeadLetter, dead_letters, requeue
from headgate.messaging.hints import QUEUE, hint
from headgate.messaging.rebuilding import rebuild
from headgate.messaging.status import status

app = typer.Typer(
    name="messaging", help="Messages between domains: what waits, what was given up.", no_args_is_help=True
)
pipeline = typer.Typer(
    name="pipeline",
    help="The pipeline's queues: what waits, what was given up, filling them again.",
    no_args_is_help=True,
)
APPS = (app, event_commands.app, pipeline)

PAGE = 500
_ACTOR = Actor("human", "cli")
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_Tenant = Annotated[str | None, typer.Option(help="One tenant, by id or slug; all of them by default.")]


@pipeline.command("status")
@app.command("status")
def show_status(as_json: _Json = False) -> None:
    """What waits in the outbox and in each consumer's queue."""
    with terminal.open_database() as database:
        found = status(database)
    document = asdict(found)
    terminal.emit(document if as_json else {**document, "queues": list(document["queues"])}, as_json=as_json)


@pipeline.command("dlq")
@app.command("dead-letters")
def show_dead_letters(tenant: _Tenant = None, as_json: _Json = False) -> None:
    """Messages after their last attempt, with the reason; those that were requeued are left out."""
    with terminal.open_database() as database:
        found: list[dict[str, Any]] = []
        for tenant_id in installation.chosen_tenant_ids(database, tenant):
            with database.begin(tenant_id=tenant_id, actor=_ACTOR) as tx:
                found += [{"tenant_id": str(tenant_id), **_shown(letter)} for letter in _every(tx)]
    lines = [
        f"{letter['id']}  {letter['event_type']} {letter['aggregate_id']} for {letter['consumer'] or 'the relay'}, "
        f"{letter['attempt_count']} attempts: {letter['last_error']}"
        for letter in found
    ]
    terminal.emit(found if as_json else "\n".join(lines) or "no dead letters", as_json=as_json)


@pipeline.command("requeue")
@app.command("requeue")
def requeue_dead_letters(
    letters: Annotated[
        list[str] | None, typer.Argument(metavar="[IDS]...", help="Ids of dead letters, as dlt_0000000000001.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every dead letter of the tenant, or of all.")] = False,
    tenant: _Tenant = None,
    as_json: _Json = False,
) -> None:
    """Try dead letters again, from their first attempt. Exit 1: one that was named does not stand."""
    if bool(letters) == everything:
        raise Malformed("name dead letters by their ids, or give --all")
    wanted = {_number(one) for one in letters or ()}
    requeued: list[int] = []
    with terminal.open_database() as database:
        for tenant_id in installation.chosen_tenant_ids(database, tenant):
            with database.begin(tenant_id=tenant_id, actor=_ACTOR) as tx:
                chosen = [letter.number for letter in _every(tx) if everything or letter.number in wanted]
                for letter_id in chosen:
                    requeue(tx, letter_id)
                requeued += chosen
        hint(database)
        hint(database, QUEUE)
    unknown = [_id(number) for number in sorted(wanted - set(requeued))]
    document = {"requeued": [_id(number) for number in requeued], "unknown": unknown}
    terminal.emit(document if as_json else f"{len(requeued)} requeued", as_json=as_json)
    if unknown:
        terminal.say(
            f"headgate: no dead letter {', '.join(unknown)} waits; `headgate pipeline dlq` names those that do "
            "(another tenant's, or one that was requeued before, is not among them)"
        )
        raise typer.Exit(1)


@pipeline.command("replay")
def fill_again(
    consumer: Annotated[
        list[str] | None, typer.Option(help="Only what this consumer lacks; may be given again.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Publish again what a consumer was sent and has neither handled nor given up: its queue was lost, or emptied.

    What waits still comes twice, and is handled once. To publish chosen events again: `headgate events replay`.
    """
    known = {one.name for one in discovered_consumers()}
    if unknown := sorted(set(consumer or ()) - known):
        raise Malformed(f"there is no consumer {unknown[0]!r}; `headgate pipeline status` names them")
    with terminal.open_database() as database:
        count = rebuild(database, sorted(set(consumer or known)))
        hint(database)
    terminal.emit({"replayed": count} if as_json else f"{count} replayed", as_json=as_json)


def _shown(letter: DeadLetter) -> dict[str, Any]:
    """Without what the message carried: that is for those who may look at the tenant's evidence."""
    left_out = ("number", "standing", "payload", "requeued_by", "handled_at")
    return {"id": letter.id, **{name: one for name, one in asdict(letter).items() if name not in left_out}}


def _id(number: int) -> str:
    """A dead letter's id, as every door writes it."""
    return ids.encode("dlt", number)


def _number(text: str) -> int:
    """The number of a dead letter: of its id, or written as a number. Raises MalformedId."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else ids.decode("dlt", text)


def _every(tx: Tx) -> list[DeadLetter]:
    found, page = [], dead_letters(tx, limit=PAGE)
    while page:
        found += page
        page = dead_letters(tx, after=page[-1].number, limit=PAGE)
    return found
