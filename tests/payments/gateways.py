"""A simulated network for the tests of orders: served over HTTP, with what came to it counted."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from tests.make import TenantFixture

from headgate import payments
from headgate.core.db import Database, Tx
from headgate.core.money import Money
from headgate.rails import fake, instant_face, wire
from headgate.rails.fedwire_twin import FedwireTwin
from headgate.rails.instant_twin import InstantTwin
from headgate.rails.iso20022 import FEDNOW, Network, read_document
from headgate.rails.iso20022.build import Address
from headgate.rails.network_twin import Delivery, NetworkTwin, Noise

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
LISLE = Address("Lisle", street="Dream Road", building="450", post_code="60532", state="IL")


Twin = TypeVar("Twin", bound=NetworkTwin)


class Counting:
    """A simulated network remembers the kind and id of everything that came."""

    def count(self, kind: str) -> int:
        """How many messages of a kind came."""
        return sum(one == kind for one, _ in self.__dict__.get("came", []))


class CountingTwin(Counting, InstantTwin):
    """The simulated network, which remembers the kind and id of everything that came."""

    def take(self, content: bytes, at: object) -> tuple[Delivery, ...]:
        message = read_document(content, network=self.network).message
        assert message is not None
        self.__dict__.setdefault("came", []).append((message.kind, message.id))
        return super().take(content, at)  # type: ignore[arg-type]


class CountingFedwire(Counting, FedwireTwin):
    """Fedwire, which remembers the same."""

    def take(self, content: bytes, at: object) -> tuple[Delivery, ...]:
        fact = wire.read_message(content).fact
        assert fact is not None
        self.__dict__.setdefault("came", []).append((fact.kind, fact.message_id))
        return super().take(content, at)  # type: ignore[arg-type]


@dataclass
class Served(Generic[Twin]):
    """A network and its address."""

    twin: Twin
    url: str


@contextmanager
def served(network: Network = FEDNOW, *, hang_seconds: float = 5.0) -> Iterator[Served[CountingTwin]]:
    """A simulated network over HTTP, for the time of a test."""
    with _served(CountingTwin(network), hang_seconds) as found:
        yield found


@contextmanager
def fedwire(
    *, hang_seconds: float = 5.0, seed: int = 0, noise: Noise | None = None
) -> Iterator[Served[CountingFedwire]]:
    """Fedwire over HTTP, for the time of a test."""
    with _served(CountingFedwire(seed=seed, noise=noise), hang_seconds) as found:
        yield found


@contextmanager
def _served(twin: Twin, hang_seconds: float) -> Iterator[Served[Twin]]:
    answering, stop, addresses = threading.Event(), threading.Event(), [""]

    def ready(address: str) -> None:
        addresses[0] = address
        answering.set()

    facts = {"port": 0, "hang_seconds": hang_seconds, "ready": ready, "stop": stop}
    server = threading.Thread(target=instant_face.serve, args=(twin,), kwargs=facts)
    server.start()
    try:
        assert answering.wait(20)
        yield Served(twin, addresses[0])
    finally:
        stop.set()
        server.join(10)


def speak_to(
    tx: Tx, tenant: TenantFixture, url: str, *, rail: str = "fednow", timeout_seconds: int = 1, **facts: object
) -> payments.ProviderSetting:
    """The test's tenant speaks to this address over a rail."""
    return payments.set_provider(
        tx,
        rail=rail,
        url=url,
        routing_number=fake.ROUTING,
        account_number="000123456789",
        address=LISLE,
        timeout_seconds=timeout_seconds,
        **facts,  # type: ignore[arg-type]
    )


def usd(text: str) -> Money:
    return Money.parse(text, "USD")


@contextmanager
def reaching(database: Database) -> Iterator[None]:
    """For a time, the installation may call what runs on this machine."""
    before = database.config
    database.config = replace(before, egress_allow=LOOPBACK)
    try:
        yield
    finally:
        database.config = before
