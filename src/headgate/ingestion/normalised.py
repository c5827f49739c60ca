"""The two normalised records as documents, of whatever source: a transaction, and a settlement event.

They follow the schemas in `headgate.ingestion.schemas`. No document holds an account number, a name or free text: those
lie sealed beside the record.
"""

from __future__ import annotations

from typing import Any

from headgate.core.money import Money
from headgate.ingestion.bookings import booking_of, channel_of
from headgate.ingestion.records import Record, ReturnRecord, SettlementRecord, TransactionRecord
from headgate.ingestion.schemas import SETTLEMENT_EVENT, TRANSACTION


def document(record: Record, *, parser: str, occurrence: int = 1) -> dict[str, Any] | None:
    """A record as its document; None of a record that moves no money, as a notification of change or a register's row.

    `occurrence` counts the records of its line from 1: with line and artifact it is the identity where there is no id.
    """
    if isinstance(record, TransactionRecord):
        return _transaction(record, parser, occurrence)
    if isinstance(record, SettlementRecord):
        return _settlement(record, parser, occurrence)
    return _return(record, parser, occurrence) if isinstance(record, ReturnRecord) else None


def _transaction(record: TransactionRecord, parser: str, occurrence: int) -> dict[str, Any]:
    booking = booking_of(record.type_code)
    return {
        **_place(TRANSACTION, record, parser, occurrence),
        "channel": channel_of(booking),
        "booking": booking,
        "direction": record.direction,
        "amount": _money(record.amount),
        "booked_on": _day(record.booked_on),
        "value_on": _day(record.value_on),
        "type_code": record.type_code,
        "bank_reference": record.bank_reference or None,
        "customer_reference": record.customer_reference or None,
        "account_last4": record.account_number[-4:] if len(record.account_number) > 7 else None,
        "statement": record.statement,
    }


def _settlement(record: SettlementRecord, parser: str, occurrence: int) -> dict[str, Any]:
    return {
        **_place(SETTLEMENT_EVENT, record, parser, occurrence),
        "provider": record.provider,
        "kind": record.kind,
        "status": record.status,
        "rail": record.rail,
        "direction": record.direction,
        "amount": _money(record.amount),
        "fee": _money(record.fee),
        "net": _money(record.net),
        "occurred_on": _day(record.occurred_on),
        "effective_on": _day(record.effective_on),
        "reference": record.reference or None,
        "group": record.group or None,
        "external_trace_id": record.external_trace_id or None,
        "return_code": record.return_code or None,
    }


def _return(record: ReturnRecord, parser: str, occurrence: int) -> dict[str, Any]:
    """A return of the ACH network. Its side is the original's, as its receiver's account sees it."""
    signed = -record.amount if record.direction == "debit" else record.amount
    return {
        **_place(SETTLEMENT_EVENT, record, parser, occurrence),
        "provider": "ach",
        "kind": record.kind,
        "status": "returned",
        "rail": "ach",
        "direction": record.direction,
        "amount": _money(record.amount),
        "fee": _money(Money(0, record.amount.currency)),
        "net": _money(signed),
        "occurred_on": _day(record.effective_on),
        "effective_on": _day(record.effective_on),
        "reference": record.original_trace or None,
        "group": None,
        "external_trace_id": record.trace_number or None,
        "return_code": record.return_code or None,
    }


def _place(
    schema: str, record: TransactionRecord | SettlementRecord | ReturnRecord, parser: str, nth: int
) -> dict[str, Any]:
    return {
        "schema": schema,
        "parser": parser,
        "external_id": record.external_id,
        "line": record.line,
        "occurrence": nth,
    }


def _money(amount: Money) -> dict[str, Any]:
    return {"minor": amount.minor, "currency": amount.currency}


def _day(day: Any) -> str | None:
    return day.isoformat() if day is not None else None
