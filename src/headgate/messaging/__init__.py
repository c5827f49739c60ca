"""Messages between domains: written with the business, relayed, handled once.

A verb calls `publish(tx, …)`: the message is a row of the outbox and commits with everything else, or not at all. The
relay (`run_relay`) hands it to the transport, which puts it into the queue of every consumer that subscribed to its
topic. A worker (`run_consumers`) gives it to the consumer's function in a transaction of the message's tenant,
together with a row of the inbox: a message that comes twice is handled once. What fails is tried again later and later,
and after its last attempt lies with the dead letters, which a person can requeue. Every claim has a deadline, so a
killed process loses nothing. What carries the messages is PostgreSQL, or RabbitMQ where a broker is configured
(`transports`); what a broker loses is published again from the outbox (`rebuild`). A consumer is a line in its domain's
`consumers.py`.
"""

from headgate.messaging.consuming import discovered_consumers, run_consumers
from headgate.messaging.dead_letter_search import TERMS as DEAD_LETTER_TERMS
from headgate.messaging.dead_letter_search import (
    DeadLetterTotal,
    QueueDepth,
    changed_dead_letters,
    dead_letter_row,
    dead_letter_rows,
    dead_letter_totals,
    find_dead_letters,
    matching_dead_letters,
    queue_depths,
    requeue_found,
)
from headgate.messaging.dead_letters import DeadLetter, dead_letters, requeue
from headgate.messaging.delivery import deliver_waiting
from headgate.messaging.errors import BrokerUnavailable, NoSuchDeadLetter, TopicMalformed, TopologyDiffers
from headgate.messaging.following import at_last, do_last
from headgate.messaging.hints import hint
from headgate.messaging.model import Consumer, Message, Outgoing
from headgate.messaging.outbox import announce_many, publish, publish_ahead, publish_many
from headgate.messaging.rebuilding import rebuild
from headgate.messaging.relay import run_relay
from headgate.messaging.status import (
    Status,
    dead_letter_count,
    oldest_dead_letter_seconds,
    oldest_queued_seconds,
    oldest_unpublished_seconds,
    status,
    unreachable_broker,
)

__all__ = [
    "DEAD_LETTER_TERMS",
    "BrokerUnavailable",
    "Consumer",
    "DeadLetter",
    "DeadLetterTotal",
    "Message",
    "NoSuchDeadLetter",
    "Outgoing",
    "QueueDepth",
    "Status",
    "TopicMalformed",
    "TopologyDiffers",
    "announce_many",
    "at_last",
    "changed_dead_letters",
    "dead_letter_count",
    "dead_letter_row",
    "dead_letter_rows",
    "dead_letter_totals",
    "dead_letters",
    "deliver_waiting",
    "discovered_consumers",
    "do_last",
    "find_dead_letters",
    "hint",
    "matching_dead_letters",
    "oldest_dead_letter_seconds",
    "oldest_queued_seconds",
    "oldest_unpublished_seconds",
    "publish",
    "publish_ahead",
    "publish_many",
    "queue_depths",
    "rebuild",
    "requeue",
    "requeue_found",
    "run_consumers",
    "run_relay",
    "status",
    "unreachable_broker",
]
