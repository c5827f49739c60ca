"""Column's list of events, read page by page while new ones come: every event is met, whatever the size of a page."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.ingestion.poll_apis import Asking, PageUnread, all_poll_apis
from headgate.rails.column_twin import ColumnTwin

API = all_poll_apis()["column"]


@given(
    before=st.integers(0, 17),
    limit=st.integers(1, 7),
    meanwhile=st.lists(st.integers(0, 3), max_size=12),
)
def test_every_event_is_met_in_the_end_and_forward_each_once(before: int, limit: int, meanwhile: list[int]) -> None:
    twin = ColumnTwin(clock=lambda: datetime(2026, 11, 30, tzinfo=UTC))
    come(twin, before)
    cursor, met, forward = None, [], []

    for more in [*meanwhile, *[0] * 40]:
        asking = Asking("https://api.column.com", "test_key", cursor, limit, {})
        is_forward = cursor is not None and not cursor.startswith("back:")
        page = API.read(asking, answer(twin, asking))
        cursor = page.cursor or cursor
        met += [one.id for one in page.events]
        forward += [one.id for one in page.events] if is_forward else []
        come(twin, more)

    every = [one["id"] for one in twin.events]
    assert set(met) == set(every)
    assert len(forward) == len(set(forward)), "forward, no event is met twice"
    assert forward == [one for one in every if one in set(forward)], "and the oldest comes first"


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"events": []}', b'{"events": [{}], "has_more": false}', b"<html>"])
def test_what_is_no_page_is_told(body: bytes) -> None:
    with pytest.raises(PageUnread):
        API.read(Asking("https://api.column.com", "k", None, 100, {}), body)


def test_it_is_asked_as_column_wants_it() -> None:
    asked = API.ask(Asking("https://api.column.com/", "test_key", "evnt_9", 100, {"since": "2026-11-01T00:00:00Z"}))

    assert asked.url == (
        "https://api.column.com/events?limit=100&ending_before=evnt_9&created.gte=2026-11-01T00%3A00%3A00Z"
    )
    assert asked.headers["Authorization"] == "Basic OnRlc3Rfa2V5", "an empty user, and the key as password"
    assert API.limit_max == 100 and API.is_cursor_lost(404, b"")
    for options in ({"since": "2026-11-01"}, {"sinc": "x"}):
        assert API.check is not None
        with pytest.raises(ValueError, match=r"instant|option"):
            API.check(options)


def come(twin: ColumnTwin, number: int) -> None:
    for _ in range(number):
        twin.call("POST", "/simulate/receive-wire", {}, {"amount": 5, "currency_code": "USD"})


def answer(twin: ColumnTwin, asking: Asking) -> bytes:
    parts = urlsplit(API.ask(asking).url)
    status, page = twin.call("GET", parts.path, parse_qs(parts.query), {})
    assert status == 200, page
    return json.dumps(page).encode()
