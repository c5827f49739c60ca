"""Signing in: a one-time link becomes a session cookie. Only hashes are stored: a copy of the database opens nothing."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from psycopg.types.json import Jsonb

from headgate.core.db import Actor, Database, Tx
from headgate.core.errors import Unauthorized

COOKIE = "headgate_session"
LINK_LIFE = timedelta(hours=12)
SESSION_LIFE = timedelta(hours=12)
RESERVED = frozenset({"enter", "leave", "static"})
"""Words of the console's own addresses; a tenant whose slug is one of them is addressed by its id."""


class NotSignedIn(Unauthorized):
    """This browser is not signed in, or its session is over: open a new link (`headgate console link`)."""

    code = "console.not_signed_in"


@dataclass(frozen=True, slots=True)
class Grant:
    """A role at a tenant."""

    tenant_id: UUID
    role: str


@dataclass(frozen=True, slots=True)
class Seat:
    """One tenant that a session may see, in that role."""

    actor_id: str
    person_id: str | None
    tenant_id: UUID
    slug: str
    name: str
    livemode: bool
    role: str

    @property
    def actor(self) -> Actor:
        return Actor("human", self.actor_id, self.person_id)

    @property
    def address(self) -> str:
        """Where the tenant's pages lie."""
        return f"/console/{self.tenant_id if self.slug in RESERVED else self.slug}"


def make_link(database: Database, *, actor: Actor, grants: list[Grant], life: timedelta = LINK_LIFE) -> str:
    """A token for a one-time link into the console, as `actor`, with these grants. It is shown once and not stored."""
    token = secrets.token_urlsafe(32)
    with database.begin(tenant_id=None, actor=actor) as tx:
        tx.run(
            "SELECT console.add_link(%(hash)s, %(actor)s, %(person)s, %(grants)s, %(life)s)",
            {
                "hash": _hash(token),
                "actor": actor.id,
                "person": actor.person_id,
                "grants": Jsonb([{"tenant": str(grant.tenant_id), "role": grant.role} for grant in grants]),
                "life": life,
            },
        )
    return token


def enter(tx: Tx, token: str) -> str | None:
    """Use a one-time link: the cookie's value, or None where the link was used or has expired."""
    cookie = secrets.token_urlsafe(32)
    entered = tx.value(
        "SELECT console.use_link(%(link)s, %(session)s, %(life)s)",
        {"link": _hash(token), "session": _hash(cookie), "life": SESSION_LIFE},
    )
    return cookie if entered else None


def seats(tx: Tx, cookie: str) -> list[Seat]:
    """The tenants that this cookie may see; none where it is unknown or over."""
    return tx.all("SELECT * FROM console.session(%(session)s)", {"session": _hash(cookie)}, row=Seat)


def leave(tx: Tx, cookie: str) -> None:
    """Sign a browser out."""
    tx.run("SELECT console.end_session(%(session)s)", {"session": _hash(cookie)})


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
