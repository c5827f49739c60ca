"""Reading the log of one tenant as the chain needs it: every column as bytes, in chain order, by COPY."""

from __future__ import annotations

import select
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from functools import lru_cache
from typing import Any, Final, LiteralString

import psycopg
from psycopg import ClientCursor, pq
from psycopg.rows import tuple_row

from headgate.audit.formulas import CORRELATION, EPOCH, ID, XID, canonical_event
from headgate.audit.model import Block, Position, Sealable
from headgate.core.db import Tx, translated

START: Final = Position(0, 0, 0)
BLOCKS_A_FETCH: Final = 200

# Epochs and transactions come in runs.
_often: Final = lru_cache(maxsize=16)(int)

# The last column is not the row's own: whether it came through the recording functions, and not from the future.
_EVENTS: Final = """
    SELECT e.tenant_id, e.id, e.event_time, e.xid, e.epoch, e.formula, e.type, e.actor_type, e.actor_id, e.person_id,
           e.correlation_id, e.payment_id, e.ingestion_id, e.data, e.witness,
           e.witness = audit.witness(e.tenant_id, e.id, e.event_time, e.xid, e.epoch, e.formula, e.type, e.actor_type,
             e.actor_id, e.person_id, e.correlation_id, e.payment_id, e.ingestion_id, e.data)
           AND (e.epoch < %(epoch)s OR e.epoch = %(epoch)s AND e.xid < pg_snapshot_xmax(pg_current_snapshot()))
      FROM audit.events e
     WHERE (e.epoch, e.xid, e.id) > (%(after_epoch)s, %(after_xid)s::text::xid8, %(after_id)s)
"""
_ALL: Final = f"COPY ({_EVENTS} ORDER BY e.epoch, e.xid, e.id) TO STDOUT (ENCODING 'UTF8')"
_FINAL: Final = f"""COPY ({_EVENTS}
       AND (e.epoch < %(epoch)s OR e.epoch = %(epoch)s AND e.xid < pg_snapshot_xmin(pg_current_snapshot()))
     ORDER BY e.epoch, e.xid, e.id
     LIMIT %(limit)s) TO STDOUT (ENCODING 'UTF8')"""


def copied_events(
    tx: Tx, *, after: Position = START, final_only: int | None = None
) -> Generator[list[bytes], None, None]:
    """Events after a position in chain order: each column as COPY text, then b't' where the row is witnessed.

    `final_only` gives at most that many, and only of transactions before which none is still open. The caller closes
    the generator: until then its connection is busy.
    """
    # What COPY writes must not depend on the server's or the session's settings.
    tx.run("SELECT set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO, YMD', true)")
    # In the order of the primary key. The planner takes the events for a handful and would sort every one that is there.
    tx.run("SELECT set_config('enable_sort', 'off', true)")
    params: dict[str, Any] = {
        "epoch": tx.value("SELECT audit.current_epoch()"),
        "limit": final_only,
        "after_epoch": after.epoch,
        "after_xid": str(after.xid),
        "after_id": after.id,
    }
    query: LiteralString = _ALL if final_only is None else _FINAL
    with translated(), closing(_copied_lines(tx, query, params)) as lines:
        yield from lines


def _copied_lines(tx: Tx, query: LiteralString, params: dict[str, Any]) -> Generator[list[bytes], None, None]:
    """COPY, line by line in columns, straight from libpq: psycopg's own reader waits for each line anew, which takes
    longer than to hash it."""
    pgconn = tx.conn.pgconn
    begun = pgconn.exec_(ClientCursor(tx.conn).mogrify(query, params).encode())
    if begun.status != pq.ExecStatus.COPY_OUT:
        raise psycopg.errors.error_from_result(begun)
    readable = select.poll()
    readable.register(pgconn.socket, select.POLLIN)
    ended = False
    try:
        while not ended:
            length, line = pgconn.get_copy_data(1)
            if length > 0:
                yield bytes(line[:-1]).split(b"\t")
            elif length == 0:
                readable.poll()
                pgconn.consume_input()
            else:
                ended = True
    finally:
        if pgconn.status == pq.ConnStatus.OK:
            _finish(pgconn, ended)


def _finish(pgconn: pq.abc.PGconn, ended: bool) -> None:
    """Give the connection back usable, also where the reader stopped early. Raises what ended the COPY."""
    if not ended:
        pgconn.get_cancel().cancel()
        while pgconn.get_copy_data(0)[0] > 0:
            pass
    failed: pq.abc.PGresult | None = None
    while result := pgconn.get_result():
        if result.status != pq.ExecStatus.COMMAND_OK:
            failed = result
    if ended and failed:
        raise psycopg.errors.error_from_result(failed)


def sealable(columns: Sequence[bytes]) -> Sealable:
    """A copied event as the chain sees it."""
    return Sealable(position(columns), canonical_event(columns[:-1]), columns[-1] == b"t", columns[CORRELATION])


def position(columns: Sequence[bytes]) -> Position:
    """A copied event's place in the chain."""
    return Position(_often(columns[EPOCH]), _often(columns[XID]), int(columns[ID]))


def head(tx: Tx) -> Block | None:
    """The tenant's last block."""
    number = tx.value("SELECT max(number) FROM audit.blocks")
    return next(blocks(tx, after=number - 1, up_to=number)) if number else None


def blocks(tx: Tx, *, after: int = 0, up_to: int) -> Iterator[Block]:
    """The tenant's blocks in order of their number, from the one that follows `after`."""
    while True:
        with translated(), tx.conn.cursor(row_factory=tuple_row, binary=True) as cursor:
            rows = cursor.execute(
                """
                SELECT tenant_id, number, formula, epoch, first_xid::text, first_id, last_xid::text, last_id,
                       event_count, event_ids, event_hashes, suspect_ids, previous_hash, block_hash,
                       to_char(sealed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
                  FROM audit.blocks
                 WHERE number > %(after)s AND number <= %(up_to)s
                 ORDER BY number
                 LIMIT %(limit)s
                """,
                {"after": after, "up_to": up_to, "limit": BLOCKS_A_FETCH},
            ).fetchall()
        yield from map(_block, rows)
        if len(rows) < BLOCKS_A_FETCH:
            return
        after = rows[-1][1]


def _block(row: tuple[Any, ...]) -> Block:
    names = ("tenant_id", "number", "formula", "epoch", "first_xid", "first_id", "last_xid", "last_id", "event_count")
    more = ("event_ids", "event_hashes", "suspect_ids", "previous_hash", "block_hash", "sealed_at")
    values = dict(zip(names + more, row, strict=True))
    return Block(**{**values, "first_xid": int(values["first_xid"]), "last_xid": int(values["last_xid"])})
