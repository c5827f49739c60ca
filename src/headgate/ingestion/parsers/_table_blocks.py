"""Rows of a table by the block: the plain ones column by column, as the slow way would read them.

Most blocks of most tables are plain: every row as wide as the table, every day a day, every amount written in one way, one
account and one currency. Such a block is read a column at a time, in loops that the interpreter runs itself. Anything else
about a block, and None says that its rows are to be read one by one, where each fault is told apart. A test holds both ways
to the same items.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import repeat
from operator import add, eq, sub, truediv
from typing import Any, Final

from headgate.core.money import Money
from headgate.ingestion.parsers._building import AmountTwin, TransactionTwin
from headgate.ingestion.parsers._statements import AMOUNT_MAX
from headgate.ingestion.records import TransactionRecord

BLOCK: Final = 128
"""Rows read together. Ten times as many are slower than one by one: what a block holds meanwhile is work for the collector."""

_SCALES: Final = (1, 10, 100, 1_000, 10_000, 100_000)
_NUMBERS: Final = ({float}, {int}, {float, int})
_new: Final[Any] = object.__new__


@dataclass(frozen=True, slots=True)
class Amounts:
    """A column of amounts in minor units, positive where money came in, and what they come to."""

    signed: list[int]
    credits: int
    debits: int


def text_of(cell: Any) -> str:
    """A cell as text, without the blanks around it; a number with the fifteen digits that people see."""
    if type(cell) is str:
        return cell.strip()
    if isinstance(cell, float):
        return format(cell, ".15g")
    return "" if cell is None else str(cell)


def texts_of(cells: Sequence[Any]) -> list[str]:
    """A column of texts."""
    try:
        return list(map(str.strip, cells))
    except TypeError:
        return list(map(text_of, cells))


def minors_of(cells: Sequence[Any], digits: int, mark: str, *, are_typed: bool) -> list[int] | None:
    """Every cell in minor units; None where one is not written plainly."""
    return _of_numbers(cells, digits) if are_typed else _of_texts(cells, digits, mark)


def amounts_of(signed: list[int], *, debit_is_positive: bool) -> Amounts | None:
    """A column summed up; None where an amount is beyond what an account can hold."""
    if debit_is_positive:
        signed = [-minor for minor in signed]
    if max(signed) > AMOUNT_MAX or min(signed) < -AMOUNT_MAX:
        return None
    credits = sum(minor for minor in signed if minor > 0)
    return Amounts(signed, credits, credits - sum(signed))


def of_two_columns(credits: Sequence[Any], debits: Sequence[Any]) -> list[str] | None:
    """Credits and debits as one column of signed texts; None where a row has both, neither or a sign of its own."""
    found = []
    for credit, debit in zip(credits, debits, strict=True):
        if type(credit) is not str or type(debit) is not str or (not credit) == (not debit):
            return None
        found.append(credit or f"-{debit}")
        if credit[:1] == "-":
            return None
    return found


@dataclass(slots=True)
class Proof:
    """How the running balances of a block follow from its amounts: pairs of rows, and how many agree in each direction."""

    pairs: int
    upwards: int
    downwards: int


def prove(signed: list[int], balances: list[int], before: tuple[int, int | None] | None) -> Proof:
    """Compare each balance with that of the row before. `before`: amount and balance of the row above the block."""
    amounts, stood = signed[:-1], balances[:-1]
    later, moves = balances, signed
    if before is None or before[1] is None:
        later, moves = balances[1:], signed[1:]
    else:
        amounts, stood = [before[0], *amounts], [before[1], *stood]
    return Proof(
        len(later),
        sum(map(eq, map(sub, later, moves), stood)),
        sum(map(eq, map(add, later, amounts), stood)),
    )


def records_of(
    lines: Sequence[int],
    ids: Sequence[str | None],
    number: str,
    signed: Sequence[int],
    currency: str,
    days: Sequence[date],
    values: Sequence[date],
    codes: Sequence[str],
    references: Sequence[str],
    customers: Sequence[str],
    texts: Sequence[str],
    statement: int,
) -> list[TransactionRecord]:
    """What `_building.transaction` makes of each row, in one loop."""
    found: list[Any] = []
    keep = found.append
    columns = zip(lines, ids, signed, days, values, codes, references, customers, texts, strict=True)
    for line, external_id, minor, day, value_on, code, reference, customer, text in columns:
        amount = _new(AmountTwin)
        amount.currency = currency
        made = _new(TransactionTwin)
        if minor >= 0:
            amount.minor = minor
            made.direction = "credit"
        else:
            amount.minor = -minor
            made.direction = "debit"
        amount.__class__ = Money
        made.line = line
        made.external_id = external_id
        made.account_number = number
        made.amount = amount
        made.booked_on = day
        made.value_on = value_on
        made.type_code = code
        made.bank_reference = reference
        made.customer_reference = customer
        made.text = text
        made.statement = statement
        made.__class__ = TransactionRecord
        keep(made)
    return found


def _of_texts(cells: Sequence[Any], digits: int, mark: str) -> list[int] | None:
    try:
        joined = "\n".join(cells)
    except TypeError:
        return None
    whole = _plain(digits, mark)
    # A cell may hold a line break of its own: then there are more lines than cells.
    if whole.fullmatch(joined) is None or joined.count("\n") != len(cells) - 1:
        return None
    return list(map(int, (joined.replace(mark, "") if digits else joined).split("\n")))


def _plain(digits: int, mark: str) -> re.Pattern[str]:
    made = _patterns.get((digits, mark))
    if made is None:
        one = "-?[0-9]{1,15}" + (f"{re.escape(mark)}[0-9]{{{digits}}}" if digits else "")
        made = _patterns[digits, mark] = re.compile(f"{one}(?:\\n{one})*")
    return made


_patterns: Final[dict[tuple[int, str], re.Pattern[str]]] = {}


def _of_numbers(cells: Sequence[Any], digits: int) -> list[int] | None:
    if set(map(type, cells)) not in _NUMBERS:
        return None
    scale = _SCALES[digits]
    try:
        found = [round(cell * scale) for cell in cells]
    except (ValueError, OverflowError):
        return None
    if max(found) >= 10**12 or min(found) <= -(10**12) or not all(map(eq, map(truediv, found, repeat(scale)), cells)):
        return None
    return found


def of_number(cell: float, digits: int) -> int | str:
    """A number of a workbook in minor units, by its fifteen digits, which are what people see; or what is wrong with it."""
    if -1e12 < cell < 1e12:
        scale = _SCALES[digits]
        minor = round(cell * scale)
        if minor / scale == cell:  # then no other decimal of so few digits is this number
            return minor
    text = format(cell, ".15g")
    whole, _, decimals = text.partition(".")
    if "e" in text or "n" in text:
        return "not an amount that an account can hold; check the cell"
    if len(decimals) > digits:
        return f"more decimals than the {digits} of its currency; round it as it was booked"
    return int(whole + decimals.ljust(digits, "0"))
