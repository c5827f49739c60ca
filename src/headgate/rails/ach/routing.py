"""ABA routing numbers: nine digits, the last one a check digit (nacha_layout.md §7)."""

from __future__ import annotations

from functools import lru_cache

_WEIGHTS = (3, 7, 1, 3, 7, 1, 3, 7)


def check_digit(first_eight: str) -> int:
    """The ninth digit of a routing number: weights 3 7 1 3 7 1 3 7, then what is missing to the next ten."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first_eight, strict=True))
    return -total % 10


@lru_cache(maxsize=65_536)
def is_routing_number(text: str) -> bool:
    """Whether this is nine ASCII digits with the right check digit, and not all zeros."""
    if len(text) != 9 or not text.isascii() or not text.isdigit() or text == "000000000":
        return False
    return check_digit(text[:8]) == int(text[8])
