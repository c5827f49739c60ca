"""Writes one entry with its addenda by the table of its SEC code: whatever is no plain entry."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Protocol

from headgate.rails.ach import layout
from headgate.rails.ach.addenda import addenda_table
from headgate.rails.ach.codes import TRANSACTION_CODES, Sec
from headgate.rails.ach.routing import is_routing_number
from headgate.rails.ach.specs import AddendaSpec, Addendum, BatchSpec, BuiltEntry, ChangeSpec, EntrySpec, ReturnSpec
from headgate.rails.ach.text import transliterate

_CURRENCY = "USD"
_SEQUENCE_MAX = 9_999_999
_REMITTANCE = 80


class Sheet(Protocol):
    """The file being written, as far as an entry needs it."""

    next_sequence: int

    def problem(self, text: str) -> None: ...
    def built(self, entry: BuiltEntry) -> None: ...
    def text(self, text: str, width: int, key: str, field_name: str) -> str: ...
    def record(self, table: layout.Layout, name: str, **values: str | int) -> str | None: ...


class EntryWriter:
    """The entries of one batch. What is wrong goes to the sheet's problems, and the entry is not written."""

    def __init__(self, writer: Sheet, batch: BatchSpec, sec: Sec) -> None:
        self._writer = writer
        self._batch = batch
        self._sec = sec

    def lines(self, entry: EntrySpec, batch_number: int) -> Iterator[str]:
        """The entry's line and those of its addenda; nothing where the entry cannot be written."""
        problem, name = self._writer.problem, f"entry {entry.key}"
        if entry.amount.currency != _CURRENCY or entry.amount.minor < 0:
            problem(f"{name}: ACH carries positive {_CURRENCY}, not {entry.amount.format()}")
            return
        if entry.transaction_code not in TRANSACTION_CODES:
            problem(f"{name}: {entry.transaction_code} is no transaction code (V-30)")
            return
        if not is_routing_number(entry.routing_number):
            problem(f"{name}: {entry.routing_number[:12]} is no routing number (V-31)")
            return
        writer = self._writer
        sequence = writer.next_sequence if entry.trace_sequence is None else entry.trace_sequence
        writer.next_sequence = sequence + 1
        if not 0 < sequence <= _SEQUENCE_MAX:
            problem(f"{name}: the trace sequence {sequence} is not 1 to {_SEQUENCE_MAX}")
            return
        trace = entry.fields.get("trace_number") or f"{self._batch.odfi}{sequence:07d}"
        line = writer.record(self._sec.table, name, **self._values(entry, trace))
        below = list(self._addenda(entry, trace))
        if line is None or None in below:
            return
        writer.built(BuiltEntry(entry.key, trace, batch_number))
        yield line
        yield from (text for text in below if text is not None)

    def _values(self, entry: EntrySpec, trace: str) -> dict[str, str | int]:
        table, count = self._sec.table, len(entry.all_addenda)
        width = table["individual_name"].width if "individual_name" in table else 0
        values: dict[str, str | int] = {
            "record_type": "6",
            "transaction_code": entry.transaction_code,
            "rdfi": entry.routing_number[:8],
            "check_digit": entry.routing_number[8],
            "account": entry.account_number,
            "amount": entry.amount.minor,
            "addenda_count": count,
            "individual_id": entry.individual_id,
            "discretionary": entry.discretionary,
            "addenda_indicator": "1" if count else "0",
            "trace_number": trace,
        }
        if width:
            values["individual_name"] = self._writer.text(entry.individual_name, width, entry.key, "individual_name")
        if not entry.individual_id:
            del values["individual_id"]
        kept = {name: value for name, value in values.items() if name in table or (value and name == "individual_id")}
        return {**kept, **entry.fields}

    def _addenda(self, entry: EntrySpec, trace: str) -> Iterator[str | None]:
        counts: dict[str, int] = {}
        for addendum in entry.all_addenda:
            kind, code, values = self._addenda_values(addendum, entry.key)
            counts[kind] = counts.get(kind, 0) + 1
            table = addenda_table(kind, code, is_iat=self._sec.table is layout.ENTRY_IAT)
            automatic: dict[str, str | int] = {
                "record_type": "7",
                "addenda_type": kind,
                "sequence": counts[kind],
                "entry_sequence": trace[8:],
                "trace_number": trace,
            }
            filled = {name: value for name, value in automatic.items() if name in table}
            given = {name: value for name, value in values.items() if name in table or value != ""}
            yield self._writer.record(table, f"addenda of {entry.key}", **{**filled, **given})

    def _addenda_values(self, addendum: Addendum, key: str) -> tuple[str, str, dict[str, str | int]]:
        """The kind of an addendum, its return or change code, and its fields as they are written."""
        if isinstance(addendum, str):
            return "05", "", {"information": self._remittance(addendum, key)}
        if isinstance(addendum, ReturnSpec):
            return "99", addendum.code, self._return_values(addendum, key)
        if isinstance(addendum, ChangeSpec):
            values: dict[str, str | int] = {
                "change_code": addendum.code,
                "original_trace": addendum.original_trace,
                "original_rdfi": addendum.original_rdfi,
                "corrected_data": addendum.corrected_data,
                "refused_code": addendum.refused_code,
                "trace_sequence": addendum.trace_sequence,
            }
            return "98", addendum.code, values
        return addendum.kind, "", self._respelled(addendum, key)

    def _remittance(self, text: str, key: str) -> str:
        plain = transliterate(text)
        if plain is None or len(plain) > _REMITTANCE:
            problem = f"addenda of {key}: takes {_REMITTANCE} plain characters; shorten or respell the remittance text"
            self._writer.problem(problem)
            return ""
        if plain != text:
            self._writer.text(text, _REMITTANCE, key, "addenda")
        return plain

    def _return_values(self, back: ReturnSpec, key: str) -> dict[str, str | int]:
        values: dict[str, str | int] = {
            "return_code": back.code,
            "original_trace": back.original_trace,
            "dated": _yymmdd(back.died_on or back.returned_on),
            "original_rdfi": back.original_rdfi,
            "information": self._writer.text(back.information, 44, key, "information"),
            "return_trace": back.return_trace,
            "return_settlement": _julian(back.return_settled_on),
            "return_reason": back.return_reason,
            "original_settlement": _julian(back.original_settled_on),
            "dishonored_trace": back.dishonored_trace,
            "dishonored_settlement": _julian(back.dishonored_settled_on),
            "dishonored_reason": back.dishonored_reason,
        }
        if back.original_amount_minor is not None:
            values["original_amount"] = back.original_amount_minor
        return values

    def _respelled(self, addendum: AddendaSpec, key: str) -> dict[str, str | int]:
        table = addenda_table(addendum.kind)
        return {
            name: value
            if isinstance(value, int)
            else self._writer.text(value, len(value) + layout.LENGTH, key, f"addenda {addendum.kind} {name}")
            for name, value in addendum.fields.items()
            if name in table or value != ""
        }


def _yymmdd(day: date | None) -> str:
    return f"{day:%y%m%d}" if day else ""


def _julian(day: date | None) -> str:
    return f"{day:%j}" if day else ""
