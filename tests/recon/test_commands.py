"""The command line of parties, ingestion and reconciliation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import typer
from tests import make
from tests.recon.test_runs import ACCOUNT, CREDIT, ON, line
from typer.testing import CliRunner

from headgate.core import terminal
from headgate.core.db import Database
from headgate.core.errors import Malformed
from headgate.ingestion import commands as ingestion_commands
from headgate.parties import commands as parties_commands
from headgate.rails import fake
from headgate.recon import commands as recon_commands

DAY = fake.BankDay(account=ACCOUNT, on=ON, opening=make.usd("0.00"), lines=(line(CREDIT, "10.00", "A"),))


@pytest.fixture(autouse=True)
def _this_database(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def opened() -> Iterator[Database]:
        yield database

    monkeypatch.setattr(terminal, "open_database", opened)


def run(app: typer.Typer, *arguments: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == code, done.output
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return json.loads(done.stdout) if done.stdout else None


def test_a_statement_is_received_linked_and_reconciled(tenant: make.TenantFixture, tmp_path: Path) -> None:
    file = tmp_path / "day.bai"
    file.write_bytes(fake.bai2(DAY))

    reading = run(ingestion_commands.app, "receive", str(file), "--tenant", tenant.slug, "--source", "bank.test")
    again = run(ingestion_commands.app, "receive", str(file), "--tenant", tenant.slug, "--source", "bank.test")
    [artifact] = run(ingestion_commands.app, "list", "--tenant", tenant.slug)
    [record] = run(ingestion_commands.app, "records", artifact["id"], "--tenant", tenant.slug)
    statements = run(ingestion_commands.app, "statements", artifact["id"], "--tenant", tenant.slug)
    run(
        recon_commands.app, "link", "--tenant", tenant.slug, "--account", "CASH.USD", "--statement", statements[0]["id"]
    )
    made = run(recon_commands.app, "run", "--tenant", tenant.slug, "--account", "CASH.USD", "--on", str(ON), code=1)
    shown = run(recon_commands.app, "show", "--tenant", tenant.slug, "--account", "CASH.USD", "--on", str(ON))

    assert reading == again
    assert (artifact["filename"], artifact["status"], record["amount_minor"]) == ("day.bai", "read", 1000)
    assert (made["status"], made["variance"]) == ("variance", {"minor": 1000, "currency": "USD"})
    assert shown == [made]


def test_a_file_that_nobody_knows_exits_with_the_case(tenant: make.TenantFixture, tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"what is this")

    done = CliRunner().invoke(ingestion_commands.app, ["receive", str(file), "--tenant", tenant.slug])

    assert done.exit_code == 1
    assert "of no format that a parser knows" in done.stderr


def test_faults_are_listed(tenant: make.TenantFixture, tmp_path: Path) -> None:
    file = tmp_path / "r.csv"
    file.write_bytes(
        b"employee_id,name,routing_number,account_number,account_type,net_pay\nE-1,Ann,021000022,123456,checking,1.00\n"
    )
    run(ingestion_commands.app, "receive", str(file), "--tenant", tenant.slug, "--kind", "register")
    [artifact] = run(ingestion_commands.app, "list", "--tenant", tenant.slug)

    [fault] = run(ingestion_commands.app, "faults", artifact["id"], "--tenant", tenant.slug)

    assert (fault["line"], fault["field"]) == (2, "routing_number")


def test_a_party_is_created_blocked_unblocked_and_shown(tenant: make.TenantFixture) -> None:
    app = parties_commands.app
    facts = ("--external-id", "E1", "--name", "Ann Doe", "--legal-entity", tenant.legal_entity_id)

    party = run(app, "create", "--tenant", tenant.slug, *facts)
    block = run(app, "block", party["id"], "--tenant", tenant.slug, "--reason", "fraud")
    lifted = run(app, "unblock", block["id"], "--tenant", tenant.slug, "--reason", "cleared")

    assert (party["kind"], party["is_person"]) == ("payee", True)
    assert lifted["status"] == "lifted"
    assert run(app, "list", "--tenant", tenant.slug) == [party]
    assert run(app, "show", party["id"], "--tenant", tenant.slug) == {
        "party": party,
        "bank_accounts": [],
        "changes": [],
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "--external-id", "E1", "--name", "Ann", "--kind", "friend"),
        ("block", "pty_none", "--reason", "because"),
    ],
)
def test_an_unknown_word_is_refused_and_says_what_is_known(
    tenant: make.TenantFixture, arguments: tuple[str, ...]
) -> None:
    with pytest.raises(Malformed, match="must be one of"):
        run(parties_commands.app, *arguments, "--tenant", tenant.slug, code=1)

    assert run(parties_commands.app, "list", "--tenant", tenant.slug) == []
