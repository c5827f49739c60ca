"""The bank's side, simulated: from the files it received it books a day, and makes statements and returns of it.

    book(account=…, on=…, opening=…, wires=[…], files=[…]) -> BankDay      bai2(day)   camt053(day)
    return_file(files, {trace: "R03"}, on=…) -> bytes                       change_file(files, …) -> bytes

Pure and deterministic: the same files, day and seed give the same bytes. Like a bank it refuses a file that breaks a
rule of level E. It books what settles on that day: a batch on its effective date, or the next banking day.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Literal, TypeVar

from headgate.core.money import Money
from headgate.rails.ach.calendar import banking_day_on_or_after
from headgate.rails.ach.codes import TRANSACTION_CODES, Code, transaction_code
from headgate.rails.ach.rail import AchRail
from headgate.rails.ach.reader import AchFile, read_file
from headgate.rails.ach.records import BatchHeader, Entry, FileHeader
from headgate.rails.ach.return_codes import return_codes
from headgate.rails.ach.routing import check_digit
from headgate.rails.ach.rules import Rulebook
from headgate.rails.ach.specs import BatchSpec, ChangeSpec, EntrySpec, FileSpec, ReturnSpec
from headgate.rails.ach.writer import build_file
from headgate.rails.errors import FileRefused, UnknownTrace
from headgate.rails.fake_statements import BankAccount, BankDay, BankLine, bai2, camt053

__all__ = [
    "BANK_NAME", "ROUTING", "BankAccount", "BankDay", "BankLine", "WireIn", "bai2", "book", "camt053", "change_file",
    "choose_returns", "rail", "receive", "return_file",
]  # fmt: skip

ROUTING = "990000013"
"""The simulated bank: no real one has a routing number that begins with 99."""

BANK_NAME = "HEADGATE TEST BANK"
T = TypeVar("T")
_RETURNS_OF_CREDITS = ("R03", "R02", "R04", "R20", "R23")
_RETURNS_OF_DEBITS = ("R01", "R09", "R10", "R02", "R29")
_BANK_RULES = Rulebook("outbound", {"V-26": "off"})
"""A bank dates returns as they come: the window for what originators send does not bind it."""


@dataclass(frozen=True, slots=True)
class WireIn:
    """Money that came in by wire: `reference` is what the sender gave, `sender` who it was."""

    amount: Money
    reference: str
    sender: str = ""


def rail(*, origin: str, origin_name: str) -> AchRail:
    """The ACH rail of the simulated bank, for tenants whose money is not real."""
    return AchRail(
        odfi_routing=ROUTING,
        bank_name=BANK_NAME,
        origin=origin,
        origin_name=origin_name,
        name="fake",
        is_simulated=True,
    )


def receive(content: bytes) -> AchFile:
    """Take a file in as the bank does. Raises FileRefused with every broken rule of level E."""
    file = read_file(content)
    broken = [f"{fault.rule} {fault.message}" for fault in file.faults if fault.level == "E"]
    if broken:
        more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
        raise FileRefused(f"{broken[0]}{more}", faults=broken)
    return file


def book(
    *,
    account: BankAccount,
    on: date,
    opening: Money,
    wires: Sequence[WireIn] = (),
    files: Iterable[bytes] = (),
    return_files: Iterable[bytes] = (),
    settle_by: Literal["file", "batch"] = "file",
) -> BankDay:
    """The account's day: wires in, what settles today of the files it ever received, and returns that came today.

    A file settles in one line a side, with the file's reference code as the customer's reference (`settle_by="batch"`
    appends the batch number). A returned credit comes back as a line of its own, with the entry's individual id.
    Raises FileRefused.
    """
    lines = [
        BankLine(True, wire.amount, "195", wire.reference, f"INCOMING WIRE {wire.sender}".strip()) for wire in wires
    ]
    for content in files:
        lines += _settlement(receive(content), on, settle_by)
    for content in return_files:
        lines += [_return_line(entry) for entry in receive(content).entries if entry.returned and entry.amount_minor]
    return BankDay(account=account, on=on, opening=opening, lines=tuple(lines))


def choose_returns(files: Iterable[bytes], *, seed: int, count: int) -> dict[str, str]:
    """Pick entries to come back and a plausible code for each: trace number → return code, the same for a seed."""
    entries = [entry for content in files for entry in receive(content).entries if entry.amount_minor]
    draw = random.Random(seed)  # noqa: S311 - a simulation that must repeat itself, no secret
    chosen = draw.sample(entries, min(count, len(entries)))
    return {
        entry.trace_number: draw.choice(_RETURNS_OF_DEBITS if entry.is_debit else _RETURNS_OF_CREDITS)
        for entry in sorted(chosen, key=lambda entry: entry.trace_number)
    }


def return_file(files: Iterable[bytes], codes: Mapping[str, str], *, on: date, first_sequence: int = 1) -> bytes:
    """The file that brings these entries back: trace number → return code. Raises UnknownTrace, FileRefused.

    Its own trace numbers are counted from `first_sequence`: two files of one day need numbers apart.
    """

    def returned(sent: _Sent, code: str) -> EntrySpec:
        back = ReturnSpec(code, original_trace=sent.entry.trace_number, original_rdfi=sent.entry.rdfi)
        return _answer(sent, Money(sent.entry.amount_minor or 0, "USD"), back)

    chosen = _find(files, codes)
    answers = [(sent, sent.header.sec_code, returned(sent, code)) for sent, code in chosen]
    return _answers(answers, on=on, first_sequence=first_sequence)


def change_file(
    files: Iterable[bytes], changes: Mapping[str, tuple[str, str]], *, on: date, first_sequence: int = 1
) -> bytes:
    """The file that asks for corrections: trace number → (change code, corrected data). Raises UnknownTrace."""

    def changed(sent: _Sent, change: tuple[str, str]) -> EntrySpec:
        asked = ChangeSpec(change[0], sent.entry.trace_number, sent.entry.rdfi, corrected_data=change[1])
        return _answer(sent, Money(0, "USD"), asked)

    chosen = _find(files, changes)
    answers = [(sent, "COR", changed(sent, change)) for sent, change in chosen]
    return _answers(answers, on=on, first_sequence=first_sequence)


@dataclass(frozen=True, slots=True)
class _Sent:
    """An entry as the bank received it, with what stands around it."""

    file: FileHeader
    header: BatchHeader
    entry: Entry = field(repr=False)


def _settlement(file: AchFile, on: date, settle_by: Literal["file", "batch"]) -> list[BankLine]:
    assert file.header is not None, "a file without a header is refused"
    created_on = file.header.created_on or on
    reference = file.header.reference or f"{created_on:%y%m%d}{file.header.modifier}"
    sums: dict[tuple[str, str, bool], tuple[int, int]] = {}
    for batch in file.batches:
        assert batch.header is not None, "a batch without a header is refused"
        if banking_day_on_or_after(max(batch.header.effective_on or created_on, created_on)) != on:
            continue
        own = reference if settle_by == "file" else f"{reference}-{batch.header.batch_number:07d}"
        for entry in batch.entries:
            amount = entry.amount_minor or 0 if moves_money(entry) else 0
            key = own, batch.header.company_name, entry.is_debit
            if settle_by == "file":
                key = own, file.header.origin_name, entry.is_debit
            total, count = sums.get(key, (0, 0))
            sums[key] = total + amount, count + 1
    return [
        BankLine(
            is_credit=is_debit,  # a debit of the receivers is money for the account, and the other way round
            amount=Money(total, "USD"),
            type_code="166" if is_debit else "466",
            customer_reference=own,
            text=f"ACH SETTLEMENT {name} {count} ENTRIES",
        )
        for (own, name, is_debit), (total, count) in sums.items()
        if total
    ]


def moves_money(entry: Entry) -> bool:
    """Whether an entry that a bank received moves money: a payment, or a return that its originator's bank dishonors."""
    if entry.returned is not None:
        return return_codes()[entry.returned.return_code].is_dishonored
    return entry.change is None


