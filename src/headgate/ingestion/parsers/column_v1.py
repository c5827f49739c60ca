"""Column: events of transfers, as its webhooks and its event list send them.

    {"id": "evnt_1", "created_at": "2026-11-25T23:05:36Z", "type": "ach.incoming_transfer.settled",
     "data": {"id": "acht_1", "amount": 125000, "currency_code": "USD", "is_incoming": true, "trace_number": "…", …}}

One event a body, one a line, or a page of the list. `external_id` is the event's, `reference` the transfer's: many events
tell the life of one transfer. Events that move no money (noc, manual_review, identity) give no record; what the data says
of a return wins over the type. Amounts are whole cents. The side is that of our account: an incoming credit, and an
outgoing debit, bring money.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from headgate.ingestion.parsers import streaming
from headgate.ingestion.parsers._amounts import day, of_units
from headgate.ingestion.parsers._building import money, settlement
from headgate.ingestion.parsers._json_values import dig, text_of, values
from headgate.ingestion.records import Direction, Fault, Item, SettlementRecord, SettlementStatus

_EVENT: Final = re.compile(rb'"id"\s*:\s*"evnt_[A-Za-z0-9]')
_RAILS: Final = {
    "ach": "ach",
    "wire": "wire",
    "realtime": "realtime",
    "book": "book",
    "check": "check",
    "international_wire": "wire",
    "swift": "wire",
}
_STATUS: Final[dict[str, SettlementStatus]] = {
    **dict.fromkeys(
        ("initiated", "submitted", "scheduled", "hold_created", "pending_submission", "updated"), "pending"
    ),
    **dict.fromkeys(("settled", "completed", "deposited", "cleared"), "settled"),
    **dict.fromkeys(("returned", "nsf", "return_contested", "return_dishonored"), "returned"),
    **dict.fromkeys(("rejected", "canceled", "cancelled", "denied", "failed", "stopped"), "rejected"),
}
_QUIET: Final = ("noc", "manual_review", "manual_review_approved", "manual_review_rejected")
_REQUESTS: Final = ("return_request", "drawdown_request")


def sniff(data: bytes) -> float:
    """JSON with the id of an event of Column, a type and data."""
    head = data[:65_536]
    if head[:16].lstrip(b"\xef\xbb\xbf \r\n\t")[:1] not in (b"{", b"["):
        return 0.0
    return 0.92 if _EVENT.search(head) and b'"type"' in head and b'"data"' in head else 0.0


def read(stream: BinaryIO) -> Iterator[Item]:
    """Every event that tells of money, and a fault for every other."""
    found = False
    for one in values(stream, "column"):
        found = True
        if isinstance(one, Fault):
            yield one
            continue
        line, value = one
        events = value.get("events") if isinstance(value, dict) else None
        for event in events if isinstance(events, list) else [value]:
            yield _event(line, event)
    if not found:
        yield Fault(1, 0, "", "column.empty", "line 1: no event; ask Column for the list again")


def _event(line: int, event: Any) -> SettlementRecord | Fault:
    kind, name, data = text_of(dig(event, "type")), text_of(dig(event, "id")), dig(event, "data")
    if not kind or not name or not isinstance(data, dict):
        text = f"line {line}: no event with an id, a type and data; ask Column for it again"
        return Fault(line, 0, "type", "column.event", text)
    family, _, rest = kind.partition(".")
    said = rest.rpartition(".")[2]
    status = _STATUS.get(said)
    if family not in _RAILS or said in _QUIET or any(word in rest for word in _REQUESTS):
        text = f"line {line}: {_short(kind)} moves no money and was left out; a person or a rule looks at it"
        return Fault(line, 0, "type", "column.no_money", text, level="W")
    if status is None:
        text = f"line {line}: {_short(kind)} is a type that is not known; it was left out, so look at the transfer"
        return Fault(line, 0, "type", "column.type", text)
    currency = text_of(data.get("currency_code")) or "USD"
    amount = of_units(data.get("amount"), currency)
    if amount is None or amount < 0:
        text = f"line {line}: no whole amount of a currency; ask Column for the event again"
        return Fault(line, 0, "data.amount", "column.amount", text)
    returned = _last_return(data)
    code = text_of(dig(returned, "return_code"))
    if code and status == "settled" and data.get("returned_at"):
        status = "returned"
    incoming = data.get("is_incoming")
    if not isinstance(incoming, bool):
        incoming = "incoming" in rest
    direction = _direction(family, rest, incoming, text_of(data.get("type")))
    signed = amount if direction == "credit" else -amount
    trace = next(
        (text_of(data.get(key)) for key in ("trace_number", "imad", "omad", "uetr", "payment_id") if data.get(key)), ""
    )
    return settlement(
        line, name, "column", kind, status, _RAILS[family], direction, money(amount, currency), money(0, currency),
        money(signed, currency), day(text_of(dig(event, "created_at"))),
        day(text_of(data.get("effective_on") or data.get("effective_at"))) or _happened(data, said), text_of(data.get("id")),
        text_of(data.get("ach_transfer_batch_id")), trace, code, text_of(data.get("idempotency_key")),
        text_of(data.get("description") or data.get("payment_related_info")),
    )  # fmt: skip


def _direction(family: str, rest: str, incoming: bool, said: str) -> Direction:
    """Which way money goes as our account sees it: who pushed or pulled, and what."""
    if family == "ach":
        is_debit = said.upper() == "DEBIT"
        return "credit" if incoming != is_debit else "debit"
    if family == "check":
        return "debit" if "debit" in rest and incoming else "credit" if "deposit" in rest or not incoming else "debit"
    return "credit" if incoming else "debit"


def _last_return(data: dict[str, Any]) -> Any:
    details = data.get("return_details")
    return details[-1] if isinstance(details, list) and details else None


def _happened(data: dict[str, Any], said: str) -> Any:
    return day(text_of(data.get(f"{said}_at")))


def _short(kind: str) -> str:
    return re.sub(r"[^a-z0-9._]", "", kind.lower())[:60] or "an event"


PARSER = streaming(name="column_v1", kind="settlement", title="Column events", sniff=sniff, read=read, has_marks=True)
