"""Which transport this installation uses: RabbitMQ where a broker is configured, else PostgreSQL."""

from __future__ import annotations

from headgate.core.db import Database
from headgate.messaging.transports.contract import Transport
from headgate.messaging.transports.postgres import HOLD_SECONDS, PostgresTransport


def chosen_transport(database: Database, *, hold_seconds: float = HOLD_SECONDS) -> Transport:
    """A transport of one's own, for one thread. Raises BrokerUnavailable, Unavailable.

    `hold_seconds` is how long what it received belongs to it; a broker frees that of a lost connection at once.
    """
    if database.config.broker_url is None:
        return PostgresTransport(database, hold_seconds=hold_seconds)
    from headgate.messaging.transports.rabbitmq import RabbitTransport

    return RabbitTransport(database)
