"""Clearing accounts and balance monitors in JSON."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from headgate.core import ids
from headgate.ledger.clearing import ClearingAccount, ClearingItem
from headgate.ledger.document_parts import AccountName, Description, Moment, Request, Word
from headgate.ledger.monitors import BalanceMonitor, Comparison, Watched
from headgate.web import MoneyModel


class NewClearingRule(Request):
    """Whether an account must come to zero, and how old what is left on it may be."""

    must_be_zero: Annotated[bool, Field(strict=True)]
    max_age_seconds: Annotated[int, Field(strict=True, ge=1, le=10**10)] | None = None
    reason: Description


class NewMonitor(Request):
    """A threshold on a balance: crossed while the balance is `comparison` it."""

    account: AccountName
    what: Watched = "available"
    comparison: Comparison = "below"
    threshold: MoneyModel
    name: Word


class ClearingItemModel(BaseModel):
    """A leg that nothing has cleared: `left` of `amount`, on the account's normal side."""

    transaction_id: str
    other_account_code: str
    amount: MoneyModel
    left: MoneyModel
    effective_at: Moment
    recorded_at: Moment
    age_seconds: int
    reference: str | None
    source_type: str | None
    source_id: str | None
    description: str | None

    @classmethod
    def of(cls, item: ClearingItem) -> ClearingItemModel:
        """The model of an item."""
        return cls(
            transaction_id=ids.encode("txn", item.transaction_id),
            other_account_code=item.other_account_code,
            amount=MoneyModel.of(item.amount),
            left=MoneyModel.of(item.left),
            effective_at=item.effective_at,
            recorded_at=item.recorded_at,
            age_seconds=int(item.age.total_seconds()),
            reference=item.reference,
            source_type=item.source_type,
            source_id=item.source_id,
            description=item.description,
        )


class ClearingAccountModel(BaseModel):
    """A clearing account with what is left on it, the oldest first."""

    account: str
    code: str
    name: str
    currency: str
    residual: MoneyModel
    max_age_seconds: int | None
    age_seconds: int | None
    is_overdue: bool
    items: list[ClearingItemModel]

    @classmethod
    def of(cls, found: ClearingAccount) -> ClearingAccountModel:
        """The model of a clearing account."""
        return cls(
            account=ids.encode("acct", found.account_id),
            code=found.code,
            name=found.name,
            currency=found.currency,
            residual=MoneyModel.of(found.residual),
            max_age_seconds=None if found.max_age is None else int(found.max_age.total_seconds()),
            age_seconds=None if found.age is None else int(found.age.total_seconds()),
            is_overdue=found.is_overdue,
            items=[ClearingItemModel.of(item) for item in found.items],
        )


class ClearingRuleModel(BaseModel):
    """What holds for the account now; `clearing` is its report while it must be zero."""

    account: str
    must_be_zero: bool
    clearing: ClearingAccountModel | None


class MonitorModel(BaseModel):
    """A monitor and where it stands."""

    id: str
    account: str
    account_code: str
    name: str
    what: Watched
    comparison: Comparison
    threshold: MoneyModel
    balance: MoneyModel
    is_crossed: bool
    created_at: Moment
    changed_at: Moment

    @classmethod
    def of(cls, found: BalanceMonitor) -> MonitorModel:
        """The model of a monitor."""
        return cls(
            id=ids.encode("mon", found.id),
            account=ids.encode("acct", found.account_id),
            account_code=found.account_code,
            name=found.name,
            what=found.what,
            comparison=found.comparison,
            threshold=MoneyModel.of(found.threshold),
            balance=MoneyModel.of(found.balance),
            is_crossed=found.is_crossed,
            created_at=found.created_at,
            changed_at=found.changed_at,
        )
