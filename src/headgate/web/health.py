"""`/healthz`, `/readyz` and `/metrics`: alive, able to work, and how much.

`/healthz` answers whenever the process does (`?deep=1`: as `/readyz`). `/readyz` names each check and answers 503
when one fails. None asks for a key, and none says anything of a tenant.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from headgate.core import log, migrations
from headgate.core.db import Actor, Database
from headgate.core.errors import HeadgateError
from headgate.web.metrics import Metrics
from headgate.web.rendering import rendered

_LOG = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be well; `run` answers None, or in one line what is not."""

    name: str
    run: Callable[[], str | None]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found."""

    name: str
    ok: bool
    detail: str | None
    milliseconds: int


def database_checks(database: Database) -> list[Check]:
    """The database answers, and has this code's shape."""
    return [Check("database", lambda: _answers(database)), Check("migrations", lambda: _migrated(database))]


def run_checks(checks: Sequence[Check]) -> list[CheckResult]:
    """Each check in turn; one that raises has failed."""
    results = []
    for check in checks:
        started = time.perf_counter()
        try:
            detail = check.run()
        except HeadgateError as error:
            detail = error.message
        except Exception as error:
            _LOG.error("a readiness check failed", exc_info=error, extra={"check": check.name})
            detail = f"the check itself failed ({type(error).__name__}); see the log"
        results.append(CheckResult(check.name, detail is None, detail, round((time.perf_counter() - started) * 1000)))
    return results


def health_router(checks: Sequence[Check], metrics: Metrics) -> APIRouter:
    """The routes of health."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz", response_model=None)
    def healthz(deep: bool = False) -> Response | dict[str, Any]:
        """Whether the process is alive; with `deep`, as /readyz."""
        return _readiness(checks) if deep else {"ok": True}

    @router.get("/readyz", response_model=None)
    def readyz() -> Response:
        """Whether Headgate can work, check by check."""
        return _readiness(checks)

    @router.get("/metrics", response_model=None)
    def show_metrics() -> Response:
        """The numbers, in Prometheus' text format."""
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router


def _readiness(checks: Sequence[Check]) -> Response:
    results = run_checks(checks)
    ok = all(result.ok for result in results)
    return Response(
        rendered({"ok": ok, "checks": results}), status_code=200 if ok else 503, media_type="application/json"
    )


def _answers(database: Database) -> str | None:
    with database.begin(tenant_id=None, actor=Actor.system("readyz")) as tx:
        tx.value("SELECT 1")
    return None


def _migrated(database: Database) -> str | None:
    with database.begin(tenant_id=None, actor=Actor.system("readyz")) as tx:
        missing = migrations.pending(tx.conn)
    return f"{len(missing)} are pending, the first {missing[0].name}: run `headgate db migrate`" if missing else None
