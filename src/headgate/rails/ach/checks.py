"""Collects faults and checks what is checked once a file: a record's fields, the file header."""

from __future__ import annotations

import re

from headgate.rails.ach.layout import ALLOWED, PRINTABLE
from headgate.rails.ach.records import FileHeader, Record
from headgate.rails.ach.routing import is_routing_number
from headgate.rails.ach.rules import Fault, Level, Rulebook

_NOT_PRINTABLE = re.compile(ALLOWED.replace("[", "[^", 1))
_PRIVATE = frozenset(
    ("account", "individual_name", "individual_id", "information", "corrected_data", "discretionary", "reserved")
)
"""Fields whose content a message never repeats: account numbers, names and what people write."""


class Faults:
    """The faults of one file by its rulebook, in the order found; `out` also takes the records."""

    def __init__(self, rules: Rulebook) -> None:
        self.rules = rules
        self.out: list[Record | Fault] = []
        self._levels: dict[str, Level] = {}

    def add(
        self,
        rule: str,
        number: int,
        text: str,
        *,
        most: Level | None = None,
        name: str = "",
        position: int = 0,
        raw: str = "",
        unless: str = "",
    ) -> bool:
        """Name a broken rule; True where it is of level E. `most` softens what is received, never what is sent.

        `unless` is a bank's switch by its name: where it is on, nothing is broken.
        """
        if unless and self.rules.allows(unless):
            return False
        level = self._levels.get(rule) or self._levels.setdefault(rule, self.rules.level(rule))
        if level == "off":
            return False
        if most is not None and self.rules.direction == "inbound" and level == "E":
            level = most
        self.out.append(Fault(rule, level, number, name, position, f"line {number}: {text}", raw))
        return level == "E"

    def field(
        self, rule: str, record: Record, name: str, text: str, *, most: Level | None = None, unless: str = ""
    ) -> None:
        """Name a broken rule at a field of a record, which is thereby broken where the rule is of level E."""
        table = record.layout[name]
        title = name.replace("_", " ")
        where = f"{title} ({table.start}-{table.end}): {text}"
        raw = record.line
        if self.add(rule, record.number, where, most=most, name=name, position=table.start, raw=raw, unless=unless):
            record.is_broken = True

    def record(self, rule: str, record: Record, text: str, *, most: Level | None = None) -> None:
        """Name a broken rule of a whole record."""
        if self.add(rule, record.number, text, most=most, raw=record.line):
            record.is_broken = True

    def fields(self, record: Record) -> None:
        """Match a record with its table, and name each field that does not fit."""
        if record.layout.match(record.line) is not None:
            return
        for field in record.layout.broken(record.line):
            content = field.of(record.line)
            strange = _NOT_PRINTABLE.search(content)
            if strange is not None:
                text = f"holds the character U+{ord(strange[0]):04X}; write printable characters only"
                self.field("V-34", record, field.name, text)
            elif field.name in _PRIVATE or not content.strip():
                self.field(field.rule, record, field.name, field.mending)
            else:
                self.field(field.rule, record, field.name, f"'{content.strip()}' is not right; {field.mending}")


def check_file_header(faults: Faults, header: FileHeader) -> None:
    """The rules of record 1 that its table cannot say."""
    faults.fields(header)
    destination = header.destination.strip()
    if PRINTABLE(destination) and destination.strip("0") and not is_routing_number(destination[-9:]):
        text = f"'{destination}' is no routing number; check its last digit"
        faults.field("V-08", header, "destination", text, unless="any_destination")
    if header.created_on is None:
        faults.field("V-10", header, "created_on", "no such day; write the date as YYMMDD")
