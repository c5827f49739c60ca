"""Exchange from the command line: rates, conversions, positions, revaluations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headgate.core import ids
from headgate.core.clock import instant, maybe_instant
from headgate.core.errors import Malformed, Refused
from headgate.core.money import Money
from headgate.core.terminal import emit
from headgate.ledger import exchange, rates, revaluation
from headgate.ledger.command_parts import (
    Json,
    Key,
    Limit,
    Tenant,
    answer,
    begin,
    contents,
    day,
    decimal,
    plain,
    show,
    transaction_of,
)
from headgate.ledger.exchange_documents import ConversionModel, ExchangeRateModel, PositionModel, RevaluationModel

app = typer.Typer()

From = Annotated[str, typer.Option("--from", help="The currency that is rated, as EUR.")]
To = Annotated[str, typer.Option("--to", help="The currency in which, as USD.")]
Source = Annotated[str | None, typer.Option(help="Only rates of this source.")]
Functional = Annotated[str, typer.Option("--functional-currency", help="In which gains are told, as USD.")]
LegalEntity = Annotated[str | None, typer.Option("--legal-entity", help="Whose positions: le_…")]


@app.command("record-rate")
def record_rate(
    tenant: Tenant,
    from_currency: From,
    to_currency: To,
    rate: Annotated[str, typer.Option(help="Units of --to for one of --from, as 1.0842.")],
    effective_at: Annotated[str, typer.Option(help="From when on, as 2026-11-20T16:00:00Z.")],
    source: Annotated[str, typer.Option(help="Whose rate it is.")],
    json: Json = False,
) -> None:
    """Record a rate; one that is known already is not recorded twice."""
    with begin(tenant) as tx:
        made = rates.record_rate(
            tx,
            from_currency=from_currency,
            to_currency=to_currency,
            rate=decimal(rate),
            effective_at=instant(effective_at),
            source=source,
        )
    emit(plain(ExchangeRateModel.of(made)), as_json=json)


@app.command("import-rates")
def import_rates(
    tenant: Tenant,
    file: Annotated[Path, typer.Argument(help="CSV: from,to,rate,effective_at,source.")],
    json: Json = False,
) -> None:
    """Record the rates of a CSV file. Lines that are no rates are listed, with exit code 1."""
    try:
        text = contents(file).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(f"{file} is not in UTF-8: {error.reason} at byte {error.start}", file=str(file)) from error
    with begin(tenant) as tx:
        done = rates.import_rates(tx, text)
    emit(done, as_json=json)
    if done.faults:
        raise SystemExit(1)


@app.command("rates")
def list_rates(
    tenant: Tenant,
    from_currency: Annotated[str | None, typer.Option("--from")] = None,
    to_currency: Annotated[str | None, typer.Option("--to")] = None,
    source: Source = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """Rates, the last recorded first."""
    with begin(tenant) as tx:
        rows = rates.list_rates(tx, from_currency=from_currency, to_currency=to_currency, source=source, limit=limit)
    show(rows, ExchangeRateModel.of, json)


@app.command("convert")
def convert(
    tenant: Tenant,
    from_account: Annotated[str, typer.Option(help="Where the money leaves: code or id.")],
    to_account: Annotated[str, typer.Option(help="Where it arrives, in its own currency.")],
    amount: Annotated[str, typer.Option(help="As 1234.50, in --currency.")],
    currency: Annotated[str, typer.Option(help="That of the account where the money leaves.")],
    idempotency_key: Key,
    rate: Annotated[str | None, typer.Option(help="Given with its --source; else the one that is known.")] = None,
    source: Annotated[str | None, typer.Option(help="Whose rate it is.")] = None,
    effective_at: Annotated[str | None, typer.Option(help="Now unless given.")] = None,
    functional_currency: Annotated[str | None, typer.Option(help="The legal entity's unless given.")] = None,
    json: Json = False,
) -> None:
    """Convert money from one account into another, of another currency. A refusal ends with exit code 1."""
    with begin(tenant) as tx:
        done = exchange.convert(
            tx,
            idempotency_key=idempotency_key,
            from_account=from_account,
            to_account=to_account,
            amount=Money.parse(amount, currency),
            rate=decimal(rate) if rate else None,
            source=source,
            effective_at=maybe_instant(effective_at),
            functional_currency=functional_currency,
        )
    answer(done if isinstance(done, Refused) else ConversionModel.of(done), json)


@app.command("conversions")
def list_conversions(tenant: Tenant, limit: Limit = 50, json: Json = False) -> None:
    """Conversions, newest first."""
    with begin(tenant) as tx:
        rows = exchange.list_conversions(tx, limit=limit)
    show(rows, ConversionModel.of, json)


@app.command("reverse-conversion")
def reverse_conversion(
    tenant: Tenant,
    conversion: Annotated[str, typer.Argument(help="The conversion's id, fxc_…")],
    idempotency_key: Key,
    reason: Annotated[str, typer.Option()],
    json: Json = False,
) -> None:
    """Take a whole conversion back, with its positions."""
    with begin(tenant) as tx:
        number = ids.decode("fxc", conversion)
        done = exchange.reverse_conversion(tx, idempotency_key=idempotency_key, conversion_id=number, reason=reason)
        shown = transaction_of(tx, done)
    answer(shown, json)


@app.command("positions")
def list_positions(
    tenant: Tenant,
    functional_currency: Functional,
    on: Annotated[str | None, typer.Option(help="At the end of this day; today unless given.")] = None,
    legal_entity: LegalEntity = None,
    json: Json = False,
) -> None:
    """What is held of each currency, what it cost and what it is worth."""
    with begin(tenant) as tx:
        rows = revaluation.positions(
            tx,
            functional_currency=functional_currency,
            on=day(on) if on else None,
            legal_entity_id=legal_entity,
        )
    show(rows, PositionModel.of, json)


@app.command("revalue")
def revalue(
    tenant: Tenant,
    on: Annotated[str, typer.Option(help="A day that is over, as 2026-11-30.")],
    functional_currency: Functional,
    legal_entity: LegalEntity = None,
    source: Source = None,
    json: Json = False,
) -> None:
    """Post the unrealised gain at the end of a day, and take it back on the next; once a day."""
    with begin(tenant) as tx:
        done = revaluation.revalue(
            tx,
            on=day(on),
            functional_currency=functional_currency,
            legal_entity_id=legal_entity,
            source=source,
        )
    emit(plain(RevaluationModel.of(done)), as_json=json)


@app.command("revaluations")
def list_revaluations(tenant: Tenant, limit: Limit = 50, json: Json = False) -> None:
    """Revaluations, newest first."""
    with begin(tenant) as tx:
        rows = revaluation.list_revaluations(tx, limit=limit)
    show(rows, RevaluationModel.of, json)
