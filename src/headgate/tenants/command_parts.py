"""What the commands of one tenant share, whatever their domain: how it is named, and its transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer

from headgate.core import terminal
from headgate.core.db import Actor, Database, Tx
from headgate.core.errors import Forbidden, Malformed, Unauthorized
from headgate.tenants.keys import authenticate
from headgate.tenants.model import Caller
from headgate.tenants.roles import allows
from headgate.tenants.tenants import find_tenant

Tenant = Annotated[str, typer.Option("--tenant", help="The tenant's id or slug.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]

KeyFile = Annotated[
    Path, typer.Option("--key-file", exists=True, dir_okay=False, help="Holds your API key: it says who you are.")
]

Approval = Annotated[str, typer.Argument(help="The approval that another person gave, as apr_….")]
Entity = Annotated[str | None, typer.Option("--legal-entity", help="Of one legal entity, as le_….")]

SecretFile = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, readable=True, help="It is read once and kept sealed.")
]


def secret_in(path: Path) -> str:
    """The text of a file with a secret. Raises Malformed."""
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Malformed(f"{path} cannot be read as text: {type(error).__name__}") from error


@contextmanager
def begin_as(key_file: Path, permission: str) -> Iterator[Tx]:
    """A transaction of who an API key belongs to, at its tenant: for what one person asks and another allows.

    Never a name on the command line: else one person could ask in another's name and approve it too. Raises Unauthorized,
    Forbidden.
    """
    with terminal.open_database() as database:
        caller = caller_of(database, key_file, permission)
        with database.begin(tenant_id=caller.tenant_id, actor=caller.actor) as tx:
            yield tx


def caller_of(database: Database, key_file: Path, permission: str) -> Caller:
    """Who a key in a file belongs to. Raises Unauthorized, Forbidden where its role lacks the permission."""
    caller = authenticate(database, key_file.read_text("utf-8").strip())
    if caller is None:
        raise Unauthorized(f"{key_file} holds no valid API key")
    if not allows(caller.role, permission):
        raise Forbidden(f"this needs {permission}, which the role {caller.role} does not have", permission=permission)
    return caller


@contextmanager
def begin(tenant: str, actor: Actor, *, is_dry: bool = False) -> Iterator[Tx]:
    """A transaction of the tenant, by its id or slug; a dry one leaves nothing. Raises UnknownTenant."""
    with terminal.open_database() as database:
        found = find_tenant(database, tenant)
        with suppress(_Undone), database.begin(tenant_id=found.id, actor=actor) as tx:
            yield tx
            if is_dry:
                raise _Undone


class _Undone(Exception):
    """Takes back what a dry run wrote down."""
