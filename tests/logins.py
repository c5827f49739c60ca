"""Fixtures of an application beside Headgate: a login with a schema of its own in the same database, and its connections."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from headgate.core import ids
from headgate.core.db import Database


@pytest.fixture
def login(database: Database, admin: psycopg.Connection[Any]) -> Iterator[str]:
    """A login of an application, with a schema of its own in Headgate's database, and the one grant that it needs."""
    name = f"payroll_{ids.new('x')[-10:]}"
    with_set = " WITH INHERIT FALSE, SET TRUE" if admin.info.server_version >= 160000 else ""
    who = sql.Identifier(name)
    admin.execute(sql.SQL("CREATE ROLE {} LOGIN NOINHERIT").format(who))
    admin.execute(sql.SQL("GRANT headgate_app TO {}" + with_set).format(who))
    admin.execute(sql.SQL("CREATE SCHEMA {} AUTHORIZATION {}").format(who, who))
    admin.execute(sql.SQL("CREATE TABLE {}.runs (name text)").format(who))
    admin.execute(sql.SQL("ALTER TABLE {}.runs OWNER TO {}").format(who, who))
    yield name
    admin.execute(sql.SQL("DROP OWNED BY {}").format(who))
    admin.execute(sql.SQL("DROP ROLE {}").format(who))


@pytest.fixture
def connect(database: Database, login: str) -> Iterator[Callable[..., psycopg.Connection[Any]]]:
    """Connections of that application."""
    opened: list[psycopg.Connection[Any]] = []

    def open_one(**kwargs: Any) -> psycopg.Connection[Any]:
        opened.append(psycopg.connect(make_conninfo(database.url("admin"), user=login), **kwargs))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def theirs(connect: Callable[..., psycopg.Connection[Any]]) -> psycopg.Connection[Any]:
    return connect()
