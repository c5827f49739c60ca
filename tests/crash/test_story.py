"""Kill -9 at random points of the demo's story, then tell it again: nothing lost, nothing doubled, the check clean.

1 point in `make test`, 200 in `make crash`, any number by `--crash-points`. A failure prints its point's number, which
is also its seed.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.conftest import server_of

from headgate.core.embedded import EmbeddedServer

PAYMENTS = "60"
VICTIMS = ("client", "server", "both")
HEADGATE = [sys.executable, "-c", "from headgate.cli import main; main()"]

FACTS = """
SELECT t.slug, 'balance ' || a.purpose || ' ' || coalesce(e.name, ''), a.net_minor
  FROM ledger.accounts a JOIN tenants.tenants t ON t.id = a.tenant_id
  LEFT JOIN tenants.legal_entities e ON e.tenant_id = a.tenant_id AND e.id = a.legal_entity_id
UNION ALL SELECT t.slug, 'instructions ' || i.status, count(*)
  FROM payments.instructions i JOIN tenants.tenants t ON t.id = i.tenant_id GROUP BY 1, 2
UNION ALL SELECT t.slug, 'files ' || f.status, count(*)
  FROM payments.ach_files f JOIN tenants.tenants t ON t.id = f.tenant_id GROUP BY 1, 2
UNION ALL SELECT t.slug, 'deposits', count(*) FROM funding.deposits d JOIN tenants.tenants t ON t.id = d.tenant_id GROUP BY 1
UNION ALL SELECT t.slug, 'loan payments ' || p.status, count(*)
  FROM servicing.payments p JOIN tenants.tenants t ON t.id = p.tenant_id GROUP BY 1, 2
UNION ALL SELECT t.slug, 'artifacts ' || r.kind, count(*)
  FROM ingestion.artifacts r JOIN tenants.tenants t ON t.id = r.tenant_id GROUP BY 1, 2
UNION ALL SELECT t.slug, 'cases ' || c.category, count(*)
  FROM cases.exception_cases c JOIN tenants.tenants t ON t.id = c.tenant_id GROUP BY 1, 2
"""


def tell(home: Path) -> subprocess.Popen[str]:
    """Start telling the story in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HEADGATE_")}
    return subprocess.Popen(
        [*HEADGATE, "demo", "--once", "--payments", PAYMENTS],
        env={**environment, "HEADGATE_HOME": str(home), "HEADGATE_LOG_LEVEL": "error"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def facts(home: Path) -> dict[str, Any]:
    """What the database says at the end: balances, and how many of everything."""
    with psycopg.connect(engine(home).url("admin")) as connection:
        rows = connection.execute(FACTS).fetchall()
    return {f"{slug}: {what}": int(count) for slug, what, count in rows}


def engine(home: Path) -> EmbeddedServer:
    """The embedded server of a home, of the version that this run tests."""
    return server_of(home)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home whose server is made and migrated, stopped, to copy from."""
    home = new_home()
    run(home, "db", "migrate")
    engine(home).down()
    yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def undisturbed(migrated: Path) -> Iterator[tuple[dict[str, Any], float]]:
    """What an undisturbed telling ends with, and how many seconds it took."""
    home = copy(migrated)
    began = time.monotonic()
    process = tell(home)
    output, _ = process.communicate(timeout=120)
    seconds = time.monotonic() - began
    assert process.returncode == 0, output
    yield facts(home), seconds
    end(home)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "point" in metafunc.fixturenames:
        metafunc.parametrize("point", range(metafunc.config.getoption("--crash-points")))


@pytest.mark.slow
def test_a_story_cut_off_anywhere_ends_the_same(
    point: int, migrated: Path, undisturbed: tuple[dict[str, Any], float]
) -> None:
    expected, seconds = undisturbed
    chance = random.Random(point)
    home = copy(migrated)
    try:
        process = tell(home)
        time.sleep(chance.uniform(0.2, 0.95) * seconds)
        cut(home, process, VICTIMS[point % len(VICTIMS)])
        process.communicate(timeout=60)

        again = tell(home)
        output, _ = again.communicate(timeout=120)

        assert again.returncode == 0, output
        assert facts(home) == expected
    finally:
        end(home)


def cut(home: Path, process: subprocess.Popen[str], victim: str) -> None:
    """Kill the client, the server's postmaster, or both, without warning."""
    if victim in ("client", "both"):
        process.send_signal(signal.SIGKILL)
    if victim in ("server", "both"):
        pid = engine(home).status().pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)


def run(home: Path, *words: str) -> None:
    subprocess.run(
        [*HEADGATE, *words],
        env={**os.environ, "HEADGATE_HOME": str(home)},
        check=True,
        capture_output=True,
        timeout=120,
    )


def new_home() -> Path:
    return Path(tempfile.mkdtemp(prefix="headgate-crash-"))


def copy(home: Path) -> Path:
    """A copy of a stopped home, owners and modes kept."""
    target = new_home()
    subprocess.run(["cp", "-a", f"{home}/.", str(target)], check=True)
    return target


def end(home: Path) -> None:
    engine(home).down()
    shutil.rmtree(home, ignore_errors=True)
