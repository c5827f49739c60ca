"""The HTTP shapes: the application on a socket in one process, its callers on 32 connections in another.

The empty endpoint stands beside the real one in the same application, takes the same request and answers with a
constant: what is left is the socket, the door, the body and the router. It asks for no key, and so no database.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from typing import Any

from fastapi import FastAPI
from starlette.responses import Response
from starlette.routing import Route

from headgate.api import create_app
from headgate.core import ids

from ..shared import serving
from ..shared.clients import Client, Gate
from .ground import CURRENCY
from .tasks import PATH, WARM_UP, Result, pairs, result

EMPTY_PATH = "/bench/empty"


def serve(client: Client, gate: Gate, *, url: str, shares_commits: bool, pool_max: int = 10) -> int:
    """Serve from now on, in a thread of this client; the port."""
    app = create_app(client.database(url, pool_max), shares_commits=shares_commits)
    _add_empty(app)
    return serving.serve(app, gate)


def _add_empty(app: FastAPI) -> None:
    async def empty(request: Any) -> Response:
        return Response('{"ok":true}', status_code=201, media_type="application/json")

    routes = app.router.routes
    place = next((n for n, route in enumerate(routes) if getattr(route, "path", None) == PATH), len(routes))
    routes.insert(place, Route(EMPTY_PATH, empty, methods=["POST"]))


def call_http(
    client: Client,
    gate: Gate,
    *,
    port: int,
    path: str,
    api_key: str,
    accounts: tuple[int, ...],
    count: int,
    connections: int,
    seed: int,
    **_: Any,
) -> Result:
    """Requests on so many connections, each sending the next when it was answered."""
    dice = random.Random(seed)
    first = [_request(port, path, api_key, pair) for pair in pairs(dice, accounts, WARM_UP * connections, 0.0)]
    requests = [_request(port, path, api_key, pair) for pair in pairs(dice, accounts, count, 0.0)]
    asyncio.run(_all_of_them(port, first, connections, lambda: None))
    begun, latencies = asyncio.run(_all_of_them(port, requests, connections, gate))
    return result(begun, latencies, len(latencies))


async def _all_of_them(port: int, requests: list[bytes], connections: int, gate: Gate) -> tuple[float, list[float]]:
    """When it began, and how long each request took."""
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    callers = []
    for place in range(connections):
        caller = _Caller(requests[place::connections], latencies, loop.create_future())
        await loop.create_connection(lambda caller=caller: caller, "127.0.0.1", port)
        callers.append(caller)
    gate()
    begun = time.perf_counter()
    for caller in callers:
        caller.send()
    await asyncio.gather(*(caller.done for caller in callers))
    return begun, latencies


class _Caller(asyncio.Protocol):
    """One connection: a request, its answer, the next."""

    def __init__(self, requests: list[bytes], latencies: list[float], done: asyncio.Future[None]) -> None:
        self._requests = iter(requests)
        self._latencies = latencies
        self.done = done
        self._buffer = b""
        self._started = 0.0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def send(self) -> None:
        """Send the next request, or be done."""
        request = next(self._requests, None)
        if request is None:
            self._transport.close()
            if not self.done.done():
                self.done.set_result(None)
            return
        self._started = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, gap, body = self._buffer.partition(b"\r\n\r\n")
        if not gap:
            return
        length = int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        if b" 201 " not in head[:20]:
            self.done.set_exception(RuntimeError(self._buffer.decode()))
            return
        self._latencies.append(time.perf_counter() - self._started)
        self._buffer = b""
        self.send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server closed the connection"))


def _request(port: int, path: str, api_key: str, pair: tuple[int, int]) -> bytes:
    names = (ids.encode("acct", pair[0]), ids.encode("acct", pair[1]))
    entry = {"debit": names[0], "credit": names[1], "amount": {"minor": 1250, "currency": CURRENCY}}
    body = json.dumps({"entries": [entry]}).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {api_key}\r\n"
        f"Idempotency-Key: {ids.new('key')}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
