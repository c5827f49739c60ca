"""The records of a NACHA file as tables: what stands where, and what may stand there (nacha_layout.md §2–6).

A table is compiled once into one pattern for the whole line, so that a good line costs one match; only a line that
fails is looked at field by field, to say which field, which rule and how to mend it.

    101 03130001202313801041908161055A094101Federal Reserve Bank   My Bank Name           12345678
    622231380104987654321        0100000000               Credit Account 1        0121042880000002
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

LENGTH = 94
"""Characters in a record, always."""

BLOCK = 10
"""Records in a block; the last block is filled with lines of nines."""

ALLOWED = r"[ -~\xa0¢¦¬±À-ÿ]"
"""Characters a reader accepts: printable ASCII, and the Latin letters that banks send."""

PRINTABLE = re.compile(f"{ALLOWED}*").fullmatch
ALLOWED_LATIN = bytes(code for code in range(256) if PRINTABLE(chr(code)))
"""The same characters as bytes of Latin-1, which holds them all."""

_ANY = ALLOWED
_CONTENT: dict[str, tuple[Callable[[int], str], str]] = {
    "digits": (lambda width: rf"[0-9]{{{width}}}", "digits only, filled with zeros on the left"),
    "text": (lambda width: rf"{_ANY}{{{width}}}", "printable characters, filled with blanks on the right"),
    "filled": (lambda width: rf"(?![ 0]{{{width}}}){_ANY}{{{width}}}", "not blank and not only zeros"),
    "present": (lambda width: rf"(?! {{{width}}}){_ANY}{{{width}}}", "not blank"),
    "julian": (lambda width: r"(?:00[1-9]|0[1-9][0-9]|[12][0-9][0-9]|3[0-5][0-9]|36[0-6]| {3})", "001 to 366"),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field: positions count from 1 and include both ends; `content` is a kind above or a pattern of its own."""

    name: str
    start: int
    end: int
    content: str
    rule: str
    mend: str = ""

    @property
    def width(self) -> int:
        return self.end - self.start + 1

    @property
    def pattern(self) -> str:
        kind = _CONTENT.get(self.content)
        return kind[0](self.width) if kind else self.content

    @property
    def mending(self) -> str:
        kind = _CONTENT.get(self.content)
        return self.mend or (f"write {kind[1]}" if kind else "")

    def of(self, line: str) -> str:
        return line[self.start - 1 : self.end]


class Layout:
    """One record's table and its compiled pattern."""

    __slots__ = ("_patterns", "_positions", "_widths", "fields", "match", "name")

    def __init__(self, name: str, *fields: Field) -> None:
        position = 1
        for field in fields:
            assert field.start == position <= field.end, f"{name}.{field.name} does not follow its neighbour"
            position = field.end + 1
        assert position == LENGTH + 1, f"{name} ends at {position - 1}"
        self.name = name
        self.fields = fields
        self.match = re.compile("".join(field.pattern for field in fields)).fullmatch
        self._patterns = [re.compile(field.pattern).fullmatch for field in fields]
        self._widths = [(field.name, field.width) for field in fields]
        self._positions = {field.name: field for field in fields}

    def __getitem__(self, name: str) -> Field:
        return self._positions[name]

    def __contains__(self, name: object) -> bool:
        return name in self._positions

    def broken(self, line: str) -> Iterator[Field]:
        """The fields of a line whose content is not what the table allows."""
        for field, match in zip(self.fields, self._patterns, strict=True):
            if match(field.of(line)) is None:
                yield field

    def write(self, **values: str | int) -> str:
        """A record with these values: numbers zero-filled, text blank-filled; what is not given is blank.

        Raises ValueError for a value too long for its field or one that the table does not know.
        """
        parts = []
        for name, width in self._widths:
            value = values.pop(name, "")
            text = str(value).zfill(width) if isinstance(value, int) else value.ljust(width)
            if len(text) > width:
                raise ValueError(f"{self.name}.{name} takes {width} characters, not {len(text)}")
            parts.append(text)
        if values:
            raise ValueError(f"{self.name} has no field {', '.join(sorted(values))}")
        return "".join(parts)


def _type(digit: str) -> Field:
    return Field("record_type", 1, 1, digit, "V-02")


