"""SWIFT customer statements: MT940 at the end of the day and MT942 within it, as banks outside America send them.

    :20:reference :25:account :28C:number :60F:C261124USD25000,00 (opening) :61: a booking :86: its text :62F: (closing)
    :61:2611251125C141755,20NTRFHARBOR-1125//20261125000001
        value day, entry day, C D RC RD, amount, type, the customer's reference, the bank's reference

Quirks of real files: SWIFT's `{1:…}` blocks around a message or none; `@@` for a line end; a blank or a third letter of
the currency before the amount; no entry day, or blanks for it; lines of `:86:` that begin with a colon or a hyphen; many
statements in a file, which are read one by one; references over the edge of the line. MT942 has no balances; its counts
and sums of debits and credits (`:90D:`, `:90C:`) are compared instead. A message that gives no currency gives no bookings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import BinaryIO, Final

from headgate.core.currencies import EXPONENTS
from headgate.core.money import Money
from headgate.ingestion.parsers import streaming
from headgate.ingestion.parsers._building import transaction
from headgate.ingestion.parsers._identities import StatementIdentities
from headgate.ingestion.parsers._limits import text_blocks
from headgate.ingestion.parsers._statements import AMOUNT_MAX, SUM_MAX, prove
from headgate.ingestion.records import Direction, Fault, Item, Level, Statement

_TAG: Final = re.compile(r"^:(\d\d[A-Z]?):", re.MULTILINE)
_ENTRY: Final = re.compile(
    r"(\d{6})(\d{4}|\ {4})?(RC|RD|EC|ED|C|D)([A-Z])?\ ?(\d{1,15}(?:[,.]\d{0,4})?|[,.]\d{1,4})\ ?"
    r"([A-Z][A-Z0-9]{3}|N[A-Z0-9\ ]{3})?([^/\n]*(?:/(?!/)[^/\n]*)*)(?://([^\n]*))?(?:\n([^\n]*))?"
)
_BALANCE: Final = re.compile(r"(C|D)(\d{6})([A-Z]{3})(\d{1,15}(?:[,.]\d{0,4})?|[,.]\d{1,4})")
_SUM: Final = re.compile(r"(\d{1,9})([A-Z]{3})(\d{1,15}(?:[,.]\d{0,4})?|[,.]\d{1,4})")
_FLOOR: Final = re.compile(r"([A-Z]{3})(?:[CD]\ ?)?[\d,.]+")
_ACCOUNT_CURRENCY: Final = re.compile(r".*[0-9/]\s*([A-Z]{3})\Z", re.DOTALL)
_STRUCTURED: Final = re.compile(r"\d{3}[^0-9A-Za-z\s]\d\d")
_SUBFIELD: Final = re.compile(r"\?\d\d")
_TRAILER: Final = re.compile(r"\n-(?:\}.*)?\s*\Z|\n-\n[\s\S]*\Z")
_END_TO_END: Final = re.compile(r"(?:EREF\+|/EREF/)\s*([^?+/]{1,35})")
_NO_REFERENCE: Final = ("", "NONREF", "EREF", "NOREF", "EREF+", "KREF+", "KREF", "NOTPROVIDED")
_DIRECTIONS: Final[dict[str, Direction]] = {
    "C": "credit",
    "EC": "credit",
    "RD": "credit",
    "D": "debit",
    "ED": "debit",
    "RC": "debit",
}
_REST_MAX: Final = 1 << 22
_DAYS_MAX: Final = 5_000


def sniff(data: bytes) -> float:
    """A transaction reference, and an account, a balance or a booking, each at the beginning of its line."""
    head = data[:65_536].replace(b"\x00", b"").replace(b"\r", b"\n").replace(b"@@", b"\n")
    tags = set(re.findall(rb"(?:\A(?:\xef\xbb\xbf)?|\n)\s*:(\d\d[A-Z]?):", head))
    if b"20" in tags and tags & {b"25", b"60F", b"60M", b"61", b"62F", b"28C"}:
        return 0.95
    return 0.6 if b"61" in tags and tags & {b"60F", b"60M", b"62F", b"86"} else 0.0


def read(stream: BinaryIO) -> Iterator[Item]:
    """Every booking of every statement as it is met, each statement after its bookings, and all faults."""
    reader = _Reader()
    rest, line, is_first = "", 1, True
    for block in text_blocks(stream):
        text = rest + block
        if "@@" in text and "\n" not in text[:200]:
            text = text.replace("@@", "\n")
        fields = _TAG.split(text)
        if len(fields) < 3 and len(text) <= _REST_MAX:
            rest = text
            continue
        if is_first and fields[0]:
            is_first = not fields[0].strip()
        line += fields[0].count("\n")
        last = len(fields) - 2
        for at in range(1, last, 2):
            body = fields[at + 1]
            reader.take(fields[at], body, line)
            line += body.count("\n")
            if len(reader.out) > 500:
                yield from reader.told()
        yield from reader.told()
        rest = f":{fields[last]}:{fields[last + 1]}" if last > 0 else ""
        if len(rest) > _REST_MAX:
            reader.take(fields[last], fields[last + 1], line)
            line, rest = line + rest.count("\n"), ""
    fields = _TAG.split(rest)
    line += fields[0].count("\n")
    for at in range(1, len(fields) - 1, 2):
        reader.take(fields[at], fields[at + 1], line)
        line += fields[at + 1].count("\n")
    reader.finish()
    yield from reader.told()


@dataclass(slots=True)
class _Open:
    """The statement being read; sums in minor units."""

    line: int
    reference: str = ""
    account: str = ""
    number: str = ""
    currency: str = ""
    opening: Money | None = None
    closing: Money | None = None
    on: date | None = None
    credits: int = 0
    debits: int = 0
    counts: dict[str, int] = field(default_factory=lambda: {"credit": 0, "debit": 0})
    said: dict[str, tuple[int, str, int, str]] = field(default_factory=dict)
    has_no_currency: bool = False
    is_empty: bool = True


_Pending = tuple[int, int, Direction, date, date, str, str, str, str]
"""A booking whose text may follow: line, minor units, side, entry and value day, type, references, text."""


class _Reader:
    """Takes fields in their order; keeps the open statement, the last booking and nothing more."""

    def __init__(self) -> None:
        self.identities = StatementIdentities()
        self.open: _Open | None = None
        self.pending: _Pending | None = None
        self.statements = 0
        self.sum = 0
        self.days: dict[str, date | None] = {}
        self.entered: dict[tuple[date, str], date] = {}
        self.has_said = False
        self.out: list[Item] = []

    def take(self, tag: str, body: str, line: int) -> None:
        """The next field; what it gives is told by `told`."""
        if tag == "61":
            if self.pending is not None:
                self._leave_entry("")
            self._entry(body, line)
            return
        if tag == "86":
            if self.pending is not None:
                self._leave_entry(body)
            return
        if self.pending is not None:
            self._leave_entry("")
        if tag == "20":
            self._leave()
            self.open = _Open(line, reference=_one_line(body))
        elif tag == "25":
            self._account(_one_line(body), line)
        elif tag in ("60F", "60M"):
            self._opening(body, line)
        elif tag in ("62F", "62M"):
            self._closing(body, line)
        elif tag in ("28C", "28"):
            self._statement(line).number = _one_line(body)
        elif tag == "34F":
            found = _FLOOR.match(body)
            if found and found[1] in EXPONENTS and not self._statement(line).currency:
                self._statement(line).currency = found[1]
        elif tag in ("90C", "90D"):
            self._said(tag, body, line)

    def finish(self) -> None:
        """The file is over."""
        if self.pending is not None:
            self._leave_entry("")
        self._leave()
        if not self.statements and not self.has_said:
            self._fault(1, "", "empty", "no statement in this file; begin each with :20:")

    def told(self) -> Iterator[Item]:
        """What was read since the last time."""
        yield from self.out
        self.out.clear()

    def _entry(self, body: str, line: int) -> None:
        statement = self._statement(line)
        statement.is_empty = False
        if not statement.currency:
            if not statement.has_no_currency:
                statement.has_no_currency = True
                text = (
                    "no balance before this booking says its currency, so the bookings of this statement were left out"
                )
                self._fault(line, "61", "currency", f"{text}; ask the bank for :60F:", body)
            return
        found = _ENTRY.match(body)
        if found is None:
            text = "not a booking as YYMMDD, side, amount; ask the bank for the statement again"
            self._fault(line, "61", "entry", text, body)
            return
        value, entered, mark, _, amount, type_code, customer, bank, more = found.groups()
        value_on = self.days.get(value) or self._day(value)
        if value_on is None:
            self._fault(line, "value_date", "date", "no such day; ask the bank for the statement again", body)
            return
        digits = EXPONENTS[statement.currency]
        minor = int(amount[:-3] + amount[-2:]) if digits == 2 and amount[-3:-2] == "," else _minor(amount, digits)
        if minor is None or minor > AMOUNT_MAX or self.sum + minor > SUM_MAX:
            wrong = "more decimals than its currency has" if minor is None else "more than an account can hold"
            self._fault(line, "amount", "amount", f"{wrong}; ask the bank for the amount", body)
            return
        self.sum += minor
        direction = _DIRECTIONS[mark]
        statement.counts[direction] += 1
        if direction == "credit":
            statement.credits += minor
        else:
            statement.debits += minor
        reference = customer.strip()
        self.pending = (
            line,
            minor,
            direction,
            value_on if not entered else self._entry_day(value_on, entered),
            value_on,
            type_code or "",
            (bank or "").strip(),
            reference,
            "" if more is None or more == "-" else more.strip(),
        )

    def _leave_entry(self, body: str) -> None:
        """The last booking, with its text, if it has one."""
        entry, statement = self.pending, self.open
        assert entry is not None and statement is not None, "a booking waits in a statement"
        self.pending = None
        line, minor, direction, booked_on, value_on, type_code, bank, customer, text = entry
        if body:
            more = body
            if "\n-" in more:
                more = _TRAILER.sub("", more)
            more = more.strip()
            if "\n" in more:
                more = more.replace("\n", "" if _STRUCTURED.match(more) else " ")
            if customer in _NO_REFERENCE and "EREF" in more:
                found = _END_TO_END.search(_SUBFIELD.sub("", more) if more[3:4] == "?" else more)
                if found:
                    customer = found[1].strip()
            text = f"{text} {more}" if text else more
        account = statement.account
        self.out.append(
            transaction(
                line,
                self.identities.of(account, booked_on, type_code, bank),
                account,
                minor,
                statement.currency,
                direction,
                booked_on,
                value_on,
                type_code,
                bank,
                customer,
                text,
                self.statements,
            )
        )

    def _account(self, account: str, line: int) -> None:
        if self.open is not None and self.open.account and not self.open.is_empty:
            self._leave()
        statement = self._statement(line)
        statement.account = account
        found = _ACCOUNT_CURRENCY.match(account)
        if found and found[1] in EXPONENTS:
            statement.currency = found[1]

    def _opening(self, body: str, line: int) -> None:
        statement = self._statement(line)
        if statement.opening is not None and not statement.is_empty:  # a new page without a reference of its own
            self._leave()
            before, statement = statement, self._statement(line)
            statement.reference, statement.account = before.reference, before.account
        read = self._balance(body)
        if isinstance(read, str):
            self._fault(line, "60", "balance_field", f"{read}; ask the bank for the opening balance", body)
            return
        statement.currency, (on, statement.opening) = read[1].currency, read
        statement.on = statement.on or on

    def _closing(self, body: str, line: int) -> None:
        statement = self._statement(line)
        read = self._balance(body)
        if isinstance(read, str):
            self._fault(line, "62", "balance_field", f"{read}; ask the bank for the closing balance", body)
            return
        statement.on, statement.closing = read
        statement.currency = statement.currency or read[1].currency

    def _said(self, tag: str, body: str, line: int) -> None:
        found = _SUM.match(body)
        statement = self._statement(line)
        side = "credit" if tag == "90C" else "debit"
        minor = _minor(found[3], EXPONENTS[found[2]]) if found and found[2] in EXPONENTS else None
        if found is None or minor is None:
            self._fault(line, tag, "sum_field", f"not a count and a sum of {side}s; ask the bank for them", body)
            return
        statement.said[side] = (int(found[1]), found[2], minor, tag)

    def _leave(self) -> None:
        statement, self.open = self.open, None
        if statement is None or not (statement.account or statement.opening or statement.closing or statement.currency):
            return
        if not statement.currency:
            self.has_said = True
            if not statement.has_no_currency:
                text = "the statement gives no balance, so its currency is not known; ask the bank for :60F:"
                self._fault(statement.line, "60", "currency", text)
            return
        currency, line = statement.currency, statement.line
        sums = {"credit": statement.credits, "debit": statement.debits}
        for side, (count, said_currency, minor, tag) in statement.said.items():
            if (count, said_currency, minor) != (statement.counts[side], currency, sums[side]):
                made = Money(sums[side], currency).format()
                text = f"says {count} {side}s, but there are {statement.counts[side]} of {made}; ask for the missing"
                self._fault(line, tag, "total", text)
        credits, debits = Money(statement.credits, currency), Money(statement.debits, currency)
        proof = prove(statement.opening, statement.closing, credits, debits)
        if proof in ("differs", "reversed"):
            text = "opening balance and bookings do not make the closing balance; ask the bank for the missing bookings"
            self._fault(line, "62", "balance", text, level="W")
        self.out.append(
            Statement(
                line=line,
                account_number=statement.account,
                currency=currency,
                on=statement.on,
                opening=statement.opening,
                closing=statement.closing,
                credits=credits,
                debits=debits,
                records=sum(statement.counts.values()),
                proof=proof,
                reference=" ".join(part for part in (statement.reference, statement.number) if part),
            )
        )
        self.statements += 1

    # Helpers, in the order of their call.

    def _statement(self, line: int) -> _Open:
        if self.open is None:
            self.open = _Open(line)
        return self.open

    def _day(self, text: str) -> date | None:
        """YYMMDD; the same days come again and again."""
        if text in self.days:
            return self.days[text]
        if len(self.days) > _DAYS_MAX:
            self.days.clear()
        year = int(text[:2])
        try:
            found = date(year + (1900 if year >= 80 else 2000), int(text[2:4]), int(text[4:6]))
        except ValueError:
            found = None
        self.days[text] = found
        return found

    def _entry_day(self, value_on: date, entered: str | None) -> date:
        """MMDD in the year of the value day, or in a neighbouring one where that is nearer."""
        if not entered or not entered.isdigit():
            return value_on
        known = self.entered.get((value_on, entered))
        if known is not None:
            return known
        month = int(entered[:2])
        year = value_on.year + (1 if month - value_on.month < -6 else -1 if month - value_on.month > 6 else 0)
        if len(self.entered) > _DAYS_MAX:
            self.entered.clear()
        found = self.entered[value_on, entered] = self._day(f"{year % 100:02d}{entered}") or value_on
        return found

    def _balance(self, body: str) -> tuple[date | None, Money] | str:
        found = _BALANCE.match(body)
        if found is None:
            return "not a balance as C261124USD1234,56"
        side, day, currency, amount = found.groups()
        if currency not in EXPONENTS:
            return f"'{currency}' is no currency of ISO 4217"
        minor = _minor(amount, EXPONENTS[currency])
        if minor is None or minor > AMOUNT_MAX:
            return "more decimals than its currency has, or more than an account can hold"
        return self._day(day), Money(-minor if side == "D" else minor, currency)

    def _fault(self, line: int, name: str, rule: str, text: str, raw: str = "", level: Level = "E") -> None:
        self.has_said = True
        self.out.append(Fault(line, 0, name, f"mt940.{rule}", f"line {line}: {text}", raw, level))


def _minor(amount: str, digits: int) -> int | None:
    """`1234,5` with two decimals is 123450; None where it has more decimals than the currency."""
    whole, _, decimals = amount.replace(".", ",").partition(",")
    if len(decimals) > digits:
        if decimals[digits:].strip("0"):
            return None
        decimals = decimals[:digits]
    return int(f"{whole}{decimals:0<{digits}}" or "0")


def _one_line(body: str) -> str:
    return body.partition("\n")[0].strip()


PARSER = streaming(name="mt940_v1", kind="statement", title="SWIFT MT940 or MT942", sniff=sniff, read=read)
