"""Where large bodies lie: a folder of this machine, or a bucket of an object store that speaks S3.

    storage = storage_of(config)
    storage.put("5f…/9k/art_…", sealed)
    storage.get("5f…/9k/art_…")

The address comes from the environment alone (HEADGATE_ARTIFACTS_URL): `file:///srv/artifacts`, or
`s3://bucket/folder?endpoint_url=https://objects.example&region=eu-1` with the keys where Amazon's own tools look for them
(AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, the machine's role). What is put is sealed already, and appears
whole or not at all. Where nothing is said, an embedded database keeps its large bodies in HEADGATE_HOME/artifacts; with a
database of one's own, which other machines may share, they stay in it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Protocol

from headgate.core.config import ArtifactsUrl, Config
from headgate.ingestion.errors import ObjectMissing, StorageRefused, StorageUnavailable

FOLDER: Final = "artifacts"
PART: Final = ".part-"
TIMEOUTS_SECONDS: Final = (5, 60)
"""For a connection to the object store, and for its answer."""
TRIES: Final = 3

_TRANSIENT_STATUS: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
_TRANSIENT_CODE: Final = frozenset(
    {"SlowDown", "RequestTimeout", "RequestTimeTooSkewed", "InternalError", "ServiceUnavailable", "Throttling"}
)
_MISSING: Final = frozenset({"404", "NoSuchKey", "NotFound"})


class Storage(Protocol):
    """A place for sealed objects, by name. A name once put always holds the same bytes."""

    @property
    def where(self) -> str:
        """Its address, for people: without any key."""
        ...

    def put(self, name: str, data: bytes) -> None:
        """Keep an object, whole or not at all; put again, the same. Raises StorageUnavailable, StorageRefused."""
        ...

    def get(self, name: str) -> bytes:
        """An object's bytes. Raises ObjectMissing, StorageUnavailable, StorageRefused."""
        ...

    def names(self) -> Iterator[str]:
        """Every object's name, in no order. Raises StorageUnavailable, StorageRefused."""
        ...

    def sweep(self, *, older_than_seconds: float) -> int:
        """Remove what writers that died have left unfinished for so long; says how many."""
        ...


def storage_of(config: Config) -> Storage | None:
    """The storage of this installation; None where bodies stay in the database."""
    if config.artifacts_url is not None:
        return _of(config.artifacts_url)
    return None if config.database_url is not None else Folder(config.home / FOLDER)


