"""Formats of exchange rates: one file a format, found by its folder.

A format is a pure function from bytes to the CSV that the ledger takes (`from,to,rate,effective_at,source`), with the
lines that it could not turn into one as faults. Whether a rate is one (a currency that is none, a rate of zero) is the
ledger's to say. One that has been used is never edited: `_v2` is a new file.

    FORMAT = RateFormat(name="ecb_xml_v1", title="…", convert=convert)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from headgate.core import registry
from headgate.ledger import RateFault


@dataclass(frozen=True, slots=True)
class Converted:
    """What a format made of bytes. `lines`: on which line of the bytes each rate of `csv` stands; None: on the same."""

    csv: str
    faults: tuple[RateFault, ...] = ()
    lines: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class RateFormat:
    """A format of exchange rates. `convert` bears any bytes: what it cannot read is a fault, line 0 the whole."""

    name: str
    title: str
    convert: Callable[[bytes], Converted]


@lru_cache(maxsize=1)
def all_formats() -> dict[str, RateFormat]:
    """Every format by its name."""
    found = registry.discover(__name__, kind=RateFormat, attribute="FORMAT")
    for module, one in found.items():
        assert one.name == module, f"the format in {module}.py is called {one.name}"
    return found
