"""`headgate secrets`: both keys are replaced by command, for one tenant or all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from headgate import tenants
from headgate.core import keys, secrets, terminal
from headgate.core.config import Config
from headgate.core.db import Actor, Database
from headgate.core.secret_commands import app

pytestmark = pytest.mark.slow

ACTOR = Actor.system("test")


@pytest.fixture
def installation(empty_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    with Database(empty_database.url, config=Config(home=tmp_path), pool_max=4) as database:

        @contextmanager
        def opened() -> Iterator[Database]:
            yield database

        monkeypatch.setattr(terminal, "open_database", opened)
        for slug in ("one", "two"):
            tenant = tenants.create_tenant(database, slug=slug, name=slug.title(), livemode=False)
            with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
                secrets.seal(tx, b"x", context="c")
        yield database


def test_rotation_is_of_one_tenant_or_of_all(installation: Database) -> None:
    one, two = [str(found.id) for found in tenants.directory(installation)]

    single = CliRunner().invoke(app, ["rotate", "--tenant", "one", "--json"])
    every = CliRunner().invoke(app, ["rotate", "--json"])
    told = CliRunner().invoke(app, ["rotate"])

    assert json.loads(single.stdout) == {"rotated": [{"tenant_id": one, "key_no": 2}]}
    assert json.loads(every.stdout) == {"rotated": [{"tenant_id": one, "key_no": 3}, {"tenant_id": two, "key_no": 2}]}
    assert told.stdout == "2 tenants seal with a new key\n"


def test_a_new_master_key_is_drawn_and_every_key_rewrapped(installation: Database) -> None:
    old = keys.master_key(installation.config)

    done = CliRunner().invoke(app, ["rewrap", "--new", "--json"])
    again = CliRunner().invoke(app, ["rewrap"])
    third = CliRunner().invoke(app, ["rewrap", "--new"])

    second = keys.MasterKey(
        (keys.master_key_by_id(installation.config, json.loads(done.stdout)["kek_id"]) or old).material
    )
    assert json.loads(done.stdout) == {"rewrapped": 2, "kek_id": second.id, "retired": old.id}
    assert second != old
    assert again.stdout == f"0 data keys are now wrapped by {second.id}\n"
    assert f"keys/master-{second.id}.key is kept: backups made before now need it." in third.stdout
