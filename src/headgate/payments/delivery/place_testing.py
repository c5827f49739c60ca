"""Try a bank's server: connect, see its host key, look into each folder that the profile names. Nothing is written there.

The network is spoken to with no transaction open; what was found is recorded afterwards, and the newest is `last_tries`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from headgate import audit, rails
from headgate.core.db import Actor, Database, Tx
from headgate.core.errors import HeadgateError
from headgate.core.places import Unseen
from headgate.payments.delivery.bank_places import BankPlace, connect, get_place
from headgate.payments.errors import PlaceBusy

if TYPE_CHECKING:
    from headgate.core.sftp_place import SftpPlace

NAMES_SHOWN: Final = 5
DOOR_SECONDS_MAX: Final = 30
"""How long a step of a try may take at most while somebody waits for its answer at a page, or over HTTP."""

_UNDER_WAY: set[tuple[UUID, str]] = set()
_UNDER_WAY_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class FolderSeen:
    """One folder of a bank as its profile names it: how many files lie there, and the first of them by name."""

    purpose: str
    folder: str
    is_ok: bool
    files: int
    names: tuple[str, ...]
    said: str


@dataclass(frozen=True, slots=True)
class PlaceTried:
    """What a try of a place found. `problem` says what keeps us out; the folders are empty then."""

    bank: str
    address: str
    is_ok: bool
    host_key: str
    problem: str | None
    folders: tuple[FolderSeen, ...]


@dataclass(frozen=True, slots=True)
class PastTry:
    """A try as it was recorded. `place_id` is the place as it stood then."""

    place_id: int
    bank: str
    is_ok: bool
    host_key: str
    problem: str | None
    folders: list[dict[str, Any]]
    tried_by: str
    tried_at: datetime


def try_place(
    database: Database, tenant_id: UUID, *, bank: str, actor: Actor, seconds_max: int | None = None
) -> PlaceTried:
    """Connect to the server that is set for a bank, look into its folders, and record what was found.

    Raises NoSuchPlace, NoSuchProfile; PlaceBusy where this process is at it already.
    """
    with database.begin(tenant_id=tenant_id, actor=actor) as tx:
        place = get_place(tx, bank=bank)
        profile = rails.banks.get(bank)
        server = connect(tx, place, seconds_max=seconds_max)
    with _alone(tenant_id, bank), server:
        tried = _tried(server, place, profile)
    with database.begin(tenant_id=tenant_id, actor=actor) as tx:
        _record(tx, place, tried)
    return tried


def last_tries(tx: Tx, place_ids: Sequence[int]) -> dict[int, PastTry]:
    """The newest try of each of these places, by the place as it stands."""
    rows = tx.all(
        """
        SELECT DISTINCT ON (place_id) place_id, bank, is_ok, host_key, problem, folders, tried_by, tried_at
          FROM payments.place_tries
         WHERE tenant_id = %(tenant)s AND place_id = ANY(%(ids)s)
         ORDER BY place_id, id DESC
        """,
        {"tenant": tx.tenant_id, "ids": list(place_ids)},
        row=PastTry,
    )
    return {row.place_id: row for row in rows}


@contextmanager
def _alone(tenant_id: UUID, bank: str) -> Iterator[None]:
    """One try of a place at a time: whoever presses twice does not hold two of the threads that answer requests."""
    mine = (tenant_id, bank)
    with _UNDER_WAY_LOCK:
        if mine in _UNDER_WAY:
            raise PlaceBusy(f"the place of {bank} is being tried at this moment; look at it in a minute", bank=bank)
        _UNDER_WAY.add(mine)
    try:
        yield
    finally:
        with _UNDER_WAY_LOCK:
            _UNDER_WAY.discard(mine)


def _tried(server: SftpPlace, place: BankPlace, profile: rails.banks.Profile) -> PlaceTried:
    try:
        server.has(".", ".")
    except Unseen as error:
        return PlaceTried(place.bank, place.address, False, server.host_key, str(error), ())
    seen = tuple(_seen(server, purpose, folder) for purpose, folder in _folders(profile))
    return PlaceTried(place.bank, place.address, all(one.is_ok for one in seen), server.host_key, None, seen)


def _record(tx: Tx, place: BankPlace, tried: PlaceTried) -> None:
    facts = {"bank": place.bank, "is_ok": tried.is_ok, "problem": tried.problem}
    tx.run(
        """
        INSERT INTO payments.place_tries (tenant_id, place_id, bank, is_ok, host_key, problem, folders, tried_at)
        VALUES (%(tenant)s, %(place)s, %(bank)s, %(is_ok)s, %(host_key)s, %(problem)s, %(folders)s, %(now)s)
        """,
        {
            **facts,
            "tenant": tx.tenant_id,
            "place": place.id,
            "host_key": tried.host_key,
            "folders": json.dumps([asdict(one) for one in tried.folders]),
            "now": tx.now(),
        },
    )
    audit.record(tx, type="payments.place.tried", data=facts)


def _folders(profile: rails.banks.Profile) -> Iterator[tuple[str, str | None]]:
    """What the profile's folders are for, and which they are; None where that is still to be entered."""

    def named(read: str) -> str | None:
        value: object = profile
        for name in read.split("."):
            value = getattr(value, name) if value is not None else None
        return None if value is None else str(value)

    for purpose, path in (
        ("files for the bank", "ach.delivery.outbound"),
        ("files that it took", "ach.delivery.archive"),
        ("acknowledgements", "ach.acknowledgement.folder"),
        ("returns and changes", "ach.inbound.folder"),
    ):
        try:
            folder = named(path)
        except HeadgateError:
            yield purpose, None
            continue
        if folder is not None and not (purpose == "acknowledgements" and named("ach.acknowledgement.kind") != "file"):
            yield purpose, folder
    try:
        feeds = profile.feeds
    except HeadgateError:
        yield "statements", None
        return
    for feed in feeds:
        if feed.folder is not None:
            yield f"statements ({feed.kind})", feed.folder


def _seen(server: SftpPlace, purpose: str, folder: str | None) -> FolderSeen:
    if folder is None:
        return FolderSeen(purpose, "", False, 0, (), "to be entered in the bank's profile first")
    try:
        if not server.has_folder(folder):
            return FolderSeen(purpose, folder, False, 0, (), "there is no such folder, or this login may not see it")
        names = server.names(folder)
    except Unseen as error:
        return FolderSeen(purpose, folder, False, 0, (), str(error))
    return FolderSeen(purpose, folder, True, len(names), tuple(names[:NAMES_SHOWN]), "seen")
