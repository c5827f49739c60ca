"""What the columns of a table mean, as data: proposed from the bytes, looked at by a person, saved, applied again.

    found = propose(data)                 # of previewing.py: a mapping, and what only a person can answer
    saved = found.mapping.as_json()       # kept for the tenant and source under found.mapping.fingerprint
    Mapping.from_json(saved)

A mapping says for each field which columns hold it, counted from 0, and for the whole table in which order a date is
written, which sign stands before the decimals, and which words mean debit. Nothing of it is decided cell by cell.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping as Map
from dataclasses import dataclass
from typing import Any, Final, Literal

from headgate.core.currencies import EXPONENTS
from headgate.core.errors import Malformed

DateOrder = Literal["ymd", "dmy", "mdy"]
DecimalMark = Literal[".", ","]
AmountUnit = Literal["major", "minor"]

FIELDS: Final = (
    *("booked_on", "value_on", "amount", "credit", "debit", "side", "currency", "balance", "account_number"),
    *("external_id", "customer_reference", "type_code", "text"),
)
"""What a column can mean. Of `amount` (signed, or with a `side`) and `credit` with `debit` a table has one or the other."""

SEVERAL: Final = ("text",)
"""Fields that several columns may hold, joined by a blank."""

_COLUMNS_MAX: Final = 1_000
_DELIMITERS: Final = (",", ";", "\t", "|")


class MalformedMapping(Malformed):
    """This says no mapping of columns."""

    code = "ingestion.malformed_mapping"


@dataclass(frozen=True, slots=True)
class Mapping:
    """How a table is read. `header_line` is 0 where no line names the columns; `header` are their names, normalised."""

    columns: tuple[tuple[str, tuple[int, ...]], ...]
    header: tuple[str, ...] = ()
    header_line: int = 1
    delimiter: str = ","
    date_order: DateOrder = "ymd"
    decimal: DecimalMark = "."
    currency: str = ""
    account_number: str = ""
    debit_words: tuple[str, ...] = ()
    debit_is_positive: bool = False
    """Whether a positive amount of a single column is money that went out, as on statements of cards."""
    amount_unit: AmountUnit = "major"
    """Whether 1250 is twelve hundred and fifty dollars, or twelve and a half as programs write them."""

    @property
    def fingerprint(self) -> str:
        """The same for tables with the same columns in the same order: a saved mapping is found by it."""
        return hashlib.sha256("\x1f".join(self.header).encode()).hexdigest()

    def column(self, field: str) -> int | None:
        """Where a field stands, or first stands; None where no column holds it."""
        for name, places in self.columns:
            if name == field:
                return places[0]
        return None

    def places(self, field: str) -> tuple[int, ...]:
        """All columns of a field."""
        return next((places for name, places in self.columns if name == field), ())

    def as_json(self) -> dict[str, Any]:
        """The mapping as it is saved."""
        return {
            "columns": {name: list(places) for name, places in self.columns},
            "header": list(self.header),
            "header_line": self.header_line,
            "delimiter": self.delimiter,
            "date_order": self.date_order,
            "decimal": self.decimal,
            "currency": self.currency,
            "account_number": self.account_number,
            "debit_words": list(self.debit_words),
            "debit_is_positive": self.debit_is_positive,
            "amount_unit": self.amount_unit,
        }

    @classmethod
    def from_json(cls, said: Map[str, Any]) -> Mapping:
        """A mapping as a person or a table says it. Raises MalformedMapping, naming what is wrong and how to mend it."""
        strange = set(said) - set(_NAMES)
        if strange:
            raise MalformedMapping(f"{min(strange)[:40]} is no part of a mapping; write {', '.join(_NAMES)}")
        columns = said.get("columns")
        if not isinstance(columns, Map) or not columns:
            raise MalformedMapping("columns says which field stands where, as {'booked_on': 0, 'amount': 3}")
        found = tuple(sorted((_field(name), _places(name, places)) for name, places in columns.items()))
        made = cls(
            columns=found,
            header=tuple(normalised(str(name)) for name in _list(said, "header")),
            header_line=_whole(said.get("header_line", 1), "header_line"),
            delimiter=_one_of(said.get("delimiter", ","), "delimiter", _DELIMITERS),
            date_order=_one_of(said.get("date_order", "ymd"), "date_order", ("ymd", "dmy", "mdy")),  # type: ignore[arg-type]
            decimal=_one_of(said.get("decimal", "."), "decimal", (".", ",")),  # type: ignore[arg-type]
            currency=_one_of(said.get("currency", ""), "currency", ("", *EXPONENTS)),
            account_number=str(said.get("account_number", ""))[:64],
            debit_words=tuple(str(word).strip().lower()[:40] for word in _list(said, "debit_words")),
            debit_is_positive=said.get("debit_is_positive", False) is True,
            amount_unit=_one_of(said.get("amount_unit", "major"), "amount_unit", ("major", "minor")),  # type: ignore[arg-type]
        )
        text = made.lacks()
        if text:
            raise MalformedMapping(text)
        return made

    def lacks(self) -> str:
        """What is missing to read an amount on a day; '' where nothing is."""
        has = {name for name, _ in self.columns}
        if "booked_on" not in has and "value_on" not in has:
            return "no column holds the day; say which is booked_on"
        if "amount" not in has and not {"credit", "debit"} <= has:
            return "no column holds the amount; say which is amount, or which are credit and debit"
        if "amount" in has and {"credit", "debit"} & has:
            return "amount stands beside credit or debit; say one or the other"
        return ""

    def objection(self) -> str:
        """Why no row of such a table could be read, where the mapping is whole; '' where nothing is against it."""
        if not self.currency and self.column("currency") is None:
            return "neither a column nor a word says the currency; write it, as USD, or say which column holds it"
        for name, places in self.columns:
            if self.header and max(places) >= len(self.header):
                return f"{name} is said to stand in column {max(places)}; the table has columns 0 to {len(self.header) - 1}"
        return ""


@dataclass(frozen=True, slots=True)
class Question:
    """What the bytes leave open: a person chooses one of the options, and the mapping is saved with it."""

    field: str
    options: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A mapping as the bytes suggest it, and what they leave open."""

    mapping: Mapping
    questions: tuple[Question, ...] = ()


