"""Find a request's route by its path's first words, where the framework's router tries every route in turn.

FastAPI keeps included routers nested and matches each level anew: with 300 routes that took two fifths of the processor
time of a posting. Here the routes stand under the words before their first parameter (`/v1/ledger/transactions`), so that
a path is compared with the few that may be meant, in the framework's own order. What this does not settle (another method,
no route, files, sockets) is left to the framework's router, which answers as ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

Words = tuple[str, ...]
Place = tuple[int, RouteContext]


class Dispatcher:
    """Stands before an application's router. Its table is made by `prepare`, when every router is in; routes that come later are
    found at the next request. `scope["headgate_path"]` is the whole path of what was found: a nested route knows its end."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._router: Final[ASGIApp] = app.router.middleware_stack
        self._routes = 0
        self._table: dict[Words, list[Place]] = {}
        self._paths: dict[int, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self.find(scope) if scope["type"] == "http" and not scope.get("root_path") else None
        if found is None:
            try:
                await self._router(scope, receive, send)
            finally:
                scope["headgate_path"] = self._paths.get(id(scope.get("route")))
            return
        context, params = found
        scope["router"] = self._app.router
        scope["route"] = context.original_route
        scope["headgate_path"] = context.path
        scope["endpoint"] = context.endpoint
        scope["path_params"] = params
        await context.app(scope, receive, send)

    def prepare(self) -> None:
        """Make the table, unless it is made: with some hundred routes it takes more than half a second of the processor."""
        if self._routes != len(self._app.routes):
            self._table, self._routes = _table(self._app), len(self._app.routes)
            contexts = [place[1] for places in self._table.values() for place in places]
            self._paths = {id(context.original_route): context.path or "" for context in contexts}

    def find(self, scope: Scope) -> tuple[RouteContext, dict[str, Any]] | None:
        """The route of a request and what its path says; None where the framework's router shall say."""
        self.prepare()
        path = scope["path"]
        words = tuple(path.split("/")[1:])
        places = [place for count in range(len(words) + 1) for place in self._table.get(words[:count], ())]
        for _, context in sorted(places, key=_number) if len(places) > 1 else places:
            said = context.path_regex.match(path)
            methods = getattr(context, "methods", None)
            if said is None or (methods is not None and scope["method"] not in methods):
                continue
            if not _is_by_path(context.original_route):
                return None
            return context, {
                name: context.param_convertors[name].convert(value) for name, value in said.groupdict().items()
            }
        return None


def _is_by_path(route: BaseRoute) -> bool:
    """Whether its path and method alone say if a route is meant: a file's, or one that looks at the body's type, says more."""
    return isinstance(route, Route) and type(route).matches in (APIRoute.matches, Route.matches)


def _number(place: Place) -> int:
    return place[0]


def _table(app: FastAPI) -> dict[Words, list[Place]]:
    """Routes by the words before their first parameter, each with its number in the framework's order."""
    table: dict[Words, list[Place]] = {}
    for number, context in enumerate(_with_a_path(iter_route_contexts(app.routes))):
        head, parameter, _ = (context.path or "").partition("{")
        words = tuple(head.split("/")[1:])
        table.setdefault(words[:-1] if parameter else words, []).append((number, context))
    return table


def _with_a_path(contexts: Any) -> Sequence[RouteContext]:
    return [context for context in contexts if hasattr(context, "path_regex")]
