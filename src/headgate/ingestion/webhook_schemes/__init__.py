"""How providers sign what they send: one file each, pure.

A scheme takes the headers, the raw body and a secret and says whether that secret signed it, and when it claims to have
been signed. What is compared is compared in constant time.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256

from headgate.core import registry

Headers = Mapping[str, str]
"""A request's headers; a name is found whatever its case."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A good signature. `at`: when it says that it was made; None where the scheme says nothing of it."""

    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Scheme:
    """A way of signing. `check(headers, body, secret)` is None where the secret did not sign these bytes."""

    title: str
    check: Callable[[Headers, bytes, bytes], Signed | None]
    endpoint_header: str | None = None
    """The header in which the provider names its endpoint, where it does."""


@cache
def all_schemes() -> Mapping[str, Scheme]:
    """Every scheme by name."""
    return registry.discover(__name__, kind=Scheme, attribute="SCHEME")


def hex_hmac(secret: bytes, signed: bytes) -> str:
    """HMAC-SHA256 in small hexadecimal digits."""
    return hmac.new(secret, signed, sha256).hexdigest()


def is_any(expected: str, given: Iterable[str]) -> bool:
    """Whether one of the given is the expected one; all are compared, each in constant time."""
    found = False
    for one in given:
        found |= hmac.compare_digest(expected.encode(), one.encode("utf-8", "replace"))
    return found


def instant_of(text: str) -> datetime | None:
    """The instant of a number of seconds since 1970; None where it is none."""
    if not (text.isascii() and text.isdigit() and len(text) <= 11):
        return None
    return datetime.fromtimestamp(int(text), UTC)
