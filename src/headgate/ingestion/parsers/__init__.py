"""Parsers: one file for each format and version, found by the registry, which turn bytes into records.

A parser is pure: no clock, no file, no network, the same bytes give the same values. It never raises for what the bytes
hold; what is wrong is a `Fault`, and the good lines go on. One that has been used is never edited: `_v2` is a new file,
and a record keeps the name of the parser that read it.

    PARSER = Parser(name="bai2_v1", kind="statement", title="BAI2 bank statement", sniff=sniff, parse=parse)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from headgate.core import registry
from headgate.ingestion.records import Parsed

Kind = Literal["statement", "returns", "register"]

_SURE_ENOUGH = 0.5


@dataclass(frozen=True, slots=True)
class Parser:
    """A format. `sniff` says by the beginning of the bytes how sure it is that they are of this format, from 0 to 1."""

    name: str
    kind: Kind
    title: str
    sniff: Callable[[bytes], float]
    parse: Callable[[bytes], Parsed]


@lru_cache(maxsize=1)
def all_parsers() -> dict[str, Parser]:
    """Every parser by its name."""
    found = registry.discover(__name__, kind=Parser, attribute="PARSER")
    for module, parser in found.items():
        assert parser.name == module, f"the parser in {module}.py is called {parser.name}"
    return found


def detect(data: bytes) -> Parser | None:
    """The parser that is surest of these bytes; None where no one is sure enough."""
    scored = [(parser.sniff(data), parser.name) for parser in all_parsers().values()]
    score, name = max(scored)
    return all_parsers()[name] if score >= _SURE_ENOUGH else None
