"""Arrays for the database, as text literals.

psycopg adapts a list element by element in Python, which costs more than the posting itself; joining text is one call
into C. Only numbers and text that was escaped here get into a literal.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from headgate.ledger.errors import MalformedBatch
from headgate.ledger.model import YEARS


def numbers(values: Iterable[int]) -> str:
    """`{1,2,3}`."""
    return "{" + ",".join(map(str, values)) + "}"


def some_numbers(values: Sequence[int | None]) -> str | None:
    """`{1,NULL}`; None where every value is None."""
    if all(value is None for value in values):
        return None
    return "{" + ",".join("NULL" if value is None else str(value) for value in values) + "}"


def flags(values: Sequence[bool]) -> str | None:
    """`{t,f}`; None where none is true."""
    return "{" + ",".join("t" if value else "f" for value in values) + "}" if any(values) else None


def texts(values: Sequence[str | None]) -> str | None:
    """`{"a",NULL}`; None where every value is None, which the functions read as "not given"."""
    if None not in values:
        joined = '","'.join(values)  # type: ignore[arg-type]
        if "\0" in joined:
            raise MalformedBatch("a text holds the character NUL, which cannot be stored")
        # Nothing to escape but the separators that were just put in: the usual case, and the cheap one.
        if "\\" not in joined and joined.count('"') == 2 * (len(values) - 1):
            return '{"' + joined + '"}'
    elif not any(value is not None for value in values):
        return None
    return "{" + ",".join("NULL" if value is None else _quoted(value) for value in values) + "}"


def instants(values: Sequence[datetime | None]) -> str | None:
    """Instants with their offsets; None where every value is None."""
    for value in values:
        if value is None:
            continue
        if value.tzinfo is None:
            raise MalformedBatch(f"{value.isoformat()} has no time zone: give an instant, as 2026-11-20T12:00:00+00:00")
        if value.year not in YEARS:
            raise MalformedBatch(
                f"{value.isoformat()} is beyond the book's calendar: the years {YEARS[0]} to {YEARS[-1]}"
            )
    return texts([None if value is None else value.isoformat() for value in values])


def documents(values: Sequence[Mapping[str, Any] | None]) -> str | None:
    """JSON objects; None where every value is None."""
    return texts([None if value is None else document(value) for value in values])


def document(value: Mapping[str, Any]) -> str:
    """A JSON object as text. Raises MalformedBatch where it is none."""
    try:
        text = json.dumps(dict(value), separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise MalformedBatch(f"metadata must be a JSON object: {error}") from error
    if "\\u0000" in text:
        raise MalformedBatch("metadata holds the character NUL, which cannot be stored")
    return text


def _quoted(value: str) -> str:
    if "\0" in value:
        raise MalformedBatch("a text holds the character NUL, which cannot be stored")
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
