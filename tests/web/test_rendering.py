"""One JSON form of money, instants and ids; and one hash of a body, however it is written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest

from headgate.core.money import Money
from headgate.web import MoneyModel, rendered
from headgate.web.idempotency import body_hash


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True)
class Thing:
    amount: Money
    on: date


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Money(1250, "USD"), {"minor": 1250, "currency": "USD"}),
        (MoneyModel.of(Money(-5, "JPY")), {"minor": -5, "currency": "JPY"}),
        (Thing(Money(1, "BHD"), date(2026, 11, 20)), {"amount": {"minor": 1, "currency": "BHD"}, "on": "2026-11-20"}),
        (datetime(2026, 11, 20, 5, tzinfo=UTC), "2026-11-20T05:00:00.000000Z"),
        (datetime(2026, 11, 20, 5, tzinfo=timezone(timedelta(hours=-6))), "2026-11-20T11:00:00.000000Z"),
        (timedelta(minutes=1.5), 90.0),
        (Decimal("12.50"), "12.50"),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (Colour.RED, "red"),
        ({"b": [Colour.RED], "é": None}, {"b": ["red"], "é": None}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (frozenset({"b", "a"}), ["a", "b"]),
    ],
)
def test_values_have_one_form(value: Any, expected: Any) -> None:
    assert json.loads(rendered(value)) == expected


@pytest.mark.parametrize("value", [object(), b"bytes", Money])
def test_what_has_no_form_is_a_mistake(value: Any) -> None:
    with pytest.raises(TypeError):
        rendered(value)


def test_a_number_that_json_lacks_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="JSON"):
        rendered({"x": float("nan")})


def test_money_goes_in_and_out_unchanged() -> None:
    assert MoneyModel(minor=1250, currency="USD").money() == Money(1250, "USD")


def test_a_multipart_body_is_the_same_whatever_its_boundary() -> None:
    def form(boundary: str, text: str) -> bytes:
        body = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"\r\n\r\n{text}\r\n--{boundary}--\r\n'.encode()
        )
        return body_hash(None, body, f"multipart/form-data; boundary={boundary}")

    assert form("aaaa", "1") == form("bbbb", "1") != form("bbbb", "2")
    assert body_hash(None, b"x", "multipart/form-data; boundary=") == body_hash(None, b"x", "")
    assert body_hash(None, b"x", "text/csv") != body_hash(None, b"y", "text/csv")


def test_an_empty_document_is_not_the_same_as_none() -> None:
    assert body_hash({}, b"{}", "application/json") != body_hash([], b"[]", "application/json")
