"""An SFTP server as a place: one connection, made when it is first needed and not made again once it was lost.

The server is known by its host keys, which are configured: a key that is not among them is refused before anything is
said to it, and the refusal shows the key's fingerprint. The address is judged as every outgoing call's is (core.egress).
Every step has a time limit; where it passes, the connection is closed, since nobody knows what became of the step.

A file gets its name by posix-rename: the temporary is gone in the same instant, which `rails.handover` counts on. A plain
rename, which some servers do in two steps, serves only where there is no other. Neither goes over a file that is there.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import stat
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeVar

import asyncssh

from headgate.core import egress, log, sftp_keys
from headgate.core.config import Config
from headgate.core.places import Entry, PlaceRefused, Unseen
from headgate.core.sftp_loop import CLOSING_SECONDS, Loop

BYTES_PER_SECOND_MIN: Final = 64 * 1024
"""A transfer that is slower than this on the whole is given up."""
ENTRIES_MAX: Final = 100_000
"""Of a folder; a server that lists more is given up."""

_T = TypeVar("_T")
_LOG = log.get(__name__)
# It tells of each connection whom it is with; what goes wrong is raised, and told by who catches it.
logging.getLogger("asyncssh").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class Server:
    """An SFTP server and the login there. `secret` is the private key in OpenSSH's form, or the password."""

    host: str
    port: int
    username: str
    host_keys: tuple[str, ...]
    login: Literal["key", "password"]
    secret: str = field(repr=False)
    root: str = ""
    timeout_seconds: int = 30


