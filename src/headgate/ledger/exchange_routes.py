"""Exchange over HTTP: rates, conversions, positions, revaluations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Annotated, TypeVar, cast

from fastapi import APIRouter, Path, Query

from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.ledger import exchange, rates, revaluation
from headgate.ledger.document_parts import Instant
from headgate.ledger.documents import NewReversal, TransactionModel
from headgate.ledger.exchange_documents import (
    ConversionModel,
    ExchangeRateModel,
    NewConversion,
    NewRates,
    NewRevaluation,
    PositionModel,
    RevaluationModel,
)
from headgate.ledger.queries import get_transaction
from headgate.web import Call, CurrencyCode, Page, PageOf, money, page_of, reads, writes

M = TypeVar("M")
router = APIRouter()

Reads = Annotated[Call, reads("ledger.read")]
Manages = Annotated[Call, writes("ledger.manage")]
Posts = Annotated[Call, money("ledger.post")]
IdPath = Annotated[str, Path(max_length=40)]
Text = Annotated[str | None, Query(max_length=255)]
From = Annotated[CurrencyCode | None, Query(alias="from")]
To = Annotated[CurrencyCode | None, Query(alias="to")]


@router.post("/exchange-rates", status_code=201)
def record_rates(call: Manages, body: NewRates) -> list[ExchangeRateModel]:
    """Record rates, all or none; one that is known already is not recorded twice."""
    with call.begin() as tx:
        made = rates.record_rates(
            tx,
            [
                rates.NewRate(one.from_currency, one.to_currency, Decimal(one.rate), one.effective_at, one.source)
                for one in body.rates
            ],
        )
    return [ExchangeRateModel.of(one) for one in made]


@router.get("/exchange-rates")
def list_rates(
    call: Reads, page: Page, from_currency: From = None, to_currency: To = None, source: Text = None
) -> PageOf[ExchangeRateModel]:
    """Rates, the last recorded first."""
    with call.begin() as tx:
        rows = rates.list_rates(
            tx,
            from_currency=from_currency,
            to_currency=to_currency,
            source=source,
            before=page.after(int),
            limit=page.limit + 1,
        )
    return page_of(page, rows, key=lambda found: found.id, row=ExchangeRateModel.of)


@router.get("/exchange-rates/latest")
def get_rate(
    call: Reads,
    from_currency: Annotated[CurrencyCode, Query(alias="from")],
    to_currency: Annotated[CurrencyCode, Query(alias="to")],
    at: Instant | None = None,
    known_at: Instant | None = None,
    source: Text = None,
) -> ExchangeRateModel:
    """The rate that holds at an instant (now), as it was known at another."""
    with call.begin() as tx:
        found = rates.rate_at(
            tx, from_currency=from_currency, to_currency=to_currency, at=at, known_at=known_at, source=source
        )
    return ExchangeRateModel.of(found)


@router.post("/conversions", status_code=201)
def convert(call: Posts, body: NewConversion) -> ConversionModel:
    """Convert money from one account into another, of another currency."""

    def work(tx: Tx) -> ConversionModel | Refused:
        done = exchange.convert(
            tx,
            idempotency_key=call.key,
            from_account=body.from_account,
            to_account=body.to_account,
            amount=body.amount.money(),
            rate=None if body.rate is None else Decimal(body.rate),
            source=body.source,
            functional_currency=body.functional_currency,
            effective_at=body.effective_at,
            source_type=body.source_type,
            source_id=body.source_id,
            description=body.description,
        )
        return done if isinstance(done, Refused) else ConversionModel.of(done)

    return _once(call, work)


@router.get("/conversions")
def list_conversions(call: Reads, page: Page) -> PageOf[ConversionModel]:
    """Conversions, newest first."""
    with call.begin() as tx:
        rows = exchange.list_conversions(tx, before=page.after(int), limit=page.limit + 1)
    return page_of(page, rows, key=lambda found: found.id, row=ConversionModel.of)


@router.get("/conversions/{conversion_id}")
def get_conversion(call: Reads, conversion_id: IdPath) -> ConversionModel:
    """One conversion."""
    with call.begin() as tx:
        return ConversionModel.of(exchange.get_conversion(tx, ids.decode("fxc", conversion_id)))


@router.post("/conversions/{conversion_id}/reverse", status_code=201)
def reverse_conversion(call: Posts, conversion_id: IdPath, body: NewReversal | None = None) -> TransactionModel:
    """Take a whole conversion back, with its positions."""

    def work(tx: Tx) -> TransactionModel | Refused:
        done = exchange.reverse_conversion(
            tx,
            idempotency_key=call.key,
            conversion_id=ids.decode("fxc", conversion_id),
            reason=body.reason if body else None,
        )
        return done if isinstance(done, Refused) else TransactionModel.of(get_transaction(tx, done.transaction_id))

    return _once(call, work)


@router.get("/positions")
def list_positions(
    call: Reads, functional_currency: CurrencyCode, on: date | None = None, legal_entity_id: Text = None
) -> list[PositionModel]:
    """What is held of each currency at the end of a day (today), what it cost and what it is worth."""
    with call.begin() as tx:
        rows = revaluation.positions(
            tx, functional_currency=functional_currency, on=on, legal_entity_id=legal_entity_id
        )
    return [PositionModel.of(row) for row in rows]


@router.post("/revaluations", status_code=201)
def revalue(call: Posts, body: NewRevaluation) -> RevaluationModel:
    """Post the unrealised gain at the end of a day that is over, and take it back on the next; once a day."""
    return _once(
        call,
        lambda tx: RevaluationModel.of(
            revaluation.revalue(
                tx,
                on=body.on,
                functional_currency=body.functional_currency,
                legal_entity_id=body.legal_entity_id,
                source=body.source,
            )
        ),
    )


@router.get("/revaluations")
def list_revaluations(call: Reads, page: Page) -> PageOf[RevaluationModel]:
    """Revaluations, newest first."""
    with call.begin() as tx:
        rows = revaluation.list_revaluations(tx, before=page.after(int), limit=page.limit + 1)
    return page_of(page, rows, key=lambda found: found.id, row=RevaluationModel.of)


def _once(call: Call, work: Callable[[Tx], M | Refused]) -> M:
    """The answer of `call.once`, which is rendered already; the type is that of what a success shows."""
    return cast(M, call.once(work))
