"""OFX and QFX: statements of bank and card accounts as American banks let people download them, version 1 (SGML) and 2 (XML).

    <STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20261125120000[-5:EST]<TRNAMT>1417.55<FITID>20261125000001<NAME>HARBOR BAKERY
    <LEDGERBAL><BALAMT>6575.12<DTASOF>20261125

Elements of version 1 need no end; both versions are read by their tags alone, so no entity is ever declared or expanded.
Amounts are signed: a negative one is a debit. `FITID` is the bank's identity of a booking within its account. There is no
opening balance, so nothing proves a statement; the ledger balance is its closing. Bookings of investments are named and
left out. A bad amount is a fault of its own booking, and the rest goes on.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import date
from typing import BinaryIO, Final

from headgate.core.currencies import EXPONENTS
from headgate.core.money import Money
from headgate.ingestion.parsers import streaming
from headgate.ingestion.parsers._amounts import of_decimal
from headgate.ingestion.parsers._building import transaction
from headgate.ingestion.parsers._identities import Seen
from headgate.ingestion.parsers._limits import text_blocks
from headgate.ingestion.parsers._statements import AMOUNT_MAX, SUM_MAX
from headgate.ingestion.records import Fault, Item, Level, Statement

_TAG: Final = re.compile(r"<(/?[A-Za-z][A-Za-z0-9._]{0,31})\s*/?>([^<]*)")
_DAY: Final = re.compile(r"(\d{4})(\d\d)(\d\d)")
_AMOUNT: Final = re.compile(r"[+-]?\d{0,15}(?:[.,]\d{0,10})?")
_STATEMENTS: Final = ("STMTRS", "CCSTMTRS", "INVSTMTRS")
_INVESTMENTS: Final = ("INVBUY", "INVSELL", "REINVEST", "INCOME", "TRANSFER", "INVEXPENSE")
_VALUE_MAX: Final = 1_000
_REST_MAX: Final = 1 << 20


def sniff(data: bytes) -> float:
    """A header of OFX, or its outermost element."""
    head = data[:4_096].replace(b"\x00", b"").upper()
    return 0.95 if b"<OFX>" in head or b"OFXHEADER" in head else 0.0


def read(stream: BinaryIO) -> Iterator[Item]:
    """Every booking, each statement after its bookings, and all faults."""
    reader = _Reader()
    rest, line = "", 1
    for block in text_blocks(stream):
        text = rest + block
        if "<!DOCTYPE" in text[:4_096].upper() or "<!ENTITY" in text[:4_096].upper():
            reader.fault(line, "", "doctype", "the document declares a type or entities; ask for it without")
            break
        cut = max(text.rfind("<"), 0)
        if not cut and len(text) > _REST_MAX:
            cut = len(text)
        line = reader.take(text[:cut], line)
        rest = text[cut:]
        yield from reader.told()
    else:
        reader.take(rest, line)
    reader.finish()
    yield from reader.told()


class _Reader:
    """Keeps the open statement and the open booking, whose members come tag by tag."""

    def __init__(self) -> None:
        self.out: list[Item] = []
        self.seen = Seen()
        self.is_open = self.in_account = self.has_said = False
        self.balance = ""
        self.entry: dict[str, str] | None = None
        self.entry_line = self.line = self.index = self.whole = 0
        self.reset()

    def reset(self) -> None:
        """Nothing of a statement is known."""
        self.account = self.currency = ""
        self.closing: Money | None = None
        self.on: date | None = None
        self.credits = self.debits = self.records = 0

    def take(self, text: str, line: int) -> int:
        """The tags of a piece of text that begins on a line; the line after it."""
        at = 0
        for found in _TAG.finditer(text):
            line += text.count("\n", at, found.start())
            at = found.start()
            self._tag(found[1].upper(), found[2], line)
        return line + text.count("\n", at)

    def _tag(self, tag: str, raw: str, line: int) -> None:
        if tag in _STATEMENTS:
            self._leave()
            self.is_open, self.line = True, line
        elif tag.startswith("/"):
            self._end(tag[1:])
        elif not self.is_open:
            return
        elif tag == "STMTTRN":
            self._leave_entry()
            self.entry, self.entry_line = {}, line
        elif self.entry is not None:
            if tag in ("LEDGERBAL", "AVAILBAL", "BANKTRANLIST"):
                self._leave_entry()
                self.balance = tag
            else:
                self.entry.setdefault(tag, _value(raw))
        elif tag in ("BANKACCTFROM", "CCACCTFROM", "INVACCTFROM"):
            self.in_account = True
        elif tag == "ACCTID" and self.in_account:
            self.account = _value(raw)
        elif tag == "CURDEF":
            self.currency = _value(raw).upper()
        elif tag in ("LEDGERBAL", "AVAILBAL"):
            self.balance = tag
        elif tag == "BALAMT" and self.balance == "LEDGERBAL":
            minor = self._minor(_value(raw))
            if minor is None:
                self.fault(
                    line, "BALAMT", "balance_field", "no balance of the account's currency; ask for it", level="W"
                )
            else:
                self.closing = Money(minor, self.currency)
        elif tag == "DTASOF" and self.balance == "LEDGERBAL":
            self.on = _day(_value(raw))
        elif tag in _INVESTMENTS:
            text = "a booking of an investment moves no money of an account and was left out; book it by hand"
            self.fault(line, tag, "investment", text, level="W")

    def _end(self, tag: str) -> None:
        if tag in ("STMTTRN", "BANKTRANLIST"):
            self._leave_entry()
        elif tag in _STATEMENTS or tag == "OFX":
            self._leave()
        elif tag in ("BANKACCTFROM", "CCACCTFROM", "INVACCTFROM"):
            self.in_account = False
        elif tag in ("LEDGERBAL", "AVAILBAL"):
            self.balance = ""

    def _leave_entry(self) -> None:
        entry, line, self.entry = self.entry, self.entry_line, None
        if entry is None:
            return
        if self.currency not in EXPONENTS:
            self.fault(line, "CURDEF", "currency", "the statement gives no currency; ask the bank for CURDEF")
            return
        day = _day(entry.get("DTPOSTED", ""))
        if day is None:
            self.fault(line, "DTPOSTED", "date", "no such day; ask the bank for the file again")
            return
        signed = self._minor(entry.get("TRNAMT", ""))
        if signed is None or self.whole + abs(signed) > SUM_MAX:
            self.fault(
                line,
                "TRNAMT",
                "amount",
                "no amount exact in its currency; ask the bank for it",
                entry.get("TRNAMT", ""),
            )
            return
        self.whole += abs(signed)
        self.credits += max(signed, 0)
        self.debits += max(-signed, 0)
        self.records += 1
        external_id: str | None = None
        fitid = entry.get("FITID", "")
        if fitid:
            key = f"{self.account[-4:]}:{day}:{entry.get('TRNTYPE', '')}:{fitid}"
            again = self.seen.count(key)
            external_id = key if again == 1 else f"{key}#{again}"
        text = " ".join(word for name in ("NAME", "PAYEE", "MEMO") if (word := entry.get(name, "")))
        self.out.append(
            transaction(
                line,
                external_id,
                self.account,
                abs(signed),
                self.currency,
                "credit" if signed >= 0 else "debit",
                day,
                _day(entry.get("DTAVAIL", "")) or day,
                entry.get("TRNTYPE", "").upper(),
                fitid,
                entry.get("CHECKNUM", "") or entry.get("REFNUM", ""),
                text,
                self.index,
            )
        )

    def _leave(self) -> None:
        self._leave_entry()
        if not self.is_open:
            return
        self.is_open = False
        if self.currency in EXPONENTS:
            self.out.append(
                Statement(
                    line=self.line,
                    account_number=self.account,
                    currency=self.currency,
                    on=self.on,
                    opening=None,
                    closing=self.closing,
                    credits=Money(self.credits, self.currency),
                    debits=Money(self.debits, self.currency),
                    records=self.records,
                    proof="absent",
                )
            )
            self.index += 1
        elif not self.has_said:
            self.fault(self.line, "CURDEF", "currency", "the statement gives no currency; ask the bank for CURDEF")
        self.reset()

    def finish(self) -> None:
        """The file is over."""
        if self.is_open:
            self._leave()
        if not self.index and not self.has_said:
            self.fault(1, "", "empty", "no statement in this file; download it again")

    def told(self) -> Iterator[Item]:
        """What was read since the last time."""
        yield from self.out
        self.out.clear()

    def fault(self, line: int, name: str, rule: str, text: str, raw: str = "", level: Level = "E") -> None:
        """Something wrong."""
        self.has_said = True
        self.out.append(Fault(line, 0, name, f"ofx.{rule}", f"line {line}: {text}", raw, level))

    def _minor(self, text: str) -> int | None:
        if not text or _AMOUNT.fullmatch(text) is None or not any(sign.isdigit() for sign in text):
            return None
        plain = text.replace(",", ".").removeprefix("+")
        is_negative, plain = plain.startswith("-"), plain.removeprefix("-")
        minor = of_decimal(f"0{plain}"[-20:] if plain.startswith(".") else plain, self.currency)
        return None if minor is None or minor > AMOUNT_MAX else -minor if is_negative else minor


def _value(raw: str) -> str:
    return html.unescape(raw.strip()[:_VALUE_MAX]).strip() if raw else ""


def _day(text: str) -> date | None:
    found = _DAY.match(text)
    try:
        return date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None


PARSER = streaming(name="ofx_v1", kind="statement", title="OFX or QFX statement", sniff=sniff, read=read)
