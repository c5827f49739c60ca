"""The simulated Column's webhooks: whom an event goes to, what signs it, and how a seed loses, doubles and delays them.

The first endpoint that was made for a type of event gets it, and no other. Drawn by the event's own id, so that the same
seed and the same history lose the same webhooks.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class WebhookNoise:
    """How often, of a hundred events, the webhook never comes, comes twice, or comes after later ones."""

    missing: int = 0
    twice: int = 0
    late: int = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook to send: where, with which headers, and the bytes that are signed."""

    number: int
    event_id: str
    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where events of these types go; `*` stands for any ending."""

    id: str
    url: str
    enabled: tuple[str, ...]
    secret: str = field(repr=False)

    def takes(self, kind: str) -> bool:
        return any(
            one in ("*", kind) or (one.endswith("*") and kind.startswith(one.removesuffix("*"))) for one in self.enabled
        )


class Postbox:
    """Webhooks that wait to be sent, each with the instant from which it may leave."""

    def __init__(self, seed: int, noise: WebhookNoise, late_by: timedelta) -> None:
        self._seed, self._noise, self._late_by = seed, noise, late_by
        self._waiting: list[tuple[datetime, int, Delivery]] = []
        self._sent = 0
        self.endpoints: list[Endpoint] = []

    def add(self, name: str, url: str, enabled: tuple[str, ...]) -> Endpoint:
        """Send events of these types there from now on."""
        made = Endpoint(name, url, enabled, hashlib.sha256(f"{self._seed}:{name}".encode()).hexdigest())
        self.endpoints.append(made)
        return made

    def post(self, event: Mapping[str, Any], at: datetime) -> None:
        """Sign an event for its endpoint, and let the seed say whether, when and how often it leaves."""
        endpoint = next((one for one in self.endpoints if one.takes(event["type"])), None)
        if endpoint is None:
            return
        body = json.dumps(event, separators=(",", ":")).encode()
        headers = {
            "Content-Type": "application/json",
            "Column-Signature": hmac.new(endpoint.secret.encode(), body, hashlib.sha256).hexdigest(),
            "Webhook-Endpoint-Id": endpoint.id,
        }
        delivery = Delivery(self._sent, event["id"], endpoint.url, headers, body)
        draw, noise = random.Random(f"{self._seed}:{event['id']}").randrange(100), self._noise  # noqa: S311 - no secret
        if draw < noise.missing:
            return
        is_late = draw >= 100 - noise.late
        self.wait(delivery, at + (self._late_by if is_late else timedelta()))
        if noise.missing <= draw < noise.missing + noise.twice:
            self.wait(delivery, at + self._late_by)

    def wait(self, delivery: Delivery, at: datetime) -> None:
        """Let it leave from this instant on."""
        self._sent += 1
        self._waiting.append((at, self._sent, delivery))

    def due(self, now: datetime) -> list[Delivery]:
        """What may leave now, in its order; each is given once."""
        found = sorted((one for one in self._waiting if one[0] <= now), key=lambda one: one[:2])
        self._waiting = [one for one in self._waiting if one[0] > now]
        return [one[2] for one in found]

    @property
    def next_at(self) -> datetime | None:
        """When the next may leave; None where none waits."""
        return min((one[0] for one in self._waiting), default=None)
