"""The elements of a list inside JSON, each with the very bytes that it came as."""

from __future__ import annotations

import json
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

from headgate.ingestion.poll_apis import PageUnread

_DECODER = json.JSONDecoder()
_SPACE = " \t\r\n"


def read(data: bytes) -> tuple[str, Any]:
    """The text of JSON and its value. Raises PageUnread."""
    try:
        text = data.decode("utf-8")
        return text, json.loads(text)
    except UnicodeDecodeError as error:
        raise PageUnread(f"the answer is no UTF-8 at byte {error.start}") from error
    except (ValueError, RecursionError) as error:
        raise PageUnread(f"the answer is no JSON: {str(error)[:80]}") from error


def elements(text: str, path: str) -> list[tuple[bytes, Any]]:
    """The elements of the list at a path (`data`, `result.events`; empty: the whole is the list). Raises PageUnread."""
    at = _skip(text, 0)
    for name in path.split(".") if path else ():
        found = _member(text, at, name)
        if found is None:
            raise PageUnread(f"the answer has no {path}")
        at = found
    if text[at : at + 1] != "[":
        raise PageUnread(f"{path or 'the answer'} is no list")
    made: list[tuple[bytes, Any]] = []
    at = _skip(text, at + 1)
    while text[at] != "]":
        value, end = _DECODER.raw_decode(text, at)
        made.append((text[at:end].encode(), value))
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return made


def dig(value: Any, path: str) -> Any:
    """What stands at a path; None where nothing does."""
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _member(text: str, at: int, name: str) -> int | None:
    """Where the value of a name begins in the object that begins here; the last, as JSON's readers have it."""
    if text[at : at + 1] != "{":
        return None
    found = None
    at = _skip(text, at + 1)
    while text[at] != "}":
        key, at = scanstring(text, at + 1, True)
        at = _skip(text, _skip(text, at) + 1)  # past the colon
        if key == name:
            found = at
        _, at = _DECODER.raw_decode(text, at)
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return found


def _skip(text: str, at: int) -> int:
    while text[at : at + 1] and text[at] in _SPACE:
        at += 1
    return at
