"""An operator at a shell: a login that sees one tenant's rows, in the words of the runbooks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from tests.make import TenantFixture

from headgate.core.db import Database


@pytest.fixture
def operator(database: Database, tenant: TenantFixture) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """`headgate db psql --role operator --tenant …`: autocommit, the tenant set."""
    with psycopg.connect(database.url("operator"), autocommit=True, row_factory=dict_row) as connection:
        connection.execute("SELECT set_config('headgate.tenant_id', %s, false)", [str(tenant.id)])
        yield connection
