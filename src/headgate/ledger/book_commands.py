"""Bringing a book in and taking it out, from the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated

import typer

from headgate.core.errors import Malformed
from headgate.core.terminal import emit, progress, say
from headgate.ledger.book import Told, export_book, import_book
from headgate.ledger.command_parts import Json, Tenant, begin, contents
from headgate.ledger.opening import import_opening_balances

app = typer.Typer()


@app.command("import-opening-balances")
def bring_in_balances(
    tenant: Tenant,
    file: Annotated[Path, typer.Argument(help="CSV: account,balance,currency and, if wanted, effective_on.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would do; post nothing.")] = False,
    json: Json = False,
) -> None:
    """Post the opening balances of a file against OPENING_BALANCES: every line, or with a bad one none (exit 1)."""
    data = contents(file)
    with begin(tenant) as tx:
        report = import_opening_balances(tx, data, dry_run=dry_run)
    emit(report, as_json=json)
    for fault in report.faults:
        say(f"{file}:{fault.line}: {fault.field}: {fault.message}")
    if report.faults:
        raise typer.Exit(1)


@app.command("export")
def take_out_book(
    tenant: Tenant,
    out: Annotated[Path, typer.Option("--out", help="Where to write it, one JSON document a line.")],
    json: Json = False,
) -> None:
    """Write the whole book to a file that proves itself."""
    with begin(tenant) as tx, _writing(out) as file, _progress("lines written") as told:
        proof = export_book(tx, file, told=told)
    emit(proof, as_json=json)


@app.command("import")
def bring_in_book(
    tenant: Tenant,
    file: Annotated[Path, typer.Argument(help="What `headgate ledger export` wrote.")],
    json: Json = False,
) -> None:
    """Take a book into a tenant that has none, and prove that it is the same."""
    try:
        opened = file.open("rb")
    except OSError as error:
        raise Malformed(f"{file} cannot be read: {error.strerror}", file=str(file)) from error
    with opened, begin(tenant) as tx, _progress("lines taken in") as told:
        proof = import_book(tx, opened, told=told)
    emit(proof, as_json=json)


@contextmanager
def _writing(out: Path) -> Iterator[IO[bytes]]:
    """The file, under its name only when it is whole."""
    partial = out.with_name(out.name + ".partial")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(out)
    except OSError as error:
        raise Malformed(f"{out} cannot be written: {error.strerror}", file=str(out)) from error
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _progress(title: str) -> Iterator[Told]:
    with progress(title) as shown:
        yield lambda lines: shown.update(shown.task_ids[0], completed=lines)
