"""The European Central Bank's reference rates, as eurofxref-daily.xml and its longer siblings have them.

    <Cube><Cube time='2026-11-20'><Cube currency='USD' rate='1.0842'/>…</Cube></Cube>

A rate is units of the currency for one euro. It holds from 16:00 of its day in Frankfurt, when it is published. Elements
are found by their local name; nothing outside the document is fetched and a document type is a fault.
"""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from lxml import etree

from headgate.ingestion.rate_formats import Converted, RateFormat
from headgate.ingestion.rate_formats.csv_v1 import HEADER
from headgate.ledger import RateFault

SOURCE: Final = "ecb"
PUBLISHED: Final = time(16, 0, tzinfo=ZoneInfo("Europe/Berlin"))


def convert(data: bytes) -> Converted:
    """Every rate of every day in the document."""
    faults: list[RateFault] = []
    rows: list[tuple[int, list[str]]] = []
    at: str | None = None
    try:
        for _, element in etree.iterparse(
            io.BytesIO(data),
            events=("start",),
            resolve_entities=False,
            no_network=True,
            huge_tree=False,
            load_dtd=False,
        ):
            if element.getparent() is None and element.getroottree().docinfo.doctype:
                return Converted(HEADER, (RateFault(1, "a document type is not read"),))
            if not isinstance(element.tag, str) or etree.QName(element).localname != "Cube":
                continue
            line = int(element.sourceline or 0)
            if element.get("time") is not None:
                at = _published(element.get("time"))
                if at is None:
                    faults.append(RateFault(line, f"'{element.get('time')[:40]}' is no day"))
            elif element.get("currency") is not None or element.get("rate") is not None:
                if at is None:
                    faults.append(RateFault(line, "a rate stands under no day"))
                else:
                    rows.append((line, ["EUR", element.get("currency", ""), element.get("rate", ""), at, SOURCE]))
    except etree.XMLSyntaxError as error:
        faults.append(RateFault(error.position[0] or 0, "the document is not well-formed XML from here on"))
    except (ValueError, LookupError):
        faults.append(RateFault(1, "the document's encoding cannot be read"))
    if not rows and not faults:
        faults.append(RateFault(0, "the document holds no rates"))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER.split(","))
    # A value with a line break would shift the lines after it; it is no rate anyhow.
    writer.writerows([value.replace("\n", " ").replace("\r", " ") for value in row] for _, row in rows)
    return Converted(text.getvalue(), tuple(faults), tuple(line for line, _ in rows))


def _published(day: Any) -> str | None:
    try:
        return datetime.combine(date.fromisoformat(day), PUBLISHED).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return None


FORMAT = RateFormat(name="ecb_xml_v1", title="The European Central Bank's reference rates (XML)", convert=convert)
