"""Each invariant of the log sees its violation, planted by hand."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import Connection
from tests import checks, make
from tests.audit import hands

from headgate.audit import invariants as audit_invariants
from headgate.audit.invariants import INVARIANTS
from headgate.core.db import Database

pytestmark = pytest.mark.slow

(CHAIN,) = INVARIANTS


def broken(database: Database, tenant_id: Any) -> dict[str, list[str]]:
    report = checks.run(database, [tenant_id])
    return {found.name: [each.subject for each in found.sample] for found in report.invariants if found.violations}


@pytest.mark.plants
def test_altered_event_breaks_the_chain(log: hands.Log, admin: Connection[Any]) -> None:
    hands.tamper(
        admin,
        "UPDATE audit.events SET actor_id = 'x' WHERE tenant_id = %(t)s AND id = %(id)s",
        t=log.tenant_id,
        id=log.sealed[2],
    )

    assert broken(log.database, log.tenant_id) == {"audit.chain_verifies": [f"event {log.sealed[2]}"]}


@pytest.mark.plants
def test_unlinked_block_is_named(log: hands.Log, admin: Connection[Any]) -> None:
    hands.tamper(
        admin,
        "UPDATE audit.blocks SET previous_hash = sha256('x') WHERE tenant_id = %(t)s AND number = 2",
        t=log.tenant_id,
    )

    assert broken(log.database, log.tenant_id)["audit.blocks_linked"] == ["block 2"]


@pytest.mark.plants
@pytest.mark.parametrize("number", [1, 2])
def test_missing_block_is_named(log: hands.Log, admin: Connection[Any], number: int) -> None:
    hands.tamper(
        admin, "DELETE FROM audit.blocks WHERE tenant_id = %(t)s AND number = %(n)s", t=log.tenant_id, n=number
    )

    assert broken(log.database, log.tenant_id)["audit.blocks_linked"] == [f"block {number + 1}"]


@pytest.mark.plants
@pytest.mark.parametrize("trigger", ["append_only", "only_by_recording"])
@pytest.mark.parametrize("how", ["DISABLE", "ENABLE REPLICA"])
def test_open_door_is_named(
    database: Database, tenant: make.TenantFixture, admin: Connection[Any], trigger: str, how: str
) -> None:
    admin.execute(f"ALTER TABLE audit.events_rest {how} TRIGGER {trigger}".encode())
    try:
        found = broken(database, tenant.id)
    finally:
        admin.execute(f"ALTER TABLE audit.events_rest ENABLE ALWAYS TRIGGER {trigger}".encode())

    assert found["audit.doors_closed"] == ["events_rest"]


@pytest.mark.plants
def test_epoch_that_falls_is_named(empty_database: Database) -> None:
    tenant = make.tenant(empty_database)
    hands.written(empty_database, tenant.id)
    with empty_database.connect("admin") as admin:
        admin.execute("SELECT audit.start_epoch('test')")
        hands.tamper(admin, "UPDATE audit.blocks SET epoch = 2 WHERE number = 1")

    assert broken(empty_database, tenant.id)["audit.epochs_rise"] == ["block 2"]


@pytest.mark.plants
def test_check_goes_on_from_the_watermark_and_full_judges_all(log: hands.Log, admin: Connection[Any]) -> None:
    assert CHAIN.judge(log.database, log.tenant_id, False) == []
    hands.tamper(
        admin,
        "UPDATE audit.events SET actor_id = 'x' WHERE tenant_id = %(t)s AND id = %(id)s",
        t=log.tenant_id,
        id=log.sealed[2],
    )

    quick, full = CHAIN.judge(log.database, log.tenant_id, False), CHAIN.judge(log.database, log.tenant_id, True)

    assert quick == []
    assert [found.subject for found in full] == [f"event {log.sealed[2]}"]


@pytest.mark.plants
def test_watermark_on_a_changed_block_counts_for_nothing(log: hands.Log, admin: Connection[Any]) -> None:
    assert CHAIN.judge(log.database, log.tenant_id, False) == []
    hands.tamper(
        admin,
        "UPDATE audit.blocks SET block_hash = sha256('x') WHERE tenant_id = %(t)s"
        " AND number = (SELECT max(number) FROM audit.blocks WHERE tenant_id = %(t)s)",
        t=log.tenant_id,
    )

    assert audit_invariants._watermark(log.database, log.tenant_id) == 0
    assert CHAIN.judge(log.database, log.tenant_id, False) != []
