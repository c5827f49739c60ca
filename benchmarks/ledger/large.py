"""The book at 10,000,000 transactions: generated in sets, with the sequences and nets that posting would have given.

Transaction g = q·K + j debits account j and credits account j + K/2 (mod K), always the same amount: so each account has
one leg of each side in every K transactions, and its numbers and nets are known without reading anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from headgate import audit
from headgate.core import invariants
from headgate.core.embedded import EmbeddedServer
from headgate.core.terminal import progress

from .clients import Clients
from .ground import Ground, ground, tell
from .plan import Plan, Shape
from .tasks import Result, result

SET_ROWS = 100_000
_ROWS = """
    SELECT %(first)s + g AS id, a.k, g / a.k AS q, g %% a.k AS j, a.ids[1 + g %% a.k] AS debit,
           a.ids[1 + (g + a.k / 2) %% a.k] AS credit, t.recorded_at, l.late,
           t.recorded_at - CASE WHEN l.late THEN (1 + g * 7919 %% 90) * interval '1 day' ELSE interval '0' END AS effective_at
      FROM generate_series(%(from)s::bigint, %(to)s::bigint) g,
           (SELECT %(accounts)s::bigint[] AS ids, %(k)s AS k) a,
           LATERAL (SELECT %(begin)s::timestamptz + g * %(spacing)s::interval AS recorded_at) t,
           LATERAL (SELECT coalesce(g %% nullif(%(late_every)s, 0) = 5, false) AS late) l
"""
_TRANSACTIONS = f"""
    INSERT INTO ledger.transactions (tenant_id, id, recorded_at, effective_at, effective_on, hash_formula, body_hash, key)
    SELECT %(tenant)s, u.id, u.recorded_at, u.effective_at, (u.effective_at AT TIME ZONE 'UTC')::date, 1,
           ledger.body_hash(u.debit || ':' || u.credit || ':100:USD', NULL, NULL, NULL, NULL, NULL, NULL, NULL), md5(u.id::text)
      FROM ({_ROWS}) u
"""
_ENTRIES = f"""
    INSERT INTO ledger.entries (tenant_id, transaction_id, debit_account_id, credit_account_id, amount_minor, debit_seq,
                                debit_net, credit_seq, credit_net, recorded_at, effective_at, effective_on, n, debit_late,
                                credit_late, currency)
    SELECT %(tenant)s, u.id, u.debit, u.credit, 100,
           2 * u.q + CASE WHEN u.j < u.k / 2 THEN 1 ELSE 2 END, CASE WHEN u.j < u.k / 2 THEN 100 ELSE 0 END,
           2 * u.q + CASE WHEN u.j < u.k / 2 THEN 1 ELSE 2 END, CASE WHEN u.j < u.k / 2 THEN -100 ELSE 0 END,
           u.recorded_at, u.effective_at, (u.effective_at AT TIME ZONE 'UTC')::date, 1, u.late, u.late, 'USD'
      FROM ({_ROWS}) u
