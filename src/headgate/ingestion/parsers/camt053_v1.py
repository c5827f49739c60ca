"""ISO 20022 account statements: camt.053, and its siblings 052 (report) and 054 (notification), of any version.

Elements are found by their local name, so every version of the namespace is read. The document is walked once and
forgotten as it goes. Nothing outside it is ever fetched and no entity is expanded: a document type is a fault.

    <Ntry><Amt Ccy="USD">10000.00</Amt><CdtDbtInd>CRDT</CdtDbtInd> … <AcctSvcrRef>20261124000001</AcctSvcrRef> …
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import date

from lxml import etree

from headgate.core.errors import Malformed
from headgate.core.money import Money, total
from headgate.ingestion.parsers import Parser
from headgate.ingestion.parsers._statements import AMOUNT_MAX, Ceiling, Identities, prove, totals
from headgate.ingestion.records import Direction, Fault, Level, Parsed, Statement, TransactionRecord

_CONTAINERS = ("Stmt", "Rpt", "Ntfctn")
_SIDES: dict[str, Direction] = {"CRDT": "credit", "DBIT": "debit"}
_NOT_BOOKED = ("PDNG", "INFO", "FUTR")


def sniff(data: bytes) -> float:
    """XML that names a statement, report or notification in its first 64 KB."""
    head = data[:65_536].replace(b"\x00", b"")
    return 0.95 if b"<" in head[:16] and b"BkToCstmr" in head else 0.0


def parse(data: bytes) -> Parsed:
    """Every booked entry of every statement, the statements and all faults."""
    reader = _Reader()
    try:
        for event, element in etree.iterparse(
            io.BytesIO(data),
            events=("start", "end"),
            resolve_entities=False,
            no_network=True,
            huge_tree=False,
            load_dtd=False,
        ):
            reader.take(event, element)
            if reader.is_refused:
                break
    except etree.XMLSyntaxError as error:
        line, column = error.position
        text = f"line {line}: not well-formed XML; ask for the file again"
        reader.faults.append(Fault(line or 0, column or 0, "", "camt.xml", text))
    except (ValueError, LookupError):
        text = "the document's encoding cannot be read; ask for it in UTF-8"
        reader.faults.append(Fault(1, 0, "", "camt.encoding", text))
    return reader.finish()


@dataclass(slots=True)
class _Open:
    """The statement being read."""

    line: int
    account_number: str = ""
    currency: str = ""
    reference: str = ""
    on: date | None = None
    opening: Money | None = None
    closing: Money | None = None
    said: dict[str, tuple[str, str]] = field(default_factory=dict)
    records: list[TransactionRecord] = field(default_factory=list)


class _Reader:
    """Takes elements as they end; keeps one open statement and what is done."""

    def __init__(self) -> None:
        self.records: list[TransactionRecord] = []
        self.faults: list[Fault] = []
        self.statements: list[Statement] = []
        self.identities = Identities()
        self.ceiling = Ceiling()
        self.open: _Open | None = None
        self.is_refused = False
        self.is_root = True

    def take(self, event: str, element: etree._Element) -> None:
        """The next start or end of an element."""
        if not isinstance(element.tag, str):
            return
        name = _local(element)
        if event == "start":
            if self.is_root:
                self._root(element)
            elif name in _CONTAINERS:
                self.open = _Open(_line(element))
            return
        if self.open is None:
            return
        if name == "Ntry":
            self._entry(self.open, element)
            _forget(element)
        elif name == "Bal":
            self._balance(self.open, element)
        elif name == "Acct":
            if _parent(element) in _CONTAINERS:
                self.open.account_number = _first(element, "Id/IBAN", "Id/Othr/Id")
                self.open.currency = _first(element, "Ccy")
        elif name in ("TtlCdtNtries", "TtlDbtNtries"):
            side = "credit" if name == "TtlCdtNtries" else "debit"
            self.open.said[side] = _first(element, "NbOfNtries"), _first(element, "Sum")
        elif name in _CONTAINERS:
            self.open.reference = _first(element, "Id")
            self._close(self.open, element)
            _forget(element)

    def finish(self) -> Parsed:
        """The document is over, or was refused."""
        if self.open is not None:
            self._close(self.open, None)
        if not self.statements and not self.faults:
            self.faults.append(
                Fault(1, 0, "", "camt.kind", "line 1: no statement, report or notification in this document")
            )
        return Parsed(
            records=tuple(self.records),
            faults=tuple(self.faults),
            statements=tuple(self.statements),
            totals=totals(self.statements, self.records),
        )

    def _root(self, element: etree._Element) -> None:
        self.is_root = False
        if element.getroottree().docinfo.internalDTD is not None:
            self.is_refused = True
            text = "the document declares a type or entities, which a bank never needs; ask for it without DOCTYPE"
            self.faults.append(Fault(1, 0, "", "camt.doctype", text))

    def _entry(self, statement: _Open, entry: etree._Element) -> None:
        line = _line(entry)
        status = _first(entry, "Sts/Cd", "Sts")
        if status in _NOT_BOOKED:
            self._fault(line, "Sts", "status", f"an entry of status {status} is not booked and was left out", "W")
            return
        amount = self._money(line, entry, "Amt")
        direction = _SIDES.get(_first(entry, "CdtDbtInd"))
        if direction is None:
            self._fault(line, "CdtDbtInd", "side", "neither CRDT nor DBIT; ask the bank which side it is")
        if amount is None or direction is None:
            return
        if amount.minor < 0:
            self._fault(line, "Amt", "amount", "negative; write a positive amount and the other side")
            return
        if not self.ceiling.takes(amount):
            self._fault(line, "Amt", "amount", "more than an account can hold; ask the bank for the amount")
            return
        booked_on = self._day(line, entry, "BookgDt") or statement.on
        details = [node for node in entry.iter() if isinstance(node.tag, str) and _local(node) == "TxDtls"]
        only = details[0] if len(details) == 1 else None
        bank_reference = _first(entry, "AcctSvcrRef") or _first(entry, "NtryDtls/TxDtls/Refs/AcctSvcrRef")
        type_code = _type_code(entry)
        statement.records.append(
            TransactionRecord(
                line=line,
                external_id=self.identities.of(statement.account_number, booked_on, type_code, bank_reference),
                account_number=statement.account_number,
                amount=amount,
                direction=direction,
                booked_on=booked_on,
                value_on=self._day(line, entry, "ValDt") or booked_on,
                type_code=type_code,
                bank_reference=bank_reference,
                customer_reference=_customer_reference(entry, only),
                text=_text(entry),
                statement=len(self.statements),
            )
        )

    def _balance(self, statement: _Open, balance: etree._Element) -> None:
        code = _first(balance, "Tp/CdOrPrtry/Cd")
        if code not in ("OPBD", "PRCD", "CLBD"):
            return
        line = _line(balance)
        amount = self._money(line, balance, "Amt")
        if amount is None:
            return
        if abs(amount.minor) > AMOUNT_MAX:
            self._fault(line, "Amt", "amount", "more than an account can hold; ask the bank for the balance")
            return
        signed = -amount if _first(balance, "CdtDbtInd") == "DBIT" else amount
        if code == "CLBD":
            statement.closing = signed
            statement.on = self._day(line, balance, "Dt") or statement.on
        elif code == "OPBD" or statement.opening is None:
            statement.opening = signed
            statement.on = statement.on or self._day(line, balance, "Dt")

    def _close(self, statement: _Open, element: etree._Element | None) -> None:
        own, line = statement.records, statement.line
        currency = _currency(statement)
        if element is None:
            self._fault(line, "", "complete", "the statement does not end; ask for the file again")
        strange = [record for record in own if record.amount.currency != currency]
        for record in strange:
            text = f"an entry in {record.amount.currency} on an account in {currency}; ask the bank for its amount"
            self._fault(record.line, "Amt", "currency", text)
        own = [record for record in own if record.amount.currency == currency]
        sums = {side: [record.amount for record in own if record.direction == side] for side in ("credit", "debit")}
        credits, debits = total(sums["credit"], currency), total(sums["debit"], currency)
        for side, (count, amount) in statement.said.items():
            made = total(sums[side], currency)
            if count.isascii() and count.isdigit() and count.lstrip("0") != str(len(sums[side])).lstrip("0"):
                self._fault(line, "NbOfNtries", "count", f"says {count[:9]} {side}s, but there are {len(sums[side])}")
            if amount and not _equals(amount, made):
                self._fault(line, "Sum", "total", f"the sum of {side}s is not that of its entries, {made.format()}")
        proof = prove(statement.opening, statement.closing, credits, debits)
        if proof == "reversed":
            text = "the balances prove only when their signs are read from the bank's side: set that for this source"
            self._fault(line, "Bal", "balance", text, "W")
        elif proof == "differs":
            self._fault(line, "Bal", "balance", "opening balance and entries do not make the closing balance", "W")
        self.statements.append(
            Statement(
                line=line,
                account_number=statement.account_number,
                currency=currency,
                on=statement.on,
                opening=statement.opening,
                closing=statement.closing,
                credits=credits,
                debits=debits,
                records=len(own),
                proof=proof,
                reference=statement.reference,
            )
        )
        self.records += own
        self.open = None

    # Helpers, in the order of their call.

    def _money(self, line: int, parent: etree._Element, name: str) -> Money | None:
        for child in parent:
            if isinstance(child.tag, str) and _local(child) == name:
                try:
                    return Money.parse((child.text or "").strip(), (child.get("Ccy") or "").strip())
                except Malformed as error:
                    self._fault(line, name, "amount", error.message)
                    return None
        self._fault(line, name, "amount", "no amount; ask the bank for it")
        return None

    def _day(self, line: int, parent: etree._Element, name: str) -> date | None:
        text = _first(parent, f"{name}/Dt", f"{name}/DtTm", name)
        if not text:
            return None
        try:
            return date.fromisoformat(text[:10])
        except ValueError:
            self._fault(line, name, "date", "no such day; write it as 2026-11-24", "W")
            return None

    def _fault(self, line: int, name: str, rule: str, text: str, level: Level = "E") -> None:
        self.faults.append(Fault(line, 0, name, f"camt.{rule}", f"line {line}: {text}", "", level))


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _line(element: etree._Element) -> int:
    line = element.sourceline
    return line if isinstance(line, int) else 0


def _parent(element: etree._Element) -> str:
    parent = element.getparent()
    return _local(parent) if parent is not None and isinstance(parent.tag, str) else ""


def _first(element: etree._Element, *paths: str) -> str:
    """The text at the first of these paths of local names that has one."""
    for path in paths:
        found = _walk(element, path.split("/"))
        if found:
            return found
    return ""


def _walk(element: etree._Element, path: list[str]) -> str:
    for child in element:
        if isinstance(child.tag, str) and _local(child) == path[0]:
            text = _walk(child, path[1:]) if len(path) > 1 else (child.text or "").strip()
            if text:
                return text
    return ""


def _type_code(entry: etree._Element) -> str:
    """The bank's own code, else domain, family and sub-family of ISO 20022."""
    own = _first(entry, "BkTxCd/Prtry/Cd")
    parts = (
        _first(entry, "BkTxCd/Domn/Cd"),
        _first(entry, "BkTxCd/Domn/Fmly/Cd"),
        _first(entry, "BkTxCd/Domn/Fmly/SubFmlyCd"),
    )
    return own or "-".join(part for part in parts if part)


