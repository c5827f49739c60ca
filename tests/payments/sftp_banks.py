"""Banks with an SFTP server: one in this process whose acts a test names, and the real OpenSSH."""

from __future__ import annotations

import asyncio
import getpass
import ipaddress
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import asyncssh
import pytest

from headgate.core.config import Config
from headgate.core.db import Database
from headgate.core.sftp_place import Server, SftpPlace
from headgate.rails.twin_sftp import Face, Served

NEAR = (ipaddress.ip_network("127.0.0.0/8"),)
PASSWORD = "a password of the bank's"
SSHD = "/usr/sbin/sshd"


@dataclass
class Acts:
    """What the bank does in its own way; `lost` names the step at which it lets the connection go."""

    takes: Callable[[Path, str], None] | None = None
    keeps_bytes: int | None = None
    lost: Literal["before the rename", "after the rename", "while writing"] | None = None
    slow_seconds: float = 0
    slow_at: Literal["stat", "write", "close"] = "stat"
    has_posix_rename: bool = True
    received: list[tuple[str, bytes]] = field(default_factory=list)
    sessions: int = 0


class SftpBank(Face):
    """The twin's SFTP face, with acts."""

    def __init__(self, folder: Path) -> None:
        self.acts = Acts()
        super().__init__(folder, session=_Session, password=PASSWORD)
        for name in ("archive", "acknowledgements", "inbound"):
            (self.root / name).mkdir()

    def server(self, **other: Any) -> Server:
        """How one gets in, with other terms."""
        terms: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": self.port,
            "username": self.username,
            "host_keys": (self.fingerprint,),
            "login": "key",
            "secret": self.login_key.read_text(),
            "timeout_seconds": 10,
        }
        return Server(**{**terms, **other})


class _Session(Served):
    face: SftpBank

    def __init__(self, chan: Any, face: Any) -> None:
        super().__init__(chan, face)
        self.face.acts.sessions += 1

    async def stat(self, path: bytes) -> Any:
        await self.wait("stat")
        return super().stat(path)

    async def close(self, file_obj: Any) -> None:
        await self.wait("close")
        super().close(file_obj)

    async def wait(self, at: str) -> None:
        acts = self.face.acts
        await asyncio.sleep(acts.slow_seconds if acts.slow_at == at else 0)

    async def write(self, file_obj: Any, offset: int, data: bytes) -> Any:
        await self.wait("write")
        keeps = self.face.acts.keeps_bytes
        if self.face.acts.lost == "while writing":
            super().write(file_obj, offset, data[: len(data) // 2])
            self.lose()
        if keeps is None:
            return super().write(file_obj, offset, data)
        super().write(file_obj, offset, data[: max(0, keeps - offset)])
        return len(data)

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        acts = self.face.acts
        if not acts.has_posix_rename:
            raise asyncssh.SFTPOpUnsupported("no such extension")
        if acts.lost == "before the rename":
            self.lose()
        await super().posix_rename(oldpath, newpath)
        path = Path(self.map_path(newpath).decode())
        acts.received.append((path.name, path.read_bytes()))
        if acts.takes is not None:
            acts.takes(path.parent, path.name)
        if acts.lost == "after the rename":
            self.lose()

    def lose(self) -> None:
        self.connection.abort()
        raise asyncssh.SFTPConnectionLost("gone")


@pytest.fixture
def sftp_bank(tmp_path: Path) -> Iterator[SftpBank]:
    """A bank's server in this process."""
    with SftpBank(tmp_path / "bank") as bank:
        yield bank


@pytest.fixture(scope="module")
def near(database: Database) -> Iterator[Database]:
    """The database of an installation that may call 127.0.0.1."""
    with Database(database.url, config=replace(database.config, egress_allow=NEAR), pool_max=12) as opened:
        yield opened


def place_at(server: Server, home: Path) -> SftpPlace:
    """The place that a server is, for an installation that may call 127.0.0.1."""
    return SftpPlace(server, Config(home=home, egress_allow=NEAR))


@contextmanager
def openssh(folder: Path) -> Iterator[Server]:
    """The real sshd, for whoever runs the tests; what it serves is `folder / "served"`."""
    served = folder / "served"
    served.mkdir(parents=True)
    for name in ("host_key", "login_key"):
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(folder / name)
        key.write_public_key(folder / f"{name}.pub")
        (folder / name).chmod(0o600)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    lines = [
        f"ListenAddress 127.0.0.1:{port}", f"HostKey {folder}/host_key", f"AuthorizedKeysFile {folder}/login_key.pub",
        "Subsystem sftp internal-sftp", "ForceCommand internal-sftp", "UsePAM no", "StrictModes no", "PidFile none",
        "PasswordAuthentication no", "KbdInteractiveAuthentication no", "PermitRootLogin yes", "LogLevel ERROR",
    ]  # fmt: skip
    (folder / "sshd_config").write_text("\n".join(lines) + "\n")
    with subprocess.Popen(
        [SSHD, "-D", "-e", "-f", str(folder / "sshd_config")], stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            _listening(port, process)
            yield Server(
                host="127.0.0.1",
                port=port,
                username=getpass.getuser(),
                host_keys=(" ".join((folder / "host_key.pub").read_text().split()[:2]),),
                login="key",
                secret=(folder / "login_key").read_text(),
                root=str(served),
                timeout_seconds=10,
            )
        finally:
            process.terminate()
            process.wait(10)


def _listening(port: int, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if process.poll() is not None:
            assert process.stderr is not None
            pytest.fail(f"sshd ended: {process.stderr.read()}")
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("sshd does not listen")
