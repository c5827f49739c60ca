"""Exchange rates: what one currency was worth in another, from when, according to whom.

A rate is units of `to_currency` for one of `from_currency`, in major units: 1.0842 from EUR to USD. It holds from
`effective_at` until the next one. What is recorded later for the same instant corrects it, and both are kept: `known_at`
asks for what was known then. No rate is turned round or chained: who needs USD to EUR records it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, LiteralString

from headgate.core.db import Tx
from headgate.core.errors import HeadgateError
from headgate.core.money import exponent
from headgate.ledger.arrays import instants, texts
from headgate.ledger.errors import MalformedBatch
from headgate.ledger.exchange_errors import MalformedRate, RateMissing
from headgate.ledger.model import YEARS

COLUMNS: Final = ("from", "to", "rate", "effective_at", "source")
DECIMALS_MAX: Final = 12


@dataclass(frozen=True, slots=True)
class NewRate:
    """A rate to record."""

    from_currency: str
    to_currency: str
    rate: Decimal
    effective_at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """A recorded rate: units of `to_currency` for one of `from_currency`."""

    id: int
    from_currency: str
    to_currency: str
    rate: Decimal
    effective_at: datetime
    recorded_at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class RateFault:
    """A line of a file that is no rate; the others were recorded."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class RateImport:
    """What became of a file of rates."""

    recorded: int
    known: int
    faults: tuple[RateFault, ...]


_SELECT: LiteralString = """
    SELECT id, from_currency, to_currency, rate, effective_at, recorded_at, source FROM ledger.exchange_rates
"""


def record_rate(
    tx: Tx, *, from_currency: str, to_currency: str, rate: Decimal, effective_at: datetime, source: str
) -> ExchangeRate:
    """Record a rate. The one that this source gave last for this instant is not recorded twice.

    Raises UnknownCurrency, MalformedRate.
    """
    return record_rates(tx, [NewRate(from_currency, to_currency, rate, effective_at, source)])[0]


def record_rates(tx: Tx, rates: Sequence[NewRate]) -> list[ExchangeRate]:
    """Record rates, all or none; those that are known already are given as they stand."""
    numbers = [number for number, _ in _record(tx, rates)]
    found = tx.all(_SELECT + " WHERE id = ANY (%(ids)s)", {"ids": numbers}, row=ExchangeRate)
    by_number = {one.id: one for one in found}
    return [by_number[number] for number in numbers]


def import_rates(tx: Tx, text: str) -> RateImport:
    """Record the rates of a CSV file with the columns from, to, rate, effective_at, source; a bad line is a fault.

    Raises MalformedRate where the header is not that.
    """
    lines = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    if _header(lines) != COLUMNS:
        raise MalformedRate(f"a file of rates begins with the line {','.join(COLUMNS)}")
    good: list[NewRate] = []
    faults: list[RateFault] = []
    try:
        for row in lines:
            try:
                good.append(_checked(_read(row)))
            except (HeadgateError, MalformedBatch) as error:
                faults.append(RateFault(lines.line_num, str(error)))
    except csv.Error as error:
        faults.append(RateFault(lines.line_num, f"the line cannot be read: {error}"))
    recorded = sum(is_new for _, is_new in _record(tx, good))
    return RateImport(recorded, len(good) - recorded, tuple(faults))


def rate_at(
    tx: Tx,
    *,
    from_currency: str,
    to_currency: str,
    at: datetime | None = None,
    known_at: datetime | None = None,
    source: str | None = None,
) -> ExchangeRate:
    """The latest rate at an instant (the tenant's now), of one source where given, as it was known then.

    Raises UnknownCurrency, RateMissing.
    """
    for currency in (from_currency, to_currency):
        exponent(currency)
    rows = tx.all(
        _SELECT
        + """
         WHERE from_currency = %(from)s AND to_currency = %(to)s AND effective_at <= %(at)s
           AND (%(known_at)s::timestamptz IS NULL OR recorded_at <= %(known_at)s)
           AND (%(source)s::text IS NULL OR source = %(source)s)
         ORDER BY effective_at DESC, id DESC LIMIT 1
        """,
        {"from": from_currency, "to": to_currency, "at": at or tx.now(), "known_at": known_at, "source": source},
        row=ExchangeRate,
    )
    if not rows:
        raise RateMissing(
            f"no rate from {from_currency} to {to_currency} is known at that time: record one",
            from_currency=from_currency,
            to_currency=to_currency,
        )
    return rows[0]


