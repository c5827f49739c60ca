"""Keyset lists: every row once, whatever the size of the parts; a cursor that was tampered with is refused."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import make
from tests.web.client import Client, Keys

from headgate import tenants
from headgate.core.db import Database
from headgate.web.errors import MalformedCursor
from headgate.web.paging import PageRequest, _check, page_of

PEOPLE = "/v1/toy/people"


def page(cursor: str | None = None, *, limit: int = 2, path: str = "/v1/x") -> PageRequest:
    return PageRequest(limit, cursor, path)


def walk(client: Client, headers: dict[str, str], limit: int) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        answer = client.get(
            PEOPLE, params={"limit": limit, **({"cursor": cursor} if cursor else {})}, headers=headers
        ).json()
        assert len(answer["data"]) <= limit
        assert answer["has_more"] is (answer["next_cursor"] is not None)
        found += [row["email"] for row in answer["data"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            return found


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8, 100])
def test_every_row_comes_once_and_in_order(
    client: Client, keys: Keys, database: Database, tenant: make.TenantFixture, limit: int
) -> None:
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        for n in (3, 1, 7, 5, 2, 6, 4):
            tenants.create_user(tx, email=f"p{n}@example.org", display_name="P")

    assert walk(client, keys.readonly, limit) == [f"p{n}@example.org" for n in range(1, 8)]


def test_another_tenants_cursor_shows_nothing_of_it(client: Client, keys: Keys, database: Database) -> None:
    other = make.tenant(database)
    with database.begin(tenant_id=other.id, actor=make.ACTOR) as tx:
        for n in range(3):
            tenants.create_user(tx, email=f"p{n}@example.org", display_name="P")
        key = tenants.create_key(tx, role="readonly").key
    cursor = client.get(PEOPLE, params={"limit": 1}, headers={"Authorization": f"Bearer {key}"}).json()["next_cursor"]

    assert client.get(PEOPLE, params={"cursor": cursor}, headers=keys.readonly).json()["data"] == []


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "1.5", "9" * 30])
def test_a_limit_out_of_range_is_refused(client: Client, keys: Keys, limit: str) -> None:
    answer = client.get(PEOPLE, params={"limit": limit}, headers=keys.readonly)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "query.limit")


PARTS = st.tuples(st.text(max_size=20), st.integers(-(2**63), 2**63 - 1), st.datetimes(timezones=st.just(UTC)))


@given(PARTS)
def test_a_cursor_brings_back_its_key(parts: tuple[str, int, datetime]) -> None:
    answer = page_of(page(limit=1), [parts, parts], key=lambda row: row)

    assert page(answer.next_cursor).after(str, int, datetime) == parts


def test_one_part_comes_back_by_itself_and_an_instant_in_any_zone() -> None:
    there = datetime(2026, 3, 8, 1, 30, tzinfo=timezone(timedelta(hours=-6)))

    assert page(page_of(page(limit=1), [there, there], key=lambda row: row).next_cursor).after(datetime) == there
    assert page().after(str) is None


@given(st.text(max_size=60))
def test_what_is_no_cursor_is_malformed(cursor: str) -> None:
    with pytest.raises(MalformedCursor):
        page(cursor).after(str)


def test_a_cursor_of_another_list_type_or_length_is_malformed() -> None:
    cursor = page_of(page(limit=1), ["a", "b"], key=lambda row: row).next_cursor
    assert cursor is not None

    for other in (page(cursor, path="/v1/y"), page(cursor[:-2]), page("A" + cursor[1:])):
        with pytest.raises(MalformedCursor):
            other.after(str)
    for types in ((int,), (str, str), (datetime,)):
        with pytest.raises(MalformedCursor):
            page(cursor).after(*types)


@pytest.mark.parametrize("inside", [b"{}", b'"ab"', b"3", b"null", b"[" * 700])
def test_a_forged_cursor_is_malformed_too(inside: bytes) -> None:
    forged = base64.urlsafe_b64encode(_check(inside, "/v1/x") + inside).decode()

    with pytest.raises(MalformedCursor):
        page(forged).after(str)


def test_rows_are_shown_as_asked() -> None:
    answer: Any = page_of(page(), [1, 2], key=lambda row: row, row=lambda row: {"n": row})

    assert (answer.data, answer.next_cursor, answer.has_more) == ([{"n": 1}, {"n": 2}], None, False)
