"""`headgate demo` as somebody runs it: told twice, served without a terminal, ended by Ctrl-C, fed with files of one's own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import Connection
from tests.doors.scripts import Shell, free_port, fresh_home

from headgate.core.db import Database
from headgate.core.embedded import EmbeddedServer

pytestmark = pytest.mark.slow

SAMPLES = Path(__file__).parents[2] / "docs" / "samples"
SMALL = ("demo", "--payments", "40")
END_SECONDS_MAX = 10
LINK_SECONDS_MAX = 120
BOOK = """
SELECT t.slug || ' ' || a.code, a.net_minor FROM ledger.accounts a JOIN tenants.tenants t ON t.id = a.tenant_id
UNION ALL SELECT 'transactions', count(*) FROM ledger.transactions
UNION ALL SELECT 'entries', count(*) FROM ledger.entries
UNION ALL SELECT 'reservations ' || status, count(*) FROM ledger.reservations GROUP BY status
UNION ALL SELECT 'instructions ' || status, count(*) FROM payments.instructions GROUP BY status
UNION ALL SELECT 'deposits', count(*) FROM funding.deposits
UNION ALL SELECT 'loan payments ' || status, count(*) FROM servicing.payments GROUP BY status
UNION ALL SELECT 'pieces of evidence', count(*) FROM ingestion.payment_evidence
UNION ALL SELECT 'files', count(*) FROM payments.ach_files
UNION ALL SELECT 'parties', count(*) FROM parties.parties
UNION ALL SELECT 'artifacts', count(*) FROM ingestion.artifacts
UNION ALL SELECT 'cases', count(*) FROM cases.exception_cases
"""


@pytest.fixture
def own(empty_database: Database, tmp_path: Path) -> Shell:
    """An installation of this test alone, on a database of the tests' server (`empty_database`)."""
    return Shell(tmp_path / "home", {"HEADGATE_DATABASE_URL": empty_database.url("admin")})


@pytest.fixture
def admin(empty_database: Database) -> Iterator[Connection[Any]]:
    """A superuser's eyes on that installation, and hands."""
    with empty_database.connect("admin") as connection:
        yield connection


def book(admin: Connection[Any]) -> dict[str, int]:
    """Every balance, and how many of everything."""
    return {str(what): int(figure) for what, figure in admin.execute(BOOK.encode()).fetchall()}


def after(told: str) -> list[str]:
    """The balances that a telling ends with."""
    return re.findall(r"^After, posted balances\n((?:  \S.*\n)+)", told, re.MULTILINE)


def test_told_once_it_ends_clean_and_told_again_nothing_happens_twice(own: Shell, admin: Connection[Any]) -> None:
    first = own.run(*SMALL, "--once").stdout
    told = book(admin)
    second = own.run(*SMALL, "--once").stdout

    assert told["transactions"] > 0 and told["instructions returned"] >= 2 and told["instructions blocked_funds"] > 0
    assert book(admin) == told
    assert admin.execute("SELECT count(*) FROM messaging.outbox_messages WHERE published_at IS NULL").fetchone() == (0,)
    assert len(after(first)) == 3 and after(second) == after(first)
    assert told["loan payments completed"] > 40 and told["loan payments reversed"] == 2
    for said in (first, second):
        assert "Before, posted balances" in said and "invariants hold" in said
    assert "blocked by the gate: needs" in first and "Your account balance is insufficient" in first
    assert re.search(r"PR-COB-1\.csv: line \d+, routing_number: the check digit is wrong", first)
    assert "names no client: held in suspense" in first

    # What a check finds is the demo's exit code too.
    raised = "UPDATE ledger.accounts SET reserved_minor = reserved_minor + 1 WHERE purpose = 'CLIENT_FUNDS' AND net_minor <> 0"
    assert admin.execute(raised).rowcount > 0
    third = own.run(*SMALL, "--once", code=1)
    assert re.search(r"✗ ledger\.\w+ is broken \d+ times: \S", third.stdout) and "invariants hold" not in third.stdout
    assert "Traceback" not in third.stderr


# Served ----------------------------------------------------------------------------------------------------------------


def test_it_serves_by_a_link_and_ctrl_c_ends_everything() -> None:
    with fresh_home() as home, closing(socket.socket()) as busy:
        shell, port = Shell(home), free_port()
        busy.bind(("127.0.0.1", port))
        busy.listen()
        process = shell.start(*SMALL, "--port", str(port), start_new_session=True)
        try:
            link = link_of(process)
            assert link is not None, process.communicate(timeout=20)
            found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/console/enter\?token=\S{20,}", link)
            assert found and port < int(found[1]) < port + 20, link
            look_around(link, shell)
            assert process.stdout is not None
            reference = next(line for line in iter(process.stdout.readline, "") if "API reference: " in line)
            assert httpx.get(reference.split()[2]).status_code == 200, reference
            postmaster = EmbeddedServer(home).status().pid
            assert postmaster is not None

            seconds = interrupted(process)

            assert (process.returncode, seconds < END_SECONDS_MAX) == (0, True), seconds
            assert not is_alive(postmaster) and EmbeddedServer(home).status().state == "stopped"
        finally:
            end(process)

        # Also in the middle of the story.
        process = shell.start("demo", "--port", str(port), start_new_session=True)
        try:
            assert process.stdout is not None
            assert any("Before, posted balances" in line for line in iter(process.stdout.readline, ""))
            postmaster = EmbeddedServer(home).status().pid
            seconds = interrupted(process)
            assert process.returncode == 130 and seconds < END_SECONDS_MAX, (process.returncode, seconds)
            assert postmaster is not None and not is_alive(postmaster)
        finally:
            end(process)


