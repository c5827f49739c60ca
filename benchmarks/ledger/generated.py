"""A book of any size, generated in sets: rows as posting writes them, with the sequences and nets it would have given.

Transaction g = q·K + j debits account j and credits account j + K/2 (mod K), always the same amount: so each account has
one leg of each side in every K transactions, and its numbers and nets are known without reading anything. The first K/2
transactions carry `first_minor` instead, which funds the second half of the accounts. Each transaction has its audit
event and its outbox row, relayed already; what is not there is what calls other than postings would leave.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg

from headgate.core.terminal import progress

from ..shared.ground import tell
from .ground import Ground

SET_ROWS = 100_000
AMOUNT_MINOR = 100
# The indexes whose entries come in no order: kept up row by row they cost ten times what one sort costs.
_UNORDERED = (
    ("ledger.transactions", "transactions_one_a_key"),
    ("ledger.entries", "entries_debit_sequence"),
    ("ledger.entries", "entries_credit_sequence"),
)
_TABLES = ("ledger.transactions", "ledger.entries", "ledger.accounts", "audit.events", "messaging.outbox_messages")


@dataclass(frozen=True)
class Times:
    """When the transactions are recorded and effective: one in `late_every` is backdated by up to 90 days, one in
    `ahead_every` is effective at a later hour of its day (what is effective on a later day is no entry before its day)."""

    begin: datetime
    spacing: timedelta
    late_every: int = 0
    ahead_every: int = 0

    @property
    def are_plain(self) -> bool:
        """Whether every transaction is effective when it is recorded."""
        return not (self.late_every or self.ahead_every)


_ROWS = """
    SELECT x.*, coalesce(x.effective_at < x.before, false) AS late
      FROM (SELECT y.*, greatest(%(before)s::timestamptz, max(y.effective_at) OVER (ORDER BY y.g ROWS BETWEEN UNBOUNDED PRECEDING
                                                                                   AND 1 PRECEDING)) AS before
              FROM (SELECT t.*, CASE WHEN t.g %% nullif(%(late_every)s, 0) = 5
                                     THEN t.recorded_at - (t.g * 7919 %% 7776000) * interval '1 second'
                                     WHEN t.g %% nullif(%(ahead_every)s, 0) = 55
                                     THEN t.recorded_at + (t.g * 7919 %% 997 / 1000.0)
                                          * (date_trunc('day', t.recorded_at, 'UTC') + interval '1 day' - t.recorded_at)
                                     ELSE t.recorded_at END AS effective_at FROM ({plain}) t) y) x
"""
_PLAIN = """
    SELECT g, %(first)s + g AS id, a.k, g / a.k AS q, g %% a.k AS j, a.ids[1 + g %% a.k] AS debit,
           a.ids[1 + (g + a.k / 2) %% a.k] AS credit, %(begin)s::timestamptz + g * %(spacing)s::interval AS recorded_at,
           CASE WHEN g < a.k / 2 THEN %(first_minor)s ELSE %(amount_minor)s END AS amount
      FROM generate_series(%(from)s::bigint, %(to)s::bigint) g, (SELECT %(accounts)s::bigint[] AS ids, %(k)s AS k) a
