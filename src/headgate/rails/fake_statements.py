"""A day of a bank account as the two statements that banks send: BAI2 and camt.053, the same facts in either."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from datetime import date

from lxml import etree

from headgate.core.money import Money, total

_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
_TEXT_MAX = 60
_ISO_CODES = {
    "195": ("RCDT", "DMCT"),
    "166": ("IDDT", "PMDD"),
    "466": ("ICDT", "DMCT"),
    "257": ("ICDT", "RRTN"),
    "557": ("IDDT", "RRTN"),
    "698": ("MDOP", "CHRG"),
}
"""BAI type code → family and sub-family of ISO 20022, all in the domain PMNT."""

_OTHER = ("OTHR", "OTHR")


@dataclass(frozen=True, slots=True)
class BankAccount:
    """The account that the statement is of."""

    number: str = field(repr=False)
    routing: str
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class BankLine:
    """One booking. `amount` is positive; `is_credit` is seen from the account: money came in."""

    is_credit: bool
    amount: Money
    type_code: str
    customer_reference: str
    text: str


@dataclass(frozen=True, slots=True)
class BankDay:
    """What was booked on an account on one day, in order."""

    account: BankAccount
    on: date
    opening: Money
    lines: tuple[BankLine, ...]

    @property
    def credits(self) -> Money:
        return total([line.amount for line in self.lines if line.is_credit], self.account.currency)

    @property
    def debits(self) -> Money:
        return total([line.amount for line in self.lines if not line.is_credit], self.account.currency)

    @property
    def closing(self) -> Money:
        return self.opening + self.credits - self.debits

    def bank_reference(self, number: int) -> str:
        """The bank's own reference of line `number`, which counts from 1."""
        return f"{self.on:%Y%m%d}{number:06d}"


def bai2(day: BankDay) -> bytes:
    """The day as a BAI2 file (version 2) of one group and one account, control totals and counts included."""
    bank, currency = day.account.routing, day.account.currency
    counts = sum(line.is_credit for line in day.lines), sum(not line.is_credit for line in day.lines)
    summary = [
        ("010", day.opening.minor, ""),
        ("015", day.closing.minor, ""),
        ("100", day.credits.minor, str(counts[0])),
        ("400", day.debits.minor, str(counts[1])),
    ]
    fields = ",".join(f"{code},{amount},{items}," for code, amount, items in summary)
    account = [f"03,{day.account.number},{currency},{fields}/"]
    for number, line in enumerate(day.lines, start=1):
        references = f"{day.bank_reference(number)},{_plain(line.customer_reference)}"
        text, *more = textwrap.wrap(_plain(line.text), _TEXT_MAX) or [""]
        account.append(f"16,{line.type_code},{line.amount.minor},Z,{references},{text}/")
        account += [f"88,{words}/" for words in more]
    control = sum(amount for _, amount, _ in summary) + day.credits.minor + day.debits.minor
    account.append(f"49,{control},{len(account) + 1}/")
    made_on = f"{day.on:%y%m%d}"
    group = [f"02,{bank},{bank},1,{made_on},2359,{currency},2/", *account]
    group.append(f"98,{control},1,{len(group) + 1}/")
    file = [f"01,{bank},{bank},{made_on},2359,1,,,2/", *group]
    file.append(f"99,{control},1,{len(file) + 1}/")
    return ("\n".join(file) + "\n").encode("ascii")


def camt053(day: BankDay) -> bytes:
    """The day as a camt.053.001.08 document with opening and closing balance, summary and entries."""
    document = etree.Element(f"{{{_NAMESPACE}}}Document", nsmap={None: _NAMESPACE})  # type: ignore[dict-item]  # the stubs forget the default
    message = _add(document, "BkToCstmrStmt")
    header = _add(message, "GrpHdr")
    _add(header, "MsgId", f"STMT{day.on:%Y%m%d}")
    _add(header, "CreDtTm", f"{day.on}T23:59:00Z")
    statement = _add(message, "Stmt")
    _add(statement, "Id", f"STMT{day.on:%Y%m%d}-1")
    _add(statement, "CreDtTm", f"{day.on}T23:59:00Z")
    account = _add(statement, "Acct")
    _add(_add(_add(account, "Id"), "Othr"), "Id", day.account.number)
    _add(account, "Ccy", day.account.currency)
    _balance(statement, "OPBD", day.opening, day.on)
    _balance(statement, "CLBD", day.closing, day.on)
    summary = _add(statement, "TxsSummry")
    for tag, sum_, is_credit in (("TtlCdtNtries", day.credits, True), ("TtlDbtNtries", day.debits, False)):
        side = _add(summary, tag)
        _add(side, "NbOfNtries", str(sum(line.is_credit is is_credit for line in day.lines)))
        _add(side, "Sum", str(sum_.major))
    for number, line in enumerate(day.lines, start=1):
        _entry(statement, day, number, line)
    return etree.tostring(document, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _entry(statement: etree._Element, day: BankDay, number: int, line: BankLine) -> None:
    entry = _add(statement, "Ntry")
    _add(entry, "NtryRef", str(number))
    _add(entry, "Amt", str(line.amount.major)).set("Ccy", line.amount.currency)
    _add(entry, "CdtDbtInd", "CRDT" if line.is_credit else "DBIT")
    _add(_add(entry, "Sts"), "Cd", "BOOK")
    _add(_add(entry, "BookgDt"), "Dt", str(day.on))
    _add(_add(entry, "ValDt"), "Dt", str(day.on))
    _add(entry, "AcctSvcrRef", day.bank_reference(number))
    kind = _add(entry, "BkTxCd")
    family, sub_family = _ISO_CODES.get(line.type_code, _OTHER)
    domain = _add(kind, "Domn")
    _add(domain, "Cd", "PMNT")
    families = _add(domain, "Fmly")
    _add(families, "Cd", family)
    _add(families, "SubFmlyCd", sub_family)
    own = _add(kind, "Prtry")
    _add(own, "Cd", line.type_code)
    _add(own, "Issr", "BAI")
    transaction = _add(_add(entry, "NtryDtls"), "TxDtls")
    _add(_add(transaction, "Refs"), "EndToEndId", line.customer_reference)
    _add(_add(transaction, "RmtInf"), "Ustrd", line.text)


def _balance(statement: etree._Element, code: str, amount: Money, on: date) -> None:
    balance = _add(statement, "Bal")
    _add(_add(_add(balance, "Tp"), "CdOrPrtry"), "Cd", code)
    _add(balance, "Amt", str(abs(amount.major))).set("Ccy", amount.currency)
    _add(balance, "CdtDbtInd", "CRDT" if amount.minor >= 0 else "DBIT")
    _add(_add(balance, "Dt"), "Dt", str(on))


def _add(parent: etree._Element, tag: str, text: str | None = None) -> etree._Element:
    child = etree.SubElement(parent, f"{{{_NAMESPACE}}}{tag}")
    child.text = text
    return child


def _plain(text: str) -> str:
    """Text for a BAI2 field: a comma would end the field and a slash the record."""
    ascii_text = text.encode("ascii", "replace").decode()
    return ascii_text.replace(",", " ").replace("/", "-").replace("\n", " ")
