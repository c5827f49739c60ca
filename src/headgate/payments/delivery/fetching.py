"""Fetching: what a bank put for us, statements, returns and notices of change, is read at its place and taken in, once.

The folders are those of the bank's profile (`ach.inbound` and `feeds`), at the place where its files are handed over too
(`bank_places`). Nothing is removed there. A file is known again by its folder, name, size and time without being read;
whatever its name, the same bytes are the same artifact and move nothing. What cannot be read now is read in the next round.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from headgate import cases, ingestion, rails, tenants
from headgate.core import log
from headgate.core.db import Actor, Database, Tx
from headgate.core.errors import HeadgateError, Unavailable
from headgate.core.places import Entry, Place, Unseen
from headgate.jobs import Outside
from headgate.payments.delivery.bank_places import list_places, opened
from headgate.payments.delivery.intake import TakenIn, take_in
from headgate.payments.originators import known_originators

ACTOR: Final = Actor.system("bank_fetch")
BYTES_MAX: Final = ingestion.SIZE_MAX
_PARTIAL: Final = (".part", ".tmp", ".filepart")
_LOG = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that was fetched now, and what became of it. `kind` is None where its bytes could not be kept."""

    bank: str
    folder: str
    name: str
    size_bytes: int
    artifact_id: str | None
    kind: str | None
    is_new: bool
    outcome: str


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder of a bank in which files for us lie. No pattern: every file of it."""

    bank: str
    path: str
    patterns: tuple[re.Pattern[str], ...]

    def holds(self, name: str) -> bool:
        """Whether a file of that name is one that the bank put there for us, and is whole."""
        if name.startswith(".") or name.endswith(_PARTIAL):
            return False
        return not self.patterns or any(pattern.fullmatch(name) for pattern in self.patterns)


class BankUnseen(Unavailable):
    """A bank's folder, or a file in it, could not be read; it is tried again."""

    code = "payments.bank_unseen"


@dataclass(frozen=True, slots=True)
class Round:
    """What one round fetched, and what it could not see, in a line each."""

    files: tuple[Fetched, ...]
    unseen: tuple[str, ...]


def fetch_for_job(outside: Outside) -> str | None:
    """Fetch for a tenant; says what came. Raises BankUnseen once the rest was done."""
    done = fetch(outside.database, outside.tenant_id)
    if done.unseen:
        raise BankUnseen("; ".join(done.unseen)[:500])
    return "; ".join(f"{one.name}: {one.outcome}" for one in done.files) or None


def fetch(database: Database, tenant_id: UUID) -> Round:
    """Read what this tenant's banks put for it since the last time, and take it in, in the order of time and name."""
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        folders = _folders(tx)
    done: list[Fetched] = []
    unseen: list[str] = []
    with opened(database, tenant_id, actor=ACTOR) as places:
        for folder in folders:
            place = places.of(folder.bank)
            try:
                entries = [entry for entry in place.entries(folder.path) if folder.holds(entry.name)]
            except Unseen as error:
                unseen.append(f"{folder.bank}: {error}")
                continue
            with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
                known = _known(tx, folder)
            for entry in sorted(entries, key=_by_time):
                if (entry.name, entry.size_bytes, entry.modified_at) in known or not entry.size_bytes:
                    continue
                try:
                    done.append(_fetch(database, tenant_id, place, folder, entry))
                except Unseen as error:
                    unseen.append(f"{folder.bank}: {error}")
    return Round(tuple(done), tuple(dict.fromkeys(unseen)))


def banks_of(tx: Tx) -> list[str]:
    """The banks of this tenant's originators, and those whose place is set, by the names of their profiles."""
    entities = [entity.id for entity in tenants.legal_entities(tx, limit=10_000)]
    names = {rails.banks.of_routing(one.odfi_routing_number).name for one in known_originators(tx, entities).values()}
    return sorted(names | {place.bank for place in list_places(tx)} & set(rails.banks.profiles()))


