"""RabbitMQ between two shapes: what the one left in its queues is of a database that is no more."""

from __future__ import annotations

import pika
from pika.exceptions import ChannelClosedByBroker

from headgate.core import brokers
from headgate.messaging.consuming import discovered_consumers
from headgate.messaging.transports import topology


def empty(url: str) -> None:
    """Take away what waits in the queues that are there; the queues stay."""
    broker = brokers.read(url)
    (host, port), *_ = broker.nodes
    login = pika.PlainCredentials(broker.user, broker.password)
    queues = {
        *topology.QUEUES,
        *(topology.queue_of(one.name) for one in discovered_consumers()),
        *("q." + topology.retry_name(room) for room in topology.RETRY_SECONDS),
    }
    connection = pika.BlockingConnection(pika.ConnectionParameters(host, port, broker.virtual_host, login))
    try:
        for queue in sorted(queues):
            channel = connection.channel()
            try:
                channel.queue_purge(queue)
                channel.close()
            except ChannelClosedByBroker:
                continue  # There is no such queue yet.
    finally:
        connection.close()
