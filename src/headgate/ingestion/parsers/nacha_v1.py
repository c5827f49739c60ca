"""Return files and notifications of change of the ACH network, read by the codec of `headgate.rails.ach`.

    6220210000211234567          0000106161pay0000000001  JANE DOE                1092221170000001
    799R03990000130000001      02100002                                           092221170000001

Every fault keeps its rule's id (V-01 …). An entry that a rule of level E breaks gives no record; its neighbours do.
Forward entries are no returns: they are named once a batch and left out.
"""

from __future__ import annotations

from headgate.core.money import Money, total
from headgate.ingestion.parsers import Parser
from headgate.ingestion.records import ChangeRecord, Fault, Parsed, ReturnRecord, Total
from headgate.rails import ach

_CURRENCY = "USD"
_KINDS = {"dishonored return": "dishonored", "contested dishonored return": "contested"}


def sniff(data: bytes) -> float:
    """Sure of a file header; fairly sure of what begins with a batch or an entry, as some banks send returns."""
    line = data.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n ")[:96].split(b"\n")[0].rstrip(b"\r")
    if line.startswith(b"101") and len(line) > 60:
        return 0.95
    if line[:1] in b"5" and line[1:4] in (b"200", b"220", b"225") and len(line) > 80:
        return 0.8
    return 0.6 if line[:1] == b"6" and line[1:12].isdigit() and len(line) > 80 else 0.0


def parse(data: bytes, rules: ach.Rulebook | None = None) -> Parsed:
    """Returns and changes of the file, in its order, and every broken rule; `rules` hold a bank's switches."""
    file = ach.read_file(data, rules)
    faults = [of_ach(fault) for fault in file.faults]
    returns: list[ReturnRecord] = []
    changes: list[ChangeRecord] = []
    for batch in file.batches:
        forward = 0
        for entry in batch.entries:
            if entry.returned is None and entry.change is None:
                forward = forward or entry.number
            elif entry.is_broken:
                continue
            elif entry.returned is not None:
                returns.append(_return(batch, entry, entry.returned))
            elif entry.change is not None:
                changes.append(_change(batch, entry, entry.change))
        if forward:
            text = f"line {forward}: entries that are no returns or changes begin here; they were left out"
            faults.append(Fault(forward, 0, "", "nacha.forward_entries", text, level="W"))
    amounts = [record.amount for record in returns]
    totals = (
        Total("returns", len(returns), total(amounts, _CURRENCY)),
        Total("changes", len(changes), Money(0, _CURRENCY)),
    )
    return Parsed(records=(*returns, *changes), faults=tuple(faults), totals=totals)


def of_ach(fault: ach.Fault) -> Fault:
    """A fault of the codec, as every parser tells its own."""
    return Fault(
        line=fault.record,
        position=fault.position,
        field=fault.field,
        rule=fault.rule,
        message=fault.message,
        raw=fault.raw,
        level="W" if fault.level == "W" else "E",
    )


def _return(batch: ach.Batch, entry: ach.Entry, back: ach.Addenda) -> ReturnRecord:
    header = batch.header
    effective_on = header.effective_on if header is not None else None
    kind = _KINDS.get(back.layout.name, "return")
    return ReturnRecord(
        line=entry.number,
        external_id=f"{entry.trace_number}:{effective_on or ''}",
        kind="dishonored" if kind == "dishonored" else "contested" if kind == "contested" else "return",
        original_trace=back.original_trace,
        return_code=back.return_code,
        amount=Money(entry.amount_minor or 0, _CURRENCY),
        direction="debit" if entry.is_debit else "credit",
        original_rdfi=back.original_rdfi,
        individual_id=entry.individual_id.strip(),
        company_id=header.company_id if header is not None else "",
        sec_code=header.sec_code if header is not None else "",
        effective_on=effective_on,
        trace_number=entry.trace_number,
        information=back.information.strip(),
    )


def _change(batch: ach.Batch, entry: ach.Entry, change: ach.Addenda) -> ChangeRecord:
    header = batch.header
    effective_on = header.effective_on if header is not None else None
    asked = ach.correction(change.change_code, change.corrected_data)
    return ChangeRecord(
        line=entry.number,
        external_id=f"{entry.trace_number}:{effective_on or ''}",
        original_trace=change.original_trace,
        change_code=change.change_code,
        original_rdfi=change.original_rdfi,
        individual_id=entry.individual_id.strip(),
        company_id=header.company_id if header is not None else "",
        effective_on=effective_on,
        trace_number=entry.trace_number,
        routing_number=asked.routing_number if asked else None,
        account_number=asked.account_number if asked else None,
        transaction_code=asked.transaction_code if asked else None,
        name=asked.name if asked else None,
        corrected_individual_id=asked.individual_id if asked else None,
    )


PARSER = Parser(name="nacha_v1", kind="returns", title="NACHA returns and changes", sniff=sniff, parse=parse)
