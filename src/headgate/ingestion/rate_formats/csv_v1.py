"""Headgate's own: what `headgate ledger import-rates` takes.

from,to,rate,effective_at,source
EUR,USD,1.0842,2026-11-20T16:00:00Z,ecb
"""

from __future__ import annotations

from headgate.ingestion.rate_formats import Converted, RateFormat
from headgate.ledger import RateFault

HEADER = "from,to,rate,effective_at,source"


def convert(data: bytes) -> Converted:
    """The text as it is."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Converted(HEADER, (RateFault(data[: error.start].count(b"\n") + 1, "the line is not UTF-8"),))
    if "\0" in text:
        return Converted(HEADER, (RateFault(text[: text.index("\0")].count("\n") + 1, "the line holds a NUL"),))
    first, _, _ = text.partition("\n")
    if first.rstrip("\r") != HEADER:
        return Converted(HEADER, (RateFault(1, f"the first line must be {HEADER}"),))
    return Converted(text)


FORMAT = RateFormat(name="csv_v1", title="Headgate's CSV of rates", convert=convert)
