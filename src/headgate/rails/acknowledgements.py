"""Acknowledgement files: what a bank says of the files it was handed, read as its profile says it writes.

    FILE: 20261130-A-4F7Q2M9K.ach              name,verdict,entries,credits
    STATUS: ACCEPTED                           20261130-A-4F7Q2M9K.ach,ACCEPTED,2,30.00
    ENTRIES: 2
    CREDITS: 30.00

`key_value` has a block a file, parted by blank lines; `csv` has a heading and a row a file. What the bank calls each
field stands in the profile. Control totals are what counts: an acknowledgement with other totals than were sent is none.
A block or row with a trace number or a batch number speaks of that entry or batch alone.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from headgate.core.errors import Malformed
from headgate.core.money import Money
from headgate.rails.banks.model import Acknowledgement as Terms

BYTES_MAX = 1 << 20
Verdict = Literal["accepted", "rejected"]


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What the bank says of one file. What it does not say is None, and is not compared."""

    verdict: Verdict
    name: str | None = None
    reference: str | None = None
    entries: int | None = None
    credits: Money | None = None
    debits: Money | None = None
    sha256: str | None = None
    reason: str = ""
    trace: str | None = None
    batch: int | None = None

    @property
    def is_of_a_part(self) -> bool:
        """Whether it speaks of one entry or one batch, and not of the file."""
        return self.trace is not None or self.batch is not None


@dataclass(frozen=True, slots=True)
class Unread:
    """A block or a row that could not be read: where it begins, and why. It never repeats what stood there."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Handed:
    """What we know of a file that we handed over."""

    name: str
    reference: str
    entries: int
    credits: Money
    debits: Money
    sha256: str


def read_acknowledgements(
    content: bytes, terms: Terms, *, filename: str
) -> tuple[tuple[Acknowledged, ...], tuple[Unread, ...]]:
    """What an acknowledgement file says, and what of it could not be read. Any bytes give an answer."""
    if len(content) > BYTES_MAX:
        return (), (Unread(1, f"longer than {BYTES_MAX} bytes"),)
    text = content.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")
    matched = terms.name.fullmatch(filename) if terms.name else None
    named = {key: value for key, value in matched.groupdict().items() if value} if matched else {}
    said: list[Acknowledged] = []
    unread: list[Unread] = []
    found = list(_key_values(text, terms) if terms.form == "key_value" else _rows(text, terms))
    for line, facts in found:
        try:
            # A file's own name says whose acknowledgement it is only where it holds one.
            said.append(_acknowledged({**named, **facts} if len(found) == 1 else facts, terms))
        except ValueError as error:
            unread.append(Unread(line, str(error)))
    if not found:
        unread.append(Unread(1, f"none of the bank's words stands in it: {', '.join(terms.fields.values())}"))
    return tuple(said), tuple(unread)


def is_of(said: Acknowledged, handed: Handed) -> bool:
    """Whether it speaks of this file: by its name, or by its reference where no name is given."""
    if said.name is not None:
        return said.name == handed.name
    return said.reference is not None and said.reference == handed.reference


def differences(said: Acknowledged, handed: Handed) -> tuple[str, ...]:
    """In what the bank's words differ from what was sent: names of fields, empty where they agree."""
    pairs: tuple[tuple[str, object, object], ...] = (
        ("reference", said.reference, handed.reference),
        ("entries", said.entries, handed.entries),
        ("credits", said.credits, handed.credits),
        ("debits", said.debits, handed.debits),
        ("sha256", said.sha256, handed.sha256),
    )
    return tuple(name for name, theirs, ours in pairs if theirs is not None and theirs != ours)


def _key_values(text: str, terms: Terms) -> Iterator[tuple[int, dict[str, str]]]:
    ours = {theirs.strip().upper(): name for name, theirs in terms.fields.items()}
    facts: dict[str, str] = {}
    begun = 1
    for number, line in enumerate([*text.split("\n"), ""], start=1):
        if not line.strip():
            if facts:
                yield begun, facts
            facts, begun = {}, number + 1
            continue
        key, _, value = line.partition(terms.separator)
        name = ours.get(key.strip().upper())
        if name is not None:
            facts.setdefault(name, value.strip())


def _rows(text: str, terms: Terms) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(io.StringIO(text.replace("\0", " ")), delimiter=terms.separator)
    ours = {theirs.strip().upper(): name for name, theirs in terms.fields.items()}
    heading: list[str | None] | None = None
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield reader.line_num, {}
            continue
        if not any(cell.strip() for cell in row):
            continue
        if heading is None:
            heading = [ours.get(cell.strip().upper()) for cell in row]
            if not any(heading):
                return
            continue
        yield reader.line_num, {name: cell.strip() for name, cell in zip(heading, row, strict=False) if name}


def _acknowledged(facts: Mapping[str, str], terms: Terms) -> Acknowledged:
    """Raises ValueError with what is missing or malformed."""
    word = facts.get("verdict", "").upper()
    verdicts: list[tuple[Verdict, tuple[str, ...]]] = [("accepted", terms.accepted), ("rejected", terms.rejected)]
    verdict = next((verdict for verdict, words in verdicts if word in [each.upper() for each in words]), None)
    if verdict is None:
        known = ", ".join((*terms.accepted, *terms.rejected))
        raise ValueError(f"its verdict is missing or none of {known}; write the bank's word into its profile")
    if not facts.get("name") and not facts.get("reference"):
        raise ValueError("it names neither a file nor a reference")
    sha256 = facts.get("sha256", "").lower()
    if sha256 and not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise ValueError("its sha256 is not 64 hexadecimal digits")
    entries = facts.get("entries", "").replace(",", "")
    if entries and not re.fullmatch(r"[0-9]{1,9}", entries):
        raise ValueError("its count of entries is no number")
    trace, batch = facts.get("trace", ""), facts.get("batch", "")
    if trace and not re.fullmatch(r"[0-9]{15}", trace):
        raise ValueError("its trace number has not 15 digits")
    if batch and not re.fullmatch(r"[0-9]{1,7}", batch):
        raise ValueError("its batch number is no number")
    return Acknowledged(
        verdict=verdict,
        name=facts.get("name") or None,
        reference=facts.get("reference") or None,
        entries=int(entries) if entries else None,
        credits=_amount(facts.get("credits", ""), terms),
        debits=_amount(facts.get("debits", ""), terms),
        sha256=sha256 or None,
        reason=facts.get("reason", "")[:200],
        trace=trace or None,
        batch=int(batch) if batch else None,
    )


def _amount(text: str, terms: Terms) -> Money | None:
    plain = text.replace(",", "").replace("$", "").replace("USD", "").strip()
    if not plain:
        return None
    if terms.amounts == "cents":
        if not re.fullmatch(r"[0-9]{1,15}", plain):
            raise ValueError("an amount is not a whole number of cents")
        return Money(int(plain), "USD")
    try:
        return Money.parse(plain, "USD")
    except Malformed:
        raise ValueError("an amount is not written as 1234.50") from None
