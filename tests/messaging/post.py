"""Small helpers: a topic of one's own, the state of a message, everything relayed and handled now."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from tests import make

from headgate import messaging
from headgate.core import ids
from headgate.core.db import Database, Tx
from headgate.messaging.consuming import work_round
from headgate.messaging.relay import Relay
from headgate.messaging.transports.contract import Transport
from headgate.messaging.transports.postgres import PostgresTransport


def fresh_name() -> str:
    """A name nobody else uses: the tests of one worker share their database."""
    return "t" + ids.new("xx")[-12:]


class Post:
    """A tenant's messages under one topic, its consumer, a transport and a relay, driven by hand."""

    def __init__(
        self,
        database: Database,
        tenant_id: UUID,
        handle: Callable[[Tx, messaging.Message], None] | None = None,
        transport: Callable[[Database], Transport] = PostgresTransport,
    ) -> None:
        self.database, self.tenant_id = database, tenant_id
        self.name = fresh_name()
        self.topic = f"test.{self.name}"
        self.seen: list[int] = []
        self.consumer = messaging.Consumer(f"test.{self.name}", (self.topic,), handle or self._note)
        self.transport: Any = transport(database)
        self.relay = Relay(database, self.transport)
        self.transport.subscribe({self.consumer.name: self.consumer.topics})

    def _note(self, tx: Tx, message: messaging.Message) -> None:
        self.seen.append(message.payload["n"])

    def close(self) -> None:
        self.relay.close()
        self.transport.close()

    def publish(self, count: int = 1, **given: Any) -> list[int]:
        with self.database.begin(tenant_id=self.tenant_id, actor=make.ACTOR, correlation_id="cor_t") as tx:
            outgoing = [
                messaging.Outgoing(
                    event_type=self.topic, aggregate_type="t", aggregate_id=str(n), payload={"n": n}, **given
                )
                for n in range(count)
            ]
            return [number for number in messaging.publish_many(tx, outgoing) if number is not None]

    def relay_all(self) -> None:
        while self.relay.relay_round():
            pass

    def work(self) -> int:
        return work_round(self.database, self.transport, {self.consumer.name: self.consumer})

    def work_until(self, done: Callable[[], bool], seconds: float = 20.0) -> None:
        """Relay and work until it is so; a broker brings things when it will."""
        deadline = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < deadline, "it never came to that"
            self.relay_all()
            self.work()

    def outbox(self) -> list[dict[str, Any]]:
        with self.database.begin(tenant_id=self.tenant_id, actor=make.ACTOR) as tx:
            return tx.all(
                "SELECT * FROM messaging.outbox_messages WHERE event_type = %(t)s ORDER BY id", {"t": self.topic}
            )

    def queue(self) -> list[dict[str, Any]]:
        with self.database.begin(tenant_id=self.tenant_id, actor=make.ACTOR) as tx:
            return tx.all(
                "SELECT * FROM messaging.queue_messages WHERE consumer = %(c)s ORDER BY message_id",
                {"c": self.consumer.name},
            )

    def inbox(self) -> list[int]:
        with self.database.begin(tenant_id=self.tenant_id, actor=make.ACTOR) as tx:
            return tx.values(
                "SELECT message_id FROM messaging.inbox WHERE consumer = %(c)s ORDER BY 1", {"c": self.consumer.name}
            )

    def letters(self) -> list[messaging.DeadLetter]:
        with self.database.begin(tenant_id=self.tenant_id, actor=make.ACTOR) as tx:
            return [letter for letter in messaging.dead_letters(tx) if letter.event_type == self.topic]

    def hasten(self, table: str) -> None:
        """What was put off is due now, and what is held is past its deadline."""
        with self.database.connect("admin") as admin:
            admin.execute(
                f"UPDATE messaging.{table} SET available_at = '2020-01-01',"
                " claimed_until = CASE WHEN claimed_until IS NULL THEN NULL ELSE '2020-01-01'::timestamptz END"
                " WHERE tenant_id = %s".encode(),
                [self.tenant_id],
            )
