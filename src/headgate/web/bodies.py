"""Bodies: read whole up to a limit, and JSON read strictly.

Python's reader takes what no contract means: a key given twice (the last wins), NaN, numbers of any length. PostgreSQL
takes no NUL in text and no half of a surrogate pair. Each is refused here, once, with its place where it has one.
"""

from __future__ import annotations

import json
from typing import Any, Final

from starlette.types import Message, Receive

from headgate.web.errors import BodyTooLarge, MalformedBody

JSON_BYTES_MAX: Final = 8 * 2**20
UPLOAD_BYTES_MAX: Final = 64 * 2**20
_INTEGER_MAX: Final = 2**63 - 1


class ClientGone(Exception):
    """The client went away while it was sending."""


async def read(receive: Receive, *, bytes_max: int) -> bytes:
    """The whole body. Raises BodyTooLarge as soon as it is, ClientGone."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone()
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > bytes_max:
            raise BodyTooLarge(f"the body is larger than {bytes_max:,} bytes: send less at once", bytes_max=bytes_max)
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body that was read, then whatever comes after it."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def is_json(content_type: str) -> bool:
    """Whether a body of this type is JSON."""
    essence = content_type.split(";", 1)[0].strip().lower()
    return essence == "application/json" or (essence.startswith("application/") and essence.endswith("+json"))


def parse(body: bytes) -> Any:
    """The document of a JSON body. Raises MalformedBody, saying what is wrong and where."""
    try:
        text = body.decode("utf-8")
        document = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_no_constant,
            parse_int=_integer,
            parse_float=_decimal,
        )
    except UnicodeDecodeError as error:
        raise MalformedBody(f"the body is not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise MalformedBody(f"the body is no JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise MalformedBody("the body is nested too deeply") from error
    if "\\u" in text:
        _refuse_unstorable(document)
    return document


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise MalformedBody(f"the field '{twice[:60]}' is given twice: which one is meant?")
    return found


def _no_constant(name: str) -> Any:
    raise MalformedBody(f"{name} is no number of JSON")


def _integer(text: str) -> int:
    if len(text) > 20 or abs(int(text)) > _INTEGER_MAX:
        raise MalformedBody(f"{text[:24]}… is larger than the book can hold; the largest number is {_INTEGER_MAX}")
    return int(text)


def _decimal(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise MalformedBody(f"{text[:24]} is larger than a number can be")
    return value


def _refuse_unstorable(value: Any) -> None:
    """Text with a NUL or half a surrogate pair. They come only by escapes: raw ones are no JSON or no UTF-8."""
    if isinstance(value, str):
        if "\0" in value:
            raise MalformedBody("a text holds the character NUL (\\u0000), which cannot be stored: remove it")
        if any("\ud800" <= letter <= "\udfff" for letter in value):
            raise MalformedBody("a text holds half a surrogate pair (\\ud800 to \\udfff): send the whole character")
    elif isinstance(value, dict):
        for name, inner in value.items():
            _refuse_unstorable(name)
            _refuse_unstorable(inner)
    elif isinstance(value, list):
        for inner in value:
            _refuse_unstorable(inner)
