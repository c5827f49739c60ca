"""Files that somebody puts into a folder: whole ones only, each once, put away when their bytes are kept.

A file counts as whole when it is not changing: its size and time are what they were a moment before, and still are once it
was read. One whose name says that it is on its way (`.part` and the like), or that is empty, is waited for. A large file
comes in parts, so that a lost connection, or the end of this process, costs no more than one of them.

Where files are put away, one is known by its name and its bytes: what comes again under an old name with other bytes is
new. Where they are left, it is known by name, size and time, without being read.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Annotated, Final, Literal, Protocol

from pydantic import Field, StringConstraints

from headgate.core.clock import real_now
from headgate.core.places import Entry
from headgate.ingestion.artifacts import SIZE_MAX
from headgate.ingestion.connectors import Batch, Item, Notice, Settings, SourceUnreachable, Visit, identity

PART_BYTES: Final = 4 * 2**20
"""A file that is larger comes in parts of this size."""
MARK: Final = ".taken"
ON_ITS_WAY: Final = (".part", ".tmp", ".filepart", ".crdownload")
NAME_MAX: Final = 200

Path = Annotated[str, StringConstraints(max_length=300, pattern=r"^[^\x00-\x1f\x7f]*$")]


class FileSettings(Settings):
    """Which files, and what becomes of them."""

    folder: Path = Field(default="", description="Where they lie")
    pattern: str = Field(default="*", min_length=1, max_length=200, description="Names as a shell matches them: *.bai")
    after: Literal["move", "mark", "leave"] = Field(
        default="move", description="move: into moved_to; mark: renamed to NAME.taken; leave: remembered here alone"
    )
    moved_to: Path = Field(default="taken", min_length=1, description="A folder in the same folder")
    quiet_seconds: int = Field(default=10, ge=0, le=600, description="So long a file must be as it is to be whole")


class Inbox(Protocol):
    """A folder that files are taken from. `is_our_clock`: whether its times are this machine's."""

    is_our_clock: bool

    def entries(self) -> list[Entry]:
        """Its files."""
        ...

    def entry(self, name: str) -> Entry | None:
        """A file as it is now; None where it is gone."""
        ...

    def read_from(self, name: str, offset: int, bytes_max: int) -> bytes:
        """Its bytes from an offset on; none where it is gone: another may have taken it."""
        ...

    def put_away(self, name: str, moved_to: str | None, to_name: str) -> bool:
        """Rename it, into a folder of this folder where one is named; False where it is gone or the name is taken."""
        ...


def fetch_files(visit: Visit, inbox: Inbox) -> Iterator[Batch]:
    """Every file that is whole, the oldest first; each is put away once it is kept."""
    settings: FileSettings = visit.settings
    wanted = [entry for entry in inbox.entries() if _is_wanted(entry, settings)]
    if settings.after == "leave":
        known = visit.known([_by_look(entry) for entry in wanted])
        wanted = [entry for entry in wanted if _by_look(entry) not in known]
    whole = _whole(visit, inbox, wanted)
    for number, entry in enumerate(whole):
        if number and visit.is_over():
            return
        if entry.size_bytes > SIZE_MAX:
            yield _too_large(entry)
            continue
        data = _read(visit, inbox, entry)
        if data is None:
            continue
        known_as = _by_bytes(entry, data) if settings.after != "leave" else _by_look(entry)
        yield Batch(items=[_item(settings, entry, known_as, data)])
        if settings.after != "leave" and visit.known([known_as]).get(known_as) and inbox.entry(entry.name) == entry:
            _put_away(inbox, settings, entry, data)
        if entry.size_bytes > PART_BYTES:
            visit.parts.drop(_file(settings, entry))


def _is_wanted(entry: Entry, settings: FileSettings) -> bool:
    name = entry.name
    if not entry.size_bytes or len(name) > NAME_MAX or name.startswith(".") or name.endswith((*ON_ITS_WAY, MARK)):
        return False
    return fnmatchcase(name, settings.pattern)


