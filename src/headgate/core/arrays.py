"""Arrays for the database, as text literals: `tx.run("… unnest(%(ids)s::text[])", {"ids": arrays.texts(ids)})`.

psycopg adapts a list element by element in Python, which for ten thousand rows costs more than the statement itself;
joining text is one call into C. Only numbers and text that was escaped here get into a literal. The statement casts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from headgate.core.errors import Malformed


def numbers(values: Iterable[int | None]) -> str:
    """`{1,NULL,3}`."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def texts(values: Sequence[str | None]) -> str:
    """`{"a",NULL}`. Raises Malformed where a text holds the character NUL."""
    if not values:
        return "{}"
    if None not in values:
        joined = '","'.join(values)  # type: ignore[arg-type]
        _check(joined)
        # Nothing to escape but the separators that were just put in: the usual case, and the cheap one.
        if "\\" not in joined and joined.count('"') == 2 * (len(values) - 1):
            return '{"' + joined + '"}'
    return "{" + ",".join(["NULL" if value is None else _quoted(value) for value in values]) + "}"


def blobs(values: Iterable[bytes]) -> str:
    """`{"\\\\x00ff"}`, as bytea[] takes it."""
    return "{" + ",".join(['"\\\\x' + value.hex() + '"' for value in values]) + "}"


def documents(values: Iterable[Mapping[str, Any]]) -> str:
    """JSON objects, for jsonb[] or text[]. Raises Malformed where a text holds the character NUL."""
    objects = list(values)
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
    whole = _whole(encode(objects))
    # One call of the encoder for all, parted where an object ends and the next begins: unless that stands within one, too.
    if objects and whole.count("},{") == len(objects) - 1:
        return "{" + _quoted(whole[1:-1]).replace("},{", '}","{') + "}"
    return "{" + ",".join([_quoted(encode(value)) for value in objects]) + "}"


def _whole(document: str) -> str:
    if "\\u0000" in document:
        raise Malformed("a document holds the character NUL, which cannot be stored")
    return document


def _quoted(value: str) -> str:
    _check(value)
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _check(text: str) -> None:
    if "\0" in text:
        raise Malformed("a text holds the character NUL, which cannot be stored")
