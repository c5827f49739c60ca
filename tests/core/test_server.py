"""Which database, and as whom: the embedded server, or one of the operator's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from headgate.core.config import Config
from headgate.core.db import Database
from headgate.core.embedded import EmbeddedServer
from headgate.core.errors import ConfigError
from headgate.core.server import Embedded, External, login, resolve, with_settings


def test_without_a_url_the_server_is_the_homes_own(tmp_path: Path) -> None:
    server = resolve(Config.from_environment({"HEADGATE_HOME": str(tmp_path)}))

    assert isinstance(server, Embedded)
    assert server.is_embedded
    assert server.engine.home == tmp_path


def test_a_url_names_a_server_of_the_operators_own() -> None:
    server = resolve(Config.from_environment({"HEADGATE_DATABASE_URL": "postgresql://admin@db/headgate"}))

    assert isinstance(server, External)
    assert not server.is_embedded
    assert server.url("admin") == server.url("superuser") == "postgresql://admin@db/headgate"


def test_an_administrator_steps_into_each_role() -> None:
    server = External("postgresql://admin:p%40ss@db:5433/headgate?sslmode=require&options=-c%20statement_timeout%3D5s")

    facts = conninfo_to_dict(server.url("app"))

    assert facts["options"] == "-c statement_timeout=5s -c role=headgate_app"
    assert {name: facts[name] for name in ("user", "password", "host", "port", "dbname", "sslmode")} == {
        "user": "admin",
        "password": "p@ss",
        "host": "db",
        "port": "5433",
        "dbname": "headgate",
        "sslmode": "require",
    }


def test_one_of_our_roles_serves_as_itself_alone() -> None:
    server = External("postgresql://headgate_app@db/headgate")

    assert server.url("app") == "postgresql://headgate_app@db/headgate"
    with pytest.raises(ConfigError, match="logs in as headgate_app, who cannot act as the administrator"):
        server.url("admin")
    with pytest.raises(ConfigError, match="cannot act as headgate_owner"):
        server.url("owner")


def test_behind_a_pooler_the_application_takes_the_pooler_and_all_else_the_direct_url() -> None:
    pooled, direct = "postgresql://headgate_app@pooler:6432/headgate", "postgresql://admin@db/headgate"
    server = External(pooled, direct)

    assert server.url("app") == pooled
    assert server.url("admin") == direct
    assert conninfo_to_dict(server.url("dispatcher"))["host"] == "db"
    with pytest.raises(ConfigError, match="must log in as headgate_app; its login is admin"):
        External("postgresql://admin@pooler/headgate", direct).url("app")


def test_the_login_may_be_left_to_libpq(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGUSER", "somebody")
    assert login("postgresql:///headgate") == "somebody"
    monkeypatch.delenv("PGUSER")
    assert login("postgresql:///headgate") == ""


@pytest.mark.parametrize(
    "url", ["postgresql:///x?host=/a", "postgres://u@h/x", "postgresql://u@/x?host=%2Fa%20b&port=1"]
)
def test_settings_are_added_to_any_form_of_url(url: str) -> None:
    before = conninfo_to_dict(url)

    after = conninfo_to_dict(with_settings(url, {"headgate.actor": "a b\\c"}))

    assert after == {**before, "options": "-c headgate.actor=a\\ b\\\\c"}


def test_an_administrators_url_serves_every_role(database: Database) -> None:
    server = External(database.url("admin"))

    for role in ("app", "owner", "readonly", "operator", "poster"):
        with psycopg.connect(server.url(role)) as connection:
            assert connection.execute("SELECT current_user").fetchone() == (f"headgate_{role}",)
    with psycopg.connect(with_settings(server.url("app"), {"headgate.actor": "a b\\c"})) as connection:
        assert connection.execute("SELECT current_setting('headgate.actor')").fetchone() == ("a b\\c",)


def test_a_server_that_starts_late_is_waited_for(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    url = server.url("app")
    connect, tries = psycopg.connect, 0

    def late(url: str, **facts: Any) -> Any:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise psycopg.OperationalError(
                "connection refused" if tries == 1 else "FATAL:  the database is starting up"
            )
        return connect(url, **facts)

    monkeypatch.setattr(psycopg, "connect", late)
    External(url, wait_seconds=30).ensure_up()

    assert tries == 3


def test_a_login_that_is_refused_is_named_at_once(server: EmbeddedServer) -> None:
    facts = {**conninfo_to_dict(server.url("admin")), "user": "nobody", "options": ""}
    asked = urlencode({name: value for name, value in facts.items() if value and name != "dbname"})

    with pytest.raises(ConfigError, match=r"refuses this login: .*nobody"):
        External(f"postgresql:///postgres?{asked}", wait_seconds=30).ensure_up()
