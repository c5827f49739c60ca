"""Records by the million: the same frozen values as their classes make, at a quarter of the cost.

A frozen dataclass sets each field through `object.__setattr__`, which for thirteen fields takes longer than reading the
line. Here a twin of the same slots is filled and then given the record's class, which Python allows where the layouts
are equal. A test holds each equal, field for field, to what the ordinary class makes. Whoever calls this vouches that
the amount is one that the book can hold and its currency one of ISO 4217; `Money` would have asked.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from typing import Any, Final

from headgate.core.money import Money
from headgate.ingestion.records import Direction, SettlementRecord, SettlementStatus, TransactionRecord


class AmountTwin:
    __slots__ = ("currency", "minor")
    minor: int
    currency: str


class TransactionTwin:
    __slots__ = tuple(field.name for field in fields(TransactionRecord))


class _SettlementTwin:
    __slots__ = tuple(field.name for field in fields(SettlementRecord))


_new: Final[Any] = object.__new__


def money(minor: int, currency: str) -> Money:
    """`Money(minor, currency)`, unasked."""
    made = _new(AmountTwin)
    made.minor = minor
    made.currency = currency
    made.__class__ = Money
    return made  # type: ignore[no-any-return]


def transaction(
    line: int,
    external_id: str | None,
    account_number: str,
    minor: int,
    currency: str,
    direction: Direction,
    booked_on: date | None,
    value_on: date | None,
    type_code: str,
    bank_reference: str,
    customer_reference: str,
    text: str,
    statement: int = 0,
) -> TransactionRecord:
    """A `TransactionRecord`, unasked."""
    amount = _new(AmountTwin)
    amount.minor = minor
    amount.currency = currency
    amount.__class__ = Money
    made = _new(TransactionTwin)
    made.line = line
    made.external_id = external_id
    made.account_number = account_number
    made.amount = amount
    made.direction = direction
    made.booked_on = booked_on
    made.value_on = value_on
    made.type_code = type_code
    made.bank_reference = bank_reference
    made.customer_reference = customer_reference
    made.text = text
    made.statement = statement
    made.__class__ = TransactionRecord
    return made  # type: ignore[no-any-return]


def settlement(
    line: int,
    external_id: str | None,
    provider: str,
    kind: str,
    status: SettlementStatus,
    rail: str,
    direction: Direction,
    amount: Money,
    fee: Money,
    net: Money,
    occurred_on: date | None,
    effective_on: date | None,
    reference: str,
    group: str,
    external_trace_id: str = "",
    return_code: str = "",
    customer_reference: str = "",
    text: str = "",
) -> SettlementRecord:
    """A `SettlementRecord`, unasked."""
    made = _new(_SettlementTwin)
    made.line = line
    made.external_id = external_id
    made.provider = provider
    made.kind = kind
    made.status = status
    made.rail = rail
    made.direction = direction
    made.amount = amount
    made.fee = fee
    made.net = net
    made.occurred_on = occurred_on
    made.effective_on = effective_on
    made.reference = reference
    made.group = group
    made.external_trace_id = external_trace_id
    made.return_code = return_code
    made.customer_reference = customer_reference
    made.text = text
    made.__class__ = SettlementRecord
    return made  # type: ignore[no-any-return]