def _whole(visit: Visit, inbox: Inbox, wanted: list[Entry]) -> list[Entry]:
    """Those that nobody is writing. Where the clock is another's, two looks say it; the others come with the next visit."""
    settings: FileSettings = visit.settings
    if inbox.is_our_clock:
        latest = real_now() - timedelta(seconds=settings.quiet_seconds)
        found = [entry for entry in wanted if entry.modified_at is None or entry.modified_at <= latest]
    elif wanted and settings.quiet_seconds:
        visit.wait(settings.quiet_seconds)
        again = {entry.name: entry for entry in inbox.entries()}
        found = [entry for entry in wanted if again.get(entry.name) == entry]
    else:
        found = wanted
    return sorted(found, key=lambda entry: (entry.modified_at or datetime.min.replace(tzinfo=UTC), entry.name))


def _read(visit: Visit, inbox: Inbox, entry: Entry) -> bytes | None:
    """All of a file; None where it changed meanwhile, or where the visit's time is over and what came is kept."""
    file = _file(visit.settings, entry)
    is_large = entry.size_bytes > PART_BYTES
    data = bytearray(visit.parts.kept(file)) if is_large else bytearray()
    while len(data) < entry.size_bytes:
        part = inbox.read_from(entry.name, len(data), min(PART_BYTES, entry.size_bytes - len(data)))
        if not part:
            break
        if is_large and len(data) + len(part) < entry.size_bytes:
            visit.parts.keep(file, len(data), part)
            if visit.is_over():
                return None
        data += part
    if len(data) != entry.size_bytes or inbox.entry(entry.name) != entry:
        if is_large:
            visit.parts.drop(file)
        return None
    return bytes(data)


def _put_away(inbox: Inbox, settings: FileSettings, entry: Entry, data: bytes) -> None:
    """Move or mark a file that is kept. A name that is taken there already gets the bytes' fingerprint, then a number."""
    to = settings.moved_to if settings.after == "move" else None
    ending = "" if to is not None else MARK
    print_ = sha256(data).hexdigest()[:8]
    names = [f"{entry.name}{ending}", f"{entry.name}.{print_}{ending}"]
    names += [f"{entry.name}.{print_}.{number}{ending}" for number in range(2, 10)]
    for name in names:
        if inbox.put_away(entry.name, to, name):
            return
        if inbox.entry(entry.name) is None:
            return
    raise SourceUnreachable(f"{entry.name} is kept and cannot be put away: every name that it could get is taken")


def _item(settings: FileSettings, entry: Entry, known_as: str, data: bytes) -> Item:
    return Item(
        identity=known_as,
        filename=entry.name,
        data=data,
        type="bank_file",
        occurred_at=entry.modified_at,
        facts={"folder": settings.folder, "size_bytes": entry.size_bytes},
    )


def _too_large(entry: Entry) -> Batch:
    reason = f"the file has {entry.size_bytes} bytes; at most {SIZE_MAX} are taken"
    known_as = _by_look(entry)
    detail = {
        "file": entry.name,
        "size_bytes": entry.size_bytes,
        "reason": reason,
        "next": "take it in by hand, in parts",
    }
    return Batch(
        items=[
            Item(
                identity=known_as,
                filename=entry.name,
                data=b"",
                type="bank_file",
                occurred_at=entry.modified_at,
                refusal=reason,
            )
        ],
        notices=[Notice(key=f"item:{known_as}", category="source_item_not_kept", detail=detail)],
    )


def _by_bytes(entry: Entry, data: bytes) -> str:
    return identity(f"{entry.name}|{sha256(data).hexdigest()}")


def _by_look(entry: Entry) -> str:
    modified = entry.modified_at.isoformat() if entry.modified_at is not None else ""
    return identity(f"{entry.name}|{entry.size_bytes}|{modified}")


def _file(settings: FileSettings, entry: Entry) -> str:
    return identity(f"{settings.folder}/{_by_look(entry)}")
