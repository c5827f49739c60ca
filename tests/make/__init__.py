"""Plain factory functions for tests: amounts as people write them, tenants, legal entities."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from headgate import ledger, tenants
from headgate.core import ids
from headgate.core.db import Actor, Database
from headgate.core.money import Money

ACTOR = Actor("human", "usr_test", "usr_test")

TIME_ZONE: Final = "America/Chicago"
"""Where the legal entity of a test is."""


@dataclass(frozen=True)
class TenantFixture:
    """A test tenant with one legal entity."""

    id: UUID
    slug: str
    legal_entity_id: str
    actor: Actor


def person(name: str) -> Actor:
    """A human with a login of their own: `person("ann")`."""
    return Actor("human", f"key_{name}", f"usr_{name}")


def usd(text: str) -> Money:
    """`usd("12.50")`."""
    return Money.parse(text, "USD")


def tenant(database: Database, *, livemode: bool = False) -> TenantFixture:
    """A fresh tenant with a legal entity in Chicago and the default chart in USD."""
    slug = f"t-{ids.new('x')[-12:]}"
    made = tenants.create_tenant(database, slug=slug, name=f"Test {slug}", livemode=livemode)
    with database.begin(tenant_id=made.id, actor=ACTOR) as tx:
        entity = tenants.create_legal_entity(tx, name=f"Entity {slug}", time_zone=TIME_ZONE, currency="USD")
        ledger.seed_chart(tx, legal_entity_id=entity.id, currency="USD")
    return TenantFixture(made.id, slug, entity.id, ACTOR)


def caught_up(database: Database, tenant_id: UUID) -> None:
    """Wait until everything that is written by now is told to who asks what changed.

    A transaction that is open anywhere on the server, also in another test, puts the news off.
    """
    deadline = time.monotonic() + 60
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        written = int(tx.value("SELECT pg_current_xact_id()::text"))
    while time.monotonic() < deadline:
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            if int(tx.value("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")) > written:
                return
        time.sleep(0.01)
    raise AssertionError("a transaction stays open")
