"""`headgate secrets`: give tenants new data keys, and the installation a new master key."""

from __future__ import annotations

from typing import Annotated

import typer

from headgate.core import installation, keys, secrets, terminal

app = typer.Typer(name="secrets", help="The keys that seal account numbers and other secrets.", no_args_is_help=True)

_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.command()
def rotate(
    tenant: Annotated[str | None, typer.Option(help="One tenant, by id or slug; all of them by default.")] = None,
    as_json: _Json = False,
) -> None:
    """Seal with a new data key from now on. What was sealed before opens as before."""
    with terminal.open_database() as database:
        rotated = []
        for tenant_id in installation.chosen_tenant_ids(database, tenant):
            with database.begin(tenant_id=tenant_id, actor=secrets.ACTOR) as tx:
                rotated.append({"tenant_id": str(tenant_id), "key_no": secrets.rotate(tx)})
    terminal.emit({"rotated": rotated} if as_json else f"{len(rotated)} tenants seal with a new key", as_json=as_json)


@app.command()
def rewrap(
    new: Annotated[
        bool, typer.Option("--new", help="First draw a new master key, where HEADGATE_HOME keeps it.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """Wrap every data key with the present master key, after it was replaced. Safe to repeat."""
    with terminal.open_database() as database:
        retired = keys.replace_master_key(database.config)[1].id if new else None
        count = secrets.rewrap(database)
        current = keys.master_key(database.config).id
    document = {"rewrapped": count, "kek_id": current, "retired": retired}
    said = f"{count} data keys are now wrapped by {current}"
    if retired:
        said += f"\nkeys/master-{retired}.key is kept: backups made before now need it. Back up the folder keys/ now."
    terminal.emit(document if as_json else said, as_json=as_json)
