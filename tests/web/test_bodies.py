"""Bodies are read strictly: what has two meanings, or cannot be stored, is refused with its place."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.web.client import Client, Keys

from headgate.web import bodies
from headgate.web.errors import BodyTooLarge, MalformedBody

LARGEST = 2**63 - 1
STORABLE = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-LARGEST, LARGEST) | STORABLE,
    lambda inner: st.lists(inner) | st.dictionaries(STORABLE, inner),
)


@given(DOCUMENTS, st.booleans())
@pytest.mark.slow
def test_a_good_document_is_read_as_it_is(document: Any, ascii_only: bool) -> None:
    assert bodies.parse(json.dumps(document, ensure_ascii=ascii_only).encode()) == document


@given(st.binary())
def test_any_bytes_are_a_document_or_malformed(body: bytes) -> None:
    try:
        bodies.parse(body)
    except MalformedBody as error:
        assert error.message


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "no JSON"),
        (b'{"a": 1,', "line 1, column"),
        (b'{"a": 1}{', "Extra data"),
        (b'{"a": 1, "b": 2, "a": 1}', "'a' is given twice"),
        (b'[{"x": {"k": 1, "k": 2}}]', "'k' is given twice"),
        (b"[NaN]", "NaN is no number"),
        (b"[-Infinity]", "-Infinity is no number"),
        (b"[1e999]", "larger than a number"),
        (b"[9223372036854775808]", "larger than the book can hold"),
        (b"[" + b"9" * 5000 + b"]", "larger than the book can hold"),
        (b'["a\\u0000b"]', "NUL"),
        (b'{"a\\u0000": 1}', "NUL"),
        (b'["\\ud800"]', "surrogate"),
        (b'["\xff"]', "not UTF-8 at byte 2"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
    ],
)
def test_what_has_two_meanings_or_none_is_refused(body: bytes, says: str) -> None:
    with pytest.raises(MalformedBody) as refused:
        bodies.parse(body)

    assert says in refused.value.message


def test_a_backslash_before_u0000_is_no_nul() -> None:
    assert bodies.parse(b'["\\\\u0000"]') == ["\\u0000"]


def test_a_whole_surrogate_pair_is_a_character() -> None:
    assert bodies.parse(b'["\\ud83d\\ude00"]') == ["\N{GRINNING FACE}"]


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("application/problem+json", True),
        ("text/json", False),
        ("multipart/form-data; boundary=x", False),
        ("", False),
    ],
)
def test_which_bodies_are_json(content_type: str, expected: bool) -> None:
    assert bodies.is_json(content_type) is expected


def test_reading_stops_at_the_limit() -> None:
    given_out = 0

    async def receive() -> dict[str, Any]:
        nonlocal given_out
        given_out += 1
        return {"type": "http.request", "body": b"x" * 1000, "more_body": True}

    with pytest.raises(BodyTooLarge):
        asyncio.run(bodies.read(receive, bytes_max=2500))
    assert given_out == 3


def test_a_client_that_went_away_is_told_apart() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    with pytest.raises(bodies.ClientGone):
        asyncio.run(bodies.read(receive, bytes_max=10))


def test_a_body_beyond_the_limit_is_refused_at_the_door(client: Client, keys: Keys) -> None:
    headers = {**keys.operator, "Idempotency-Key": "one", "Content-Type": "application/json"}

    answer = client.post("/v1/toy/orders", content=b" " * (bodies.JSON_BYTES_MAX + 1), headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (413, "web.body_too_large")
