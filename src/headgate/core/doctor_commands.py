"""`headgate doctor`: what is wrong with this installation, and how to mend it."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from headgate.core import terminal
from headgate.core.doctor import Diagnosis, diagnose


def doctor(
    production: Annotated[
        bool, typer.Option("--production", help="Judge it as production would: for a pipeline.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Look the installation over; nothing is started or changed. Exit 0 when all is well, 1 when something is wrong."""
    diagnosis = diagnose(os.environ, production=production)
    terminal.emit(diagnosis.document() if as_json else _lines(diagnosis), as_json=as_json)
    raise typer.Exit(0 if diagnosis.ok else 1)


def _lines(diagnosis: Diagnosis) -> str:
    lines = []
    for found in diagnosis.findings:
        lines.append(f"{'ok' if found.ok else 'WRONG':<6} {found.name}: {found.what}")
        if not found.ok:
            lines.append(f"       mend: {found.mend}")
    wrong = sum(1 for found in diagnosis.findings if not found.ok)
    lines.append(f"{wrong} to mend" if wrong else "all is well")
    return "\n".join(lines)
