"""Is a postmaster alive? What `postmaster.pid` says, and whether to believe it after a `kill -9`.

PostgreSQL trusts a pid that exists. In a container whose first process reaps nobody, a killed postmaster stays a
zombie, and its pid exists for ever; elsewhere the pid may by now be another program's. Both would keep the server from
starting.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PID_LINE, _STATUS_LINE = 0, 7
_SOCKET_LOCK: Final = ".s.PGSQL.5432.lock"


@dataclass(frozen=True, slots=True)
class Postmaster:
    """A living server process; `ready` once it takes connections."""

    pid: int
    ready: bool


def postmaster(data: Path) -> Postmaster | None:
    """The living postmaster of a data directory, or None."""
    lines = _lines(data / "postmaster.pid")
    pid = _pid(lines)
    if pid is None or not is_postmaster(pid, data):
        return None
    ready = len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == "ready"
    return Postmaster(pid, ready)


def is_postmaster(pid: int, data: Path) -> bool:
    """Whether that process lives and serves that data directory: neither a zombie nor another program."""
    if _has_proc():
        return _is_postmaster_by_proc(pid, data)
    state, command = _ps(pid)
    return _lives(state) and "postgres" in command and os.fspath(data) in command


def is_alive(pid: int) -> bool:
    """Whether that process lives; a zombie does not."""
    return _lives(_proc(pid)[0] if _has_proc() else _ps(pid)[0])


def remove_stale_locks(data: Path, sockets: Path) -> None:
    """Remove the lock files that a dead postmaster left. PostgreSQL's own guard, its shared memory, stays in force."""
    for lock in (data / "postmaster.pid", sockets / _SOCKET_LOCK):
        pid = _pid(_lines(lock))
        if pid is None or not is_postmaster(pid, data):
            lock.unlink(missing_ok=True)


def _is_postmaster_by_proc(pid: int, data: Path) -> bool:
    state, name = _proc(pid)
    if not _lives(state) or not name.startswith("postgres"):
        return False
    try:
        # A postmaster works in its data directory: this tells it from another installation's with a recycled pid.
        return Path(f"/proc/{pid}/cwd").readlink() == data.resolve()
    except PermissionError:
        return True  # A postgres of another account: the lock is respected, and PostgreSQL says whose it is.
    except OSError:
        return False  # it ended meanwhile


def _lives(state: str) -> bool:
    return state != "" and state[0] not in "ZX"


def _has_proc() -> bool:
    return Path("/proc/self/stat").exists()


def _proc(pid: int) -> tuple[str, str]:
    """State and name of a process, ('', '') where there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return "", ""
    return stat[stat.rindex(")") + 2], stat[stat.index("(") + 1 : stat.rindex(")")]


def _ps(pid: int) -> tuple[str, str]:
    """State and command of a process where there is no /proc (macOS), ('', '') where there is none."""
    command = ["ps", "-ww", "-p", str(pid), "-o", "stat=,command="]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603
    state, _, words = listed.partition(" ")
    return state, words


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return []


def _pid(lines: list[str]) -> int | None:
    try:
        pid = int(lines[_PID_LINE])
    except (IndexError, ValueError):
        return None
    return pid if pid > 0 else None
