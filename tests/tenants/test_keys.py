"""API keys: shown once, stored as a hash, dead at once when revoked or expired."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from tests import make

from headgate import tenants
from headgate.core.clock import real_now
from headgate.core.db import Database
from headgate.tenants.errors import KeyRevoked, UnknownKey, UnknownRole
from headgate.tenants.roles import PERMISSIONS, READ, ROLES


def new_key(database: Database, tenant: make.TenantFixture, **facts: Any) -> tenants.IssuedKey:
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        return tenants.create_key(tx, **{"role": "operator", **facts})


def test_a_key_says_its_mode_and_opens_its_tenant(database: Database, tenant: make.TenantFixture) -> None:
    issued = new_key(database, tenant)

    assert re.fullmatch(r"hg_test_[0-9a-hjkmnp-tv-z]{52}", issued.key)
    caller = tenants.authenticate(database, issued.key)
    assert caller is not None
    assert (caller.tenant_id, caller.key_id, caller.role) == (tenant.id, issued.api_key.id, "operator")
    assert (caller.livemode, caller.person_id, caller.actor.type) == (False, None, "system")


def test_a_live_tenants_keys_say_live(database: Database) -> None:
    live = make.tenant(database, livemode=True)

    issued = new_key(database, live)

    assert issued.key.startswith("hg_live_")
    caller = tenants.authenticate(database, issued.key)
    assert caller is not None and caller.livemode


def test_only_the_hash_is_stored(
    database: Database, tenant: make.TenantFixture, admin: psycopg.Connection[Any]
) -> None:
    issued = new_key(database, tenant)

    rows = admin.execute(
        "SELECT key_hash, last_four, k::text FROM tenants.api_keys k WHERE tenant_id = %s", [tenant.id]
    ).fetchall()
    assert [(bytes(row[0]), row[1]) for row in rows] == [
        (hashlib.sha256(issued.key.encode()).digest(), issued.key[-4:])
    ]
    assert issued.key not in rows[0][2]
    audited = admin.execute(
        "SELECT string_agg(data::text, '') FROM audit.events WHERE tenant_id = %s", [tenant.id]
    ).fetchone()
    assert audited is not None and issued.key not in audited[0]


def test_a_person_behind_a_key_is_the_actor_that_four_eyes_compare(
    database: Database, tenant: make.TenantFixture
) -> None:
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        ada = tenants.create_user(tx, email="ada@example.org", display_name="Ada")
    first, second = new_key(database, tenant, user_id=ada.id), new_key(database, tenant, user_id=ada.id)

    callers = [tenants.authenticate(database, issued.key) for issued in (first, second)]
    assert [caller and caller.actor.person_id for caller in callers] == [ada.id, ada.id]
    assert [caller and caller.actor.type for caller in callers] == ["human", "human"]


def test_another_tenants_person_cannot_stand_behind_a_key(database: Database, tenant: make.TenantFixture) -> None:
    other = make.tenant(database)
    with database.begin(tenant_id=other.id, actor=make.ACTOR) as tx:
        stranger = tenants.create_user(tx, email="eve@example.org", display_name="Eve")

    with pytest.raises(tenants.UnknownPerson):
        new_key(database, tenant, user_id=stranger.id)

    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        assert tenants.keys(tx) == []


def test_a_revoked_key_is_dead_at_once_and_for_ever(
    database: Database, tenant: make.TenantFixture, admin: psycopg.Connection[Any]
) -> None:
    issued = new_key(database, tenant)

    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        once = tenants.revoke_key(tx, issued.api_key.id)
        twice = tenants.revoke_key(tx, issued.api_key.id)

    assert once.revoked_at is not None and once == twice
    assert tenants.authenticate(database, issued.key) is None
    with pytest.raises(psycopg.Error) as refused:
        admin.execute("UPDATE tenants.api_keys SET revoked_at = NULL WHERE id = %s", [issued.api_key.id])
    assert refused.value.sqlstate == KeyRevoked.sqlstate


def test_an_expired_key_is_dead_by_real_time(database: Database, tenant: make.TenantFixture) -> None:
    expired = new_key(database, tenant, expires_at=real_now() - timedelta(seconds=1))
    valid = new_key(database, tenant, expires_at=real_now() + timedelta(minutes=5))
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        tenants.move_clock(tx, by=timedelta(days=400))

    assert tenants.authenticate(database, expired.key) is None
    assert tenants.authenticate(database, valid.key) is not None


def test_two_bearers_of_one_hash_are_none(
    database: Database, tenant: make.TenantFixture, admin: psycopg.Connection[Any]
) -> None:
    issued = new_key(database, tenant)
    other = make.tenant(database)
    admin.execute(
        """
        INSERT INTO tenants.api_keys (tenant_id, key_hash, last_four, name, role)
        VALUES (%s, %s, 'xxxx', 'twin', 'admin')
        """,
        [other.id, hashlib.sha256(issued.key.encode()).digest()],
    )

    assert tenants.authenticate(database, issued.key) is None


@pytest.mark.parametrize(
    "key", ["", "hg_test_", "hg_test_" + "0" * 52, "hg_other_" + "0" * 52, "x" * 10_000, "hg_test_" + "é" * 52]
)
def test_what_is_no_key_opens_nothing(database: Database, key: str) -> None:
    assert tenants.authenticate(database, key) is None


def test_an_unknown_role_or_key_is_refused(database: Database, tenant: make.TenantFixture) -> None:
    with pytest.raises(UnknownRole, match="admin, operator, finance, compliance, readonly"):
        new_key(database, tenant, role="root")
    with pytest.raises(UnknownKey), database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        tenants.revoke_key(tx, "key_00000000000000000000000000")


def test_the_database_knows_the_same_roles(admin: psycopg.Connection[Any]) -> None:
    rule = admin.execute(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'api_keys_role_known'"
    ).fetchone()
    assert rule is not None
    assert set(re.findall(r"'([a-z]+)'", rule[0])) == set(ROLES)


def test_readonly_only_reads_and_every_role_may_read() -> None:
    assert ROLES["readonly"] == READ
    assert all(permission.endswith(".read") for permission in READ)
    assert all(allowed >= READ for allowed in ROLES.values())
    assert not tenants.allows("nobody", "ledger.read")
    assert {"cases.approve", "tenants.manage"} <= PERMISSIONS - ROLES["operator"]
