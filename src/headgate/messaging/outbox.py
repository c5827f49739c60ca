"""Publishing: a message is a row that commits with the business, or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, LiteralString

from headgate.core import arrays
from headgate.core.db import Tx
from headgate.messaging.following import followed_in
from headgate.messaging.model import Outgoing
from headgate.messaging.topics import check_topic


def publish(
    tx: Tx,
    *,
    event_type: str,
    aggregate_type: str,
    aggregate_id: str,
    payload: Mapping[str, Any],
    dedupe_key: str | None = None,
) -> int | None:
    """Publish a message in this transaction; returns its id.

    With a `dedupe_key` that was used before, nothing is published and None is returned. Raises TopicMalformed,
    NoTenant.
    """
    outgoing = Outgoing(
        event_type=event_type,
        aggregate_type=aggregate_type,
        aggregate_id=aggregate_id,
        payload=payload,
        dedupe_key=dedupe_key,
    )
    return publish_many(tx, [outgoing])[0]


_PUBLISH: Final[LiteralString] = """
    WITH given AS MATERIALIZED (
      SELECT u.n, nextval('messaging.message_id') AS id, u.event_type, u.aggregate_type, u.aggregate_id, u.payload,
             nullif(u.dedupe_key, '') AS dedupe_key, coalesce(u.correlation, %(correlation_id)s) AS correlation_id,
             u.handled_by
        FROM unnest(%(types)s::text[], %(aggregate_types)s::text[], %(aggregate_ids)s::text[],
                    %(payloads)s::jsonb[], %(dedupe_keys)s::text[], %(correlations)s::text[], %(handled_by)s::text[])
             WITH ORDINALITY AS u (event_type, aggregate_type, aggregate_id, payload, dedupe_key, correlation, handled_by, n)
    ), topics AS MATERIALIZED (
      -- A topic is matched once, however many messages have it.
      SELECT t.event_type, messaging.wanting(t.event_type) AS consumers FROM (SELECT DISTINCT event_type FROM given) t
    ), claimed AS (
      -- In the order of the keys, so that two transactions wait for each other and do not deadlock.
      INSERT INTO messaging.outbox_keys (tenant_id, dedupe_key, message_id)
      SELECT (SELECT core.require_tenant()), g.dedupe_key, g.id
        FROM given g
       WHERE g.dedupe_key IS NOT NULL
       ORDER BY g.dedupe_key, g.n
      ON CONFLICT DO NOTHING
      RETURNING message_id
    ), published AS (
      INSERT INTO messaging.outbox_messages (tenant_id, id, event_type, aggregate_type, aggregate_id, payload,
        correlation_id, dedupe_key, handled_by, published_at)
      SELECT (SELECT core.require_tenant()), g.id, g.event_type, g.aggregate_type, g.aggregate_id, g.payload,
             g.correlation_id, g.dedupe_key, g.handled_by, CASE WHEN t.consumers IS NOT NULL THEN clock_timestamp() END
        FROM given g
        JOIN topics t ON t.event_type = g.event_type
       WHERE g.dedupe_key IS NULL OR g.id IN (SELECT message_id FROM claimed)
       ORDER BY g.n
      RETURNING id, created_at
    ), queued AS (
      INSERT INTO messaging.queue_messages (tenant_id, consumer, message_id, created_at, event_type, aggregate_type,
        aggregate_id, payload, correlation_id)
      SELECT (SELECT core.require_tenant()), w.consumer, p.id, p.created_at, g.event_type, g.aggregate_type, g.aggregate_id,
             g.payload, g.correlation_id
        FROM published p
        JOIN given g ON g.id = p.id
        JOIN topics t ON t.event_type = g.event_type
       CROSS JOIN LATERAL unnest(t.consumers) AS w (consumer)
       WHERE w.consumer IS DISTINCT FROM g.handled_by
       ORDER BY p.id
    )
    SELECT p.id, p.created_at
      FROM given g
      LEFT JOIN published p ON p.id = g.id
     ORDER BY g.n
"""


def publish_many(tx: Tx, messages: Sequence[Outgoing]) -> list[int | None]:
    """Publish messages in order, in one statement; None for each whose `dedupe_key` was used before.

    Where this process queues directly (`Database.queueing`), they lie in the queues of who wants them when this commits, and
    the relay does not touch them.
    """
    if not messages:
        return []
    goes_on = followed_in(tx)
    if goes_on:
        messages = goes_on.claim(messages)
    correlations = tx.correlations_of([(message.aggregate_id,) for message in messages])
    rows = tx.all(_PUBLISH, _given(tx, messages, correlations))
    if goes_on:
        for n, (message, row) in enumerate(zip(messages, rows, strict=True)):
            if message.handled_by is not None and row["id"] is not None:
                goes_on.add(
                    message, row["id"], row["created_at"], correlations[n] if correlations else tx.correlation_id
                )
    return [row["id"] for row in rows]


def publish_ahead(tx: Tx, messages: Sequence[Outgoing]) -> None:
    """The same for who needs no ids: within `tx.ahead()` nobody waits for the answer."""
    goes_on = followed_in(tx)
    if goes_on and goes_on.wants(messages):
        publish_many(tx, messages)
    elif messages:
        correlations = tx.correlations_of([(message.aggregate_id,) for message in messages])
        tx.run(_PUBLISH, _given(tx, messages, correlations))


def _given(tx: Tx, messages: Sequence[Outgoing], correlations: Sequence[str] | None) -> dict[str, Any]:
    for message in messages:
        check_topic(message.event_type)
    if goes_on := followed_in(tx):
        goes_on.note((message.event_type, message.handled_by) for message in messages)
    return {
        "types": arrays.texts([message.event_type for message in messages]),
        "aggregate_types": arrays.texts([message.aggregate_type for message in messages]),
        "aggregate_ids": arrays.texts([message.aggregate_id for message in messages]),
        "payloads": arrays.documents(dict(message.payload) for message in messages),
        "dedupe_keys": arrays.texts([message.dedupe_key for message in messages]),
        "handled_by": arrays.texts([message.handled_by for message in messages]),
        "correlation_id": tx.correlation_id,
        "correlations": arrays.texts(correlations) if correlations else None,
    }


ANNOUNCED_AT_ONCE = 10_000


def announce_many(
    tx: Tx, *, event_type: str, aggregate_type: str, facts: Sequence[Mapping[str, Any]], named_by: str
) -> None:
    """Record an audit event of each of these facts and publish it: one round trip for ten thousand, and the facts once.

    `named_by` says which fact is the aggregate's id; `payment_id` is the payment's where there is one. Raises
    TopicMalformed, NoTenant.
    """
    check_topic(event_type)
    if goes_on := followed_in(tx):
        goes_on.note([(event_type, None)])
    for start in range(0, len(facts), ANNOUNCED_AT_ONCE):
        part = facts[start : start + ANNOUNCED_AT_ONCE]
        correlations = tx.correlations_of([(str(each[named_by]), each.get("payment_id")) for each in part])
        tx.run(
            """
            SELECT messaging.announce_many_v2(%(type)s, %(aggregate_type)s, %(ids)s::text[], %(datas)s::text[],
                                              %(payments)s::text[], %(correlations)s::text[])
            """,
            {
                "correlations": arrays.texts(correlations) if correlations else None,
                "type": event_type,
                "aggregate_type": aggregate_type,
                "ids": arrays.texts([str(each[named_by]) for each in part]),
                "datas": arrays.documents(part),
                "payments": arrays.texts([each.get("payment_id") for each in part]),
            },
        )
