"""A written log for the tests of the audit chain."""

from __future__ import annotations

import pytest
from tests import make
from tests.audit import hands

from headgate.core.db import Database


@pytest.fixture
def log(database: Database, tenant: make.TenantFixture) -> hands.Log:
    """Twelve sealed events in three blocks and two unsealed ones."""
    return hands.written(database, tenant.id)
