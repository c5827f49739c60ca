"""`headgate payments place`, `deliver` and `fetch`: where a bank's files go, and moving them now."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headgate import tenants
from headgate.core import terminal
from headgate.core.db import Actor, Tx
from headgate.core.terminal import emit, say
from headgate.payments import originators
from headgate.payments.delivery import bank_places, delivery, fetching
from headgate.payments.documents import file_model
from headgate.payments.files import files
from headgate.tenants import command_parts

app = typer.Typer()
place = typer.Typer(
    name="place", help="Where a bank's files are handed over and fetched: its SFTP server.", no_args_is_help=True
)
app.add_typer(place)

ACTOR = Actor("human", "cli")
Json = command_parts.Json
Tenant = command_parts.Tenant
Bank = Annotated[str, typer.Option("--bank", help="The bank profile, as `headgate banks list` shows it.")]
SecretFile = command_parts.SecretFile


@place.command("set")
def set_place(
    tenant: Tenant,
    bank: Bank,
    host: Annotated[str, typer.Option(help="The server's name or address.")],
    user: Annotated[str, typer.Option(help="What the bank calls you there.")],
    port: int = 22,
    host_key: Annotated[
        list[str] | None,
        typer.Option(help="A key that the server may show: SHA256:…, or a line of known_hosts. May be said again."),
    ] = None,
    key_file: SecretFile = None,
    password_file: SecretFile = None,
    root: Annotated[str, typer.Option(help="The folder there under which the profile's folders lie.")] = "",
    timeout_seconds: Annotated[int, typer.Option(min=1, max=600, help="How long a step may take.")] = 30,
    json: Json = False,
) -> None:
    """Hand a bank's files over at its SFTP server, and fetch there what it puts for you. Try it with `place test`."""
    key = _secret(key_file)
    password = _secret(password_file)
    with command_parts.begin(tenant, ACTOR) as tx:
        made = bank_places.set_sftp_place(
            tx,
            bank=bank,
            host=host,
            port=port,
            username=user,
            host_keys=host_key or [],
            key=key,
            password=password.rstrip("\r\n") if password is not None else None,
            root=root,
            timeout_seconds=timeout_seconds,
        )
    if not made.host_keys:
        say(f"no host key is trusted yet: `headgate payments place test --bank {bank}` shows the server's")
    emit(made, as_json=json)


@place.command("show")
def show_places(tenant: Tenant, json: Json = False) -> None:
    """The servers that are set; a bank that is not listed has its folder on this machine."""
    with command_parts.begin(tenant, ACTOR) as tx:
        found = bank_places.list_places(tx)
    if json:
        emit(found, as_json=True)
        return
    lines = [
        f"{one.bank}  {one.address}  by {one.login}, {', '.join(one.host_keys) or 'no host key is trusted'}"
        for one in found
    ]
    emit("\n".join(lines) or "no server is set: files lie in the outbound folder of this machine", as_json=False)


@place.command("test")
def test_place(tenant: Tenant, bank: Bank, json: Json = False) -> None:
    """Connect, show the host key, look into every folder: exit 0 where all is well, 1 where not. Nothing is written."""
    from headgate.payments.delivery.place_testing import try_place

    with terminal.open_database() as database:
        tried = try_place(database, tenants.find_tenant(database, tenant).id, bank=bank, actor=ACTOR)
    if json:
        emit(tried, as_json=True)
    else:
        lines = [tried.address, f"  host key  {tried.host_key or 'none was shown'}"]
        lines += [f"  problem   {tried.problem}"] if tried.problem else []
        for one in tried.folders:
            count = f"{one.files} files" if one.is_ok else one.said
            lines.append(f"  {one.folder or '?':<18} {one.purpose}: {count}")
        emit("\n".join(lines), as_json=False)
    if not tried.is_ok:
        raise typer.Exit(1)


@place.command("remove")
def remove_place(tenant: Tenant, bank: Bank, json: Json = False) -> None:
    """Hand a bank's files over in the outbound folder of this machine again."""
    with command_parts.begin(tenant, ACTOR) as tx:
        made = bank_places.remove_place(tx, bank=bank)
    emit({"bank": made.bank, "kind": made.kind}, as_json=json)


