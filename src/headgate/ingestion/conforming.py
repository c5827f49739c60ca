"""Whether a document follows its JSON Schema (2020-12): the words that our schemas use, each fault with its place.

    faults_of({"schema": "…", …}, schemas()[ENVELOPE])      # [] where it does

A word that this file does not know is an error of the schema, found by its test: nothing is passed over unseen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

FAULTS_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class SchemaFault:
    """Where a document breaks which rule of its schema. `path` reads `payment.amount_minor`, '' is the whole."""

    path: str
    rule: str
    message: str


def faults_of(document: Any, schema: Mapping[str, Any]) -> list[SchemaFault]:
    """What is wrong with a document, at most twenty faults, in the order of the schema. No value is repeated in them."""
    if follows(document, schema):
        return []
    found = []
    for fault in _walk(document, schema, ""):
        found.append(fault)
        if len(found) == FAULTS_MAX:
            break
    return found


def follows(document: Any, schema: Mapping[str, Any]) -> bool:
    """Whether nothing is wrong with it: what most documents need to know, at a tenth of the cost of naming faults."""
    known = _CHECKS.get(id(schema))
    if known is None or known[0] is not schema:
        known = _CHECKS[id(schema)] = (schema, _check_of(schema))
    return known[1](document)


_CHECKS: Final[dict[int, tuple[Mapping[str, Any], Callable[[Any], bool]]]] = {}


def _check_of(schema: Mapping[str, Any]) -> Callable[[Any], bool]:
    """A schema as one function. A word that it does not make quick is asked as `_walk` asks it."""
    types = [_TYPES[name] for name in _listed(schema["type"])] if "type" in schema else []
    members = {name: _check_of(inner) for name, inner in schema.get("properties", {}).items()}
    required = frozenset(schema.get("required", ()))
    is_closed = schema.get("additionalProperties") is False
    each = _check_of(schema["items"]) if "items" in schema else None
    others = [(_WORDS[word], expected) for word, expected in schema.items() if word not in _ABOUT | _QUICK]
    if not is_closed and "additionalProperties" in schema:
        others.append((_additional, schema["additionalProperties"]))

    def check(value: Any) -> bool:
        if types and not any(is_one(value) for is_one in types):
            return False
        if isinstance(value, dict):
            if not required <= value.keys() or (is_closed and not value.keys() <= members.keys()):
                return False
            for name, inner in members.items():
                if name in value and not inner(value[name]):
                    return False
        elif each is not None and isinstance(value, list) and not all(each(one) for one in value):
            return False
        return not any(next(word(value, expected, schema, ""), None) for word, expected in others)

    return check


def _walk(value: Any, schema: Mapping[str, Any], path: str) -> Iterator[SchemaFault]:
    if "type" in schema and not any(_TYPES[name](value) for name in _listed(schema["type"])):
        yield SchemaFault(path, "type", f"must be of type {' or '.join(_listed(schema['type']))}")
        return
    for word, expected in schema.items():
        if word in _ABOUT:
            continue
        yield from _WORDS[word](value, expected, schema, path)


def _const(value: Any, expected: Any, schema: Mapping[str, Any], path: str) -> Iterator[SchemaFault]:
    if value != expected:
        yield SchemaFault(path, "const", f"must be {expected!r}")


def _enum(value: Any, expected: Any, schema: Mapping[str, Any], path: str) -> Iterator[SchemaFault]:
    if value not in expected:
        yield SchemaFault(path, "enum", f"must be one of {', '.join(map(str, expected))}")


def _pattern(value: Any, expected: str, schema: Mapping[str, Any], path: str) -> Iterator[SchemaFault]:
    if isinstance(value, str) and not _compiled(expected).search(value):
        yield SchemaFault(path, "pattern", f"must read like {expected}")


def _length(is_wrong: Callable[[int, int], bool], words: str) -> Callable[..., Iterator[SchemaFault]]:
    def check(value: Any, expected: int, schema: Mapping[str, Any], path: str) -> Iterator[SchemaFault]:
        if isinstance(value, str | list) and is_wrong(len(value), expected):
            yield SchemaFault(path, "length", f"must have {words} {expected}: it has {len(value)}")

    return check


def _bound(is_wrong: Callable[[Any, Any], bool], words: str) -> Callable[..., Iterator[SchemaFault]]:
    def check(value: Any, expected: int, schema: Mapping[str, Any], path: str) -> Iterator[SchemaFault]:
        if isinstance(value, int | float) and not isinstance(value, bool) and is_wrong(value, expected):
            yield SchemaFault(path, "range", f"must be {words} {expected}")

    return check


def _required(value: Any, expected: list[str], schema: Mapping[str, Any], path: str) -> Iterator[SchemaFault]:
    if isinstance(value, dict):
        for name in expected:
            if name not in value:
                yield SchemaFault(_under(path, name), "required", "is missing")


def _properties(value: Any, expected: Mapping[str, Any], schema: Mapping[str, Any], path: str) -> Iterator[SchemaFault]:
    if isinstance(value, dict):
        for name, inner in expected.items():
            if name in value:
                yield from _walk(value[name], inner, _under(path, name))


def _additional(value: Any, expected: Any, schema: Mapping[str, Any], path: str) -> Iterator[SchemaFault]:
    if isinstance(value, dict):
        for name in value:
            if name in schema.get("properties", {}):
                continue
            if expected is False:
                yield SchemaFault(_under(path, str(name)[:60]), "unknown", "is no member of it")
            else:
                yield from _walk(value[name], expected, _under(path, str(name)[:60]))


def _items(value: Any, expected: Mapping[str, Any], schema: Mapping[str, Any], path: str) -> Iterator[SchemaFault]:
    if isinstance(value, list):
        for n, item in enumerate(value):
            yield from _walk(item, expected, _under(path, str(n)))


_QUICK: Final = frozenset({"properties", "required", "items", "additionalProperties"})
_ABOUT: Final = frozenset({"$schema", "$id", "title", "description", "type"})
_WORDS: Final[Mapping[str, Callable[..., Iterator[SchemaFault]]]] = {
    "const": _const,
    "enum": _enum,
    "pattern": _pattern,
    "minLength": _length(lambda has, bound: has < bound, "at least"),
    "maxLength": _length(lambda has, bound: has > bound, "at most"),
    "maxItems": _length(lambda has, bound: has > bound, "at most"),
    "minimum": _bound(lambda has, bound: has < bound, "at least"),
    "maximum": _bound(lambda has, bound: has > bound, "at most"),
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
}
_TYPES: Final[Mapping[str, Callable[[Any], bool]]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    # 1.0 is no whole number here: an amount that came as a float was rounded by somebody.
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "null": lambda value: value is None,
}


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    # In JSON Schema `$` is the end of the text; in Python it may stand before a last newline.
    return re.compile(pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern)


def _listed(types: str | list[str]) -> list[str]:
    return [types] if isinstance(types, str) else types


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
