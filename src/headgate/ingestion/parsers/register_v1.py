"""Payroll registers: a table of employees with where and what to pay, as payroll systems export it.

    employee_id,name,routing_number,account_number,account_type,net_pay,federal_tax,child_support
    E-1001,Maria Lindqvist,021000021,1234567890,checking,"2,481.17",412.00,150.00

The header is found by its words, whatever their case, marks and order, also below a title; the delimiter is one of
`, ; tab |`. A column whose name speaks of a tax is a tax, one that speaks of a deduction or a benefit an obligation.
Amounts are exact. Each line is read alone, so that a broken one never hides its neighbours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from headgate.core.errors import Malformed
from headgate.core.money import Money, total
from headgate.ingestion.parsers import Parser
from headgate.ingestion.parsers._register_header import (
    REQUIRED,
    WORDS,
    Header,
    Line,
    cells_of,
    extra_kind,
    find_header,
    header_faults,
    slug,
)
from headgate.ingestion.parsers._statements import Ceiling
from headgate.ingestion.records import Fault, Level, Parsed, RegisterAmount, RegisterRecord, Total
from headgate.rails import check_digit, is_routing_number

_ACCOUNT_TYPES: dict[str, Literal["checking", "savings"]] = {
    **dict.fromkeys(("checking", "chk", "check", "c", "ck", "dda", "current", "22"), "checking"),
    **dict.fromkeys(("savings", "saving", "sav", "s", "sv", "32"), "savings"),
}
_ESSENTIAL = {"account_number", "net_pay"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffd]")
_NUMBER = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?|\.[0-9]+").fullmatch
_ACCOUNT = re.compile(r"[0-9A-Za-z][0-9A-Za-z -]{0,16}").fullmatch
_TOTAL = re.compile(r"(?:grand ?)?totals?:?", re.IGNORECASE).fullmatch


def sniff(data: bytes) -> float:
    """Sure by how many of the columns it must have are named in a header near its beginning.

    Without an account and a net pay it is no register, whatever else it names: a provider's export has ids and types too.
    """
    if b"\x00" in data[:64] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return 0.0
    header = find_header(lines_of(data[:65_536]))
    known = set(REQUIRED) & set(header.columns.values()) if header is not None else set()
    return 0.3 + 0.1 * len(known) if len(known) >= 3 and known >= _ESSENTIAL else 0.0


def parse(data: bytes) -> Parsed:
    """Every good line as a record, every fault of every other, and the totals of the good ones."""
    lines = list(lines_of(data))
    header = find_header(iter(lines))
    if header is None:
        text = f"line 1: no header names the columns; begin with {', '.join(REQUIRED)}"
        return Parsed(faults=(Fault(1, 0, "", "register.header", text),))
    faults = header_faults(header)
    if any(fault.level == "E" for fault in faults):
        return Parsed(faults=tuple(faults))
    reader = Reader(header, faults)
    for line in lines:
        if line.number > header.line.number and line.text.strip():
            reader.take(line)
    return reader.finish()


@dataclass(slots=True)
class Row:
    """A line cut into its cells by column, and the faults found in it."""

    line: Line
    cells: dict[str, str] = field(repr=False)
    extras: dict[int, str] = field(repr=False)
    faults: list[Fault] = field(default_factory=list)


class Reader:
    """Takes the lines below the header."""

    def __init__(self, header: Header, faults: list[Fault]) -> None:
        self.header = header
        self.faults = faults
        self.records: list[RegisterRecord] = []
        self.lines_of: dict[str, int] = {}
        self.ceiling = Ceiling()
        self.position = {column: at for at, column in header.columns.items()}

    def take(self, line: Line) -> None:
        """One line: a record, or its faults, all of them."""
        row = self._row(line)
        if row is None:
            return
        if _TOTAL(row.cells["employee_id"] or row.cells["name"]) and not row.cells["account_number"]:
            self._compare_total(row)
            return
        if not any(row.cells.values()):
            return
        record = self._record(row)
        self.faults += row.faults
        if record is not None and not any(fault.level == "E" for fault in row.faults):
            self.records.append(record)

    def finish(self) -> Parsed:
        """The sums of what was read."""
        if not self.records and not self.faults:
            number = self.header.line.number
            text = f"line {number}: no employees below the header; add a line for each"
            self.faults.append(Fault(number, 0, "", "register.empty", text))
        return Parsed(records=tuple(self.records), faults=tuple(self.faults), totals=_totals(self.records))

    def _row(self, line: Line) -> Row | None:
        if not line.is_clean:
            self._line_fault(line, "encoding", "bytes that are not UTF-8; save the file as UTF-8")
            return None
        cells = cells_of(line.text, self.header.delimiter)
        if cells is None:
            self._line_fault(line, "quotes", 'a quotation mark that is not closed; write "" for one inside a field')
            return None
        width = max(max(self.header.names) + 1, len(self.header.names))
        surplus = [cell for cell in cells[width:] if cell.strip()]
        if surplus:
            text = f"{len(cells)} fields, but the header has {width}; quote what holds the delimiter"
            self._line_fault(line, "fields", text)
            return None
        cells += [""] * (width - len(cells))
        named = {column: cells[at].strip() for at, column in self.header.columns.items()}
        for column in WORDS:
            named.setdefault(column, "")
        if not named["name"]:
            named["name"] = f"{named['first_name']} {named['last_name']}".strip()
        extras = {at: cells[at].strip() for at in self.header.names if at not in self.header.columns}
        return Row(line, named, extras)

    def _record(self, row: Row) -> RegisterRecord | None:
        cells = row.cells
        if _CONTROL.search(row.line.text) is not None:
            self._check_characters(row)
        self._check_employee(row)
        if not cells["name"]:
            self._fault(row, "name", "missing", "no name; write the employee's name")
        self._check_routing(row)
        self._check_account(row)
        account_type = _ACCOUNT_TYPES.get(cells["account_type"].lower())
        if account_type is None:
            known = "write checking or savings"
            text = f"no account type; {known}" if not cells["account_type"] else f"unknown account type; {known}"
            self._fault(row, "account_type", "account_type", text)
        currency = self._currency(row)
        net_pay = self._amount(row, self.position["net_pay"], "net_pay", cells["net_pay"], currency)
        if net_pay is not None and not net_pay:
            self._fault(row, "net_pay", "zero", "zero, so nothing can be paid; leave the line out")
        taxes: list[RegisterAmount] = []
        obligations: list[RegisterAmount] = []
        for at, cell in row.extras.items():
            name = slug(self.header.names[at])
            kind = extra_kind(name)
            if kind is None or not cell:
                continue
            amount = self._amount(row, at, name, cell, currency)
            if amount is not None and amount:
                (taxes if kind == "tax" else obligations).append(RegisterAmount(name, amount))
        if account_type is None or net_pay is None:
            return None
        return RegisterRecord(
            line=row.line.number,
            employee_id=cells["employee_id"],
            name=cells["name"],
            routing_number=cells["routing_number"],
            account_number=cells["account_number"],
            account_type=account_type,
            net_pay=net_pay,
            taxes=tuple(taxes),
            obligations=tuple(obligations),
        )

    def _check_characters(self, row: Row) -> None:
        for column, cell in row.cells.items():
            strange = _CONTROL.search(cell)
            if strange is not None:
                text = f"holds the control character U+{ord(strange[0]):04X}; take it away"
                self._fault(row, column, "control_character", text)

    def _check_employee(self, row: Row) -> None:
        employee_id = row.cells["employee_id"]
        if not employee_id:
            self._fault(row, "employee_id", "missing", "no employee id; write the id of the payroll system")
        elif len(employee_id) > 64:
            self._fault(row, "employee_id", "too_long", f"{len(employee_id)} characters; an id has at most 64")
        elif employee_id in self.lines_of:
            text = f"the same employee stands in line {self.lines_of[employee_id]}; pay each once, or correct the id"
            self._fault(row, "employee_id", "duplicate", text)
        else:
            self.lines_of[employee_id] = row.line.number

    def _check_routing(self, row: Row) -> None:
        routing = row.cells["routing_number"]
        if not routing:
            self._fault(row, "routing_number", "missing", "no routing number; write the bank's nine digits")
        elif not (routing.isascii() and routing.isdigit()):
            self._fault(row, "routing_number", "routing_number", "not nine digits; write digits only, without marks")
        elif len(routing) != 9:
            text = f"{len(routing)} digits, and a routing number has nine"
            if len(routing) < 9 and is_routing_number(routing.zfill(9)):
                text += "; a spreadsheet took the leading zeros away, so format the column as text"
            self._fault(row, "routing_number", "routing_number", text)
        elif not is_routing_number(routing):
            text = f"the check digit is wrong: {routing[:8]} would end in {check_digit(routing[:8])}; ask the employee"
            self._fault(row, "routing_number", "check_digit", text)

    def _check_account(self, row: Row) -> None:
        account = row.cells["account_number"]
        if not account:
            self._fault(row, "account_number", "missing", "no account number; ask the employee")
        elif re.fullmatch(r"[0-9](?:\.[0-9]+)?[eE]\+?[0-9]+", account):
            text = "a spreadsheet turned the account number into a power of ten; format the column as text"
            self._fault(row, "account_number", "account_number", text)
        elif _ACCOUNT(account) is None:
            text = f"{len(account)} characters; an account number is 1 to 17 letters, digits, blanks and hyphens"
            self._fault(row, "account_number", "account_number", text)

    def _currency(self, row: Row) -> str:
        currency = row.cells["currency"].upper() or "USD"
        try:
            return Money(0, currency).currency
        except Malformed:
            self._fault(row, "currency", "currency", "no currency of ISO 4217; write three letters, as USD")
            return "USD"

    def _amount(self, row: Row, at: int, name: str, cell: str, currency: str) -> Money | None:
        """The exact amount of a cell; None with its fault where it is none, negative or finer than the currency."""
        text = cell.replace("\u00a0", "").replace(" ", "").replace("−", "-").removeprefix(currency)
        text = text.removesuffix(currency)
        is_negative = text.startswith(("-", "(")) or text.endswith("-")
        digits = text.strip("+-()$€£¥").strip("+-")
        if not text:
            self._fault(row, name, "missing", "no amount; write it as 1234.50", at)
        elif _NUMBER(digits) is None:
            self._fault(row, name, "amount", "not an amount; write it as 1234.50, with a point before the cents", at)
        elif is_negative:
            self._fault(row, name, "negative", "negative; a register pays only positive amounts, so correct it", at)
        else:
            plain = digits.replace(",", "")
            try:
                amount = Money.parse(f"0{plain}" if plain.startswith(".") else plain, currency)
                if self.ceiling.takes(amount):
                    return amount
                self._fault(row, name, "amount", "more than a register can hold; check where the point stands", at)
            except Malformed as error:
                self._fault(row, name, "decimals", f"{error.message}; round it as it will be paid", at)
        return None

    def _compare_total(self, row: Row) -> None:
        """A line of totals below the employees must say what they add up to."""
        said = self._amount(row, self.position["net_pay"], "net_pay", row.cells["net_pay"], self._currency(row))
        self.faults += row.faults
        if said is None:
            return
        made = total(
            [record.net_pay for record in self.records if record.net_pay.currency == said.currency], said.currency
        )
        if said != made:
            text = f"the total says {said.format()}, but the lines read make {made.format()}; correct the lines above"
            self.faults.append(self._made(row.line, "net_pay", "total", text, self.position["net_pay"], "W"))

    def _fault(self, row: Row, column: str, rule: str, text: str, at: int | None = None) -> None:
        row.faults.append(self._made(row.line, column, rule, text, self.position.get(column, -1) if at is None else at))

    def _line_fault(self, line: Line, rule: str, text: str) -> None:
        self.faults.append(self._made(line, "", rule, text, -1))

    def _made(self, line: Line, column: str, rule: str, text: str, at: int, level: Level = "E") -> Fault:
        where = f"line {line.number}, {column}" if column else f"line {line.number}"
        return Fault(line.number, at + 1, column, f"register.{rule}", f"{where}: {text}", line.text, level)


def lines_of(data: bytes) -> Iterator[Line]:
    """The lines, each decoded alone, so that a strange byte spoils only its own."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        for number, text in enumerate(re.split(r"\r\n|\r|\n", data.decode("utf-16", errors="replace")), start=1):
            yield Line(number, text)
        return
    for number, raw in enumerate(re.split(rb"\r\n|\r|\n", data.removeprefix(b"\xef\xbb\xbf")), start=1):
        try:
            yield Line(number, raw.decode("utf-8"))
        except UnicodeDecodeError:
            yield Line(number, raw.decode("cp1252", errors="replace"), is_clean=False)


def _totals(records: list[RegisterRecord]) -> tuple[Total, ...]:
    sums: dict[tuple[str, str], list[Money]] = {}
    for record in records:
        sums.setdefault(("net_pay", record.net_pay.currency), []).append(record.net_pay)
        for name, amounts in (("taxes", record.taxes), ("obligations", record.obligations)):
            for amount in amounts:
                sums.setdefault((name, amount.amount.currency), []).append(amount.amount)
    return tuple(Total(name, len(amounts), total(amounts, currency)) for (name, currency), amounts in sums.items())


PARSER = Parser(name="register_v1", kind="register", title="Payroll register (CSV)", sniff=sniff, parse=parse)
