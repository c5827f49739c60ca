"""Column: events of transfers, as `column_v1` reads them, and those of cheques, whose amounts stand under names of their own.

    {"id": "evnt_1", "created_at": "2026-11-25T23:05:36Z", "type": "check.incoming_debit.settled",
     "data": {"id": "chkt_1", "positive_pay_amount": 125000, "currency_code": "USD", "check_number": 17, …}}

`deposited_amount` is that of a cheque that was paid or deposited, `positive_pay_amount` that of one issued. What tells of a
cheque's way (mailed, rendered) tells of no money.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final

from headgate.ingestion.parsers import column_v1 as v1
from headgate.ingestion.parsers import streaming
from headgate.ingestion.parsers._building import settlement
from headgate.ingestion.parsers._json_values import dig, text_of, values
from headgate.ingestion.records import Fault, Item, SettlementRecord

_CHECK_STATUS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("issued", "mailed", "pending_deposit", "pending_stop", "pending_first_return"), "pending"),
    **dict.fromkeys(("deposit_settled", "reclear_settled"), "settled"),
    **dict.fromkeys(("first_return", "second_return"), "returned"),
    "expired": "rejected",
}
_WORDS: Final[Mapping[str, str]] = {
    "pending": "initiated",
    "settled": "settled",
    "returned": "returned",
    "rejected": "rejected",
}
"""A word of v1 for each status: a cheque's own words are said in those."""


def sniff(data: bytes) -> float:
    """As sure as v1, and a little more."""
    found = v1.sniff(data)
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
    kind, data = text_of(dig(event, "type")), dig(event, "data")
    if not kind.startswith("check.") or not isinstance(data, dict) or not isinstance(event, dict):
        return v1._event(line, event)
    amount = next(
        (data[name] for name in ("amount", "deposited_amount", "positive_pay_amount") if data.get(name) is not None),
        None,
    )
    head, _, said = kind.rpartition(".")
    status = _CHECK_STATUS.get(said)
    found = v1._event(
        line,
        {**event, "type": f"{head}.{_WORDS[status]}" if status else kind, "data": {**data, "amount": amount}},
    )
    return _named(found, kind) if isinstance(found, SettlementRecord) else found


def _named(record: SettlementRecord, kind: str) -> SettlementRecord:
    """The record under its event's own type."""
    return settlement(
        record.line, record.external_id, record.provider, kind, record.status, record.rail, record.direction,
        record.amount, record.fee, record.net, record.occurred_on, record.effective_on, record.reference, record.group,
        record.external_trace_id, record.return_code, record.customer_reference, record.text,
    )  # fmt: skip


PARSER = streaming(name="column_v2", kind="settlement", title="Column events", sniff=sniff, read=read, has_marks=True)
