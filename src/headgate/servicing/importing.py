"""Loans from a file: one line an instalment, as CSV.

    loan_id,product,currency,legal_entity_id,borrower_id,number,due_on,fees,interest,principal,escrow
    L-1001,mortgage,USD,le_01…,,1,2026-01-01,0.00,812.50,250.00,310.00

Amounts are written as people do. A loan of which a line cannot be read, or does not agree with the others, is left out
whole, with each of its faults by line; the rest goes on.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Final

from headgate.core.db import Tx
from headgate.core.errors import HeadgateError
from headgate.core.money import Money
from headgate.servicing import loans
from headgate.servicing.errors import InvalidLoan
from headgate.servicing.loans import Boarded
from headgate.servicing.model import Due, NewLoan

REQUIRED: Final = ("loan_id", "product", "currency", "legal_entity_id", "number", "due_on")
COLUMNS: Final = (*REQUIRED, "borrower_id", "fees", "interest", "principal", "escrow")
LINES_MAX: Final = 200_000
FAULTS_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class ImportFault:
    """Why a loan of the file was left out: the line (0 where it is the whole loan), the loan, and what is wrong."""

    line: int
    loan_id: str
    message: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file."""

    loans: int
    replayed: int
    faults: tuple[ImportFault, ...]


def import_file(tx: Tx, lines: Iterable[str]) -> ImportReport:
    """Take on the loans of a CSV file; the same file again changes nothing. Raises InvalidLoan where it is no such file."""
    reader = csv.DictReader(lines)
    missing = sorted(set(REQUIRED) - set(reader.fieldnames or ()))
    if missing:
        raise InvalidLoan(f"the file lacks the column {missing[0]}: it has {', '.join(COLUMNS)}")
    wanted: dict[str, tuple[NewLoan, list[Due]]] = {}
    faults: list[ImportFault] = []
    for row in _rows(reader):
        name = (row.get("loan_id") or "").strip()
        try:
            loan, due = _read(name, row)
        except (HeadgateError, ValueError) as error:
            faults.append(ImportFault(reader.line_num, name[:100], str(error)[:300]))
            continue
        known = wanted.setdefault(name, (loan, []))
        if known[0] != loan:
            faults.append(ImportFault(reader.line_num, name, "its lines do not agree on what kind of loan it is"))
        known[1].append(due)
    for fault in faults:
        wanted.pop(fault.loan_id, None)
    boarded: list[Boarded] = []
    waiting = iter(wanted.values())
    while part := list(islice(waiting, loans.BATCH_MAX)):
        boarded += _board(tx, part, faults)
    return ImportReport(len(boarded), sum(one.replayed for one in boarded), tuple(faults[:FAULTS_MAX]))


def _board(tx: Tx, part: list[tuple[NewLoan, list[Due]]], faults: list[ImportFault]) -> list[Boarded]:
    """A part at once; where one of its loans cannot be taken on, one by one, so that the others are."""
    try:
        with tx.savepoint():
            return loans.import_loans(tx, part)
    except HeadgateError:
        done = []
        for loan, dues in part:
            try:
                with tx.savepoint():
                    done.append(loans.import_loan(tx, loan, dues))
            except HeadgateError as error:
                faults.append(ImportFault(0, loan.external_id, error.message[:300]))
        return done


def _rows(reader: csv.DictReader[str]) -> Iterator[dict[str, str]]:
    try:
        for n, row in enumerate(reader):
            if n >= LINES_MAX:
                raise InvalidLoan(f"a file has {LINES_MAX:,} lines at most: split it")
            yield row
    except csv.Error as error:
        raise InvalidLoan(f"line {reader.line_num} is no CSV: {error}") from error


def _read(name: str, row: dict[str, str]) -> tuple[NewLoan, Due]:
    currency = (row.get("currency") or "").strip()

    def minor(column: str) -> int:
        return Money.parse((row.get(column) or "").strip() or "0", currency).minor

    number = (row.get("number") or "").strip()
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        raise InvalidLoan(f"'{number[:20]}' is no number of an instalment")
    loan = NewLoan(
        name,
        (row.get("product") or "").strip(),
        currency,
        (row.get("legal_entity_id") or "").strip(),
        (row.get("borrower_id") or "").strip() or None,
    )
    due_on = date.fromisoformat((row.get("due_on") or "").strip())
    return loan, Due(int(number), due_on, minor("fees"), minor("interest"), minor("principal"), minor("escrow"))
