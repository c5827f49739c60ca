"""The installation as a whole: which tenants it has, asked through the resolver's look-ups that need no context."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from headgate.core.db import Actor, Database
from headgate.core.errors import NotFound

ACTOR: Final = Actor.system("installation")


def tenant_ids(database: Database) -> list[UUID]:
    """Every tenant, oldest first."""
    with database.begin(tenant_id=None, actor=ACTOR) as tx:
        return tx.values("SELECT tenant_id FROM tenants.tenant_ids() AS tenant_id")


def chosen_tenant_ids(database: Database, tenant: str | None) -> list[UUID]:
    """The tenant of that id or slug; every tenant where none is named. Raises NotFound."""
    if tenant is None:
        return tenant_ids(database)
    with database.begin(tenant_id=None, actor=ACTOR) as tx:
        found: list[UUID] = tx.values(
            "SELECT id FROM tenants.directory() WHERE slug = %(tenant)s OR id::text = lower(%(tenant)s)",
            {"tenant": tenant},
        )
    if not found:
        raise NotFound(f"there is no tenant {tenant!r}; `headgate tenants list` names them")
    return found
