"""Keyset lists: `?limit=&cursor=` in, `{"data": […], "next_cursor": …, "has_more": …}` out. No offsets, no counts.

```python
@router.get("/accounts")
def list_accounts(call: Reads, page: Page) -> PageOf[AccountModel]:
    after = page.after(str)            # the key of the last row that the caller has seen, or None
    with call.begin() as tx:
        rows = accounts(tx, after=after, limit=page.limit + 1)
    return page_of(page, rows, key=lambda row: row.id)
```

A cursor is the key of the last row given, bound to the path: opaque to the caller, and refused when it was tampered
with or comes from another list. It grants nothing, since a query always filters by tenant.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import Depends, Query, Request
from pydantic import BaseModel

from headgate.web.errors import MalformedCursor

LIMIT_MAX: Final = 100
T = TypeVar("T")
M = TypeVar("M")


class PageOf(BaseModel, Generic[M]):
    """A part of a list. Ask for the next one with `cursor=next_cursor`."""

    data: list[M]
    next_cursor: str | None
    has_more: bool


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which part of a list is asked for: at most `limit` rows, after the row of `cursor`."""

    limit: int
    cursor: str | None
    path: str

    def after(self, *types: type) -> Any:
        """The key of the last row seen, each part of its type (str, int or datetime); None at the beginning.

        One type gives the value itself, several a tuple. Raises MalformedCursor.
        """
        if self.cursor is None:
            return None
        parts = _decode(self.cursor, self.path)
        if len(parts) != len(types):
            raise MalformedCursor()
        values = tuple(_part(part, wanted) for part, wanted in zip(parts, types, strict=True))
        return values[0] if len(values) == 1 else values


def page_request(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX, description="How many rows at most")] = 50,
    cursor: Annotated[str | None, Query(max_length=1000, description="next_cursor of the part before")] = None,
) -> PageRequest:
    """The dependency behind `Page`."""
    return PageRequest(limit, cursor, request.url.path)


Page = Annotated[PageRequest, Depends(page_request)]
"""The parameter of a route that lists: `page: Page`."""


def page_of(
    page: PageRequest, rows: Sequence[T], *, key: Callable[[T], Any], row: Callable[[T], Any] | None = None
) -> PageOf[Any]:
    """The answer of a list. `rows` are `page.limit + 1` at most: the one too many only says that there is more.

    `key` gives what the query orders by (a value or a tuple), `row` how a row is shown where not as it is.
    """
    shown = list(rows[: page.limit])
    has_more = len(rows) > page.limit
    return PageOf[Any](
        data=[row(found) for found in shown] if row else shown,
        next_cursor=_encode(key(shown[-1]), page.path) if has_more else None,
        has_more=has_more,
    )


def _encode(key: Any, path: str) -> str:
    parts = key if isinstance(key, tuple) else (key,)
    text = json.dumps([_text(part) for part in parts], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_check(text, path) + text).decode().rstrip("=")


def _decode(cursor: str, path: str) -> list[Any]:
    try:
        raw = base64.urlsafe_b64decode((cursor + "=" * (-len(cursor) % 4)).encode("ascii"))
        if raw[:4] != _check(raw[4:], path):
            raise MalformedCursor()
        parts = json.loads(raw[4:])
    except (ValueError, RecursionError) as error:
        raise MalformedCursor() from error
    if not isinstance(parts, list):
        raise MalformedCursor()
    return parts


def _check(text: bytes, path: str) -> bytes:
    return zlib.crc32(path.encode() + b"\0" + text).to_bytes(4, "big")


def _text(part: Any) -> str | int:
    if isinstance(part, datetime):
        return part.astimezone(UTC).isoformat()
    assert isinstance(part, str | int), f"a cursor cannot hold a {type(part).__name__}"
    return part


def _part(part: Any, wanted: type) -> Any:
    if wanted is datetime and isinstance(part, str):
        try:
            return datetime.fromisoformat(part)
        except ValueError as error:
            raise MalformedCursor() from error
    if type(part) is not wanted:
        raise MalformedCursor()
    return part
