"""What live pages are told: each change once, from the position that a page has read."""

from __future__ import annotations

from tests import make
from tests.console.evidence_scene import bury

from headgate import audit
from headgate.console.changes import changes
from headgate.core.db import Database


def test_a_dead_letter_is_told_once(database: Database) -> None:
    tenant = make.tenant(database)
    make.caught_up(database, tenant.id)
    position, _ = changes(database, tenant.id, None)
    letter = bury(database, tenant, "recon.run", "ingestion.artifact.read", "art_9", "core.unavailable: late")
    make.caught_up(database, tenant.id)
    position, told = changes(database, tenant.id, position)
    assert letter in told

    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        audit.record(tx, type="test.something.else", data={})
    make.caught_up(database, tenant.id)
    assert letter not in changes(database, tenant.id, position)[1]
