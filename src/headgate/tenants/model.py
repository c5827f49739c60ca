"""What tenants are made of, and the rules of their names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from headgate.core.db import Actor
from headgate.tenants.errors import MalformedEmail, MalformedName, MalformedSlug

_SLUG: Final = re.compile(r"[a-z][a-z0-9-]{1,39}\Z")
_EMAIL: Final = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,190}\Z")


@dataclass(frozen=True, slots=True)
class Tenant:
    """Who is served. `livemode` is for ever; only a test tenant's clock can be moved."""

    id: UUID
    slug: str
    name: str
    livemode: bool


@dataclass(frozen=True, slots=True)
class LegalEntity:
    """A company whose money is kept apart; its days are counted in `time_zone`."""

    id: str
    name: str
    time_zone: str
    currency: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """A human being. Four eyes compare persons."""

    id: str
    email: str
    display_name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret. `user_id` is the person behind it, None for a machine's key."""

    id: str
    name: str
    role: str
    last_four: str
    user_id: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A fresh key with its secret, which is shown once and kept nowhere."""

    key: str
    api_key: ApiKey


@dataclass(frozen=True, slots=True)
class Caller:
    """Who stands behind a valid key."""

    tenant_id: UUID
    key_id: str
    role: str
    person_id: str | None
    livemode: bool

    @property
    def actor(self) -> Actor:
        """The key as an actor: a human where a person stands behind it, else a system."""
        return Actor("human" if self.person_id else "system", self.key_id, self.person_id)


def check_slug(slug: str) -> str:
    """The slug, as it is. Raises MalformedSlug."""
    if not _SLUG.match(slug):
        raise MalformedSlug(f"'{slug[:40]}' is no slug: 2 to 40 lower-case letters, digits and hyphens, a letter first")
    return slug


def check_name(name: str, *, field: str, length_max: int = 200) -> str:
    """A name without white space at its ends. Raises MalformedName, naming the field."""
    stripped = name.strip()
    if not stripped or len(stripped) > length_max or not stripped.isprintable():
        raise MalformedName(f"{field} must be 1 to {length_max} visible characters", field=field)
    return stripped


def check_email(email: str) -> str:
    """The address in lower case. Raises MalformedEmail."""
    lower = email.strip().lower()
    if not _EMAIL.match(lower):
        raise MalformedEmail("write the e-mail address as name@example.org")
    return lower