class SftpPlace:
    """Folders of an SFTP server; `close` it.

    Other than in a folder of this machine, nothing is absent from a folder that is not there: a login that arrives somewhere
    else than it did would prove every file absent.
    """

    def __init__(self, server: Server, config: Config) -> None:
        self._server = server
        self._egress = egress.Client.from_config(config, timeout_seconds=server.timeout_seconds)
        self._loop: Loop | None = None
        self._connection: asyncssh.SSHClientConnection | None = None
        self._sftp: asyncssh.SFTPClient | None = None
        self._lost: Unseen | None = None
        self.host_key = ""
        """The key that the server showed, as `ssh-ed25519 SHA256:…`; empty before it did."""

    def look(self, folder: str, name: str, content: bytes) -> Literal["ours", "others", "nothing"]:
        async def look(sftp: asyncssh.SFTPClient) -> Literal["ours", "others", "nothing"]:
            path = self._path(folder, name)
            try:
                size = (await sftp.stat(path)).size
                if size is not None and size != len(content):
                    return "others"
                found = await _read(sftp, path, len(content) + 1)
            except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
                await self._require(sftp, folder)
                return "nothing"
            return "ours" if hashlib.sha256(found).digest() == hashlib.sha256(content).digest() else "others"

        return self._do(f"{folder}/{name}", look, size_bytes=len(content))

    def has(self, folder: str, name: str) -> bool:
        async def has(sftp: asyncssh.SFTPClient) -> bool:
            is_there = await _is_there(sftp, self._path(folder, name))
            if not is_there:
                await self._require(sftp, folder)
            return is_there

        return self._do(f"{folder}/{name}", has)

    def put(self, folder: str, temporary: str, name: str, content: bytes, before_rename: Callable[[], None]) -> None:
        partial, target = self._path(folder, temporary), self._path(folder, name)
        at = f"{folder}/{name}"

        async def write(sftp: asyncssh.SFTPClient) -> None:
            async with sftp.open(partial, "wb") as stream:
                await stream.write(content)
                with suppress(asyncssh.SFTPOpUnsupported):
                    await stream.fsync()
            size = (await sftp.stat(partial)).size
            if size is not None and size != len(content):
                raise Unseen(f"{at}: the server has {size} of {len(content)} bytes")

        async def rename(sftp: asyncssh.SFTPClient) -> None:
            if await _is_there(sftp, target):
                raise Unseen(f"{at}: something lies there already")
            try:
                await sftp.posix_rename(partial, target)
            except asyncssh.SFTPOpUnsupported:
                await sftp.rename(partial, target)

        self._do(at, write, size_bytes=len(content))
        before_rename()
        self._do(at, rename)

    def remove(self, folder: str, name: str) -> bool:
        async def remove(sftp: asyncssh.SFTPClient) -> bool:
            try:
                await sftp.remove(self._path(folder, name))
            except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
                return False
            return True

        return self._do(f"{folder}/{name}", remove)

    def names(self, folder: str) -> list[str]:
        return [entry.name for entry in self.entries(folder)]

    def entries(self, folder: str) -> list[Entry]:
        async def entries(sftp: asyncssh.SFTPClient) -> list[Entry]:
            found: list[Entry] = []
            try:
                async for one in sftp.scandir(self._path(folder)):
                    entry = _entry(one)
                    if entry is not None:
                        found.append(entry)
                    if len(found) > ENTRIES_MAX:
                        raise Unseen(f"{folder}: it holds more than {ENTRIES_MAX:,} files")
            except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
                return []
            return sorted(found, key=lambda entry: entry.name)

        return self._do(folder, entries)

    def read(self, folder: str, name: str, bytes_max: int) -> bytes:
        return self._do(
            f"{folder}/{name}",
            lambda sftp: _read(sftp, self._path(folder, name), bytes_max),
            size_bytes=bytes_max,
        )

    def has_folder(self, folder: str) -> bool:
        """Whether there is such a folder. Raises Unseen."""
        return self._do(folder, lambda sftp: sftp.isdir(self._path(folder)))

    async def _require(self, sftp: asyncssh.SFTPClient, folder: str) -> None:
        if not await sftp.isdir(self._path(folder)):
            raise Unseen(f"{folder}: there is no such folder, or this login may not see it")

    @property
    def refusal(self) -> PlaceRefused | None:
        """Why the server, or our own rules, kept us out so that only a person can mend it; None where neither did."""
        return self._lost if isinstance(self._lost, PlaceRefused) else None

    def close(self) -> None:
        """Let the connection go. What is asked of the place afterwards is Unseen."""
        self._lost = self._lost or Unseen("the place was closed")
        loop, self._loop = self._loop, None
        connection, self._connection, self._sftp = self._connection, None, None
        if loop is None:
            return
        try:
            if connection is not None:
                loop.run(_closed(connection), 2 * CLOSING_SECONDS, connection.abort)
        except TimeoutError:
            _LOG.warning("an SFTP server did not let go", extra={"host": self._server.host})
        finally:
            loop.close()

    def __enter__(self) -> SftpPlace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _do(
        self, what: str, step: Callable[[asyncssh.SFTPClient], Coroutine[Any, Any, _T]], *, size_bytes: int = 0
    ) -> _T:
        """One step at the server, within its time. Raises Unseen; a connection that was lost stays lost."""
        sftp = self._connected()
        assert self._loop is not None and self._connection is not None, "it is connected"
        seconds = self._server.timeout_seconds + size_bytes / BYTES_PER_SECOND_MIN
        try:
            return self._loop.run(step(sftp), seconds, self._connection.abort)
        except TimeoutError as error:
            raise self._lose(Unseen(f"{what}: no answer within {seconds:.0f} s")) from error
        except (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.DisconnectError, OSError) as error:
            raise self._lose(Unseen(f"{what}: the connection was lost")) from error
        except asyncssh.Error as error:
            raise Unseen(f"{what}: {_said(error)}") from error
        except UnicodeError as error:
            raise Unseen(f"{what}: a name that is no text") from error

    def _connected(self) -> asyncssh.SFTPClient:
        if self._lost is not None:
            raise type(self._lost)(str(self._lost)) from self._lost
        if self._sftp is None:
            server = self._server
            at = f"{server.host} port {server.port}"
            try:
                sock = self._egress.connect(server.host, server.port)
            except egress.EgressRefused as error:
                raise self._lose(PlaceRefused(error.message)) from error
            except egress.EgressFailed as error:
                raise self._lose(Unseen(error.message)) from error
            seen = _Client(server.host_keys)
            self._loop = Loop()
            try:
                connection = self._loop.run(self._log_in(sock, seen), server.timeout_seconds, sock.close)
                self._connection = connection
                self._sftp = self._loop.run(_session(connection), server.timeout_seconds, connection.abort)
            except TimeoutError as error:
                raise self._lose(Unseen(f"{at} did not answer within {server.timeout_seconds} s")) from error
            except asyncssh.HostKeyNotVerifiable as error:
                raise self._lose(PlaceRefused(_strange(server, seen))) from error
            except asyncssh.PermissionDenied as error:
                raise self._lose(
                    PlaceRefused(f"{at} does not let {server.username} in with this {server.login}")
                ) from error
            except (asyncssh.Error, OSError) as error:
                raise self._lose(Unseen(f"{at}: {_said(error)}")) from error
            finally:
                self.host_key = seen.shown
                if self._connection is None:
                    sock.close()
        return self._sftp

    async def _log_in(self, sock: Any, seen: _Client) -> asyncssh.SSHClientConnection:
        server = self._server
        by_key = server.login == "key"
        connection, _ = await asyncssh.create_connection(
            lambda: seen,
            server.host,
            server.port,
            sock=sock,
            config=None,
            known_hosts=([], [], []),
            server_host_key_algs=sftp_keys.preferred(server.host_keys),
            username=server.username,
            client_keys=[asyncssh.import_private_key(server.secret)] if by_key else None,
            password=None if by_key else server.secret,
            agent_path=None,
            public_key_auth=by_key,
            password_auth=not by_key,
            kbdint_auth=not by_key,
            host_based_auth=False,
            gss_auth=False,
            gss_kex=False,
            x509_trusted_certs=None,
        )
        return connection

    def _lose(self, why: Unseen) -> Unseen:
        """Never speak to the server again, and say why: whatever is asked from now on gets the same answer."""
        self._lost = why
        if self._connection is not None and self._loop is not None:
            self._loop.call(self._connection.abort)
        return why

    def _path(self, folder: str, name: str = "") -> str:
        """Where it lies at the server. A folder that begins with / is the server's own, unless a root is set."""
        parts = [self._server.root.rstrip("/") or "/", folder.strip("/")] if self._server.root else [folder]
        path = "/".join(part.rstrip("/") for part in parts if part not in ("", ".")) or (
            "/" if self._server.root else "."
        )
        return f"{path.rstrip('/')}/{name}" if name else path


