"""Pay and be paid through Column, as the page tells it: every command is run, in its order, against the simulated Column."""

from __future__ import annotations

import json
import re
import shlex
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import typer
from tests import make
from tests.doors.scripts import Shell
from tests.make import ACTOR
from tests.payments import columns, gateways, stories
from typer.testing import CliRunner

from headgate import ingestion, payments
from headgate.core import terminal
from headgate.core.db import Database
from headgate.ingestion import commands as ingestion_commands
from headgate.ingestion.parsers import all_parsers
from headgate.payments import commands as payment_commands
from headgate.payments import funding_commands
from headgate.payments.orders import provider_commands
from headgate.rails.column_lives import FATES
from headgate.rails.column_twin import KEY

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "use-column.md"


def boxes(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


def test_its_words_are_those_of_the_code() -> None:
    text = PAGE.read_text("utf-8")
    rows = re.findall(r"^\| `([A-Z]+)` \|", text, re.MULTILINE)

    assert set(rows) == set(FATES)
    assert {"column_v3", "column_summary_v1"} <= set(all_parsers())
    assert "`headgate payments bank-summaries" in text


@pytest.fixture
def run(database: Database, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Runs a line of the page on the test's database; what it said."""

    @contextmanager
    def opened(*_: object) -> Iterator[Database]:
        yield database

    for module in (terminal, provider_commands):
        monkeypatch.setattr(module, "open_database", opened)
    monkeypatch.setenv(provider_commands.AUTHORIZATION, KEY)
    whole = typer.Typer()
    for group in (*payment_commands.APPS, *ingestion_commands.APPS):
        whole.add_typer(group)
    whole.add_typer(funding_commands.app, name="funding")

    def invoke(line: str) -> str:
        done = CliRunner().invoke(whole, shlex.split(line)[1:])
        assert done.exit_code == 0, (line, done.output, done.exception)
        return done.output

    return invoke


@pytest.mark.slow
def test_the_page_is_true(
    database: Database,
    tenant: make.TenantFixture,
    run: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    lines = [
        line.replace("8423", str(port)).replace("acme", tenant.slug) for box in boxes("sh") for line in box.splitlines()
    ]
    simulate, *set_up = [line for line in lines if " fetch " not in line and " sources " not in line]
    looked_at = [line for line in lines if " fetch " in line or " sources " in line]
    (curl,) = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("curl ")]
    url, ours = f"http://127.0.0.1:{port}", {"auth": ("", KEY), "timeout": 10.0}

    with gateways.reaching(database), Shell(tmp_path / "home").start(*shlex.split(simulate)[1:]) as process:
        try:
            assert process.stderr is not None
            said = process.stderr.readline()
            account = re.search(r"bacc_\w+", said)
            assert account is not None and KEY in said and f"-u :{KEY} " in curl, said
            hook = httpx.post(f"{url}/webhook-endpoints", json=json.loads(shlex.split(curl)[-1]), **ours).json()
            (tmp_path / "secret.txt").write_text(hook["secret"])
            (tmp_path / "key.txt").write_text(KEY)
            for line in set_up:
                run(line.replace("ACCOUNT", account[0]).replace("ENDPOINT", hook["id"]))
            with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
                stories.at(tx, stories.MONDAY)
                stories.originator(tx, tenant)
                stories.fund(tx, tenant, "120.00")
                paid = payments.commit_payroll(tx, columns.batch(tx, tenant, "PAID", "R03", rail="ach"))
                assert paid.status == "committed" and payments.submit_due(tx, on=stories.MONDAY) == []
            assert payments.run_orders(database, tenant.id).sent == 2
            httpx.post(f"{url}/simulate/receive-wire", json={"amount": 700, "currency_code": "USD"}, **ours)
            time.sleep(1.5)
            told = [run(line) for line in looked_at]
        finally:
            process.terminate()
            process.wait(20)

    assert "column_events" in told[-1]
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert [one.provider_endpoint_id for one in ingestion.list_webhooks(tx)] == [hook["id"]]
        for artifact in ingestion.list_artifacts(tx, limit=50):
            ingestion.read(tx, artifact.id)
            payments.take_column_events(tx, artifact_id=artifact.id)
        assert sorted(stories.statuses(tx)) == ["returned", "settled"]
        assert stories.balances(tx, tenant) == {"CASH": "67.00", "CLIENT_FUNDS": "60.00", "SUSPENSE": "7.00"}
