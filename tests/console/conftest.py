"""A book that a module's tests look at, a server on it, a browser and signed-in pages."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import httpx
import pytest
import uvicorn
from tests import checks
from tests.console.book import Book, filled
from tests.make import TenantFixture, person

from headgate import api
from headgate.console.sessions import Grant, make_link
from headgate.core.db import Actor, Database

OPERATOR = Actor("human", "key_console", "usr_console")
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@pytest.fixture(scope="module")
def book(database: Database) -> Iterator[Book]:
    """A tenant with payments in every state; its invariants hold when the module ends."""
    made = filled(database)
    yield made
    report = checks.run(database, [made.tenant.id])
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


class Scene(Protocol):
    """A tenant that a module's tests look at."""

    database: Database
    tenant: TenantFixture


@pytest.fixture(scope="module")
def scene(book: Book) -> Scene:
    """The scene of a module that has no other."""
    return book


@pytest.fixture(scope="module")
def address(scene: Scene) -> Iterator[str]:
    """Where the console of the scene answers."""
    with serving(scene.database) as served:
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


DESK, PHONE = (1440, 900), (390, 844)


@contextlib.contextmanager
def quiet_pages(chromium: Any) -> Iterator[Callable[..., Any]]:
    """New pages, each in a context of its own; afterwards their consoles must have been silent."""
    contexts, noise = [], []

    def opened(size: tuple[int, int] = DESK, **facts: Any) -> Any:
        context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, **facts)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda message: noise.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: noise.append(str(error)))
        page.noise = noise
        return page

    yield opened
    for context in contexts:
        context.close()
    assert noise == []


@pytest.fixture
def browse(chromium: Any, address: str, scene: Scene) -> Iterator[Callable[..., Any]]:
    """Opens a page of the scene as a person who may do everything; afterwards its console must have been silent."""
    with quiet_pages(chromium) as new_page:

        def opened(path: str = "", size: tuple[int, int] = DESK, **facts: Any) -> Any:
            page = new_page(size, **facts)
            token = make_link(scene.database, actor=person("ann"), grants=[Grant(scene.tenant.id, "admin")])
            page.goto(f"{address}/console/enter?token={token}")
            page.goto(f"{address}/console/{scene.tenant.slug}{path}")
            return page

        yield opened


@contextlib.contextmanager
def signed_in_clients(address: str, scene: Scene, *, role: str) -> Iterator[Callable[..., httpx.Client]]:
    """Browsers without script, each signed in as a person: in this role at the scene's tenant unless told otherwise."""
    opened: list[httpx.Client] = []

    def enter(who: Actor, role: str = role, at: TenantFixture | None = None) -> httpx.Client:
        client = httpx.Client(base_url=address, follow_redirects=True, timeout=60)
        opened.append(client)
        token = make_link(scene.database, actor=who, grants=[Grant((at or scene.tenant).id, role)])
        assert client.get(f"/console/enter?token={token}").status_code == 200
        return client

    yield enter
    for client in opened:
        client.close()
