"""Names for things: a prefix that says what it is, then a time-ordered part.

`pay_01hx…` is a UUIDv7 (RFC 9562) in Crockford's base32, lower case, 26 characters: sortable by the time it was made.
The ledger's hot tables count with bigints inside; at the edge they wear the same dress in 13 characters: `acct_0000000000042`.
A tenant's id is a plain UUID.
"""

from __future__ import annotations

import os
import re
import time
import uuid
from datetime import timedelta

from headgate.core.errors import MalformedId

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES = {letter: value for value, letter in enumerate(ALPHABET)}
_SHAPE = re.compile(r"(?P<prefix>[a-z]{2,6})_(?P<body>[0-9a-hjkmnp-tv-z]{13}|[0-9a-hjkmnp-tv-z]{26})\Z")
_LARGEST = 2**63 - 1
_PAIRS = [first + second for first in ALPHABET for second in ALPHABET]


def new(prefix: str) -> str:
    """A fresh id: `pay_` and 26 characters."""
    return f"{prefix}_{_base32(uuid7().int, 26)}"


def new_many(prefix: str, count: int) -> list[str]:
    """So many fresh ids, in ascending order: what is made at once keeps the order in which it was given."""
    milliseconds = time.time_ns() // 1_000_000
    first = (milliseconds & (2**48 - 1)) << 80 | 0x7 << 76 | 0x2 << 62
    drawn = os.urandom(10 * count)
    found = []
    for at in range(0, 10 * count, 10):
        random = int.from_bytes(drawn[at : at + 10], "big")
        # The four bits of the version and the two of the variant stand between what is random.
        found.append(first | (random >> 62 & 0xFFF) << 64 | random & (2**62 - 1))
    found.sort()
    return [f"{prefix}_{_base32(number, 26)}" for number in found]


def earliest(prefix: str, within: timedelta) -> str:
    """An id before every one that was made within so long by real time: what is newer lies after it, in the order of ids."""
    milliseconds = time.time_ns() // 1_000_000 - int(within.total_seconds() * 1000)
    return f"{prefix}_{_base32(milliseconds << 80, 26)}"


def uuid7() -> uuid.UUID:
    """A UUID whose first 48 bits are the milliseconds since 1970 (RFC 9562, version 7)."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & (2**48 - 1)) << 80 | random
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=value)


def encode(prefix: str, number: int) -> str:
    """The edge form of a bigint id: `encode("acct", 42)` is `acct_000000000001a`."""
    if not 0 <= number <= _LARGEST:
        raise MalformedId(f"{number} is outside the range of an id", number=number)
    return f"{prefix}_{_base32(number, 13)}"


def decode(prefix: str, text: str) -> int:
    """The bigint inside an edge id. Raises MalformedId naming what was expected."""
    found = _SHAPE.match(text)
    if found is None or found["prefix"] != prefix or len(found["body"]) != 13:
        raise MalformedId(f"'{text[:40]}' is not an id like {prefix}_0000000000000", expected=prefix)
    number = 0
    for letter in found["body"]:
        number = number << 5 | _VALUES[letter]
    if number > _LARGEST:
        raise MalformedId(f"'{text[:40]}' is outside the range of an id", expected=prefix)
    return number


def is_id(text: str, prefix: str | None = None) -> bool:
    """Whether a text is shaped like an id (of that prefix). An account's code never is."""
    found = _SHAPE.match(text)
    return found is not None and (prefix is None or found["prefix"] == prefix)


def _base32(number: int, width: int) -> str:
    """The number in so many letters, two at a time: every answer of the book wears several ids."""
    if width == 26:
        # Written out, since a payroll names two hundred thousand things.
        return (
            _PAIRS[number >> 120] + _PAIRS[number >> 110 & 1023] + _PAIRS[number >> 100 & 1023]
            + _PAIRS[number >> 90 & 1023] + _PAIRS[number >> 80 & 1023] + _PAIRS[number >> 70 & 1023]
            + _PAIRS[number >> 60 & 1023] + _PAIRS[number >> 50 & 1023] + _PAIRS[number >> 40 & 1023]
            + _PAIRS[number >> 30 & 1023] + _PAIRS[number >> 20 & 1023] + _PAIRS[number >> 10 & 1023]
            + _PAIRS[number & 1023]
        )  # fmt: skip
    pairs = []
    for _ in range((width + 1) // 2):
        pairs.append(_PAIRS[number & 1023])
        number >>= 10
    pairs.reverse()
    return "".join(pairs)[-width:]
