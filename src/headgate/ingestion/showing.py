"""The bytes of an artifact as lines for people to look at: some of them about one line, and safely.

What is private is hidden (masking.py) unless it was asked for with a reason, by someone who may, for a quarter of an
hour (`reveal`). What no screen should obey (controls, marks that turn the direction of writing) is shown as a sign.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, Final, Literal

from headgate import audit
from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.errors import Malformed
from headgate.ingestion import artifacts, payment_ingestions, queries
from headgate.ingestion.masking import mask
from headgate.ingestion.model import StoredRecord
from headgate.ingestion.normalise import LineOffsets
from headgate.ingestion.parsers import xlsx_v1

AROUND: Final = 8
"""Lines shown before and after the one that is looked at."""
LINE_LENGTH_MAX: Final = 4_000
REVEALED_FOR: Final = timedelta(minutes=15)
_ZIP, _UTF16 = b"PK\x03\x04", (b"\xff\xfe", b"\xfe\xff")
_ENDS: Final = re.compile(r"\r\n|\r|\n")
_UNSAFE: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff0-\ufffb]"
)
_BINARY: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")

_LITERALS: Final = ("null", "true", "false")
_TABLES: Final = ("csv", "register", "stripe", "paypal", "adyen", "xlsx")
"""Formats whose first line names the columns."""

Form = Literal["text", "workbook", "bytes"]


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line, by its number from 1. `cut` says how many of its characters are left out at its end."""

    number: int
    text: str
    cut: int = 0


@dataclass(frozen=True, slots=True)
class Shown:
    """Lines of an artifact about one of them. `form`: bytes that are no text and no workbook have no lines."""

    form: Form
    lines: tuple[ShownLine, ...]
    line_count: int
    is_hidden: bool
    until: datetime | None = None

    @property
    def first(self) -> int:
        return self.lines[0].number if self.lines else 0

    @property
    def last(self) -> int:
        return self.lines[-1].number if self.lines else 0


def show_lines(tx: Tx, artifact_id: str, *, line: int = 1, around: int = AROUND) -> Shown:
    """The lines of an artifact from some before `line` to some after it. Raises NoSuchArtifact, BodyDiffers."""
    data = artifacts.body(tx, artifact_id)
    until = revealed_until(tx, artifact_id)
    form, found, count = _lines(data, max(1, line - around), line + around)
    if until is None and found:
        known = _Known(_records_about(tx, artifact_id, found[0][0], found[-1][0]))
        has_header = _has_header(tx, artifact_id)
        found = [
            (number, text if number == 1 and has_header and _names_columns(text) else mask(text, known.at(number)))
            for number, text in found
        ]
    return Shown(form, tuple(_safe(number, text) for number, text in found), count, until is None, until)


def show_payload(tx: Tx, ingestion_id: str) -> Shown:
    """What was sent of a payment, in lines. Raises NoSuchPaymentIngestion."""
    data = payment_ingestions.payload(tx, ingestion_id)
    until = revealed_until(tx, ingestion_id)
    form, found, count = _lines(data, 1, 200)
    if until is None:
        known = {*_LITERALS, *_texts(payment_ingestions.get_payment_ingestion(tx, ingestion_id).envelope)}
        found = [(number, mask(text, known)) for number, text in found]
    return Shown(form, tuple(_safe(number, text) for number, text in found), count, until is None, until)


def reveal(tx: Tx, *, subject: str, reason: str) -> datetime:
    """Show this actor what is hidden of an artifact or a message; until when. Raises its NotFound, Malformed.

    The door asks for the permission `ingestion.reveal`; who looked, and why, stands in the audit log.
    """
    if not 1 <= len(reason.strip()) <= 500:
        raise Malformed("say why it is looked at, in at most 500 characters")
    if ids.is_id(subject, "ing"):
        payment_ingestions.get_payment_ingestion(tx, subject)
    else:
        queries.get_artifact(tx, subject)
    until: datetime = tx.value(
        """
        INSERT INTO ingestion.reveals (tenant_id, id, subject, reason, until)
        VALUES (%(tenant)s, %(id)s, %(subject)s, %(reason)s, clock_timestamp() + %(span)s)
        RETURNING until
        """,
        {
            "tenant": tx.tenant_id,
            "id": ids.new("rvl"),
            "subject": subject,
            "reason": reason.strip(),
            "span": REVEALED_FOR,
        },
    )
    audit.record(tx, type="ingestion.evidence.revealed", data={"subject": subject}, ingestion_id=subject)
    return until


