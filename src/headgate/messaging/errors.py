"""What can go wrong with messages."""

from headgate.core.errors import ConfigError, Malformed, NotFound, Unavailable


class TopicMalformed(Malformed):
    """A topic is lower-case words parted by dots; in a subscription `*` stands for one word and `#` for any number."""

    code = "messaging.topic_malformed"


class NoSuchDeadLetter(NotFound):
    """There is no such dead letter, or it was requeued already."""

    code = "messaging.no_such_dead_letter"
    sqlstate = "HG211"


class BrokerUnavailable(Unavailable):
    """The broker does not answer now: what was to be handed over stays in the outbox, and nothing is acknowledged."""

    code = "messaging.broker_unavailable"


class TopologyDiffers(ConfigError):
    """A queue or an exchange of that name stands in the broker with other arguments, made by another hand."""

    code = "messaging.topology_differs"
