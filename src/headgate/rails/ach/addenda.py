"""The addenda records as tables (nacha_layout.md §5): remittance, terminals, international parties, changes, returns.

705MARCH OVERTIME                                                                  00010000002
799R01990000010000001      23138010                                            231380100000001
"""

from __future__ import annotations

from headgate.rails.ach.fields import Field, Layout, kind, text

_ORIGINAL = (
    Field("original_trace", 7, 21, "digits", "V-60", "write the original entry's trace number"),
    text("dated", 22, 27),
    Field("original_rdfi", 28, 35, "digits", "V-60", "write the original entry's RDFI, 8 digits"),
)
_TRACE = Field("trace_number", 80, 94, "text", "V-53")
_SEQUENCE = Field("sequence", 84, 87, "digits", "V-52", "number the addenda upwards from 0001")
_ENTRY = Field("entry_sequence", 88, 94, "digits", "V-52", "write the last 7 digits of the entry's trace number")
_JULIAN = "write the Julian day, 001 to 366"
_CHANGE = Field("change_code", 4, 6, "C[0-9]{2}", "V-62", "write a change code, as C01")


def _addenda(name: str, number: str, *fields: Field) -> Layout:
    return Layout(name, kind("7"), Field("addenda_type", 2, 3, number, "V-51"), *fields)


def _given(name: str, start: int, end: int, mend: str) -> Field:
    return Field(name, start, end, "present", "V-51", f"write {mend}")


ADDENDA_ANY = _addenda("addenda", "[0-9]{2}", text("information", 4, 94))
ADDENDA_02 = _addenda(
    "addenda 02",
    "02",
    text("reference", 4, 10),
    text("second_reference", 11, 13),
    text("terminal_id", 14, 19),
    _given("terminal_serial", 20, 25, "the transaction's serial number"),
    _given("transacted_on", 26, 29, "the day of the transaction as MMDD"),
    text("authorization", 30, 35),
    _given("terminal_location", 36, 62, "where the terminal stands"),
    _given("terminal_city", 63, 77, "the terminal's city"),
    Field("terminal_state", 78, 79, "[A-Z]{2}", "V-51", "write the state's two letters"),
    _TRACE,
)
ADDENDA_05 = _addenda("addenda 05", "05", text("information", 4, 83), _SEQUENCE, _ENTRY)

ADDENDA_10 = _addenda(
    "addenda 10",
    "10",
    _given("transaction_type", 4, 6, "what is paid, as SAL or BUS"),
    Field("foreign_amount", 7, 24, "digits", "V-40", "write the foreign amount, digits only"),
    text("foreign_trace", 25, 46),
    _given("receiver_name", 47, 81, "the receiver's name"),
    text("reserved", 82, 87),
    _ENTRY,
)
ADDENDA_11 = _addenda(
    "addenda 11",
    "11",
    _given("originator_name", 4, 38, "the originator's name"),
    _given("originator_street", 39, 73, "the originator's street"),
    text("reserved", 74, 87),
    _ENTRY,
)
ADDENDA_12 = _addenda(
    "addenda 12",
    "12",
    _given("originator_city", 4, 38, "the originator's city and state as CITY*STATE\\"),
    _given("originator_country", 39, 73, "the originator's country and postal code as US*10036\\"),
    text("reserved", 74, 87),
    _ENTRY,
)


def _bank(number: str, name: str) -> Layout:
    return _addenda(
        f"addenda {number}",
        number,
        _given(f"{name}_name", 4, 38, "the bank's name"),
        Field(f"{name}_qualifier", 39, 40, "0[123]", "V-51", "write 01 (routing), 02 (BIC) or 03 (IBAN)"),
        _given(f"{name}_id", 41, 74, "the bank's number"),
        _given(f"{name}_country", 75, 77, "the bank's country"),
        text("reserved", 78, 87),
        _ENTRY,
    )


ADDENDA_13 = _bank("13", "odfi")
ADDENDA_14 = _bank("14", "rdfi")
ADDENDA_15 = _addenda(
    "addenda 15",
    "15",
    text("receiver_id", 4, 18),
    _given("receiver_street", 19, 53, "the receiver's street"),
    text("reserved", 54, 87),
    _ENTRY,
)
ADDENDA_16 = _addenda(
    "addenda 16",
    "16",
    _given("receiver_city", 4, 38, "the receiver's city and state as CITY*STATE\\"),
    _given("receiver_country", 39, 73, "the receiver's country and postal code as CA*80014\\"),
    text("reserved", 74, 87),
    _ENTRY,
)
ADDENDA_17 = _addenda("addenda 17", "17", text("information", 4, 83), _SEQUENCE, _ENTRY)
ADDENDA_18 = _addenda(
    "addenda 18",
    "18",
    _given("correspondent_name", 4, 38, "the correspondent bank's name"),
    Field("correspondent_qualifier", 39, 40, "0[123]", "V-51", "write 01 (routing), 02 (BIC) or 03 (IBAN)"),
    _given("correspondent_id", 41, 74, "the correspondent bank's number"),
    _given("correspondent_country", 75, 77, "the correspondent bank's country"),
    text("reserved", 78, 83),
    _SEQUENCE,
    _ENTRY,
)

