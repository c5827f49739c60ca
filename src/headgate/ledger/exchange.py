"""Exchange: money of one currency becomes money of another, in one transaction, and what a position gained is shown.

The method, plainly:

- *Linked entries.* Each currency has a position account (purpose FX_POSITION). A conversion books what is given up against
  the position account of its currency and what is got against that of the other, so every currency stays balanced. The
  amount is converted once, half to even, at the rate that the transaction's metadata keeps with its source.
- *Functional currency.* The one in which gains are told: that of the accounts' legal entity, else the only one of the
  tenant. The position account of the functional currency holds what all positions cost.
- *Average cost.* A position grows at the value given for it. What lessens it takes its share of the cost with it, rounded
  half to even, and the last unit takes all that is left: no cent stays behind. What was got less that cost is realised, and
  booked between the position account and FX_GAIN_LOSS in the same transaction. Positions follow the order of recording.
- *Revaluation* (revaluation.py) values the positions at the end of a day; the difference to their cost is unrealised, is
  posted to FX_GAIN_LOSS on that day and taken back at the start of the next. So positions stay at cost, realised gains do
  not depend on how often was revalued, and each period shows its change against the last revaluation.

What is valued is what conversions made: income in a foreign currency joins when it is converted. A conversion is taken
back with `reverse_conversion`; a plain reversal of its transaction would leave the position as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, LiteralString

from headgate.core import ids
from headgate.core.canonical import digest
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.core.money import Money
from headgate.core.money import convert as converted
from headgate.ledger import arrays
from headgate.ledger.accounts import account_for, get_account
from headgate.ledger.errors import IdempotencyConflict, refusal
from headgate.ledger.exchange_errors import ConversionNotFound, MalformedConversion
from headgate.ledger.model import NET_MAX, Account, Posted
from headgate.ledger.rates import ExchangeRate, check_rate, known_rate, rate_at
from headgate.ledger.reversal import reverse


@dataclass(frozen=True, slots=True)
class Conversion:
    """A conversion that stands. `value` is what was exchanged in the functional currency, `gain` what it realised."""

    id: int
    transaction_id: int
    from_account_id: int
    to_account_id: int
    amount: Money
    converted: Money
    rate: Decimal
    source: str
    value: Money
    gain: Money
    recorded_at: datetime
    replayed: bool = False


_CONVERSION: LiteralString = """
    SELECT id, transaction_id, from_account_id, to_account_id, from_minor, to_minor, value_minor, gain_minor, code, rate,
           from_currency, to_currency, functional_currency, source, recorded_at, body_hash, facts
      FROM ledger.conversions
