"""Which transport this installation uses: RabbitMQ where a broker is configured, else PostgreSQL."""

from __future__ import annotations

from headgate.core.db import Database
from headgate.messaging.transports.contract import Transport
from headgate.messaging.transports.postgres import PostgresTransport


def chosen_transport(database: Database) -> Transport:
    """A transport of one's own, for one thread. Raises BrokerUnavailable, Unavailable."""
    if database.config.broker_url is None:
        return PostgresTransport(database)
    from headgate.messaging.transports.rabbitmq import RabbitTransport

    return RabbitTransport(database)
