"""`serve`: binds this machine only, answers, runs the workers beside, and ends clean within ten seconds."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import httpx
import psycopg
import pytest
from tests import make
from tests.web.client import bearer, keys_of

from headgate import api
from headgate.core import serving
from headgate.core.db import Database

pytestmark = pytest.mark.slow

PROGRAM = "import typer; from headgate import api; typer.run(api.serve_command)"


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(database: Database, **facts: Any) -> Iterator[str]:
    """The address of a server in a thread of this process."""
    stop, addresses, answering = threading.Event(), [""], threading.Event()

    def ready(address: str) -> None:
        addresses[0] = address
        answering.set()

    server = threading.Thread(target=api.serve, args=(database,), kwargs={"ready": ready, "stop": stop, **facts})
    server.start()
    try:
        assert answering.wait(20)
        yield addresses[0]
    finally:
        stop.set()
        server.join(10)
        assert not server.is_alive()


def test_it_serves_the_api_the_console_and_the_workers(
    database: Database, tenant: make.TenantFixture, admin: psycopg.Connection[Any]
) -> None:
    key = keys_of(database, tenant.id).readonly
    with served(database, port=free_port()) as address:
        assert httpx.get(f"{address}/healthz").json() == {"ok": True}
        assert httpx.get(f"{address}/v1/tenants/current", headers=key).json()["slug"] == tenant.slug
        assert httpx.get(f"{address}/console/nobody").status_code == 401
        assert httpx.get(f"{address}/healthz", headers={"Host": "evil.example"}).status_code == 421
        deadline = time.monotonic() + 40
        left: Any = None
        while time.monotonic() < deadline and left != (0, True):
            time.sleep(0.1)
            left = admin.execute(
                """
                SELECT (SELECT count(*)
                          FROM messaging.outbox_messages
                         WHERE tenant_id = %(id)s AND published_at IS NULL),
                       EXISTS (SELECT FROM audit.blocks WHERE tenant_id = %(id)s)
                """,
                {"id": tenant.id},
            ).fetchone()
        assert left == (0, True), "relay and sealer run beside it"
        ready = httpx.get(f"{address}/readyz")
        assert [check["name"] for check in ready.json()["checks"]] == [
            "database",
            "migrations",
            "relay",
            "audit_sealer",
        ]
        metrics = httpx.get(f"{address}/metrics").text
        assert "headgate_audit_unsealed_seconds " in metrics and "headgate_outbox_lag_seconds " in metrics
        assert "headgate_queue_lag_seconds " in metrics


def test_a_busy_port_is_refused_or_the_next_is_taken(database: Database) -> None:
    with closing(socket.socket()) as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]

        with pytest.raises(serving.PortTaken, match=f"port {port}"):
            api.serve(database, port=port)
        with served(database, port=port, next_free_port=True) as address:
            assert address != f"http://127.0.0.1:{port}"
            assert httpx.get(f"{address}/healthz").status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "pay.example.org"])
def test_another_address_in_the_clear_is_refused(database: Database, host: str) -> None:
    with pytest.raises(api.NotLoopback, match="--tls-certificate"):
        api.serve(database, port=1, host=host)


def test_a_proxy_needs_the_names_it_is_called_by(database: Database) -> None:
    with pytest.raises(api.NotLoopback, match="HEADGATE_TRUSTED_HOSTS"):
        api.serve(database, port=1, host="0.0.0.0", behind_proxy=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_clean_within_ten_seconds(database: Database, number: signal.Signals) -> None:
    port = free_port()
    environ = {
        **os.environ,
        "HEADGATE_HOME": str(database.config.home),
        "HEADGATE_DATABASE_URL": database.url("admin"),
        "HEADGATE_ENV": "test",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "--port", str(port)], env=environ, stderr=subprocess.PIPE
    )
    try:
        assert process.stderr is not None
        assert f"serving http://127.0.0.1:{port}" in process.stderr.readline().decode()
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            assert client.get("/healthz").status_code == 200
            assert client.get("/v1/tenants/current", headers=bearer("hg_test_" + "0" * 52)).status_code == 401
            started = time.monotonic()
            process.send_signal(number)
            assert process.wait(10) == 0
        assert time.monotonic() - started < 10
    finally:
        process.kill()
        process.wait()
