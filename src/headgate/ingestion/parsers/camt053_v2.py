"""ISO 20022 account statements (camt.053), reports (052) and notifications (054), from a stream in constant memory.

Elements are found by their local name, so every version of the namespace is read. Each entry is given as it ends and
then forgotten. Nothing outside the document is ever fetched and no entity is expanded: a document type is a fault.

    <Ntry><Amt Ccy="USD">10000.00</Amt><CdtDbtInd>CRDT</CdtDbtInd> … <AcctSvcrRef>20261124000001</AcctSvcrRef> …

What differs from v1: the entry of a *notification* that stands for several transactions, each with its own amount, gives
one record each where they make the entry's sum, since a notification exists to break a sum up; on a statement an entry
stays one booking, as it stands in the account. A creditor's structured reference is the customer's where no end-to-end
id was given. An entry in another currency than the account's is named where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import BinaryIO, Final

from lxml import etree

from headgate.core.currencies import EXPONENTS
from headgate.core.errors import Malformed
from headgate.core.money import Money
from headgate.ingestion.parsers import camt053_v1 as v1
from headgate.ingestion.parsers import streaming
from headgate.ingestion.parsers._building import transaction
from headgate.ingestion.parsers._identities import StatementIdentities
from headgate.ingestion.parsers._statements import AMOUNT_MAX, SUM_MAX, prove
from headgate.ingestion.records import Direction, Fault, Item, Level, Statement, TransactionRecord

_SIDES: Final[dict[str, Direction]] = {"CRDT": "credit", "DBIT": "debit"}
_NOT_BOOKED: Final = ("PDNG", "INFO", "FUTR")
_CONTAINERS: Final = ("Stmt", "Rpt", "Ntfctn")
_TAGS: Final = tuple(
    f"{{*}}{name}" for name in (*_CONTAINERS, "Document", "Ntry", "Bal", "Acct", "TtlCdtNtries", "TtlDbtNtries")
)
_AMOUNT: Final = re.compile(r"(\d{1,16})(?:\.(\d{0,10}))?\Z", re.ASCII)
_CHILDREN_MAX: Final = 10_000
_ENTRY_MAX: Final = 64 << 20
"""Bytes of the stream that one element may take: a file is read in constant memory, or refused."""


def sniff(data: bytes) -> float:
    """As sure as v1, and a little more."""
    found = v1.sniff(data)
    return found + 0.01 if found else 0.0


def read(stream: BinaryIO) -> Iterator[Item]:
    """Every booked entry as it ends, each statement after its entries, and all faults."""
    reader = _Reader()
    source = _Watched(stream)
    try:
        for event, element in etree.iterparse(
            source,
            events=("start", "end"),
            tag=_TAGS,
            resolve_entities=False,
            no_network=True,
            huge_tree=False,
            load_dtd=False,
            remove_comments=True,
            remove_pis=True,
        ):
            if event == "end":
                source.since = 0
            yield from reader.take(event, element)
            if reader.is_refused:
                return
    except etree.XMLSyntaxError as error:
        line, column = error.position
        line = line or 1
        text = f"line {line}: not well-formed XML; ask for the file again"
        if source.is_over:
            text = f"line {line}: one element takes more than {_ENTRY_MAX >> 20} MB; ask for the file again"
        yield Fault(line, column or 0, "", "camt.xml", text)
    except (ValueError, LookupError):
        text = "line 1: the document's encoding cannot be read; ask for it in UTF-8"
        yield Fault(1, 0, "", "camt.encoding", text)
    yield from reader.finish()


class _Watched:
    """A stream that ends where one element takes more than it may, before memory does."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.since = 0
        self.is_over = False

    def read(self, size: int = -1) -> bytes:
        self.since += max(size, 0)
        if self.since > _ENTRY_MAX:
            self.is_over = True
            return b""
        return self.stream.read(size)


@dataclass(slots=True)
class _Open:
    """The statement being read; sums in minor units."""

    line: int
    kind: str
    account_number: str = ""
    currency: str = ""
    reference: str = ""
    on: date | None = None
    opening: Money | None = None
    closing: Money | None = None
    said: dict[str, tuple[str, str]] = field(default_factory=dict)
    sums: dict[Direction, int] = field(default_factory=lambda: {"credit": 0, "debit": 0})
    entries: dict[Direction, int] = field(default_factory=lambda: {"credit": 0, "debit": 0})
    records: int = 0