def _fetch(database: Database, tenant_id: UUID, place: Place, folder: _Folder, entry: Entry) -> Fetched:
    """Read one file and take it in. Raises Unseen where it changed while it was read."""
    data = b""
    if entry.size_bytes <= BYTES_MAX:
        data = place.read(folder.path, entry.name, entry.size_bytes + 1)
        if len(data) != entry.size_bytes:
            raise Unseen(f"{folder.path}/{entry.name}: {len(data)} bytes of {entry.size_bytes}; it is being written")
    taken: TakenIn | None = None
    try:
        if not data:
            raise ingestion.ArtifactTooLarge(f"it has {entry.size_bytes} bytes; at most {BYTES_MAX} are taken")
        taken = take_in(database, tenant_id, filename=entry.name, data=data, actor=ACTOR)
        outcome, failure = taken.outcome, taken.failure
    except HeadgateError as error:
        outcome = failure = error.message
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        if failure is not None:
            _open_case(tx, folder, entry, taken, failure)
        if failure is None or taken is None:
            # What failed once it was read is tried again; what cannot be kept never can.
            _note(tx, folder, entry, data, taken, outcome)
    return Fetched(
        bank=folder.bank,
        folder=folder.path,
        name=entry.name,
        size_bytes=entry.size_bytes,
        artifact_id=taken.artifact_id if taken else None,
        kind=taken.kind if taken else None,
        is_new=taken.is_new if taken else False,
        outcome=outcome,
    )


def _folders(tx: Tx) -> list[_Folder]:
    """Where the banks of this tenant's originators, and those whose place is set, put files for it."""
    found: dict[tuple[str, str], list[re.Pattern[str] | None]] = {}
    for name in banks_of(tx):
        for path, pattern in _patterns(rails.banks.get(name)):
            found.setdefault((name, path), []).append(pattern)
    return [
        _Folder(bank, path, () if None in patterns else tuple(one for one in patterns if one is not None))
        for (bank, path), patterns in found.items()
    ]


def _patterns(profile: rails.banks.Profile) -> list[tuple[str, re.Pattern[str] | None]]:
    """The folders that a profile names, with what their files' names match; a feed without a folder is among the returns."""
    found: list[tuple[str, re.Pattern[str] | None]] = []
    try:
        inbound = profile.ach.inbound if profile.ach is not None else None
        if inbound is not None:
            found.append((inbound.folder, inbound.returns_name))
        for feed in profile.feeds:
            path = feed.folder or (inbound.folder if inbound is not None else None)
            if path is not None and feed.kind != "api":
                found.append((path, feed.name))
    except HeadgateError as error:
        # What the bank's guide has yet to say keeps its folders from being read, and nothing else.
        _LOG.info("a bank's folders are to be entered", extra={"bank": profile.name, "why": error.message})
    return found


def _known(tx: Tx, folder: _Folder) -> set[tuple[str, int, datetime | None]]:
    rows = tx.all(
        """
        SELECT name, size_bytes, modified_at FROM payments.fetched_files
         WHERE tenant_id = %(tenant)s AND bank = %(bank)s AND folder = %(folder)s
        """,
        {"tenant": tx.tenant_id, "bank": folder.bank, "folder": folder.path},
    )
    return {(row["name"], row["size_bytes"], row["modified_at"]) for row in rows}


def _note(tx: Tx, folder: _Folder, entry: Entry, data: bytes, taken: TakenIn | None, outcome: str) -> None:
    tx.run(
        """
        INSERT INTO payments.fetched_files
               (tenant_id, bank, folder, name, sha256, size_bytes, modified_at, artifact_id, outcome, fetched_at)
        VALUES (%(tenant)s, %(bank)s, %(folder)s, %(name)s, %(sha256)s, %(size)s, %(modified)s, %(artifact)s, %(outcome)s,
                %(now)s)
        """,
        {
            "tenant": tx.tenant_id,
            "bank": folder.bank,
            "folder": folder.path,
            "name": entry.name,
            "sha256": hashlib.sha256(data).digest(),
            "size": entry.size_bytes,
            "modified": entry.modified_at,
            "artifact": taken.artifact_id if taken else None,
            "outcome": outcome[:500],
            "now": tx.now(),
        },
    )


def _open_case(tx: Tx, folder: _Folder, entry: Entry, taken: TakenIn | None, failure: str) -> None:
    about = taken.artifact_id if taken else f"{folder.bank}/{folder.path}/{entry.name}/{entry.size_bytes}"
    cases.open_case(
        tx,
        key=f"bank_file_not_taken_in:{about}",
        category="bank_file_not_taken_in",
        ingestion_id=taken.artifact_id if taken else None,
        detail={
            "bank": folder.bank,
            "folder": folder.path,
            "name": entry.name,
            "size_bytes": entry.size_bytes,
            "artifact_id": taken.artifact_id if taken else None,
            "reason": failure,
            "next": "it is tried again every quarter of an hour" if taken else "take it in by hand, in parts",
        },
    )


def _by_time(entry: Entry) -> tuple[datetime, str]:
    return (entry.modified_at or datetime.min.replace(tzinfo=UTC), entry.name)