ADDENDA_98 = _addenda(
    "notification of change",
    "98",
    _CHANGE,
    *_ORIGINAL,
    Field("corrected_data", 36, 64, "present", "V-62", "write the corrected data"),
    text("reserved", 65, 79),
    _TRACE,
)
ADDENDA_98_IAT = _addenda(
    "IAT notification of change",
    "98",
    _CHANGE,
    *_ORIGINAL,
    Field("corrected_data", 36, 70, "present", "V-62", "write the corrected data"),
    text("reserved", 71, 79),
    _TRACE,
)
ADDENDA_98_REFUSED = _addenda(
    "refused notification of change",
    "98",
    Field("change_code", 4, 6, "C6[1-9]", "V-62", "write C61 to C69"),
    *_ORIGINAL,
    Field("corrected_data", 36, 64, "present", "V-62", "repeat the corrected data"),
    Field("refused_code", 65, 67, "C[0-9]{2}", "V-62", "repeat the change code that is refused, as C01"),
    Field("trace_sequence", 68, 74, "digits", "V-62", "repeat the last 7 digits of the notification's trace number"),
    text("reserved", 75, 79),
    _TRACE,
)

ADDENDA_99 = _addenda(
    "return",
    "99",
    Field("return_code", 4, 6, "R[0-9]{2}", "V-60", "write a return code, as R01"),
    *_ORIGINAL,
    text("information", 36, 79),
    _TRACE,
)
ADDENDA_99_IAT = _addenda(
    "IAT return",
    "99",
    Field("return_code", 4, 6, "R[0-9]{2}", "V-60", "write a return code, as R01"),
    *_ORIGINAL,
    Field("original_amount", 36, 45, "[0-9]{10}| {10}", "V-60", "write the original amount, digits only"),
    text("information", 46, 79),
    _TRACE,
)
_RETURN_TRACE = Field("return_trace", 39, 53, "digits", "V-60", "write the return's trace number: it is disputed")
_SETTLED = r"[0-9]{3}| {3}"
ADDENDA_99_DISHONORED = _addenda(
    "dishonored return",
    "99",
    Field("return_code", 4, 6, "R(?:6[1-9]|70)", "V-60", "write R61 to R70"),
    *_ORIGINAL,
    text("reserved", 36, 38),
    _RETURN_TRACE,
    Field("return_settlement", 54, 56, _SETTLED, "V-60", _JULIAN),
    text("return_reason", 57, 58),
    text("information", 59, 79),
    _TRACE,
)
ADDENDA_99_CONTESTED = _addenda(
    "contested dishonored return",
    "99",
    Field("return_code", 4, 6, "R7[1-7]", "V-60", "write R71 to R77"),
    *_ORIGINAL,
    Field("original_settlement", 36, 38, _SETTLED, "V-60", _JULIAN),
    _RETURN_TRACE,
    Field("return_settlement", 54, 56, _SETTLED, "V-60", _JULIAN),
    text("return_reason", 57, 58),
    text("dishonored_trace", 59, 73),
    Field("dishonored_settlement", 74, 76, _SETTLED, "V-60", _JULIAN),
    text("dishonored_reason", 77, 78),
    text("reserved", 79, 79),
    _TRACE,
)

_BY_KIND = {
    "02": ADDENDA_02, "05": ADDENDA_05, "10": ADDENDA_10, "11": ADDENDA_11, "12": ADDENDA_12, "13": ADDENDA_13,
    "14": ADDENDA_14, "15": ADDENDA_15, "16": ADDENDA_16, "17": ADDENDA_17, "18": ADDENDA_18,
}  # fmt: skip


def addenda_table(number: str, code: str = "", *, is_iat: bool = False) -> Layout:
    """The table of an addenda by its type and, for 98 and 99, its change or return code."""
    if number == "98":
        if code[:2] == "C6" and code[2:] in tuple("123456789"):
            return ADDENDA_98_REFUSED
        return ADDENDA_98_IAT if is_iat else ADDENDA_98
    if number == "99":
        if code[:2] == "R7" and code[2:] in tuple("1234567"):
            return ADDENDA_99_CONTESTED
        if code[:2] == "R6" or code == "R70":
            return ADDENDA_99_DISHONORED
        return ADDENDA_99_IAT if is_iat else ADDENDA_99
    return _BY_KIND.get(number, ADDENDA_ANY)
