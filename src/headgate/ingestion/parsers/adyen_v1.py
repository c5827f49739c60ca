"""Adyen: the settlement details report, one row a movement, batch by batch.

    Company Account,Merchant Account,Psp Reference,Merchant Reference,Payment Method,Creation Date,TimeZone,Type,…,
    Gross Currency,Gross Debit (GC),Gross Credit (GC),Exchange Rate,Net Currency,Net Debit (NC),Net Credit (NC),
    Commission (NC),Markup (NC),Scheme Fees (NC),Interchange (NC),…,Batch Number

A movement is told in the currency of settlement: its fee is commission, markup, scheme fees and interchange together, its
gross what remains of the net without it; the gross in the customer's currency stands in the text. A payout empties its
batch, so the nets of a batch with its payout make nothing but what the batch before left over.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from headgate.ingestion.parsers import streaming
from headgate.ingestion.parsers._amounts import day, of_decimal
from headgate.ingestion.parsers._building import money, settlement
from headgate.ingestion.parsers._reports import Report, Sums, header_names, movements
from headgate.ingestion.records import Fault, Item, SettlementRecord, SettlementStatus

_COLUMNS: Final = {"psp reference", "type", "net currency", "net debit nc", "net credit nc", "batch number"}
_FEES: Final = ("commission nc", "markup nc", "scheme fees nc", "interchange nc")
_PAYOUT: Final = "merchantpayout"
_RETURNED: Final = ("chargeback", "secondchargeback", "refundedreversed", "chargebackexternallywithinfo")
_BANK: Final = ("ach", "sepadirectdebit", "directebanking", "ideal", "banktransfer", "eft")


def sniff(data: bytes) -> float:
    """The header of a settlement details report."""
    return 0.92 if any(names >= _COLUMNS for names in header_names(data)[:3]) else 0.0


def read(stream: BinaryIO) -> Iterator[Item]:
    """Every movement, and each payout compared with its batch."""
    return movements(
        stream,
        "adyen",
        is_header=lambda report: set(report.names) >= _COLUMNS,
        movement=_movement,
        is_payout=lambda item: item.kind.lower() == _PAYOUT,
        sums=Sums("batch"),
        lacks="no header of a settlement details report; download it with its standard columns",
    )


def _movement(report: Report, line: int, row: list[str]) -> SettlementRecord | Fault:
    def cell(*names: str) -> str:
        at = report.at(*names)
        return row[at].strip() if at >= 0 else ""

    currency = cell("net currency").upper()
    debit, credit = (
        of_decimal(cell("net debit nc") or "0", currency),
        of_decimal(cell("net credit nc") or "0", currency),
    )
    fees = [of_decimal(cell(name) or "0", currency) for name in _FEES]
    if debit is None or credit is None or any(fee is None for fee in fees):
        return report.fault(
            line, "net credit nc", "amount", "no amount exact in its currency; download the report again", row
        )
    if debit and credit:
        return report.fault(line, "net debit nc", "amount", "both a debit and a credit; download the report again", row)
    kind = cell("type")
    net, fee = credit - debit, sum(fee for fee in fees if fee is not None)
    gross = net + fee
    reference, change = cell("psp reference"), cell("modification reference")
    name = ":".join(part for part in (change or reference, kind) if part)
    status: SettlementStatus = "returned" if kind.lower() in _RETURNED else "settled"
    method = cell("payment method").lower()
    original = cell("gross credit gc") or cell("gross debit gc")
    foreign = cell("gross currency")
    return settlement(
        line, name if reference or change else None, "adyen", kind, status,
        "ach" if kind.lower() == _PAYOUT or method in _BANK else "paypal" if method == "paypal" else "card",
        "credit" if gross > 0 or (not gross and net >= 0) else "debit", money(abs(gross), currency), money(fee, currency),
        money(net, currency), day(cell("creation date")), day(cell("booking date")) or day(cell("creation date")), reference,
        cell("batch number"), "", "", cell("merchant reference"),
        f"{original} {foreign}" if original and foreign and foreign.upper() != currency else "",
    )  # fmt: skip


PARSER = streaming(name="adyen_v1", kind="settlement", title="Adyen settlement details", sniff=sniff, read=read)
