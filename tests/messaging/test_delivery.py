"""Here and now: what waits is delivered by a process that ends, also what another one took with it."""

from __future__ import annotations

import pytest
from tests import make

from headgate import messaging
from headgate.core.db import Database
from headgate.messaging.consuming import discovered_consumers, subscribed
from headgate.messaging.relay import Relay
from headgate.messaging.transports.postgres import PostgresTransport

pytestmark = pytest.mark.slow


def test_what_a_process_that_is_gone_holds_is_waited_for(empty_database: Database) -> None:
    tenant = make.tenant(empty_database)
    letter = {"consumer": "x", "message_id": 1, "event_type": "a.b", "aggregate_type": "t", "aggregate_id": "1"}
    with empty_database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        messaging.publish(
            tx,
            event_type="messaging.dead_letter",
            aggregate_type="dead_letter",
            aggregate_id="1",
            payload={**letter, "dead_letter_id": 1, "attempt_count": 1, "last_error": "why"},
        )
    gone = PostgresTransport(empty_database)
    relay = Relay(empty_database, gone)
    with subscribed(empty_database, gone):
        assert relay.relay_round()
    assert gone.receive([consumer.name for consumer in discovered_consumers()], 50)
    relay.close()
    gone.close()

    def cases() -> int:
        with empty_database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
            return int(tx.value("SELECT count(*) FROM cases.exception_cases"))

    messaging.deliver_waiting(empty_database)
    at_once = cases()
    with empty_database.connect("admin") as admin:
        admin.execute("UPDATE messaging.queue_messages SET claimed_until = clock_timestamp() + interval '1 second'")
    messaging.deliver_waiting(empty_database, patience_seconds=30.0)

    assert (at_once, cases()) == (0, 1)
