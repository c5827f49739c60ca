"""The servicing pipeline over a real RabbitMQ that is killed, emptied and paused, with workers killed at random: each once.

A long run, `make broker`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests import components
from tests.messaging.broker import Broker
from tests.messaging.chaos import Chaos

from headgate.core.db import Database

pytestmark = [pytest.mark.slow, components.requires("rabbitmq")]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Once where a long run of the broker is asked for; never in an ordinary run."""
    metafunc.parametrize("seed", [17] if metafunc.config.getoption("--broker-nodes") else [])


def test_every_payment_is_posted_once_whatever_befalls_broker_relay_and_workers(
    seed: int, empty_database: Database, tmp_path: Path
) -> None:
    broker = Broker()
    try:
        broker.start()
        with Chaos(empty_database, tmp_path, {"HEADGATE_BROKER_URL": broker.url}, seed=seed, broker=broker) as chaos:
            chaos.run(("kill", "break_broker", "pause", "empty_broker"), payments=300, count=6)
    finally:
        broker.stop()
