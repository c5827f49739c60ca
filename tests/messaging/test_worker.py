"""`headgate worker`: any number of them, over either transport; SIGTERM lets what is in hand come to its end."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests import components, make
from tests.doors.scripts import Shell

from headgate import messaging
from headgate.core.db import Database

SIGNALLED_ELSEWHERE = """
import signal, sys, threading
from headgate.cli import main

def told():
    sys.stdin.readline()
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

threading.Thread(target=told, daemon=True).start()
main()
"""

pytestmark = pytest.mark.slow


@pytest.fixture(params=["postgres", pytest.param("rabbitmq", marks=components.requires("rabbitmq"))])
def settings(request: pytest.FixtureRequest) -> dict[str, str]:
    """What the transport needs."""
    return {"HEADGATE_BROKER_URL": request.getfixturevalue("broker").url} if request.param == "rabbitmq" else {}


def test_two_workers_share_the_work_and_end_clean(
    empty_database: Database, settings: dict[str, str], tmp_path: Path
) -> None:
    shell = Shell(
        tmp_path / "home", {"HEADGATE_DATABASE_URL": empty_database.url("admin"), "HEADGATE_POOL_MAX": "6", **settings}
    )
    tenant = make.tenant(empty_database)
    workers = [shell.start("worker") for _ in range(2)]
    try:
        for worker in workers:
            assert worker.stderr and "working" in worker.stderr.readline()
        with empty_database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
            for n in range(6):
                letter = {"dead_letter_id": n, "consumer": "x", "message_id": n, "event_type": "a.b"}
                messaging.publish(
                    tx,
                    event_type="messaging.dead_letter",
                    aggregate_type="dead_letter",
                    aggregate_id=str(n),
                    payload=letter
                    | {"aggregate_type": "t", "aggregate_id": "1", "attempt_count": 1, "last_error": "why"},
                )
        deadline = time.monotonic() + 60
        cases = 0
        while cases < 6 and time.monotonic() < deadline:
            time.sleep(0.2)
            with empty_database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
                cases = tx.value("SELECT count(*) FROM cases.exception_cases")
        status = messaging.status(empty_database)
    finally:
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        ended = [worker.wait(15) for worker in workers]
        for worker in workers:
            assert worker.stdout and worker.stderr
            worker.stdout.close()
            worker.stderr.close()

    assert (cases, ended, status.outbox_pending) == (6, [0, 0], 0)


def test_a_signal_that_the_system_gives_to_another_thread_ends_it_too(empty_database: Database, tmp_path: Path) -> None:
    shell = Shell(tmp_path / "home", {"HEADGATE_DATABASE_URL": empty_database.url("admin")})
    with subprocess.Popen(
        [sys.executable, "-c", SIGNALLED_ELSEWHERE, "worker"],
        env=shell.environment,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as worker:
        try:
            assert worker.stdin and worker.stderr and "working" in worker.stderr.readline()
            time.sleep(1)
            worker.stdin.write("now\n")
            worker.stdin.flush()
            assert worker.wait(15) == 0
        finally:
            worker.kill()
