"""What can go wrong with messages."""

from headgate.core.errors import Malformed, NotFound


class TopicMalformed(Malformed):
    """A topic is lower-case words parted by dots; in a subscription `*` stands for one word and `#` for any number."""

    code = "messaging.topic_malformed"


class NoSuchDeadLetter(NotFound):
    """There is no such dead letter, or it was requeued already."""

    code = "messaging.no_such_dead_letter"
    sqlstate = "HG211"
