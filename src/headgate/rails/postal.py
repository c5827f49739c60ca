"""Where a party is, as the networks want it said."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Address:
    """Where a party is: town and country as elements, the rest as elements or, hybrid, in up to two lines."""

    town: str
    country: str = "US"
    street: str | None = None
    building: str | None = None
    post_code: str | None = None
    state: str | None = None
    lines: tuple[str, ...] = ()