"""


def generate(
    book: Ground,
    rows: int,
    accounts: tuple[int, ...],
    *,
    begin: str = "2026-01-01T00:00:00Z",
    spacing: str = "1 ms",
    late_every: int = 0,
) -> None:
    """So many transactions over accounts that have no entry yet (an even number of them, without limits).

    With `late_every`, one in so many is backdated by up to 90 days.
    """
    k = len(accounts)
    assert k % 2 == 0 and rows % k == 0, "every account gets a leg of each side in each turn"
    facts: dict[str, Any] = {"tenant": book.tenant_id, "accounts": list(accounts), "k": k, "begin": begin}
    facts |= {"spacing": spacing, "late_every": late_every, "rows": rows, "turns": rows // k}
    with psycopg.connect(book.admin_url, autocommit=True) as connection, progress("generating", rows) as shown:
        row = connection.execute(
            "SELECT setval('ledger.request_ids', nextval('ledger.request_ids') + %s) - %s", (rows, rows)
        ).fetchone()
        facts["first"] = row[0] if row else 0
        told = time.monotonic()
        for start in range(0, rows, SET_ROWS):
            part = facts | {"from": start, "to": min(start + SET_ROWS, rows) - 1}
            with connection.transaction():
                connection.execute(_TRANSACTIONS, part)  # type: ignore[arg-type]
                connection.execute(_ENTRIES, part)  # type: ignore[arg-type]
            shown.update(shown.task_ids[0], completed=part["to"] + 1)
            if time.monotonic() - told > 2:
                told = time.monotonic()
                tell(f"generated {part['to'] + 1:,} of {rows:,}")
        connection.execute(
            """
            UPDATE ledger.accounts a
               SET seq = 2 * %(turns)s, effective_max = l.latest,
                   late_by_max = CASE WHEN %(late_every)s > 0 THEN interval '91 days' ELSE interval '0' END
              FROM (SELECT s.account_id, max(e.effective_at) AS latest
                      FROM ledger.entries e
                     CROSS JOIN LATERAL (VALUES (e.debit_account_id), (e.credit_account_id)) s (account_id)
                     WHERE e.tenant_id = %(tenant)s AND s.account_id = ANY (%(accounts)s)
                     GROUP BY s.account_id) l
             WHERE a.tenant_id = %(tenant)s AND a.id = l.account_id
            """,
            facts,
        )
        for table in ("ledger.transactions", "ledger.entries", "ledger.accounts"):
            connection.execute(f"VACUUM ANALYZE {table}")  # type: ignore[call-overload]


def unused_accounts(book: Ground, count: int) -> tuple[int, ...]:
    """Accounts of the generator's own, without limits."""
    with psycopg.connect(book.admin_url, autocommit=True) as connection:
        connection.execute("SELECT set_config('headgate.tenant_id', %s, false)", (str(book.tenant_id),))
        rows = connection.execute(
            """
            WITH opened AS (
              INSERT INTO ledger.accounts (tenant_id, code, name, type, currency)
              SELECT %(tenant)s, 'generated-' || n || '-' || txid_current(), 'Generated ' || n, 'ASSET', 'USD'
                FROM generate_series(1, %(count)s) n
              RETURNING id, created_at, lo_minor, hi_minor
            )
            INSERT INTO ledger.account_limits (tenant_id, account_id, from_seq, set_at, lo_minor, hi_minor)
            SELECT %(tenant)s, o.id, 0, o.created_at, o.lo_minor, o.hi_minor FROM opened o
            RETURNING account_id
            """,
            {"tenant": book.tenant_id, "count": count},
        ).fetchall()
    return tuple(sorted(int(row[0]) for row in rows))


def long_account(book: Ground, legs: int) -> int:
    """An account with so many entries over the last months, one in a hundred backdated by up to 90 days."""
    one, other = unused_accounts(book, 2)
    begin = datetime.now(UTC) - timedelta(days=120)
    generate(
        book,
        legs // 2 * 2,
        (one, other),
        begin=begin.isoformat(),
        spacing=f"{119 * 86_400_000 // legs} ms",
        late_every=100,
    )
    return one


def shapes(
    plan: Plan, clients: Clients, server: EmbeddedServer, stack: ExitStack, post_shape: Callable[..., Shape]
) -> Iterator[Shape]:
    """Batches on a large book and on an empty one beside it, and the incremental check of the large one."""
    count = min(plan.accounts, plan.large_rows) // 2 * 2
    empty = stack.enter_context(ground(server, plan.accounts, name="empty"))
    full = stack.enter_context(ground(server, plan.accounts, name="large"))
    rows = plan.large_rows // count * count
    tell(f"generating {rows:,} transactions in sets")
    generate(full, rows, unused_accounts(full, count))
    for batch in (1000, 100):
        for name, book in ((f"large_batch_{batch}", full), (f"empty_batch_{batch}", empty)):
            yield post_shape(name, clients, book, transactions=plan.transactions, batch=batch, count=1)
    tell("the first checks go through every entry; the next go on from there")
    audit.seal(full.database, full.tenant_id)
    for _ in range(2):  # What was numbered while the first ran is settled by the second.
        _checked(full)

    def check(seed: int) -> Sequence[Result]:
        begun = time.perf_counter()
        _checked(full)
        return [result(begun, [time.perf_counter() - begun], rows)]

    yield Shape("check_large", 1, 1, check)


def _checked(book: Ground) -> None:
    report = invariants.run_checks(book.database, [book.tenant_id], full=False)
    for found in report.invariants:
        if found.violations:
            tell(f"{found.name} is broken {found.violations:,} times: {found.sample[:1]}")
