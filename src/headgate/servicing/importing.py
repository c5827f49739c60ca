"""Loans from a file: one line an instalment, as CSV.

    loan_id,product,currency,legal_entity_id,borrower_ref,borrower_name,number,due_on,fees,interest,principal,escrow
    L-1001,mortgage,USD,le_01…,B-77,Ada Okoye,1,2026-01-01,0.00,812.50,250.00,310.00

Amounts are written as people do. A borrower is made, or recognised, by what the tenant calls it (`borrower_ref`), or is a
party that stands (`borrower_id`); a loan may have none. A loan of which a line cannot be read, or does not agree with the
others, is left out whole, with each of its faults by line; the rest goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice
from typing import Final, TypeVar

from headgate import parties
from headgate.core.csv_rows import csv_rows
from headgate.core.db import Tx
from headgate.core.errors import HeadgateError
from headgate.core.money import Money, exponent
from headgate.servicing import loans
from headgate.servicing.errors import InvalidLoan
from headgate.servicing.loans import Boarded
from headgate.servicing.model import Due, NewLoan

REQUIRED: Final = ("loan_id", "product", "currency", "legal_entity_id", "number", "due_on")
COLUMNS: Final = (*REQUIRED, "borrower_id", "borrower_ref", "borrower_name", "fees", "interest", "principal", "escrow")
SOURCE: Final = "loans file"
LINES_MAX: Final = 200_000
FAULTS_MAX: Final = 1_000
T = TypeVar("T")
Borrower = tuple[str, str]
"""What the tenant calls a borrower, and its name."""
Owned = tuple[NewLoan, Sequence[Due], Borrower | None]
"""A loan, what it owes, and whose it is where that is said by name."""


@dataclass(frozen=True, slots=True)
class ImportFault:
    """Why a loan of the file was left out: the line (its first where it is the whole loan), the loan, and what is wrong."""

    line: int
    loan_id: str
    message: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file."""

    loans: int
    replayed: int
    faults: tuple[ImportFault, ...]


@dataclass(slots=True)
class _Wanted:
    """A loan of the file, as its first line says it, and what it owes."""

    line: int
    loan: NewLoan
    borrower: Borrower | None
    dues: list[Due] = field(default_factory=list)

    @property
    def owned(self) -> Owned:
        return self.loan, self.dues, self.borrower


def take_on(tx: Tx, loans_of: Sequence[Owned], *, source_ref: str) -> list[Boarded]:
    """Take on loans, made or recognised borrowers first. Raises InvalidParty, and what `import_loans` raises."""
    borrowers = parties.register_borrowers(
        tx, dict(borrower for _, _, borrower in loans_of if borrower), source_ref=source_ref
    )
    return loans.import_loans(
        tx,
        [
            (replace(loan, borrower_id=borrowers[borrower[0]]) if borrower else loan, dues)
            for loan, dues, borrower in loans_of
        ],
    )


def import_file(tx: Tx, lines: Iterable[str]) -> ImportReport:
    """Take on the loans of a CSV file; the same file again changes nothing. Raises InvalidLoan where it is no such file."""
    rows = _rows(lines)
    header = _header(next(rows, (1, []))[1])
    wanted: dict[str, _Wanted] = {}
    names: dict[str, str] = {}
    faults: list[ImportFault] = []
    faulty: set[str] = set()
    for line, cells in rows:
        row = dict(zip(header, (cell.strip() for cell in cells), strict=False))
        name = row.get("loan_id", "")
        loan, borrower, due, messages = _read(row, len(cells), len(header))
        if not messages:
            standing = wanted.setdefault(name, _Wanted(line, loan, borrower))
            if (standing.loan, standing.borrower) != (loan, borrower):
                messages = ["its lines do not agree on what kind of loan it is, or whose"]
            elif borrower is not None and names.setdefault(*borrower) != borrower[1]:
                messages = [f"borrower_name: {borrower[0][:40]} has another name in an earlier line of the file"]
        if messages:
            faulty.add(name)
            faults += [ImportFault(line, name[:100], message[:300]) for message in messages]
        else:
            wanted[name].dues.append(due)
    boarded: list[Boarded] = []
    waiting = (one for name, one in wanted.items() if name not in faulty)
    while part := list(islice(waiting, loans.BATCH_MAX)):
        boarded += _board(tx, part, faults)
    return ImportReport(len(boarded), sum(one.replayed for one in boarded), tuple(faults[:FAULTS_MAX]))


