"""The records of a NACHA file as tables: what stands where, and what may stand there (nacha_layout.md §2–6).

101 03130001202313801041908161055A094101Federal Reserve Bank   My Bank Name           12345678
622231380104987654321        0100000000               Credit Account 1        0121042880000002
"""

from __future__ import annotations

from headgate.rails.ach.addenda import (
    ADDENDA_02,
    ADDENDA_05,
    ADDENDA_10,
    ADDENDA_11,
    ADDENDA_12,
    ADDENDA_13,
    ADDENDA_14,
    ADDENDA_15,
    ADDENDA_16,
    ADDENDA_17,
    ADDENDA_18,
    ADDENDA_98,
    ADDENDA_98_IAT,
    ADDENDA_98_REFUSED,
    ADDENDA_99,
    ADDENDA_99_CONTESTED,
    ADDENDA_99_DISHONORED,
    ADDENDA_99_IAT,
    ADDENDA_ANY,
)
from headgate.rails.ach.fields import ALLOWED, ALLOWED_LATIN, BLOCK, LENGTH, PRINTABLE, Field, Layout, kind

__all__ = [
    "ADDENDA_02", "ADDENDA_05", "ADDENDA_10", "ADDENDA_11", "ADDENDA_12", "ADDENDA_13", "ADDENDA_14", "ADDENDA_15",
    "ADDENDA_16", "ADDENDA_17", "ADDENDA_18", "ADDENDA_98", "ADDENDA_98_IAT", "ADDENDA_98_REFUSED", "ADDENDA_99",
    "ADDENDA_99_CONTESTED", "ADDENDA_99_DISHONORED", "ADDENDA_99_IAT", "ADDENDA_ANY", "ALLOWED", "ALLOWED_LATIN",
    "BATCH_CONTROL", "BATCH_CONTROL_ADV", "BATCH_HEADER", "BATCH_HEADER_IAT", "BLOCK", "ENTRY", "ENTRY_ADV", "ENTRY_CHECK",
    "ENTRY_CIE", "ENTRY_CTX", "ENTRY_ENR", "ENTRY_IAT", "ENTRY_NAMED", "ENTRY_POP", "ENTRY_SHR", "ENTRY_TRC",
    "FILE_CONTROL", "FILE_CONTROL_ADV", "FILE_HEADER", "LENGTH", "PRINTABLE", "Field", "Layout",
]  # fmt: skip

FILE_HEADER = Layout(
    "file header",
    kind("1"),
    Field("priority_code", 2, 3, "01", "V-06", "write 01"),
    Field(
        "destination", 4, 13, rf"(?! {{10}}|[ 0]{{10}}){ALLOWED}{{10}}", "V-08", "write a blank and the routing number"
    ),
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
    kind("5"),
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
    kind("5"),
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
    return Layout(name, kind("6"), _CODE, *_RDFI, _ACCOUNT, amount, *middle, _INDICATOR, _TRACE)


def _standard(name: str, name_content: str) -> Layout:
    return _entry(
        name,
        Field("individual_id", 40, 54, "text", "V-34"),
        Field("individual_name", 55, 76, name_content, "V-33", "write the receiver's name"),
        Field("discretionary", 77, 78, "text", "V-34"),
    )


ENTRY = _standard("entry", "text")
ENTRY_NAMED = _standard("entry", "filled")
_SERIAL = "write the check's serial number"
ENTRY_CHECK = _entry(
    "check entry",
    Field("individual_id", 40, 54, "present", "V-22", _SERIAL),
    Field("individual_name", 55, 76, "filled", "V-33", "write the receiver's name"),
    Field("discretionary", 77, 78, "text", "V-34"),
)


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
    Field("individual_id", 40, 48, "present", "V-22", _SERIAL),
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
ENTRY_TRC = _entry(
    "TRC entry",
    Field("individual_id", 40, 54, "text", "V-34"),
    Field("process_control", 55, 60, "text", "V-34"),
    Field("item_research", 61, 76, "text", "V-34"),
    Field("discretionary", 77, 78, "text", "V-34"),
)
ENTRY_IAT = Layout(
    "IAT entry",
    kind("6"),
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
    kind("6"),
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

_CONTROL_HEAD = (
    kind("8"),
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
    kind("9"),
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
