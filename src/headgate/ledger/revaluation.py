"""Currency positions: what is held of each foreign currency, what it cost, and what it is worth at the end of a day.

The method is told in exchange.py: average cost, and revaluations that are taken back on the next day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, LiteralString

from headgate.core.db import Tx
from headgate.core.errors import Malformed
from headgate.core.money import Money, convert, exponent
from headgate.ledger.accounts import account_for
from headgate.ledger.model import YEARS, Account
from headgate.ledger.rates import ExchangeRate, known_rate


@dataclass(frozen=True, slots=True)
class Position:
    """A currency position: `value` and `unrealised` are None where there is no rate."""

    account_id: int
    account_code: str
    quantity: Money
    cost: Money
    realised: Money
    rate: Decimal | None
    rate_source: str | None
    value: Money | None
    unrealised: Money | None


@dataclass(frozen=True, slots=True)
class RevaluationLine:
    """One position at a revaluation."""

    account_id: int
    rate_id: int
    quantity: Money
    cost: Money
    rate: Decimal
    source: str
    value: Money
    gain: Money


@dataclass(frozen=True, slots=True)
class Revaluation:
    """The unrealised gain at the end of a day. `transaction_id` posts it, `reversal_id` takes it back on the next day."""

    id: int
    revalued_on: date
    functional_currency: str
    gain: Money
    transaction_id: int | None
    reversal_id: int | None
    recorded_at: datetime
    lines: tuple[RevaluationLine, ...]
    replayed: bool = False


_SELECT: LiteralString = """
    SELECT id, revalued_on, functional_currency, gain_minor, transaction_id, reversal_id, recorded_at
      FROM ledger.revaluations
