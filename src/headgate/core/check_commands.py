"""`headgate check`: whether the book and everything around it still hold what was promised."""

from __future__ import annotations

from typing import Annotated

import typer

from headgate.core import installation, invariants, terminal


def check(
    full: Annotated[
        bool, typer.Option("--full", help="Judge every row, not only what came since the last clean check.")
    ] = False,
    tenant: Annotated[str | None, typer.Option(help="One tenant, by id or slug; all of them by default.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Judge every invariant. Exit 0 when all hold, 1 when one is broken."""
    with terminal.open_database() as database:
        report = invariants.run_checks(database, installation.chosen_tenant_ids(database, tenant), full=full)
    terminal.emit(report.document() if as_json else _lines(report), as_json=as_json)
    raise typer.Exit(0 if report.ok else 1)


def _lines(report: invariants.Report) -> str:
    lines = []
    for found in report.invariants:
        state = f"BROKEN {found.violations} times" if found.violations else "holds"
        lines.append(f"{state:<8} {found.name}: {found.rule}")
        lines += [f"           tenant {each.tenant_id}: {each.subject}: {each.detail}" for each in found.sample]
    broken = sum(1 for found in report.invariants if found.violations)
    lines.append(f"{broken} of {len(report.invariants)} broken" if broken else f"all {len(report.invariants)} hold")
    return "\n".join(lines)
