"""Compose an application of routers: the door around them, one shape of error, health, and the OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

import headgate
from headgate.core.db import Database
from headgate.web import openapi
from headgate.web.dispatching import Dispatcher
from headgate.web.door import Door
from headgate.web.health import Check, database_checks, health_router
from headgate.web.metrics import Gauge, Metrics
from headgate.web.problems import of_http_exception, of_validation


def build_application(
    database: Database,
    routers: Iterable[APIRouter],
    *,
    checks: Sequence[Check] = (),
    gauges: Iterable[Gauge] = (),
    trusted_hosts: tuple[str, ...] = (),
    secure: bool = False,
    shares_commits: bool = True,
) -> FastAPI:
    """An application of these routers. `secure` where it is reached by TLS; `trusted_hosts` beside this machine's.

    `shares_commits`: requests that may share a commit do (`web/sharing.py`); a benchmark compares both.
    """
    metrics = Metrics(gauges)
    app = FastAPI(
        title="Headgate",
        version=headgate.__version__,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=openapi.operation_id,
    )
    app.state.database = database
    app.include_router(health_router([*database_checks(database), *checks], metrics))
    for router in routers:
        app.include_router(router)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused_by_router)
    app.add_middleware(
        Door,
        database=database,
        metrics=metrics,
        trusted_hosts=trusted_hosts,
        secure=secure,
        shares_commits=shares_commits,
    )
    app.router.middleware_stack = Dispatcher(app)
    _document(app)
    return app


def prepare(app: FastAPI) -> None:
    """Do now, when every router is in, what the first request would wait for, and every other request with it."""
    dispatcher = app.router.middleware_stack
    assert isinstance(dispatcher, Dispatcher), "the application was built here"
    dispatcher.prepare()


def _document(app: FastAPI) -> None:
    """The document is made at the first request for it, when every router is in."""

    def once() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = openapi.document(app)
        return app.openapi_schema

    app.openapi = once  # type: ignore[method-assign]


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return of_validation(error, request.scope["headgate"].request_id)


def _refused_by_router(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return of_http_exception(error, request, request.scope["headgate"].request_id)
