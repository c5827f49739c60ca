"""Deliver what waits, here and now: for a process that ends without serving."""

from __future__ import annotations

import time
from typing import Final

from headgate.core.db import Database
from headgate.messaging.consuming import discovered_consumers, subscribed, work_round
from headgate.messaging.relay import CLAIM_SECONDS, Relay
from headgate.messaging.status import status
from headgate.messaging.transports.choice import chosen_transport

LOOK_SECONDS: Final = 0.1


def deliver_waiting(database: Database, *, claim_seconds: float = CLAIM_SECONDS, patience_seconds: float = 0.0) -> int:
    """Relay and handle every message that is due, until none is; returns how many were relayed.

    What is taken in hand is ours for `claim_seconds`; what another process holds, one that is gone too, is waited for as
    long as `patience_seconds`. What fails comes again later, with whoever serves. Beside a running server it does no harm: a
    row has one claimant.
    """
    consumers = {consumer.name: consumer for consumer in discovered_consumers()}
    transport = chosen_transport(database, hold_seconds=claim_seconds)
    relay = Relay(database, transport, claim_seconds=claim_seconds)
    relayed = 0
    patient_until = time.monotonic() + patience_seconds
    try:
        with subscribed(database, transport):
            while True:
                sent = relay.relay_round()
                relayed += sent
                if not sent and not work_round(database, transport, consumers):
                    if time.monotonic() >= patient_until or not _is_held(database):
                        return relayed
                    time.sleep(LOOK_SECONDS)
    finally:
        relay.release()
        relay.close()
        transport.close()


def _is_held(database: Database) -> bool:
    """Whether anything waits that nobody can take now: whoever claimed it works on it, or is gone."""
    found = status(database)
    return found.outbox_pending > 0 or any(queue.held or queue.ready for queue in found.queues)
