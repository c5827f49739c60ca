"""Factories for the tests of rails: a small file as we write it, and ways to bend its lines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from headgate.core.money import Money
from headgate.rails import ach
from headgate.rails.ach.layout import Layout

MONDAY = date(2026, 11, 23)
TUESDAY = date(2026, 11, 24)
CREATED = datetime(2026, 11, 23, 10, 30)


def usd(text: str) -> Money:
    return Money.parse(text, "USD")


def entry(key: str = "a", **changes: object) -> ach.EntrySpec:
    facts: dict[str, object] = {
        "key": key,
        "transaction_code": "22",
        "routing_number": "231380104",
        "account_number": "00123-456 7",
        "amount": usd("1250.50"),
        "individual_id": f"ref-{key}",
        "individual_name": "MARIA LINDQVIST",
    }
    return ach.EntrySpec(**{**facts, **changes})  # type: ignore[arg-type]


def batch(*entries: ach.EntrySpec, **changes: object) -> ach.BatchSpec:
    facts: dict[str, object] = {
        "company_name": "ACME INC",
        "company_id": "1234567890",
        "sec_code": "PPD",
        "description": "PAYROLL",
        "effective_on": TUESDAY,
        "odfi": "99000001",
        "entries": entries,
    }
    return ach.BatchSpec(**{**facts, **changes})  # type: ignore[arg-type]


def spec(**changes: object) -> ach.FileSpec:
    facts: dict[str, object] = {
        "destination": "990000013",
        "destination_name": "TEST BANK",
        "origin": "1234567890",
        "origin_name": "ACME PAYROLL",
        "created_at": CREATED,
        "modifier": "A",
        "reference": "FILE0001",
    }
    return ach.FileSpec(**{**facts, **changes})  # type: ignore[arg-type]


def good_file() -> bytes:
    """Two batches: two wages, one of them with an addenda, and a debit of the employer."""
    wages = batch(entry("a"), entry("b", addenda="MARCH OVERTIME", amount=usd("99.01")))
    funding = batch(
        entry("c", transaction_code="27", amount=usd("1349.51"), individual_name="ACME INC"),
        sec_code="CCD",
        description="FUNDING",
    )
    return ach.build_file(spec(), [wages, funding]).content


HEADER, BATCH, FIRST, SECOND, ADDENDA, CONTROL, BATCH_2, THIRD, CONTROL_2, END = range(10)
"""The lines of `good_file`, from 0; no lines of nines follow, since they are ten."""


def bend(number: int, table: Layout, field: str, value: str) -> Callable[[list[str]], list[str]]:
    """Write a value over a field of a line."""

    def bent(lines: list[str]) -> list[str]:
        place = table[field]
        assert len(value) == place.width, f"{field} takes {place.width}"
        line = lines[number]
        lines[number] = line[: place.start - 1] + value + line[place.end :]
        return lines

    return bent


def faults_of(lines: list[str], rules: ach.Rulebook | None = None) -> list[ach.Fault]:
    return list(ach.read_file("\n".join(lines).encode("utf-8"), rules).faults)