def _customer_reference(entry: etree._Element, only: etree._Element | None) -> str:
    """What the customer gave: of a single transaction its end-to-end id, of a batch the id of its message."""
    if only is not None:
        found = _first(only, "Refs/EndToEndId", "Refs/InstrId", "Refs/PmtInfId", "Refs/MsgId", "Refs/TxId")
        if found and found != "NOTPROVIDED":
            return found
    return _first(entry, "NtryDtls/Btch/PmtInfId", "NtryDtls/Btch/MsgId", "NtryDtls/TxDtls/Refs/PmtInfId")


def _text(entry: etree._Element) -> str:
    words = [
        (node.text or "").strip()
        for node in entry.iter()
        if isinstance(node.tag, str) and _local(node) in ("Ustrd", "AddtlNtryInf", "AddtlTxInf")
    ]
    return " ".join(dict.fromkeys(word for word in words if word))


def _currency(statement: _Open) -> str:
    """The account's currency, else that of its balances or entries."""
    amounts = [statement.closing, statement.opening, *(record.amount for record in statement.records[:1])]
    candidates = [amount.currency for amount in amounts if amount is not None]
    try:
        return Money(0, statement.currency).currency
    except Malformed:
        return candidates[0] if candidates else "USD"


def _equals(text: str, amount: Money) -> bool:
    try:
        return Money.parse(text, amount.currency) == amount
    except Malformed:
        return False


def _forget(element: etree._Element) -> None:
    """Free an element that was read, and its twin before it: a statement of any length stays small in memory."""
    element.clear()
    previous, parent = element.getprevious(), element.getparent()
    if previous is not None and parent is not None and previous.tag == element.tag:
        parent.remove(previous)


PARSER = Parser(name="camt053_v1", kind="statement", title="ISO 20022 statement", sniff=sniff, parse=parse)
