"""The web's ground: an application of the toy domain, and keys of each role."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from tests import make
from tests.web import toy
from tests.web.client import Client, Keys, client_of, keys_of

from headgate.core.db import Database
from headgate.web import build_application
from headgate.web.tenant_routes import router as tenant_router


@pytest.fixture(scope="session")
def client(database: Database) -> Iterator[Client]:
    """A client of the toy domain."""
    app = build_application(database, [toy.router, tenant_router], trusted_hosts=("pay.example.org",))
    with client_of(app) as opened:
        yield opened


@pytest.fixture
def keys(database: Database, tenant: make.TenantFixture) -> Keys:
    """A key of each role of the test's tenant."""
    return keys_of(database, tenant.id)


@pytest.fixture
def effects(admin: psycopg.Connection[Any], tenant: make.TenantFixture) -> Callable[[], tuple[int, int]]:
    """How many effects the toy has had for the test's tenant, and how many keys are kept."""

    def count() -> tuple[int, int]:
        found = admin.execute(
            "SELECT (SELECT count(*) FROM tenants.users WHERE tenant_id = %(id)s),"
            " (SELECT count(*) FROM web.idempotency_keys WHERE tenant_id = %(id)s)",
            {"id": tenant.id},
        ).fetchone()
        assert found is not None
        return (found[0], found[1])

    return count
