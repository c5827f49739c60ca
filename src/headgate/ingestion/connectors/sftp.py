"""Files of an SFTP server, whose host key is pinned: `_files` says which are taken, and when.

The login is by a private key or a password. With no host key configured every connection is refused, and the refusal shows
the server's. The address is judged as every outgoing call's is (core.egress).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field, StringConstraints

from headgate.core.places import Entry, PlaceRefused, Unseen
from headgate.ingestion.connectors import Batch, Connector, SourceRefused, SourceUnreachable, Visit
from headgate.ingestion.connectors._files import FileSettings, fetch_files

if TYPE_CHECKING:
    from headgate.core.sftp_inbox import SftpInbox

_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}\Z")


def _host(text: str) -> str:
    if not _HOST.match(text):
        raise ValueError("a name or an address, as sftp.bank.example, without user or path")
    return text


def _known(lines: list[str]) -> list[str]:
    from headgate.core import sftp_keys

    try:
        return sorted({sftp_keys.host_key(line) for line in lines})
    except sftp_keys.InvalidKey as error:
        raise ValueError(error.message) from error


class SftpSettings(FileSettings):
    """Which server, and which files there."""

    host: Annotated[str, AfterValidator(_host)]
    port: int = Field(default=22, ge=1, le=65535)
    username: str = Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$")
    host_keys: Annotated[
        list[Annotated[str, StringConstraints(max_length=4000)]], AfterValidator(_known), Field(max_length=20)
    ] = Field(default=[], description="Lines of known_hosts, or fingerprints SHA256:…")
    timeout_seconds: int = Field(default=30, ge=1, le=600)


def place(settings: SftpSettings) -> str:
    """The folder at the server."""
    return f"sftp://{settings.username}@{settings.host}:{settings.port}/{settings.folder}"


def secret_kept(login: str, secret: str) -> str:
    """A private key in OpenSSH's form, or a password as it is. Raises ValueError."""
    from headgate.core import sftp_keys

    if login != "key":
        return secret
    try:
        return sftp_keys.private_key(secret)
    except sftp_keys.InvalidKey as error:
        raise ValueError(error.message) from error


def check(settings: SftpSettings, *_: object) -> None:
    """Refuse folders that lead elsewhere."""
    if ".." in settings.folder.split("/") or "/" in settings.moved_to or settings.moved_to in (".", ".."):
        raise ValueError("folder has no '..', and moved_to is one folder in it")


def fetch(visit: Visit) -> Iterator[Batch]:
    """The files of the folder, over one connection."""
    from headgate.core.sftp_inbox import SftpInbox
    from headgate.core.sftp_place import Server

    settings: SftpSettings = visit.settings
    server = Server(
        host=settings.host,
        port=settings.port,
        username=settings.username,
        host_keys=tuple(settings.host_keys),
        login="key" if visit.login == "key" else "password",
        secret=visit.secret or "",
        timeout_seconds=settings.timeout_seconds,
    )
    try:
        with closing(SftpInbox(server, visit.config)) as inbox:
            yield from fetch_files(visit, _Folder(inbox, settings.folder or "."))
    except PlaceRefused as error:
        raise SourceRefused(str(error)) from error
    except Unseen as error:
        raise SourceUnreachable(str(error)) from error


class _Folder:
    """A folder at the server."""

    is_our_clock = False

    def __init__(self, inbox: SftpInbox, folder: str) -> None:
        self._inbox, self._folder = inbox, folder

    def entries(self) -> list[Entry]:
        return self._inbox.has_files(self._folder)

    def entry(self, name: str) -> Entry | None:
        return self._inbox.entry(self._folder, name)

    def read_from(self, name: str, offset: int, bytes_max: int) -> bytes:
        return self._inbox.read_from(self._folder, name, offset, bytes_max)

    def put_away(self, name: str, moved_to: str | None, to_name: str) -> bool:
        to = self._folder if moved_to is None else f"{self._folder.rstrip('/')}/{moved_to}"
        if self._inbox.entry(to, to_name) is not None:
            return False
        return self._inbox.move(self._folder, name, to, to_name)


CONNECTOR = Connector(
    title="Files of an SFTP server",
    settings=SftpSettings,
    place=place,
    fetch=fetch,
    logins=("key", "password"),
    check=check,
    secret_kept=secret_kept,
)
