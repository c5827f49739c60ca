"""Banks' own formats: one file each, found by the registry, that says which of its spans are free text.

Only those are looked through for card numbers. Accounts, traces, references, names, codes, amounts and days have places of
their own there, hold any digits, and are stored as they came.

    FORMAT = BankFormat(name="bai2", title="BAI2", parsers=("bai2_",), texts=texts)
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from headgate.core import registry
from headgate.ingestion.cards.free_texts import BankFormat
from headgate.ingestion.parsers import detect

BEGINNING: Final = 1 << 16
_JSON: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\{\s*[\"}]|\[)")


@lru_cache(maxsize=1)
def all_formats() -> dict[str, BankFormat]:
    """Every bank's own format by its name."""
    found = registry.discover(__name__, kind=BankFormat, attribute="FORMAT")
    for module, one in found.items():
        assert one.name == module, f"the format in {module}.py is called {one.name}"
    return found


def likely(data: bytes) -> list[BankFormat]:
    """The formats that a text may be of by how it begins; told in no time, and most texts are of none."""
    beginning = data[:BEGINNING]
    if _JSON.match(beginning):
        return []
    return [one for one in all_formats().values() if one.begins(beginning)]


def format_of(data: bytes) -> BankFormat | None:
    """The bank's own format that a text is of, by its beginning; None where it is of no such format."""
    beginning = data[:BEGINNING]
    parser = detect(beginning)
    formats = all_formats().values()
    for one in formats:
        if parser is not None and one.parsers and parser.name.startswith(one.parsers):
            return one
    return next((one for one in formats if one.looks_like is not None and one.looks_like(beginning)), None)
