"""The batch being read: its header, its sums so far, and what its plain entries may hold."""

from __future__ import annotations

from datetime import date

from headgate.rails.ach import layout
from headgate.rails.ach.bulk import Columns
from headgate.rails.ach.codes import SECS, TRANSACTION_CODES, Code, Sec
from headgate.rails.ach.records import BatchHeader

AMOUNT_MAX = 10**10 - 1
DEBITS = frozenset(code for code, known in TRANSACTION_CODES.items() if known.is_debit)

_SAME_DAY_CAPS = ((date(2022, 3, 18), 100_000_000), (date(2020, 3, 20), 10_000_000), (date(2016, 9, 23), 2_500_000))
"""From which day on how many cents an entry of the same day may have."""

SAME_DAY_LEAST = min(cap for _, cap in _SAME_DAY_CAPS)
_ANY_SEC = Sec(layout.ENTRY)
_COLUMNS = {
    table: columns
    for table, columns in ((table, Columns(table)) for table in {sec.table for sec in SECS.values()})
    if columns.is_usable
}
"""The entries that are judged by columns; the other tables have more to say."""


def same_day_cap(day: date) -> int:
    """How many cents an entry may have that settles on the day of its file."""
    return next((cap for since, cap in _SAME_DAY_CAPS if day >= since), AMOUNT_MAX)


class OpenBatch:
    """The batch being read."""

    __slots__ = (
        "codes", "columns", "credits", "debits", "entries", "family", "hash", "header", "last_trace", "least", "limit",
        "match", "name", "odfi", "records", "sec", "service_class", "table",
    )  # fmt: skip

    def __init__(self, header: BatchHeader | None, created_on: date | None = None) -> None:
        self.header = header
        self.name = header.sec_code if header is not None else ""
        self.sec = SECS.get(self.name, _ANY_SEC)
        is_iat = header is not None and header.layout is layout.BATCH_HEADER_IAT
        self.table = layout.ENTRY_IAT if is_iat else self.sec.table
        self.match = self.table.match
        self.service_class = header.service_class if header is not None else ""
        self.odfi = header.odfi if header is not None else ""
        self.records = self.entries = self.hash = self.debits = self.credits = 0
        self.last_trace = ""
        self.family = ""
        # For whole runs of entries: what the plain ones may hold. What is beyond is looked at one by one.
        self.columns = _COLUMNS.get(self.table) if header is not None and self._may_run() else None
        self.codes = frozenset(code for code, known in TRANSACTION_CODES.items() if self._is_plain(code, known))
        self.least = 0 if self.sec.may_be_zero else 1
        self.limit = self.sec.cap_minor if self.sec.cap_minor is not None else AMOUNT_MAX
        if header is not None and created_on is not None and header.effective_on == created_on:
            self.limit = min(self.limit, same_day_cap(created_on))

    def _may_run(self) -> bool:
        """Whether an entry without addenda can be a good one, so that runs of them are worth a look."""
        return self.name != "COR" and not self.sec.looks_at_addenda and not self.sec.must_be_zero

    def _is_plain(self, code: str, known: Code) -> bool:
        """Whether entries with this code need no closer look in this batch."""
        sides = (
            self.sec.sides if self.sec.sides != "both" else {"220": "credit", "225": "debit"}.get(self.service_class)
        )
        wanted = sides is None or known.is_debit is (sides == "debit")
        fits = {"220": not known.is_debit, "225": known.is_debit}.get(self.service_class, True)
        return known.kind == "live" and code != "55" and wanted and fits
