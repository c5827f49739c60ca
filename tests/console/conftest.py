"""A book that a module's tests look at, a server on it, a browser and signed-in pages."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import uvicorn
from tests.console.book import Book, filled
from tests.make import TenantFixture

from headgate import api
from headgate.console.sessions import Grant, make_link
from headgate.core import invariants
from headgate.core.db import Actor, Database

OPERATOR = Actor("human", "key_console", "usr_console")
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@pytest.fixture(scope="module")
def book(database: Database) -> Iterator[Book]:
    """A tenant with payments in every state; its invariants hold when the module ends."""
    made = filled(database)
    yield made
    report = invariants.run_checks(database, [made.tenant.id], full=True)
    assert report.ok, [found for found in report.invariants if found.violations]


def link_to(database: Database, *tenants: TenantFixture, role: str = "operator") -> str:
    """The path of a one-time link into these tenants."""
    grants = [Grant(tenant.id, role) for tenant in tenants]
    return f"/console/enter?token={make_link(database, actor=OPERATOR, grants=grants)}"


@contextlib.contextmanager
def serving(database: Database) -> Iterator[str]:
    """The address of an application in a thread of this process, without the workers beside it."""
    config = uvicorn.Config(
        api.create_app(database), port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not server.started:
            assert time.monotonic() < deadline and thread.is_alive()
            time.sleep(0.02)
        address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        assert httpx.get(f"{address}/healthz").status_code == 200
        yield address
    finally:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def address(book: Book) -> Iterator[str]:
    """Where the console of the book answers."""
    with serving(book.database) as served:
        yield served


@pytest.fixture
def client(address: str) -> Iterator[httpx.Client]:
    """A browser without script, not signed in."""
    with httpx.Client(base_url=address, follow_redirects=True, timeout=30) as browser:
        yield browser


@pytest.fixture
def enter(database: Database, client: httpx.Client) -> Callable[..., httpx.Client]:
    """Signs the client in at these tenants."""

    def signed_in(*tenants: TenantFixture, role: str = "operator") -> httpx.Client:
        assert client.get(link_to(database, *tenants, role=role)).status_code == 200
        return client

    return signed_in


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One browser for a module."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        yield browser
        browser.close()
