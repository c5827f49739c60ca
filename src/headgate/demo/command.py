"""`headgate demo`."""

from __future__ import annotations

import os
import sys
import time
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from headgate import audit, tenants
from headgate.core import invariants
from headgate.core.config import Config
from headgate.core.db import Actor, Database
from headgate.core.errors import Malformed
from headgate.core.server import Embedded, resolve
from headgate.core.terminal import open_database
from headgate.demo.cast import plays
from headgate.demo.loans import perform_servicing
from headgate.demo.stage import Stage, work_off
from headgate.demo.story import perform, perform_yours
from headgate.demo.tell import Teller

STOP_SECONDS = 4.0
"""How long the database may take to stop before it is told again: Ctrl-C ends everything within ten."""


def demo(
    once: Annotated[bool, typer.Option("--once", help="Tell the story, check the book, and end.")] = False,
    payroll: Annotated[Path | None, typer.Option(help="A payroll register of your own (CSV).")] = None,
    statement: Annotated[Path | None, typer.Option(help="A bank statement of your own (BAI2 or camt.053).")] = None,
    payments: Annotated[int, typer.Option(min=40, max=200_000, help="About how many payments in all.")] = 3000,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where to serve; a busy port picks the next.")] = 8080,
) -> None:
    """Tell the life of one dollar for three test tenants, check the book, and serve the console."""
    for path in (payroll, statement):
        if path is not None and not path.is_file():
            raise Malformed(f"{path} is not a file: name one with --payroll or --statement")
        if path is not None and not os.access(path, os.R_OK):
            raise Malformed(f"{path} may not be read by you")
        if path is not None and path.stat().st_size == 0:
            raise Malformed(f"{path} is empty: there is nothing to read")
    config = Config.from_environment()
    server = resolve(config)
    # What this demo starts, it also ends; a server that ran before goes on running.
    ours = isinstance(server, Embedded) and server.engine.status().state == "stopped" and not once
    try:
        with open_database(config) as database:
            clean = _tell(
                database, Teller(), payments=payments, payroll=payroll, statement=statement, port=None if once else port
            )
    finally:
        if ours and isinstance(server, Embedded):
            server.engine.down(wait_seconds=STOP_SECONDS)
    raise typer.Exit(0 if clean else 1)


def _tell(
    database: Database, tell: Teller, *, payments: int, payroll: Path | None, statement: Path | None, port: int | None
) -> bool:
    """The story, its epilogue, and the open house where a port is given. Whether the check was clean."""
    began = time.monotonic()
    if payroll or statement:
        stages = [perform_yours(database, tell, payroll=payroll, statement=statement)]
    else:
        stages = [*(perform(database, play, tell) for play in plays(payments)), perform_servicing(database, tell)]
    clean = _epilogue(database, stages, tell, seconds=time.monotonic() - began)
    if port is not None:
        _open_house(database, stages, tell, port=port)
    return clean


def _epilogue(database: Database, stages: list[Stage], tell: Teller, *, seconds: float) -> bool:
    """What was refused, and whether the book and the audit chain hold."""
    tell.act(f"Told in {seconds:.1f} s. Refused, and why:")
    for refusal in tell.refusals:
        tell.line(refusal)
    tell.act("The book, checked")
    work_off(database)
    audit.seal_all(database, wait_seconds=5)
    report = invariants.run_checks(database, tenants.tenant_ids(database), full=True)
    for found in report.invariants:
        if found.violations:
            tell.refused(f"{found.name} is broken {found.violations} times: {found.rule}")
    chain = audit.verify_database(database)
    if report.ok and chain.verified:
        tell.good(f"all {len(report.invariants)} invariants hold; {chain.events:,} audit events verify")
    elif not chain.verified:
        tell.refused(f"the audit chain does not verify: {chain.first_break}")
    return report.ok and chain.verified


def _open_house(database: Database, stages: list[Stage], tell: Teller, *, port: int) -> None:
    """Serve the API and the console until Ctrl-C; say where, by a one-time link."""
    # Half of all there is to import: who does not come in does not wait for it.
    from headgate import console
    from headgate.api import serve

    grants = [console.Grant(stage.tenant.id, "operator") for stage in stages]
    token = console.make_link(database, actor=Actor("human", "demo-operator", "demo-operator"), grants=grants)
    others = [console.Grant(stage.tenant.id, "finance") for stage in stages]
    other = console.make_link(database, actor=Actor("human", "demo-finance", "demo-finance"), grants=others)

    def ready(address: str) -> None:
        link = f"{address}/console/enter?token={token}"
        tell.act("Open the console (the link works once):")
        tell.plain(link)
        tell.line("What one person asks another allows: in a second browser, as finance,")
        tell.line(f"{address}/console/enter?token={other}")
        tell.line("Overview: the flow figure, from what is expected to what is settled, and what the gate holds")
        tell.line("Payments, then “Returned”: open one, and read why it is here, its T-accounts and its timeline")
        tell.line(f"API reference: {address}/openapi.json · Ctrl-C ends it, database included")
        if sys.stdout.isatty():
            webbrowser.open(link)

    serve(database, port=port, ready=ready, next_free_port=True)