class _Reader:
    """Takes elements as they begin and end; keeps one open statement."""

    def __init__(self) -> None:
        self.identities = StatementIdentities()
        self.open: _Open | None = None
        self.statements = self.whole = 0
        self.is_refused = self.has_said = False
        self.is_root = True
        self.names: dict[str, str] = {}
        self.days: dict[str, date | None] = {}
        self.faults: list[Fault] = []

    def take(self, event: str, element: etree._Element) -> Iterator[Item]:
        """The next start or end of an element that is asked for."""
        name = self._local(element.tag)
        if event == "start":
            if self.is_root:
                yield from self._root(element)
            if name in _CONTAINERS:
                self.open = _Open(v1._line(element), name)
            return
        if self.open is None:
            return
        if name == "Ntry":
            yield from self._entry(self.open, element)
            v1._forget(element)
        elif name == "Bal":
            self._balance(self.open, element)
        elif name == "Acct":
            if v1._parent(element) in _CONTAINERS:
                self.open.account_number = v1._first(element, "Id/IBAN", "Id/Othr/Id", "Id/PrtryAcct/Id")
                self.open.currency = v1._first(element, "Ccy")
        elif name in ("TtlCdtNtries", "TtlDbtNtries"):
            side = "credit" if name == "TtlCdtNtries" else "debit"
            self.open.said[side] = v1._first(element, "NbOfNtries"), v1._first(element, "Sum")
        elif name in _CONTAINERS:
            self.open.reference = v1._first(element, "Id")
            yield from self._close(self.open, is_whole=True)
            v1._forget(element)
        if self.faults:
            yield from self._told()

    def finish(self) -> Iterator[Item]:
        """The document is over."""
        if self.open is not None:
            yield from self._close(self.open, is_whole=False)
        yield from self._told()
        if not self.statements and not self.has_said:
            yield Fault(1, 0, "", "camt.kind", "line 1: no statement, report or notification in this document")

    def _root(self, element: etree._Element) -> Iterator[Fault]:
        self.is_root = False
        if element.getroottree().docinfo.internalDTD is not None:
            self.is_refused = self.has_said = True
            text = (
                "line 1: the document declares a type or entities, which a bank never needs; ask for it without DOCTYPE"
            )
            yield Fault(1, 0, "", "camt.doctype", text)

    def _entry(self, statement: _Open, entry: etree._Element) -> Iterator[Item]:
        local = self._local
        kids = {local(child.tag): child for child in entry}
        status = _text(kids.get("Sts")) or (v1._first(kids["Sts"], "Cd") if "Sts" in kids else "")
        if status in _NOT_BOOKED:
            line = v1._line(entry)
            self._fault(line, "Sts", "status", f"an entry of status {status} is not booked and was left out", "W")
            return
        line = v1._line(entry)
        amount = self._amount(line, kids.get("Amt"))
        direction = _SIDES.get(_text(kids.get("CdtDbtInd")))
        if direction is None:
            self._fault(line, "CdtDbtInd", "side", "neither CRDT nor DBIT; ask the bank which side it is")
        if amount is None or direction is None:
            return
        minor, currency = amount
        if statement.currency not in EXPONENTS:
            statement.currency = currency
        if currency != statement.currency:
            text = f"an entry in {currency} on an account in {statement.currency}; ask the bank for its amount"
            self._fault(line, "Amt", "currency", text)
            return
        self.whole += minor
        if minor > AMOUNT_MAX or self.whole > SUM_MAX:
            self.whole -= minor
            self._fault(line, "Amt", "amount", "more than an account can hold; ask the bank for the amount")
            return
        statement.sums[direction] += minor
        statement.entries[direction] += 1
        booked_on = self._day(line, kids.get("BookgDt"), "BookgDt") or statement.on
        value_on = self._day(line, kids.get("ValDt"), "ValDt") or booked_on
        details = [
            one for child in entry if local(child.tag) == "NtryDtls" for one in child if local(one.tag) == "TxDtls"
        ]
        code_at = kids.get("BkTxCd")
        code = self._type_code(code_at) if code_at is not None else ""
        bank_reference = _text(kids.get("AcctSvcrRef"))
        if statement.kind == "Ntfctn" and len(details) > 1:
            split = self._split(details, minor, currency, direction)
            if split:
                for at, (one, part, side) in enumerate(split, start=1):
                    reference = v1._first(one, "Refs/AcctSvcrRef") or (
                        f"{bank_reference}/{at}" if bank_reference else ""
                    )
                    yield self._record(
                        statement, v1._line(one) or line, part, currency, side, booked_on, value_on, code, reference,
                        _end_to_end(one), _words(one),
                    )  # fmt: skip
                return
        if not bank_reference and details:
            bank_reference = v1._first(details[0], "Refs/AcctSvcrRef")
        customer = _end_to_end(details[0]) if len(details) == 1 else ""
        customer = customer or v1._customer_reference(entry, None) if details or "NtryDtls" in kids else ""
        yield self._record(
            statement,
            line,
            minor,
            currency,
            direction,
            booked_on,
            value_on,
            code,
            bank_reference,
            customer,
            _words(entry),
        )

    def _record(
        self,
        statement: _Open,
        line: int,
        minor: int,
        currency: str,
        direction: Direction,
        booked_on: date | None,
        value_on: date | None,
        code: str,
        bank_reference: str,
        customer_reference: str,
        text: str,
    ) -> TransactionRecord:
        statement.records += 1
        account = statement.account_number
        return transaction(
            line, self.identities.of(account, booked_on, code, bank_reference), account, minor, currency, direction,
            booked_on, value_on, code, bank_reference, customer_reference, text, self.statements,
        )  # fmt: skip

    def _split(
        self, details: list[etree._Element], minor: int, currency: str, direction: Direction
    ) -> list[tuple[etree._Element, int, Direction]]:
        """The transactions of an entry with their amounts; none where they do not make its sum, all of one side."""
        found: list[tuple[etree._Element, int, Direction]] = []
        for one in details[:_CHILDREN_MAX]:
            amount = next((child for child in one if self._local(child.tag) == "Amt"), None)
            if amount is None:
                nested = _at(one, "AmtDtls", "TxAmt", "Amt")
                amount = nested
            read = _minor(_text(amount), amount.get("Ccy") or "") if amount is not None else None
            side = v1._first(one, "CdtDbtInd")
            if (
                read is None
                or amount is None
                or amount.get("Ccy") != currency
                or (side and _SIDES.get(side) != direction)
            ):
                return []
            found.append((one, read, direction))
        return found if sum(part for _, part, _ in found) == minor else []

    def _balance(self, statement: _Open, balance: etree._Element) -> None:
        code = v1._first(balance, "Tp/CdOrPrtry/Cd")
        if code not in ("OPBD", "PRCD", "CLBD"):
            return
        line = v1._line(balance)
        amount = self._amount(line, next((child for child in balance if self._local(child.tag) == "Amt"), None))
        if amount is None:
            return
        if amount[0] > AMOUNT_MAX:
            self._fault(line, "Amt", "amount", "more than an account can hold; ask the bank for the balance")
            return
        signed = Money(-amount[0] if v1._first(balance, "CdtDbtInd") == "DBIT" else amount[0], amount[1])
        day = self._day(line, next((child for child in balance if self._local(child.tag) == "Dt"), None), "Dt")
        statement.currency = statement.currency if statement.currency in EXPONENTS else signed.currency
        if code == "CLBD":
            statement.closing = signed
            statement.on = day or statement.on
        elif code == "OPBD" or statement.opening is None:
            statement.opening = signed
            statement.on = statement.on or day

    def _close(self, statement: _Open, *, is_whole: bool) -> Iterator[Item]:
        line = statement.line
        self.open = None
        if not is_whole:
            self._fault(line, "", "complete", "the statement does not end; ask for the file again")
        currency = statement.currency if statement.currency in EXPONENTS else "USD"
        for side, (count, amount) in statement.said.items():
            own: Direction = "credit" if side == "credit" else "debit"
            made, entries = Money(statement.sums[own], currency), statement.entries[own]
            if count.isascii() and count.isdigit() and count.lstrip("0") != str(entries).lstrip("0"):
                self._fault(line, "NbOfNtries", "count", f"says {count[:9]} {side}s, but there are {entries}")
            if amount and not _equals(amount, made):
                self._fault(line, "Sum", "total", f"the sum of {side}s is not that of its entries, {made.format()}")
        credits, debits = Money(statement.sums["credit"], currency), Money(statement.sums["debit"], currency)
        proof = prove(statement.opening, statement.closing, credits, debits)
        if proof == "reversed":
            text = "the balances prove only when their signs are read from the bank's side: set that for this source"
            self._fault(line, "Bal", "balance", text, "W")
        elif proof == "differs":
            self._fault(line, "Bal", "balance", "opening balance and entries do not make the closing balance", "W")
        yield from self._told()
        self.statements += 1
        yield Statement(
            line=line,
            account_number=statement.account_number,
            currency=currency,
            on=statement.on,
            opening=statement.opening,
            closing=statement.closing,
            credits=credits,
            debits=debits,
            records=statement.records,
            proof=proof,
            reference=statement.reference,
        )

    # Helpers, in the order of their call.

    def _local(self, tag: str) -> str:
        found = self.names.get(tag)
        if found is None:
            if len(self.names) > 1_000:
                self.names.clear()
            found = self.names[tag] = str(tag).rpartition("}")[2]
        return found

    def _amount(self, line: int, element: etree._Element | None) -> tuple[int, str] | None:
        """Minor units and currency of an `Amt`, or None and a fault."""
        if element is None:
            self._fault(line, "Amt", "amount", "no amount; ask the bank for it")
            return None
        text, currency = _text(element), (element.get("Ccy") or "").strip()
        minor = _minor(text, currency)
        if minor is not None:
            return minor, currency
        if text.startswith("-"):
            self._fault(line, "Amt", "amount", "negative; write a positive amount and the other side")
            return None
        try:
            Money.parse(text, currency)
            self._fault(line, "Amt", "amount", "more than an account can hold; ask the bank for the amount")
        except Malformed as error:
            self._fault(line, "Amt", "amount", error.message)
        return None

    def _day(self, line: int, element: etree._Element | None, name: str) -> date | None:
        if element is None:
            return None
        text = (_text(element) or next((_text(child) for child in element if _text(child)), ""))[:10]
        if not text:
            return None
        if text not in self.days:
            if len(self.days) > 5_000:
                self.days.clear()
            try:
                self.days[text] = date.fromisoformat(text)
            except ValueError:
                self.days[text] = None
        found = self.days[text]
        if found is None:
            self._fault(line, name, "date", "no such day; write it as 2026-11-24", "W")
        return found

    def _type_code(self, element: etree._Element) -> str:
        """The bank's own code, else domain, family and sub-family of ISO 20022."""
        own = v1._first(element, "Prtry/Cd")
        if own:
            return own
        parts = (v1._first(element, path) for path in ("Domn/Cd", "Domn/Fmly/Cd", "Domn/Fmly/SubFmlyCd"))
        return "-".join(part for part in parts if part)

    def _told(self) -> Iterator[Fault]:
        yield from self.faults
        self.faults.clear()

    def _fault(self, line: int, name: str, rule: str, text: str, level: Level = "E") -> None:
        self.has_said = True
        line = line or 1
        self.faults.append(Fault(line, 0, name, f"camt.{rule}", f"line {line}: {text}", "", level))


