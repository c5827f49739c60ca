"""Parsers: one file for each format and version, found by the registry, which turn bytes into records.

A parser is pure: no clock, no file, no network, the same bytes give the same values. It never raises for what the bytes
hold; what is wrong is a `Fault`, and the good lines go on. One that has been used is never edited: `_v2` is a new file,
and a record keeps the name of the parser that read it.

    PARSER = Parser(name="bai2_v1", kind="statement", title="BAI2 bank statement", sniff=sniff, parse=parse)
    PARSER = streaming(name="mt940_v1", kind="statement", title="SWIFT MT940 or MT942", sniff=sniff, read=read)

One that reads a stream gives its records as it meets them and keeps none, so that a file of any size has room.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO, Final, Literal

from headgate.core import registry
from headgate.ingestion.mapping import Mapping
from headgate.ingestion.parsers._gathering import gather
from headgate.ingestion.records import Item, Parsed

Kind = Literal["statement", "returns", "register", "settlement"]
Read = Callable[[BinaryIO], Iterator[Item]]
ReadMapped = Callable[[BinaryIO, Mapping | None], Iterator[Item]]

SURE_ENOUGH: Final = 0.5
"""How sure a parser must be of a file to be the one that reads it."""
_SURE: Final = 0.9


@dataclass(frozen=True, slots=True)
class Parser:
    """A format. `sniff` says by the beginning of the bytes how sure it is that they are of this format, from 0 to 1.

    `read`, where there is one, gives the same as `parse`, item by item. `read_mapped` is for tables: what each column
    means is said by a mapping, and proposed where there is none. One that `has_marks` looks for words that no other format
    has: where it is as sure as can be of JSON, nobody else is asked.
    """

    name: str
    kind: Kind
    title: str
    sniff: Callable[[bytes], float]
    parse: Callable[[bytes], Parsed]
    read: Read | None = None
    read_mapped: ReadMapped | None = None
    has_marks: bool = False

    def parse_mapped(self, data: bytes, mapping: Mapping | None) -> Parsed:
        """Parse a table by a mapping. A format without columns knows none, and is parsed as it is."""
        return gather(self.read_mapped(io.BytesIO(data), mapping)) if self.read_mapped else self.parse(data)


def streaming(
    *,
    name: str,
    kind: Kind,
    title: str,
    sniff: Callable[[bytes], float],
    read: Read,
    read_mapped: ReadMapped | None = None,
    has_marks: bool = False,
) -> Parser:
    """A parser of a stream: what it gives of bytes is what it gives of the stream, gathered."""

    def parse(data: bytes) -> Parsed:
        return gather(read(io.BytesIO(data)))

    return Parser(name, kind, title, sniff, parse, read, read_mapped, has_marks)


@lru_cache(maxsize=1)
def all_parsers() -> dict[str, Parser]:
    """Every parser by its name."""
    found = registry.discover(__name__, kind=Parser, attribute="PARSER")
    for module, parser in found.items():
        assert parser.name == module, f"the parser in {module}.py is called {parser.name}"
    return found


def detect(data: bytes) -> Parser | None:
    """The parser that is surest of these bytes; None where no one is sure enough."""
    if data[:16].lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in (b"{", b"["):
        marked = max((parser.sniff(data), parser.name) for parser in all_parsers().values() if parser.has_marks)
        if marked[0] >= _SURE:
            return all_parsers()[marked[1]]
    scored = [(parser.sniff(data), parser.name) for parser in all_parsers().values()]
    score, name = max(scored)
    return all_parsers()[name] if score >= SURE_ENOUGH else None