def _return_line(entry: Entry) -> BankLine:
    back = entry.returned
    assert back is not None
    return BankLine(
        is_credit=not entry.is_debit,
        amount=Money(entry.amount_minor or 0, "USD"),
        type_code="557" if entry.is_debit else "257",
        customer_reference=entry.individual_id,
        text=f"ACH RETURN {back.return_code} TRACE {back.original_trace}",
    )


def _find(files: Iterable[bytes], wanted: Mapping[str, T]) -> list[tuple[_Sent, T]]:
    """The wanted entries in the order of the files."""
    found: list[tuple[_Sent, T]] = []
    missing = set(wanted)
    for content in files:
        file = receive(content)
        assert file.header is not None, "a file without a header is refused"
        for batch in file.batches:
            assert batch.header is not None, "a batch without a header is refused"
            for entry in batch.entries:
                if entry.trace_number in missing:
                    missing.discard(entry.trace_number)
                    found.append((_Sent(file.header, batch.header, entry), wanted[entry.trace_number]))
    if missing:
        text = f"no file holds the trace number {min(missing)}; take one of an entry that was sent"
        raise UnknownTrace(text, traces=sorted(missing))
    return found


def _answer(sent: _Sent, amount: Money, addenda: ReturnSpec | ChangeSpec) -> EntrySpec:
    """The entry that goes back to the originator's bank: same account, id and name, a return's transaction code."""
    code = TRANSACTION_CODES.get(sent.entry.transaction_code, Code("checking", False, "live"))
    odfi = sent.header.odfi
    return EntrySpec(
        key=sent.entry.trace_number,
        transaction_code=transaction_code(code.account_type, is_debit=code.is_debit, kind="return"),
        routing_number=f"{odfi}{check_digit(odfi)}",
        account_number=sent.entry.account,
        amount=amount,
        individual_id=sent.entry.individual_id,
        individual_name=sent.entry.individual_name,
        discretionary=sent.entry.discretionary,
        addenda=addenda,
    )


def _answers(answers: Sequence[tuple[_Sent, str, EntrySpec]], *, on: date, first_sequence: int) -> bytes:
    """One file; a batch for each original batch and bank that answers, which numbers the traces as its own."""
    groups: dict[tuple[str, str, str], list[tuple[_Sent, EntrySpec]]] = {}
    for sent, sec_code, answer in answers:
        groups.setdefault((sent.header.line, sent.entry.rdfi, sec_code), []).append((sent, answer))
    batches = [
        BatchSpec(
            company_name=group[0][0].header.company_name,
            company_id=group[0][0].header.company_id,
            discretionary=group[0][0].header.discretionary,
            sec_code=sec_code,
            description=group[0][0].header.description,
            effective_on=on,
            settlement_on=on,
            odfi=rdfi,
            entries=[answer for _, answer in group],
        )
        for (_, rdfi, sec_code), group in groups.items()
    ]
    bank = answers[0][0].file if answers else None
    spec = FileSpec(
        destination=bank.destination.strip() if bank else ROUTING,
        destination_name=bank.destination_name if bank else BANK_NAME,
        origin=bank.destination.strip() if bank else ROUTING,
        origin_name=bank.destination_name if bank else BANK_NAME,
        created_at=datetime.combine(on, time(8, 30)),
        modifier="R",
        first_trace_sequence=first_sequence,
        rules=_BANK_RULES,
    )
    return build_file(spec, batches).content
