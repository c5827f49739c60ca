"""What the processes do: serve, work, call, and what is bare."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import psycopg

from headgate import messaging
from headgate.api import SWITCH_SECONDS, create_app
from headgate.messaging.consuming import discovered_consumers, subscribed
from headgate.messaging.transports.choice import chosen_transport

from ..shared import serving
from ..shared.clients import Client, Gate
from .ground import envelope, signature, webhook

Result = dict[str, Any]


def serve(client: Client, gate: Gate, *, url: str, broker: str | None) -> int:
    """Serve from now on, in a thread of this client, without workers; the port. It publishes as `headgate serve` does."""
    _choose(broker)
    database = client.database(url, 10)
    transport = chosen_transport(database)
    client.kept["serving"] = publishing = ExitStack()
    publishing.callback(transport.close)
    publishing.enter_context(subscribed(database, transport))
    return serving.serve(create_app(database), gate)


def start_working(client: Client, gate: Gate, *, url: str, broker: str | None, singly: bool = False) -> None:
    """Work from now on, in threads of this client, as `headgate worker` does."""
    _choose(broker)
    sys.setswitchinterval(SWITCH_SECONDS)
    database = client.database(url, 10)
    stop = threading.Event()
    consumers = [replace(one, handle_many=None) if singly else one for one in discovered_consumers()]
    threads = [
        threading.Thread(target=messaging.run_relay, args=(database, stop), daemon=True),
        threading.Thread(
            target=messaging.run_consumers, args=(database, stop), kwargs={"consumers": consumers}, daemon=True
        ),
    ]
    client.kept["working"] = (stop, threads)
    gate()
    for thread in threads:
        thread.start()


def stop_working(client: Client, gate: Gate) -> None:
    """End it."""
    gate()
    stop, threads = client.kept.pop("working")
    stop.set()
    for thread in threads:
        thread.join(20)


def _choose(broker: str | None) -> None:
    if broker:
        os.environ["HEADGATE_BROKER_URL"] = broker
    else:
        os.environ.pop("HEADGATE_BROKER_URL", None)


def ingest(
    client: Client, gate: Gate, *, url: str, tenant_id: UUID, series: str, first: int, count: int, loans: int
) -> None:
    """Take envelopes in, as `headgate ingest` does; nothing is at work on them yet."""
    from headgate import ingestion
    from headgate.ingestion import Arrival

    from ..shared.ground import ACTOR

    database = client.database(url)
    gate()
    for start in range(first, first + count, 500):
        numbers = range(start, min(start + 500, first + count))
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            ingestion.ingest_payments(tx, [Arrival(envelope(n, series, loans)) for n in numbers])


def bare_inserts(client: Client, gate: Gate, *, url: str, count: int) -> Result:
    """Artifact rows and nothing else: a body of 900 bytes under a unique hash, a commit each."""
    rows = [(uuid4().hex, os.urandom(32), os.urandom(900)) for _ in range(count)]
    with psycopg.connect(url, autocommit=True) as connection:
        statement = "INSERT INTO bare_artifacts (id, sha256, body) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
        connection.execute(statement, ("warm" + rows[0][0], os.urandom(32), rows[0][2]), prepare=True)
        gate()
        begun = time.perf_counter()
        for row in rows:
            connection.execute(statement, row, prepare=True)
        return {"begun": begun, "ended": time.perf_counter(), "count": count}


def bare_jobs(client: Client, gate: Gate, *, url: str) -> Result:
    """Jobs that do nothing, one at a time: claimed with SKIP LOCKED, then finished, a commit each."""
    with psycopg.connect(url, autocommit=True) as connection:
        gate()
        begun, count = time.perf_counter(), 0
        while True:
            row = connection.execute(
                """
                UPDATE bare_jobs SET status = 'doing'
                 WHERE id = (SELECT id FROM bare_jobs WHERE status = 'todo' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
                RETURNING id
                """,
                prepare=True,
            ).fetchone()
            if row is None:
                return {"begun": begun, "ended": time.perf_counter(), "count": count}
            connection.execute("UPDATE bare_jobs SET status = 'done' WHERE id = %s", row, prepare=True)
            count += 1


def call(
    client: Client,
    gate: Gate,
    *,
    port: int,
    path: str,
    series: str,
    first: int,
    count: int,
    loans: int,
    rate: float | None,
) -> Result:
    """Webhooks on 32 connections, each sending the next when it was answered; at a rate where one is given, on time whatever
    was answered. When each was sent, by the wall clock, and how long its answer took from when it was due."""
    requests = [_request(port, path, webhook(n, series, loans)) for n in range(first, first + count)]
    return asyncio.run(_call(port, requests, rate, gate))


async def _call(port: int, requests: list[bytes], rate: float | None, gate: Gate) -> Result:
    loop = asyncio.get_running_loop()
    idle: asyncio.Queue[_Caller] = asyncio.Queue()
    for _ in range(32):
        caller = _Caller(idle)
        await loop.create_connection(lambda caller=caller: caller, "127.0.0.1", port)
        idle.put_nowait(caller)
    gate()
    sent: list[float] = []
    latencies: list[float] = []
    begun = time.perf_counter()
    for n, request in enumerate(requests):
        due = begun + n / rate if rate else time.perf_counter()
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        caller = await idle.get()
        sent.append(time.time())
        caller.send(request, due if rate else time.perf_counter(), latencies)
    for _ in range(32):
        await idle.get()
    return {"begun": begun, "ended": time.perf_counter(), "count": len(requests), "sent": sent, "latencies": latencies}


class _Caller(asyncio.Protocol):
    """One connection: a request, its answer, and back among the idle."""

    def __init__(self, idle: asyncio.Queue[_Caller]) -> None:
        self._idle = idle
        self._buffer = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def send(self, request: bytes, due: float, latencies: list[float]) -> None:
        self._due, self._latencies = due, latencies
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, gap, body = self._buffer.partition(b"\r\n\r\n")
        if not gap or len(body) < int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]):
            return
        if b" 200 " not in head[:20]:
            print(self._buffer.decode(), file=sys.stderr)
            os._exit(70)  # The run ends here: a figure of refused webhooks is none.
        self._latencies.append(time.perf_counter() - self._due)
        self._buffer = b""
        self._idle.put_nowait(self)


def _request(port: int, path: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nColumn-Signature: {signature(body)}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
