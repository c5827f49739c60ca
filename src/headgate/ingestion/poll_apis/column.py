"""Column's list of events, those too that no webhook brought: the newest first, a hundred on a page.

    GET https://api.column.com/events?limit=100&ending_before=evnt_17
    {"events": [{"id": "evnt_19", "created_at": "2026-11-20T17:00:00Z", …}, {"id": "evnt_18", …}], "has_more": false}

Forward it is read before the last id that was seen; such a page holds the events nearest to that id. At the very beginning
there is none: then the list is read backwards once, page by page, from the newest on (`back:NEWEST:OLDEST` is the cursor
meanwhile), and forward from that newest ever after. Option: `since`, an instant before which nothing is asked for.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

from headgate.ingestion.poll_apis import Asking, Event, PageUnread, PollApi, PollPage, Question
from headgate.ingestion.poll_apis._slices import dig, elements
from headgate.ingestion.poll_apis._slices import read as read_json

LIMIT_MAX: Final = 100
_BACK: Final = "back:"
_LOST: Final = (400, 404, 410)
"""What Column answers for a cursor that is none of its events."""


def check(options: Mapping[str, str]) -> None:
    """Raise ValueError for an option that there is not, or a `since` that is no instant."""
    for name in options:
        if name != "since":
            raise ValueError(f"there is no option '{name[:40]}'; the option is since")
    if "since" in options and datetime.fromisoformat(options["since"]).tzinfo is None:
        raise ValueError("since is an instant with its offset, as 2026-11-01T00:00:00Z")


def ask(asking: Asking) -> Question:
    """The request for the page after the cursor: newer events, or older ones while the beginning is looked for."""
    query: dict[str, Any] = {"limit": min(asking.limit, LIMIT_MAX)}
    cursor = asking.cursor or ""
    if cursor.startswith(_BACK):
        query["starting_after"] = cursor.rpartition(":")[2]
    elif cursor:
        query["ending_before"] = cursor
    if since := asking.options.get("since"):
        query["created.gte"] = since
    url = asking.url.rstrip("/")
    token = base64.b64encode(f":{asking.secret}".encode()).decode()
    return Question(
        f"{url if url.endswith('/events') else f'{url}/events'}?{urlencode(query, quote_via=quote)}",
        {"Authorization": f"Basic {token}", "Accept": "application/json"},
    )


def read(asking: Asking, body: bytes) -> PollPage:
    """The events of a page, oldest first, each with its own bytes. Raises PageUnread."""
    text, value = read_json(body)
    events = [_event(data, one) for data, one in reversed(elements(text, "events"))]
    has_more = dig(value, "has_more")
    if not isinstance(has_more, bool):
        raise PageUnread("the answer does not say whether it has more")
    if not events:
        return PollPage(events, _newest(asking.cursor), is_last=True)
    cursor = asking.cursor or ""
    if cursor and not cursor.startswith(_BACK):
        return PollPage(events, events[-1].id, is_last=not has_more)
    newest = _newest(cursor) or events[-1].id
    return PollPage(events, f"{_BACK}{newest}:{events[0].id}" if has_more else newest, is_last=not has_more)


def _newest(cursor: str | None) -> str | None:
    """The newest event that a reading backwards began with; None where there is none."""
    return cursor.split(":")[1] if cursor and cursor.startswith(_BACK) else None


def _event(data: bytes, value: Any) -> Event:
    found, at = dig(value, "id"), dig(value, "created_at")
    if not isinstance(found, str) or not found:
        raise PageUnread("an event has no id")
    try:
        instant = datetime.fromisoformat(at) if isinstance(at, str) else None
    except ValueError:
        instant = None
    return Event(id=found, data=data, occurred_at=instant if instant and instant.tzinfo else None)


POLL_API = PollApi(
    title="Column's events",
    ask=ask,
    read=read,
    limit_max=LIMIT_MAX,
    check=check,
    is_cursor_lost=lambda status, _: status in _LOST,
)
