"""Sources to fetch: an API on this machine whose acts a test names, and a tenant that may call it."""

from __future__ import annotations

import ipaddress
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests import make

from headgate import cases, ingestion
from headgate.core.db import Database, Tx
from headgate.ingestion import source_fetching, sources
from headgate.ingestion.source_fetching import SourceFetched
from headgate.jobs import Outside

NEAR = (ipaddress.ip_network("127.0.0.0/8"),)


def event(number: int, **more: Any) -> dict[str, Any]:
    """One event of the API."""
    at = f"2026-11-20T17:{number // 60 % 60:02}:{number % 60:02}Z"
    return {"id": f"e_{number}", "no": number, "created_at": at, "amount": 100 + number, **more}


@dataclass
class Api:
    """An API that lists events, oldest first. `acts` are done once each, the first at the next request.

    An act is a status, a status with headers, `cut` (the connection is lost in the middle of the page), `again` (the page
    before, once more, and the same cursor), or something to call.
    """

    events: list[dict[str, Any]] = field(default_factory=list)
    acts: list[Any] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    forgets: set[str] = field(default_factory=set)
    page: int = 3
    url: str = ""

    def answer(self, query: dict[str, list[str]]) -> tuple[int, bytes]:
        """The page after the cursor, which is the number of events before it."""
        cursor = query.get("cursor", ["0"])[0]
        if cursor in self.forgets:
            return 410, b"{}"
        first = int(cursor)
        limit = min(int(query.get("limit", ["100"])[0]), self.page)
        found = self.events[first : first + limit]
        body = {
            "data": found,
            "next_cursor": str(first + len(found)) if found else None,
            "has_more": first + len(found) < len(self.events),
        }
        return 200, json.dumps(body, indent=1).encode()


@contextmanager
def serving(api: Api) -> Iterator[Api]:
    """The API at a port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            api.asked.append(parts.query)
            api.headers.append({name.lower(): value for name, value in self.headers.items()})
            act = api.acts.pop(0) if api.acts else None
            if callable(act):
                act = act()
            status, body = api.answer(parse_qs(parts.query))
            more: dict[str, str] = {}
            if isinstance(act, int):
                status, body = act, b""
            elif isinstance(act, tuple):
                (status, more), body = act, b""
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if act == "cut" else body)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api.url = f"http://127.0.0.1:{server.server_port}/events"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def api() -> Iterator[Api]:
    """An API on this machine."""
    with serving(Api()) as made:
        yield made


@pytest.fixture(scope="module")
def near(database: Database) -> Iterator[Database]:
    """The database of an installation that may call 127.0.0.1."""
    with Database(database.url, config=replace(database.config, egress_allow=NEAR), pool_max=12) as opened:
        yield opened


class Scene:
    """A tenant and what it fetches. `waits` are the seconds that were waited for, which no test does."""

    def __init__(self, database: Database, tenant: make.TenantFixture) -> None:
        self.database, self.tenant = database, tenant
        self.outside = Outside(database, tenant.id, make.ACTOR)
        self.waits: list[float] = []

    def do(self, verb: Callable[..., Any], *args: Any, **facts: Any) -> Any:
        """Call a verb as the tenant."""
        with self.outside.begin() as tx:
            return verb(tx, *args, **facts)

    def set(self, name: str, connector: str, settings: dict[str, Any], **more: Any) -> sources.Source:
        """Fetch there."""
        terms = sources.check_source(self.database.config, name=name, connector=connector, settings=settings, **more)
        made: sources.Source = self.do(sources.set_source, terms)
        return made

    def poll(self, api: Api, name: str = "events", **settings: Any) -> sources.Source:
        """Poll the API."""
        terms = {"url": api.url, "options": {"sequence": "no"}, "look_back_seconds": 0, **settings}
        return self.set(name, "poll", terms, login="token", secret="s3cret of ours")

    def fetch(self, name: str = "events", **more: Any) -> SourceFetched:
        """Fetch it now."""
        return source_fetching.fetch_source(self.outside, name, wait=self.waits.append, **more)

    def source(self, name: str = "events") -> sources.Source:
        """How it fares."""
        found: sources.Source = self.do(sources.get_source, name)
        return found

    def bodies(self) -> list[bytes]:
        """The bytes of every artifact, the oldest first."""
        found = self.do(ingestion.list_artifacts, limit=500)
        return [self.do(ingestion.body, one.id) for one in sorted(found, key=lambda one: (one.received_at, one.id))]

    def ids(self) -> list[str]:
        """The ids of the events that are kept."""
        return [json.loads(body)["id"] for body in self.bodies()]

    def cases(self) -> list[tuple[str, str | None]]:
        """The category and source of each case."""
        return sorted((one.category, one.subcategory) for one in self.do(cases.list_cases))


@pytest.fixture
def scene(near: Database, tenant: make.TenantFixture) -> Scene:
    """A tenant that fetches."""
    return Scene(near, tenant)


class Died(BaseException):
    """The process ended here."""


class Mortal:
    """An `Outside` whose process ends at one of its transactions: before or after it is committed."""

    def __init__(self, outside: Outside, *, at: int, before: bool) -> None:
        self._outside, self._left, self._before = outside, at, before
        self.database, self.tenant_id, self.actor = outside.database, outside.tenant_id, outside.actor

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """The next transaction."""
        self._left -= 1
        with self._outside.begin() as tx:
            yield tx
            if self._left == 0 and self._before:
                raise Died
        if self._left == 0:
            raise Died
