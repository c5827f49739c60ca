"""What `headgate pipeline` does with servicing's help: whether payments of a channel are posted, and which wait for it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from headgate import messaging, tenants
from headgate.core import terminal
from headgate.core.db import Actor
from headgate.core.terminal import emit
from headgate.servicing import modes, pipeline, shadow
from headgate.tenants import command_parts

app = typer.Typer()

Json = command_parts.Json
Tenant = command_parts.Tenant
_ACTOR = Actor("human", "cli")


@app.command("modes")
def show_modes(tenant: Tenant, json: Json = False) -> None:
    """Of each channel: whether its payments are posted (live), only written down (shadow) or left (off), and why."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        found = list(modes.posting_modes(tx).values())
    emit(found, as_json=json)


@app.command("set-mode")
def set_mode(
    channel: Annotated[str, typer.Argument(help=f"One of {', '.join(modes.PIPED)}.")],
    mode: Annotated[str, typer.Argument(help="off, shadow or live.")],
    tenant: Tenant,
    reason: Annotated[str, typer.Option("--reason", help="Why; audited.")],
    json: Json = False,
) -> None:
    """Choose what is done with a channel's payments from now on; first shadow, then live."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        chosen = modes.set_posting_mode(tx, channel=channel, mode=mode, reason=reason)
    emit(chosen, as_json=json)


@app.command("release")
def release(
    tenant: Tenant,
    channel: Annotated[str | None, typer.Option(help="Only this channel's; all of them by default.")] = None,
    json: Json = False,
) -> None:
    """Bring back the payments that were left or only written down, as the channels' modes now say; once after each choice."""
    with terminal.open_database() as database:
        tenant_id = tenants.find_tenant(database, tenant).id
        with database.begin(tenant_id=tenant_id, actor=_ACTOR) as tx:
            count = pipeline.release_waiting(tx, channel=channel)
        messaging.hint(database)
    emit({"released": count} if json else f"{count} released", as_json=json)


@app.command("shadow-report")
def shadow_report(
    tenant: Tenant,
    first: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Six days before the last by default.")
    ] = None,
    last: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Yesterday by default.")] = None,
    channel: Annotated[str | None, typer.Option(help="Only this channel's.")] = None,
    account_last4: Annotated[str | None, typer.Option(help="Of statements of this account alone.")] = None,
    json: Json = False,
) -> None:
    """Compare what was written down or posted with the bank's statements, by channel and day. Exit 1: it does not agree."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        report = shadow.shadow_report(
            tx,
            first=first.date() if first else None,
            last=last.date() if last else None,
            channel=channel,
            account_last4=account_last4,
        )
    emit(report if json else list(report.days), as_json=json)
    terminal.say(report.says)
    if not report.is_clean:
        raise typer.Exit(1)
