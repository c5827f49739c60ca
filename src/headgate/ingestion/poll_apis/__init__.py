"""APIs that are polled by a cursor: one file each, pure. `connectors.poll` asks what they say and reads what they answer.

An API says how a page is asked for and what is in the answer; the cursor is its own text, opaque to everybody else. The
frame keeps the page and moves the cursor in one transaction, waits where it is told to, asks again what may have come out
of order, and notices gaps.

    POLL_API = PollApi(title="Column's events", limit_max=100, ask=ask, read=read)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from headgate.core import registry


@dataclass(frozen=True, slots=True)
class Asking:
    """What a page is asked with. `cursor` is None at the very beginning."""

    url: str
    secret: str = field(repr=False)
    cursor: str | None
    limit: int
    options: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Question:
    """A GET request."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that the API lists: its bytes as they came, and what the API knows it by.

    `sequence_no` where the API numbers all that it lists, without holes.
    """

    id: str
    data: bytes
    occurred_at: datetime | None = None
    sequence_no: int | None = None


@dataclass(frozen=True, slots=True)
class PollPage:
    """What an answer holds. `cursor`: with which the page after it is asked for; None where it names none.

    `is_last`: nothing more is there now.
    """

    events: Sequence[Event]
    cursor: str | None
    is_last: bool


class PageUnread(ValueError):
    """The answer is no page of this API: the message says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollApi:
    """An API. `read` raises PageUnread; `check` raises ValueError for options that it does not know."""

    title: str
    ask: Callable[[Asking], Question]
    read: Callable[[Asking, bytes], PollPage]
    limit_max: int = 1000
    check: Callable[[Mapping[str, str]], None] | None = None
    is_cursor_lost: Callable[[int, bytes], bool] = lambda status, _: status == 410
    """Whether an answer that is no page says that it knows this cursor no more: then all is read from the beginning."""


@cache
def all_poll_apis() -> Mapping[str, PollApi]:
    """Every API by name."""
    return registry.discover(__name__, kind=PollApi, attribute="POLL_API")
