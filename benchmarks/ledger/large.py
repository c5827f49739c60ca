"""The book at 10,000,000 transactions, beside an empty one on the same server; and an account of 1,000,000 entries."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import psycopg

from headgate import audit
from headgate.core import invariants
from headgate.core.embedded import EmbeddedServer

from ..shared.clients import Clients
from ..shared.ground import tell
from .generated import Times, generate
from .ground import FUNDS_MINOR, Ground, ground
from .plan import Plan, Shape
from .tasks import Result, result

CHECK = "check_large"
WHOLE_CHECK = "check_large_whole"
WARM_UP_SHARE = 50
SPAN = timedelta(days=20)
"""Over how many days the large book was posted: half a million transactions a day at ten millions."""


_SEED = 10**9
"""Of the warm-up: the rounds' own keys are others."""


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
    """An account with so many entries over the last four months; of a hundred one is backdated by up to 90 days, and one
    is effective at a later hour of its day, which makes most of what is posted until then late."""
    one, other = unused_accounts(book, 2)
    begin = datetime.now(UTC) - timedelta(days=120)
    spacing = timedelta(days=119) / legs
    generate(book, legs // 2 * 2, (one, other), Times(begin, spacing, late_every=100, ahead_every=100))
    return one


def shapes(
    plan: Plan, clients: Clients, server: EmbeddedServer, stack: ExitStack, post_shape: Callable[..., Shape]
) -> Iterator[Shape]:
    """Batches on a large book and on an empty one beside it, and the check of the large one.

    The keys are random, as callers' own are: those of the large book's index are found all over it.
    """
    names = {f"{name}_batch_{batch}" for name in ("large", "empty") for batch in (100, 1000)} | {CHECK, WHOLE_CHECK}
    if plan.only and not names & set(plan.only):
        return
    count = min(plan.accounts, plan.large_rows) // 2 * 2
    empty = stack.enter_context(ground(server, plan.accounts, name="empty"))
    full = stack.enter_context(ground(server, count, name="large", is_funded=False))
    rows = plan.large_rows // count * count
    limited = set(full.limited)
    unlimited = [account for account in full.accounts if account not in limited]
    spacing = SPAN / rows
    tell(f"generating {rows:,} transactions in sets")
    begin = datetime.now(UTC) - SPAN
    generate(full, rows, [*unlimited, *full.limited], Times(begin, spacing), first_minor=FUNDS_MINOR, in_bulk=True)
    tell("sealing their audit events")
    audit.seal(full.database, full.tenant_id)
    is_checked = not plan.only or bool({CHECK, WHOLE_CHECK} & set(plan.only))
    if is_checked:
        tell("the first check goes through every entry; the next go on from there")
        first = _checked(full, rows)
    # The first change of a page after a checkpoint writes it whole; a server that goes on posting has those behind it. The
    # first check takes so long that a checkpoint falls into it.
    warm_up = max(1, rows // WARM_UP_SHARE)
    for name, book in (("large", full), ("empty", empty)):
        tell(f"posting {warm_up:,} transactions to the {name} book first")
        batch = min(10_000, warm_up)
        post_shape("", clients, book, transactions=warm_up, batch=batch, count=1, has_random_keys=True).measure(_SEED)
    if is_checked:
        _checked(full, rows)  # What was numbered while the first ran is settled by the second.
    for batch in (1000, 100):
        for name, book in (("large", full), ("empty", empty)):
            yield post_shape(
                f"{name}_batch_{batch}",
                clients,
                book,
                transactions=plan.transactions,
                batch=batch,
                count=1,
                has_random_keys=True,
            )
    if is_checked:
        yield Shape(WHOLE_CHECK, 1, 1, lambda seed: first, rounds=1)
        yield Shape(CHECK, 1, 1, lambda seed: _checked(full, rows))


def _checked(book: Ground, rows: int) -> Sequence[Result]:
    _relay(book)
    begun = time.perf_counter()
    report = invariants.run_checks(book.database, [book.tenant_id], full=False)
    ended = time.perf_counter()
    for found in report.invariants:
        if found.violations:
            tell(f"{found.name} is broken {found.violations:,} times: {found.sample[:1]}")
    return [result(begun, [ended - begun], rows)]


def _relay(book: Ground) -> None:
    """What was posted is published, as it is within a second where a relay runs: no consumer subscribes here."""
    with psycopg.connect(book.admin_url, autocommit=True) as connection:
        connection.execute(
            "UPDATE messaging.outbox_messages SET published_at = clock_timestamp() "
            "WHERE published_at IS NULL AND dead_at IS NULL"
        )
