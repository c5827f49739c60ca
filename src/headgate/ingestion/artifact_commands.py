"""`headgate artifacts`: the bytes of evidence, where they are stored, and whose evidence they are."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from headgate import tenants
from headgate.core.db import Actor
from headgate.core.errors import Malformed
from headgate.core.terminal import emit, open_database, say
from headgate.ingestion import attaching, links, rereading, storing, verifying
from headgate.ingestion.attaching import NewEvidence
from headgate.jobs import Outside
from headgate.tenants import command_parts

app = typer.Typer(
    name="artifacts", help="Evidence as bytes: whose it is, where it lies, whether it is intact.", no_args_is_help=True
)

ACTOR = Actor("human", "cli")
Json = command_parts.Json
Tenant = command_parts.Tenant
IngestionId = Annotated[str, typer.Argument(help="The payment that came in, as ing_….")]
ArtifactId = Annotated[str, typer.Argument(help="The artifact, as art_….")]


@app.command("attach")
def attach(
    ingestion_id: IngestionId,
    uri: Annotated[str, typer.Argument(help="An artifact of ours, as urn:headgate:artifact:art_…, or an address.")],
    tenant: Tenant,
    type: Annotated[str, typer.Option(help="As check_image_front, wire_receipt or bank_file.")],
    sha256: Annotated[str | None, typer.Option(help="Of the bytes; else they are read and hashed.")] = None,
    json: Json = False,
) -> None:
    """Give evidence to a payment. What can be read at its address is kept; else a warning stands beside it."""
    with open_database() as database:
        outside = Outside(database, tenants.find_tenant(database, tenant).id, ACTOR)
        found = attaching.attach(outside, ingestion_id, NewEvidence(type, uri, sha256))
    emit(found, as_json=json)


@app.command("of-payment")
def list_evidence(ingestion_id: IngestionId, tenant: Tenant, json: Json = False) -> None:
    """The evidence of a payment."""
    with command_parts.begin(tenant, ACTOR) as tx:
        found = attaching.evidence_of(tx, ingestion_id)
    emit(found, as_json=json)


@app.command("payments")
def list_payments(artifact_id: ArtifactId, tenant: Tenant, limit: int = 50, json: Json = False) -> None:
    """The payments that an artifact is evidence of, without their envelopes."""
    with command_parts.begin(tenant, ACTOR) as tx:
        found = attaching.payments_of(tx, artifact_id, limit=limit)
    emit(
        [{"id": one.id, "status": one.status, "channel": one.channel, "source": one.source} for one in found],
        as_json=json,
    )


@app.command("store")
def store(tenant: Tenant, json: Json = False) -> None:
    """Put the large bodies that wait in the database into storage now; the job artifacts_store does it every five minutes."""
    with open_database() as database:
        outside = Outside(database, tenants.find_tenant(database, tenant).id, ACTOR)
        done = storing.store_bodies(outside)
    emit({"outcome": done or "nothing waits"}, as_json=json)


@app.command("link")
def make_link(
    artifact_id: ArtifactId,
    tenant: Tenant,
    seconds: Annotated[int, typer.Option(help="How long it is good, at most an hour.")] = 300,
    json: Json = False,
) -> None:
    """A link to the bytes of an artifact, below the server's address: whoever holds it may follow it until it expires."""
    with command_parts.begin(tenant, ACTOR) as tx:
        made = links.make(tx, artifact_id, life=timedelta(seconds=seconds))
    emit(made, as_json=json)


@app.command("save")
def save(
    artifact_id: ArtifactId,
    tenant: Tenant,
    out: Annotated[Path, typer.Option(help="A file that is not there yet.")],
    json: Json = False,
) -> None:
    """Write the bytes of an artifact, as they are stored, to a file that its owner alone may read."""
    with open_database() as database:
        outside = Outside(database, tenants.find_tenant(database, tenant).id, ACTOR)
        artifact, data = links.saved(outside, artifact_id)
    try:
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            opened.write(data)
    except OSError as error:
        raise Malformed(f"{out} cannot be written: {error.strerror}") from error
    emit(
        {"artifact_id": artifact.id, "file": str(out), "bytes": len(data), "sha256": artifact.stored_sha256},
        as_json=json,
    )


@app.command("verify")
def verify(
    tenant: Tenant,
    artifact_id: Annotated[str | None, typer.Argument(help="One artifact alone, as art_….")] = None,
    json: Json = False,
) -> None:
    """Read every stored body again and compare it with its sha256. Exits 1 where one is wrong; a case says which."""
    with open_database() as database:
        outside = Outside(database, tenants.find_tenant(database, tenant).id, ACTOR)
        if artifact_id is None:
            # Where a turn of the job stands in the middle, its end comes first, then all.
            first = verifying.verify_all(outside, _tell)
            found = first if first.is_of_all else verifying.verify_all(outside, _tell)
            wrong = sorted({*first.wrong, *found.wrong})
        else:
            wrong = [artifact_id] if verifying.verify_body(outside, artifact_id) != "intact" else []
            found = verifying.Check(1, 0, tuple(wrong), is_whole=True, is_of_all=False)
    emit({"bodies": found.bodies, "wrong": wrong}, as_json=json)
    raise typer.Exit(1 if wrong else 0)


def _tell(check: verifying.Check) -> None:
    say(f"{check.bodies} bodies read, {len(check.wrong)} wrong")


@app.command("reprocess")
def reprocess(
    tenant: Tenant,
    artifact_id: Annotated[str | None, typer.Argument(help="One artifact, as art_…; else all of a time.")] = None,
    received_from: Annotated[
        datetime | None, typer.Option("--from", help="Those that came from this moment on, UTC.")
    ] = None,
    received_before: Annotated[datetime | None, typer.Option("--before", help="And before this one.")] = None,
    parser: Annotated[
        str | None, typer.Option(help="Of one artifact: a parser by name; else the newest version.")
    ] = None,
    apply: Annotated[str | None, typer.Option(help="The digest that was shown: apply just that.")] = None,
    json: Json = False,
) -> None:
    """Show what a newer parser would change of what was read: records added, changed, gone; faults. With --apply, do it.

    What stands stays: applied, a second reading is added, with the records that were not here, and a case where they differ.
    """
    with open_database() as database:
        outside = Outside(database, tenants.find_tenant(database, tenant).id, ACTOR)
        times = {"received_from": _utc(received_from), "received_before": _utc(received_before)}
        if artifact_id is None:
            if apply is None:
                proposal = rereading.propose_range(outside, **times)
                shown = {"differences": [one.document() for one in proposal.differences], "more": proposal.more}
                emit({**shown, "digest": proposal.digest}, as_json=json)
            else:
                emit({"readings": rereading.apply_range(outside, digest=apply, **times)}, as_json=json)
        elif apply is None:
            emit(rereading.propose(outside, artifact_id, parser=parser).document(), as_json=json)
        else:
            emit({"readings": [rereading.apply(outside, artifact_id, digest=apply, parser=parser)]}, as_json=json)


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None
