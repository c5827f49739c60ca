"""Explanations in JSON."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from headgate.core import ids
from headgate.core.money import Money
from headgate.ledger.document_parts import Moment
from headgate.ledger.documents import AccountModel, BalanceModel, EntryModel
from headgate.ledger.explain import BalanceExplained, RefusalExplained
from headgate.ledger.reservation_documents import ReservationModel
from headgate.web import MoneyModel


class SourceTotalModel(BaseModel):
    """What postings of one source moved, on the account's normal side."""

    source_type: str | None
    legs: int
    amount: MoneyModel


class BalanceExplainedModel(BaseModel):
    """A balance down to what it is made of: `earlier` and `sources` add up to what is posted."""

    account: AccountModel
    balance: BalanceModel
    earlier: MoneyModel
    earlier_legs: int
    sources: list[SourceTotalModel]
    entries: list[EntryModel]
    reservations: list[ReservationModel]
    pending_out: MoneyModel
    pending_in: MoneyModel
    may_leave: MoneyModel | None
    may_come: MoneyModel | None

    @classmethod
    def of(cls, found: BalanceExplained) -> BalanceExplainedModel:
        """The model of an explained balance."""
        return cls(
            account=AccountModel.of(found.account),
            balance=BalanceModel.of(found.balance),
            earlier=MoneyModel.of(found.earlier),
            earlier_legs=found.earlier_legs,
            sources=[
                SourceTotalModel(source_type=one.source_type, legs=one.legs, amount=MoneyModel.of(one.amount))
                for one in found.sources
            ],
            entries=[EntryModel.of(entry) for entry in found.entries],
            reservations=[ReservationModel.of(one) for one in found.reservations],
            pending_out=MoneyModel.of(found.pending_out),
            pending_in=MoneyModel.of(found.pending_in),
            may_leave=_money(found.may_leave),
            may_come=_money(found.may_come),
        )


class CureModel(BaseModel):
    """Something that would help."""

    action: str
    text: str
    amount: MoneyModel | None
    reservation_id: str | None
    at: Moment | None


class RefusalExplainedModel(BaseModel):
    """A refusal: the figures `…_then` are those it was judged by, `…_now` those of this moment."""

    request_id: str
    kind: Literal["transaction", "reservation"]
    idempotency_key: str
    refused_at: Moment
    code: str
    message: str
    facts: dict[str, Any]
    account: AccountModel | None
    asked: MoneyModel | None
    available_then: MoneyModel | None
    shortfall_then: MoneyModel | None
    available_now: MoneyModel | None
    shortfall_now: MoneyModel | None
    reservations: list[ReservationModel]
    first_expiry_at: Moment | None
    cures: list[CureModel]
    because: RefusalExplainedModel | None

    @classmethod
    def of(cls, found: RefusalExplained) -> RefusalExplainedModel:
        """The model of an explained refusal."""
        return cls(
            request_id=ids.encode("txn" if found.kind == "transaction" else "rsv", found.request_id),
            kind=found.kind,
            idempotency_key=found.idempotency_key,
            refused_at=found.refused_at,
            code=found.code,
            message=found.message,
            facts=dict(found.facts),
            account=AccountModel.of(found.account) if found.account else None,
            asked=_money(found.asked),
            available_then=_money(found.available_then),
            shortfall_then=_money(found.shortfall_then),
            available_now=_money(found.available_now),
            shortfall_now=_money(found.shortfall_now),
            reservations=[ReservationModel.of(one) for one in found.reservations],
            first_expiry_at=found.first_expiry_at,
            cures=[
                CureModel(
                    action=cure.action,
                    text=cure.text,
                    amount=_money(cure.amount),
                    reservation_id=ids.encode("rsv", cure.reservation_id) if cure.reservation_id else None,
                    at=cure.at,
                )
                for cure in found.cures
            ],
            because=cls.of(found.because) if found.because else None,
        )


def _money(amount: Money | None) -> MoneyModel | None:
    return None if amount is None else MoneyModel.of(amount)
