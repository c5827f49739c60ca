"""Column: events as `column_v2` reads them, and those of requests for payment, which tell of no money.

    {"id": "evnt_1", "created_at": "2026-11-25T23:05:36Z", "type": "realtime.outgoing_request_for_payment.accepted",
     "data": {"id": "rrfp_1", "amount": 125000, "currency_code": "USD", "realtime_transfer_id": "rttr_1", …}}

What a payer is asked for bears an amount, and moves nothing: the transfer that answers it is an event of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from headgate.ingestion.parsers import column_v2 as v2
from headgate.ingestion.parsers import streaming
from headgate.ingestion.parsers._json_values import dig, text_of, values
from headgate.ingestion.records import Fault, Item, SettlementRecord

_ASKED: Final = "request_for_payment"


def sniff(data: bytes) -> float:
    """As sure as v2, and a little more."""
    found = v2.sniff(data)
    return found + 0.01 if found else 0.0


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
    kind = text_of(dig(event, "type"))
    if _ASKED not in kind or not isinstance(dig(event, "data"), dict) or not text_of(dig(event, "id")):
        return v2._event(line, event)
    text = f"line {line}: {kind[:60]} moves no money and was left out; the transfer that answers it tells of it"
    return Fault(line, 0, "type", "column.no_money", text, level="W")


PARSER = streaming(name="column_v3", kind="settlement", title="Column events", sniff=sniff, read=read, has_marks=True)
