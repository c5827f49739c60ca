"""Money: a whole number of minor units and a currency. Never a float, never rounded without a function that says so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation

from headgate.core.currencies import EXPONENTS
from headgate.core.errors import Malformed

MINOR_MAX = 2**63 - 1
"""The largest amount the book can hold: a bigint."""

_EXACT = Context(prec=60)
_DECIMAL = re.compile(r"[+-]?\d+(\.\d+)?\Z", re.ASCII)


class UnknownCurrency(Malformed):
    """This is no currency of ISO 4217."""

    code = "core.unknown_currency"


class NotMoney(Malformed):
    """This text is not an amount of that currency."""

    code = "core.not_money"


class CurrencyMismatch(Malformed):
    """Two currencies are never added or compared."""

    code = "core.currency_mismatch"


def exponent(currency: str) -> int:
    """How many decimals a currency has: USD 2, JPY 0, BHD 3. Raises UnknownCurrency."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise UnknownCurrency(f"'{currency[:8]}' is no currency of ISO 4217; write three capitals, as USD") from None


@dataclass(frozen=True, slots=True)
class Money:
    """`Money(1250, "USD")` is twelve dollars and fifty cents. `minor` may be negative in balances, never in entries."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        # What is right is looked at once, in one line: a payroll makes a million of them.
        if type(self.minor) is int and -MINOR_MAX <= self.minor <= MINOR_MAX and self.currency in EXPONENTS:
            return
        if type(self.minor) is not int:
            raise NotMoney(f"an amount is a whole number of minor units, not {self.minor!r}")
        if abs(self.minor) > MINOR_MAX:
            raise NotMoney(f"{self.minor} {self.currency} is more than the book can hold")
        exponent(self.currency)

    @classmethod
    def parse(cls, text: str, currency: str) -> Money:
        """An amount as people write it: `Money.parse("12.50", "USD")`. More decimals than the currency has is an error."""
        digits = exponent(currency)
        if len(text) > 40 or not _DECIMAL.match(text):
            raise NotMoney(f"'{text[:40]}' is not an amount; write it as 1234.50")
        try:
            scaled = Decimal(text).scaleb(digits, context=_EXACT)
            whole = scaled.to_integral_exact(context=_EXACT)
        except InvalidOperation:
            raise NotMoney(f"'{text[:40]}' is more than the book can hold") from None
        if whole != scaled:
            raise NotMoney(f"'{text[:40]}' has more than the {digits} decimals of {currency}")
        return cls(int(whole), currency)

    @property
    def major(self) -> Decimal:
        """The amount in major units, exact: `Decimal("12.50")`."""
        return Decimal(self.minor).scaleb(-exponent(self.currency), context=_EXACT)

    def format(self) -> str:
        """For people: thousands parted, the currency's own decimals, a true minus: `−1,234.50 USD`."""
        return f"{self.major:,.{exponent(self.currency)}f} {self.currency}".replace("-", "−")

    def allocate(self, weights: Sequence[int]) -> list[Money]:
        """Split by weights so that not a minor unit is lost: largest remainders first, ties to the earlier share.

        Raises ValueError where there is no positive weight or a negative one.
        """
        total = sum(weights)
        if total <= 0 or any(weight < 0 for weight in weights):
            raise ValueError("weights must not be negative, and one must be positive")
        sign = -1 if self.minor < 0 else 1
        size = abs(self.minor)
        shares = [size * weight // total for weight in weights]
        remainders = sorted(range(len(weights)), key=lambda n: (-(size * weights[n] % total), n))
        for n in remainders[: size - sum(shares)]:
            shares[n] += 1
        return [Money(sign * share, self.currency) for share in shares]

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.minor > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.minor >= self._same(other)

    def _same(self, other: Money) -> int:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} are never added or compared: convert first")
        return other.minor


def zero(currency: str) -> Money:
    """Nothing, in a currency."""
    return Money(0, currency)


def total(amounts: Sequence[Money], currency: str) -> Money:
    """The sum of amounts of one currency; of none, zero."""
    return sum(amounts, zero(currency))


def convert(amount: Money, *, rate: Decimal, to: str) -> Money:
    """The amount in another currency at `rate` (units of `to` for one of `amount.currency`), rounded once, half to even."""
    if rate <= 0:
        raise ValueError("a rate is positive")
    exact = _EXACT.multiply(amount.major, rate).scaleb(exponent(to), context=_EXACT)
    return Money(int(exact.to_integral_value(rounding=ROUND_HALF_EVEN, context=_EXACT)), to)
