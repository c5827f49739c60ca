"""Bringing a book in and taking it out, from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headgate.core.errors import Malformed
from headgate.core.terminal import emit, say
from headgate.ledger.commands import Json, Tenant, _begin, app
from headgate.ledger.opening import import_opening_balances


@app.command("import-opening-balances")
def bring_in_balances(
    tenant: Tenant,
    file: Annotated[Path, typer.Argument(help="CSV: account,balance,currency and, if wanted, effective_on.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would do; post nothing.")] = False,
    json: Json = False,
) -> None:
    """Post the opening balances of a file against OPENING_BALANCES: every line, or with a bad one none (exit 1)."""
    data = _bytes(file)
    with _begin(tenant) as tx:
        report = import_opening_balances(tx, data, dry_run=dry_run)
    emit(report, as_json=json)
    for fault in report.faults:
        say(f"{file}:{fault.line}: {fault.field}: {fault.message}")
    if report.faults:
        raise typer.Exit(1)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Malformed(f"{file} cannot be read: {error.strerror}", file=str(file)) from error
