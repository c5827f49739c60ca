"""The sealer: gathers events whose transactions have ended into blocks, a tenant at a time, and holds up no writer.

An event may be sealed once no transaction that could still write before it is open, that is below the snapshot's xmin.
So the order of the chain is final when it is written down, and a long transaction delays sealing, never recording.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, fields, replace
from typing import Any, Final
from uuid import UUID

from headgate.audit import reader
from headgate.audit.errors import UnknownFormula
from headgate.audit.formulas import BLOCK_FORMULA, EPOCH, ID, block_hash, canonical_event, event_hash, genesis
from headgate.audit.health import announce_restore
from headgate.audit.model import Block
from headgate.core import clock, log
from headgate.core.db import Actor, Database, Tx
from headgate.core.errors import Unavailable

BLOCK_EVENTS_MAX: Final = 1000
ROUND_EVENTS_MAX: Final = 50_000
POLL_SECONDS: Final = 0.5
HOUSEKEEPING_SECONDS: Final = 3600.0
REST_SECONDS: Final = 60.0
MONTHS_AHEAD: Final = 2

_LOCK: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended('audit.seal:' || %(tenant)s, 0))"
_ACTOR: Final = Actor.system("audit.sealer")
_LOG = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a run of the sealer has sealed."""

    events: int = 0
    blocks: int = 0

    def __add__(self, other: Sealed) -> Sealed:
        return Sealed(self.events + other.events, self.blocks + other.blocks)


def seal(database: Database, tenant_id: UUID) -> Sealed:
    """Seal what can be sealed of a tenant, a transaction for every 50,000 events.

    One sealer at a time holds a tenant: where another does, nothing is sealed here. Killed at any point, it
    leaves whole blocks or none.
    """
    total = Sealed()
    while True:
        with database.begin(tenant_id=tenant_id, actor=_ACTOR) as tx:
            # The lock comes before any snapshot, so that the head read below is the latest.
            if not tx.value(_LOCK, {"tenant": str(tenant_id)}):
                return total
            done = _seal_round(tx)
        total += done
        if done.events < ROUND_EVENTS_MAX:
            return total


def seal_all(database: Database, tenant_ids: list[UUID] | None = None, *, wait_seconds: float = 0.0) -> Sealed:
    """Seal every tenant (or these); a tenant that cannot be sealed is logged and keeps no other waiting.

    With `wait_seconds`, wait that long for older transactions that are still open, so that what was committed before
    the call is sealed when it returns.
    """
    deadline = time.monotonic() + wait_seconds
    begun = clock.real_now()
    total = Sealed()
    resting: dict[UUID, float] = {}
    while True:
        waiting = _backlog(database, tenant_ids)
        total += _seal_each(database, waiting, resting)
        late = [row for row in waiting if row["unsealed_since"] <= begun and row["tenant_id"] not in resting]
        if not late or time.monotonic() >= deadline:
            return total
        time.sleep(0.02)


def run_sealer(database: Database, stop: threading.Event) -> None:
    """Seal every half second until `stop` is set, and keep months and epochs in order. Outlives a lost database."""
    tidied = float("-inf")
    pause = POLL_SECONDS
    resting: dict[UUID, float] = {}
    while not stop.is_set():
        try:
            if time.monotonic() - tidied >= HOUSEKEEPING_SECONDS:
                _keep_house(database)
                tidied = time.monotonic()
            _seal_each(database, _backlog(database), resting)
            pause = POLL_SECONDS
        except Exception as error:
            pause = min(pause * 2, 30.0)
            _LOG.warning("the sealer waits and tries again", extra={"error": str(error), "seconds": pause})
        stop.wait(pause)


def _backlog(database: Database, tenant_ids: list[UUID] | None = None) -> list[dict[str, Any]]:
    with database.begin(tenant_id=None, actor=_ACTOR) as tx:
        waiting = tx.all("SELECT tenant_id, unsealed_since, is_final FROM audit.backlog()")
    return [row for row in waiting if tenant_ids is None or row["tenant_id"] in tenant_ids]