@app.command("deliver")
def deliver(tenant: Tenant, json: Json = False) -> None:
    """Read acknowledgements and hand over the files that wait, now; the job ach_delivery does it every minute.

    Shows those that were on their way; exit 1 where one of them still is.
    """
    with terminal.open_database() as database:
        tenant_id = tenants.find_tenant(database, tenant).id
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            waiting = [
                file.id
                for status in ("pending", "outcome_unknown")
                for file in files.list_files(tx, status=status, limit=delivery.FILES_MAX)
            ]
            before = _acknowledged(tx)
        delivery.deliver(database, tenant_id)
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            news = [file_id for file_id in _acknowledged(tx) if file_id not in before]
            acknowledged = [files.get_file(tx, file_id) for file_id in news]
            found = [files.get_file(tx, file_id) for file_id in sorted(waiting)]
    if json:
        emit([file_model(file).model_dump(mode="json") for file in found], as_json=True)
    else:
        lines = [
            f"{file.name}: {file.status.replace('_', ' ')}, {file.entry_count} payments, {file.credit.format()}"
            for file in found
        ]
        lines += [f"{file.name}: acknowledged by the bank" for file in acknowledged]
        emit("\n".join(lines) or "no file was on its way", as_json=False)
    if any(file.status in ("pending", "outcome_unknown") for file in found):
        say(
            "what is still pending waits, and is tried again; `headgate payments place test` says whether the bank is reached"
        )
        raise typer.Exit(1)


@app.command("fetch")
def fetch(tenant: Tenant, json: Json = False) -> None:
    """Fetch what the banks put for this tenant, and take it in, now; the job bank_fetch does it every 15 minutes.

    Exit 1 where something could not be seen.
    """
    with terminal.open_database() as database:
        done = fetching.fetch(database, tenants.find_tenant(database, tenant).id)
    if json:
        emit(done, as_json=True)
    else:
        lines = [f"{one.folder}/{one.name}: {one.outcome}" for one in done.files]
        emit("\n".join(lines or ([] if done.unseen else ["nothing new"])), as_json=False)
    for why in done.unseen:
        say(f"headgate: {why}")
    if done.unseen:
        raise typer.Exit(1)


@app.command("set-originator")
def set_originator(
    tenant: Tenant,
    legal_entity: Annotated[str, typer.Option(help="The legal entity that pays, as le_….")],
    odfi_routing_number: Annotated[str, typer.Option(help="The bank's routing number; 990000013 is the sandbox.")],
    destination_name: Annotated[str, typer.Option(help="The bank's name, as its files carry it.")],
    immediate_origin: Annotated[str, typer.Option(help="Ten characters, as the bank gave them.")],
    origin_name: Annotated[str, typer.Option(help="Who sends the files.")],
    company_name: Annotated[str, typer.Option(help="What payees read, up to 16 characters.")],
    company_identification: Annotated[str, typer.Option(help="Ten characters, as 1 and the tax number.")],
    json: Json = False,
) -> None:
    """Say how a legal entity stands in its ACH files, as its bank agreed; saying it again changes it."""
    with command_parts.begin(tenant, ACTOR) as tx:
        found = originators.set_originator(
            tx,
            legal_entity_id=legal_entity,
            odfi_routing_number=odfi_routing_number,
            destination_name=destination_name,
            immediate_origin=immediate_origin,
            origin_name=origin_name,
            company_name=company_name,
            company_identification=company_identification,
        )
    emit(found, as_json=json)


def _acknowledged(tx: Tx) -> list[str]:
    return tx.values(
        """
        SELECT DISTINCT ach_file_id FROM payments.delivery_evidence
         WHERE tenant_id = %(tenant)s AND basis = 'acknowledgement' AND verdict = 'delivered'
         ORDER BY ach_file_id
        """,
        {"tenant": tx.tenant_id},
    )


def _secret(path: Path | None) -> str | None:
    return command_parts.secret_in(path) if path is not None else None
