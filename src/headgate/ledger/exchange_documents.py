"""Exchange in JSON: rates, conversions, positions and revaluations. A rate is text, so that no float touches it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints, WithJsonSchema

from headgate.core import ids
from headgate.ledger.document_parts import AccountName, Description, Instant, Moment, Reference, Request, Word
from headgate.ledger.exchange import Conversion
from headgate.ledger.rates import ExchangeRate
from headgate.ledger.revaluation import Position, Revaluation, RevaluationLine
from headgate.web import CurrencyCode, MoneyModel

_RATE = r"^[0-9]{1,12}(\.[0-9]{1,12})?$"
RateAsked = Annotated[str, StringConstraints(strict=True, pattern=_RATE)]
"""A rate in a request, as 1.0842: text of digits."""
RateText = Annotated[
    Decimal,
    PlainSerializer(lambda rate: f"{rate.normalize():f}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": _RATE}),
]
"""A rate in an answer."""


class _Request(Request):
    model_config = ConfigDict(populate_by_name=True)


class NewRateBody(_Request):
    """Units of `to` for one of `from`, from `effective_at` on, according to `source`."""

    from_currency: CurrencyCode = Field(alias="from")
    to_currency: CurrencyCode = Field(alias="to")
    rate: RateAsked
    effective_at: Instant
    source: Word


class NewRates(_Request):
    """Rates to record, all or none."""

    rates: list[NewRateBody] = Field(min_length=1, max_length=1000)


class NewConversion(_Request):
    """Money to convert. Without a rate the one is taken that is known at the effective time, of `source` where given."""

    from_account: AccountName
    to_account: AccountName
    amount: MoneyModel
    rate: RateAsked | None = None
    source: Word | None = None
    functional_currency: CurrencyCode | None = None
    effective_at: Instant | None = None
    source_type: Word | None = None
    source_id: Reference | None = None
    description: Description | None = None


class NewRevaluation(_Request):
    """A day that is over, and the currency in which its positions are valued."""

    on: date
    functional_currency: CurrencyCode
    legal_entity_id: Word | None = None
    source: Word | None = None


class ExchangeRateModel(BaseModel):
    """A recorded rate."""

    id: str
    from_currency: str = Field(serialization_alias="from")
    to_currency: str = Field(serialization_alias="to")
    rate: RateText
    effective_at: Moment
    recorded_at: Moment
    source: str

    @classmethod
    def of(cls, found: ExchangeRate) -> ExchangeRateModel:
        """The model of a rate."""
        return cls(
            id=ids.encode("fxr", found.id),
            from_currency=found.from_currency,
            to_currency=found.to_currency,
            rate=found.rate,
            effective_at=found.effective_at,
            recorded_at=found.recorded_at,
            source=found.source,
        )


class ConversionModel(BaseModel):
    """A conversion: `value` is what was exchanged in the functional currency, `gain` what it realised."""

    id: str
    transaction_id: str
    from_account: str
    to_account: str
    amount: MoneyModel
    converted: MoneyModel
    rate: RateText
    source: str
    value: MoneyModel
    gain: MoneyModel
    recorded_at: Moment

    @classmethod
    def of(cls, found: Conversion) -> ConversionModel:
        """The model of a conversion."""
        return cls(
            id=ids.encode("fxc", found.id),
            transaction_id=ids.encode("txn", found.transaction_id),
            from_account=ids.encode("acct", found.from_account_id),
            to_account=ids.encode("acct", found.to_account_id),
            amount=MoneyModel.of(found.amount),
            converted=MoneyModel.of(found.converted),
            rate=found.rate,
            source=found.source,
            value=MoneyModel.of(found.value),
            gain=MoneyModel.of(found.gain),
            recorded_at=found.recorded_at,
        )


class PositionModel(BaseModel):
    """A currency position; without a rate it has no value."""

    account: str
    account_code: str
    quantity: MoneyModel
    cost: MoneyModel
    realised: MoneyModel
    rate: RateText | None
    rate_source: str | None
    value: MoneyModel | None
    unrealised: MoneyModel | None

    @classmethod
    def of(cls, found: Position) -> PositionModel:
        """The model of a position."""
        return cls(
            account=ids.encode("acct", found.account_id),
            account_code=found.account_code,
            quantity=MoneyModel.of(found.quantity),
            cost=MoneyModel.of(found.cost),
            realised=MoneyModel.of(found.realised),
            rate=found.rate,
            rate_source=found.rate_source,
            value=None if found.value is None else MoneyModel.of(found.value),
            unrealised=None if found.unrealised is None else MoneyModel.of(found.unrealised),
        )


class RevaluationLineModel(BaseModel):
    """One position at a revaluation."""

    account: str
    exchange_rate_id: str
    quantity: MoneyModel
    cost: MoneyModel
    rate: RateText
    source: str
    value: MoneyModel
    gain: MoneyModel

    @classmethod
    def of(cls, line: RevaluationLine) -> RevaluationLineModel:
        """The model of a line."""
        return cls(
            account=ids.encode("acct", line.account_id),
            exchange_rate_id=ids.encode("fxr", line.rate_id),
            quantity=MoneyModel.of(line.quantity),
            cost=MoneyModel.of(line.cost),
            rate=line.rate,
            source=line.source,
            value=MoneyModel.of(line.value),
            gain=MoneyModel.of(line.gain),
        )


class RevaluationModel(BaseModel):
    """The unrealised gain at the end of a day: posted on it and taken back on the next."""

    id: str
    revalued_on: date
    functional_currency: str
    gain: MoneyModel
    transaction_id: str | None
    reversal_id: str | None
    recorded_at: Moment
    lines: list[RevaluationLineModel]

    @classmethod
    def of(cls, found: Revaluation) -> RevaluationModel:
        """The model of a revaluation."""
        return cls(
            id=ids.encode("fxv", found.id),
            revalued_on=found.revalued_on,
            functional_currency=found.functional_currency,
            gain=MoneyModel.of(found.gain),
            transaction_id=None if found.transaction_id is None else ids.encode("txn", found.transaction_id),
            reversal_id=None if found.reversal_id is None else ids.encode("txn", found.reversal_id),
            recorded_at=found.recorded_at,
            lines=[RevaluationLineModel.of(line) for line in found.lines],
        )
