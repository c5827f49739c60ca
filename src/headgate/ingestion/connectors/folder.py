"""A folder of this machine into which another program puts files: `_files` says which are taken, and when.

It lies in the tenant's own part of the installation's data, `HEADGATE_HOME/inbox/TENANT/`, so that no tenant can name a file
of the machine or of another. Whoever may write there can make links; none is followed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Final

from headgate.core.places import Entry
from headgate.ingestion.connectors import Batch, Connector, SourceUnreachable, Visit
from headgate.ingestion.connectors._files import FileSettings, fetch_files

FOLDER: Final = "inbox"


class FolderSettings(FileSettings):
    """Which folder, and which files in it."""


def place(settings: FolderSettings) -> str:
    """The folder in the tenant's own."""
    return f"folder:{settings.folder}"


def check(settings: FolderSettings, *_: object) -> None:
    """Refuse folders that lead elsewhere."""
    parts = settings.folder.split("/") if settings.folder else []
    if any(part in ("", ".", "..") for part in parts) or "\\" in settings.folder:
        raise ValueError("folder is a path inside the tenant's inbox, as amegy/statements, without '..'")
    if "/" in settings.moved_to or settings.moved_to in (".", ".."):
        raise ValueError("moved_to is one folder in the folder")


def fetch(visit: Visit) -> Iterator[Batch]:
    """The files of the folder, which is made where there is none."""
    settings: FolderSettings = visit.settings
    path = visit.config.home / FOLDER / str(visit.tenant_id) / settings.folder
    with _of_system(settings.folder):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield from fetch_files(visit, _Folder(handle, settings.folder))
    finally:
        os.close(handle)


class _Folder:
    """An open folder: names in it are looked up there, whatever becomes of its own name."""

    is_our_clock = True

    def __init__(self, handle: int, shown: str) -> None:
        self._handle, self._shown = handle, shown

    def entries(self) -> list[Entry]:
        with _of_system(self._shown):
            names = os.listdir(self._handle)  # noqa: PTH208 - of the open folder, whatever its name leads to now
        found = [self.entry(name) for name in sorted(names) if name.isprintable()]
        return [entry for entry in found if entry is not None]

    def entry(self, name: str) -> Entry | None:
        with _of_system(f"{self._shown}/{name}"):
            try:
                seen = os.lstat(name, dir_fd=self._handle)
            except FileNotFoundError:
                return None
        if not stat.S_ISREG(seen.st_mode):
            return None
        return Entry(name, seen.st_size, datetime.fromtimestamp(seen.st_mtime_ns / 1e9, UTC))

    def read_from(self, name: str, offset: int, bytes_max: int) -> bytes:
        with _of_system(f"{self._shown}/{name}"):
            # Without O_NONBLOCK a pipe put in its place would hold us for ever.
            try:
                opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=self._handle)
            except FileNotFoundError:
                return b""
            with os.fdopen(opened, "rb") as stream:
                if not stat.S_ISREG(os.fstat(opened).st_mode):
                    return b""
                stream.seek(offset)
                return stream.read(bytes_max)

    def put_away(self, name: str, moved_to: str | None, to_name: str) -> bool:
        with _of_system(f"{self._shown}/{name}"):
            target = self._handle if moved_to is None else self._opened(moved_to)
            try:
                return self._rename(name, target, to_name)
            finally:
                if target != self._handle:
                    os.close(target)

    def _rename(self, name: str, target: int, to_name: str) -> bool:
        try:
            os.lstat(to_name, dir_fd=target)
            return False
        except FileNotFoundError:
            pass
        try:
            os.rename(name, to_name, src_dir_fd=self._handle, dst_dir_fd=target)
        except FileNotFoundError:
            return False
        os.fsync(target)
        return True

    def _opened(self, name: str) -> int:
        with suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=self._handle)
        return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=self._handle)


@contextmanager
def _of_system(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SourceUnreachable(f"{what or 'the inbox'}: {error.strerror or error}") from error


CONNECTOR = Connector(title="A folder of this machine", settings=FolderSettings, place=place, fetch=fetch, check=check)
