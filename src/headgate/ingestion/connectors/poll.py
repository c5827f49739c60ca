"""An API that is polled by a cursor, over HTTP: which one is said by a file of `poll_apis`.

The page and the cursor behind it are committed together: what dies in between is asked for again and known again. What an
API shows late, behind events that it showed before, is found by looking back: each visit ends by reading again from the
cursor that stood `look_back_seconds` before the visit before, at most 50 pages, and moves nothing by it. A cursor that the
API knows no more is a case, and everything is read from the beginning; what was taken is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints

from headgate.core import backoff, egress
from headgate.core.clock import real_now
from headgate.core.config import Config
from headgate.ingestion.connectors import (
    Batch,
    Connector,
    Item,
    Notice,
    Settings,
    SourceRefused,
    SourceThrottled,
    SourceUnreachable,
    Visit,
    identity,
    of_egress,
)
from headgate.ingestion.poll_apis import Asking, Event, PageUnread, PollApi, PollPage, all_poll_apis

PAGE_BYTES_MAX: Final = 16 * 2**20
PATIENCE_SECONDS: Final = 20.0
"""How long an API that asks for patience is waited for within a visit; beyond that the visit ends."""
PATIENCES: Final = 3
CURSOR_MAX: Final = 4000

Word = Annotated[str, StringConstraints(max_length=200)]


class PollSettings(Settings):
    """Which API, and where."""

    api: str = Field(default="cursor_json", max_length=40, description="A file of headgate.ingestion.poll_apis")
    url: str = Field(max_length=2000, description="Without user, password or key")
    limit: int = Field(default=100, ge=1, le=1000, description="How many events a page asks for")
    look_back_seconds: int = Field(default=300, ge=0, le=604_800, description="How late the API may show an event")
    timeout_seconds: int = Field(default=20, ge=1, le=120)
    options: dict[Word, Word] = Field(default={}, max_length=40)


class _CursorLost(Exception):
    """The API knows this cursor no more."""


def place(settings: PollSettings) -> str:
    """The API's address."""
    return f"{settings.api}:{settings.url}"[:800]


def check(settings: PollSettings, login: str | None, secret: str | None, config: Config) -> None:
    """Refuse an API or an address that can be polled by nobody."""
    api = all_poll_apis().get(settings.api)
    if api is None:
        raise ValueError(f"api must be one of {', '.join(sorted(all_poll_apis()))}")
    if settings.limit > api.limit_max:
        raise ValueError(f"limit is at most {api.limit_max} for {settings.api}")
    if api.check is not None:
        api.check(settings.options)
    if config.production and not settings.url.startswith("https://"):
        raise ValueError("in production an API is polled by https only")
    with of_egress():
        egress.Client.from_config(config).check(settings.url)


@dataclass(frozen=True, slots=True)
class _Poll:
    """One visit of one API."""

    visit: Visit
    settings: PollSettings
    api: PollApi
    client: egress.Client

    @property
    def host(self) -> str:
        return urlsplit(self.settings.url).hostname or "the API"


def fetch(visit: Visit) -> Iterator[Batch]:
    """Page after page from the cursor on; then again what lies before it, for what came late."""
    settings: PollSettings = visit.settings
    api = all_poll_apis().get(settings.api)
    if api is None:
        raise SourceRefused(f"there is no API called {settings.api}; there are {', '.join(sorted(all_poll_apis()))}")
    client = egress.Client.from_config(
        visit.config, timeout_seconds=settings.timeout_seconds, size_max_bytes=PAGE_BYTES_MAX
    )
    poll = _Poll(visit, settings, api, client)
    cursor = None if visit.is_from_start else visit.cursor
    yield from _go_on(poll, cursor)
    if cursor is not None and settings.look_back_seconds:
        yield from _look_back(poll, visit.cursor_before(settings.look_back_seconds), until=cursor)


def _go_on(poll: _Poll, cursor: str | None) -> Iterator[Batch]:
    while True:
        try:
            page = _page(poll, cursor)
        except _CursorLost:
            if cursor is None:
                raise SourceUnreachable(f"{poll.host} knows no beginning: it says that the cursor is gone") from None
            yield Batch(notices=[_lost(cursor)])
            cursor = None
            continue
        moved = page.cursor if page.cursor != cursor else None
        yield Batch(items=[_item(event) for event in page.events], cursor=moved)
        if page.is_last or moved is None or poll.visit.is_over():
            return
        cursor = moved