"""


def positions(
    tx: Tx, *, functional_currency: str, on: date | None = None, legal_entity_id: str | None = None
) -> list[Position]:
    """The positions kept in a functional currency at the end of a day (today), by account code, at the rate of its end.

    Raises UnknownCurrency, MissingPurpose.
    """
    book = account_for(tx, "FX_POSITION", functional_currency, legal_entity_id)
    day = on or tx.now().date()
    end = _end_of(tx, day, book)
    rows = tx.all(
        """
        SELECT k.account_id, a.code, a.currency, k.quantity_minor, k.cost_minor, k.realised_minor
          FROM ledger.positions_on(%(book)s, %(on)s) k
          JOIN ledger.accounts a ON a.id = k.account_id
         ORDER BY a.code
        """,
        {"book": book.id, "on": day},
    )
    return [
        _position(row, functional_currency, known_rate(tx, row["currency"], functional_currency, end)) for row in rows
    ]


def revalue(
    tx: Tx, *, on: date, functional_currency: str, legal_entity_id: str | None = None, source: str | None = None
) -> Revaluation:
    """Post what the positions are worth above their cost at the end of a day that is over, and take it back on the next.

    Once for each day: the same day gives the first revaluation again. Do it before the day's period is closed.
    Raises UnknownCurrency, MissingPurpose, DayNotOver, DayClosed, RateMissing, RevaluationRefused.
    """
    book = account_for(tx, "FX_POSITION", functional_currency, legal_entity_id)
    gains = account_for(tx, "FX_GAIN_LOSS", functional_currency, legal_entity_id)
    end = _end_of(tx, on, book)
    held = tx.all(
        """
        SELECT DISTINCT k.account_id, a.currency
          FROM ledger.position_moves k
          JOIN ledger.accounts a ON a.tenant_id = k.tenant_id AND a.id = k.account_id
         WHERE k.functional_account_id = %(book)s
         ORDER BY k.account_id
        """,
        {"book": book.id},
    )
    quotes = [(one, known_rate(tx, one["currency"], functional_currency, end, source)) for one in held]
    rated = [(one, quote) for one, quote in quotes if quote is not None]
    row = tx.one(
        """
        SELECT id, replayed
          FROM ledger.revalue_one(%(on)s, %(book)s, %(gains)s, %(accounts)s::bigint[], %(rates)s::bigint[],
                                  %(shifts)s::integer[])
        """,
        {
            "on": on,
            "book": book.id,
            "gains": gains.id,
            "accounts": [one["account_id"] for one, _ in rated],
            "rates": [quote.id for _, quote in rated],
            "shifts": [exponent(functional_currency) - exponent(one["currency"]) for one, _ in rated],
        },
    )
    return get_revaluation(tx, row["id"], replayed=row["replayed"])


def get_revaluation(tx: Tx, revaluation_id: int, *, replayed: bool = False) -> Revaluation:
    """One revaluation with its lines. Raises NotFound."""
    row = tx.one(_SELECT + " WHERE id = %(id)s", {"id": revaluation_id}, what="revaluation")
    return _with_lines(tx, [row], replayed=replayed)[0]


def _with_lines(tx: Tx, rows: Sequence[dict[str, Any]], *, replayed: bool = False) -> list[Revaluation]:
    lines: dict[int, list[dict[str, Any]]] = {row["id"]: [] for row in rows}
    for line in tx.all(
        """
        SELECT l.revaluation_id, l.account_id, l.rate_id, l.currency, l.quantity_minor, l.cost_minor, l.value_minor, l.gain_minor,
               r.rate, r.source
          FROM ledger.revaluation_lines l
          JOIN ledger.exchange_rates r ON r.tenant_id = l.tenant_id AND r.id = l.rate_id
         WHERE l.revaluation_id = ANY (%(ids)s)
         ORDER BY l.revaluation_id, l.account_id
        """,
        {"ids": list(lines)},
    ):
        lines[line["revaluation_id"]].append(line)
    return [_revaluation(row, lines[row["id"]], replayed) for row in rows]


def _revaluation(row: dict[str, Any], lines: Sequence[dict[str, Any]], replayed: bool) -> Revaluation:
    functional = row["functional_currency"]
    return Revaluation(
        id=row["id"],
        revalued_on=row["revalued_on"],
        functional_currency=functional,
        gain=Money(row["gain_minor"], functional),
        transaction_id=row["transaction_id"],
        reversal_id=row["reversal_id"],
        recorded_at=row["recorded_at"],
        lines=tuple(
            RevaluationLine(
                account_id=line["account_id"],
                rate_id=line["rate_id"],
                quantity=Money(line["quantity_minor"], line["currency"]),
                cost=Money(line["cost_minor"], functional),
                rate=line["rate"],
                source=line["source"],
                value=Money(line["value_minor"], functional),
                gain=Money(line["gain_minor"], functional),
            )
            for line in lines
        ),
        replayed=replayed,
    )


def list_revaluations(tx: Tx, *, before: int | None = None, limit: int = 50) -> list[Revaluation]:
    """Revaluations, newest first, before the number `before`."""
    rows = tx.all(
        _SELECT + " WHERE (%(before)s::bigint IS NULL OR id < %(before)s) ORDER BY id DESC LIMIT %(limit)s",
        {"before": before, "limit": limit},
    )
    return _with_lines(tx, rows)


def _end_of(tx: Tx, day: date, book: Account) -> datetime:
    """The last instant of a day where the position account's legal entity is, else in UTC. Raises Malformed."""
    if day.year not in YEARS:
        raise Malformed(f"{day.isoformat()} lies beyond the book's calendar: give a day of the years 2 to 9998")
    found: datetime = tx.value(
        """
        SELECT (%(next)s::date)::timestamp AT TIME ZONE
               coalesce((SELECT e.time_zone FROM tenants.legal_entities e WHERE e.id = %(entity)s), 'UTC')
        """,
        {"next": day + timedelta(days=1), "entity": book.legal_entity_id},
    )
    return found - timedelta(microseconds=1)


def _position(row: dict[str, Any], functional: str, quote: ExchangeRate | None) -> Position:
    quantity = Money(row["quantity_minor"], row["currency"])
    cost = Money(row["cost_minor"], functional)
    value = None if quote is None else convert(quantity, rate=quote.rate, to=functional)
    return Position(
        account_id=row["account_id"],
        account_code=row["code"],
        quantity=quantity,
        cost=cost,
        realised=Money(row["realised_minor"], functional),
        rate=quote.rate if quote else None,
        rate_source=quote.source if quote else None,
        value=value,
        unrealised=None if value is None else value - cost,
    )