class _Client(asyncssh.SSHClient):
    """Trusts the keys that are configured, and remembers which one it was shown."""

    def __init__(self, host_keys: tuple[str, ...]) -> None:
        self._host_keys = host_keys
        self.shown = ""

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        fingerprint = key.get_fingerprint("sha256")
        self.shown = f"{key.get_algorithm()} {fingerprint}"
        return bool({fingerprint, sftp_keys.line(key)} & set(self._host_keys))


async def _session(connection: asyncssh.SSHClientConnection) -> asyncssh.SFTPClient:
    return await connection.start_sftp_client(path_errors="surrogateescape")


async def _is_there(sftp: asyncssh.SFTPClient, path: str) -> bool:
    try:
        await sftp.lstat(path)
    except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
        return False
    return True


async def _read(sftp: asyncssh.SFTPClient, path: str, bytes_max: int) -> bytes:
    async with sftp.open(path, "rb") as stream:
        found: bytes = await stream.read(bytes_max)
    return found


async def _closed(connection: asyncssh.SSHClientConnection) -> None:
    connection.close()
    with suppress(TimeoutError, asyncssh.Error, OSError):
        await asyncio.wait_for(connection.wait_closed(), CLOSING_SECONDS)


def _entry(one: asyncssh.SFTPName) -> Entry | None:
    """A file that a folder lists; None for what is none, or has a name that cannot be written down."""
    name = one.filename if isinstance(one.filename, str) else one.filename.decode("utf-8", "surrogateescape")
    attrs = one.attrs
    kind = stat.S_IFMT(attrs.permissions) if attrs.permissions is not None else stat.S_IFREG
    if name in (".", "..") or "/" in name or kind not in (0, stat.S_IFREG):
        return None
    if not name.isprintable():
        _LOG.warning(
            "a file at an SFTP server has a name that cannot be written down", extra={"shown": ascii(name)[:80]}
        )
        return None
    modified = None if attrs.mtime is None else datetime.fromtimestamp(attrs.mtime, UTC)
    return Entry(name, attrs.size or 0, modified)


def _strange(server: Server, seen: _Client) -> str:
    known = "it is none of those configured" if server.host_keys else "none is configured yet"
    return (
        f"{server.host} port {server.port} shows the host key {seen.shown}, and {known}; nothing was sent. "
        "Ask whoever runs it for its fingerprint by another way, and set the place with it"
    )


def _said(error: BaseException) -> str:
    said = error.strerror if isinstance(error, OSError) else getattr(error, "reason", "")
    return (said or type(error).__name__)[:200]
