"""Signing in: a link works once, and only hashes are kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from tests import make
from tests.console.conftest import OPERATOR
from tests.make import TenantFixture, tenant
from typer.testing import CliRunner

from headgate import tenants
from headgate.console import commands, sessions
from headgate.console.sessions import Grant, Seat, make_link
from headgate.core.db import Actor, Database
from headgate.core.errors import Malformed, NotFound

NOBODY = Actor.system("console")


def entered(database: Database, token: str) -> str | None:
    with database.begin(tenant_id=None, actor=NOBODY) as tx:
        return sessions.enter(tx, token)


def seats(database: Database, cookie: str) -> list[Seat]:
    with database.begin(tenant_id=None, actor=NOBODY) as tx:
        return sessions.seats(tx, cookie)


def test_a_link_becomes_a_session_once(database: Database, tenant: TenantFixture) -> None:
    token = make_link(database, actor=OPERATOR, grants=[Grant(tenant.id, "operator")])

    cookie = entered(database, token)
    assert cookie is not None
    (seat,) = seats(database, cookie)
    assert (seat.tenant_id, seat.slug, seat.role, seat.livemode) == (tenant.id, tenant.slug, "operator", False)
    assert seat.actor == OPERATOR
    assert entered(database, token) is None
    assert entered(database, "never made") is None
    assert seats(database, "never made") == []


def test_a_link_past_its_life_opens_nothing(database: Database, tenant: TenantFixture) -> None:
    token = make_link(database, actor=OPERATOR, grants=[Grant(tenant.id, "operator")], life=timedelta(microseconds=1))

    assert entered(database, token) is None


def test_a_session_past_its_life_sees_nothing_and_is_swept(
    database: Database, tenant: TenantFixture, admin: psycopg.Connection[Any]
) -> None:
    grants = [Grant(tenant.id, "operator")]
    cookie = entered(database, make_link(database, actor=OPERATOR, grants=grants))
    assert cookie is not None
    admin.execute(
        "UPDATE console.sessions SET expires_at = clock_timestamp() WHERE token_hash = %s", (sessions._hash(cookie),)
    )

    assert seats(database, cookie) == []
    entered(database, make_link(database, actor=OPERATOR, grants=grants))
    swept = admin.execute("SELECT FROM console.sessions WHERE token_hash = %s", (sessions._hash(cookie),))
    assert swept.fetchone() is None


def test_leaving_ends_this_session_only(database: Database, tenant: TenantFixture) -> None:
    grants = [Grant(tenant.id, "operator")]
    one, other = (entered(database, make_link(database, actor=OPERATOR, grants=grants)) for _ in range(2))
    assert one is not None and other is not None

    with database.begin(tenant_id=None, actor=NOBODY) as tx:
        sessions.leave(tx, one)

    assert seats(database, one) == []
    assert len(seats(database, other)) == 1


def test_a_session_may_see_several_tenants_each_in_its_role(database: Database) -> None:
    here, there = tenant(database), tenant(database)
    grants = [Grant(here.id, "finance"), Grant(there.id, "readonly")]

    cookie = entered(database, make_link(database, actor=OPERATOR, grants=grants))

    assert cookie is not None
    assert {seat.slug: seat.role for seat in seats(database, cookie)} == {here.slug: "finance", there.slug: "readonly"}


def test_neither_token_nor_cookie_is_stored(
    database: Database, tenant: TenantFixture, admin: psycopg.Connection[Any]
) -> None:
    token = make_link(database, actor=OPERATOR, grants=[Grant(tenant.id, "operator")])
    cookie = entered(database, token)

    stored = admin.execute("SELECT l::text || s::text FROM console.links l, console.sessions s").fetchall()
    assert stored and cookie is not None
    assert not any(secret in text for (text,) in stored for secret in (token, cookie))


@pytest.mark.parametrize("table", ["links", "sessions"])
def test_the_application_reads_neither_table(database: Database, tenant: TenantFixture, table: str) -> None:
    with (
        database.connect("app") as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(f"SELECT * FROM console.{table}")  # type: ignore[call-overload]


def test_a_link_must_grant_something(database: Database) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="links_grant_something"):
        make_link(database, actor=OPERATOR, grants=[])


def test_a_link_signs_in_the_person_that_it_names(
    database: Database, tenant: TenantFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def opened() -> Iterator[Database]:
        yield database

    monkeypatch.setattr(commands, "open_database", opened)
    with database.begin(tenant_id=tenant.id, actor=OPERATOR) as tx:
        ada = tenants.create_user(tx, email="ada@example.org", display_name="Ada")
    other = make.tenant(database)

    def run(*words: str) -> Any:
        return CliRunner().invoke(commands.app, ["link", "--tenant", tenant.slug, "--json", *words])

    made = run("--role", "finance", "--person", "ada@example.org")
    [seat] = seats(database, entered(database, json.loads(made.stdout)["url"].rpartition("=")[2]))
    assert (seat.actor_id, seat.person_id, seat.role) == (ada.id, ada.id, "finance")
    nobody = json.loads(run().stdout)["url"].rpartition("=")[2]
    assert [one.person_id for one in seats(database, entered(database, nobody))] == [None]
    assert isinstance(run("--person", "eve@example.org").exception, NotFound)
    assert isinstance(run("--person", "ada@example.org", "--tenant", other.slug).exception, Malformed)
