"""`headgate ach build`: what is due and funded becomes files, through the pay gate; a dry run leaves nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.make import ACTOR, TenantFixture
from tests.payments import stories
from tests.payments.stories import MONDAY
from typer.testing import CliRunner

from headgate import payments
from headgate.core import terminal
from headgate.core.db import Database
from headgate.core.errors import Malformed
from headgate.payments import ach_commands

pytestmark = pytest.mark.slow

Build = Callable[..., Any]


@pytest.fixture
def build(database: Database, tenant: TenantFixture, monkeypatch: pytest.MonkeyPatch) -> Iterator[Build]:
    """`build("--dry-run")` on the Monday, for this test's tenant, who has one payroll funded and one not."""

    @contextmanager
    def opened() -> Any:
        yield database

    monkeypatch.setattr(terminal, "open_database", opened)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        stories.originator(tx, tenant)
        stories.fund(tx, tenant, "60.00")
        payments.commit_payroll(tx, stories.batch(tx, tenant, "10.00", "20.00"))
        payments.commit_payroll(tx, stories.batch(tx, tenant, "40.00", payroll_id="PR-2"))
    yield lambda *words: CliRunner().invoke(ach_commands.app, ["--tenant", tenant.slug, *words])


def everything(database: Database, tenant: TenantFixture) -> tuple[Any, ...]:
    """What a command could leave behind: rows, counters, balances, the audit log and what is announced."""
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        counters = tx.all("SELECT name, last_no FROM payments.counters ORDER BY name")
        events = tx.value("SELECT count(*) FROM audit.events")
        return stories.counts(tx), stories.statuses(tx), stories.client_funds(tx, tenant), counters, events


def test_a_dry_run_shows_what_would_be_built_and_leaves_nothing(
    database: Database, tenant: TenantFixture, build: Build
) -> None:
    before = everything(database, tenant)

    told = build("--dry-run")
    asked = json.loads(build("--dry-run", "--json").stdout)

    assert everything(database, tenant) == before and before[0]["payments.ach_files"] == 0
    assert told.exit_code == 0
    first, *rest = told.stdout.splitlines()
    assert first.startswith("20261130-A-")
    assert first.endswith(".ach  2 payments, 30.00 USD, effective 2026-12-01")
    assert rest == ["dry run, nothing is left: 1 files, 2 payments, 30.00 USD", "in no file: 1 blocked funds"]
    assert (asked["on"], asked["is_dry_run"], asked["payments"], asked["not_built"]) == (
        "2026-11-30", True, 2, {"blocked_funds": 1},
    )  # fmt: skip
    assert asked["credits"] == [{"minor": 3000, "currency": "USD"}]


def test_a_build_fixes_the_files_once_and_writes_copies_over_nothing(
    database: Database, tenant: TenantFixture, build: Build, tmp_path: Path
) -> None:
    (document,) = [json.loads(build("--out", str(tmp_path / "copies"), "--json").stdout)]

    (row,) = document["files"]
    copy = Path(row["path"])
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        (file,) = payments.list_files(tx)
        content = payments.file_bytes(tx, file.id)
    assert (file.id, file.status, copy.name) == (row["id"], "pending", file.name)
    assert copy.read_bytes() == content and copy.stat().st_mode & 0o777 == 0o600
    before = everything(database, tenant)
    again = build("--out", str(tmp_path / "copies"))
    assert again.stdout.splitlines() == ["nothing is due and funded on 2026-11-30", "in no file: 1 blocked funds"]
    assert everything(database, tenant)[1:4] == before[1:4]
    assert [path.name for path in (tmp_path / "copies").iterdir()] == [file.name]
    assert not payments.outbound_folder(database, tenant.id).exists()  # who delivers is another


@pytest.mark.parametrize("words", [("--dry-run", "--out", "x"), ("--out", "file")])
def test_what_cannot_be_written_builds_nothing(
    database: Database, tenant: TenantFixture, build: Build, tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "file").write_text("in the way")
    before = everything(database, tenant)

    found = build(*(str(tmp_path / word) if not word.startswith("--") else word for word in words))

    assert found.exit_code != 0 or isinstance(found.exception, Malformed)
    assert everything(database, tenant) == before