"""
_ALL_NOW = "SELECT t.*, t.recorded_at AS effective_at, false AS late FROM ({plain}) t"
_TRANSACTIONS = """
    INSERT INTO ledger.transactions (tenant_id, id, recorded_at, effective_at, effective_on, hash_formula, body_hash, key)
    SELECT %(tenant)s, u.id, u.recorded_at, u.effective_at, (u.effective_at AT TIME ZONE 'UTC')::date, 1,
           ledger.body_hash(u.debit || ':' || u.credit || ':' || u.amount || ':USD', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
           md5(u.id::text)
      FROM ({rows}) u
"""
# Of each turn the first half takes an account away from its rest and the second brings it back.
_ENTRIES = """
    INSERT INTO ledger.entries (tenant_id, transaction_id, debit_account_id, credit_account_id, amount_minor, debit_seq,
                                debit_net, credit_seq, credit_net, recorded_at, effective_at, effective_on, n, debit_late,
                                credit_late, currency)
    SELECT %(tenant)s, u.id, u.debit, u.credit, u.amount,
           2 * u.q + CASE WHEN u.j < u.k / 2 THEN 1 ELSE 2 END,
           CASE WHEN u.j < u.k / 2 THEN %(first_minor)s ELSE %(amount_minor)s - %(first_minor)s END,
           2 * u.q + CASE WHEN u.j < u.k / 2 THEN 1 ELSE 2 END,
           CASE WHEN u.j < u.k / 2 THEN - %(first_minor)s ELSE %(first_minor)s - %(amount_minor)s END,
           u.recorded_at, u.effective_at, (u.effective_at AT TIME ZONE 'UTC')::date, 1, u.late, u.late, 'USD'
      FROM ({rows}) u
"""
_EVENTS = """
    INSERT INTO audit.events (tenant_id, id, event_time, xid, epoch, formula, type, actor_type, actor_id, data, witness)
    SELECT %(tenant)s, u.event, u.recorded_at, u.xid, u.epoch, 1, 'ledger.transaction.posted', 'system', 'bench', u.data,
           audit.witness(%(tenant)s, u.event, u.recorded_at, u.xid, u.epoch, 1::smallint, 'ledger.transaction.posted', 'system',
                         'bench', NULL, NULL, NULL, NULL, u.data)
      FROM (SELECT %(first_event)s + r.g AS event, r.recorded_at, n.xid, n.epoch,
                   ('{{"transaction_id":' || r.id || ',"entries":[{{"debit":' || r.debit || ',"credit":' || r.credit
                     || ',"amount_minor":' || r.amount || ',"currency":"USD"}}]}}')::jsonb AS data
              FROM ({plain}) r, (SELECT pg_current_xact_id() AS xid, audit.current_epoch() AS epoch) n) u
"""
_MESSAGES = """
    INSERT INTO messaging.outbox_messages (tenant_id, id, created_at, available_at, event_type, aggregate_type, aggregate_id,
                                           audit_event_id, audit_xid, audit_epoch, published_at)
    SELECT %(tenant)s, %(first_message)s + u.g, u.recorded_at, u.recorded_at, 'ledger.transaction.posted', 'transaction',
           u.id::text, %(first_event)s + u.g, n.xid, n.epoch, u.recorded_at + interval '0.2 s'
      FROM ({plain}) u, (SELECT pg_current_xact_id() AS xid, audit.current_epoch() AS epoch) n
"""


def generate(
    book: Ground,
    rows: int,
    accounts: Sequence[int],
    times: Times,
    *,
    first_minor: int = AMOUNT_MINOR,
    in_bulk: bool = False,
) -> None:
    """So many transactions over accounts that have no entry yet, an even number of them, of which the second half may
    be limited where `first_minor` funds it. `in_bulk` builds the indexes afterwards, on a database that nobody uses."""
    k = len(accounts)
    assert k % 2 == 0 and rows % k == 0, "every account gets a leg of each side in each turn"
    facts: dict[str, Any] = {"tenant": book.tenant_id, "accounts": list(accounts), "k": k, "begin": times.begin}
    facts |= {
        "spacing": times.spacing,
        "late_every": times.late_every,
        "ahead_every": times.ahead_every,
        "before": None,
    }
    facts |= {"first_minor": first_minor, "amount_minor": AMOUNT_MINOR, "turns": rows // k, "rows": rows}
    with psycopg.connect(book.admin_url, autocommit=True) as connection:
        for name, sequence in (
            ("first", "ledger.request_ids"),
            ("first_event", "audit.event_id"),
            ("first_message", "messaging.message_id"),
        ):
            facts[name] = _numbers(connection, sequence, rows)
        connection.execute("SET ROLE headgate_owner")
        for table in ("audit.events", "messaging.outbox_messages"):
            connection.execute("SELECT core.partition_by_month(%s::regclass, 2, %s::date)", (table, times.begin.date()))
        connection.execute("SELECT audit.add_months(2)")
        connection.execute("RESET ROLE")
        with _built_afterwards(book, connection) if in_bulk else _as_it_stands():
            _fill(book, facts, times)
        tell("noting what the accounts have")
        _note_on_accounts(connection, facts, times)
        for table in _TABLES:
            connection.execute(f"VACUUM ANALYZE {table}")  # type: ignore[call-overload]
        connection.execute("CHECKPOINT")


def _numbers(connection: psycopg.Connection[Any], sequence: str, count: int) -> int:
    row = connection.execute(
        "SELECT setval(%(sequence)s::regclass, nextval(%(sequence)s::regclass) + %(count)s) - %(count)s",
        {"sequence": sequence, "count": count},
    ).fetchone()
    return int(row[0]) if row else 0


def _fill(book: Ground, facts: dict[str, Any], times: Times) -> None:
    """Set after set: by as many workers as there are cores, or in order where a row depends on those before it."""
    rows = facts["rows"]
    parts = [facts | {"from": at, "to": min(at + SET_ROWS, rows) - 1} for at in range(0, rows, SET_ROWS)]
    done = _Done(rows)
    with done.shown:
        if times.are_plain:
            workers = min(os.cpu_count() or 1, len(parts))
            with ThreadPoolExecutor(workers) as pool:
                list(pool.map(lambda place: _work(book, parts[place::workers], done, is_plain=True), range(workers)))
        else:
            _work(book, parts, done, is_plain=False)


class _Done:
    """How many rows are there already."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.done = 0
        self.shown = progress("generating", rows)
        self._lock = threading.Lock()
        self._told = self._begun = time.monotonic()

    def add(self, rows: int) -> None:
        """Count them; say it every two seconds."""
        with self._lock:
            self.done += rows
            now = time.monotonic()
            if now - self._told > 2 or self.done == self.rows:
                self._told = now
                left = (now - self._begun) / self.done * (self.rows - self.done)
                tell(f"generated {self.done:,} of {self.rows:,}, {left:,.0f} s to go")


def _work(book: Ground, parts: Sequence[dict[str, Any]], done: _Done, *, is_plain: bool) -> None:
    rows = (_ALL_NOW if is_plain else _ROWS).format(plain=_PLAIN)
    statements = [text.format(rows=rows, plain=_PLAIN) for text in (_TRANSACTIONS, _ENTRIES, _EVENTS, _MESSAGES)]
    before: Any = None
    # Planned anew each time: with the accounts known, not cast anew for each row.
    with psycopg.connect(book.admin_url, autocommit=True, prepare_threshold=None) as connection:
        connection.execute("SELECT set_config('headgate.tenant_id', %s, false)", (str(book.tenant_id),))
        connection.execute("SET synchronous_commit = off")
        for part in parts:
            with connection.transaction():
                for statement in statements:
                    # The log refuses every hand but the posting functions' role.
                    connection.execute("SET ROLE headgate_poster" if "INTO audit." in statement else "RESET ROLE")
                    connection.execute(statement, part | {"before": before})  # type: ignore[call-overload]
            if not is_plain:
                latest = connection.execute(
                    f"SELECT max(greatest(before, effective_at)) FROM ({rows}) u",  # type: ignore[call-overload]
                    part | {"before": before},
                ).fetchone()
                before = latest[0] if latest else None
            done.add(part["to"] - part["from"] + 1)


def _note_on_accounts(connection: psycopg.Connection[Any], facts: dict[str, Any], times: Times) -> None:
    """What posting would have left on the accounts' rows."""
    late_by = (
        """
        SELECT max(x.before - x.effective_at)
          FROM (SELECT e.effective_at, max(e.effective_at) OVER (ORDER BY e.transaction_id) AS before
                  FROM ledger.entries e
                 WHERE e.tenant_id = %(tenant)s AND e.transaction_id BETWEEN %(first)s AND %(first)s + %(rows)s) x
        """
        if not times.are_plain
        else "SELECT interval '0'"
    )
    connection.execute(
        f"""
        WITH latest AS (
          SELECT s.account_id, max(e.effective_at) AS at
            FROM ledger.entries e
           CROSS JOIN LATERAL (VALUES (e.debit_account_id), (e.credit_account_id)) s (account_id)
           WHERE e.tenant_id = %(tenant)s AND e.transaction_id BETWEEN %(first)s AND %(first)s + %(rows)s
           GROUP BY s.account_id)
        UPDATE ledger.accounts a
           SET seq = 2 * %(turns)s, effective_max = l.at, late_by_max = ({late_by}),
               net_minor = CASE WHEN p.place <= %(k)s / 2 THEN %(first_minor)s - %(amount_minor)s
                                ELSE %(amount_minor)s - %(first_minor)s END
          FROM latest l, unnest(%(accounts)s::bigint[]) WITH ORDINALITY p (id, place)
         WHERE a.tenant_id = %(tenant)s AND a.id = p.id AND l.account_id = p.id
        """,  # type: ignore[call-overload]
        facts,
    )


@contextmanager
def _as_it_stands() -> Iterator[None]:
    yield


@contextmanager
def _built_afterwards(book: Ground, connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Without the indexes whose entries come in no order, and with room for WAL; both are afterwards as they were."""
    definitions = []
    for table, name in _UNORDERED:
        row = connection.execute(
            "SELECT pg_get_constraintdef(c.oid) FROM pg_constraint c WHERE c.conrelid = %s::regclass AND c.conname = %s",
            (table, name),
        ).fetchone()
        assert row is not None, f"{table} has no {name}"
        definitions.append((table, name, str(row[0])))
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")  # type: ignore[call-overload]
    connection.execute("ALTER SYSTEM SET max_wal_size = '8GB'")
    connection.execute("SELECT pg_reload_conf()")
    yield
    tell("building the indexes that production has")
    tables = sorted({table for table, _, _ in definitions})
    with ThreadPoolExecutor(len(tables)) as pool:
        list(pool.map(lambda table: _build(book, [one for one in definitions if one[0] == table]), tables))
    connection.execute("ALTER SYSTEM RESET max_wal_size")
    connection.execute("SELECT pg_reload_conf()")


def _build(book: Ground, definitions: Sequence[tuple[str, str, str]]) -> None:
    with psycopg.connect(book.admin_url, autocommit=True) as connection:
        connection.execute("SET maintenance_work_mem = '512MB'")
        for table, name, definition in definitions:
            connection.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")  # type: ignore[call-overload]
