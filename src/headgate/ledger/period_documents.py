"""Periods and settlements in JSON: what the HTTP door and the command line take and give."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, Field

from headgate.core import ids
from headgate.ledger.document_parts import AccountName, Description, Instant, Moment, Request, Word
from headgate.ledger.model import AccountType
from headgate.ledger.periods import Closing, FrozenBalance, Late, Period, PeriodStatus, PeriodTotal
from headgate.ledger.settlements import SettledLeg, Settlement
from headgate.web import MoneyModel


class NewPeriod(Request):
    """The next period of the whole book, or of a legal entity. Both days are within it."""

    name: Word
    starts_on: date
    ends_on: date
    legal_entity_id: Word | None = None


class NewClosing(Request):
    """How a period is closed: late postings are refused, or routed to the first day after it."""

    reason: Description
    late: Late = "refuse"
    refuse_pending: Annotated[bool, Field(strict=True)] = False
    refuse_residuals: Annotated[bool, Field(strict=True)] = False


class NewCutOff(Request):
    """A cut-off of an account: `at` in the past, `name` unique on the account."""

    account: AccountName
    at: Instant
    name: Word


class PeriodTotalModel(BaseModel):
    """Of one currency: the sum of the debit balances and of the credit balances."""

    debit: MoneyModel
    credit: MoneyModel

    @classmethod
    def of(cls, total: PeriodTotal) -> PeriodTotalModel:
        """The model of a total."""
        return cls(debit=MoneyModel.of(total.debit), credit=MoneyModel.of(total.credit))


class ClosingModel(BaseModel):
    """One closing; with `reopened_at` where it was undone."""

    number: int
    closed_at: Moment
    late: Late
    reason: str
    actor_id: str
    accounts: int
    totals: list[PeriodTotalModel]
    digest: str
    reopened_at: Moment | None
    approval_ref: str | None
    reopened_because: str | None

    @classmethod
    def of(cls, closing: Closing) -> ClosingModel:
        """The model of a closing."""
        return cls(
            number=closing.number,
            closed_at=closing.closed_at,
            late=closing.late,
            reason=closing.reason,
            actor_id=closing.actor_id,
            accounts=closing.accounts,
            totals=[PeriodTotalModel.of(total) for total in closing.totals],
            digest=closing.digest,
            reopened_at=closing.reopened_at,
            approval_ref=closing.approval_ref,
            reopened_because=closing.reopened_because,
        )


class PeriodModel(BaseModel):
    """A period with all its closings."""

    id: str
    name: str
    starts_on: date
    ends_on: date
    legal_entity_id: str | None
    status: PeriodStatus
    created_at: Moment
    closings: list[ClosingModel]

    @classmethod
    def of(cls, period: Period) -> PeriodModel:
        """The model of a period."""
        return cls(
            id=ids.encode("per", period.id),
            name=period.name,
            starts_on=period.starts_on,
            ends_on=period.ends_on,
            legal_entity_id=period.legal_entity_id,
            status=period.status,
            created_at=period.created_at,
            closings=[ClosingModel.of(closing) for closing in period.closings],
        )


class FrozenBalanceModel(BaseModel):
    """An account in a frozen trial balance, on its normal side."""

    account_id: str
    code: str
    name: str
    type: AccountType
    currency: str
    balance: MoneyModel

    @classmethod
    def of(cls, row: FrozenBalance) -> FrozenBalanceModel:
        """The model of a row."""
        return cls(
            account_id=ids.encode("acct", row.account_id),
            code=row.code,
            name=row.name,
            type=row.type,
            currency=row.balance.currency,
            balance=MoneyModel.of(row.balance),
        )


class CutOffModel(BaseModel):
    """A settlement; `amount` is on the account's normal side."""

    id: str
    account: str
    account_code: str
    name: str
    cut_off_at: Moment
    recorded_at: Moment
    legs: int
    late_legs: int
    debits: MoneyModel
    credits: MoneyModel
    amount: MoneyModel

    @classmethod
    def of(cls, found: Settlement) -> CutOffModel:
        """The model of a settlement."""
        amounts: dict[str, Any] = {
            name: MoneyModel.of(getattr(found, name)) for name in ("debits", "credits", "amount")
        }
        return cls(
            id=ids.encode("stl", found.id),
            account=ids.encode("acct", found.account_id),
            account_code=found.account_code,
            name=found.name,
            cut_off_at=found.cut_off_at,
            recorded_at=found.recorded_at,
            legs=found.legs,
            late_legs=found.late_legs,
            **amounts,
        )


class SettledLegModel(BaseModel):
    """A leg that a settlement took: its number on the account, its amount on the account's normal side."""

    seq: int
    transaction_id: str
    amount: MoneyModel
    effective_at: Moment
    recorded_at: Moment
    description: str | None

    @classmethod
    def of(cls, leg: SettledLeg) -> SettledLegModel:
        """The model of a leg."""
        return cls(
            seq=leg.seq,
            transaction_id=ids.encode("txn", leg.transaction_id),
            amount=MoneyModel.of(leg.amount),
            effective_at=leg.effective_at,
            recorded_at=leg.recorded_at,
            description=leg.description,
        )