def _text(element: etree._Element | None) -> str:
    return (element.text or "").strip() if element is not None else ""


def _at(element: etree._Element, *names: str) -> etree._Element | None:
    for name in names:
        found = next((child for child in element if str(child.tag).rpartition("}")[2] == name), None)
        if found is None:
            return None
        element = found
    return element


def _minor(text: str, currency: str) -> int | None:
    """Minor units of a positive decimal; None where it is none, or not exact in its currency."""
    digits = EXPONENTS.get(currency)
    found = _AMOUNT.match(text) if digits is not None else None
    if found is None or digits is None:
        return None
    whole, decimals = found[1], found[2] or ""
    if len(decimals) > digits:
        if decimals[digits:].strip("0"):
            return None
        decimals = decimals[:digits]
    return int(whole + decimals.ljust(digits, "0"))


def _equals(text: str, amount: Money) -> bool:
    try:
        return Money.parse(text, amount.currency) == amount
    except Malformed:
        return False


def _end_to_end(details: etree._Element) -> str:
    """What the customer gave: the end-to-end id, else the creditor's structured reference, else an id of the order."""
    found = v1._first(details, "Refs/EndToEndId")
    if found and found != "NOTPROVIDED":
        return found
    structured = v1._first(details, "RmtInf/Strd/CdtrRefInf/Ref", "RmtInf/Strd/CdtrRefInf/CdtrRef")
    return structured or v1._first(details, "Refs/InstrId", "Refs/PmtInfId", "Refs/MsgId", "Refs/TxId")


def _words(element: etree._Element) -> str:
    found = [_text(node) for node in element.iter("{*}Ustrd", "{*}AddtlNtryInf", "{*}AddtlTxInf")]
    return " ".join(dict.fromkeys(word for word in found if word))


PARSER = streaming(name="camt053_v2", kind="statement", title="ISO 20022 statement", sniff=sniff, read=read)
