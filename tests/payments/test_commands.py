"""Payments from the command line: the same verbs, one JSON document on standard output."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.make import ACTOR, TenantFixture
from tests.payments import stories
from tests.payments.stories import MONDAY, TUESDAY
from typer.testing import CliRunner

from headgate.core import terminal
from headgate.core.db import Database
from headgate.payments import commands

REGISTER = b"""employee_id,name,routing_number,account_number,account_type,net_pay
E-1,Maria Lindqvist,101000019,66432365329,checking,100.00
"""


@pytest.fixture
def run(database: Database, tenant: TenantFixture, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command of the whole group on the test's database."""

    @contextmanager
    def opened() -> Iterator[Database]:
        yield database

    monkeypatch.setattr(terminal, "open_database", opened)
    named_tenant = tenant.slug
    whole = typer.Typer()
    for group in commands.APPS:
        whole.add_typer(group)

    def invoke(*words: str, code: int = 0, as_json: bool = True, tenant: TenantFixture | bool = tenant) -> Any:
        named = ["--tenant", named_tenant] if tenant else []
        done = CliRunner().invoke(whole, [*words, *named, *(["--json"] if as_json else [])])
        assert done.exit_code == code, (done.output, done.exception)
        if code or not as_json:
            return done.stdout + done.stderr
        return json.loads(done.stdout)

    return invoke


def test_a_payroll_goes_out_from_the_command_line(
    run: Any, database: Database, tenant: TenantFixture, tmp_path: Path
) -> None:
    register = tmp_path / "register.csv"
    register.write_bytes(REGISTER)
    words = ("payments", "commit", str(register), "--legal-entity", tenant.legal_entity_id, "--payroll-id", "PR-1")
    words = (*words, "--pay-on", TUESDAY.isoformat())
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        stories.originator(tx, tenant)

    assert "Please fund $100.00 to proceed." in run(*words, code=1)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert stories.statuses(tx) == ["blocked_funds"]
        stories.fund(tx, tenant, "150.00")
    assert run(*words)["payroll"]["status"] == "committed"
    balance = run("balance", "--legal-entity", tenant.legal_entity_id)
    sent = run("payments", "submit", "--on", MONDAY.isoformat())
    (file,) = sent["files"]
    assert sent["orders"] == []
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, TUESDAY, 23)
        content = (database.config.home / "outbound" / str(tenant.id) / file["name"]).read_bytes()
        artifact = stories.read(tx, "tue", stories.statement([content], opening="150.00"))
    settled = run("payments", "settle", artifact)
    (listed,) = run("payments", "list", "--query", "status:settled")
    shown = run("payments", "show", listed["id"])
    told = run("payments", "show", listed["id"], as_json=False)

    assert balance["available"] == {"minor": 5000, "currency": "USD"}
    assert (file["status"], file["credit"]["minor"]) == ("delivered", 10000)
    assert settled["instructions_settled"] == 1
    assert shown["payment"]["status"] == "settled" and shown["file_name"] == file["name"]
    assert [(one["attempt_no"], one["file_name"], one["file_status"]) for one in shown["attempts"]] == [
        (1, file["name"], "settled")
    ]
    assert [(one["status"], one["filename"]) for one in shown["bank_words"]] == [("settled", "tue")]
    assert [(one["gate_type"], one["passed"]) for one in shown["judgements"]] == [
        ("commit", False), ("commit", True), ("pay", True),
    ]  # fmt: skip
    for heading in ("The gate", "Tries", "The bank's words", "What happened"):
        assert f"\n{heading}\n  " in told
    assert "no. 1, commit gate: held, insufficient funds; needed 100.00 USD, available 0.00 USD" in told
    assert f"in {file['name']} (settled)" in told and "settled: tue" in told
    assert "Client funds" in told and "100.00 USD" in told and "payments.instruction.settled" in told
    assert run("payments", "payrolls")[0]["status"] == "paid"
