"""Topics and subscriptions, as AMQP's topic exchanges read them: `*` is one word, `#` any number of words or none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from headgate.messaging.errors import TopicMalformed

_WORD = r"[a-z][a-z0-9_]*"
_TOPIC = re.compile(rf"{_WORD}(\.{_WORD})*\Z")
_SUBSCRIPTION = re.compile(rf"({_WORD}|\*|#)(\.({_WORD}|\*|#))*\Z")


def check_topic(topic: str) -> str:
    """The topic itself. Raises TopicMalformed."""
    if not _TOPIC.match(topic) or "." not in topic:
        raise TopicMalformed(
            f"{topic[:80]!r} is no topic: it should read like payments.instruction.settled", topic=topic
        )
    return topic


def pattern(subscriptions: Sequence[str]) -> str:
    """One regular expression, for Python and PostgreSQL alike, over a dot and a topic that any of them means."""
    return "^(" + "|".join(_pattern(subscription) for subscription in subscriptions) + ")$"


@lru_cache(maxsize=1_000)
def wants(topics: tuple[str, ...], topic: str) -> bool:
    """Whether any of the subscriptions means a topic. Raises TopicMalformed."""
    return re.match(pattern(topics), "." + topic) is not None


def matches(subscription: str, topic: str) -> bool:
    """Whether a subscription means a topic. Raises TopicMalformed."""
    return re.match(pattern([subscription]), "." + topic) is not None


def _pattern(subscription: str) -> str:
    if not _SUBSCRIPTION.match(subscription):
        raise TopicMalformed(f"{subscription[:80]!r} is no topic to subscribe to", topic=subscription)
    written = ""
    for word in subscription.split("."):
        # Each word brings its own dot, so that `#` may stand for none; the topic is read with a dot before it.
        written += r"(\.[a-z0-9_]+)*" if word == "#" else r"\.[a-z0-9_]+" if word == "*" else rf"\.{word}"
    return written
