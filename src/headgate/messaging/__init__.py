"""Messages between domains: written with the business, relayed, handled once.

A verb calls `publish(tx, …)`: the message is a row of the outbox and commits with everything else, or not at all. The
relay (`run_relay`) hands it to the transport, which puts it into the queue of every consumer that subscribed to its
topic. A worker (`run_consumers`) gives it to the consumer's function in a transaction of the message's tenant,
together with a row of the inbox: a message that comes twice is handled once. What fails is tried again later and later,
and after its last attempt lies with the dead letters, which a person can requeue. Every claim has a deadline, so a
killed process loses nothing. A consumer is a line in its domain's `consumers.py`.
"""

from headgate.messaging.consuming import discovered_consumers, run_consumers
from headgate.messaging.dead_letters import DeadLetter, dead_letters, requeue
from headgate.messaging.delivery import deliver_waiting
from headgate.messaging.errors import NoSuchDeadLetter, TopicMalformed
from headgate.messaging.hints import hint
from headgate.messaging.model import Consumer, Message, Outgoing
from headgate.messaging.outbox import publish, publish_many
from headgate.messaging.relay import run_relay
from headgate.messaging.status import Status, oldest_unpublished_seconds, status

__all__ = [
    "Consumer",
    "DeadLetter",
    "Message",
    "NoSuchDeadLetter",
    "Outgoing",
    "Status",
    "TopicMalformed",
    "dead_letters",
    "deliver_waiting",
    "discovered_consumers",
    "hint",
    "oldest_unpublished_seconds",
    "publish",
    "publish_many",
    "requeue",
    "run_consumers",
    "run_relay",
    "status",
]