def revealed_until(tx: Tx, subject: str) -> datetime | None:
    """Until when this actor is shown what is hidden of it; None where he is not."""
    found: datetime | None = tx.value(
        """
        SELECT max(until) FROM ingestion.reveals
         WHERE tenant_id = %(tenant)s AND subject = %(subject)s AND revealed_to = core.actor_id()
           AND until > clock_timestamp()
        """,
        {"tenant": tx.tenant_id, "subject": subject},
    )
    return found


def _lines(data: bytes, first: int, last: int) -> tuple[Form, list[tuple[int, str]], int]:
    """The lines from `first` to `last`, and how many there are. Past the end the last ones are shown."""
    if data.startswith(_ZIP):
        rows = list(xlsx_v1.rows_of(data))
        first = min(first, max(1, len(rows) - (last - first)))
        cut = islice(rows, first - 1, last)
        cells = [(n, "  |  ".join(xlsx_v1.text_of(cell) for cell in row).rstrip(" |")) for n, row in cut]
        return ("workbook", cells, len(rows)) if rows else ("bytes", [], 0)
    if data.startswith(_UTF16):
        texts = _ENDS.split(data.decode("utf-16", errors="replace"))
        first = min(first, max(1, len(texts) - (last - first)))
        return "text", list(enumerate(texts[first - 1 : last], start=first)), len(texts)
    if _BINARY.search(data[:4096]):
        return "bytes", [], 0
    offsets = LineOffsets(data)
    count = offsets.count - (1 if offsets.count > 1 and data.endswith((b"\n", b"\r")) else 0)
    first = min(first, max(1, count - (last - first)))
    found = []
    for number in range(first, min(last, count) + 1):
        start, end = offsets.of(number)
        found.append((number, _decoded(data[start:end])))
    return "text", found, count


def _decoded(data: bytes) -> str:
    try:
        return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _safe(number: int, text: str) -> ShownLine:
    cut = max(0, len(text) - LINE_LENGTH_MAX)
    return ShownLine(number, _UNSAFE.sub("\N{SYMBOL FOR SUBSTITUTE}", text[:LINE_LENGTH_MAX]), cut)


def _has_header(tx: Tx, artifact_id: str) -> bool:
    reading = queries.reading_of(tx, artifact_id)
    return reading is not None and reading.parser.startswith(_TABLES)


def _names_columns(text: str) -> bool:
    """A line without a digit has no amount and no day: it is no row."""
    return not any(letter.isdigit() for letter in text)


def _records_about(tx: Tx, artifact_id: str, first: int, last: int) -> list[StoredRecord]:
    """The records of these lines, and those of the line before them, which may go on into them."""
    found = queries.list_records(tx, artifact_id=artifact_id, limit=500, after=(max(first - 4, 0), 0))
    return [record for record in found if record.line <= last]


class _Known:
    """What is open of the records of a line, and of those above it, which it may continue."""

    def __init__(self, records: Sequence[StoredRecord]) -> None:
        self._lines = sorted({record.line for record in records})
        self._words: dict[int, set[str]] = {}
        for record in records:
            self._words.setdefault(record.line, set()).update(_open_words(record))

    def at(self, number: int) -> set[str]:
        above = bisect_right(self._lines, number)
        return self._words[self._lines[above - 1]] if above and number - self._lines[above - 1] < 4 else set()


def _open_words(record: StoredRecord) -> Iterator[str]:
    """How an open value of a record may be written in its line."""
    yield str(record.amount_minor)
    major = record.amount.major
    yield from (f"{major:f}", f"{major:,f}", f"{major:f}".replace(".", ","), record.currency)
    yield from (text for text in (record.reference, record.external_id) if text)
    for day in (record.value_on, record.booked_on):
        if day is not None:
            yield from _written(day)
    yield from _texts(record.details)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        yield from value.split()
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield str(value)


def _written(day: date) -> Iterator[str]:
    yield from (day.strftime(form) for form in ("%y%m%d", "%Y%m%d", "%m%d", "%d%m%Y", "%m%d%Y"))
