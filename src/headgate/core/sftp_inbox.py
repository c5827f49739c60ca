"""An SFTP server's folder that files are taken from: read in parts, and put away by a rename."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import asyncssh

from headgate.core.places import Entry
from headgate.core.sftp_place import SftpPlace


class SftpInbox(SftpPlace):
    """A place from which files are taken. Raises Unseen where it cannot be looked at, PlaceRefused where it never will."""

    def has_files(self, folder: str) -> list[Entry]:
        """The files of a folder. A folder that is not there is Unseen: it may be the login that sees another one."""

        async def require(sftp: asyncssh.SFTPClient) -> None:
            await self._require(sftp, folder)

        self._do(folder, require)
        return self.entries(folder)

    def entry(self, folder: str, name: str) -> Entry | None:
        """A file as it is now; None where it is gone, or is no plain file."""

        async def entry(sftp: asyncssh.SFTPClient) -> Entry | None:
            try:
                found = await sftp.lstat(self._path(folder, name))
            except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
                return None
            if found.type not in (asyncssh.FILEXFER_TYPE_REGULAR, asyncssh.FILEXFER_TYPE_UNKNOWN):
                return None
            modified = None if found.mtime is None else datetime.fromtimestamp(found.mtime, UTC)
            return Entry(name, found.size or 0, modified)

        return self._do(f"{folder}/{name}", entry)

    def read_from(self, folder: str, name: str, offset: int, bytes_max: int) -> bytes:
        """Its bytes from an offset on; none where it ends before, or is gone."""

        async def read(sftp: asyncssh.SFTPClient) -> bytes:
            try:
                async with sftp.open(self._path(folder, name), "rb") as stream:
                    found: bytes = await stream.read(bytes_max, offset)
            except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
                return b""
            return found

        return self._do(f"{folder}/{name}", read, size_bytes=bytes_max)

    def move(self, folder: str, name: str, to_folder: str, to_name: str) -> bool:
        """Give it another name; False where it is gone, or something has that name: another may be moving it just now.

        The folder is made where there is none.
        """

        async def move(sftp: asyncssh.SFTPClient) -> bool:
            if to_folder != folder and not await sftp.isdir(self._path(to_folder)):
                with suppress(asyncssh.SFTPFailure, asyncssh.SFTPFileAlreadyExists):
                    await sftp.mkdir(self._path(to_folder))
            source, target = self._path(folder, name), self._path(to_folder, to_name)
            if await sftp.exists(target):
                return False
            try:
                # A plain rename goes over nothing; the extended one would.
                await sftp.rename(source, target)
            except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
                return False
            except asyncssh.SFTPFailure:
                if await sftp.exists(target) or not await sftp.exists(source):
                    return False
                raise
            return True

        return self._do(f"{folder}/{name}", move)
