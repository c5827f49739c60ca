"""Readings as of a time on a book in which some legs lie ahead of the clock and some behind it, in every mixture."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from tests.ledger.conftest import Book

BEGIN = datetime(2026, 3, 2, 7, tzinfo=UTC)
HISTORIES = int(os.environ.get("HEADGATE_TEST_HISTORIES", "8"))
LEGS = 120
MICROSECOND = timedelta(microseconds=1)

_INSERT = """
    WITH legs AS (
      SELECT u.*, u.n %% 3 = 0 AS turned, sum(u.amount * CASE WHEN u.n %% 3 = 0 THEN -1 ELSE 1 END) OVER (ORDER BY u.n) AS net,
             coalesce(u.effective_at < max(u.effective_at) OVER (ORDER BY u.n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
                      false) AS late
        FROM unnest(%(recorded)s::timestamptz[], %(effective)s::timestamptz[], %(amounts)s::bigint[])
             WITH ORDINALITY u (recorded_at, effective_at, amount, n))
    INSERT INTO ledger.entries (tenant_id, transaction_id, debit_account_id, credit_account_id, amount_minor, debit_seq,
                                debit_net, credit_seq, credit_net, recorded_at, effective_at, effective_on, n, debit_late,
                                credit_late, currency)
    SELECT %(tenant)s, 9000000 + l.n, CASE WHEN l.turned THEN b.other ELSE b.account END,
           CASE WHEN l.turned THEN b.account ELSE b.other END, l.amount, l.n, CASE WHEN l.turned THEN - l.net ELSE l.net END,
           l.n, CASE WHEN l.turned THEN l.net ELSE - l.net END, l.recorded_at, l.effective_at,
           (l.effective_at AT TIME ZONE 'UTC')::date, 1, l.late, l.late, 'USD'
      FROM legs l, (SELECT %(account)s::bigint AS account, %(other)s::bigint AS other) b
"""
_NOTE = """
    UPDATE ledger.accounts a
       SET seq = l.legs, net_minor = CASE WHEN a.id = %(account)s THEN l.net ELSE - l.net END, effective_max = l.latest,
           late_by_max = l.late_by
      FROM (SELECT count(*) AS legs, max(x.before) AS latest, max(x.before - x.effective_at) AS late_by,
                   sum(x.amount_minor * CASE WHEN x.debit_account_id = %(account)s THEN 1 ELSE -1 END) AS net
              FROM (SELECT e.*, max(e.effective_at) OVER (ORDER BY e.transaction_id) AS before FROM ledger.entries e
                     WHERE e.tenant_id = %(tenant)s) x) l
     WHERE a.tenant_id = %(tenant)s AND a.id IN (%(account)s, %(other)s)
"""
_FOLDED = """
    SELECT coalesce(sum(change_minor), 0) FROM ledger.legs
     WHERE account_id = %(account)s AND effective_at <= %(at)s AND recorded_at <= coalesce(%(known)s, 'infinity'::timestamptz)
"""


def history(dice: random.Random) -> tuple[list[datetime], list[datetime]]:
    """When legs were recorded and are effective: plain ones some microseconds after, others ahead or behind by a scale
    that the history keeps to, so that runs of each occur."""
    ahead, behind = dice.choice([0, 0.02, 0.2, 1]), dice.choice([0, 0.02, 0.2, 1])
    pace = dice.choice([timedelta(microseconds=200), timedelta(minutes=1), timedelta(hours=3)])
    far = dice.choice([timedelta(milliseconds=2), timedelta(hours=5), timedelta(days=40)])
    recorded, effective, at = [], [], BEGIN
    for _ in range(LEGS):
        at += pace * dice.choice([0, 1, 1, 2])
        chance = dice.random()
        if chance < ahead:
            moved = far * dice.random()
        elif chance < ahead + behind:
            moved = -timedelta(days=dice.choice([1, 90])) * dice.random()
        else:
            moved = MICROSECOND * dice.choice([0, 20, 1500])
        recorded.append(at)
        effective.append(at + moved)
    return recorded, effective


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(HISTORIES * 2))
def test_legs_ahead_of_the_clock_and_behind_it_are_read_in_their_time(
    book: Book, admin: psycopg.Connection[Any], seed: int
) -> None:
    dice = random.Random(seed)
    recorded, effective = history(dice)
    facts: dict[str, Any] = {"tenant": book.tenant.id, "account": book.cash, "other": book.clearing}
    facts |= {"recorded": recorded, "effective": effective, "amounts": [1 << dice.randrange(30) for _ in recorded]}
    moments = [*dice.sample(effective, 20), *dice.sample(recorded, 10)]
    moments = [moment + MICROSECOND * dice.choice([-1, 0, 1]) for moment in moments]

    with admin.transaction(force_rollback=True):
        admin.execute("SELECT set_config('headgate.tenant_id', %s, true)", [str(book.tenant.id)])
        admin.execute(_INSERT, facts)
        admin.execute(_NOTE, facts)
        admin.execute("SET LOCAL ROLE headgate_app")
        for at in moments:
            for known in (None, dice.choice(recorded)):
                asked = facts | {"at": at, "known": known}
                read = admin.execute("SELECT ledger.balance_as_of(%(account)s, %(at)s, %(known)s)", asked).fetchone()
                assert read == admin.execute(_FOLDED, asked).fetchone(), (at, known)
        begin, end = sorted(dice.sample(moments, 2))
        asked = facts | {"begin": begin, "end": end, "known": None}
        listed = admin.execute(
            "SELECT seq FROM ledger.legs_effective(%(account)s, %(begin)s, %(end)s, %(known)s) ORDER BY 1", asked
        ).fetchall()
        assert [row[0] for row in listed] == [n + 1 for n, at in enumerate(effective) if begin <= at < end]
