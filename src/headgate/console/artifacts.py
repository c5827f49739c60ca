"""The artifacts list and one artifact's drawer: what came, what was read in it, its lines, its faults, what it caused."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import partial
from typing import Any, Final, NamedTuple

from headgate import cases, ingestion, recon
from headgate.console.list_screens import ListScreen, Searched, Templates, Words
from headgate.console.pages import Clock
from headgate.console.render import size
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.core.terms import Query

RECORDS_SHOWN: Final = 50
FAULTS_SHOWN: Final = 50
MARK_LENGTH_MAX: Final = 40
_BY_CHARACTER: Final = ("nacha", "camt", "ofx", "mt940")
"""Parsers whose faults point at a character of the line; the others at a column."""
VIEWS = (
    ("All", ""),
    ("With faults", "status:faulty"),
    ("Not proved", "status:not_proved"),
    ("Not read", "status:unreadable"),
    ("Waiting", "status:received"),
    ("Statements", "kind:statement"),
    ("Returns", "kind:returns"),
    ("This week", "age:<7d"),
)
STANDS: Final = {
    "received": ("clock", "It is kept, and waits to be read: a worker does that at once."),
    "unreadable": ("question", "Nothing of it was read: its bytes are kept, and a person says what they are."),
    "proved": ("check", "Its own control figures agree with what was read."),
    "read": ("check", "It was read without a fault; it carries no control figures that could prove it."),
    "faulty": ("alert", "What is broken was left out or flagged; the good lines went on."),
    "not_proved": ("scale", "Its own control figures do not agree with what was read: a case asks why."),
}


class Piece(NamedTuple):
    """A part of a line; `is_marked` where a fault points at it."""

    text: str
    is_marked: bool


class Line(NamedTuple):
    """A line as it is shown: its pieces, whether it is the one looked at, what is wrong in it."""

    number: int
    pieces: list[Piece]
    cut: int
    is_hit: bool
    faults: list[ingestion.StoredFault]
    records: list[ingestion.StoredRecord]


class Caused(NamedTuple):
    """A record, and what it became."""

    record: ingestion.StoredRecord
    effects: list[recon.Effect]


def _opened(tx: Tx, artifact_id: str, at: int | None = None) -> dict[str, Any]:
    row = ingestion.artifact_row(tx, artifact_id)
    faults = ingestion.list_faults(tx, artifact_id=artifact_id, limit=FAULTS_SHOWN)
    first = next((fault.line for fault in faults if fault.line), 1)
    look_at = at or first
    records = ingestion.list_records(tx, artifact_id=artifact_id, limit=RECORDS_SHOWN)
    if at is not None and all(record.line != at for record in records):
        records = ingestion.list_records(tx, artifact_id=artifact_id, limit=RECORDS_SHOWN, after=(at - 1, 2**31 - 1))
    came = [] if records else ingestion.payments_at(tx, artifact_id, limit=RECORDS_SHOWN)
    return {
        "row": row,
        "reading": ingestion.reading_of(tx, artifact_id),
        "statements": [(one, balance(one)) for one in ingestion.list_statements(tx, artifact_id=artifact_id)],
        "faults": faults,
        "more_faults": (row.faults or 0) - len(faults),
        "lines": lines_of(tx, artifact_id, look_at, is_asked=at is not None),
        "at": at,
        "caused": caused(tx, records),
        "more_records": (row.records or 0) - (row.duplicates or 0) - len(records),
        "messages": came,
        "about": [one for one in recon.effects_of(tx, artifact_ids=[artifact_id]) if one.what != "case"],
        "same": [one for one in ingestion.artifacts_of_bytes(tx, row.sha256) if one.id != artifact_id],
        "cases": cases.about(tx, artifact_id),
        "reasons": reasons(row),
        "is_table": row.standing == "unreadable" or (row.parser in ("csv_v1", "xlsx_v1", "json_v1")),
        "parsers": sorted((parser.title, name) for name, parser in ingestion.all_parsers().items()),
    }


def lines_of(tx: Tx, artifact_id: str, at: int, *, is_asked: bool = True) -> dict[str, Any]:
    """The lines about one, each with its faults and records; `is_asked`: the line is one that somebody looks at."""
    shown = ingestion.show_lines(tx, artifact_id, line=at)
    at = min(at, shown.last) if shown.lines else at
    reading = ingestion.reading_of(tx, artifact_id)
    parser = reading.parser if reading else ""
    faults = defaultdict(list)
    for fault in ingestion.faults_in(tx, artifact_id=artifact_id, first=shown.first, last=shown.last):
        faults[fault.line].append(fault)
    records = defaultdict(list)
    found = ingestion.list_records(tx, artifact_id=artifact_id, after=(shown.first - 1, 2**31 - 1), limit=200)
    for record in found:
        records[record.line].append(record)
    lines = [
        Line(
            one.number, pieces(one.text, faults[one.number], parser), one.cut,
            one.number == at and (is_asked or bool(faults[one.number])), faults[one.number], records[one.number],
        )
        for one in shown.lines
    ]  # fmt: skip
    step = max(1, shown.last - shown.first)
    return {
        "shown": shown,
        "lines": lines,
        "at": at,
        "before": max(1, shown.first - step // 2) if shown.first > 1 else None,
        "next": shown.last + step // 2 if shown.last < shown.line_count else None,
        "artifact_id": artifact_id,
    }


def pieces(text: str, faults: list[ingestion.StoredFault], parser: str = "") -> list[Piece]:
    """The line with what faults point at marked: a column of a table, or from a character to where its field ends."""
    spans = []
    for fault in faults:
        if not fault.position:
            continue
        if parser.startswith(_BY_CHARACTER):
            start = fault.position - 1
            end = start + next((n for n, letter in enumerate(text[start:]) if letter in " <,;"), MARK_LENGTH_MAX)
            spans.append((start, min(max(end, start + 1), start + MARK_LENGTH_MAX)))
        else:
            spans += _cells(text)[fault.position - 1 : fault.position]
    found, done = [], 0
    for start, end in sorted(spans):
        if done <= start < len(text) and end > start:
            found += [Piece(text[done:start], False), Piece(text[start:end], True)]
            done = end
    return [one for one in [*found, Piece(text[done:], False)] if one.text]


def _cells(text: str) -> list[tuple[int, int]]:
    """Where the cells of a row begin and end, by the delimiter that it has most of; one in quotation marks is one."""
    delimiter = max(",;\t|", key=text.count)
    found, start, is_quoted = [], 0, False
    for at, letter in enumerate(text):
        is_quoted ^= letter == '"'
        if letter == delimiter and not is_quoted:
            found.append((start, at))
            start = at + 1
    return [*found, (start, len(text))]


def caused(tx: Tx, records: list[ingestion.StoredRecord]) -> list[Caused]:
    """Each record with what it became."""
    effects = defaultdict(list)
    for effect in recon.effects_of(tx, record_ids=[record.id for record in records]):
        effects[effect.record_id].append(effect)
    return [Caused(record, effects[record.id]) for record in records]


def balance(one: ingestion.StoredStatement) -> dict[str, Money | None]:
    """A statement's balances: opening + what moved = closing."""

    def money(minor: int | None) -> Money | None:
        return Money(minor, one.currency) if minor is not None else None

    made = one.opening_minor + one.total_minor if one.opening_minor is not None else None
    differs = made - one.closing_minor if made is not None and one.closing_minor is not None else None
    return {
        "opening": money(one.opening_minor), "total": money(one.total_minor), "closing": money(one.closing_minor),
        "differs": money(differs),
    }  # fmt: skip


