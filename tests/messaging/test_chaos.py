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
from headgate.messaging.consuming import discovered_consumers
from headgate.messaging.transports.rabbitmq import RabbitTransport

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
        _declare(empty_database, broker)
        with Chaos(empty_database, tmp_path, {"HEADGATE_BROKER_URL": broker.url}, seed=seed, broker=broker) as chaos:
            chaos.run(("kill", "break_broker", "pause", "empty_broker"), payments=300, count=6)
    finally:
        broker.stop()


def _declare(database: Database, broker: Broker) -> None:
    """Every queue stands, and on disk: RabbitMQ may lose one that it made seconds before kill -9, which then answers nobody."""
    transport = RabbitTransport(database, broker.url)
    try:
        transport.subscribe({consumer.name: consumer.topics for consumer in discovered_consumers()})
    finally:
        transport.close()
    broker.ctl("stop_app")
    broker.ctl("start_app")
