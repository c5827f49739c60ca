"""Where files are handed over. A place is outside: none of this happens while a transaction is open.

A `Place` is another party's door. `FolderPlace` is a folder of this machine, from which that party, or a program that carries
files, takes them; `sftp_place.SftpPlace` is its own server. What cannot be reached is `Unseen`, and is neither there nor
absent.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol


class Unseen(Exception):
    """One could not look, or could not finish: nothing follows from it."""


class PlaceRefused(Unseen):
    """One could not look, and will not before a person changes something: the message says what."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as its folder lists it; `modified_at` is None where the place does not say."""

    name: str
    size_bytes: int
    modified_at: datetime | None


class Place(Protocol):
    """Folders are the other party's names for them; names are of files in them."""

    def look(self, folder: str, name: str, content: bytes) -> Literal["ours", "others", "nothing"]:
        """What lies there under that name, whole, compared with these bytes. Raises Unseen."""
        ...

    def has(self, folder: str, name: str) -> bool:
        """Whether anything lies there under that name. Raises Unseen."""
        ...

    def put(self, folder: str, temporary: str, name: str, content: bytes, before_rename: Callable[[], None]) -> None:
        """Write under the temporary name, then rename: nobody ever sees half a file under its name. Raises Unseen.

        `before_rename` is called once the bytes are there; where it raises, the file does not get its name.
        """
        ...

    def remove(self, folder: str, name: str) -> bool:
        """Remove a temporary; False where none lay there. Only then can whoever wrote it no longer rename it."""
        ...

    def names(self, folder: str) -> list[str]:
        """The files of a folder, sorted; none where there is no such folder. Raises Unseen."""
        ...

    def entries(self, folder: str) -> list[Entry]:
        """The same files with their sizes and times, sorted by name. Raises Unseen."""
        ...

    def read(self, folder: str, name: str, bytes_max: int) -> bytes:
        """The first bytes of a file. Raises Unseen."""
        ...


class FolderPlace:
    """A folder of this machine. What is written is readable for its owner alone, since it holds account numbers."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def look(self, folder: str, name: str, content: bytes) -> Literal["ours", "others", "nothing"]:
        try:
            found = (self._in(folder) / name).read_bytes()
        except FileNotFoundError:
            return "nothing"
        except OSError as error:
            raise Unseen(f"{folder}/{name}: {error.strerror}") from error
        return "ours" if hashlib.sha256(found).digest() == hashlib.sha256(content).digest() else "others"

    def has(self, folder: str, name: str) -> bool:
        try:
            (self._in(folder) / name).lstat()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise Unseen(f"{folder}/{name}: {error.strerror}") from error
        return True

    def put(self, folder: str, temporary: str, name: str, content: bytes, before_rename: Callable[[], None]) -> None:
        at = self._in(folder)
        try:
            at.mkdir(mode=0o700, parents=True, exist_ok=True)
            partial = at / temporary
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            before_rename()
            partial.rename(at / name)
            directory = os.open(at, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        except OSError as error:
            raise Unseen(f"{folder}/{name}: {error.strerror}") from error

    def remove(self, folder: str, name: str) -> bool:
        try:
            (self._in(folder) / name).unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise Unseen(f"{folder}/{name}: {error.strerror}") from error
        return True

    def names(self, folder: str) -> list[str]:
        return [entry.name for entry in self.entries(folder)]

    def entries(self, folder: str) -> list[Entry]:
        found = []
        try:
            for path in self._in(folder).iterdir():
                try:
                    seen = path.stat()
                except FileNotFoundError:
                    continue  # it went while we looked
                if stat.S_ISREG(seen.st_mode):
                    found.append(Entry(path.name, seen.st_size, datetime.fromtimestamp(seen.st_mtime, UTC)))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise Unseen(f"{folder}: {error.strerror}") from error
        return sorted(found, key=lambda entry: entry.name)

    def read(self, folder: str, name: str, bytes_max: int) -> bytes:
        try:
            with (self._in(folder) / name).open("rb") as stream:
                return stream.read(bytes_max)
        except OSError as error:
            raise Unseen(f"{folder}/{name}: {error.strerror}") from error

    def _in(self, folder: str) -> Path:
        return self.root / folder.lstrip("/")