FILE_HEADER = Layout(
    "file header",
    _type("1"),
    Field("priority_code", 2, 3, "01", "V-06", "write 01"),
    Field("destination", 4, 13, rf"(?! {{10}}|[ 0]{{10}}){_ANY}{{10}}", "V-08", "write a blank and the routing number"),
    Field("origin", 14, 23, "filled", "V-09"),
    Field("created_on", 24, 29, "digits", "V-10", "write a date as YYMMDD"),
    Field("created_at", 30, 33, r"(?:[01][0-9]|2[0-3])[0-5][0-9]| {4}", "V-11", "write a time as HHMM, 0000 to 2359"),
    Field("modifier", 34, 34, "[A-Z0-9]", "V-12", "write one of A to Z or 0 to 9"),
    Field("record_size", 35, 37, "094", "V-06", "write 094"),
    Field("blocking_factor", 38, 39, "10", "V-06", "write 10"),
    Field("format_code", 40, 40, "1", "V-07", "write 1"),
    Field("destination_name", 41, 63, "text", "V-34"),
    Field("origin_name", 64, 86, "text", "V-34"),
    Field("reference", 87, 94, "text", "V-34"),
)

_HEADER_TAIL = (
    Field("effective_on", 70, 75, "text", "V-26"),
    Field("settlement_julian", 76, 78, "julian", "V-27", "leave it blank: the operator fills it with 001 to 366"),
    Field("originator_status", 79, 79, "[012]", "V-23", "write 1, or 2 for a federal agency"),
    Field("odfi", 80, 87, "digits", "V-24", "write the first 8 digits of the ODFI's routing number"),
    Field("batch_number", 88, 94, "digits", "V-25", "number the batches upwards from 0000001"),
)

_SERVICE_CLASS = Field("service_class", 2, 4, "200|220|225|280", "V-20", "write 200, 220, 225 or (ADV) 280")

BATCH_HEADER = Layout(
    "batch header",
    _type("5"),
    _SERVICE_CLASS,
    Field("company_name", 5, 20, "filled", "V-21"),
    Field("discretionary", 21, 40, "text", "V-34"),
    Field("company_id", 41, 50, "filled", "V-21"),
    Field("sec_code", 51, 53, "[A-Z]{3}", "V-22", "write a known SEC code in capitals, as PPD"),
    Field("description", 54, 63, "filled", "V-21"),
    Field("descriptive_date", 64, 69, "text", "V-34"),
    *_HEADER_TAIL,
)

BATCH_HEADER_IAT = Layout(
    "IAT batch header",
    _type("5"),
    _SERVICE_CLASS,
    Field("company_name", 5, 20, "text", "V-21"),
    Field("exchange_indicator", 21, 22, "F[FV]|VF", "V-22", "write FF, FV or VF"),
    Field("exchange_reference_indicator", 23, 23, "[123]", "V-22", "write 1, 2 or 3"),
    Field("exchange_reference", 24, 38, "text", "V-34"),
    Field("destination_country", 39, 40, "[A-Z]{2}", "V-22", "write the country's two letters"),
    Field("company_id", 41, 50, "filled", "V-21"),
    Field("sec_code", 51, 53, "[A-Z]{3}", "V-22", "write IAT"),
    Field("description", 54, 63, "filled", "V-21"),
    Field("originating_currency", 64, 66, "[A-Z]{3}", "V-22", "write the currency's three letters"),
    Field("destination_currency", 67, 69, "[A-Z]{3}", "V-22", "write the currency's three letters"),
    *_HEADER_TAIL,
)

_CODE = Field("transaction_code", 2, 3, "digits", "V-30", "write a code of Appendix Three, as 22")
_RDFI = (
    Field("rdfi", 4, 11, "digits", "V-31", "write the first 8 digits of the routing number"),
    Field("check_digit", 12, 12, "digits", "V-31", "write the ninth digit of the routing number"),
)
_ACCOUNT = Field("account", 13, 29, "present", "V-32", "write the account number")
_AMOUNT = Field("amount", 30, 39, "digits", "V-40", "write whole cents, digits only")
_INDICATOR = Field("addenda_indicator", 79, 79, "[01]", "V-50", "write 1 exactly when an addenda record follows")
_TRACE = Field("trace_number", 80, 94, "digits", "V-53", "write the ODFI's 8 digits and a sequence of 7")


def _entry(name: str, *middle: Field, amount: Field = _AMOUNT) -> Layout:
    return Layout(name, _type("6"), _CODE, *_RDFI, _ACCOUNT, amount, *middle, _INDICATOR, _TRACE)


def _standard(name: str, name_content: str) -> Layout:
    return _entry(
        name,
        Field("individual_id", 40, 54, "text", "V-34"),
        Field("individual_name", 55, 76, name_content, "V-33", "write the receiver's name"),
        Field("discretionary", 77, 78, "text", "V-34"),
    )


