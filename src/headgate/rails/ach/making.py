"""Batches made from batches: prenotes, reversals, the same day, and the offset entries of a balanced file."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date

from headgate.core.money import Money
from headgate.rails.ach.codes import TRANSACTION_CODES, Kind, transaction_code
from headgate.rails.ach.reversing import may_be_reversed
from headgate.rails.ach.specs import BatchSpec, EntrySpec
from headgate.rails.errors import CannotWrite

_CURRENCY = "USD"
_NEVER_SAME_DAY = ("IAT", "ENR")
_WINDOW = re.compile(r"(?:[01][0-9]|2[0-3])[0-5][0-9]").fullmatch
OFFSET = "OFFSET"
REVERSAL = "REVERSAL"


def prenote(entry: EntrySpec) -> EntrySpec:
    """The entry that only asks whether the account is right: its account and side, no amount and no addenda.

    Raises CannotWrite for a loan, which has no prenote on the debit side, and for what is no live entry.
    """
    return replace(entry, transaction_code=_other(entry, "prenote"), amount=Money(0, _CURRENCY), addenda=None)


def reversal(
    batch: BatchSpec, keys: Collection[str], *, reason: str, settled_on: date, effective_on: date
) -> BatchSpec:
    """The batch that takes these entries of a batch back: same company, SEC code and amounts, on the other side.

    Raises CannotWrite where an entry is not in the batch, moved no money, or may not be reversed for that reason or so
    late (`reversing.py`).
    """
    known = {entry.key: entry for entry in batch.entries}
    missing = sorted(set(keys) - known.keys())
    if missing:
        raise CannotWrite(f"the batch has no entry {missing[0]}; name entries of the batch that is reversed")
    entries = tuple(_reversed(entry) for key, entry in known.items() if key in set(keys))
    problems = {
        problem: None
        for entry in entries
        for problem in may_be_reversed(
            reason=reason,
            # The reversal goes to the other side.
            is_debit=not TRANSACTION_CODES[entry.transaction_code].is_debit,
            settled_on=settled_on,
            on=effective_on,
        )
    }
    if problems:
        raise CannotWrite("; ".join(problems), problems=list(problems))
    return replace(
        batch,
        description=REVERSAL,
        purpose="reversal",
        is_wages=False,
        effective_on=effective_on,
        settlement_on=None,
        service_class=None,
        entries=entries,
    )


def same_day(batch: BatchSpec, on: date, *, window: str = "") -> BatchSpec:
    """The batch for settlement on the day of its file; `window` is HHMM where the bank asks for SDHHMM.

    The cap by amount is judged when it is written. Raises CannotWrite for IAT and ENR, which have no same day.
    """
    if batch.sec_code in _NEVER_SAME_DAY:
        raise CannotWrite(f"{batch.sec_code} never settles on the same day; give it the next banking day")
    if window and not _WINDOW(window):
        raise CannotWrite(f"'{window}' is no time; write the window as HHMM, as 1300")
    return replace(batch, effective_on=on, descriptive_date=f"SD{window}" if window else batch.descriptive_date)


@dataclass(frozen=True, slots=True)
class Offset:
    """The originator's own account at its bank, against which a balanced file is written."""

    routing_number: str
    account_number: str = field(repr=False)
    account_type: str = "checking"
    individual_id: str = ""


OFFSET_KEYS = ("offset of the credits", "offset of the debits")
"""The keys of the entries that `balanced` adds: they are nobody's payment."""


def balanced(batch: BatchSpec, offset: Offset) -> BatchSpec:
    """The batch with an entry OFFSET on the other side of its credits, and one of its debits: it adds up to nothing.

    An offset is told by its key and never by its name, so that a payee of that name stays one.
    """
    sums = {True: 0, False: 0}
    for entry in batch.entries:
        code = TRANSACTION_CODES.get(entry.transaction_code)
        if code is None:
            raise CannotWrite(f"entry {entry.key}: {entry.transaction_code} is no transaction code (V-30)")
        sums[code.is_debit] += entry.amount.minor
    added = tuple(
        EntrySpec(
            key=key,
            transaction_code=transaction_code(offset.account_type, is_debit=not side),
            routing_number=offset.routing_number,
            account_number=offset.account_number,
            amount=Money(sums[side], _CURRENCY),
            individual_id=offset.individual_id,
            individual_name=OFFSET,
        )
        for key, side in zip(OFFSET_KEYS, (False, True), strict=True)
        if sums[side]
    )
    return replace(batch, entries=(*batch.entries, *added), service_class="200" if added else batch.service_class)


def _reversed(entry: EntrySpec) -> EntrySpec:
    code = TRANSACTION_CODES.get(entry.transaction_code)
    if code is None or code.kind != "live":
        raise CannotWrite(f"entry {entry.key}: {entry.transaction_code} moved no money; there is nothing to reverse")
    other = transaction_code(code.account_type, is_debit=not code.is_debit)
    return replace(entry, transaction_code=other, trace_sequence=None)


def _other(entry: EntrySpec, kind: Kind) -> str:
    code = TRANSACTION_CODES.get(entry.transaction_code)
    if code is None or code.kind != "live":
        raise CannotWrite(f"entry {entry.key}: {entry.transaction_code} is no code of a payment; use one as 22")
    try:
        return transaction_code(code.account_type, is_debit=code.is_debit, kind=kind)
    except KeyError:
        raise CannotWrite(f"entry {entry.key}: the network has no {kind} for {entry.transaction_code}") from None
