"""Deliver what waits, here and now: for a process that ends without serving."""

from __future__ import annotations

from headgate.core.db import Database
from headgate.messaging.consuming import discovered_consumers, subscribed, work_round
from headgate.messaging.relay import Relay
from headgate.messaging.transports.choice import chosen_transport


def deliver_waiting(database: Database) -> int:
    """Relay and handle every message that is due, until none is; returns how many were relayed.

    What fails comes again later, with whoever serves. Beside a running server it does no harm: a row has one claimant.
    """
    consumers = {consumer.name: consumer for consumer in discovered_consumers()}
    transport = chosen_transport(database)
    relay = Relay(database, transport)
    relayed = 0
    try:
        with subscribed(database, transport):
            while True:
                sent = relay.relay_round()
                relayed += sent
                if not sent and not work_round(database, transport, consumers):
                    return relayed
    finally:
        relay.release()
        relay.close()
        transport.close()
