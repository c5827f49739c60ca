"""Pages that listen do not keep the server from stopping, and the link of the command line opens it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest
from tests.console.conftest import link_to
from tests.make import TenantFixture
from typer.testing import CliRunner

from headgate.console import commands
from headgate.core.db import Database

PROGRAM = "import typer; from headgate import api; typer.run(api.serve_command)"


def free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def environ(database: Database) -> dict[str, str]:
    return {
        **os.environ,
        "HEADGATE_HOME": str(database.config.home),
        "HEADGATE_DATABASE_URL": database.url("admin"),
        "HEADGATE_ENV": "test",
    }


@contextlib.contextmanager
def listening(address: str, path: str, cookies: httpx.Cookies) -> Iterator[Iterator[str]]:
    with (
        httpx.Client(base_url=address, cookies=cookies, timeout=20) as client,
        client.stream("GET", path) as stream,
    ):
        assert stream.status_code == 200 and stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        assert any(line == "event: tick" for line in lines)
        yield lines


@pytest.mark.slow
def test_open_live_pages_do_not_delay_the_end(
    database: Database, tenant: TenantFixture, environ: dict[str, str]
) -> None:
    port = free_port()
    address, path = f"http://127.0.0.1:{port}", f"/console/{tenant.slug}/payments/live"
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "--port", str(port)], env=environ, stderr=subprocess.PIPE
    )
    try:
        assert process.stderr is not None
        # Other tests' tenants may be told of first.
        assert any(f"serving {address}" in line.decode() for line in iter(process.stderr.readline, b""))
        with httpx.Client(base_url=address) as browser, contextlib.ExitStack() as pages:
            browser.get(link_to(database, tenant), follow_redirects=True).raise_for_status()
            streams = [pages.enter_context(listening(address, path, browser.cookies)) for _ in range(5)]
            started = time.monotonic()
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0
            assert time.monotonic() - started < 10
            for stream in streams:
                with contextlib.suppress(httpx.RemoteProtocolError):
                    list(stream)
    finally:
        process.kill()
        process.wait()


def test_the_command_prints_a_link_that_opens_once(
    database: Database, tenant: TenantFixture, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    made = CliRunner().invoke(commands.app, ["link", "--tenant", tenant.slug, "--role", "finance", "--json"])
    assert made.exit_code == 0, made.output
    assert json.loads(made.stdout)["url"].startswith("http://127.0.0.1:8080/console/enter?token=")
    plain = CliRunner().invoke(commands.app, ["link", "--tenant", str(tenant.id), "--port", "9000"])
    assert plain.stdout.startswith("http://127.0.0.1:9000/console/enter?token=") and plain.stdout.count("\n") == 1
    assert CliRunner().invoke(commands.app, ["link", "--tenant", "nobody"]).exit_code != 0
    assert CliRunner().invoke(commands.app, ["link", "--tenant", tenant.slug, "--role", "king"]).exit_code != 0
