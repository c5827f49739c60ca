"""What a key of a bank profile may hold: each reads the value that TOML gave, or says in words what it should be."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import date, datetime, time
from string import Formatter
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from headgate.core.errors import Malformed
from headgate.core.money import Money
from headgate.rails.ach.routing import is_routing_number

Read = Callable[[Any], Any]
REQUIRED: Final = object()
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]\Z", re.ASCII)


def key(read: Read, help: str, *, default: Any = REQUIRED) -> Any:
    """A key of a section: how it is read, what it says, and what stands where the profile does not name it."""
    metadata = {"read": read, "help": help, "default": default}
    if default is REQUIRED:
        return field(metadata=metadata)
    return field(default_factory=lambda: default, metadata=metadata)


def text(longest: int = 200) -> Read:
    def read(value: Any) -> str:
        if not isinstance(value, str) or not value.strip() or len(value) > longest or not value.isprintable():
            raise ValueError(f"must be a text of 1 to {longest} characters")
        return value

    return read


def word(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", value):
        raise ValueError("must be a word of small letters, digits and '_', as generic_odfi")
    return value


def choice(*words: str) -> Read:
    def read(value: Any) -> str:
        if value in words and isinstance(value, str):
            return value
        near = difflib.get_close_matches(str(value), words, n=1)
        hint = f"; is {near[0]!r} meant?" if near else ""
        raise ValueError(f"must be one of {', '.join(words)}, not {value!r}{hint}")

    return read


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def whole(low: int, high: int) -> Read:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return value

    return read


def dollars(value: Any) -> Money:
    """An amount as people write it, in quotes: TOML's numbers would be floats."""
    if not isinstance(value, str):
        raise ValueError('must be an amount in quotes, as "1000000.00"')
    try:
        amount = Money.parse(value, "USD")
    except Malformed as error:
        raise ValueError(error.message) from None
    if amount.minor <= 0:
        raise ValueError("must be more than 0.00")
    return amount


END_OF_DAY: Final = time.max
"""What `"24:00"` is read as."""


def wall_time(value: Any) -> time:
    """A time of day without its zone, to the minute: `"14:45"`, or TOML's own 14:45:00; `"24:00"` ends the day."""
    if value == "24:00":
        return END_OF_DAY
    if isinstance(value, time) and value.tzinfo is None and not (value.second or value.microsecond):
        return value
    if not isinstance(value, str) or not _TIME.match(value):
        raise ValueError('must be a time of day to the minute, as "14:45"')
    return time.fromisoformat(value)


def day(value: Any) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError("must be a day without quotes, as 2026-03-20")
    return value


def zone(value: Any) -> ZoneInfo:
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"must be a time zone, as America/Chicago, not {value!r}") from None


def routing(value: Any) -> str:
    if not isinstance(value, str) or not is_routing_number(value):
        raise ValueError("must be a routing number in quotes: nine digits with their check digit")
    return value


def folder(value: Any) -> str:
    """A folder of the bank's, from where its connection begins; `.` is that place itself."""
    parts = value.split("/") if isinstance(value, str) else [""]
    if not isinstance(value, str) or len(value) > 200 or ".." in parts or not re.fullmatch(r"[A-Za-z0-9 ._/-]+", value):
        raise ValueError("must be a folder, as outbound or /inbox/ach, without '..'")
    return value


def template(*fields: str, needs: Sequence[Sequence[str]]) -> Read:
    """A file's name with fields in braces. It names one file only: no folder, no star, and all fields of one of `needs`."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or not value or len(value) > 120:
            raise ValueError("must be a file's name of 1 to 120 characters")
        try:
            used = [name for _, name, _, _ in Formatter().parse(value) if name is not None]
        except ValueError:
            raise ValueError("has a brace without its partner") from None
        unknown = sorted(set(used) - set(fields))
        if unknown:
            raise ValueError(f"names {{{unknown[0]}}}; a name may hold {_braced(fields)}")
        if not any(set(some) <= set(used) for some in needs):
            raise ValueError(f"must hold {' or '.join(map(_braced, needs))}: else two files would share a name")
        if not re.fullmatch(r"[A-Za-z0-9._{}:%-]+", value):
            raise ValueError("may hold letters, digits, '.', '_' and '-' beside its fields")
        return value

    return read


def _braced(fields: Sequence[str]) -> str:
    return " ".join(f"{{{name}}}" for name in fields)


def regex(*groups: str) -> Read:
    """A regular expression that a whole file name must match; one of the named groups must stand in it."""

    def read(value: Any) -> re.Pattern[str]:
        if not isinstance(value, str) or len(value) > 200:
            raise ValueError("must be a regular expression in quotes")
        try:
            compiled = re.compile(value)
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from None
        unknown = sorted(set(compiled.groupindex) - set(groups))
        if unknown or (groups and not compiled.groupindex):
            named = " or ".join(f"(?P<{name}>…)" for name in groups)
            raise ValueError(f"must name what it finds as {named}")
        return compiled

    return read


def many(read: Read) -> Read:
    """A list of such values, none twice."""

    def read_all(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ValueError("must be a list in square brackets")
        found = []
        for number, each in enumerate(value, start=1):
            try:
                found.append(read(each))
            except ValueError as error:
                raise ValueError(f"its value {number} {error}") from None
        if len(set(map(str, found))) != len(found):
            raise ValueError("names a value twice")
        return tuple(found)

    return read_all


def mapping(keys: Read, values: Read) -> Read:
    """A table of keys and values of the bank's own."""

    def read(value: Any) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise ValueError("must be a table of keys and values")
        found = {}
        for name, each in value.items():
            try:
                found[keys(name)] = values(each)
            except ValueError as error:
                raise ValueError(f"its key {name} {error}") from None
        return found

    return read
