"""The stages of the pipeline as consumers: messages name their payments, the stage does the rest, as a set."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from headgate.core.db import Tx
from headgate.messaging import Consumer, Message
from headgate.servicing import pipeline


def validate(tx: Tx, messages: Sequence[Message]) -> None:
    """Whether they may be posted."""
    pipeline.validate(tx, [message.aggregate_id for message in messages])


def classify(tx: Tx, messages: Sequence[Message]) -> None:
    """By what rule."""
    pipeline.classify(tx, {message.aggregate_id: str(message.id) for message in messages})


def allocate(tx: Tx, messages: Sequence[Message]) -> None:
    """Where each cent would go."""
    pipeline.allocate(tx, {message.aggregate_id: str(message.id) for message in messages})


def post(tx: Tx, messages: Sequence[Message]) -> None:
    """Into the book."""
    pipeline.post(tx, [message.aggregate_id for message in messages])


def _stage(name: str, topic: str, stage: Callable[[Tx, Sequence[Message]], None]) -> Consumer:
    return Consumer(name=name, topics=(topic,), handle=lambda tx, message: stage(tx, [message]), handle_many=stage)


CONSUMERS = [
    _stage("servicing.validate", "payment.ingested", validate),
    _stage("servicing.classify", pipeline.VALIDATED, classify),
    _stage("servicing.allocate", pipeline.START, allocate),
    _stage("servicing.post", pipeline.ALLOCATED, post),
]
