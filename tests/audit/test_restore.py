"""A dump on another server: its transaction ids begin anew, and the chain goes on under a new epoch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests import make
from tests.audit import hands

from headgate import audit
from headgate.audit import health
from headgate.core import backup
from headgate.core.config import Config
from headgate.core.db import Database
from headgate.core.embedded import EmbeddedServer
from headgate.core.roles import ensure_roles

KEY = Ed25519PrivateKey.generate()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """A second server."""
    binaries = Path("/usr/lib/postgresql/15/bin") if os.environ.get("HEADGATE_TEST_PG") == "15" else None
    server = EmbeddedServer(tmp_path / "elsewhere", binaries=binaries, settings={"fsync": "off"})
    server.up()
    yield server
    server.down()


def test_which_server_this_is_is_read_once_a_start(empty_database: Database, admin: psycopg.Connection[object]) -> None:
    def here() -> tuple[int, int]:
        with empty_database.connect("admin") as hand:
            row = hand.execute("SELECT audit.current_epoch(), (SELECT count(*) FROM audit.server_starts)").fetchone()
        assert row is not None
        return row  # type: ignore[return-value]

    with empty_database.connect("admin") as hand, hand.transaction():
        hand.execute("ALTER TABLE audit.server_starts DISABLE TRIGGER append_only")
        hand.execute("DELETE FROM audit.server_starts")
        hand.execute("ALTER TABLE audit.server_starts ENABLE ALWAYS TRIGGER append_only")
    assert here() == (1, 0)

    assert audit.announce_restore(empty_database) is None
    assert audit.announce_restore(empty_database) is None

    assert here() == (1, 1)


@pytest.mark.slow
@pytest.mark.parametrize("announced", [True, False], ids=["restored by us", "restored by hand"])
def test_restore_post_seal_verify(
    empty_database: Database, elsewhere: EmbeddedServer, config: Config, tmp_path: Path, announced: bool
) -> None:
    tenant = make.tenant(empty_database)
    hands.written(empty_database, tenant.id)
    checkpoint = audit.take_checkpoint(empty_database, KEY)
    unsealed = hands.write(empty_database, tenant.id, 2, "not sealed before the dump")
    backup.backup(empty_database.url("admin"), tmp_path / "dump")

    if announced:
        backup.restore(elsewhere.url("admin"), tmp_path / "dump")
    else:
        with psycopg.connect(elsewhere.url("admin"), autocommit=True) as connection:
            ensure_roles(connection)
        backup._run(elsewhere.url("admin"), "pg_restore", str(tmp_path / "dump"))
    with Database(elsewhere.url, config=config) as restored:
        suspected = health.restore_suspected(restored)
        before = audit.verify_database(restored, checkpoint=checkpoint, key=KEY.public_key())
        written = hands.write(restored, tenant.id, 3, "after the restore")
        epoch = audit.announce_restore(restored)
        hands.seal(restored, tenant.id)
        after = audit.verify_database(restored, checkpoint=checkpoint, key=KEY.public_key())
        with restored.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
            last = tx.all("SELECT epoch, event_ids FROM audit.blocks ORDER BY number DESC LIMIT 2")

    assert (suspected, epoch) == ((None, None) if announced else ("the log was written on another server", 2))
    assert before.verified and after.verified, (before.first_break, after.first_break)
    assert before.chains[0].unsealed_events == 2 and after.chains[0].unsealed_events == 0
    assert [(row["epoch"], row["event_ids"]) for row in last] == [(2, written), (1, unsealed)]