def _look_back(poll: _Poll, cursor: str | None, *, until: str) -> Iterator[Batch]:
    """Read again what lies between two cursors; what is not known yet came late. No cursor moves."""
    while cursor != until and not poll.visit.is_over():
        try:
            page = _page(poll, cursor)
        except _CursorLost:
            return  # what is that old cannot be asked for any more
        yield Batch(items=[_item(event) for event in page.events])
        if page.is_last or page.cursor in (None, cursor):
            return
        cursor = page.cursor


def _page(poll: _Poll, cursor: str | None) -> PollPage:
    settings = poll.settings
    limit = min(settings.limit, poll.api.limit_max)
    asking = Asking(settings.url, poll.visit.secret or "", cursor, limit, settings.options)
    answer = _answer(poll, asking)
    try:
        page = poll.api.read(asking, answer.body)
    except PageUnread as error:
        raise SourceUnreachable(f"{poll.host}: {error}") from error
    if page.cursor is not None and len(page.cursor) > CURSOR_MAX:
        raise SourceRefused(f"{poll.host} names a cursor of {len(page.cursor)} characters")
    return page


def _answer(poll: _Poll, asking: Asking) -> egress.Answer:
    """An answer of 200. Raises SourceThrottled, SourceUnreachable, SourceRefused, _CursorLost."""
    question = poll.api.ask(asking)
    for patience in range(1, PATIENCES + 1):
        with of_egress():
            answer = poll.client.request("GET", question.url, headers=question.headers)
        if answer.status == 200:
            return answer
        if asking.cursor is not None and poll.api.is_cursor_lost(answer.status, answer.body):
            raise _CursorLost
        said = f"{poll.host} answered with {answer.status}"
        if answer.status != 429 and not (answer.status == 503 and "retry-after" in answer.headers):
            break
        seconds = _retry_after(answer.headers.get("retry-after"), patience)
        if patience == PATIENCES or seconds > PATIENCE_SECONDS or poll.visit.is_over():
            raise SourceThrottled(f"{said}, and asks for {seconds:.0f} s of patience", seconds=seconds)
        poll.visit.wait(seconds)
    if answer.status >= 500 or answer.status in (408, 425):
        raise SourceUnreachable(said)
    if answer.status in (401, 403):
        raise SourceRefused(f"{said}: it does not let us in with this secret")
    if 300 <= answer.status < 400:
        raise SourceRefused(f"{said}: name the address that it redirects to")
    raise SourceRefused(said)


def _retry_after(text: str | None, patience: int) -> float:
    """What the header asks for, in seconds or as a date; without one, longer each time."""
    if text is not None and text.strip().isascii() and text.strip().isdigit():
        return min(float(text), 86_400.0)
    try:
        until: datetime | None = parsedate_to_datetime(text) if text else None
    except ValueError:
        until = None
    if until is None:
        return backoff.wait_seconds(patience)
    until = until if until.tzinfo is not None else until.replace(tzinfo=UTC)
    return min(max((until - real_now()).total_seconds(), 0.0), 86_400.0)


def _item(event: Event) -> Item:
    refusal = None if event.data else "the API listed an event without content"
    return Item(
        identity=identity(event.id),
        filename=f"{event.id[:100]}.json",
        data=event.data,
        type="webhook_body",
        occurred_at=event.occurred_at,
        sequence_no=event.sequence_no,
        refusal=refusal,
    )


def _lost(cursor: str) -> Notice:
    return Notice(
        key=f"cursor:{cursor[:200]}",
        category="source_cursor_lost",
        detail={
            "cursor": cursor[:200],
            "next": "everything that the API still lists is read again; ask the provider whether it lists all since the cursor",
        },
    )


CONNECTOR = Connector(
    title="An API that is polled by a cursor",
    settings=PollSettings,
    place=place,
    fetch=fetch,
    logins=("token",),
    is_login_optional=True,
    check=check,
)
