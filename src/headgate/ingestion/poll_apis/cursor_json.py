"""Any JSON API that lists by a cursor: where the parts of its answer stand is said by options.

    GET https://api.example.com/events?limit=100&cursor=c_17
    {"data": [{"id": "e_1", "created_at": "2026-11-20T17:00:00Z", …}], "next_cursor": "c_18", "has_more": true}

Options, with what holds where one is not given: `items` (data), `next` (next_cursor; `none`: the cursor is the id of the
last event), `more` (has_more; where the answer lacks it, a page that names no cursor or no event is the last), `id` (id),
`occurred_at` (created_at), `sequence` (no number), `cursor_param` (cursor), `limit_param` (limit), `order` (oldest_first or
newest_first), `auth` (bearer, basic, or the name of a header that carries the secret as it is; `none`: nobody asks).
With newest_first and `next` none the cursor is the id of the first event: such an API is asked for what is newer.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from headgate.ingestion.poll_apis import Asking, Event, PageUnread, PollApi, PollPage, Question
from headgate.ingestion.poll_apis._slices import dig, elements
from headgate.ingestion.poll_apis._slices import read as read_json

DEFAULTS: Final = {
    "items": "data",
    "next": "next_cursor",
    "more": "has_more",
    "id": "id",
    "occurred_at": "created_at",
    "sequence": "",
    "cursor_param": "cursor",
    "limit_param": "limit",
    "order": "oldest_first",
    "auth": "bearer",
}


def check(options: Mapping[str, str]) -> None:
    """Raise ValueError for an option that there is not."""
    for name in options:
        if name not in DEFAULTS:
            raise ValueError(f"there is no option '{name[:40]}'; the options are {', '.join(DEFAULTS)}")
    if options.get("order", "oldest_first") not in ("oldest_first", "newest_first"):
        raise ValueError("order is oldest_first or newest_first")


def ask(asking: Asking) -> Question:
    """The request for the page after the cursor."""
    options = DEFAULTS | dict(asking.options)
    parts = [f"{quote(options['limit_param'])}={asking.limit}"]
    if asking.cursor is not None:
        parts.append(f"{quote(options['cursor_param'])}={quote(asking.cursor, safe='')}")
    joint = "&" if "?" in asking.url else "?"
    return Question(f"{asking.url}{joint}{'&'.join(parts)}", authorisation(options["auth"], asking.secret))


def authorisation(kind: str, secret: str) -> dict[str, str]:
    """The header that says who asks."""
    if kind == "none":
        return {}
    if kind == "bearer":
        return {"Authorization": f"Bearer {secret}"}
    if kind == "basic":
        return {"Authorization": "Basic " + base64.b64encode(secret.encode()).decode()}
    return {kind: secret}


def read(asking: Asking, body: bytes) -> PollPage:
    """The events of a page, oldest first, each with its own bytes. Raises PageUnread."""
    options = DEFAULTS | dict(asking.options)
    text, value = read_json(body)
    events = [_event(options, data, one) for data, one in elements(text, options["items"])]
    is_newest_first = options["order"] == "newest_first"
    if is_newest_first:
        events.reverse()
    if options["next"] == "none":
        cursor = events[-1].id if events else None
    else:
        found = dig(value, options["next"])
        cursor = str(found) if found not in (None, "") else None
    more = dig(value, options["more"])
    is_last = not events or (not more if isinstance(more, bool) else cursor is None or options["next"] == "none")
    return PollPage(events, cursor, is_last)


def _event(options: Mapping[str, str], data: bytes, value: Any) -> Event:
    found = dig(value, options["id"])
    if not isinstance(found, str | int) or isinstance(found, bool) or found == "":
        raise PageUnread(f"an event has no {options['id']}")
    number = dig(value, options["sequence"]) if options["sequence"] else None
    return Event(
        id=str(found),
        data=data,
        occurred_at=_instant(dig(value, options["occurred_at"])),
        sequence_no=number if isinstance(number, int) and not isinstance(number, bool) else None,
    )


def _instant(value: Any) -> datetime | None:
    """An instant as APIs write it: ISO 8601 with an offset, or seconds since 1970."""
    try:
        if isinstance(value, str):
            made = datetime.fromisoformat(value)
            return made.astimezone(UTC) if made.tzinfo is not None else None
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


POLL_API = PollApi(title="JSON by a cursor", ask=ask, read=read, check=check)