ENTRY = _standard("entry", "text")
ENTRY_NAMED = _standard("entry", "filled")


def _counted(name: str, name_content: str) -> Layout:
    return _entry(
        name,
        Field("individual_id", 40, 54, "text", "V-34"),
        Field("addenda_count", 55, 58, "digits", "V-51", "write the number of addenda, 0000 to 9999"),
        Field("individual_name", 59, 74, name_content, "V-33", "write the receiver's name"),
        Field("reserved", 75, 76, "text", "V-34"),
        Field("discretionary", 77, 78, "text", "V-34"),
    )


ENTRY_CTX = _counted("CTX entry", "text")
ENTRY_ENR = _counted("ENR entry", "filled")
ENTRY_CIE = _entry(
    "CIE entry",
    Field("individual_name", 40, 54, "filled", "V-33", "write the receiver's name"),
    Field("individual_id", 55, 76, "text", "V-34"),
    Field("discretionary", 77, 78, "text", "V-34"),
)
ENTRY_POP = _entry(
    "POP entry",
    Field("individual_id", 40, 48, "text", "V-34"),
    Field("terminal_city", 49, 52, "text", "V-34"),
    Field("terminal_state", 53, 54, "text", "V-34"),
    Field("individual_name", 55, 76, "filled", "V-33", "write the receiver's name"),
    Field("discretionary", 77, 78, "text", "V-34"),
)
ENTRY_SHR = _entry(
    "SHR entry",
    Field("card_expires", 40, 43, "text", "V-34"),
    Field("individual_id", 44, 54, "text", "V-34"),
    Field("individual_name", 55, 76, "filled", "V-33", "write the card account"),
    Field("discretionary", 77, 78, "text", "V-34"),
)
ENTRY_IAT = Layout(
    "IAT entry",
    _type("6"),
    _CODE,
    *_RDFI,
    Field("addenda_count", 13, 16, "digits", "V-51", "write the number of addenda"),
    Field("reserved", 17, 29, "text", "V-34"),
    _AMOUNT,
    Field("account", 40, 74, "present", "V-32", "write the account number"),
    Field("reserved_two", 75, 76, "text", "V-34"),
    Field("ofac_indicator", 77, 77, "text", "V-34"),
    Field("second_ofac_indicator", 78, 78, "text", "V-34"),
    _INDICATOR,
    _TRACE,
)
ENTRY_ADV = Layout(
    "ADV entry",
    _type("6"),
    _CODE,
    *_RDFI,
    Field("account", 13, 27, "present", "V-32", "write the account number"),
    Field("amount", 28, 39, "digits", "V-40", "write whole cents, digits only"),
    Field("advice_routing", 40, 48, "digits", "V-31"),
    Field("individual_id", 49, 53, "text", "V-34"),
    Field("operator_data", 54, 54, "text", "V-34"),
    Field("individual_name", 55, 76, "text", "V-34"),
    Field("discretionary", 77, 78, "text", "V-34"),
    _INDICATOR,
    Field("trace_number", 80, 94, "digits", "V-53", "write the operator's routing, the Julian day and the sequence"),
)

_ORIGINAL = (
    Field("original_trace", 7, 21, "digits", "V-60", "write the original entry's trace number"),
    Field("dated", 22, 27, "text", "V-34"),
    Field("original_rdfi", 28, 35, "digits", "V-60", "write the original entry's RDFI, 8 digits"),
)
_ADDENDA_TRACE = Field("trace_number", 80, 94, "text", "V-53")


def _addenda(name: str, kind: str, *fields: Field) -> Layout:
    return Layout(name, _type("7"), Field("addenda_type", 2, 3, kind, "V-51"), *fields)


