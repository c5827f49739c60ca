"""The dispatcher finds what the framework's router finds, and leaves to it what it does not settle."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from hypothesis import example, given, settings
from hypothesis import strategies as st
from starlette.responses import PlainTextResponse
from starlette.routing import Match, Mount, Route
from starlette.types import Scope
from tests.web.client import client_of

from headgate.api import create_app
from headgate.core.db import Database
from headgate.web import dispatching
from headgate.web.dispatching import Dispatcher

WORDS = ("a", "b", "first", "1", "", "a b", "%2f", "é")


def small_app() -> FastAPI:
    """Routes that shadow one another, nested as the domains nest theirs."""
    inner, outer = APIRouter(), APIRouter(prefix="/v1/a")

    @inner.get("/a/{name}/first")
    def early(name: str) -> str:
        return f"early {name}"

    @inner.get("/{name}")
    def one(name: str) -> str:
        return f"one {name}"

    @inner.get("/first")
    def first() -> str:
        return "first, behind what shadows it"

    @inner.post("/first")
    def made() -> str:
        return "made"

    @inner.get("/{name}/b/{number}")
    def deep(name: str, number: int) -> str:
        return f"deep {name} {number}"

    @inner.get("/{name}/b/first")
    def shadowed(name: str) -> str:
        return f"shadowed {name}"

    @inner.get("/a/b/first")
    def late() -> str:
        return "late: what stands under more words, behind what stands under fewer"

    @inner.get("/pre{name}/b")
    def glued(name: str) -> str:
        return f"glued {name}"

    class OfText(APIRoute):
        def matches(self, scope: Scope) -> tuple[Match, Scope]:
            found, child = super().matches(scope)
            return (found, child) if (b"content-type", b"text/plain") in scope["headers"] else (Match.NONE, {})

    inner.add_api_route("/typed", lambda: "of text", methods=["POST"], route_class_override=OfText)

    @inner.post("/typed")
    def of_anything() -> str:
        return "of anything"

    @outer.get("")
    def listed() -> str:
        return "listed"

    outer.include_router(inner)
    app = FastAPI(redirect_slashes=False)
    app.include_router(outer)
    app.router.routes.append(Route("/v1/plain/{name}", lambda request: PlainTextResponse("plain"), methods=["GET"]))
    app.mount("/v1/a/b", lambda *call: PlainTextResponse("mounted")(*call))

    @app.get("/v1/a/b/first/{rest:path}")
    def behind(rest: str) -> str:
        return f"behind the mount {rest}"

    return app


@settings(deadline=None)
@example(words=["v1", "a", "a", "b", "first"], method="GET")
@example(words=["v1", "a", "typed"], method="POST")
@given(
    words=st.lists(st.sampled_from(("v1", "plain", "pre1", *WORDS)), max_size=6),
    method=st.sampled_from(("GET", "POST", "HEAD", "DELETE")),
)
def test_every_request_is_answered_as_the_framework_answers_it(words: list[str], method: str) -> None:
    path = "/" + "/".join(words)
    answers = [_answer(app, method, path) for app in (_PLAIN, _QUICK)]
    assert answers[0] == answers[1]


def test_every_route_of_the_application_is_found_as_the_framework_finds_it(database: Database) -> None:
    app = create_app(database)
    dispatcher = app.router.middleware_stack
    assert isinstance(dispatcher, Dispatcher)
    found, left = 0, []
    for context in iter_route_contexts(app.routes):
        for method in getattr(context, "methods", None) or ():
            path = re.sub(r"{[^}]*}", "one", context.path or "")
            scope: dict[str, Any] = {"type": "http", "path": path, "method": method, "headers": [], "root_path": ""}
            first = next(
                each
                for each in iter_route_contexts(app.routes)
                if (match := getattr(each, "path_regex", None)) and match.match(path) and method in (each.methods or ())
            )
            ours = dispatcher.find(dict(scope))
            if ours is None:
                left.append((method, path))
                continue
            assert ours[0].endpoint is first.endpoint, (method, path)
            found += 1
    assert found > 200 and set(left) == {("POST", "/v1/payments/payrolls")}, "it looks at the body's type"


def test_the_first_request_finds_the_table_made(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it made it, it blocked the loop: `serve` said that it answers, and /healthz waited for some hundred routes."""
    app = create_app(database)
    made: list[FastAPI] = []
    table = dispatching._table
    monkeypatch.setattr(dispatching, "_table", lambda app: made.append(app) or table(app))

    with client_of(app) as api:
        answer = api.get("/healthz")

    assert (answer.status_code, made) == (200, [])


@pytest.mark.parametrize("path", ["/console/static/none.css", "/v1/none", "/v1/ledger/none/none"])
def test_what_it_does_not_settle_is_left(database: Database, path: str) -> None:
    app = create_app(database)
    dispatcher = app.router.middleware_stack
    assert isinstance(dispatcher, Dispatcher)
    assert dispatcher.find({"type": "http", "path": path, "method": "PATCH"}) is None
    assert any(isinstance(route, Mount) for route in app.routes)
    assert all(
        route.matches({"type": "http", "path": "/v1/none", "method": "GET"})[0] == Match.NONE for route in app.routes
    )


def _answer(app: FastAPI, method: str, path: str) -> tuple[int, bytes, bytes | None]:
    """Status, body and the methods that it allows."""
    said: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        said.append(message)

    scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b""}
    asyncio.run(app({**scope, "headers": [], "scheme": "http", "server": ("test", 80), "root_path": ""}, receive, send))
    body = b"".join(message.get("body", b"") for message in said[1:])
    return said[0]["status"], body, dict(said[0]["headers"]).get(b"allow")


def _quick(app: FastAPI) -> FastAPI:
    app.router.middleware_stack = Dispatcher(app)
    return app


_PLAIN, _QUICK = small_app(), _quick(small_app())
