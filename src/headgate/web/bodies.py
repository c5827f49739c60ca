"""Bodies: read whole up to a limit, and JSON read strictly."""

from __future__ import annotations

from typing import Any, Final

from starlette.types import Message, Receive

from headgate.core import strict_json
from headgate.web.errors import BodyTooLarge, MalformedBody

SIGNED_BYTES_MAX: Final = 2**20
"""Of a stranger, who is known by his signature only when all of it is there."""
JSON_BYTES_MAX: Final = 8 * 2**20
UPLOAD_BYTES_MAX: Final = 64 * 2**20


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
        return strict_json.parse(body)
    except strict_json.NotJson as error:
        raise MalformedBody(str(error)) from error
