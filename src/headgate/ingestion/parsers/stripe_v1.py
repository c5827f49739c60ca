"""Stripe: balance transactions and payouts of its interface (JSON), and its reports (CSV) of the balance and of payouts.

    {"id": "txn_1", "object": "balance_transaction", "amount": 10200, "fee": 295, "net": 9905, "currency": "chf", …}
    automatic_payout_id,automatic_payout_effective_at,balance_transaction_id,created,available_on,currency,gross,fee,net,…

Amounts of the interface are whole in Stripe's own smallest units, which are those of ISO 4217 but for a few currencies;
reports write decimals. gross − fee = net holds for every movement, and the movements of a payout make its amount, where
the file holds both. A payout leaves the balance, so it is a debit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from headgate.ingestion.parsers import streaming
from headgate.ingestion.parsers._amounts import day, of_decimal, of_stripe
from headgate.ingestion.parsers._building import money, settlement
from headgate.ingestion.parsers._json_values import dig, text_of, values
from headgate.ingestion.parsers._reports import Report, Sums, header_names, movements
from headgate.ingestion.records import Direction, Fault, Item, SettlementRecord, SettlementStatus

_PROVIDER: Final = "stripe"
_JSON: Final = re.compile(rb'"object"\s*:\s*"(?:balance_transaction|payout)"')
_PAYOUTS: Final[dict[str, SettlementStatus]] = {
    "paid": "settled",
    "pending": "pending",
    "in_transit": "pending",
    "failed": "returned",
    "canceled": "rejected",
    "cancelled": "rejected",
}
_PAYOUT_KINDS: Final = ("payout", "payout_failure", "payout_cancel", "payout_reversal", "transfer_to_bank")
_BANK_KINDS: Final = ("payment", "payment_refund", "payment_failure_refund", "payment_reversal")


def sniff(data: bytes) -> float:
    """Objects that call themselves so, or a report's header."""
    head = data[:65_536]
    if head[:16].lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in (b"{", b"["):
        return 0.9 if _JSON.search(head) else 0.0
    for names in header_names(head)[:3]:
        if "balance transaction id" in names and {"currency", "net"} <= names and names & {"gross", "amount"}:
            return 0.9
        if {"id", "arrival date", "amount", "currency"} <= names or {"id", "arrival date utc", "amount"} <= names:
            return 0.9
        if {"id", "type", "source", "amount", "fee", "net", "currency"} <= names:
            return 0.85
    return 0.0


def read(stream: BinaryIO) -> Iterator[Item]:
    """Every movement, and each payout compared with its movements."""
    first = stream.read(16)
    stream.seek(0)
    if first.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in (b"{", b"["):
        yield from _objects(stream)
    else:
        yield from _report(stream)


def _objects(stream: BinaryIO) -> Iterator[Item]:
    found = False
    for one in values(stream, "stripe"):
        if isinstance(one, Fault):
            found = True
            yield one
            continue
        line, value = one
        found = True
        kind = dig(value, "object")
        if kind == "list" and isinstance(value.get("data"), list):
            for inner in value["data"]:
                yield _object(line, inner)
        else:
            yield _object(line, value)
    if not found:
        yield Fault(1, 0, "", "stripe.empty", "line 1: no movement and no payout; send a page of the interface")


def _object(line: int, value: Any) -> SettlementRecord | Fault:
    kind = dig(value, "object")
    if kind not in ("balance_transaction", "payout"):
        text = f"line {line}: neither a balance transaction nor a payout, and was left out; ask for those"
        return Fault(line, 0, "object", "stripe.object", text)
    currency = text_of(value.get("currency")).upper()
    amount = of_stripe(value.get("amount"), currency)
    if amount is None:
        text = f"line {line}: no whole amount of a currency; ask Stripe for the object again"
        return Fault(line, 0, "amount", "stripe.amount", text)
    name = text_of(value.get("id"))
    if kind == "payout":
        trace = dig(value, "trace_id", "value")
        return settlement(
            line, name or None, _PROVIDER, "payout", _PAYOUTS.get(text_of(value.get("status")), "pending"),
            _payout_rail(text_of(value.get("method")), text_of(value.get("type"))), "debit" if amount >= 0 else "credit",
            money(abs(amount), currency), money(0, currency), money(-amount, currency), day(value.get("created")),
            day(value.get("arrival_date")), name, name, text_of(trace), text_of(value.get("failure_code")), "",
            text_of(value.get("description")),
        )  # fmt: skip
    fee, net = of_stripe(value.get("fee"), currency), of_stripe(value.get("net"), currency)
    if fee is None or net is None or amount - fee != net:
        text = f"line {line}: amount less fee is not net; ask Stripe for the object again"
        return Fault(line, 0, "net", "stripe.net", text)
    source = value.get("source")
    reference = text_of(dig(source, "id") if isinstance(source, dict) else source)
    return settlement(
        line, name or None, _PROVIDER, text_of(value.get("type")), "settled" if value.get("status") == "available" else
        "pending", _rail(text_of(value.get("type"))), _side(amount, net), money(abs(amount), currency), money(fee, currency),
        money(net, currency), day(value.get("created")), day(value.get("available_on")), reference,
        text_of(value.get("payout") or value.get("automatic_payout_id")), "", "", "", text_of(value.get("description")),
    )  # fmt: skip