"""


def convert(
    tx: Tx,
    *,
    idempotency_key: str,
    from_account: int | str,
    to_account: int | str,
    amount: Money,
    rate: Decimal | None = None,
    source: str | None = None,
    functional_currency: str | None = None,
    effective_at: datetime | None = None,
    source_type: str | None = None,
    source_id: str | None = None,
    description: str | None = None,
) -> Conversion | Refused:
    """Move `amount` out of one account and what it is worth into another, of another currency.

    Both are assets (or expenses), or both are liabilities (or others that a credit raises). `rate` is units of the
    target for one of the amount's currency, as `source` gave it; without it, the rate that is known at the effective
    time, of `source` where given. The same key and body give the first answer again. Refusals: errors.py.

    Raises AccountNotFound, MalformedConversion, MalformedRate, MissingPurpose, RateMissing, IdempotencyConflict,
    ConversionSidesDiffer, FunctionalCurrencyDiffers, ConversionInFuture (its day is still to come).
    """
    arrays.instants([effective_at])
    arrays.texts([idempotency_key, source, source_type, source_id, description])
    given, target = get_account(tx, from_account), get_account(tx, to_account)
    _check(given, target, amount, rate, source)
    fingerprint = digest(
        {
            "formula": 1,
            "from": given.id,
            "to": target.id,
            "amount_minor": amount.minor,
            "rate": None if rate is None else f"{rate.normalize():f}",
            "source": source,
            "functional_currency": functional_currency,
            "effective_at": None if effective_at is None else effective_at.astimezone(UTC).isoformat(),
            "source_type": source_type,
            "source_id": source_id,
            "description": description,
        }
    )
    known = tx.maybe(_CONVERSION + " WHERE key = %(key)s", {"key": idempotency_key})
    if known is not None:
        if bytes(known["body_hash"]) != fingerprint:
            raise IdempotencyConflict(
                f"the idempotency key {idempotency_key} stands for another request: use a new key",
                idempotency_key=idempotency_key,
            )
        return _answer(known, replayed=True)
    functional = functional_currency or _functional_currency(tx, given, target)
    quote = _quote(tx, given.currency, target.currency, rate, source, effective_at)
    got = converted(amount, rate=quote.rate, to=target.currency)
    if got.minor <= 0:
        raise MalformedConversion(f"{amount.format()} is less than the smallest amount of {target.currency}")
    value = _value(tx, amount, got, functional, effective_at, source)
    entity = given.legal_entity_id or target.legal_entity_id
    row = tx.one(
        """
        SELECT id FROM ledger.convert_one(%(key)s, %(hash)s, %(from)s, %(to)s, %(from_minor)s, %(to_minor)s, %(value)s,
                 %(rate)s, %(source)s, %(from_position)s, %(to_position)s, %(functional_position)s, %(gain_account)s,
                 %(effective_at)s, %(source_type)s, %(source_id)s, %(description)s, %(metadata)s)
        """,
        {
            "key": idempotency_key,
            "hash": fingerprint,
            "from": given.id,
            "to": target.id,
            "from_minor": amount.minor,
            "to_minor": got.minor,
            "value": value.minor,
            "rate": quote.rate,
            "source": quote.source,
            "from_position": account_for(tx, "FX_POSITION", given.currency, entity).id,
            "to_position": account_for(tx, "FX_POSITION", target.currency, entity).id,
            "functional_position": account_for(tx, "FX_POSITION", functional, entity).id,
            "gain_account": account_for(tx, "FX_GAIN_LOSS", functional, entity).id,
            "effective_at": effective_at,
            "source_type": source_type,
            "source_id": source_id,
            "description": description,
            "metadata": arrays.document(_metadata(quote)),
        },
    )
    return _answer(tx.one(_CONVERSION + " WHERE id = %(id)s", {"id": row["id"]}), replayed=False)


def reverse_conversion(tx: Tx, *, idempotency_key: str, conversion_id: int, reason: str | None) -> Posted | Refused:
    """Take a whole conversion back: its transaction is reversed, and the positions get back what they were moved by.

    Raises ConversionNotFound, IdempotencyConflict, PositionMovedOn (a cost would be left without a quantity).
    """
    found = get_conversion(tx, conversion_id)
    answer = reverse(tx, idempotency_key=idempotency_key, transaction_id=found.transaction_id, reason=reason)
    if isinstance(answer, Posted):
        tx.run(
            "SELECT ledger.move_positions_back(%(conversion)s, %(reversal)s)",
            {"conversion": found.id, "reversal": answer.transaction_id},
        )
    return answer


def get_conversion(tx: Tx, conversion_id: int) -> Conversion:
    """One conversion that stands. Raises ConversionNotFound."""
    row = tx.maybe(_CONVERSION + " WHERE id = %(id)s AND code = 0", {"id": conversion_id})
    if row is None:
        raise ConversionNotFound()
    return _conversion(row, replayed=False)


def list_conversions(tx: Tx, *, before: int | None = None, limit: int = 50) -> list[Conversion]:
    """Conversions that stand, newest first, before the number `before`."""
    rows = tx.all(
        _CONVERSION
        + " WHERE code = 0 AND (%(before)s::bigint IS NULL OR id < %(before)s) ORDER BY id DESC LIMIT %(limit)s",
        {"before": before, "limit": limit},
    )
    return [_conversion(row, replayed=False) for row in rows]


def _check(given: Account, target: Account, amount: Money, rate: Decimal | None, source: str | None) -> None:
    if amount.currency != given.currency:
        raise MalformedConversion(f"the amount is in the currency of {given.code}, {given.currency}")
    if given.currency == target.currency:
        raise MalformedConversion(f"both accounts are in {given.currency}: post an entry between them")
    if not 0 < amount.minor <= NET_MAX:
        raise MalformedConversion("an amount is above zero, and not more than the book can hold")
    if rate is not None:
        check_rate(rate)
        if source is None:
            raise MalformedConversion("a rate that is given comes with its source")
    if source is not None and not 1 <= len(source) <= 100:
        raise MalformedConversion("a source has 1 to 100 characters")


def _functional_currency(tx: Tx, given: Account, target: Account) -> str:
    entities = [entity for entity in (given.legal_entity_id, target.legal_entity_id) if entity]
    found = tx.values(
        """
        SELECT DISTINCT currency FROM tenants.legal_entities
         WHERE %(entities)s::text[] = '{}' OR id = ANY (%(entities)s)
        """,
        {"entities": entities},
    )
    if len(found) != 1:
        raise MalformedConversion(
            "the legal entities count in several currencies, or in none: give functional_currency"
        )
    return str(found[0])


def _quote(
    tx: Tx, given: str, target: str, rate: Decimal | None, source: str | None, at: datetime | None
) -> ExchangeRate:
    if rate is None:
        return rate_at(tx, from_currency=given, to_currency=target, at=at, source=source)
    assert source is not None
    now = tx.now()
    return ExchangeRate(0, given, target, rate, at or now, now, source)


def _metadata(quote: ExchangeRate) -> Mapping[str, Any]:
    found = {
        "rate": f"{quote.rate.normalize():f}",
        "rate_source": quote.source,
        "rate_effective_at": quote.effective_at.isoformat(),
    }
    return found | ({"exchange_rate_id": ids.encode("fxr", quote.id)} if quote.id else {})


def _value(tx: Tx, amount: Money, got: Money, functional: str, at: datetime | None, source: str | None) -> Money:
    """What is exchanged, in the functional currency: what was given or got, or else the amount at its own rate."""
    if functional == amount.currency:
        return amount
    if functional == got.currency:
        return got
    quote = known_rate(tx, amount.currency, functional, at or tx.now(), source) or rate_at(
        tx, from_currency=amount.currency, to_currency=functional, at=at
    )
    return converted(amount, rate=quote.rate, to=functional)


def _answer(row: dict[str, Any], *, replayed: bool) -> Conversion | Refused:
    if row["code"]:
        return refusal(row["code"], row["facts"], replayed)
    return _conversion(row, replayed=replayed)


def _conversion(row: dict[str, Any], *, replayed: bool) -> Conversion:
    return Conversion(
        id=row["id"],
        transaction_id=row["transaction_id"],
        from_account_id=row["from_account_id"],
        to_account_id=row["to_account_id"],
        amount=Money(row["from_minor"], row["from_currency"]),
        converted=Money(row["to_minor"], row["to_currency"]),
        rate=row["rate"],
        source=row["source"],
        value=Money(row["value_minor"], row["functional_currency"]),
        gain=Money(row["gain_minor"], row["functional_currency"]),
        recorded_at=row["recorded_at"],
        replayed=replayed,
    )
