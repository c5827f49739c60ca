import threading
from pathlib import Path

import psycopg
import pytest

from headgate.core import migrations
from headgate.core.embedded import EmbeddedServer
from headgate.core.errors import DatabaseNewer, MigrationChanged, Unavailable

pytestmark = pytest.mark.slow


@pytest.fixture
def url(server: EmbeddedServer, request: pytest.FixtureRequest) -> str:
    """The administrator's URL of a new, empty database."""
    name = f"empty_{abs(hash(request.node.nodeid)) % 10**9}"
    with psycopg.connect(server.url("admin", "postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        yield server.url("admin", name)
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree of migrations of the test's own: one numbered, one repeatable."""
    folder = tmp_path / "_migrations"
    folder.mkdir()
    (folder / "0001_core_first.sql").write_text("CREATE SCHEMA core; CREATE TABLE core.things (x int);")
    (tmp_path / "core" / "sql").mkdir(parents=True)
    (tmp_path / "core" / "sql" / "views.sql").write_text(
        "CREATE OR REPLACE VIEW core.seen AS SELECT x FROM core.things;"
    )
    monkeypatch.setattr(migrations, "_PACKAGE", tmp_path)
    return tmp_path


def test_a_run_applies_what_is_pending_once(url: str, tree: Path) -> None:
    told: list[str] = []

    assert migrations.migrate(url, tell=told.append).applied == ("0001_core_first.sql", "core/views.sql")
    assert told == ["0001_core_first.sql", "core/views.sql"]
    assert migrations.migrate(url).applied == ()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'things'").fetchone() == (
            "headgate_owner",
        )


def test_a_dry_run_leaves_nothing(url: str, tree: Path) -> None:
    report = migrations.migrate(url, dry_run=True)

    assert report == migrations.Report(("0001_core_first.sql", "core/views.sql"), dry_run=True)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT to_regnamespace('core')").fetchone() == (None,)


def test_repeatable_sql_runs_again_when_it_changes(url: str, tree: Path) -> None:
    migrations.migrate(url)
    (tree / "core" / "sql" / "views.sql").write_text(
        "CREATE OR REPLACE VIEW core.seen AS SELECT x FROM core.things WHERE x > 1;"
    )

    assert migrations.migrate(url).applied == ("core/views.sql",)


def test_an_edited_migration_is_refused(url: str, tree: Path) -> None:
    migrations.migrate(url)
    (tree / "_migrations" / "0001_core_first.sql").write_text("CREATE SCHEMA core;")

    with pytest.raises(MigrationChanged, match=r"0001_core_first\.sql was applied and has since been edited"):
        migrations.migrate(url)


def test_a_newer_database_is_refused(url: str, tree: Path) -> None:
    (tree / "_migrations" / "0002_core_second.sql").write_text("SELECT 1;")
    migrations.migrate(url)
    (tree / "_migrations" / "0002_core_second.sql").unlink()

    with pytest.raises(DatabaseNewer, match=r"0002_core_second\.sql, which this Headgate does not know"):
        migrations.migrate(url)


def test_a_failing_migration_leaves_nothing_of_itself(url: str, tree: Path) -> None:
    (tree / "_migrations" / "0002_core_second.sql").write_text("CREATE TABLE core.half (x int); SELECT 1 / 0;")

    with pytest.raises(psycopg.errors.DivisionByZero):
        migrations.migrate(url)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT to_regclass('core.half')").fetchone() == (None,)
        assert [script.name for script in migrations.pending(connection)] == ["0002_core_second.sql", "core/views.sql"]


def test_two_runners_apply_everything_once(url: str, tree: Path) -> None:
    reports: list[migrations.Report] = []
    runners = [threading.Thread(target=lambda: reports.append(migrations.migrate(url))) for _ in range(4)]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join()

    assert sorted(len(report.applied) for report in reports) == [0, 0, 0, 2]


def test_a_lock_that_stays_taken_ends_the_run_by_name(url: str, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    migrations.migrate(url)
    (tree / "_migrations" / "0002_core_second.sql").write_text("ALTER TABLE core.things ADD y int;")
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT", "50ms")
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT_TRIES", 2)
    monkeypatch.setattr(migrations, "PAUSE_SECONDS", 0.01)

    with psycopg.connect(url) as busy:
        busy.execute("SELECT * FROM core.things")
        with pytest.raises(Unavailable, match=r"0002_core_second\.sql waited for a lock 2 times"):
            migrations.migrate(url)
    assert migrations.migrate(url).applied == ("0002_core_second.sql",)


def test_a_second_runner_waits_then_says_who_is_in_the_way(
    url: str, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "WAIT_SECONDS", 0.2)

    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [migrations.ADVISORY_LOCK])
        with pytest.raises(Unavailable, match="another migration has been running"):
            migrations.migrate(url)
