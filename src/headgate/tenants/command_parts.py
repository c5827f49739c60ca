"""What the commands of one tenant share, whatever their domain: how it is named, and its transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from headgate.core import terminal
from headgate.core.db import Actor, Tx
from headgate.tenants.tenants import find_tenant

Tenant = Annotated[str, typer.Option("--tenant", help="The tenant's id or slug.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


@contextmanager
def begin(tenant: str, actor: Actor) -> Iterator[Tx]:
    """A transaction of the tenant, by its id or slug. Raises UnknownTenant."""
    with terminal.open_database() as database:
        found = find_tenant(database, tenant)
        with database.begin(tenant_id=found.id, actor=actor) as tx:
            yield tx
