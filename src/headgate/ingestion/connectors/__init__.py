"""How evidence is fetched: one file each, found by the registry. Webhooks and uploads come by themselves; these go and look.

A connector is a generator: it gives *batches* of what a place holds, and what stands after a `yield` happens once that
batch is committed. So a page's cursor moves with what the page held, and a file is put away only when its bytes are kept.
It sees no transaction and no tenant's table; what it may ask is a `Visit`. Whatever it gives may be given again: an item
is known by its identity, and is taken once.

    CONNECTOR = Connector(title="Files of an SFTP server", settings=Settings, place=place, logins=("key", "password"),
                          fetch=fetch)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any, Final, Literal, Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from headgate.core import registry
from headgate.core.config import Config
from headgate.ingestion.connectors._failures import (
    SourceFailure,
    SourceRefused,
    SourceThrottled,
    SourceUnreachable,
    of_egress,
)

ArtifactType = Literal["webhook_body", "bank_file", "mail_part"]
IDENTITY_MAX: Final = 800


class Settings(BaseModel):
    """What a connector must be told, secrets apart. Each connector has its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a place holds. `data` is kept as it came.

    `identity` is what the place knows it by; `sequence_no` its number, where the place numbers all that it gives. `facts`
    are shown; `private` is sealed beside them. With a `refusal` nothing is kept but that it was there and why.
    """

    identity: str
    filename: str
    data: bytes
    type: ArtifactType
    occurred_at: datetime | None = None
    sequence_no: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    private: Mapping[str, Any] = field(default_factory=dict)
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a person should know of a place: it becomes a case, once under its key."""

    key: str
    category: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """What is committed at once. `cursor`: where to go on afterwards; None where that does not change."""

    items: Sequence[Item] = ()
    cursor: str | None = None
    notices: Sequence[Notice] = ()


class Parts(Protocol):
    """The beginning of a large file that is on its way here, kept between tries."""

    def kept(self, file: str) -> bytes:
        """What is here of it, from its first byte on."""
        ...

    def keep(self, file: str, offset: int, data: bytes) -> None:
        """Keep a further part."""
        ...

    def drop(self, file: str) -> None:
        """Forget all of it."""
        ...


@dataclass(frozen=True, slots=True)
class Visit:
    """What a connector may know and ask while it fetches. Nothing here holds a transaction open."""

    name: str
    tenant_id: UUID
    settings: Any
    login: str | None
    secret: str | None = field(repr=False)
    cursor: str | None
    config: Config
    parts: Parts
    known: Callable[[Collection[str]], Mapping[str, bool]]
    """Which of these identities stand, and whether they were kept (True) or refused (False)."""
    cursor_before: Callable[[float], str | None]
    """The cursor behind which something may be shown that comes so many seconds late; None is the beginning."""
    wait: Callable[[float], None]
    is_over: Callable[[], bool]
    """Whether this visit has had its time: what is left comes with the next."""
    is_from_start: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Connector:
    """A way to fetch. `place` names the place that settings mean, without secret; `check` may refuse settings early.

    `logins` are the kinds of secret that it takes, one of them; with `is_login_optional` none will do too.
    """

    title: str
    settings: type[Settings]
    place: Callable[[Any], str]
    fetch: Callable[[Visit], Iterator[Batch]]
    logins: tuple[str, ...] = ()
    is_login_optional: bool = False
    check: Callable[[Any, str | None, str | None, Config], None] | None = None
    """Raises SourceRefused, or ValueError with the mending: (settings, login, secret, config)."""
    secret_kept: Callable[[str, str], str] | None = None
    """The secret as it is kept: (login, what was given). Raises ValueError."""


def identity(text: str) -> str:
    """An identity that fits, as long as it may be: what is longer ends with its fingerprint."""
    return text if len(text) <= IDENTITY_MAX else f"{text[:600]}…{sha256(text.encode()).hexdigest()}"


@cache
def all_connectors() -> Mapping[str, Connector]:
    """Every connector by name."""
    return registry.discover(__name__, kind=Connector, attribute="CONNECTOR")


__all__ = [
    "IDENTITY_MAX",
    "ArtifactType",
    "Batch",
    "Connector",
    "Item",
    "Notice",
    "Parts",
    "Settings",
    "SourceFailure",
    "SourceRefused",
    "SourceThrottled",
    "SourceUnreachable",
    "Visit",
    "all_connectors",
    "identity",
    "of_egress",
]
