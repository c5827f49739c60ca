"""Amounts as providers write them: in major units with a point, or whole in the provider's own minor units."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any, Final

from headgate.core.currencies import EXPONENTS
from headgate.ingestion.parsers._statements import AMOUNT_MAX

_DECIMAL: Final = re.compile(r"-?\d{1,15}(?:\.\d{0,10})?\Z", re.ASCII)
_INSTANT: Final = re.compile(r"(\d{4})[-/](\d\d)[-/](\d\d)(?:[T ].*)?\Z", re.ASCII)

STRIPE_DIGITS: Final[dict[str, int]] = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF"), 0),
    **dict.fromkeys(("VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("ISK", "UGX"), 2),
}
"""Where Stripe's smallest unit is not that of ISO 4217, or is worth saying (docs.stripe.com/currencies): Malagasy ariary
have none there, Icelandic krónur and Ugandan shillings two that are always zero."""


def of_decimal(text: str, currency: str) -> int | None:
    """Minor units of `12.34`; None where it is no number, not exact in its currency, or beyond belief."""
    digits = EXPONENTS.get(currency)
    if digits is None or _DECIMAL.match(text) is None:
        return None
    whole, _, decimals = text.partition(".")
    if len(decimals) > digits and decimals[digits:].strip("0"):
        return None
    minor = int(whole + decimals[:digits].ljust(digits, "0"))
    return minor if abs(minor) <= AMOUNT_MAX else None


def of_units(units: Any, currency: str, digits: int | None = None) -> int | None:
    """Minor units of a whole number of the provider's units, which have `digits` decimals; None where not exact."""
    own = EXPONENTS.get(currency)
    if own is None or type(units) is not int:
        return None
    given = own if digits is None else digits
    if given > own:
        whole, rest = divmod(units, 10 ** (given - own))
        if rest:
            return None
    else:
        whole = units * 10 ** (own - given)
    return whole if abs(whole) <= AMOUNT_MAX else None


def of_stripe(units: Any, currency: str) -> int | None:
    """Minor units of an amount of Stripe's interface."""
    return of_units(units, currency, STRIPE_DIGITS.get(currency))


def day(value: Any) -> date | None:
    """The day of an instant: seconds since 1970 in UTC, or text that begins with year, month and day."""
    if type(value) is int:
        try:
            return datetime.fromtimestamp(value, UTC).date() if 0 <= value < 4_102_444_800 else None
        except (OverflowError, OSError, ValueError):
            return None
    found = _INSTANT.match(value) if isinstance(value, str) and len(value) <= 40 else None
    if found is None:
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None
