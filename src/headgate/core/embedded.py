"""The embedded PostgreSQL: a real server from a wheel, started when needed, one a home.

```python
server = EmbeddedServer(Path("/var/lib/headgate"))
admin_url = server.up()        # starts it where it does not run; several processes may do so at once
server.url("app", "headgate")  # postgresql://headgate_app@/headgate?host=…
server.down()
```

It listens on a Unix socket only, in a folder that its account alone may enter, and trusts whoever comes in there. Every
start and stop holds a file lock. After `kill -9` of anything a start finds its way: see `embedded_process`.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from urllib.parse import quote

import psycopg
from psycopg import sql

from headgate.core import embedded_place, roles
from headgate.core.embedded_place import HomeUnusable, Place
from headgate.core.embedded_process import is_alive, postmaster, remove_stale_locks
from headgate.core.errors import ConfigError, Unavailable

ADMIN: Final = "headgate"
DATABASE: Final = "headgate"
LOCK_WAIT_SECONDS: Final = 180.0
ORPHANS_WAIT_SECONDS: Final = 15.0
START_WAIT_SECONDS: Final = 300.0
STOP_WAIT_SECONDS: Final = 30.0
LOG_BYTES_MAX: Final = 10_000_000
MEMORY_LIMITS: Final = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Where a container's limit stands."""

SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "jit": "off",  # no LLVM inside, and our queries are short
    # The first change of a page after a checkpoint writes it whole: a large book's keys lie all over their index.
    "checkpoint_timeout": "15min",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "cluster_name": "headgate",
    "log_line_prefix": "%m [%p] %u@%d ",
    # Statements and details of an error carry values: names and account numbers stay out of the log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


