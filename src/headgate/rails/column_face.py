"""The simulated Column over HTTP, on this machine only: what the adapter is tried against, and whence its webhooks come.

    every path of the API that the adapter calls (docs/howto/use-column.md); HTTP Basic, empty user, the key as password
    POST /simulate/receive-ach-credit …   money comes in, as in Column's own sandbox
    POST /simulate/transfers/ach/settle   a transfer that stays goes on
    POST /twin/return, /twin/recall       the other bank sends a transfer back, or asks for a wire or a realtime one back
    GET  /files/{id}                      a report's document
    GET  /healthz

A thread beside lets time pass: what is due happens, and webhooks leave, signed; one that is not taken is sent again.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ipaddress
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from headgate.core import egress, log, serving
from headgate.core.errors import HeadgateError
from headgate.rails.column_twin import KEY, LOST, ColumnTwin
from headgate.rails.column_webhooks import Delivery

LOOPBACK: Final = (ipaddress.ip_network("127.0.0.0/8"),)
BODY_MAX: Final = 1 << 20
TRIES_MAX: Final = 25
_LOOK_SECONDS: Final = 0.02
_LOG = log.get(__name__)


class ColumnFace:
    """A twin behind HTTP, one call at a time, and the sender of its webhooks."""

    def __init__(
        self, twin: ColumnTwin, *, api_key: str = KEY, hang_seconds: float = 30.0, retry_seconds: float = 60.0
    ) -> None:
        self.twin = twin
        self.guard = threading.Lock()
        self.refused = 0
        self.delivered: list[str] = []
        self._expected = "Basic " + base64.b64encode(f":{api_key}".encode()).decode()
        self._hang_seconds = hang_seconds
        self._retry = timedelta(seconds=retry_seconds)
        self._tries: dict[int, int] = {}
        self._client = egress.Client(allow=LOOPBACK, timeout_seconds=10)

    def application(self) -> Starlette:
        """Every path; what it means is the twin's to say."""
        methods = ["GET", "POST"]
        return Starlette(
            routes=[
                Route("/healthz", self._health, methods=["GET"]),
                Route("/files/{name}", self._file, methods=["GET"]),
                Route("/{path:path}", self._answer, methods=methods),
            ]
        )

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Let time pass meanwhile: events happen, and webhooks leave."""
        stop = threading.Event()
        sender = threading.Thread(target=self._pass, args=(stop,), daemon=True)
        sender.start()
        try:
            yield
        finally:
            stop.set()
            sender.join(15)

    async def _answer(self, request: Request) -> Response:
        if request.headers.get("authorization") != self._expected:
            return JSONResponse({"code": "unauthorized", "message": "the API key is not known", "details": {}}, 401)
        content = b""
        async for chunk in request.stream():
            content += chunk
            if len(content) > BODY_MAX:
                return PlainTextResponse(f"a body has up to {BODY_MAX} bytes\n", 413)
        try:
            body = json.loads(content) if content else {}
            if not isinstance(body, dict):
                raise ValueError(body)
        except ValueError:
            return JSONResponse({"code": "invalid_json", "message": "the body is no object", "details": {}}, 400)
        query = parse_qs(request.url.query)
        with self.guard:
            self.twin.advance()
            status, document = self.twin.call(
                request.method, request.url.path, query, body, key=request.headers.get("idempotency-key", "")
            )
        if status == LOST:
            await self._hang(request)
            return Response(status_code=504)
        return JSONResponse(document, status)

    async def _hang(self, request: Request) -> None:
        loop = asyncio.get_running_loop()
        over = loop.time() + self._hang_seconds
        with contextlib.suppress(asyncio.CancelledError):
            while loop.time() < over and not await request.is_disconnected():
                await asyncio.sleep(0.05)

    async def _file(self, request: Request) -> Response:
        with self.guard:
            rows = self.twin.documents.get(request.path_params["name"])
        return JSONResponse(rows) if rows is not None else Response(status_code=404)

    async def _health(self, request: Request) -> Response:
        return JSONResponse({"ok": True, "account": self.twin.account_id})

    def _pass(self, stop: threading.Event) -> None:
        while not stop.wait(_LOOK_SECONDS):
            with self.guard:
                self.twin.advance()
                due = self.twin.deliveries()
            for one in due:
                self._deliver(one)

    def _deliver(self, one: Delivery) -> None:
        try:
            answer = self._client.request("POST", one.url, headers=one.headers, body=one.body)
            taken = 200 <= answer.status < 300
        except HeadgateError as error:
            _LOG.info("a webhook was not taken", extra={"event_id": one.event_id, "why": error.code})
            taken = False
        if taken:
            self.delivered.append(one.event_id)
            return
        self.refused += 1
        self._tries[one.number] = self._tries.get(one.number, 0) + 1
        if self._tries[one.number] < TRIES_MAX:
            with self.guard:
                self.twin.again(one, after=self._retry * 2 ** (self._tries[one.number] - 1))


def serve(
    face: ColumnFace,
    *,
    port: int,
    ready: Callable[[str], None] | None = None,
    stop: threading.Event | None = None,
    passes: bool = True,
) -> None:
    """Serve a twin on this machine until SIGINT, SIGTERM or `stop`. Raises PortTaken.

    Port 0 takes any that is free. `ready` is told the address once it answers. Without `passes` nothing happens but by a
    call, and whoever holds the twin takes its webhooks.
    """
    time_passes = face.passing() if passes else contextlib.nullcontext()
    with time_passes:
        serving.serve_here(face.application(), port=port, ready=ready, stop=stop)
