"""`headgate doctor`: whatever is wrong with an installation is named, with its mending; nothing is changed."""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import typer
from typer.testing import CliRunner

from headgate.core import clock, doctor, doctor_catalogue, doctor_commands, errors, keys, migrations, registry
from headgate.core.config import Config
from headgate.core.db import Database
from headgate.core.doctor import Examination, diagnose
from headgate.core.finding import Finding

pytestmark = pytest.mark.slow

MASTER_KEY = base64.b64encode(bytes((byte * 73 + 41) % 256 for byte in range(32))).decode()


@pytest.fixture
def environ(tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An installation of its own home on this worker's database; no domain is asked."""
    monkeypatch.setattr(registry, "domain_items", lambda *_, **__: [])
    return {"HEADGATE_HOME": str(tmp_path), "HEADGATE_DATABASE_URL": database.url("admin")}


@pytest.fixture
def apart(environ: dict[str, str], empty_database: Database) -> dict[str, str]:
    """The same on a database of its own, in which things can be planted."""
    return {**environ, "HEADGATE_DATABASE_URL": empty_database.url("admin")}


def found(environ: dict[str, str], name: str, *, production: bool = False) -> Finding:
    matching = [each for each in diagnose(environ, production=production).findings if each.name == name]
    return next((each for each in matching if not each.ok), matching[0])


def plant(database: Database, statement: str) -> None:
    with database.connect("admin") as conn:
        conn.execute(statement.encode())


def test_a_sound_installation_is_ok_in_every_finding(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "pending", lambda conn: [])
    monkeypatch.setattr(doctor_catalogue, "_settings", lambda conn: [Finding("server.durability", True, "durable")])
    keys.master_key(Config.from_environment(environ))
    keys.signing_key(Config.from_environment(environ))

    diagnosis = diagnose(environ)

    assert [each for each in diagnosis.findings if not each.ok] == []
    assert diagnosis.ok
    assert [each.name for each in diagnosis.findings] == [
        *(
            "python",
            "settings",
            "home",
            "disk",
            "keys.mode",
            "keys.mode",
            "keys.mode",
            "keys.master",
            "keys.signing",
            "server",
        ),
        *(
            "server.version",
            "server.clock",
            "server.durability",
            "role.application",
            "roles",
            "roles.bound",
            "roles.apart",
        ),
        *("migrations", "rules.isolation", "rules.append_only", "rules.security_definer"),
    ]


def test_nothing_is_made_where_nothing_stands(environ: dict[str, str], tmp_path: Path) -> None:
    environ["HEADGATE_HOME"] = str(tmp_path / "new")

    assert found(environ, "home").what == f"{tmp_path}/new will be made at the first start"
    assert found(environ, "keys").what == f"{tmp_path}/new/keys will be made at the first start"
    assert list(tmp_path.iterdir()) == []


def test_an_old_python_is_named() -> None:
    finding = doctor._python((3, 10))

    assert (finding.ok, finding.what, finding.mend) == (False, "Python 3.10", "install Python 3.11 or newer")


def test_a_finding_that_is_ok_has_nothing_to_mend() -> None:
    assert Finding("x", True, "fine", "do that").mend == ""
    with pytest.raises(AssertionError):
        Finding("x", False, "broken")


# Settings, home, keys ------------------------------------------------------------------------------------------------


def test_every_wrong_setting_is_a_finding_and_nothing_else_is_looked_at() -> None:
    diagnosis = diagnose({"HEADGATE_PORT": "x", "HEADGATE_POOL_MAX": "y"})

    assert not diagnosis.ok
    assert [(each.name, each.what.split()[0]) for each in diagnosis.findings if not each.ok] == [
        ("settings", "HEADGATE_POOL_MAX"),
        ("settings", "HEADGATE_PORT"),
    ]
    assert {each.name for each in diagnosis.findings} == {"python", "settings"}


def test_production_judges_a_development_environment_as_production_would(environ: dict[str, str]) -> None:
    assert found(environ, "settings").ok
    assert found(environ, "settings", production=True).what.startswith("HEADGATE_MASTER_KEY is missing")
    assert found({**environ, "HEADGATE_MASTER_KEY": MASTER_KEY}, "settings", production=True).ok


def test_a_stranger_among_the_settings_is_named(environ: dict[str, str]) -> None:
    finding = found({**environ, "HEADGATE_SERVICE_HOST": "10.0.0.1"}, "settings.unknown")

    assert (finding.ok, finding.what) == (False, "no settings of Headgate: HEADGATE_SERVICE_HOST")


def test_a_home_that_cannot_be_written_is_named(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    home = Path(environ["HEADGATE_HOME"])
    (home / "keys").mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: False)

    diagnosis = diagnose(environ)

    wrong = {each.name: each.what for each in diagnosis.findings if not each.ok}
    assert wrong["home"] == f"{home} cannot be written by this account"
    assert wrong["keys"] == f"{home / 'keys'} cannot be read by this account"


def test_a_full_disk_is_named(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type(shutil.disk_usage("/"))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(100 << 30, 99 << 30, 300 << 20))

    finding = found(environ, "disk")

    assert (finding.ok, finding.what) == (False, f"0.3 GiB free under {environ['HEADGATE_HOME']}")


@pytest.mark.parametrize(
    ("name", "mode", "right"), [("master.key", 0o640, 0o600), ("audit.key", 0o604, 0o600), ("", 0o755, 0o700)]
)
def test_a_key_that_others_can_read_is_named(environ: dict[str, str], name: str, mode: int, right: int) -> None:
    config = Config.from_environment(environ)
    keys.master_key(config)
    keys.signing_key(config)
    path = config.keys_folder / name
    path.chmod(mode)

    finding = found(environ, "keys.mode")

    assert (finding.ok, finding.what, finding.mend) == (
        False,
        f"{path} has mode {mode:04o}",
        f"chmod {right:04o} {path}",
    )


def test_damaged_and_lost_keys_are_named(environ: dict[str, str]) -> None:
    config = Config.from_environment(environ)
    keys.master_key(config)
    keys.signing_key(config)
    (config.keys_folder / "master.key").write_text("damaged")
    (config.keys_folder / "audit.key").unlink()

    assert "master.key does not hold 32 bytes" in found(environ, "keys.master").what
    assert "stands without" in found(environ, "keys.signing").what
    assert not (config.keys_folder / "audit.key").exists()


# The server ----------------------------------------------------------------------------------------------------------


def test_a_server_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    url = f"postgresql://headgate_app:Zq8-vN2_kL@/headgate?host={tmp_path}"

    finding = found({"HEADGATE_HOME": str(tmp_path), "HEADGATE_DATABASE_URL": url}, "server")

    assert finding.what.startswith("no connection as headgate_app: ")
    assert finding.mend == "look at HEADGATE_DATABASE_URL and at that server"
    assert "Zq8" not in finding.what


def test_an_embedded_server_that_does_not_run_is_not_started(tmp_path: Path) -> None:
    finding = found({"HEADGATE_HOME": str(tmp_path / "home")}, "server")

    assert not finding.ok
    assert finding.mend == "`headgate db up` starts it"
    assert not (tmp_path / "home").exists()


def test_a_server_that_is_too_old_is_named() -> None:
    assert doctor_catalogue.version(150004).ok
    assert doctor_catalogue.version(180006).ok
    finding = doctor_catalogue.version(140011)
    assert (finding.ok, finding.what, finding.mend) == (False, "PostgreSQL 14.11", "upgrade the server to 15 or newer")


def test_clocks_that_are_apart_are_named(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(environ, "server.clock").ok
    real = clock.real_now
    for moved in (timedelta(minutes=3), timedelta(minutes=-3)):
        monkeypatch.setattr(clock, "real_now", lambda moved=moved: real() + moved)
        finding = found(environ, "server.clock")
        assert not finding.ok
        assert "180.0 s apart" in finding.what or "179.9 s apart" in finding.what


def test_settings_that_lose_commits_are_named(apart: dict[str, str], empty_database: Database) -> None:
    name = psycopg.conninfo.conninfo_to_dict(empty_database.url("admin"))["dbname"]
    plant(empty_database, f'ALTER DATABASE "{name}" SET synchronous_commit = off')

    finding = found(apart, "server.durability")

    assert not finding.ok
    assert "synchronous_commit off: a crash may lose" in finding.what


def test_the_login_is_judged_in_production_and_the_role_always(
    environ: dict[str, str], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    production = {**environ, "HEADGATE_ENV": "production", "HEADGATE_MASTER_KEY": MASTER_KEY}

    assert found(production, "role.application").ok
    login = found(production, "role.login")
    assert (login.ok, login.what) == (False, "the application logs in as headgate, an administrator")
    service = {**production, "HEADGATE_DATABASE_URL": database.url("app")}
    assert found(service, "role.login").what == "the application logs in as headgate_app"

    with database.connect("admin") as conn:
        finding = next(
            each for each in doctor_catalogue.examine(conn, production=False) if each.name == "role.application"
        )
    assert (finding.ok, finding.what) == (
        False,
        "the application acts as headgate, which row-level security does not bind",
    )


class Cluster:
    """A transaction whose changes to roles are judged within it and then undone: roles are the whole server's."""

    def __init__(self, database: Database, statement: str) -> None:
        self._database, self._statement = database, statement

    def finding(self, name: str) -> Finding:
        with self._database.connect("admin") as conn, conn.transaction(force_rollback=True):
            conn.execute(self._statement.encode())
            return next(each for each in doctor_catalogue._roles(conn) if each.name == name)


@pytest.mark.parametrize(
    ("statement", "name", "what"),
    [
        ("ALTER ROLE headgate_backup RENAME TO headgate_spare", "roles", "1 missing: headgate_backup"),
        (
            "ALTER ROLE headgate_readonly BYPASSRLS",
            "roles.bound",
            "1 not bound by row-level security: headgate_readonly",
        ),
        ("ALTER ROLE headgate_backup SUPERUSER", "roles.bound", "1 not bound by row-level security: headgate_backup"),
        (
            "GRANT headgate_poster TO headgate_app",
            "roles.apart",
            "1 may act as another role: headgate_app in headgate_poster",
        ),
    ],
)
def test_a_role_that_may_more_than_it_should_is_named(database: Database, statement: str, name: str, what: str) -> None:
    finding = Cluster(database, statement).finding(name)

    assert (finding.ok, finding.what) == (False, what)


# Migrations and the database's own rules -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("DELETE FROM headgate_meta.migrations WHERE name = '0001_core_secrets.sql'", "0001_core_secrets.sql"),
        ("INSERT INTO headgate_meta.migrations VALUES ('9999_new.sql', 'x')", "the database has 9999_new.sql"),
        (
            "UPDATE headgate_meta.migrations SET checksum = 'x' WHERE name = '0001_core_secrets.sql'",
            "0001_core_secrets.sql was applied and has since been edited",
        ),
    ],
)
@pytest.mark.slow
def test_migrations_that_do_not_fit_the_code_are_named(
    apart: dict[str, str], empty_database: Database, statement: str, what: str
) -> None:
    plant(empty_database, statement)

    finding = found(apart, "migrations")

    assert not finding.ok
    assert what in finding.what


def test_a_database_that_is_not_ours_yet_is_looked_at_no_further(
    apart: dict[str, str], empty_database: Database
) -> None:
    plant(empty_database, "DROP VIEW core.invariant_tables_isolated; DROP TABLE headgate_meta.migrations")

    names = [each.name for each in diagnose(apart).findings]

    assert not found(apart, "migrations").ok
    assert names[-1] == "migrations"


@pytest.mark.parametrize(
    ("statement", "name", "what"),
    [
        (
            "ALTER TABLE core.data_keys NO FORCE ROW LEVEL SECURITY",
            "rules.isolation",
            "1 not kept apart by tenant: core.data_keys: row-level security is not enabled and forced",
        ),
        ("ALTER TABLE audit.events DISABLE TRIGGER append_only", "rules.append_only", "audit.events"),
        (
            "CREATE FUNCTION core.loose() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';"
            " REVOKE EXECUTE ON FUNCTION core.loose() FROM PUBLIC",
            "rules.security_definer",
            "core.loose()",
        ),
        (
            "CREATE FUNCTION core.loose() RETURNS int LANGUAGE sql SECURITY DEFINER"
            " SET search_path = pg_catalog, pg_temp AS 'SELECT 1'",
            "rules.security_definer",
            "core.loose()",
        ),
    ],
)
@pytest.mark.slow
def test_a_rule_of_the_database_that_was_loosened_is_named(
    apart: dict[str, str], empty_database: Database, statement: str, name: str, what: str
) -> None:
    assert found(apart, name).ok
    plant(empty_database, statement)

    finding = found(apart, name)

    assert not finding.ok
    assert what in finding.what


def test_of_many_wrongs_the_first_five_are_named() -> None:
    finding = doctor_catalogue._list("x", list("abcdefg"), "loose", "tighten them")

    assert finding.what == "7 loose: a, b, c, d, e and 2 more"


# What domains ask ----------------------------------------------------------------------------------------------------


def test_a_domains_findings_come_last(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    def examine(database: Database) -> Iterator[Finding]:
        with database.connect("app") as conn:
            [count] = conn.execute("SELECT 7").fetchone() or [0]
        yield Finding("trial.waiting", False, f"{count} wait", "look")

    monkeypatch.setattr(registry, "domain_items", lambda *_, **__: [Examination("trial", examine)])

    assert diagnose(environ).findings[-1] == Finding("trial.waiting", False, "7 wait", "look")


@pytest.mark.parametrize(
    "error", [errors.NotFound("gone, with 000123456789"), psycopg.OperationalError("gone, with 000123456789")]
)
def test_an_examination_that_fails_is_itself_a_finding(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def examine(database: Database) -> Iterator[Finding]:
        yield Finding("trial.first", True, "fine")
        raise error

    monkeypatch.setattr(registry, "domain_items", lambda *_, **__: [Examination("trial", examine)])

    first, failed = diagnose(environ).findings[-2:]
    assert first.ok
    assert (failed.name, failed.ok, failed.what) == ("trial", False, "could not be looked at: gone, with …6789")


# The command ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def command(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    for name in [name for name in os.environ if name.startswith("HEADGATE_")]:
        monkeypatch.delenv(name)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    app = typer.Typer()
    app.command()(doctor_commands.doctor)
    return app


def test_the_command_prints_one_document_and_exits_one_when_something_is_wrong(command: typer.Typer) -> None:
    done = CliRunner().invoke(command, ["--production", "--json"])

    document: dict[str, Any] = json.loads(done.stdout)
    assert (done.exit_code, document["ok"]) == (1, False)
    assert set(document["findings"][0]) == {"name", "ok", "what", "mend"}
    assert any(each["what"].startswith("HEADGATE_MASTER_KEY is missing") for each in document["findings"])


def test_the_command_tells_a_person_what_to_mend(command: typer.Typer, monkeypatch: pytest.MonkeyPatch) -> None:
    findings = (Finding("home", True, "/h"), Finding("disk", False, "0.1 GiB free", "free space"))
    monkeypatch.setattr(doctor_commands, "diagnose", lambda environ, production: doctor.Diagnosis(findings))
    wrong = CliRunner().invoke(command)
    monkeypatch.setattr(doctor_commands, "diagnose", lambda environ, production: doctor.Diagnosis(findings[:1]))
    well = CliRunner().invoke(command)

    assert (wrong.exit_code, wrong.stdout) == (
        1,
        "ok     home: /h\nWRONG  disk: 0.1 GiB free\n       mend: free space\n1 to mend\n",
    )
    assert (well.exit_code, well.stdout) == (0, "ok     home: /h\nall is well\n")
