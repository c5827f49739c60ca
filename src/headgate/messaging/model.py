"""Messages, and who handles them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from headgate.core.db import Tx

ATTEMPTS_MAX = 10
"""Past so many attempts a message lies with the dead letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message to publish. With a `dedupe_key` it exists once per tenant, for ever.

    `handled_by` names a consumer whose part was done in this very transaction: it is not given the message any more.
    """

    event_type: str
    aggregate_type: str
    aggregate_id: str
    payload: Mapping[str, Any]
    dedupe_key: str | None = None
    handled_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as a consumer gets it. `attempt` counts from 1; `created_at` is when it was published, in UTC.

    `handled_by` is the consumer that did its part where it was written; a broker may bring it there all the same.
    """

    id: int
    tenant_id: UUID
    event_type: str
    aggregate_type: str
    aggregate_id: str
    payload: dict[str, Any]
    correlation_id: str | None
    created_at: datetime
    attempt: int = 1
    handled_by: str | None = None


@dataclass(frozen=True, slots=True)
class Consumer:
    """A function that handles the messages of some topics, each once. It may see them twice and out of order.

    What `handle` raises rolls back its effects; the message comes again, at most `attempts_max` times in all.
    `handle_many`, where there is one, takes messages of one tenant that wait together, as a set; if it raises, each is
    handled by itself. What it tells of a message's aggregate belongs to that message's correlation (`Tx.follow` for what
    came of it). Who is `at_once` is given what other consumers of its worker publish in their very transaction: see
    messaging/following.py.
    """

    name: str
    topics: tuple[str, ...]
    handle: Callable[[Tx, Message], None]
    attempts_max: int = ATTEMPTS_MAX
    handle_many: Callable[[Tx, Sequence[Message]], None] | None = None
    at_once: bool = False
