"""An application that takes Headgate in as a library: its login, its connection, and a front door on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from tests.logins import connect as connect
from tests.logins import login as login
from tests.logins import theirs as theirs
from tests.make import ACTOR, TenantFixture
from tests.payments import stories
from tests.payments.stories import MONDAY

from headgate.core.db import Database
from headgate.psp import PSP, PSPConfig

Open = Callable[..., PSP]


@pytest.fixture
def client(database: Database, tenant: TenantFixture) -> TenantFixture:
    """A client on Monday, with its originator, and no money."""
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        stories.originator(tx, tenant)
    return tenant


@pytest.fixture
def configured(database: Database, client: TenantFixture) -> Callable[..., PSPConfig]:
    """A configuration for the client; keywords change it."""

    def configure(**kwargs: Any) -> PSPConfig:
        facts = {
            "tenant_id": client.id,
            "legal_entity_id": client.legal_entity_id,
            "actor": "ann@example.com",
            "config": database.config,
        }
        return PSPConfig(**{**facts, **kwargs})

    return configure


@pytest.fixture
def psp(theirs: psycopg.Connection[Any], configured: Callable[..., PSPConfig]) -> PSP:
    """The front door on the application's own connection."""
    return PSP(theirs, configured())
