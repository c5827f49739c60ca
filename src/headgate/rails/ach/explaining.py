"""What a trace number says, and where it stands in files: as an entry's own, or as what a return or change names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import BinaryIO, Literal

from headgate.core.money import Money
from headgate.rails.ach.codes import TRANSACTION_CODES
from headgate.rails.ach.reader import read
from headgate.rails.ach.records import Addenda, BatchHeader, Entry, FileHeader
from headgate.rails.ach.return_codes import CHANGE_CODES, return_codes
from headgate.rails.ach.routing import check_digit
from headgate.rails.errors import UnknownTrace

Role = Literal["entry", "returned", "changed", "disputed"]
_SIDES = {True: "debit", False: "credit"}
_USES = {"live": "", "return": "return of a ", "prenote": "prenote of a ", "zero": "remittance only, ", "advice": ""}


@dataclass(frozen=True, slots=True)
class Trace:
    """A trace number taken apart. `odfi_routing_number` is the bank whose entry it is; the sequence is its own count."""

    trace_number: str
    odfi: str
    odfi_routing_number: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Sighting:
    """One place where a trace number stands. `role` says how: as the entry's own, or as the one a return names."""

    role: Role
    line: int
    batch_number: int | None
    sec_code: str
    company_name: str
    company_id: str
    description: str
    effective_on: date | None
    settlement_on: date | None
    trace_number: str
    transaction_code: str
    meaning: str
    amount: Money
    rdfi: str
    account_ending: str
    individual_id: str
    is_broken: bool
    addenda: tuple[str, ...] = field(default=())
    code: str = ""
    reason: str = ""


def trace(text: str) -> Trace:
    """A trace number's parts. Raises UnknownTrace where it is none."""
    if len(text) != 15 or not (text.isascii() and text.isdigit()):
        raise UnknownTrace("a trace number is fifteen digits: the ODFI's eight and a sequence of seven")
    odfi = text[:8]
    return Trace(text, odfi, f"{odfi}{check_digit(odfi)}", int(text[8:]))


def sightings(stream: BinaryIO, number: str) -> Iterator[Sighting]:
    """Every place of a file where a trace number stands, in the file's order."""
    header: BatchHeader | None = None
    created_on: date | None = None
    for item in read(stream):
        if isinstance(item, FileHeader):
            created_on = item.created_on
        elif isinstance(item, BatchHeader):
            header = item
        elif isinstance(item, Entry):
            if item.line[79:94] == number:
                yield _sighting(item, header, created_on, "entry", item.returned or item.change)
            for addenda in item.addenda:
                role = _role(addenda, number)
                if role is not None:
                    yield _sighting(item, header, created_on, role, addenda)


def _role(addenda: Addenda, number: str) -> Role | None:
    if addenda.line[1:3] not in ("98", "99"):
        return None
    if addenda.original_trace == number:
        return "changed" if addenda.line[1:3] == "98" else "returned"
    named = ("return_trace", "dishonored_trace")
    is_named = any(name in addenda.layout and addenda.value(name) == number for name in named)
    return "disputed" if is_named else None


def _sighting(
    entry: Entry, header: BatchHeader | None, created_on: date | None, role: Role, about: Addenda | None
) -> Sighting:
    near = created_on or (header.effective_on if header else None)
    code = (about.return_code or about.change_code) if about else ""
    known = return_codes().get(code)
    return Sighting(
        role=role,
        line=entry.number,
        batch_number=header.batch_number if header else None,
        sec_code=header.sec_code if header else "",
        company_name=header.company_name if header else "",
        company_id=header.company_id if header else "",
        description=header.description if header else "",
        effective_on=header.effective_on if header else None,
        settlement_on=header.settled_on(near) if header and near else None,
        trace_number=entry.trace_number,
        transaction_code=entry.transaction_code,
        meaning=_meaning(entry.transaction_code),
        amount=Money(entry.amount_minor or 0, "USD"),
        rdfi=entry.rdfi,
        account_ending=entry.account[-4:] if len(entry.account) > 4 else "",
        individual_id=entry.individual_id.strip(),
        is_broken=entry.is_broken,
        addenda=tuple(addenda.line[1:3] for addenda in entry.addenda),
        code=code,
        reason=known.title if known else CHANGE_CODES.get(code, ""),
    )


def _meaning(code: str) -> str:
    known = TRANSACTION_CODES.get(code)
    if known is None:
        return "no known transaction code"
    return f"{_USES[known.kind]}{_SIDES[known.is_debit]} to {known.account_type.replace('_', ' ')}"
