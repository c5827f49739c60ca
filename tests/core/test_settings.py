"""A process keeps what a tenant has set, and never a setting that is not, or is no more."""

from __future__ import annotations

from contextlib import suppress
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests import make

from headgate import servicing
from headgate.core.db import Database, Tx
from headgate.core.errors import Unavailable
from headgate.core.settings import Settings

REASON = "the test chooses it"
MODES = ("off", "shadow", "live")


class _GivenUp(Exception):
    """What was set is not to stand."""


def _mode(tx: Tx) -> str:
    return servicing.posting_modes(tx)["ach"].mode


def _kept(database: Database, tenant: make.TenantFixture) -> str:
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR, keeps_settings=True) as tx:
        return _mode(tx)


def _set(database: Database, tenant: make.TenantFixture, mode: str, *, stands: bool = True) -> None:
    with suppress(_GivenUp), database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        servicing.set_posting_mode(tx, channel="ach", mode=mode, reason=REASON)
        assert _mode(tx) == mode
        if not stands:
            raise _GivenUp


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.one_of(st.none(), st.tuples(st.sampled_from(MODES), st.booleans())), max_size=8))
def test_what_is_kept_is_what_was_set_last(
    database: Database, tenant: make.TenantFixture, steps: list[tuple[str, bool] | None]
) -> None:
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        stands = _mode(tx)

    for step in steps:
        if step is not None:
            mode, is_to_stand = step
            _set(database, tenant, mode, stands=is_to_stand)
            stands = mode if is_to_stand else stands
        assert _kept(database, tenant) == stands


def test_what_is_kept_is_not_asked_for_again(database: Database, tenant: make.TenantFixture) -> None:
    _set(database, tenant, "live")
    _kept(database, tenant)

    with (
        pytest.raises(Unavailable),
        database.begin(tenant_id=tenant.id, actor=make.ACTOR, keeps_settings=True) as tx,
    ):
        tx.conn.close()
        assert _mode(tx) == "live"
        tx.now()


def test_a_setting_of_one_tenant_is_none_of_another(database: Database, tenant: make.TenantFixture) -> None:
    other = make.tenant(database)
    _set(database, tenant, "live")

    assert (_kept(database, tenant), _kept(database, other), _kept(database, tenant)) == ("live", "off", "live")


def test_who_keeps_settings_changes_none(database: Database, tenant: make.TenantFixture) -> None:
    with (
        pytest.raises(psycopg.errors.RaiseException, match=r"servicing\.posting_modes is changed by one that does not"),
        database.begin(tenant_id=tenant.id, actor=make.ACTOR, keeps_settings=True) as tx,
    ):
        servicing.set_posting_mode(tx, channel="ach", mode="live", reason=REASON)


def test_the_tenants_that_were_used_last_are_kept() -> None:
    first, second, third = (uuid4() for _ in range(3))
    held = Settings(tenants_max=2)
    held.of(first, 1)["mode"] = "live"
    held.of(second, 1)["mode"] = "off"
    held.of(first, 1)

    held.of(third, None)

    assert held.of(first, 1) == {"mode": "live"}
    assert held.of(second, 1) == {}
    assert held.of(first, 2) == {}