def _report(stream: BinaryIO) -> Iterator[Item]:
    return movements(
        stream,
        "stripe",
        is_header=lambda report: report.at("currency") >= 0 and report.at("amount", "gross") >= 0,
        movement=lambda report, line, row: (_payout_row if report.at("net") < 0 else _movement)(report, line, row),
        is_payout=lambda item: item.kind in _PAYOUT_KINDS,
        sums=Sums("payout"),
        lacks="no header with currency and amount; download the itemised report again",
    )


def _movement(report: Report, line: int, row: list[str]) -> SettlementRecord | Fault:
    """A row of a balance report: decimals in major units."""
    cell = _cells(report, row)
    currency = cell("currency").upper()
    gross = of_decimal(cell("gross", "amount"), currency)
    fee, net = of_decimal(cell("fee", "fees") or "0", currency), of_decimal(cell("net"), currency)
    if gross is None or fee is None or net is None:
        return report.fault(line, "amount", "amount", "no amount exact in its currency; download the report again", row)
    if gross - fee != net:
        return report.fault(line, "net", "net", "gross less fee is not net; download the report again", row)
    kind = cell("reporting category", "type")
    reference = cell("source id", "source", "charge id", "payment intent id")
    group = cell("automatic payout id", "payout id", "transfer")
    if kind in _PAYOUT_KINDS:
        group = group or reference
    return settlement(
        line, cell("balance transaction id", "id") or None, _PROVIDER, kind, "settled", _rail(kind), _side(gross, net),
        money(abs(gross), currency), money(fee, currency), money(net, currency),
        day(cell("created utc", "created")), day(cell("available on utc", "available on", "automatic payout effective at")),
        reference or cell("balance transaction id", "id"), group, "", "", "", cell("description"),
    )  # fmt: skip


def _payout_row(report: Report, line: int, row: list[str]) -> SettlementRecord | Fault:
    """A row of a list of payouts: the names of the interface mean its whole units, those of the dashboard decimals."""
    cell = _cells(report, row)
    currency, text = cell("currency").upper(), cell("amount")
    is_of_interface = report.at("arrival date") >= 0 and "." not in text
    if is_of_interface:
        amount = of_stripe(int(text), currency) if re.fullmatch(r"-?[0-9]{1,15}", text) else None
    else:
        amount = of_decimal(text, currency)
    if amount is None:
        return report.fault(line, "amount", "amount", "no amount exact in its currency; download the report again", row)
    name = cell("id", "payout id")
    return settlement(
        line, name or None, _PROVIDER, "payout", _PAYOUTS.get(cell("status").lower(), "pending"),
        _payout_rail(cell("method"), cell("type")), "debit" if amount >= 0 else "credit", money(abs(amount), currency),
        money(0, currency), money(-amount, currency), day(cell("created utc", "created")),
        day(cell("arrival date utc", "arrival date")), name, name, cell("trace id"), cell("failure code"), "",
        cell("description"),
    )  # fmt: skip


def _cells(report: Report, row: list[str]) -> Any:
    def cell(*names: str) -> str:
        at = report.at(*names)
        return row[at].strip() if at >= 0 else ""

    return cell


def _side(gross: int, net: int) -> Direction:
    return "credit" if gross > 0 or (not gross and net >= 0) else "debit"


def _rail(kind: str) -> str:
    return "ach" if kind in _PAYOUT_KINDS or kind in _BANK_KINDS else "card"


def _payout_rail(method: str, kind: str) -> str:
    return "card" if kind == "card" else "realtime" if method == "instant" else "ach"


PARSER = streaming(
    name="stripe_v1", kind="settlement", title="Stripe balance and payouts", sniff=sniff, read=read, has_marks=True
)
