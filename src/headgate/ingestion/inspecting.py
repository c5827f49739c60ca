"""What a file is and what is wrong with it, without keeping it: no database, no tenant, and a large ACH file in little
memory.

    for found in inspect(path):        # every fault as it is met, and the inspection last
        ...
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headgate.ingestion.errors import UnknownFormat
from headgate.ingestion.parsers import Parser, detect
from headgate.ingestion.parsers._gathering import Tally, capped
from headgate.ingestion.parsers.nacha_v1 import of_ach
from headgate.ingestion.records import Control, Fault, Item, Statement
from headgate.rails import ach, iso20022

BEGINNING = 1 << 16
ACH_FORMAT = "nacha"
_ACH_PARSER = "nacha_v1"


@dataclass(frozen=True, slots=True)
class Inspection:
    """A file summed up. `errors` counts the broken rules of level E, `warnings` those of level W."""

    format: str
    kind: str
    title: str
    errors: int
    warnings: int
    summary: Mapping[str, Any] | ach.FileTally

    @property
    def is_refused(self) -> bool:
        return self.errors > 0


def mending(message: str) -> str:
    """What a fault's message asks to do: its last part."""
    _, mark, how = message.rpartition("; ")
    return how if mark else message.rpartition(": ")[2]


def inspect(path: Path, rules: ach.Rulebook | None = None) -> Iterator[Fault | Inspection]:
    """Every fault of a file, then what it is and holds. `rules` judge an ACH file; the others have no direction.

    Raises UnknownFormat where no parser knows the bytes, and OSError where they cannot be read.
    """
    with path.open("rb") as stream:
        beginning = stream.read(BEGINNING)
        parser = detect(beginning)
        if ach.looks_like_ach(beginning) if parser is None else parser.name == _ACH_PARSER:
            stream.seek(0)
            levels: Counter[str] = Counter()
            tally = ach.Tally()
            for item in ach.read(stream, rules):
                if isinstance(item, ach.Fault):
                    levels[item.level] += 1
                    yield of_ach(item)
                else:
                    tally.add(item)
            title = "NACHA file"
            yield Inspection(ACH_FORMAT, "ach", title, levels["E"], levels["W"], tally.finish())
            return
        stream.seek(0)
        if parser is None and iso20022.looks_like_message(beginning):
            yield from _message(stream.read())
            return
        if parser is None:
            raise UnknownFormat(
                f"{path.name} is of no known kind: it is no NACHA, BAI2, MT940, camt, OFX, instant or register file, no "
                "report of a provider, and no table with a day and an amount"
            )
        if parser.read is not None:
            yield from _streamed(parser, capped(parser.read(stream)))
        else:
            yield from _parsed(parser, stream.read())


def _parsed(parser: Parser, data: bytes) -> Iterator[Fault | Inspection]:
    """A file of another format, read whole by its parser."""
    parsed = parser.parse(data)
    yield from parsed.faults
    levels = Counter(fault.level for fault in parsed.faults)
    records = Counter(type(record).__name__.removesuffix("Record").lower() for record in parsed.records)
    summary = {
        "records": dict(records),
        "totals": [{"name": total.name, "count": total.count, "amount": total.amount} for total in parsed.totals],
        "statements": [_statement(statement) for statement in parsed.statements],
    }
    yield Inspection(parser.name, parser.kind, parser.title, levels["E"], levels["W"], summary)


def _streamed(parser: Parser, items: Iterable[Item]) -> Iterator[Fault | Inspection]:
    """A file read item by item: of any size, in little memory."""
    tally = Tally()
    levels: Counter[str] = Counter()
    records: Counter[str] = Counter()
    statements: list[dict[str, Any]] = []
    controls: list[Control] = []
    for item in items:
        tally.add(item)
        if isinstance(item, Fault):
            levels[item.level] += 1
            yield item
        elif isinstance(item, Statement):
            statements.append(_statement(item))
        elif isinstance(item, Control):
            controls.append(item)
        else:
            records[type(item).__name__.removesuffix("Record").lower()] += 1
    summary: dict[str, Any] = {
        "records": dict(records),
        "totals": [{"name": total.name, "count": total.count, "amount": total.amount} for total in tally.totals()],
        "statements": statements,
    }
    if controls:
        summary["controls"] = [{"name": one.name, "said": one.said, "made": one.made} for one in controls]
    yield Inspection(parser.name, parser.kind, parser.title, levels["E"], levels["W"], summary)


def _message(data: bytes) -> Iterator[Fault | Inspection]:
    """A message of an instant network."""
    kind, summary, faults = iso20022.read_message(data)
    for fault in faults:
        yield Fault(fault.line, 0, fault.path, fault.rule, fault.message, level=fault.level)
    levels = Counter(fault.level for fault in faults)
    title = summary.pop("title", "no message")
    yield Inspection(kind or "iso20022", "message", title, levels["E"], levels["W"], summary)


def _statement(statement: Statement) -> dict[str, Any]:
    return {
        "account_ending": statement.account_number[-4:],
        "currency": statement.currency,
        "on": statement.on,
        "opening": statement.opening,
        "closing": statement.closing,
        "credits": statement.credits,
        "debits": statement.debits,
        "records": statement.records,
        "proof": statement.proof,
    }
