"""`headgate notifications`: what was told to whom, who gets what, where mails go, and the words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headgate.alerts import mailing, preferences, queries, templates
from headgate.alerts.documents import address_model, notification_model, preference_model, template_model
from headgate.alerts.model import KINDS
from headgate.core import terminal
from headgate.core.db import Actor
from headgate.core.errors import Malformed
from headgate.core.terminal import emit
from headgate.jobs import Outside
from headgate.tenants import command_parts, find_tenant

app = typer.Typer(
    name="notifications",
    help="What people are told of payments, in the application and by e-mail.",
    no_args_is_help=True,
)

Json = command_parts.Json
Tenant = command_parts.Tenant
Recipient = Annotated[str, typer.Argument(help="team:servicing, a borrower's pty_…, or borrowers.")]
KindName = Annotated[str, typer.Argument(help=f"One of {', '.join(KINDS)}.")]
_ACTOR = Actor("human", "cli")


@app.command("list")
def list_notifications(
    tenant: Tenant,
    recipient: Annotated[str | None, typer.Option(help="team:servicing, or a borrower's pty_….")] = None,
    kind: Annotated[str | None, typer.Option(help=f"One of {', '.join(KINDS)}.")] = None,
    unread: Annotated[bool, typer.Option("--unread", help="What nobody has read yet.")] = False,
    limit: int = 50,
    json: Json = False,
) -> None:
    """What was told, the newest first."""
    if kind is not None and kind not in KINDS:
        raise Malformed(f"'{kind[:40]}' is no kind of notification: there are {', '.join(KINDS)}")
    with command_parts.begin(tenant, _ACTOR) as tx:
        rows = queries.list_notifications(tx, recipient=recipient, kind=kind, unread=unread, limit=limit)
    emit([notification_model(row).model_dump(mode="json") for row in rows], as_json=json)


@app.command("read")
def mark_read(
    notification_id: Annotated[str, typer.Argument(help="As ntf_….")], tenant: Tenant, json: Json = False
) -> None:
    """Somebody has read it; who was first stays."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        row = queries.mark_read(tx, notification_id=notification_id)
    emit(notification_model(row).model_dump(mode="json"), as_json=json)


@app.command("preferences")
def list_preferences(
    tenant: Tenant,
    recipient: Annotated[str | None, typer.Option(help="Of this one alone.")] = None,
    json: Json = False,
) -> None:
    """Who gets what: teams, every borrower, and the one that is asked for."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        found = preferences.list_preferences(tx, borrowers=[recipient] if recipient else [])
    rows = [one for one in found.values() if recipient in (None, one.recipient)]
    emit([preference_model(one).model_dump(mode="json") for one in rows], as_json=json)


@app.command("set-preference")
def set_preference(
    recipient: Recipient,
    kind: KindName,
    tenant: Tenant,
    reason: Annotated[str, typer.Option("--reason", help="Why; audited.")],
    on: Annotated[bool, typer.Option("--on/--off", help="Whether it is told at all.")] = True,
    email: Annotated[
        bool, typer.Option("--email/--no-email", help="By e-mail too, where its address is known.")
    ] = False,
    json: Json = False,
) -> None:
    """Choose what a recipient is told from now on."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        one = preferences.set_preference(tx, recipient=recipient, kind=kind, is_on=on, by_email=email, reason=reason)
    emit(preference_model(one).model_dump(mode="json"), as_json=json)


@app.command("addresses")
def list_addresses(tenant: Tenant, limit: int = 50, json: Json = False) -> None:
    """Whose address is known; of each its first letter and domain."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        rows = preferences.list_addresses(tx, limit=limit)
    emit([address_model(row).model_dump(mode="json") for row in rows], as_json=json)


@app.command("set-address")
def set_address(
    recipient: Recipient,
    tenant: Tenant,
    file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Holds the address: a command line is in histories."),
    ] = None,
    json: Json = False,
) -> None:
    """Send a recipient's mails to the address in a file from now on; without a file they end."""
    address = command_parts.secret_in(file).strip() if file is not None else None
    with command_parts.begin(tenant, _ACTOR) as tx:
        one = preferences.set_address(tx, recipient=recipient, address=address)
    emit(address_model(one).model_dump(mode="json"), as_json=json)


@app.command("templates")
def list_templates(tenant: Tenant, json: Json = False) -> None:
    """The words of each kind for each audience: the tenant's own, or the defaults."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        found = templates.list_templates(tx)
    emit([template_model(one).model_dump(mode="json") for one in found.values()], as_json=json)


@app.command("set-template")
def set_template(
    audience: Annotated[str, typer.Argument(help="borrower or team.")],
    kind: KindName,
    tenant: Tenant,
    title: Annotated[str, typer.Option(help="One line; the mail's subject.")],
    file: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="The message, plain text with {fields}.")],
    json: Json = False,
) -> None:
    """Use these words from now on; what was told stays as it was told."""
    message = command_parts.secret_in(file)
    with command_parts.begin(tenant, _ACTOR) as tx:
        one = templates.set_template(tx, audience=audience, kind=kind, title=title, message=message)
    emit(template_model(one).model_dump(mode="json"), as_json=json)


@app.command("send")
def send(tenant: Tenant, json: Json = False) -> None:
    """Hand over the mails that are due now, as the job `notification_mails` does every fifteen seconds."""
    with terminal.open_database() as database:
        done = mailing.send_mails(Outside(database, find_tenant(database, tenant).id, _ACTOR))
    emit(done, as_json=json)
