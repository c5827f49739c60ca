"""The stages of the pipeline as consumers: messages name their payments, the stage does the rest, as a set. And what came back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from headgate import ingestion
from headgate.core.db import Tx
from headgate.messaging import Consumer, Message
from headgate.servicing import pipeline, returns, undoing


def validate(tx: Tx, messages: Sequence[Message]) -> None:
    """Whether they may be posted; those that may at once are."""
    pipeline.go_through(tx, [message.aggregate_id for message in messages])


def classify(tx: Tx, messages: Sequence[Message]) -> None:
    """By what rule."""
    pipeline.classify(tx, {message.aggregate_id: str(message.id) for message in messages})


def allocate(tx: Tx, messages: Sequence[Message]) -> None:
    """Where each cent would go."""
    pipeline.allocate(tx, {message.aggregate_id: str(message.id) for message in messages})


def post(tx: Tx, messages: Sequence[Message]) -> None:
    """Into the book."""
    pipeline.post(tx, [message.aggregate_id for message in messages])


def take_return(tx: Tx, message: Message) -> None:
    """A source tells that a loan's payment came back, or is asked back."""
    returns.take_told(tx, ingestion.Returned.of_payload(message.payload))


def meet_named(tx: Tx, message: Message) -> None:
    """A payment got a name that it had not: a return may wait under it."""
    undoing.meet_named(tx, message.aggregate_id)


def _stage(name: str, topic: str, stage: Callable[[Tx, Sequence[Message]], None], *, at_once: bool = False) -> Consumer:
    return Consumer(
        name=name,
        topics=(topic,),
        handle=lambda tx, message: stage(tx, [message]),
        handle_many=stage,
        at_once=at_once,
    )


CONSUMERS = [
    _stage("servicing.validate", "payment.ingested", validate, at_once=True),
    _stage(pipeline.CLASSIFIES, pipeline.VALIDATED, classify),
    _stage(pipeline.ALLOCATES, pipeline.START, allocate),
    _stage(pipeline.POSTS, pipeline.ALLOCATED, post),
    Consumer(name="servicing.return", topics=(ingestion.RETURNED,), handle=take_return),
    Consumer(name="servicing.return_named", topics=(ingestion.NAMED,), handle=meet_named),
]
