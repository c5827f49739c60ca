from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.currencies import EXPONENTS
from headgate.core.money import (
    MINOR_MAX,
    CurrencyMismatch,
    Money,
    NotMoney,
    UnknownCurrency,
    convert,
    exponent,
    total,
    zero,
)

currencies = st.sampled_from(sorted(EXPONENTS))
minors = st.integers(-MINOR_MAX, MINOR_MAX)


@pytest.mark.parametrize(
    ("currency", "digits"), [("USD", 2), ("JPY", 0), ("BHD", 3), ("CLF", 4), ("UYW", 4), ("EUR", 2), ("KRW", 0)]
)
def test_exponents_are_those_of_iso_4217(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


def test_every_currency_is_three_capitals() -> None:
    assert len(EXPONENTS) == 165
    assert all(len(code) == 3 and code.isupper() for code in EXPONENTS)


@pytest.mark.parametrize("code", ["usd", "US", "XXX", "", "BTC"])
def test_unknown_currency_is_refused(code: str) -> None:
    with pytest.raises(UnknownCurrency):
        Money(1, code)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.50", "USD", 1250),
        ("-0.01", "USD", -1),
        ("+3", "USD", 300),
        ("100", "JPY", 100),
        ("1.2345", "CLF", 12345),
        ("1.230", "USD", 123),
    ],
)
def test_parse_reads_what_people_write(text: str, currency: str, minor: int) -> None:
    assert Money.parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    "text", ["", "1,000.00", "12.505", "1e3", "NaN", "٣", " 1", "1.", ".5", "1" * 41, "9" * 25, "1." + "0" * 37 + "1"]
)
def test_parse_refuses_anything_else(text: str) -> None:
    with pytest.raises(NotMoney):
        Money.parse(text, "USD")


@pytest.mark.parametrize("minor", [1.0, True, "1", MINOR_MAX + 1, -MINOR_MAX - 1])
def test_minor_units_are_whole_and_fit_the_book(minor: object) -> None:
    with pytest.raises(NotMoney):
        Money(minor, "USD")  # type: ignore[arg-type]


@given(minors, currencies)
def test_text_and_money_are_the_same(minor: int, currency: str) -> None:
    money = Money(minor, currency)

    assert Money.parse(f"{money.major:f}", currency) == money


@given(minors, currencies, st.lists(st.integers(0, 10**12), min_size=1, max_size=20).filter(any))
def test_allocate_loses_no_minor_unit(minor: int, currency: str, weights: list[int]) -> None:
    shares = Money(minor, currency).allocate(weights)

    assert sum(share.minor for share in shares) == minor
    exact = [abs(minor) * weight // sum(weights) for weight in weights]
    assert all(abs(share.minor) - floor in (0, 1) for share, floor in zip(shares, exact, strict=True))
    assert all(share.minor == 0 for share, weight in zip(shares, weights, strict=True) if weight == 0)


def test_the_last_cent_goes_to_the_largest_remainder_then_to_the_first() -> None:
    assert [share.minor for share in Money(100, "USD").allocate([1, 1, 1])] == [34, 33, 33]
    assert [share.minor for share in Money(-100, "USD").allocate([1, 1, 1])] == [-34, -33, -33]
    assert [share.minor for share in Money(5, "USD").allocate([1, 2])] == [2, 3]


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [-1, 2]])
def test_allocate_refuses_weights_without_sense(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        Money(1, "USD").allocate(weights)


def test_convert_rounds_once_half_to_even() -> None:
    assert convert(Money(10_00, "USD"), rate=Decimal("150.25"), to="JPY") == Money(1502, "JPY")
    assert convert(Money(1, "USD"), rate=Decimal("1.5"), to="EUR") == Money(2, "EUR")
    assert convert(Money(1, "USD"), rate=Decimal("2.5"), to="EUR") == Money(2, "EUR")
    assert convert(Money(1_000, "JPY"), rate=Decimal("0.0025"), to="BHD") == Money(2_500, "BHD")
    with pytest.raises(ValueError, match="rate"):
        convert(Money(1, "USD"), rate=Decimal(0), to="EUR")


def test_two_currencies_are_never_added_or_compared() -> None:
    dollar, euro = Money(1, "USD"), Money(1, "EUR")
    for operation in (
        lambda: dollar + euro,
        lambda: dollar - euro,
        lambda: dollar < euro,
        lambda: dollar <= euro,
        lambda: dollar > euro,
        lambda: dollar >= euro,
    ):
        with pytest.raises(CurrencyMismatch):
            operation()


def test_arithmetic_and_order() -> None:
    one, two = Money(100, "USD"), Money(200, "USD")

    assert one + one == two and two - one == one and -one == Money(-100, "USD")
    assert one < two and one <= one and two > one and two >= two
    assert one and not zero("USD")
    assert total([one, two], "USD") == Money(300, "USD") and total([], "JPY") == zero("JPY")


def test_format_uses_a_true_minus_and_the_currencys_decimals() -> None:
    assert Money(-123_456, "USD").format() == "−1,234.56 USD"
    assert Money(1_234_567, "JPY").format() == "1,234,567 JPY"
    assert Money(1_500, "BHD").format() == "1.500 BHD"