@lru_cache(maxsize=8)
def _of(url: ArtifactsUrl) -> Storage:
    return Folder(Path(url.path)) if url.scheme == "file" else Bucket(url)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of this machine, readable by its owner alone."""

    root: Path

    @property
    def where(self) -> str:
        return str(self.root)

    def put(self, name: str, data: bytes) -> None:
        path = self.root / name
        part = path.with_name(f"{PART}{secrets.token_hex(8)}")
        with _told(self.where):
            _make_folder(path.parent)
            try:
                with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
                    opened.write(data)
                    opened.flush()
                    os.fsync(opened.fileno())
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
            _sync(path.parent)

    def get(self, name: str) -> bytes:
        with _told(self.where):
            try:
                return (self.root / name).read_bytes()
            except FileNotFoundError:
                raise ObjectMissing(f"{name} is not in {self.root}", name=name) from None

    def names(self) -> Iterator[str]:
        with _told(self.where):
            for path in self.root.glob("*/*/*"):
                if not path.name.startswith(PART):
                    yield path.relative_to(self.root).as_posix()

    def sweep(self, *, older_than_seconds: float) -> int:
        removed = 0
        with _told(self.where):
            for path in self.root.glob(f"*/*/{PART}*"):
                with contextlib.suppress(FileNotFoundError):
                    if path.stat().st_mtime < time.time() - older_than_seconds:
                        path.unlink()
                        removed += 1
        return removed


class Bucket:
    """A folder of a bucket. An object there appears when its last byte has come, so nothing is left to sweep."""

    def __init__(self, url: ArtifactsUrl) -> None:
        self._url = url
        self._root = "/".join(part for part in (url.host, url.path.strip("/")) if part)

    @property
    def where(self) -> str:
        return f"{self._url.scheme}://{self._root}"

    def put(self, name: str, data: bytes) -> None:
        self._tried(lambda files: files.pipe_file(f"{self._root}/{name}", data), name)

    def get(self, name: str) -> bytes:
        return bytes(self._tried(lambda files: files.cat_file(f"{self._root}/{name}"), name))

    def names(self) -> Iterator[str]:
        found = self._tried(lambda files: files.find(self._root), "")
        return (path.removeprefix(f"{self._root}/") for path in found)

    def sweep(self, *, older_than_seconds: float) -> int:
        return 0

    def _tried(self, call: Any, name: str) -> Any:
        """The call, tried again where the store was only busy or away."""
        for attempt in range(1, TRIES + 1):
            try:
                return call(self._files())
            except Exception as error:
                found = classified(error, where=self.where, name=name)
                if not isinstance(found, StorageUnavailable) or attempt == TRIES:
                    raise found from error
                time.sleep(0.1 * 2**attempt * (0.5 + secrets.randbelow(500) / 1000))
        raise AssertionError("the last try either answers or raises")

    def _files(self) -> Any:
        try:
            import fsspec  # type: ignore[import-untyped]

            connect, read = TIMEOUTS_SECONDS
            return fsspec.filesystem(
                "s3",
                endpoint_url=self._url.endpoint_url,
                client_kwargs={"region_name": self._url.region} if self._url.region else {},
                config_kwargs={"connect_timeout": connect, "read_timeout": read, "retries": {"max_attempts": 1}},
                use_listings_cache=False,
            )
        except ImportError as error:
            raise StorageRefused("s3:// needs the library s3fs: install headgate[s3]") from error


def classified(error: Exception, *, where: str, name: str) -> StorageRefused | StorageUnavailable | ObjectMissing:
    """What an object store's error is to us: worth another try, a missing object, or something a person must mend."""
    if isinstance(error, StorageRefused | StorageUnavailable | ObjectMissing):
        return error
    # s3fs turns the store's answers into OSErrors, with the answer itself as their cause.
    answer: Mapping[str, Any] = next(
        (response for response in (getattr(got, "response", None) for got in (error, error.__cause__)) if response), {}
    )
    code = str(answer.get("Error", {}).get("Code", ""))
    status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    told = code or type(error).__name__
    if "Bucket" not in code and (isinstance(error, FileNotFoundError) or code in _MISSING):
        return ObjectMissing(f"{name} is not in {where}", name=name)
    # botocore's own errors of connections have the word in their names, and share no base with Python's.
    lost = any(word in type(error).__name__ for word in ("Timeout", "Connection", "Endpoint", "Incomplete"))
    if status in _TRANSIENT_STATUS or code in _TRANSIENT_CODE or (not answer and (lost or _is_lost(error))):
        return StorageUnavailable(f"{where} does not answer ({told}); it is tried again", where=where)
    return StorageRefused(f"{where} refuses ({told}): check the bucket, its keys and their permissions", where=where)


def _is_lost(error: Exception) -> bool:
    return isinstance(error, TimeoutError | ConnectionError) or (
        isinstance(error, OSError) and not isinstance(error, PermissionError | FileNotFoundError)
    )


def _make_folder(folder: Path) -> None:
    for one in (*reversed(folder.parents), folder):
        if not one.exists():
            one.mkdir(mode=0o700, exist_ok=True)
            _sync(one.parent)


def _sync(folder: Path) -> None:
    """A rename is on disk when its folder is."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextlib.contextmanager
def _told(where: str) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        raise StorageRefused(
            f"{where} cannot be used by this account: give it to the one that runs Headgate"
        ) from error
    except OSError as error:
        raise StorageUnavailable(f"{where} fails: {error.strerror or type(error).__name__}; see the disk") from error