def link_of(process: subprocess.Popen[str]) -> str | None:
    """The line that is an address and nothing else, as soon as it is printed; None where none comes in time."""
    assert process.stdout is not None
    patience = threading.Timer(LINK_SECONDS_MAX, process.kill)
    patience.start()
    try:
        return next((line.strip() for line in iter(process.stdout.readline, "") if line.startswith("http://")), None)
    finally:
        patience.cancel()


def look_around(link: str, shell: Shell) -> None:
    """Through the link into the console, as a browser goes."""
    with httpx.Client(base_url=link.split("/console")[0]) as browser:
        assert browser.get("/console/acme-payroll").status_code == 401, "without the link nothing is shown"
        entered = browser.get(link)
        assert (entered.status_code, entered.headers["location"]) == (303, "/console")
        cookie = entered.headers["set-cookie"].lower()
        assert "httponly" in cookie and "samesite=lax" in cookie and "path=/console" in cookie
        first = browser.get("/console")
        assert first.status_code == 303
        overview = browser.get(first.headers["location"])
        assert overview.status_code == 200 and overview.headers["content-type"].startswith("text/html")
        for station, figure in flow(shell).items():
            assert figure in overview.text, (station, figure)
        payments = browser.get(f"{first.headers['location']}/payments")
        assert payments.status_code == 200 and "Settled" in payments.text
        assert browser.get("/openapi.json").status_code == 200
        with httpx.Client(base_url=browser.base_url) as another:
            assert another.get(link).status_code == 401, "the link works once"


def flow(shell: Shell) -> dict[str, str]:
    """What the overview's stations must show of the first tenant, counted from the tables by another road."""
    query = """
        SELECT sum(i.amount_minor) FILTER (WHERE i.status IN ('settled', 'returned')) AS settled,
               sum(i.amount_minor) AS expected
          FROM payments.instructions i JOIN tenants.tenants t ON t.id = i.tenant_id WHERE t.slug = 'acme-payroll'
    """
    with psycopg.connect(shell.run("db", "url", "--role", "superuser").stdout.strip()) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return {
        name: f"{int(minor) // 100:,}.{int(minor) % 100:02d}"
        for name, minor in zip(("settled", "expected"), row, strict=True)
    }


def interrupted(process: subprocess.Popen[str]) -> float:
    """Ctrl-C, as a terminal sends it to all that belongs to the command; how many seconds it took to end."""
    began = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    return time.monotonic() - began


def end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.kill()
        process.communicate(timeout=20)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


# Files of one's own ----------------------------------------------------------------------------------------------------


def test_a_users_own_files_are_taken_paid_and_settled(own: Shell, admin: Connection[Any]) -> None:
    words = (
        "demo",
        "--once",
        "--payroll",
        str(SAMPLES / "register.csv"),
        "--statement",
        str(SAMPLES / "statement.bai2"),
    )

    said = own.run(*words).stdout

    told = book(admin)
    assert "30 records in register.csv" in said and "read as bai2_v2" in said and "invariants hold" in said
    assert "committed: " in said and "settled with" in said
    assert told["instructions settled"] + told["instructions returned"] >= 30
    own.run(*words)
    assert book(admin) == told


BAD = {
    "empty.csv": (b"", "is empty"),
    "binary.csv": (bytes(range(256)) * 20, ""),
    "columns.csv": (b"who,what\nada,12\n", "columns"),
    "header.csv": (b"employee_id,name,routing_number,account_number,account_type,net_pay\n", "line"),
    "lines.csv": (
        b"employee_id,name,routing_number,account_number,account_type,net_pay\nE-1,Ada,021000022,123456,checking,1.00\n",
        "routing_number",
    ),
}
"""A file's name: its bytes, and a word of what must be said of it."""


def test_a_bad_file_is_told_what_is_wrong_with_it_and_moves_nothing(
    own: Shell, admin: Connection[Any], tmp_path: Path
) -> None:
    for name, (data, _) in BAD.items():
        (tmp_path / name).write_bytes(data)
    for option in ("--payroll", "--statement"):
        *answers, missing, folder = own.runs(
            *(("demo", "--once", option, str(tmp_path / name)) for name in BAD),
            ("demo", "--once", option, str(tmp_path / "missing.csv")),
            ("demo", "--once", option, str(tmp_path)),
        )

        for (name, (_, word)), done in zip(BAD.items(), answers, strict=True):
            assert done.returncode in (0, 2), done
            said = done.stderr if done.returncode else "\n".join(re.findall("✗ .*", done.stdout))
            assert name in said, (option, name, done.stdout, done.stderr)
            assert word in said or option == "--statement", (option, name, said)
            assert "Traceback" not in done.stdout + done.stderr
        for done, path in ((missing, tmp_path / "missing.csv"), (folder, tmp_path)):
            assert (done.returncode, done.stdout) == (2, "") and f"{path} is not a file" in done.stderr

    # What was kept is the evidence and a case that asks about it; not a cent has moved.
    beside = {"artifacts", "cases", "parties"}
    assert {what: figure for what, figure in book(admin).items() if figure and what not in beside} == {}
