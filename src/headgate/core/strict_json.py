"""JSON read strictly, wherever it comes from.

Python's reader takes what no contract means: a key given twice (the last wins), NaN, numbers of any length. PostgreSQL
takes no NUL in text and no half of a surrogate pair. Each is refused here, once, with its place where it has one.
"""

from __future__ import annotations

import json
from typing import Any, Final

_INTEGER_MAX: Final = 2**63 - 1


class NotJson(ValueError):
    """These bytes are no JSON as it is meant: its text says what is wrong and where."""


def parse(body: bytes) -> Any:
    """The document. Raises NotJson."""
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
        raise NotJson(f"the body is not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise NotJson(f"the body is no JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise NotJson("the body is nested too deeply") from error
    if "\\u" in text:
        _refuse_unstorable(document)
    return document


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise NotJson(f"the field '{twice[:60]}' is given twice: which one is meant?")
    return found


def _no_constant(name: str) -> Any:
    raise NotJson(f"{name} is no number of JSON")


def _integer(text: str) -> int:
    if len(text) > 20 or abs(int(text)) > _INTEGER_MAX:
        raise NotJson(f"{text[:24]}… is larger than the book can hold; the largest number is {_INTEGER_MAX}")
    return int(text)


def _decimal(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise NotJson(f"{text[:24]} is larger than a number can be")
    return value


def _refuse_unstorable(value: Any) -> None:
    """Text with a NUL or half a surrogate pair. They come only by escapes: raw ones are no JSON or no UTF-8."""
    if isinstance(value, str):
        if "\0" in value:
            raise NotJson("a text holds the character NUL (\\u0000), which cannot be stored: remove it")
        if any("\ud800" <= letter <= "\udfff" for letter in value):
            raise NotJson("a text holds half a surrogate pair (\\ud800 to \\udfff): send the whole character")
    elif isinstance(value, dict):
        for name, inner in value.items():
            _refuse_unstorable(name)
            _refuse_unstorable(inner)
    elif isinstance(value, list):
        for inner in value:
            _refuse_unstorable(inner)