def reasons(row: ingestion.ArtifactRow) -> list[tuple[str, str]]:
    """What came of it, and what happens next. Each with its icon."""
    found = [
        ("inbox", f"{size(row.size_bytes)} came from {row.source}, and were kept before anything was read in them.")
    ]
    if row.parser is not None:
        known = f", {row.duplicates:,} of them known already" if row.duplicates else ""
        records = f"{row.records:,} {'record' if row.records == 1 else 'records'}"
        wrong = f", and {row.faults:,} {'fault' if row.faults == 1 else 'faults'}" if row.faults else ""
        found.append(("file", f"{row.parser} read {records}{known}{wrong}."))
    found.append(STANDS[row.standing])
    return found


def _beside(tx: Tx, query: Query, clock: Clock) -> Words:
    return {"sources": sorted({"upload", *(one.source for one in ingestion.source_standings(tx))})}


SCREEN: Final = ListScreen(
    path="artifacts",
    prefix="art",
    noun="artifact",
    label="Artifacts",
    templates=Templates("artifacts.html", "artifact_drawer.html", "artifact_rows.html"),
    views=VIEWS,
    permissions=("ingestion.read",),
    reads=Searched(
        parse=ingestion.parse_artifacts,
        find=ingestion.find_artifacts,
        totals=ingestion.artifact_totals,
        rows=ingestion.artifact_rows,
        matching=ingestion.matching_artifacts,
        opened=_opened,
        beside=_beside,
    ),
)


def screen_at(line: int) -> ListScreen:
    """The screen with the drawer's lines at one of them."""
    assert isinstance(SCREEN.reads, Searched)
    return replace(SCREEN, reads=replace(SCREEN.reads, opened=partial(_opened, at=line)))