def _shared_buffers() -> str:
    """A sixteenth of the memory that this process may use, from 128 MB to 1 GB: the indexes of a large book stay in it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in MEMORY_LIMITS:
        with suppress(OSError, ValueError):
            memory = min(memory, int(Path(limit).read_text("ascii")))
    return f"{min(max(memory // 16 // 2**20, 128), 1024)}MB"


def _max_wal_size(data: Path) -> str:
    """A twentieth of the disk that is free, from 1 to 4 GB: how much is written until a checkpoint is due early."""
    return f"{min(max(shutil.disk_usage(data).free // 20 // 2**20, 1024), 4096)}MB"


class ServerNotStarted(Unavailable):
    """The embedded PostgreSQL did not start."""

    code = "core.server_not_started"


@dataclass(frozen=True, slots=True)
class Status:
    """What the embedded server is doing."""

    state: Literal["running", "starting", "stopped"]
    home: str
    pid: int | None = None
    version: str | None = None
    account: str | None = None
    data: str | None = None
    sockets: str | None = None
    log: str | None = None


class EmbeddedServer:
    """The server of one home. `binaries` names another PostgreSQL's programs; `settings` go over `SETTINGS`."""

    def __init__(self, home: Path, *, binaries: Path | None = None, settings: Mapping[str, str] | None = None) -> None:
        self.home = home
        self._binaries = binaries
        self._settings = {**SETTINGS, **(settings or {})}

    def up(self) -> str:
        """Start the server unless it runs, make its database, and give the administrator's URL.

        Raises HomeUnusable, ServerNotStarted.
        """
        with self._alone():
            place = embedded_place.make(self.home)
            found = postmaster(place.data)
            if found is None or not _wait_until_ready(place, found.pid):
                self._start(place)
            self._make_database()
        return self.url("admin", DATABASE)

    def down(self, *, wait_seconds: float = STOP_WAIT_SECONDS) -> bool:
        """Stop the server; says whether it ran. Sessions are ended; one that does not end in time is cut off, which
        the next start mends as it would a crash."""
        if not self.home.exists():
            return False
        with self._alone():
            place = embedded_place.find(self.home)
            if place is None or postmaster(place.data) is None:
                return False
            for signum in (signal.SIGINT, signal.SIGQUIT):  # fast, then immediate
                if _stop(place, signum, wait_seconds):
                    if place.sockets.parent != place.folder:
                        shutil.rmtree(place.sockets, ignore_errors=True)
                    return True
            raise Unavailable(f"PostgreSQL does not stop; see {place.log}")

    def status(self) -> Status:
        """What the server is doing; starts nothing."""
        place = embedded_place.find(self.home)
        if place is None:
            return Status("stopped", str(self.home))
        found = postmaster(place.data)
        return Status(
            state="stopped" if found is None else "running" if found.ready else "starting",
            home=str(self.home),
            pid=found.pid if found else None,
            version=_major(place.data),
            account=place.account.name,
            data=str(place.data),
            sockets=str(place.sockets),
            log=str(place.log),
        )

    def url(self, role: str, database: str = DATABASE) -> str:
        """The URL of a role, which may be short (`app`, `owner`) or whole (`headgate_app`); `admin` is the superuser.

        A role without login is entered by the administrator.
        """
        place = embedded_place.find(self.home)
        if place is None:
            raise Unavailable(f"no embedded server was ever started in {self.home}: run `headgate db up`")
        name = full_role_name(role)
        where = f"/{quote(database, safe='')}?host={quote(str(place.sockets), safe='/')}"
        if name is None:
            return f"postgresql://{ADMIN}@{where}"
        can_login, _ = roles.ROLES[name]
        if can_login:
            return f"postgresql://{name}@{where}"
        return f"postgresql://{ADMIN}@{where}&options={quote(f'-c role={name}', safe='')}"

    def tools(self) -> Path:
        """The folder of PostgreSQL's client programs, for this process to run."""
        return self._binaries or embedded_place.wheel_binaries()

    def _start(self, place: Place) -> None:
        remove_stale_locks(place.data, place.sockets)
        self._make_data(place)
        self._configure(place)
        self._keep_log_small(place)
        deadline = time.monotonic() + ORPHANS_WAIT_SECONDS
        while True:
            log_position = place.log.stat().st_size if place.log.exists() else 0
            if self._launch(place):
                return
            said = _tail(place.log, log_position)
            # After kill -9 the orphaned backends live until they notice. Never kill them, never touch their memory:
            # that memory is what keeps two servers from writing to one data directory.
            if "pre-existing shared memory block" not in said or time.monotonic() > deadline:
                raise ServerNotStarted(f"PostgreSQL did not start: {said}; see {place.log}", log=str(place.log))
            time.sleep(0.25)

    def _launch(self, place: Place) -> bool:
        """Start the postmaster, not as our child, and wait until it is ready; False where it ended instead.

        Not by `pg_ctl start`: that hands the paths to a shell, which a quote or a dollar sign in a home would break.
        """
        script = 'umask 077; log=$1; shift; "$@" </dev/null >>"$log" 2>&1 & echo $!'
        postgres = self._programs(place) / "postgres"
        launched = self._run(place, Path("/bin/sh"), "-c", script, "sh", place.log, postgres, "-D", place.data)
        return _wait_until_ready(place, int(launched.stdout))

    def _make_data(self, place: Place) -> None:
        for left in place.folder.glob("initdb-*"):
            shutil.rmtree(left, ignore_errors=True)
        if (place.data / "PG_VERSION").exists():
            return
        if place.data.exists():
            shutil.rmtree(place.data)
        # Made beside and renamed, so that a data directory is whole or not there.
        part = place.folder / f"initdb-{secrets.token_hex(4)}"
        command = ["-D", str(part), "-U", ADMIN, "--auth=trust", "--encoding=UTF8", *self._locale(place)]
        if self._settings.get("fsync") == "off":
            command.append("--no-sync")
        made = self._run(place, self._programs(place) / "initdb", *command)
        if made.returncode != 0:
            raise ServerNotStarted(f"initdb failed in {place.folder}: {_said(made)}")
        part.rename(place.data)

    def _locale(self, place: Place) -> list[str]:
        """Sorting by code point on every machine; the builtin provider came with 17."""
        if int(self._major_of_programs(place)) >= 17:
            return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        return ["--locale=C.UTF-8"]

    def _configure(self, place: Place) -> None:
        """Write our settings anew at each start: the home may have moved. `ALTER SYSTEM` goes over them."""
        programs, data = self._major_of_programs(place), _major(place.data)
        if programs != data:
            raise HomeUnusable(
                f"{place.data} holds data of PostgreSQL {data}, and this Headgate brings {programs}: "
                "make a backup with the Headgate that wrote them, and restore it into a new HEADGATE_HOME"
            )
        # The setting is a list, so each folder stands in double quotes.
        sockets = '"' + str(place.sockets).replace('"', '""') + '"'
        sized = {"shared_buffers": _shared_buffers(), "max_wal_size": _max_wal_size(place.data)}
        settings = {**sized, **self._settings, "unix_socket_directories": sockets}
        lines = [f"{name} = '{_quoted(value)}'\n" for name, value in settings.items()]
        _write(place, "headgate.conf", "# Written at each start; ALTER SYSTEM goes over it.\n" + "".join(lines))
        main = (place.data / "postgresql.conf").read_text("utf-8")
        if "include 'headgate.conf'" not in main:
            _write(place, "postgresql.conf", main + "\ninclude 'headgate.conf'\n")

    def _keep_log_small(self, place: Place) -> None:
        if place.log.exists() and place.log.stat().st_size > LOG_BYTES_MAX:
            place.log.replace(place.log.with_suffix(".log.1"))

    def _major_of_programs(self, place: Place) -> str:
        said = self._run(place, self._programs(place) / "postgres", "--version").stdout.split()
        if not said:
            raise ServerNotStarted(f"PostgreSQL's programs do not run from {self._programs(place)}")
        return said[2].partition(".")[0]

    def _make_database(self) -> None:
        try:
            with psycopg.connect(self.url("admin", "postgres"), autocommit=True, connect_timeout=30) as connection:
                if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).rowcount:
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        except psycopg.OperationalError as error:
            raise ServerNotStarted(f"PostgreSQL started, but does not answer: {error}") from error

    def _programs(self, place: Place) -> Path:
        return self._binaries or embedded_place.binaries(place)

    def _run(self, place: Place, program: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a program as the server's account, in a session of its own: Ctrl-C does not reach it."""
        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}
        try:
            return subprocess.run(  # noqa: S603 (our own programs, no shell in between)
                [program, *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                cwd=place.folder,
                env=environment,
                start_new_session=True,
                **place.account.options(),
            )
        except OSError as error:
            raise ServerNotStarted(f"{program} does not run: {error.strerror}") from error

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time starts or stops the server. The lock ends with the process that holds it."""
        try:
            embedded_place.make_home(self.home)
            lock = os.open(self.home / "embedded.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise HomeUnusable(
                f"{self.home} cannot be written: {error.strerror}; set HEADGATE_HOME to a folder of your own"
            ) from error
        try:
            deadline = time.monotonic() + LOCK_WAIT_SECONDS
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        message = f"another process has been starting or stopping the server in {self.home} for minutes"
                        raise Unavailable(message) from None
                    time.sleep(0.02)
            yield
        finally:
            os.close(lock)


def full_role_name(role: str) -> str | None:
    """`app` and `headgate_app` are headgate_app; `admin` and `superuser` are None, the administrator.

    Raises ConfigError.
    """
    if role in ("admin", "superuser"):
        return None
    name = role if role.startswith("headgate_") else f"headgate_{role}"
    if name not in roles.ROLES:
        known = ", ".join(["superuser", *(known.removeprefix("headgate_") for known in roles.ROLES)])
        raise ConfigError(f"there is no role {role}; choose one of {known}")
    return name


def _wait_until_ready(place: Place, pid: int) -> bool:
    """Wait while that postmaster lives; recovery after a crash may take its time. False where it ended instead."""
    deadline = time.monotonic() + START_WAIT_SECONDS
    while time.monotonic() < deadline:
        found = postmaster(place.data)
        if found is not None and found.ready:
            return True
        if found is None and not is_alive(pid):
            return False
        time.sleep(0.02)
    raise ServerNotStarted(f"PostgreSQL has been starting for {START_WAIT_SECONDS:.0f} s; see {place.log}")


def _stop(place: Place, signum: signal.Signals, wait_seconds: float) -> bool:
    """Ask the postmaster to stop and wait; says whether it is gone."""
    deadline = time.monotonic() + wait_seconds
    found = postmaster(place.data)
    if found is not None:
        with suppress(ProcessLookupError):  # it ended meanwhile
            os.kill(found.pid, signum)
    while postmaster(place.data) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _write(place: Place, name: str, text: str) -> None:
    """Replace a file of the data directory whole. Root writes into another account's folder, so no link is followed."""
    part = place.data / f"{name}.{secrets.token_hex(4)}"
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        if not place.account.is_self:
            os.fchown(handle, place.account.uid, place.account.gid)
    part.replace(place.data / name)


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")


def _major(data: Path) -> str | None:
    try:
        return (data / "PG_VERSION").read_text("ascii").strip()
    except FileNotFoundError:
        return None


def _said(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line.strip() for line in (done.stderr or done.stdout or "").splitlines() if line.strip()]
    return " · ".join(lines[-3:]) or f"exit {done.returncode}"


def _tail(log: Path, position: int) -> str:
    """The errors among what the server wrote since `position`, in one line."""
    try:
        with log.open("rb") as file:
            file.seek(position)
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    grave = [line for line in lines if any(word in line for word in ("FATAL:", "PANIC:", "HINT:"))]
    return " · ".join((grave or lines)[-3:])