def known_rate(tx: Tx, given: str, target: str, at: datetime, source: str | None = None) -> ExchangeRate | None:
    """The rate at an instant, None where none is known."""
    try:
        return rate_at(tx, from_currency=given, to_currency=target, at=at, source=source)
    except RateMissing:
        return None


def list_rates(
    tx: Tx,
    *,
    from_currency: str | None = None,
    to_currency: str | None = None,
    source: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[ExchangeRate]:
    """Rates, the last recorded first, before the number `before`."""
    return tx.all(
        _SELECT
        + """
         WHERE (%(from)s::text IS NULL OR from_currency = %(from)s) AND (%(to)s::text IS NULL OR to_currency = %(to)s)
           AND (%(source)s::text IS NULL OR source = %(source)s) AND (%(before)s::bigint IS NULL OR id < %(before)s)
         ORDER BY id DESC LIMIT %(limit)s
        """,
        {"from": from_currency, "to": to_currency, "source": source, "before": before, "limit": limit},
        row=ExchangeRate,
    )


def check_rate(rate: Decimal) -> Decimal:
    """The rate itself. Raises MalformedRate: positive, below 10^12, with at most 12 decimals."""
    if not isinstance(rate, Decimal) or not rate.is_finite() or not 0 < rate < Decimal(10) ** 12:
        raise MalformedRate("a rate is a decimal above zero and below 1,000,000,000,000")
    decimals = -int(rate.normalize().as_tuple().exponent)
    if decimals > DECIMALS_MAX:
        raise MalformedRate(f"a rate has at most {DECIMALS_MAX} decimals")
    return rate


def _record(tx: Tx, rates: Sequence[NewRate]) -> list[tuple[int, bool]]:
    """Every rate in one statement: its number, and whether it is new."""
    if not rates:
        return []
    checked = [_checked(rate) for rate in rates]
    rows = tx.all(
        """
        SELECT id, is_new
          FROM ledger.record_rates(%(from)s, %(to)s, %(rates)s::numeric[], %(effective_at)s, %(sources)s)
         ORDER BY place
        """,
        {
            "from": texts([one.from_currency for one in checked]),
            "to": texts([one.to_currency for one in checked]),
            "rates": texts([f"{one.rate.normalize():f}" for one in checked]),
            "effective_at": instants([one.effective_at for one in checked]),
            "sources": texts([one.source for one in checked]),
        },
    )
    return [(row["id"], row["is_new"]) for row in rows]


def _header(lines: csv.DictReader[str]) -> tuple[str, ...]:
    try:
        return tuple(lines.fieldnames or ())
    except csv.Error:
        return ()


def _checked(rate: NewRate) -> NewRate:
    for currency in (rate.from_currency, rate.to_currency):
        exponent(currency)
    if rate.from_currency == rate.to_currency:
        raise MalformedRate("a rate is between two currencies")
    check_rate(rate.rate)
    if rate.effective_at.year not in YEARS:
        raise MalformedRate(f"an instant lies in the years {YEARS[0]} to {YEARS[-1]}")
    instants([rate.effective_at])
    texts([rate.source])
    if not 1 <= len(rate.source) <= 100:
        raise MalformedRate("a source has 1 to 100 characters")
    return rate


def _read(row: dict[str, Any]) -> NewRate:
    if None in row or None in row.values():
        raise MalformedRate(f"a line has {len(COLUMNS)} fields")
    try:
        rate = Decimal(row["rate"])
    except InvalidOperation:
        raise MalformedRate(f"'{row['rate'][:40]}' is no rate; write it as 1.0842") from None
    try:
        effective_at = datetime.fromisoformat(row["effective_at"])
    except ValueError:
        raise MalformedRate(f"'{row['effective_at'][:40]}' is no instant; write it as 2026-11-20T12:00:00Z") from None
    return NewRate(row["from"], row["to"], rate, effective_at, row["source"])
