"""`headgate audit`: verify the log, sign checkpoints, export it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from headgate.audit.checkpoint import Checkpoint, read_checkpoint, read_public_key, take_checkpoint, write_checkpoint
from headgate.audit.export import write_export
from headgate.audit.health import announce_restore
from headgate.audit.model import Chain, Report
from headgate.audit.sealer import seal_all
from headgate.audit.verify import verify_database, verify_export
from headgate.core import installation, secrets, terminal
from headgate.core.config import Config
from headgate.core.db import Database
from headgate.core.errors import HeadgateError, Malformed

app = typer.Typer(name="audit", help="The audit log: verify it, sign checkpoints, export it.", no_args_is_help=True)

_SEAL_WAIT_SECONDS = 10.0
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_Tenant = Annotated[str | None, typer.Option(help="One tenant, by id or slug; all of them by default.")]


@app.command()
def verify(
    checkpoint: Annotated[
        Path | None, typer.Option(help="A checkpoint: shows a deleted tail, or a log made anew.")
    ] = None,
    export: Annotated[Path | None, typer.Option(help="Verify this export, without a database.")] = None,
    key: Annotated[Path | None, typer.Option(help="The public key in PEM; this installation's own by default.")] = None,
    tenant: _Tenant = None,
    correlation: Annotated[str | None, typer.Option(help="Prove the events of this correlation id.")] = None,
    as_json: _Json = False,
) -> None:
    """Recompute every hash. Exit 0 when the log is what it was, 1 when it is not; the first broken link is named."""
    try:
        signed = read_checkpoint(checkpoint) if checkpoint else None
        if export:
            report = verify_export(
                export, checkpoint=signed, key=_key(key, signed), tenant_ids=_by_id(tenant), correlation_id=correlation
            )
        else:
            report = _verified(signed, key, tenant, correlation)
    except HeadgateError as error:
        # A file that cannot be read proves nothing: that is "not verified", in the form that was asked for.
        terminal.emit(
            {"verified": False, "error": {"code": error.code, "message": str(error)}}
            if as_json
            else f"NOT VERIFIED: {error}",
            as_json=as_json,
        )
        raise typer.Exit(1) from error
    terminal.emit(report.document() if as_json else _lines(report), as_json=as_json)
    raise typer.Exit(0 if report.verified else 1)


@app.command("checkpoint")
def make_checkpoint(
    out: Annotated[Path, typer.Option(help="Where to write it; keep it where the database's owner cannot write.")],
    tenant: _Tenant = None,
    as_json: _Json = False,
) -> None:
    """Seal what is committed and sign the heads of all chains."""
    with terminal.open_database() as database:
        chosen = installation.chosen_tenant_ids(database, tenant) if tenant else None
        made = take_checkpoint(database, secrets.signing_key(database.config), tenant_ids=chosen)
    with _writing(out):
        write_checkpoint(made, out)
    events = sum(head.events for head in made.tenants)
    document = {"out": str(out), "made_at": made.made_at, "tenants": len(made.tenants), "events": events}
    terminal.emit(document if as_json else f"{out}: {events} events of {len(made.tenants)} tenants", as_json=as_json)


@app.command("export")
def export_log(
    out: Annotated[Path, typer.Option(help="Where to write it, one JSON document a line.")],
    tenant: _Tenant = None,
    as_json: _Json = False,
) -> None:
    """Write the log to a file that can be verified without the database."""
    with terminal.open_database() as database:
        chosen = installation.chosen_tenant_ids(database, tenant) if tenant else None
        with _writing(out):
            events = write_export(database, out, tenant_ids=chosen)
    terminal.emit({"out": str(out), "events": events} if as_json else f"{out}: {events} events", as_json=as_json)


@app.command("seal")
def seal_now(as_json: _Json = False) -> None:
    """Seal what is committed; `headgate serve` and the worker do so every half second."""
    with terminal.open_database() as database:
        done = seal_all(database, wait_seconds=_SEAL_WAIT_SECONDS)
    terminal.emit(done if as_json else f"{done.events} events in {done.blocks} blocks", as_json=as_json)


@app.command("announce-restore")
def announce(as_json: _Json = False) -> None:
    """Start a new epoch where this database was restored onto another server. Safe to repeat."""
    with terminal.open_database() as database:
        epoch = announce_restore(database)
    said = f"epoch {epoch} begins" if epoch else "nothing to announce"
    terminal.emit({"epoch": epoch} if as_json else said, as_json=as_json)


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    """A path that cannot be written is the caller's mistake, and says nothing about the log."""
    try:
        yield
    except OSError as error:
        raise Malformed(f"{out} cannot be written: {error.strerror}", file=str(out)) from error


def _verified(signed: Checkpoint | None, key: Path | None, tenant: str | None, correlation: str | None) -> Report:
    with terminal.open_database() as database:
        chosen = _chosen(database, tenant)
        if correlation:
            # A proof is over sealed events: what is committed belongs to it, so that it comes out the same every time.
            seal_all(database, chosen, wait_seconds=_SEAL_WAIT_SECONDS)
        return verify_database(
            database, checkpoint=signed, key=_key(key, signed), tenant_ids=chosen, correlation_id=correlation
        )


def _chosen(database: Database, tenant: str | None) -> list[UUID] | None:
    """The tenant that was named. One that is gone from the tenants' table still has its id, and its log."""
    if tenant is None:
        return None
    try:
        return [UUID(tenant)]
    except ValueError:
        return installation.chosen_tenant_ids(database, tenant)


def _by_id(tenant: str | None) -> list[UUID] | None:
    if tenant is None:
        return None
    try:
        return [UUID(tenant)]
    except ValueError:
        terminal.fail(f"{tenant!r} is no tenant's id; an export knows tenants by their ids")


def _key(path: Path | None, signed: Checkpoint | None) -> Ed25519PublicKey | None:
    """The public key from outside: a file, or the installation's own, kept in HEADGATE_HOME."""
    if path:
        return read_public_key(path)
    return secrets.public_key(Config.from_environment()) if signed else None


def _lines(report: Report) -> str:
    lines = [line for chain in report.chains for line in _chain_lines(chain)]
    lines += [f"BROKEN {found.kind}: {found.detail}" for found in report.breaks]
    if report.correlation:
        proof = report.correlation
        lines.append(f"correlation {proof.correlation_id}: {proof.events} events, terminal hash {proof.terminal_hash}")
    if report.first_break:
        lines.append(f"first broken link: {report.first_break.kind}: {report.first_break.detail}")
    verdict = "verified" if report.verified else f"NOT VERIFIED: {report.break_count} broken links"
    return "\n".join([*lines, f"{verdict}, {report.events} events of {len(report.chains)} tenants ({report.source})"])


def _chain_lines(chain: Chain) -> list[str]:
    sealed = f"sealed {chain.sealed.events} events in {chain.sealed.blocks} blocks"
    state = f"{sealed}, anchored {chain.anchored.events}, unsealed {chain.unsealed_events}"
    return [f"tenant {chain.tenant_id}: {state}", *(f"BROKEN {found.kind}: {found.detail}" for found in chain.breaks)]
