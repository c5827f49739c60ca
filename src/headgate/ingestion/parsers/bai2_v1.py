"""BAI2 cash management statements (version 2), as American banks send them.

    01 file · 02 group (as-of date, currency) · 03 account (balances by type code) · 16 transaction · 88 continuation
    16,195,1000000,Z,20261124000001,WIRE1,INCOMING WIRE ACME INC/
       type, amount in minor units, funds type, the bank's reference, the customer's reference, text

Quirks of real files: 88 continues any record and splits its fields; an empty field before `/`; funds type V takes two
more fields, S three, D a list. Control totals and record counts are compared at all three levels.

A file that broke off in its last line gives nothing of that record: half an amount is an amount, and half a booking under
its whole reference would stand in the way of the booking when the file comes whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from headgate.core.errors import Malformed
from headgate.core.money import Money, total
from headgate.ingestion.parsers import Parser
from headgate.ingestion.parsers._statements import Ceiling, Identities, decode, prove, totals
from headgate.ingestion.records import Direction, Fault, Level, Parsed, Statement, TransactionRecord

_AMOUNT = re.compile(r"[+-]?[0-9]{1,15}").fullmatch
_CONTROL = re.compile(r"[+-]?[0-9]{1,30}").fullmatch
_COUNT = re.compile(r"[0-9]{1,4}").fullmatch
_CODES = ("01", "02", "03", "16", "49", "88", "98", "99")
_REFERENCES = 2


def sniff(data: bytes) -> float:
    """A BAI2 file begins with a file header."""
    return 0.95 if data.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n\t ").startswith(b"01,") else 0.0


def parse(data: bytes) -> Parsed:
    """Every booking of every account, with the statements and all faults."""
    reader = _Reader()
    pending: _Line | None = None
    for number, raw in enumerate(re.split(r"\r\n|\r|\n", decode(data)), start=1):
        text = raw.strip()
        if not text:
            continue
        code, _, body = text.partition(",")
        if code == "88" and pending is not None:
            pending.more.append(_unslashed(body))
            continue
        if pending is not None:
            reader.take(pending)
        pending = _Line(number, code, _unslashed(body), raw)
    if pending is not None and _broke_off(data, pending):
        reader.broke_off(pending)
    elif pending is not None:
        reader.take(pending)
    return reader.finish()


def _broke_off(data: bytes, last: _Line) -> bool:
    """Whether the file ends in a line of amounts, with neither a slash nor a line end. A control cut off is no sum."""
    return last.code in ("03", "16") and not data.endswith((b"\n", b"\r", b"/"))


@dataclass(slots=True)
class _Line:
    """A record with the bodies of the 88 lines that continue it."""

    number: int
    code: str
    body: str
    raw: str
    more: list[str] = field(default_factory=list)

    @property
    def records(self) -> int:
        return 1 + len(self.more)

    @property
    def fields(self) -> list[str]:
        return [part.strip() for body in (self.body, *self.more) for part in body.split(",")]


@dataclass(slots=True)
class _Count:
    """What the control at one level must repeat: a sum, how many parts, how many records."""

    line: int = 0
    total: int = 0
    parts: int = 0
    records: int = 0


class _Reader:
    """The open file, group and account, and what was read of them."""

    def __init__(self) -> None:
        self.records: list[TransactionRecord] = []
        self.faults: list[Fault] = []
        self.statements: list[Statement] = []
        self.identities = Identities()
        self.ceiling = Ceiling()
        self.file: _Count | None = None
        self.has_file = False
        self.group: _Count | None = None
        self.account: _Count | None = None
        self.on: date | None = None
        self.group_currency = "USD"
        self.header: _Line | None = None
        self.number = ""
        self.currency = "USD"
        self.balances: dict[str, Money] = {}
        self.first_record = 0

    def take(self, line: _Line) -> None:
        """The next record, complete with its continuations."""
        for level in (self.file, self.group, self.account):
            if level is not None:
                level.records += line.records
        if line.code == "16":
            self._transaction(line)
        elif line.code == "03":
            self._open_account(line)
        elif line.code == "49":
            self._close_account(line)
        elif line.code == "02":
            self._open_group(line)
        elif line.code == "98":
            self._close_group(line)
        elif line.code == "01":
            self._open_file(line)
        elif line.code == "99":
            self._close_file(line)
        else:
            known = ", ".join(_CODES)
            self._fault(line, 1, "record_code", "record", f"no record begins so; write one of {known}")

    def broke_off(self, line: _Line) -> None:
        """The file ends within this record: it is named, and left out."""
        text = "the file breaks off in this record, which was left out; ask the bank for the file again"
        self._fault(line, 0, "", "broke_off", text)

    def finish(self) -> Parsed:
        """The file is over: name what was left open."""
        last = _Line(self.file.line if self.file else 1, "", "", "")
        self._leave_account(last)
        if self.group is not None:
            self._fault(last, 0, "", "group_control", "a group has no control; end it with a record 98")
        if self.file is not None:
            self._fault(last, 0, "", "file_control", "the file has no control; end it with a record 99")
        if not self.has_file:
            self._fault(last, 0, "", "file_header", "no file header; begin the file with a record 01")
        return Parsed(
            records=tuple(self.records),
            faults=tuple(self.faults),
            statements=tuple(self.statements),
            totals=totals(self.statements, self.records),
        )

    def _open_file(self, line: _Line) -> None:
        if self.file is not None:
            self._fault(line, 1, "record_code", "order", "a second file header; part the files")
        self.file = _Count(line.number, records=line.records)
        self.has_file = True
        fields = line.fields
        version = fields[7] if len(fields) > 7 else ""
        if version not in ("", "2"):
            self._fault(line, 0, "version", "version", f"version {version[:5]} is not 2; ask the bank for BAI2", "W")

    def _open_group(self, line: _Line) -> None:
        self._leave_account(line)
        if self.group is not None:
            self._fault(line, 1, "record_code", "order", "the group before has no control; end it with a record 98")
        if self.file is None:
            self._fault(line, 1, "record_code", "order", "a group outside a file; begin the file with a record 01")
        self.group = _Count(line.number, records=line.records)
        fields = line.fields
        self.on = _date(fields[3]) if len(fields) > 3 else None
        if self.on is None:
            self._fault(line, 0, "as_of_date", "date", "no such day; write the as-of date as YYMMDD")
        self.group_currency = (fields[5] if len(fields) > 5 else "") or "USD"

    def _open_account(self, line: _Line) -> None:
        self._leave_account(line)
        if self.group is None:
            self._fault(line, 1, "record_code", "order", "an account outside a group; begin the group with a record 02")
        fields = line.fields
        self.header, self.number = line, fields[0]
        self.currency = (fields[1] if len(fields) > 1 else "") or self.group_currency
        self.account = _Count(line.number, records=line.records)
        self.balances = {}
        self.first_record = len(self.records)
        if not self.number:
            self._fault(line, 0, "account_number", "account", "no account number; ask the bank for it")
        at = 2
        while at < len(fields):
            if not fields[at]:
                at += 1  # an empty field before the slash
                continue
            code, amount = fields[at], fields[at + 1] if at + 1 < len(fields) else ""
            funds = fields[at + 3] if at + 3 < len(fields) else ""
            at += 4 + _funds_fields(funds, fields, at + 4)
            if not amount:
                continue
            minor = self._minor(line, amount)
            if minor is not None:
                self.account.total += minor
                money = self._money(line, minor)
                if money is not None:
                    self.balances[code] = money

    def _transaction(self, line: _Line) -> None:
        parts = line.body.split(",")
        more = list(line.more)
        while more and len(parts) < _needed(parts):
            parts += more.pop(0).split(",")
        needed = _needed(parts)
        text = " ".join(word.strip() for word in (",".join(parts[needed:]), *more) if word.strip())
        parts = [part.strip() for part in parts] + [""] * (needed - len(parts))
        type_code, amount, funds = parts[0], parts[1], parts[2].upper()
        minor = self._minor(line, amount)
        if minor is None:
            return
        if self.account is None:
            self._fault(line, 1, "record_code", "order", "a transaction outside an account; begin it with a record 03")
            return
        self.account.total += minor
        self.account.parts += 1
        direction = _direction(type_code)
        if direction is None:
            mend = f"type code '{type_code[:5]}' is neither credit nor debit; the booking was left out"
            self._fault(line, 4, "type_code", "type_code", mend)
            return
        if minor < 0:
            self._fault(line, 0, "amount", "amount", "negative; write a positive amount and the other side's type code")
            return
        money = self._money(line, minor)
        if money is None:
            return
        if not self.ceiling.takes(money):
            self._fault(line, 0, "amount", "amount", "more than an account can hold; ask the bank for the amount")
            return
        bank_reference, customer_reference = parts[needed - _REFERENCES : needed]
        value_on = _date(parts[3]) if funds == "V" else None
        self.records.append(
            TransactionRecord(
                line=line.number,
                external_id=self.identities.of(self.number, self.on, type_code, bank_reference),
                account_number=self.number,
                amount=money,
                direction=direction,
                booked_on=self.on,
                value_on=value_on or self.on,
                type_code=type_code,
                bank_reference=bank_reference,
                customer_reference=customer_reference,
                text=text,
                statement=len(self.statements),
            )
        )

    def _close_account(self, line: _Line) -> None:
        account = self.account
        if account is None:
            self._fault(line, 1, "record_code", "order", "an account's control outside an account; take it away")
            return
        self._compare(line, "account", 0, account.total, 1, account.records)
        self._end_account()

    def _close_group(self, line: _Line) -> None:
        self._leave_account(line)
        group = self.group
        if group is None:
            self._fault(line, 1, "record_code", "order", "a group's control outside a group; take it away")
            return
        self._compare(line, "group", 0, group.total, 2, group.records, 1, group.parts)
        if self.file is not None:
            self.file.total += group.total
            self.file.parts += 1
        self.group = None

    def _close_file(self, line: _Line) -> None:
        self._leave_account(line)
        file = self.file
        if file is None:
            self._fault(line, 1, "record_code", "order", "a file's control outside a file; begin with a record 01")
            return
        if self.group is not None:
            self._fault(line, 1, "record_code", "order", "the last group has no control; end it with a record 98")
            self.group = None
        self._compare(line, "file", 0, file.total, 2, file.records, 1, file.parts)
        self.file = None

    # Helpers, in the order of their call.

    def _leave_account(self, line: _Line) -> None:
        if self.account is not None:
            text = "the account before has no control; end it with a record 49"
            self._fault(line, 1, "record_code", "account_control", text)
            self._end_account()

    def _end_account(self) -> None:
        account, header = self.account, self.header
        assert account is not None and header is not None
        own = self.records[self.first_record :]
        currency = own[0].amount.currency if own else self._currency()
        credits = total([record.amount for record in own if record.direction == "credit"], currency)
        debits = total([record.amount for record in own if record.direction == "debit"], currency)
        opening, closing = self.balances.get("010"), self.balances.get("015")
        proof = prove(opening, closing, credits, debits)
        if proof in ("differs", "reversed"):
            text = "opening balance and bookings do not make the closing balance; ask the bank for the missing bookings"
            self._fault(header, 0, "015", "balance", text, "W")
        self.statements.append(
            Statement(
                line=header.number,
                account_number=self.number,
                currency=currency,
                on=self.on,
                opening=opening,
                closing=closing,
                credits=credits,
                debits=debits,
                records=len(own),
                proof=proof,
            )
        )
        if self.group is not None:
            self.group.total += account.total
            self.group.parts += 1
        self.account = self.header = None

    def _currency(self) -> str:
        try:
            return Money(0, self.currency).currency
        except Malformed:
            return "USD"

    def _minor(self, line: _Line, text: str) -> int | None:
        if _AMOUNT(text) is None:
            self._fault(line, 0, "amount", "amount", "not an amount; write whole minor units, digits only")
            return None
        return int(text)

    def _money(self, line: _Line, minor: int) -> Money | None:
        try:
            return Money(minor, self.currency)
        except Malformed as error:
            self._fault(line, 0, "currency", "currency", error.message)
            return None

    def _compare(
        self,
        line: _Line,
        name: str,
        total_at: int,
        made: int,
        records_at: int,
        records: int,
        parts_at: int = 0,
        parts: int = 0,
    ) -> None:
        fields = line.fields
        checks = [(total_at, "control_total", made), (records_at, "record_count", records)]
        if parts_at:
            checks.append((parts_at, "part_count", parts))
        for at, title, expected in checks:
            found = fields[at] if at < len(fields) else ""
            if _CONTROL(found) is None or int(found) != expected:
                shown = _shown(found, digits_max=20 if title == "control_total" else 6)
                text = f"the {name}'s {title.replace('_', ' ')} is {shown}, but it makes {expected}"
                self._fault(line, 0, title, title, f"{text}; ask the bank for the file again")

    def _fault(self, line: _Line, position: int, name: str, rule: str, text: str, level: Level = "E") -> None:
        message = f"line {line.number}: {text}"
        self.faults.append(Fault(line.number, position, name, f"bai2.{rule}", message, line.raw, level))


def _shown(found: str, *, digits_max: int) -> str:
    """A control figure as a message may say it: what is none may be a name or an account that stands a field too far."""
    if not found:
        return "missing"
    return (
        found
        if _CONTROL(found) is not None and len(found) <= digits_max
        else f"no such figure ({len(found)} characters)"
    )


def _unslashed(body: str) -> str:
    return body.rstrip().removesuffix("/")


def _needed(parts: list[str]) -> int:
    """How many fields a record 16 has before its text: three, those of its funds type, and the two references."""
    funds = parts[2].strip() if len(parts) > 2 else ""
    return 3 + _funds_fields(funds, parts, 3) + _REFERENCES


def _funds_fields(funds: str, fields: list[str], at: int) -> int:
    kind = funds.upper()
    if kind == "V":
        return 2
    if kind == "S":
        return 3
    if kind == "D" and at < len(fields) and _COUNT(fields[at].strip()) is not None:
        return 1 + 2 * min(int(fields[at]), len(fields))
    return 0


def _direction(type_code: str) -> Direction | None:
    """The side by the code's range: 1xx to 3xx credit, 4xx to 6xx debit; a bank's own 920 and 960 upwards likewise."""
    if not (len(type_code) == 3 and type_code.isascii() and type_code.isdigit()):
        return None
    number = int(type_code)
    if 100 <= number < 400 or 920 <= number < 960:
        return "credit"
    return "debit" if 400 <= number < 700 or number >= 960 else None


def _date(text: str) -> date | None:
    if not (len(text) == 6 and text.isascii() and text.isdigit()):
        return None
    try:
        return date(2000 + int(text[:2]), int(text[2:4]), int(text[4:]))
    except ValueError:
        return None


PARSER = Parser(name="bai2_v1", kind="statement", title="BAI2 bank statement", sniff=sniff, parse=parse)
