"""Payroll registers with a column that says over which rail each employee is paid; all else is as in register_v1.

    employee_id,name,routing_number,account_number,account_type,net_pay,rail
    E-1001,Maria Lindqvist,021000021,1234567890,checking,"2,481.17",fednow

A line without a rail asks for none. Which rails a bank offers is not known here: payments judges it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from headgate.ingestion.parsers import Parser
from headgate.ingestion.parsers import register_v1 as v1
from headgate.ingestion.parsers._register_header import REQUIRED, Header, find_header, header_faults, slug
from headgate.ingestion.records import Fault, Parsed, RegisterRecord

_COLUMNS: Final = ("rail", "payment_rail", "pay_rail")
_RAILS: Final = {
    **{name: name for name in ("ach", "wire", "fednow", "rtp")},
    "fed now": "fednow",
    "fedwire": "wire",
    "nacha": "ach",
    "direct deposit": "ach",
}


def sniff(data: bytes) -> float:
    """As sure as register_v1, and a little more, where a column names the rail."""
    found = v1.sniff(data)
    if not found:
        return 0.0
    header = find_header(v1.lines_of(data[:65_536]))
    return found + 0.05 if header is not None and _column(header) is not None else 0.0


def parse(data: bytes) -> Parsed:
    """Every good line as a record with its rail, every fault of every other, and the totals of the good ones."""
    lines = list(v1.lines_of(data))
    header = find_header(iter(lines))
    column = _column(header) if header is not None else None
    if header is None or column is None:
        text = f"line 1: no header names the columns; begin with {', '.join((*REQUIRED, _COLUMNS[0]))}"
        return Parsed(faults=(Fault(1, 0, "", "register.header", text),))
    faults = [fault for fault in header_faults(header) if not _is_about(fault, column)]
    if any(fault.level == "E" for fault in faults):
        return Parsed(faults=tuple(faults))
    reader = _Reader(header, faults, column)
    for line in lines:
        if line.number > header.line.number and line.text.strip():
            reader.take(line)
    return reader.finish()


def _column(header: Header) -> int | None:
    """Where the rail stands: one column, by its name."""
    found = [at for at, name in header.names.items() if at not in header.columns and slug(name) in _COLUMNS]
    return found[0] if len(found) == 1 else None


def _is_about(fault: Fault, column: int) -> bool:
    return fault.rule == "register.unknown_column" and fault.position == column + 1


class _Reader(v1.Reader):
    """Reads the rail of each line beside all else."""

    def __init__(self, header: Header, faults: list[Fault], column: int) -> None:
        super().__init__(header, faults)
        self.column = column

    def _record(self, row: v1.Row) -> RegisterRecord | None:
        record = super()._record(row)
        said = row.extras.get(self.column, "")
        rail = _RAILS.get(said.lower(), "")
        if said and not rail:
            self._fault(row, "rail", "rail", "no rail that is known; write ach, wire, fednow or rtp", self.column)
        return replace(record, rail=rail) if record is not None and rail else record


PARSER = Parser(
    name="register_v2", kind="register", title="Payroll register with rails (CSV)", sniff=sniff, parse=parse
)
