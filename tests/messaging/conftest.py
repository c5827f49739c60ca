"""A post office for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests import make
from tests.messaging.broker import Broker
from tests.messaging.post import Post

from headgate.core.db import Database


@pytest.fixture
def post(database: Database, tenant: make.TenantFixture) -> Iterator[Post]:
    """Messages under a topic of this test alone."""
    opened = Post(database, tenant.id)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    """A RabbitMQ of one node, for all that runs in this process."""
    made = Broker()
    try:
        yield made.start()
    finally:
        made.stop()
