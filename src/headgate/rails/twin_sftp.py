"""The bank twin's SFTP face: its folders, served on this machine to one user with one key.

    with Face(folder, port=2222) as face:
        print(face.port, face.username, face.host_key, face.login_key)

`FOLDER/served` is what the user sees; the keys are drawn once and kept in `FOLDER/keys`. Nobody gets a shell, a link or a way
out of the folder. `on_put` is called when a file has got its name, before the user hears so: a bank may take it away at once.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import asyncssh

from headgate.core.errors import Malformed

logging.getLogger("asyncssh").setLevel(logging.ERROR)
HOST: Final = "127.0.0.1"
USERNAME: Final = "headgate"


class Served(asyncssh.SFTPServer):
    """One session: files, folders and their names, and nothing that leads out of them."""

    def __init__(self, chan: asyncssh.SSHServerChannel[bytes], face: Face) -> None:
        super().__init__(chan, chroot=bytes(face.root))
        self.face = face

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        if self._there(newpath):
            raise asyncssh.SFTPFailure("a file of that name is there")
        await _done(super().rename(oldpath, newpath))
        self.face.put(newpath)

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        await _done(super().posix_rename(oldpath, newpath))
        self.face.put(newpath)

    def symlink(self, oldpath: bytes, newpath: bytes) -> None:
        raise asyncssh.SFTPOpUnsupported("this bank makes no links")

    def link(self, oldpath: bytes, newpath: bytes) -> None:
        raise asyncssh.SFTPOpUnsupported("this bank makes no links")

    def _there(self, path: bytes) -> bool:
        return Path(self.map_path(path).decode()).exists()


class Face:
    """An SFTP server in a thread of its own, from `__enter__` to `__exit__`."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        on_put: Callable[[str], None] | None = None,
        session: Callable[[asyncssh.SSHServerChannel[bytes], Face], asyncssh.SFTPServer] = Served,
        password: str | None = None,
    ) -> None:
        self.root = (folder / "served").resolve()
        self.username = USERNAME
        self.port = port
        self.login_key = folder / "keys" / "login_key"
        self._on_put, self._session, self._password = on_put, session, password
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._host = _key(folder / "keys" / "host_key")
        self._login = _key(self.login_key)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="bank twin sftp", daemon=True)
        self._server: asyncssh.SSHAcceptor | None = None

    @property
    def fingerprint(self) -> str:
        """The host key's, as `SHA256:…`."""
        return self._host.get_fingerprint("sha256")

    @property
    def host_key(self) -> str:
        """The host key whole, as a line of a .pub file."""
        return " ".join(self._host.export_public_key("openssh").decode().split()[:2])

    def put(self, path: bytes) -> None:
        """A file has got its name."""
        if self._on_put is not None:
            self._on_put(path.decode("utf-8", "replace").rpartition("/")[2])

    def __enter__(self) -> Face:
        self._thread.start()
        try:
            self._server = self._run(self._listen())
        except OSError as error:
            self.__exit__(None, None, None)
            raise Malformed(
                f"port {self.port} of {HOST} cannot be listened on: {error.strerror}; name another"
            ) from error
        self.port = self._server.get_port()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._run(self._ended(self._server))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, what: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(30)

    async def _listen(self) -> asyncssh.SSHAcceptor:
        def session(chan: asyncssh.SSHServerChannel[bytes]) -> asyncssh.SFTPServer:
            return self._session(chan, self)

        return await asyncssh.create_server(
            lambda: _Door(self._password),
            HOST,
            self.port,
            config=None,
            server_host_keys=[self._host],
            authorized_client_keys=asyncssh.import_authorized_keys(self._login.export_public_key("openssh").decode()),
            sftp_factory=session,
            agent_forwarding=False,
            gss_host=None,
            allow_pty=False,
        )

    async def _ended(self, server: asyncssh.SSHAcceptor) -> None:
        server.close()
        await server.wait_closed()
        # Whoever is still connected hears nothing more, as from a bank whose server stops.
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Door(asyncssh.SSHServer):
    """Lets one user in, by the key, or by the password where there is one."""

    def __init__(self, password: str | None) -> None:
        self._password = password

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return self._password is not None

    def validate_password(self, username: str, password: str) -> bool:
        return username == USERNAME and password == self._password


def _key(path: Path) -> asyncssh.SSHKey:
    """The private key that is kept there, drawn if there is none yet."""
    try:
        return asyncssh.read_private_key(path)
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = asyncssh.generate_private_key("ssh-ed25519", comment="headgate bank twin")
        path.touch(mode=0o600)
        path.write_bytes(key.export_private_key("openssh"))
        return key


async def _done(what: Any) -> None:
    """Whatever the library gives here: done, or to be awaited."""
    if asyncio.iscoroutine(what):
        await what