def _board(tx: Tx, part: list[_Wanted], faults: list[ImportFault]) -> list[Boarded]:
    """A part at once; where one of its loans cannot be taken on, one by one, so that the others are."""
    try:
        with tx.savepoint():
            return take_on(tx, [one.owned for one in part], source_ref=SOURCE)
    except HeadgateError:
        done: list[Boarded] = []
        for one in part:
            try:
                with tx.savepoint():
                    done += take_on(tx, [one.owned], source_ref=SOURCE)
            except HeadgateError as error:
                faults.append(ImportFault(one.line, one.loan.external_id[:100], error.message[:300]))
        return done


def _header(names: list[str]) -> list[str]:
    """The columns of the file, all of them known: one that is misspelt would be owed as nothing."""
    header = [name.strip() for name in names]
    there_are = f"there are {', '.join(COLUMNS)}"
    for at, name in enumerate(header):
        if name not in COLUMNS:
            raise InvalidLoan(f"'{name[:40]}' is no column of loans: {there_are}")
        if name in header[:at]:
            raise InvalidLoan(f"the column '{name}' stands twice")
    for name in REQUIRED:
        if name not in header:
            raise InvalidLoan(f"the file lacks the column {name}: {there_are}")
    return header


def _rows(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not empty, by their lines. Of one that cannot be parted nobody knows whose it is: nothing is taken on then."""
    for n, (line, row) in enumerate(csv_rows(lines)):
        if n > LINES_MAX:
            raise InvalidLoan(f"a file has {LINES_MAX:,} lines at most: split it")
        if isinstance(row, str):
            raise InvalidLoan(
                f"line {line}: a cell that does not end, so that it is not known whose line it is; close its quotation marks"
            )
        if row:
            yield line, row


def _read(row: dict[str, str], cells: int, columns: int) -> tuple[NewLoan, Borrower | None, Due, list[str]]:
    """The loan, borrower and instalment of a line, and all that is wrong with it; where anything is, they are not to be used."""
    wrong: list[str] = []

    def read(column: str, parse: Callable[[str], T], otherwise: T) -> T:
        try:
            return parse(row.get(column, ""))
        except HeadgateError as error:
            wrong.append(f"{column}: {error.message}")
            return otherwise

    currency = read("currency", _currency, "")

    def minor(text: str) -> int:
        return Money.parse(text or "0", currency).minor if currency else 0

    loan = NewLoan(
        row.get("loan_id", ""),
        row.get("product", ""),
        currency,
        row.get("legal_entity_id", ""),
        row.get("borrower_id") or None,
    )
    number, due_on = read("number", _number, 0), read("due_on", _day, date.min)
    fees, interest = read("fees", minor, 0), read("interest", minor, 0)
    due = Due(number, due_on, fees, interest, read("principal", minor, 0), read("escrow", minor, 0))
    borrower = (row.get("borrower_ref", ""), row.get("borrower_name", "")) if row.get("borrower_ref") else None
    if borrower is not None:
        wrong += [f"borrower: {problem}" for problem in parties.check_name(*borrower)]
        if loan.borrower_id is not None:
            wrong.append("borrower_ref: the line has a borrower_id too; leave one out")
    elif row.get("borrower_name"):
        wrong.append("borrower_ref: is missing; write what you call the borrower, beside the name")
    if cells != columns:
        # What stands where is not known: whatever else is wrong with it may follow from that.
        more = ": an amount is written 1372.50, without a comma" if cells > columns else ""
        wrong = [f"it has {cells} cells where the header has {columns}{more}"]
    return loan, borrower, due, wrong


def _currency(text: str) -> str:
    exponent(text)
    return text


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise InvalidLoan(f"'{text[:20]}' is no number of an instalment")
    return int(text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidLoan(f"'{text[:20]}' is no day; write it as 2026-12-31") from None
