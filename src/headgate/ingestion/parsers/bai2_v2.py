"""BAI2 cash management statements, as `bai2_v1` reads them, from a stream: in constant memory and twice as fast.

    01 file · 02 group (as-of date, currency) · 03 account (balances by type code) · 16 transaction · 88 continuation
    16,195,1000000,Z,20261124000001,WIRE1,INCOMING WIRE ACME INC/

Each booking is given when the record after it begins, each statement at its control. Controls are compared at all three
levels. What else differs from v1: a line of more than a million characters is cut, and an account's balance, or a sum of
controls, beyond what the book can hold is a fault of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from headgate.core.currencies import EXPONENTS
from headgate.core.money import Money
from headgate.ingestion.parsers import bai2_v1 as v1
from headgate.ingestion.parsers import streaming
from headgate.ingestion.parsers._building import transaction
from headgate.ingestion.parsers._identities import StatementIdentities
from headgate.ingestion.parsers._limits import lines
from headgate.ingestion.parsers._statements import AMOUNT_MAX, SUM_MAX, Identities, prove
from headgate.ingestion.records import Direction, Fault, Item, Level, Statement, TransactionRecord

_PLAIN_FUNDS: Final = frozenset(("", "0", "1", "2", "Z"))
_DIRECTIONS: Final[dict[str, Direction]] = {
    code: side for number in range(1000) if (side := v1._direction(code := f"{number:03d}")) is not None
}


def sniff(data: bytes) -> float:
    """As sure as v1, and a little more."""
    found = v1.sniff(data)
    return found + 0.01 if found else 0.0


def read(stream: BinaryIO) -> Iterator[Item]:
    """Every booking of every account as it is met, each statement at its control, and all faults."""
    reader = _Reader()
    out = reader.out
    pending: v1._Line | None = None
    entry: tuple[int, str] | None = None  # a transaction that nothing continues yet
    number, raw = 0, ""
    for number, raw in lines(stream):
        if raw.startswith("16,"):
            if entry is not None:
                reader.entry(*entry)
            elif pending is not None:
                reader.take(pending)
                pending = None
            entry = number, raw
        else:
            text = raw.strip()
            if not text:
                continue
            code, _, body = text.partition(",")
            if entry is not None:
                if code == "88":
                    pending = _line(*entry)
                else:
                    reader.entry(*entry)
                entry = None
            if code == "88" and pending is not None:
                pending.more.append(v1._unslashed(body))
                continue
            if pending is not None:
                reader.take(pending)
            pending = v1._Line(number, code, v1._unslashed(body), raw)
        if out:
            yield from out
            out.clear()
    last = _line(*entry) if entry is not None else pending
    if last is not None and last.code in ("03", "16") and not _ends_whole(stream, raw):
        reader.broke_off(last)
    elif last is not None:
        reader.take(last)
    reader.finish()
    yield from out


def _line(number: int, raw: str) -> v1._Line:
    return v1._Line(number, "16", v1._unslashed(raw.strip()[3:]), raw)


def _ends_whole(stream: BinaryIO, raw: str) -> bool:
    """Whether the last line ends in a slash or a line end."""
    if raw.endswith("/"):
        return True
    try:
        stream.seek(-1, 2)
        return stream.read(1) in (b"\n", b"\r")
    except (OSError, ValueError):
        return False  # a pipe: what cannot be asked is not taken for whole


class _Reader(v1._Reader):
    """The reader of v1 with sums in place of lists; what is read is put into `out`."""

    def __init__(self) -> None:
        super().__init__()
        self.out: list[Item] = []
        self.seen = StatementIdentities()
        self.sums = {"credit": 0, "debit": 0}
        self.count = self.index = self.whole = 0
        self.statement_currency = ""
        self.has_faults = False

    def entry(self, number: int, raw: str) -> None:
        """A transaction of one line: the plain ones here, the others as v1 takes them."""
        body = raw.rstrip()
        parts = (body[3:-1] if body.endswith("/") else body[3:]).split(",")
        account = self.account
        if (
            account is not None
            and len(parts) > 4
            and self.currency in EXPONENTS
            and self.group is not None
            and self.file is not None
        ):
            type_code, amount, funds, bank, customer = parts[:5]
            direction = _DIRECTIONS.get(type_code)
            currency = self.currency
            if (
                funds in _PLAIN_FUNDS
                and direction is not None
                and amount.isdigit()
                and amount.isascii()
                and len(amount) < 16
                and (minor := int(amount)) <= AMOUNT_MAX
                and self.whole + minor <= SUM_MAX
            ):
                self.file.records += 1
                self.group.records += 1
                account.records += 1
                account.total += minor
                account.parts += 1
                self._put(number, type_code, minor, currency, direction, bank.strip(), customer.strip(),
                          ",".join(parts[5:]).strip() if len(parts) > 5 else "")  # fmt: skip
                return
        self.take(_line(number, raw))

    def _put(
        self, line: int, code: str, minor: int, currency: str, direction: Direction, bank: str, customer: str, text: str
    ) -> None:
        self.whole += minor
        self.sums[direction] += minor
        self.count += 1
        self.statement_currency = self.statement_currency or currency
        on = self.on
        self.out.append(
            transaction(
                line,
                self.seen.of(self.number, on, code, bank),
                self.number,
                minor,
                currency,
                direction,
                on,
                on,
                code,
                bank,
                customer,
                text,
                self.index,
            )
        )

    def _transaction(self, line: v1._Line) -> None:
        """As v1 reads it; its record goes out instead of into a list."""
        self.statements = []
        super()._transaction(line)
        for record in self.records:
            assert isinstance(record, TransactionRecord), "v1 reads transactions"
            amount, bank = record.amount, record.bank_reference
            if self.whole + amount.minor > SUM_MAX:
                self._fault(line, 0, "amount", "amount", "more than an account can hold; ask the bank for the amount")
                continue
            self.whole += amount.minor
            self.sums[record.direction] += amount.minor
            self.count += 1
            self.statement_currency = self.statement_currency or amount.currency
            self.out.append(
                transaction(
                    record.line,
                    self.seen.of(self.number, self.on, record.type_code, bank),
                    record.account_number,
                    amount.minor,
                    amount.currency,
                    record.direction,
                    record.booked_on,
                    record.value_on,
                    record.type_code,
                    bank,
                    record.customer_reference,
                    record.text,
                    self.index,
                )
            )
        self.records.clear()
        self.identities = Identities()

    def _end_account(self) -> None:
        account, header = self.account, self.header
        assert account is not None and header is not None, "an account is open"
        currency = self.statement_currency or self._currency()
        credits, debits = Money(self.sums["credit"], currency), Money(self.sums["debit"], currency)
        opening, closing = self._believable("010"), self._believable("015")
        proof = prove(opening, closing, credits, debits)
        if proof in ("differs", "reversed"):
            text = "opening balance and bookings do not make the closing balance; ask the bank for the missing bookings"
            self._fault(header, 0, "015", "balance", text, "W")
        self.out.append(
            Statement(
                line=header.number,
                account_number=self.number,
                currency=currency,
                on=self.on,
                opening=opening,
                closing=closing,
                credits=credits,
                debits=debits,
                records=self.count,
                proof=proof,
            )
        )
        self.index += 1
        self.sums, self.count, self.statement_currency = {"credit": 0, "debit": 0}, 0, ""
        if self.group is not None:
            self.group.total += account.total
            self.group.parts += 1
        self.account = self.header = None

    def _believable(self, code: str) -> Money | None:
        balance = self.balances.get(code)
        return balance if balance is not None and abs(balance.minor) <= AMOUNT_MAX else None

    def _fault(self, line: v1._Line, position: int, name: str, rule: str, text: str, level: Level = "E") -> None:
        message = f"line {line.number}: {text}"
        self.out.append(Fault(line.number, position, name, f"bai2.{rule}", message, line.raw, level))


PARSER = streaming(name="bai2_v2", kind="statement", title="BAI2 bank statement", sniff=sniff, read=read)
