"""Tenants: created by the installation's administrator, live or test for ever.

A tenant is created in its *own*, fresh context: the transaction takes the new id as its tenant, so that row-level
security, the audit chain and the outbox hold for its first row as for every later one, and no role is needed that could
write across tenants. Only `headgate tenants create` and the library do it, with a database URL in their hands; no route
of the API does, so no API key can.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from headgate import audit, messaging
from headgate.core import clock, ids
from headgate.core.db import Actor, Database, Tx
from headgate.tenants.errors import LiveClock, SlugTaken, UnknownTenant
from headgate.tenants.model import Tenant, check_name, check_slug

ADMINISTRATOR = Actor("human", "administrator")
"""Whoever holds the installation's database URL."""


def create_tenant(database: Database, *, slug: str, name: str, livemode: bool, actor: Actor = ADMINISTRATOR) -> Tenant:
    """Create a tenant. Raises MalformedSlug, MalformedName, SlugTaken."""
    tenant = Tenant(ids.uuid7(), check_slug(slug), check_name(name, field="name"), livemode)
    with database.begin(tenant_id=tenant.id, actor=actor) as tx:
        made = tx.touched(
            """
            INSERT INTO tenants.tenants (id, slug, name, livemode)
            VALUES (%(id)s, %(slug)s, %(name)s, %(livemode)s)
            ON CONFLICT (slug) DO NOTHING
            """,
            {"id": tenant.id, "slug": tenant.slug, "name": tenant.name, "livemode": tenant.livemode},
        )
        if not made:
            raise SlugTaken(f"the slug '{slug}' is taken: choose another", slug=slug)
        facts = {"tenant_id": str(tenant.id), "slug": tenant.slug, "livemode": tenant.livemode}
        audit.record(tx, type="tenants.tenant.created", data=facts)
        messaging.publish(
            tx, event_type="tenants.tenant.created", aggregate_type="tenant", aggregate_id=str(tenant.id), payload=facts
        )
    return tenant


def directory(database: Database) -> list[Tenant]:
    """Every tenant of the installation, oldest first."""
    with database.begin(tenant_id=None, actor=ADMINISTRATOR) as tx:
        return tx.all("SELECT id, slug, name, livemode FROM tenants.directory()", row=Tenant)


def tenant_ids(database: Database) -> list[UUID]:
    """The id of every tenant, oldest first: for what goes through all of them."""
    with database.begin(tenant_id=None, actor=Actor.system("tenants")) as tx:
        return tx.values("SELECT tenants.tenant_ids()")


def find_tenant(database: Database, id_or_slug: str) -> Tenant:
    """The tenant of that id or slug. Raises UnknownTenant."""
    for tenant in directory(database):
        if id_or_slug.lower() in (str(tenant.id), tenant.slug):
            return tenant
    raise UnknownTenant(f"there is no tenant '{id_or_slug[:40]}'; `headgate tenants list` names them")


def current_tenant(tx: Tx) -> Tenant:
    """The tenant in context. Raises UnknownTenant."""
    found = tx.maybe(
        "SELECT id, slug, name, livemode FROM tenants.tenants WHERE id = %(id)s", {"id": tx.tenant_id}, row=Tenant
    )
    if found is None:
        raise UnknownTenant(f"there is no tenant {tx.tenant_id}")
    return found


def move_clock(tx: Tx, *, by: timedelta | None = None, to: datetime | None = None) -> datetime:
    """Move a test tenant's clock `by` a time or `to` an instant; with neither, back to real time. Returns its now.

    Cutoffs, holds, expiry and schedules follow it; recorded and audited times stay real. Raises LiveClock.
    """
    assert by is None or to is None, "move a clock by a time or to an instant, not both"
    tenant = current_tenant(tx)
    if tenant.livemode:
        raise LiveClock(f"tenant {tenant.slug} is live: its clock is real time and cannot be moved")
    before = tx.now()
    target = to if to is not None else before + by if by is not None else None
    offset = (target - clock.real_now()) // timedelta(microseconds=1) if target is not None else 0
    tx.run(
        "UPDATE tenants.tenants SET clock_offset_microseconds = %(offset)s WHERE id = %(id)s",
        {"offset": offset, "id": tenant.id},
    )
    audit.record(tx, type="tenants.clock.moved", data={"offset_microseconds": offset})
    return tx.now()
