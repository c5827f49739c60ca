"""Reads one batch after the other: each entry with its addenda, judged, counted and added up (nacha_layout.md §10).

The check of a good entry is one match of its whole line and a few look-ups; what fails is looked at field by field.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import repeat

from headgate.rails.ach import layout
from headgate.rails.ach.addenda import addenda_table
from headgate.rails.ach.bulk import Routings, Run
from headgate.rails.ach.calendar import add_banking_days, is_banking_day
from headgate.rails.ach.checks import Faults
from headgate.rails.ach.codes import SECS, TRANSACTION_CODES, Code
from headgate.rails.ach.entries import EntryRules, digits
from headgate.rails.ach.opened import DEBITS, OpenBatch
from headgate.rails.ach.records import Addenda, BatchControl, BatchHeader, Entry
from headgate.rails.ach.routing import check_digit
from headgate.rails.ach.traces import Traces

_REVERSAL = "REVERSAL"
_FIXED_WORDS = (("REVERS", _REVERSAL), ("RETRY", "RETRY PYMT"), ("RECLAI", "RECLAIM"))
_WAGES = ("PAYROLL", "PAY ROLL", "SALAR", "REG.SALARY", "WAGE", "PAYCHECK")
_PAYROLL_SINCE = date(2026, 3, 20)
_ADDENDA_MAX = 9_999


@dataclass(slots=True)
class Sums:
    """What the batch controls of a file add up to."""

    batches: int = 0
    records: int = 0
    hash: int = 0
    debits: int = 0
    credits: int = 0


class BatchReader:
    """Takes the records 5, 6, 7 and 8 of a file in turn and keeps its sums."""

    def __init__(self, faults: Faults, *, keeps_records: bool = True) -> None:
        self.faults = faults
        self.sums = Sums()
        self._keeps_records = keeps_records
        self.rules = EntryRules(faults)
        self.is_advice = False
        self._batch: OpenBatch | None = None
        self._entry: Entry | None = None
        self._addenda: list[Addenda] = []
        self._last_number = -1
        self._routings = Routings()
        self._traces = Traces()
        self._is_told_full = self._is_overfull = False

    @property
    def is_open(self) -> bool:
        return self._batch is not None

    def header(self, line: str, number: int) -> None:
        """Open a batch."""
        is_iat = line[50:53] == "IAT" or line[4:10] == "IATCOR"
        record = BatchHeader(line, number, layout.BATCH_HEADER_IAT if is_iat else layout.BATCH_HEADER)
        faults = self.faults
        faults.fields(record)
        self._batch = OpenBatch(record, self.rules.created_on)
        sec = record.sec_code
        if sec not in SECS and sec.isupper():
            faults.field("V-22", record, "sec_code", f"'{sec}' is no SEC code; write a known one, as PPD")
        if (record.service_class == "280") is not (sec == "ADV"):
            faults.field("V-20", record, "service_class", "280 belongs to ADV and ADV to 280; write 200, 220 or 225")
        status = layout.BATCH_HEADER["originator_status"].of(line)
        if (status == "0" and sec != "ADV") or (sec == "DNE" and status != "2"):
            faults.field(
                "V-23", record, "originator_status", f"'{status}' is not for {sec}; write 1, or 2 for an agency"
            )
        if record.batch_number is not None:
            if record.batch_number <= self._last_number:
                text = f"{record.batch_number} does not ascend; number the batches upwards"
                faults.field("V-25", record, "batch_number", text, unless="any_batch_numbers")
            self._last_number = record.batch_number
        wanted = SECS[sec].description if sec in SECS else ""
        if wanted and record.description not in (wanted, _REVERSAL):
            faults.field("V-22", record, "description", f"{sec} demands the description {wanted}; write that")
        self._check_effective(record)
        self._check_words(record)
        self.is_advice = self.is_advice or sec == "ADV"
        faults.out.append(record)

    def entry(self, line: str, number: int) -> None:
        """Take an entry; it is given out when the next record shows that its addenda are complete."""
        if self._entry is not None:
            self._finish_entry()
        batch = self._batch or self._implied(number, line)
        entry = Entry(line, number, batch.table)
        self._entry = entry
        batch.records += 1
        batch.entries += 1
        if batch.match(line) is None:
            self.faults.fields(entry)
        rdfi, trace = line[3:12], line[79:94]
        if rdfi not in self._routings.known:
            self._check_rdfi(entry, rdfi)
        batch.hash += digits(rdfi[:8]) or 0
        if trace <= batch.last_trace or trace[:8] != batch.odfi:
            self._check_trace(entry, batch, trace)
        repeats = trace == batch.last_trace and batch.entries > 1
        if trace.isdecimal():
            batch.last_trace = trace
        if not self._traces.add(trace) and not repeats:
            text = f"{trace} stands elsewhere in the file as well; number across the whole file"
            self.faults.field("V-54", entry, "trace_number", text)
        if self._traces.is_full and not self._is_told_full:
            self._is_told_full = True
            text = "too many scattered trace numbers to remember: those from here on are not compared; split the file"
            self.faults.add("V-54", number, text, most="W")

    def open_sums(self) -> Sums:
        """What the open batch adds up to so far, its last entry included."""
        if self._entry is not None:
            self._finish_entry()
        batch = self._batch
        return Sums() if batch is None else Sums(1, batch.records, batch.hash, batch.debits, batch.credits)

    @property
    def takes_runs(self) -> bool:
        """Whether the open batch is one whose plain entries can be judged many at a time."""
        batch = self._batch
        return batch is not None and batch.columns is not None and batch.family in ("", "forward", "change")

    def run(self, lines: list[str], number: int) -> bool:
        """Take entries that follow each other without addenda; False, and none taken, where they cannot be columns."""
        if self._entry is not None:
            self._finish_entry()
        batch = self._batch
        assert batch is not None and batch.columns is not None
        try:
            run = Run(lines, batch.columns)
        except UnicodeEncodeError:
            return False
        run.judge(batch.codes, self._routings, batch.limit, batch.least, batch.odfi, batch.last_trace)
        start = 0
        for at in (*sorted(run.suspects), len(lines)):
            for first, end in run.consecutive(start, at):
                if not self._part(run, first, end, number):
                    for n in range(first, end):
                        self.entry(lines[n], number + n)
            if at < len(lines):
                self.entry(lines[at], number + at)
            start = at + 1
        return True

    def _part(self, run: Run, start: int, end: int, number: int) -> bool:
        """Take a part of a run in which nothing is suspected; False, and none taken, for a repeated trace number."""
        if self._entry is not None:
            self._finish_entry()
        batch = self._batch
        assert batch is not None
        first, last = int(run.traces[start][8:]), int(run.traces[end - 1][8:])
        if not self._traces.add_range(batch.odfi, first, last):
            return False
        hashed, debits, credits = run.sums(start, end, DEBITS, self._routings.known)
        batch.hash += hashed
        batch.debits += debits
        batch.credits += credits
        batch.records += end - start
        batch.entries += end - start
        batch.last_trace = run.traces[end - 1]
        batch.family = batch.family or "forward"
        if not self._keeps_records:
            return True
        self.faults.out.extend(
            map(Entry, run.lines[start:end], range(number + start, number + end), repeat(batch.table))
        )
        return True

    def addenda(self, line: str, number: int) -> None:
        """Take an addenda record of the entry before it."""
        kind = line[1:3]
        batch = self._batch or self._implied(number, line)
        table = addenda_table(kind, line[3:6], is_iat=batch.table is layout.ENTRY_IAT)
        record = Addenda(line, number, table)
        batch.records += 1
        if self._entry is None:
            self.faults.record("V-04", record, "an addenda without an entry; put it below its entry")
            return
        if table.match(line) is None:
            self.faults.fields(record)
        if len(self._addenda) >= _ADDENDA_MAX:
            # Counted, and not kept: an entry with addenda without end must not fill the memory.
            if not self._is_overfull:
                self._is_overfull = True
                text = f"more than {_ADDENDA_MAX:,} addenda to one entry; part them among several entries"
                self.faults.record("V-51", record, text)
                self._entry.is_broken = self._entry.is_broken or record.is_broken
            return
        self._addenda.append(record)
        self._entry.is_broken = self._entry.is_broken or record.is_broken

    def control(self, line: str, number: int) -> None:
        """Close the batch and compare what it says with what was counted."""
        if self._entry is not None:
            self._finish_entry()
        batch, faults = self._batch, self.faults
        table = layout.BATCH_CONTROL_ADV if line[1:4] == "280" else layout.BATCH_CONTROL
        record = BatchControl(line, number, table)
        faults.fields(record)
        if batch is None:
            faults.record("V-04", record, "a batch control outside a batch; begin the batch with a record 5")
            self._add(1, record.entry_addenda_count, record.entry_hash, record.debits_minor, record.credits_minor)
            return
        if batch.header is not None:
            self._compare_header(batch.header, record)
        for name, found, made in (
            ("entry_addenda_count", record.entry_addenda_count, batch.records),
            ("entry_hash", record.entry_hash, batch.hash % 10**10),
            ("debits", record.debits_minor, batch.debits),
            ("credits", record.credits_minor, batch.credits),
        ):
            if found is None or found == made:
                continue
            field = table[name]
            if made >= 10**field.width:
                faults.field("V-73", record, name, f"{made} does not fit; split the batch")
            else:
                faults.field("V-70", record, name, f"{found}, but the entries make {made}; write {made}")
        self._add(1, record.entry_addenda_count, record.entry_hash, record.debits_minor, record.credits_minor)
        self._batch = None
        faults.out.append(record)

    def abandon(self, number: int) -> None:
        """The batch ends without a control: say so and go on with what was counted."""
        batch = self._batch
        if self._entry is not None:
            self._finish_entry()
        if batch is not None:
            text = "the batch before has no control; end it with a record 8"
            self.faults.add("V-04", number, text, unless="without_batch_control")
            self._add(1, batch.records, batch.hash, batch.debits, batch.credits)
        self._batch = None

    # Helpers, in the order of their call.

    def _check_effective(self, record: BatchHeader) -> None:
        effective_on, created_on = record.effective_on, self.rules.created_on
        sec = record.sec_code
        if effective_on is None:
            if sec not in ("ENR", "IAT", "COR") or layout.BATCH_HEADER["effective_on"].of(record.line).strip("0 "):
                self.faults.field("V-26", record, "effective_on", "no such day; write the date as YYMMDD")
            return
        if created_on is None or self.faults.rules.direction == "inbound":
            return
        days = 1 if record.service_class == "225" else 2
        last = add_banking_days(created_on, days)
        if not created_on <= effective_on <= last or not is_banking_day(effective_on):
            text = f"{effective_on} is outside {created_on} to {last}; write a banking day of that window"
            self.faults.field("V-26", record, "effective_on", text)

    def _check_words(self, record: BatchHeader) -> None:
        """The words that the rules fix: what is said in other words is caught where it is unmistakable."""
        created_on, said = self.rules.created_on, record.description.upper()
        wanted = next((word for mark, word in _FIXED_WORDS if said.startswith(mark)), "")
        is_wages = said.startswith(_WAGES) and record.sec_code == "PPD" and record.service_class != "225"
        if is_wages and created_on is not None and created_on >= _PAYROLL_SINCE:
            wanted = "PAYROLL"
        if wanted and not record.description.startswith(wanted):
            text = f"'{record.description}' must be {wanted}; write that"
            self.faults.field("V-80", record, "description", text)

    def _implied(self, number: int, line: str) -> OpenBatch:
        text = "a record outside a batch; begin the batch with a record 5"
        self.faults.add("V-04", number, text, raw=line, unless="without_batch_header" if line[0] == "6" else "")
        self._batch = OpenBatch(None)
        return self._batch

    def _check_rdfi(self, entry: Entry, rdfi: str) -> None:
        if not (rdfi.isascii() and rdfi.isdigit()):
            return  # named by the table
        digit = check_digit(rdfi[:8])
        if digit != int(rdfi[8]) or rdfi == "000000000":
            text = f"{rdfi} is no routing number: its last digit would be {digit}; ask the receiver"
            self.faults.field("V-31", entry, "check_digit", text)
        else:
            self._routings.learn({rdfi}, may_forget=False)

    def _check_trace(self, entry: Entry, batch: OpenBatch, trace: str) -> None:
        if not trace.isdigit() or self._batch is None:
            return
        if batch.header is not None and batch.name != "ADV" and trace[:8] != batch.odfi and batch.odfi.isdigit():
            text = f"{trace} does not begin with the batch's ODFI; write {batch.odfi} there"
            self.faults.field("V-53", entry, "trace_number", text, unless="any_traces")
        if batch.entries > 1 and trace <= batch.last_trace:
            text = f"{trace} does not ascend after {batch.last_trace}; number the entries upwards"
            self.faults.field("V-53", entry, "trace_number", text, unless="any_traces")

    def _finish_entry(self) -> None:
        """Judge an entry together with its addenda, add it up and give it out."""
        entry, batch = self._entry, self._batch
        assert entry is not None and batch is not None
        line = entry.line
        self._entry = None
        if self._addenda:
            entry.addenda = tuple(self._addenda)
            self._addenda.clear()
            self._is_overfull = False
        code = TRANSACTION_CODES.get(line[1:3])
        amount = entry.amount_minor if batch.name == "ADV" else digits(line[29:39])
        if code is None:
            if line[1:3].isdigit():
                self.faults.field("V-30", entry, "transaction_code", "no transaction code; write one as 22 or 27")
        else:
            if code.is_debit:
                batch.debits += amount or 0
            else:
                batch.credits += amount or 0
            service = batch.service_class
            if (service == "220" and code.is_debit) or (service == "225" and not code.is_debit):
                text = f"{line[1:3]} is a {_side(code)}, but the service class is {service}; use 200 or another batch"
                self.faults.field("V-30", entry, "transaction_code", text)
            if amount is not None:
                self.rules.amount(entry, batch, code, amount)
            if batch.sec.sides != "both" and batch.header is not None:
                self.rules.side(entry, batch, batch.header, code)
            if line[1:3] == "55" and batch.header is not None and batch.header.description != "REVERSAL":
                self.faults.field(
                    "V-44",
                    entry,
                    "transaction_code",
                    "a loan is debited only by a REVERSAL; use another code or description",
                )
        if line[78] == "1" or entry.addenda or batch.sec.looks_at_addenda:
            self.rules.addenda(entry, batch, code)
        elif batch.family != "forward":
            self.rules.family(entry, batch, "forward")
        if batch.name == "COR" and entry.change is None:
            self.faults.record("V-51", entry, "a COR entry without an addenda 98; add it, or use another SEC code")
        self.faults.out.append(entry)

    def _compare_header(self, header: BatchHeader, control: BatchControl) -> None:
        pairs = [("V-20", "service_class", header.service_class, control.service_class)]
        # Gateways leave the company out of an IAT control, which the header of that layout names elsewhere.
        is_iat = header.layout is layout.BATCH_HEADER_IAT and not control.company_id
        if control.layout is layout.BATCH_CONTROL and not is_iat:
            pairs.append(("V-24", "company_id", header.company_id, control.company_id))
        pairs.append(("V-24", "odfi", header.odfi, control.odfi))
        pairs.append(("V-24", "batch_number", str(header.batch_number), str(control.batch_number)))
        for rule, name, above, below in pairs:
            switch = "company_differs" if name == "company_id" else ""
            if above != below and below != "None":
                text = f"'{below}', but the batch's header says '{above}'; write the same in both"
                self.faults.field(rule, control, name, text, unless=switch)

    def _add(
        self, batches: int, records: int | None, hashed: int | None, debits: int | None, credits: int | None
    ) -> None:
        self.sums.batches += batches
        self.sums.records += records or 0
        self.sums.hash += hashed or 0
        self.sums.debits += debits or 0
        self.sums.credits += credits or 0


def _side(code: Code) -> str:
    return "debit" if code.is_debit else "credit"