_NAMES: Final = (
    *("columns", "header", "header_line", "delimiter", "date_order", "decimal", "currency", "account_number"),
    *("debit_words", "debit_is_positive", "amount_unit"),
)


def normalised(name: str) -> str:
    """A column's name as it is compared: small letters and digits, one blank between words."""
    return " ".join(re.sub(r"[\W_]+", " ", name.lower()).split())[:80]


def _field(name: object) -> str:
    if name not in FIELDS:
        raise MalformedMapping(f"'{str(name)[:40]}' is no field; write one of {', '.join(FIELDS)}")
    return str(name)


def _places(name: object, said: object) -> tuple[int, ...]:
    places = tuple(said) if isinstance(said, list | tuple) else (said,)
    if not places or not all(type(at) is int and 0 <= at < _COLUMNS_MAX for at in places):
        raise MalformedMapping(f"{str(name)[:40]}: columns are counted from 0, as 3 or [3, 4]")
    if len(places) > 1 and name not in SEVERAL:
        raise MalformedMapping(f"{str(name)[:40]} stands in one column; only {', '.join(SEVERAL)} may stand in several")
    return places


def _list(said: Map[str, Any], name: str) -> list[Any]:
    found = said.get(name, [])
    if not isinstance(found, list | tuple) or len(found) > _COLUMNS_MAX:
        raise MalformedMapping(f"{name} is a list of words")
    return list(found)


def _whole(said: object, name: str) -> int:
    if type(said) is not int or not 0 <= said <= 10_000:
        raise MalformedMapping(f"{name} is the number of a line, 0 where there is none")
    return said


def _one_of(said: object, name: str, options: tuple[str, ...]) -> str:
    if said not in options:
        shown = ", ".join(repr(option) for option in options[:5])
        raise MalformedMapping(f"{name} is one of {shown}")
    return str(said)
