"""The simulated network over HTTP, on this machine only: what an adapter is tried against.

    POST /messages               a message in, the answer out; where the network says nothing, the call hangs, then is a 504
    GET  /messages?after=0       what came of itself, with its number; `until=` moves the network's clock on
    GET  /settlements?on=…       what moved on a day
    GET  /healthz

A message comes at the instant at which it was made. The network's own clock stands at the latest instant that it was
told of, and never goes back: what is due by then can be fetched.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from headgate.core import serving
from headgate.core.currencies import EXPONENTS
from headgate.rails.iso20022.reader import SIZE_MAX
from headgate.rails.network_twin import Delivery, Movement, NetworkTwin, Unreadable

_LOOK_SECONDS: Final = 0.1
_HANGS: Final = ("pacs.008", "pacs.028")
"""Messages that wait for their answer; to the others it comes later, as a message of its own."""


@dataclass(frozen=True, slots=True)
class _Numbered:
    number: int
    delivery: Delivery


class InstantFace:
    """A twin behind HTTP: its inbox for us, its clock, and one message at a time."""

    def __init__(self, twin: NetworkTwin, *, hang_seconds: float = 30.0) -> None:
        self._twin = twin
        self._hang_seconds = hang_seconds
        self._guard = threading.Lock()
        self._clock = datetime(1970, 1, 1, tzinfo=UTC)
        self._waiting: list[tuple[datetime, int, Delivery]] = []
        self._came: list[_Numbered] = []
        self._drawn = 0

    def application(self) -> Starlette:
        """The four routes."""
        return Starlette(
            routes=[
                Route("/messages", self._take, methods=["POST"]),
                Route("/messages", self._give, methods=["GET"]),
                Route("/settlements", self._settlements, methods=["GET"]),
                Route("/healthz", self._health, methods=["GET"]),
            ]
        )

    async def _take(self, request: Request) -> Response:
        content = b""
        async for chunk in request.stream():
            content += chunk
            if len(content) > SIZE_MAX:
                return PlainTextResponse(f"a message has up to {SIZE_MAX} bytes\n", 413)
        try:
            kind, at = self._twin.opened(content)
        except Unreadable as error:
            return PlainTextResponse(f"{error}\n", 422)
        answer = self._exchange(content, at)
        if answer is not None:
            return Response(answer.content, media_type="application/xml")
        if kind not in _HANGS:
            return Response(status_code=202)
        await self._hang(request)
        return Response(status_code=504)

    async def _hang(self, request: Request) -> None:
        """Say nothing until the caller gives up, or its time is over, or the server ends."""
        loop = asyncio.get_running_loop()
        over = loop.time() + self._hang_seconds
        with contextlib.suppress(asyncio.CancelledError):
            while loop.time() < over and not await request.is_disconnected():
                await asyncio.sleep(min(_LOOK_SECONDS, max(0.0, over - loop.time())))

    def _exchange(self, content: bytes, at: datetime) -> Delivery | None:
        """Hand a message over; its answer, where one comes at once. All else waits in the inbox for its instant."""
        with self._guard:
            self._clock = max(self._clock, at)
            answer: Delivery | None = None
            for delivery in self._twin.take(content, at):
                if answer is None and delivery.is_answer and delivery.at <= at:
                    answer = delivery
                    continue
                self._drawn += 1
                heapq.heappush(self._waiting, (delivery.at, self._drawn, delivery))
            return answer

    async def _give(self, request: Request) -> Response:
        try:
            after = int(request.query_params.get("after", "0"))
            until = request.query_params.get("until")
            instant = datetime.fromisoformat(until) if until else None
            if instant is not None and instant.tzinfo is None:
                raise ValueError(until)
        except ValueError:
            return PlainTextResponse("after is a number; until an instant as 2026-11-24T15:00:00+00:00\n", 400)
        with self._guard:
            if instant is not None:
                self._clock = max(self._clock, instant)
            while self._waiting and self._waiting[0][0] <= self._clock:
                self._came.append(_Numbered(len(self._came) + 1, heapq.heappop(self._waiting)[2]))
            found = self._came[max(0, after) :]
        messages = [
            {
                "number": one.number,
                "at": one.delivery.at.isoformat(),
                "kind": one.delivery.kind,
                "content": one.delivery.content.decode(),
            }
            for one in found
        ]
        return JSONResponse({"messages": messages})

    async def _settlements(self, request: Request) -> Response:
        try:
            on = date.fromisoformat(request.query_params.get("on", ""))
        except ValueError:
            return PlainTextResponse("on is a day as 2026-11-24\n", 400)
        with self._guard:
            moved = self._twin.settlements(on)
        return JSONResponse({"settlements": [_row(movement) for movement in moved]})

    async def _health(self, request: Request) -> Response:
        return JSONResponse({"ok": True, "network": self._twin.name})


def serve(
    twin: NetworkTwin,
    *,
    port: int,
    hang_seconds: float = 30.0,
    ready: Callable[[str], None] | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Serve a twin on this machine until SIGINT, SIGTERM or `stop`. Raises PortTaken.

    Port 0 takes any that is free. `ready` is told the address once it answers.
    """
    face = InstantFace(twin, hang_seconds=hang_seconds)
    serving.serve_here(face.application(), port=port, ready=ready, stop=stop)


def _row(movement: Movement) -> dict[str, str]:
    return {
        "external_trace_id": movement.external_trace_id,
        "reference": movement.reference,
        "individual_id": movement.end_to_end_id,
        "direction": movement.direction,
        "amount": f"{movement.amount.major:.{EXPONENTS[movement.amount.currency]}f}",
        "currency": movement.amount.currency,
        "status": movement.status,
        "return_code": movement.return_code,
        "effective_on": movement.on.isoformat(),
    }