def _seal_each(database: Database, waiting: list[dict[str, Any]], resting: dict[UUID, float]) -> Sealed:
    """Seal what is final. A tenant that fails rests a minute: a row planted there must not stop the others."""
    total = Sealed()
    for row in waiting:
        tenant_id = row["tenant_id"]
        if not row["is_final"] or resting.get(tenant_id, 0.0) > time.monotonic():
            continue
        try:
            total += seal(database, tenant_id)
            resting.pop(tenant_id, None)
        except Unavailable:
            raise
        except Exception:
            resting[tenant_id] = time.monotonic() + REST_SECONDS
            _LOG.exception("a tenant's events cannot be sealed", extra={"tenant_id": str(tenant_id)})
    return total


def _keep_house(database: Database) -> None:
    announced = announce_restore(database)
    if announced is not None:
        _LOG.warning("this database was restored onto another server: a new epoch begins", extra={"epoch": announced})
    with database.begin(tenant_id=None, actor=_ACTOR) as tx:
        tx.value("SELECT audit.add_months(%(ahead)s)", {"ahead": MONTHS_AHEAD})


def _seal_round(tx: Tx) -> Sealed:
    head = reader.head(tx)
    done = Sealed()
    sealed: list[Block] = []
    after = head.last if head else reader.START
    with closing(reader.copied_events(tx, after=after, final_only=ROUND_EVENTS_MAX)) as copied:
        for run in _runs(copied):
            head = _block(tx.tenant_id, head, run)
            sealed.append(head)
            done += Sealed(len(run), 1)
    # The COPY has to end before its connection can write.
    if sealed:
        tx.many(_APPEND, [_parameters(block) for block in sealed])
    return done


def _runs(copied: Iterator[list[bytes]]) -> Iterator[list[list[bytes]]]:
    """Cut the stream into blocks: at most 1,000 events each, all of one epoch."""
    run: list[list[bytes]] = []
    for columns in copied:
        if run and (len(run) == BLOCK_EVENTS_MAX or run[0][EPOCH] != columns[EPOCH]):
            yield run
            run = []
        run.append(columns)
    if run:
        yield run


def _block(tenant_id: UUID, head: Block | None, run: list[list[bytes]]) -> Block:
    """The block over these events, which lie in columns as they were copied: an object for each would double the time."""
    previous = head.terminal_hash if head else genesis(tenant_id)
    hashes: list[bytes] = []
    suspects: list[int] = []
    for columns in run:
        if columns.pop() != b"t":
            suspects.append(int(columns[ID]))
        canonical = canonical_event(columns)
        if canonical is None:
            number = int(columns[ID])
            raise UnknownFormula(f"event {number} has a formula that this Headgate does not know", event=number)
        previous = event_hash(previous, canonical)
        hashes.append(previous)
    first, last = reader.position(run[0]), reader.position(run[-1])
    block = Block(
        tenant_id=tenant_id,
        number=head.number + 1 if head else 1,
        formula=BLOCK_FORMULA,
        epoch=first.epoch,
        first_xid=first.xid,
        first_id=first.id,
        last_xid=last.xid,
        last_id=last.id,
        event_count=len(run),
        event_ids=[int(columns[ID]) for columns in run],
        event_hashes=b"".join(hashes),
        suspect_ids=suspects,
        previous_hash=head.block_hash if head else genesis(tenant_id),
        block_hash=b"",
        sealed_at=clock.real_now().strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    )
    digest = block_hash(block)
    assert digest is not None, "this code seals by a formula that it knows"
    return replace(block, block_hash=digest)


_APPEND: Final = """
    SELECT audit.append_block(%(number)s, %(formula)s::smallint, %(epoch)s, %(first_xid)s::text::xid8, %(first_id)s,
      %(last_xid)s::text::xid8, %(last_id)s, %(event_ids)s::bigint[], %(event_hashes)s, %(suspect_ids)s::bigint[],
      %(previous_hash)s, %(block_hash)s, %(sealed_at)s::timestamptz)
"""


def _parameters(block: Block) -> dict[str, object]:
    names = (field.name for field in fields(block) if field.name not in ("tenant_id", "event_count"))
    # PostgreSQL makes an xid8 of a text only.
    as_text = {"first_xid": str(block.first_xid), "last_xid": str(block.last_xid)}
    # A thousand numbers as one text: as a list each of them would be looked at by itself.
    as_text["event_ids"] = "{" + ",".join(map(str, block.event_ids)) + "}"
    return {name: getattr(block, name) for name in names} | as_text
