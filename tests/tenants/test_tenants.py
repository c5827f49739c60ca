"""Tenants: live or test for ever, and only a test tenant's clock can be moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from tests import make

from headgate import tenants
from headgate.core import clock, ids
from headgate.core.db import Database, Tx
from headgate.tenants.errors import IdentityFixed, MalformedName, MalformedSlug, SlugTaken


def fresh_slug() -> str:
    return f"t-{ids.new('x')[-12:]}"


def test_a_created_tenant_is_found_by_slug_and_by_id(database: Database) -> None:
    made = tenants.create_tenant(database, slug=fresh_slug(), name="  Acme Payroll ", livemode=True)

    assert tenants.find_tenant(database, made.slug) == made
    assert tenants.find_tenant(database, str(made.id)) == made
    assert made.name == "Acme Payroll"
    assert made in tenants.directory(database)
    assert made.id in tenants.tenant_ids(database)


def test_creating_a_tenant_is_recorded_and_announced_in_its_own_chain(
    database: Database, admin: psycopg.Connection[Any]
) -> None:
    made = tenants.create_tenant(database, slug=fresh_slug(), name="Acme", livemode=False)

    recorded = admin.execute(
        "SELECT type, actor_type, actor_id, data->>'slug' FROM audit.events WHERE tenant_id = %s", [made.id]
    ).fetchall()
    announced = admin.execute(
        "SELECT event_type, aggregate_id FROM messaging.outbox_messages WHERE tenant_id = %s", [made.id]
    ).fetchall()
    assert recorded == [("tenants.tenant.created", "human", "administrator", made.slug)]
    assert announced == [("tenants.tenant.created", str(made.id))]


def test_a_taken_slug_is_refused_and_leaves_nothing(database: Database, admin: psycopg.Connection[Any]) -> None:
    first = tenants.create_tenant(database, slug=fresh_slug(), name="First", livemode=False)
    before = admin.execute("SELECT count(*) FROM audit.events").fetchone()

    with pytest.raises(SlugTaken) as refused:
        tenants.create_tenant(database, slug=first.slug, name="Second", livemode=False)

    assert refused.value.facts == {"slug": first.slug}
    assert admin.execute(
        "SELECT count(*), min(name) FROM tenants.tenants WHERE slug = %s", [first.slug]
    ).fetchone() == (1, "First")
    assert admin.execute("SELECT count(*) FROM audit.events").fetchone() == before


@pytest.mark.parametrize("slug", ["", "A", "a", "1ab", "a_b", "a b", "a" * 41, "ab\n", "é2"])
def test_a_malformed_slug_is_refused(database: Database, slug: str) -> None:
    with pytest.raises(MalformedSlug):
        tenants.create_tenant(database, slug=slug, name="x", livemode=False)


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "a\x00b", "x" * 201])
def test_a_malformed_name_is_refused(database: Database, name: str) -> None:
    with pytest.raises(MalformedName):
        tenants.create_tenant(database, slug=fresh_slug(), name=name, livemode=False)


def test_an_unknown_tenant_is_named(database: Database) -> None:
    with pytest.raises(tenants.UnknownTenant, match="'nobody'"):
        tenants.find_tenant(database, "nobody")


@pytest.mark.parametrize("change", ["livemode = NOT livemode", "slug = 'other-slug'", "id = gen_random_uuid()"])
def test_identity_is_for_ever_even_for_a_superuser(
    database: Database, admin: psycopg.Connection[Any], change: str
) -> None:
    made = tenants.create_tenant(database, slug=fresh_slug(), name="Acme", livemode=False)

    with pytest.raises(psycopg.Error) as refused:
        admin.execute(f"UPDATE tenants.tenants SET {change} WHERE id = %s", [made.id])  # type: ignore[arg-type]

    assert refused.value.sqlstate == IdentityFixed.sqlstate
    assert tenants.find_tenant(database, made.slug) == made


# The clock ------------------------------------------------------------------------------------------------------------


def test_a_test_tenants_clock_moves_and_comes_back(database: Database) -> None:
    tenant = tenants.create_tenant(database, slug=fresh_slug(), name="Test", livemode=False)

    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        assert abs(tx.now() - clock.real_now()) < timedelta(seconds=5)
        moved = tenants.move_clock(tx, by=timedelta(days=3))
        assert timedelta(days=3) <= moved - clock.real_now() + timedelta(seconds=1) < timedelta(days=3, seconds=5)
        further = tenants.move_clock(tx, by=timedelta(hours=1))
        assert timedelta(hours=1) <= further - moved < timedelta(hours=1, seconds=5)
        there = datetime(2031, 3, 9, 8, 30, tzinfo=UTC)
        assert timedelta(0) <= tenants.move_clock(tx, to=there) - there < timedelta(seconds=5)
        assert abs(tenants.move_clock(tx) - clock.real_now()) < timedelta(seconds=5)


def test_moving_a_clock_is_recorded_at_real_time(database: Database, admin: psycopg.Connection[Any]) -> None:
    tenant = tenants.create_tenant(database, slug=fresh_slug(), name="Test", livemode=False)

    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        tenants.move_clock(tx, by=timedelta(days=30))

    row = admin.execute(
        """
        SELECT event_time, (data->>'offset_microseconds')::bigint
          FROM audit.events
         WHERE tenant_id = %s AND type = 'tenants.clock.moved'
        """,
        [tenant.id],
    ).fetchone()
    assert row is not None
    assert abs(row[0] - clock.real_now()) < timedelta(seconds=30)
    assert abs(row[1] - 30 * 86400 * 10**6) < 5 * 10**6


def test_a_live_tenants_clock_is_refused(database: Database) -> None:
    tenant = tenants.create_tenant(database, slug=fresh_slug(), name="Live", livemode=True)

    with pytest.raises(tenants.LiveClock), database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        tenants.move_clock(tx, by=timedelta(days=1))

    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        assert abs(tx.now() - clock.real_now()) < timedelta(seconds=5)


def test_a_live_tenants_clock_cannot_be_moved_by_sql_either(database: Database, admin: psycopg.Connection[Any]) -> None:
    tenant = tenants.create_tenant(database, slug=fresh_slug(), name="Live", livemode=True)

    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        admin.execute("UPDATE tenants.tenants SET clock_offset_microseconds = 1 WHERE id = %s", [tenant.id])
    assert refused.value.diag.constraint_name == "tenants_live_clock_is_real"

    with pytest.raises(psycopg.errors.CheckViolation):
        admin.execute(
            """
            INSERT INTO tenants.tenants (id, slug, name, livemode, clock_offset_microseconds)
            VALUES (gen_random_uuid(), 'live-and-late', 'x', true, 1)
            """
        )


def test_now_without_a_tenant_is_an_error(database: Database) -> None:
    with (
        pytest.raises(tenants.UnknownTenant),
        database.begin(tenant_id=UUID(int=5), actor=make.ACTOR) as tx,
    ):
        tx.now()
    with pytest.raises(Exception, match="no tenant in context"), database.begin(tenant_id=None, actor=make.ACTOR) as tx:
        tx.now()


# Legal entities and persons -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "time_zone", ["America/Chicago", "America/Port-au-Prince", "America/Indiana/Knox", "UTC", "CET", "Etc/GMT+5"]
)
def test_a_legal_entity_has_a_time_zone_that_postgresql_knows(tx: Tx, time_zone: str) -> None:
    made = tenants.create_legal_entity(tx, name="Berry Farms LLC", time_zone=time_zone, currency="USD")

    assert tenants.legal_entity(tx, made.id) == made
    assert (made.name, made.time_zone, made.currency) == ("Berry Farms LLC", time_zone, "USD")


@pytest.mark.parametrize(
    "time_zone", ["", "Foo3", "EST5EDT4,x", "America/Chicag", "America/CHICAGO", "UTC+5", "america"]
)
def test_an_unknown_time_zone_is_refused_and_nothing_is_kept(
    database: Database, tenant: make.TenantFixture, time_zone: str
) -> None:
    with pytest.raises(tenants.UnknownTimeZone), database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        tenants.create_legal_entity(tx, name="Nowhere", time_zone=time_zone, currency="USD")

    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        assert [entity.id for entity in tenants.legal_entities(tx)] == [tenant.legal_entity_id]


def test_one_person_has_one_row_whatever_the_case_of_the_address(tx: Tx) -> None:
    made = tenants.create_user(tx, email="Ada@Example.org", display_name="Ada")

    assert made.email == "ada@example.org"
    assert tenants.find_user(tx, " ADA@example.org ") == made
    with pytest.raises(tenants.errors.EmailTaken):
        tenants.create_user(tx, email="ada@EXAMPLE.org", display_name="Ada again")
    assert tenants.users(tx) == [made]


@pytest.mark.parametrize("email", ["", "ada", "@example.org", "a da@example.org", "ada@", "a@b@c"])
def test_a_malformed_address_is_refused(tx: Tx, email: str) -> None:
    with pytest.raises(tenants.errors.MalformedEmail):
        tenants.create_user(tx, email=email, display_name="Ada")
