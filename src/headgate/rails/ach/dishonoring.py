"""Dishonored returns (R61 to R70), written from the return file that brought what is disputed.

Each goes back to the bank that returned the entry, with the same account, amount and id, and an addenda 99 that names the
original entry and the return (nacha_layout.md §5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from headgate.core.money import Money
from headgate.rails.ach.reader import Batch, read_file
from headgate.rails.ach.records import Entry
from headgate.rails.ach.return_codes import return_codes
from headgate.rails.ach.routing import check_digit
from headgate.rails.ach.rules import Rulebook
from headgate.rails.ach.specs import BatchSpec, BuiltFile, EntrySpec, FileSpec, ReturnSpec
from headgate.rails.ach.writer import build_file
from headgate.rails.errors import CannotWrite, UnknownTrace


@dataclass(frozen=True, slots=True)
class Dishonor:
    """One return to dishonor: why, and when it settled. `key` is the caller's own name for it."""

    key: str
    code: str
    return_settled_on: date
    information: str = ""


def dishonor_file(
    content: bytes,
    wanted: Mapping[str, Dishonor],
    spec: FileSpec,
    *,
    odfi: str,
    on: date,
    rules: Rulebook | None = None,
) -> BuiltFile:
    """The file that dishonors these returns of a return file: the return's own trace number → why.

    `odfi` is our bank's eight digits, `rules` how the return file is read. Raises UnknownTrace where the file has no such
    return, CannotWrite for a code that dishonors nothing.
    """
    for one in wanted.values():
        known = return_codes().get(one.code)
        if known is None or not known.is_dishonored:
            raise CannotWrite(f"{one.code[:10]} dishonors no return; write R61, R62 or R67 to R70")
    batches = []
    missing = set(wanted)
    for batch in read_file(content, rules).batches:
        chosen = [entry for entry in batch.entries if entry.returned is not None and entry.trace_number in missing]
        if chosen:
            missing -= {entry.trace_number for entry in chosen}
            batches.append(
                _batch(batch, [_entry(batch, entry, wanted[entry.trace_number]) for entry in chosen], odfi, on)
            )
    if missing:
        text = f"the return file holds no return {min(missing)}; take the trace number of one that came in it"
        raise UnknownTrace(text, traces=sorted(missing))
    return build_file(spec, batches)


def _batch(batch: Batch, entries: list[EntrySpec], odfi: str, on: date) -> BatchSpec:
    header = batch.header
    assert header is not None, "a batch without a header is named as a fault, and its entries are not read as returns"
    return BatchSpec(
        company_name=header.company_name,
        company_id=header.company_id,
        discretionary=header.discretionary,
        sec_code=header.sec_code,
        description=header.description,
        effective_on=on,
        odfi=odfi,
        entries=entries,
    )


def _entry(batch: Batch, entry: Entry, why: Dishonor) -> EntrySpec:
    back = entry.returned
    assert back is not None and batch.header is not None, "only returns are chosen"
    return EntrySpec(
        key=why.key,
        transaction_code=entry.transaction_code,
        routing_number=f"{back.original_rdfi}{check_digit(back.original_rdfi)}",
        account_number=entry.account,
        amount=Money(entry.amount_minor or 0, "USD"),
        individual_id=entry.individual_id,
        individual_name=entry.individual_name,
        discretionary=entry.discretionary,
        addenda=ReturnSpec(
            code=why.code,
            original_trace=back.original_trace,
            original_rdfi=back.original_rdfi,
            return_trace=entry.trace_number,
            return_settled_on=why.return_settled_on,
            return_reason=back.return_code[1:],
            information=why.information,
        ),
    )
