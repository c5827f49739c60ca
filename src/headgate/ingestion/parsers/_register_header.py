"""The header of a payroll register: which line it is, which delimiter, and which column means what."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from headgate.ingestion.records import Fault

REQUIRED = ("employee_id", "name", "routing_number", "account_number", "account_type", "net_pay")
WORDS = {
    "employee_id": "employeeid empid employeenumber employeeno empno employee staffid workerid payeeid id eeid fileno",
    "name": "name employeename fullname payee payeename workername receivername accountholder",
    "first_name": "firstname givenname forename",
    "last_name": "lastname surname familyname",
    "routing_number": "routingnumber routing routingno aba abanumber abarouting rtn bankrouting transitrouting bankaba",
    "account_number": "accountnumber account accountno acct acctnumber acctno bankaccount bankaccountnumber dfiaccount",
    "account_type": "accounttype accttype bankaccounttype type",
    "net_pay": "netpay net netamount netwages takehome takehomepay amount pay directdeposit",
    "currency": "currency ccy currencycode",
}
"""Column → the names it goes by, without blanks and marks, the plainest first."""

_TAX = {"tax", "taxes", "fica", "futa", "suta", "sui", "sdi", "fit", "sit", "medicare", "oasdi", "withholding"}
_OBLIGATION = {
    *("obligation", "deduction", "deductions", "garnishment", "garnishments", "support", "levy", "dues"),
    *("benefit", "benefits", "401k", "403b", "hsa", "fsa", "pension", "retirement"),
    *("insurance", "medical", "dental", "vision", "health"),
}
_NO_AMOUNT = {"id", "status", "state", "code", "number", "no", "year", "rate", "name", "date", "type", "percent"}
"""Last words of columns that speak about a tax or benefit and hold no amount due, as `tax_status`."""

_NO_DUE = {"taxable", "exempt", "gross", "ytd"}
_DELIMITERS = ",;\t|"
_HEADER_LINES = 30
_NAMED_MAX = 10
"""Columns of one meaning that a fault names."""
_COLUMN_OF = {word: column for column, words in WORDS.items() for word in words.split()}
_RANK_OF = {word: rank for words in WORDS.values() for rank, word in enumerate(words.split())}


@dataclass(frozen=True, slots=True)
class Line:
    """A physical line; `is_clean` is False where its bytes are not of the file's encoding."""

    number: int
    text: str
    is_clean: bool = True


@dataclass(frozen=True, slots=True)
class Header:
    """The line that names the columns: index → column, index → the name it has in the file."""

    line: Line
    delimiter: str
    columns: dict[int, str]
    names: dict[int, str]


def find_header(lines: Iterator[Line]) -> Header | None:
    """The line and delimiter that name most columns, among the first lines; the first of equals."""
    best: Header | None = None
    for line in lines:
        if line.number > _HEADER_LINES:
            break
        for delimiter in _DELIMITERS:
            cells = cells_of(line.text, delimiter)
            if cells is None or len(cells) < 2:
                continue
            columns = _columns(cells)
            if len(columns) > (len(best.columns) if best else 1):
                names = {at: cell.strip() for at, cell in enumerate(cells) if cell.strip()}
                best = Header(line, delimiter, columns, names)
    return best


def _columns(cells: list[str]) -> dict[int, str]:
    """Index → column. Where several names mean one column, the plainest wins, and equals are a fault of the header."""
    keys = {at: key for at, cell in enumerate(cells) if (key := _key(cell)) in _COLUMN_OF}
    plainest: dict[str, int] = {}
    for key in keys.values():
        column = _COLUMN_OF[key]
        plainest[column] = min(_RANK_OF[key], plainest.get(column, _RANK_OF[key]))
    return {at: _COLUMN_OF[key] for at, key in keys.items() if _RANK_OF[key] == plainest[_COLUMN_OF[key]]}


def header_faults(header: Header) -> list[Fault]:
    found = set(header.columns.values())
    if {"first_name", "last_name"} & found:
        found.add("name")
    number, raw, faults = header.line.number, header.line.text, []
    missing = [column for column in REQUIRED if column not in found]
    if missing:
        text = f"line {number}: the header lacks {', '.join(missing)}; add the missing columns"
        faults.append(Fault(number, 0, missing[0], "register.header", text, raw))
    by_column: dict[str, list[str]] = {}
    for at, column in header.columns.items():
        by_column.setdefault(column, []).append(str(at + 1))
    for column, places in by_column.items():
        if len(places) > 1:
            named = " and ".join(places[:_NAMED_MAX]) + (" and others" if len(places) > _NAMED_MAX else "")
            text = f"line {number}: columns {named} both mean {column}; rename one"
            faults.append(Fault(number, int(places[1]), column, "register.header", text, raw))
    for at, name in header.names.items():
        if at not in header.columns and extra_kind(slug(name)) is None:
            text = f"line {number}: column {at + 1} is not known and was not read; name it a tax or an obligation"
            faults.append(Fault(number, at + 1, slug(name)[:40], "register.unknown_column", text, raw, "W"))
    return faults


def cells_of(text: str, delimiter: str) -> list[str] | None:
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return None


def _key(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def slug(text: str) -> str:
    """`FederalTax` and `Federal Tax` become `federal_tax`."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text.strip())
    return re.sub(r"[^a-z0-9]+", "_", parted.lower()).strip("_")


def extra_kind(name: str) -> Literal["tax", "obligation"] | None:
    words = name.split("_")
    if words[-1] in _NO_AMOUNT or _NO_DUE & set(words):
        return None
    if _TAX & set(words) or "social_security" in name:
        return "tax"
    return "obligation" if _OBLIGATION & set(words) else None
