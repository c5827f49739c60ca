"""`headgate payments bank-summaries`: a bank's days beside ours."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer

from headgate.core.db import Actor
from headgate.core.terminal import emit
from headgate.payments.settlement import summaries
from headgate.tenants import command_parts

app = typer.Typer()

_ACTOR = Actor("human", "cli")


@app.command("bank-summaries")
def list_summaries(
    tenant: command_parts.Tenant,
    days: Annotated[int, typer.Option(help="How many days back, as the bank counts them.", min=1, max=366)] = 14,
    json: command_parts.Json = False,
) -> None:
    """What the bank says its account held and moved each day, beside what was counted; the oldest first."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        found = summaries.bank_summaries(tx, since=tx.now().date() - timedelta(days=days))
    emit([{**asdict(one), "moved_minor": one.moved_minor, "agrees": one.agrees} for one in found], as_json=json)
