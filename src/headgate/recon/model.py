"""Reconciliation as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from headgate.core.money import Money

Status = Literal["open", "balanced", "variance"]
DifferenceKind = Literal[
    "missing_in_book",
    "missing_at_bank",
    "amount_differs",
    "ambiguous",
    "match_differs",
    "opening_differs",
    "statement_unproved",
]
"""`ambiguous`: several bank lines and several legs of one identifier, equal in sum and not one by one.
`match_differs`: a line and legs that were matched as equal are no longer so: somebody altered one of them."""


@dataclass(frozen=True, slots=True)
class Link:
    """Which bank account (by its last digits) an account of the book mirrors."""

    account_id: int
    account_last4: str
    currency: str
    linked_by: str
    linked_at: datetime


@dataclass(frozen=True, slots=True)
class Difference:
    """What a run could not reconcile. Amounts are signed: money that came is positive."""

    kind: DifferenceKind
    reference: str | None
    record_id: str | None
    transaction_id: int | None
    bank: Money
    book: Money
    legs: int
    case_id: str


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """A run over one account and day. `variance` = bank − book; None while no statement has come (status open)."""

    id: str
    account_id: int
    channel: str
    period_start: date
    period_end: date
    bank_total: Money | None
    sor_total: Money
    variance: Money | None
    status: Status
    details: Mapping[str, Any]
    run_by: str
    run_at: datetime
    superseded_by: str | None
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """One bank line and the legs of the book that are it."""

    id: str
    reconciliation_id: str
    rule: str
    reference: str
    signed: Money
    record_id: str
    legs: int
    matched_at: datetime
