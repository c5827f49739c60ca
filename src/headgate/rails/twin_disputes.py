"""Returns that are disputed, as records: dishonored (R61 to R70) and contested (R71 to R77).

An originator's bank dishonors a return; the receiving bank contests that within two banking days. The twin contests every
dishonored return that it is sent. An account word R61 to R77 makes it send such a record unasked: no return came before it,
which whoever reads it must see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from headgate.rails import fake
from headgate.rails.ach.reader import AchFile
from headgate.rails.ach.records import Entry
from headgate.rails.ach.return_codes import return_codes
from headgate.rails.twin_scripts import script_of

CONTESTED = "R73"
"""Timely original return: why the twin contests, unless the account says otherwise."""


_STANDS_FOR = "R03"
"""The code of the plain return that a disputed record is made of."""


def disputed_file(content: bytes, codes: Mapping[str, str], *, on: date, first_sequence: int) -> bytes:
    """A file of records that dispute returns of these entries: trace number → R61 to R77. Raises UnknownTrace."""
    plain = fake.return_file([content], dict.fromkeys(codes, _STANDS_FOR), on=on, first_sequence=first_sequence)
    return _rewritten(plain, lambda line: _record(line, codes[line[6:21]], on=on, return_trace=line[79:94]))


def contested_file(file: AchFile, content: bytes, *, on: date, first_sequence: int) -> bytes:
    """The answer to the dishonored returns of a file that was received; empty where it has none."""
    found = {entry.trace_number: entry for entry in disputed_entries(file)}
    if not found:
        return b""
    plain = fake.return_file([content], dict.fromkeys(found, _STANDS_FOR), on=on, first_sequence=first_sequence)

    def contested(line: str) -> str:
        entry = found[line[6:21]]
        assert entry.returned is not None, "only dishonored returns are contested"
        asked = script_of(entry.account).return_code
        code = asked if asked in return_codes() and return_codes()[asked].is_contested else CONTESTED
        original = line[:6] + entry.returned.line[6:35] + line[35:]
        return _record(
            original,
            code,
            on=on,
            return_trace=entry.returned.return_trace,
            dishonored_trace=entry.trace_number,
            dishonored_for=entry.returned.return_code[1:],
        )

    return _rewritten(plain, contested)


def disputed_entries(file: AchFile) -> list[Entry]:
    """The dishonored returns of a file."""
    return [entry for entry in file.entries if _is_dishonored(entry)]


def _is_dishonored(entry: Entry) -> bool:
    return entry.returned is not None and return_codes()[entry.returned.return_code].is_dishonored


def _rewritten(content: bytes, record: Callable[[str], str]) -> bytes:
    """A file with its addenda 99 written anew; they are counted as before, so that the controls hold."""
    lines = content.decode("ascii").split("\n")
    return "\n".join(record(line) if line.startswith("799") else line for line in lines).encode("ascii")


def _record(
    line: str, code: str, *, on: date, return_trace: str, dishonored_trace: str = "", dishonored_for: str = ""
) -> str:
    """An addenda 99 of a disputed return, from a plain one: the same original, and the return that is disputed."""
    settled, reason = f"{on:%j}", _STANDS_FOR[1:]
    if return_codes()[code].is_dishonored:
        rest = f"   {return_trace:>15}{settled}{reason}"
    else:
        rest = f"{settled}{return_trace:>15}{settled}{reason}{dishonored_trace:15}{settled}{dishonored_for:2}"
    return f"{line[:3]}{code}{line[6:35]}{rest:44}{line[79:]}"