ADDENDA_05 = _addenda(
    "addenda 05",
    "05",
    Field("information", 4, 83, "text", "V-34"),
    Field("sequence", 84, 87, "digits", "V-52", "number the addenda upwards from 0001"),
    Field("entry_sequence", 88, 94, "digits", "V-52", "write the last 7 digits of the entry's trace number"),
)
ADDENDA_ANY = _addenda("addenda", "[0-9]{2}", Field("information", 4, 94, "text", "V-34"))
ADDENDA_98 = _addenda(
    "notification of change",
    "98",
    Field("change_code", 4, 6, "C[0-9]{2}", "V-62", "write a change code, as C01"),
    *_ORIGINAL,
    Field("corrected_data", 36, 64, "present", "V-62", "write the corrected data"),
    Field("reserved", 65, 79, "text", "V-34"),
    _ADDENDA_TRACE,
)
ADDENDA_99 = _addenda(
    "return",
    "99",
    Field("return_code", 4, 6, "R[0-9]{2}", "V-60", "write a return code, as R01"),
    *_ORIGINAL,
    Field("information", 36, 79, "text", "V-34"),
    _ADDENDA_TRACE,
)
ADDENDA_99_DISHONORED = _addenda(
    "dishonored return",
    "99",
    Field("return_code", 4, 6, "R(?:6[1-9]|70)", "V-60", "write R61 to R70"),
    *_ORIGINAL,
    Field("reserved", 36, 38, "text", "V-34"),
    Field("return_trace", 39, 53, "text", "V-34"),
    Field("return_settlement", 54, 56, "text", "V-34"),
    Field("return_reason", 57, 58, "text", "V-34"),
    Field("information", 59, 79, "text", "V-34"),
    _ADDENDA_TRACE,
)
ADDENDA_99_CONTESTED = _addenda(
    "contested dishonored return",
    "99",
    Field("return_code", 4, 6, "R7[1-7]", "V-60", "write R71 to R77"),
    *_ORIGINAL,
    Field("original_settlement", 36, 38, "text", "V-34"),
    Field("return_trace", 39, 53, "text", "V-34"),
    Field("return_settlement", 54, 56, "text", "V-34"),
    Field("return_reason", 57, 58, "text", "V-34"),
    Field("dishonored_trace", 59, 73, "text", "V-34"),
    Field("dishonored_settlement", 74, 76, "text", "V-34"),
    Field("dishonored_reason", 77, 78, "text", "V-34"),
    Field("reserved", 79, 79, "text", "V-34"),
    _ADDENDA_TRACE,
)

_CONTROL_HEAD = (
    _type("8"),
    _SERVICE_CLASS,
    Field("entry_addenda_count", 5, 10, "digits", "V-72", "count the records 6 and 7"),
    Field("entry_hash", 11, 20, "digits", "V-72", "add up the RDFI's 8 digits and keep the last 10"),
)
_CONTROL_TAIL = (
    Field("odfi", 80, 87, "text", "V-24"),
    Field("batch_number", 88, 94, "digits", "V-72", "repeat the header's batch number"),
)
BATCH_CONTROL = Layout(
    "batch control",
    *_CONTROL_HEAD,
    Field("debits", 21, 32, "digits", "V-72", "write whole cents, digits only"),
    Field("credits", 33, 44, "digits", "V-72", "write whole cents, digits only"),
    Field("company_id", 45, 54, "text", "V-24"),
    Field("authentication", 55, 73, "text", "V-34"),
    Field("reserved", 74, 79, "text", "V-34"),
    *_CONTROL_TAIL,
)
BATCH_CONTROL_ADV = Layout(
    "ADV batch control",
    *_CONTROL_HEAD,
    Field("debits", 21, 40, "digits", "V-72", "write whole cents, digits only"),
    Field("credits", 41, 60, "digits", "V-72", "write whole cents, digits only"),
    Field("operator_data", 61, 79, "text", "V-34"),
    *_CONTROL_TAIL,
)

_FILE_CONTROL_HEAD = (
    _type("9"),
    Field("batch_count", 2, 7, "digits", "V-72", "count the batches"),
    Field("block_count", 8, 13, "digits", "V-72", "count the blocks of ten records, the last one filled up"),
    Field("entry_addenda_count", 14, 21, "digits", "V-72", "add up the batches' counts"),
    Field("entry_hash", 22, 31, "digits", "V-72", "add up the batches' hashes and keep the last 10 digits"),
)
FILE_CONTROL = Layout(
    "file control",
    *_FILE_CONTROL_HEAD,
    Field("debits", 32, 43, "digits", "V-72", "add up the batches' debits"),
    Field("credits", 44, 55, "digits", "V-72", "add up the batches' credits"),
    Field("reserved", 56, 94, "text", "V-34"),
)
FILE_CONTROL_ADV = Layout(
    "ADV file control",
    *_FILE_CONTROL_HEAD,
    Field("debits", 32, 51, "digits", "V-72", "add up the batches' debits"),
    Field("credits", 52, 71, "digits", "V-72", "add up the batches' credits"),
    Field("reserved", 72, 94, "text", "V-34"),
)
