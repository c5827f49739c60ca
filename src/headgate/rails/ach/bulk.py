"""Judges a long run of entries at once: column by column and not line by line, since almost all of them are good.

A column of a thousand lines is one slice and one test in C. What a test does not pass is only *suspected*: the caller
looks at those lines one by one, with every rule, so this file names no fault and may suspect a good line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import compress, pairwise
from operator import itemgetter, lt

from headgate.rails.ach.layout import ALLOWED_LATIN, LENGTH, PRINTABLE, Layout
from headgate.rails.ach.routing import is_routing_number

_STRIDE = LENGTH + 1
_KNOWN_MAX = 100_000
_PLAIN = frozenset(("record_type", "addenda_indicator"))
_NUMBERS = frozenset(("transaction_code", "rdfi", "check_digit", "amount", "trace_number"))
_BLANK_OR_ZERO = b" 0"


class Columns:
    """An entry's table turned into columns; `is_usable` only for tables with no more to test than these do."""

    __slots__ = ("cut", "given", "is_usable")

    def __init__(self, table: Layout) -> None:
        kinds = {field.name: field.content for field in table.fields}
        digits = {name for name, content in kinds.items() if content == "digits"}
        patterns = {name for name, content in kinds.items() if content not in ("digits", "text", "filled", "present")}
        self.is_usable = digits == _NUMBERS and patterns <= _PLAIN
        self.cut = itemgetter(
            *(
                slice(table[first].start - 1, table[last].end)
                for first, last in (
                    ("transaction_code", "transaction_code"),
                    ("rdfi", "check_digit"),
                    ("amount", "amount"),
                    ("trace_number", "trace_number"),
                )
            )
        )
        self.given = [
            (field.start - 1, field.end, " 0" if field.content == "filled" else " ")
            for field in table.fields
            if field.content in ("filled", "present")
        ]


class Routings:
    """Routing numbers met so far whose check digit is right, with the number that goes into the entry hash."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def learn(self, rdfis: set[str], *, may_forget: bool) -> None:
        """Remember those that are good. Only before a run is judged may others be forgotten, which it would need."""
        if len(self.known) > _KNOWN_MAX:
            if not may_forget:
                return
            self.known.clear()
        for rdfi in rdfis.difference(self.known):
            if is_routing_number(rdfi):
                self.known[rdfi] = int(rdfi[:8])


class Run:
    """Entries that follow each other without addenda, as columns."""

    __slots__ = ("amounts", "codes", "lines", "rdfis", "suspects", "traces")

    def __init__(self, lines: Sequence[str], columns: Columns) -> None:
        self.lines = lines
        self.suspects: set[int] = set()
        codes, rdfis, amounts, traces = zip(*map(columns.cut, lines), strict=True)
        self.codes: tuple[str, ...] = codes
        self.rdfis: tuple[str, ...] = rdfis
        self.traces: tuple[str, ...] = traces
        self._characters(columns)
        self.amounts = self._numbers(amounts)

    def judge(self, codes: frozenset[str], routings: Routings, limit: int, least: int, odfi: str, before: str) -> None:
        """Suspect what is not of these codes, of a known RDFI, within the amounts and ascending from this trace on."""
        suspects = self.suspects
        if not codes.issuperset(self.codes):
            suspects.update(at for at, code in enumerate(self.codes) if code not in codes)
        distinct = set(self.rdfis)
        if not routings.known.keys() >= distinct:
            routings.learn(distinct, may_forget=True)
            strange = distinct - routings.known.keys()
            if strange:
                suspects.update(at for at, rdfi in enumerate(self.rdfis) if rdfi in strange)
        if min(self.amounts) < least or max(self.amounts) > limit:
            suspects.update(at for at, amount in enumerate(self.amounts) if not least <= amount <= limit)
        self._ascending(odfi, before)

    def consecutive(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The parts between two places whose trace numbers follow each other without a gap. None of it is suspected."""
        if end <= start:
            return
        traces = self.traces
        if int(traces[end - 1][8:]) - int(traces[start][8:]) == end - start - 1:
            yield start, end
            return
        sequences = [int(trace[8:]) for trace in traces[start:end]]
        first = start
        for at, (sequence, following) in enumerate(pairwise(sequences), start + 1):
            if following != sequence + 1:
                yield first, at
                first = at
        yield first, end

    def sums(self, start: int, end: int, debit_codes: frozenset[str], known: dict[str, int]) -> tuple[int, int, int]:
        """The hash, the debits and the credits of a part of the run."""
        codes, amounts = self.codes[start:end], self.amounts[start:end]
        total = sum(amounts)
        if debit_codes.isdisjoint(codes):
            debits = 0
        elif debit_codes.issuperset(codes):
            debits = total
        else:
            debits = sum(compress(amounts, map(debit_codes.__contains__, codes)))
        return sum(map(known.__getitem__, self.rdfis[start:end])), debits, total - debits

    def _characters(self, columns: Columns) -> None:
        """Suspect strange characters, addenda that are said to follow, and what must be given and begins blank."""
        lines, suspects = self.lines, self.suspects
        block = "\n".join(lines).encode("latin-1")
        if len(block.translate(None, ALLOWED_LATIN)) != len(lines) - 1:
            suspects.update(at for at, line in enumerate(lines) if PRINTABLE(line) is None)
        if block[78::_STRIDE].count(b"0") != len(lines):
            suspects.update(at for at, line in enumerate(lines) if line[78] != "0")
        for start, end, empty in columns.given:
            column = block[start::_STRIDE]
            if b" " in column or b"0" in column:
                doubtful = (at for at, first in enumerate(column) if first in _BLANK_OR_ZERO)
                suspects.update(at for at in doubtful if not lines[at][start:end].strip(empty))

    def _numbers(self, amounts: tuple[str, ...]) -> list[int]:
        """The amounts in cents; what is no number is suspected and counts nothing."""
        if "".join(amounts).isdecimal():
            return list(map(int, amounts))
        self.suspects.update(at for at, amount in enumerate(amounts) if not amount.isdecimal())
        return [int(amount) if amount.isdecimal() else 0 for amount in amounts]

    def _ascending(self, odfi: str, before: str) -> None:
        """Suspect trace numbers that are none, of another ODFI, or not above the one before."""
        traces = self.traces
        if (
            traces[0] > before
            and traces[0][:8] == odfi == traces[-1][:8]
            and all(map(lt, traces, traces[1:]))
            and "".join(traces).isdecimal()
        ):
            return  # the first and the last begin with the ODFI, and so do all between them
        for at, trace in enumerate(traces):
            is_number = trace.isdecimal()
            if not is_number or trace <= before or trace[:8] != odfi:
                self.suspects.add(at)
            if is_number:
                before = trace
