"""Balance monitors announce the transition, in the transaction that makes it, and nothing else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from tests import checks, make
from tests.ledger.conftest import Book, by_hand

from headgate import ledger, tenants
from headgate.core.money import Money
from headgate.ledger import BalanceMonitor, Entry, Posted, Posting


def watch(book: Book, threshold: str, account: int | None = None, **facts: Any) -> BalanceMonitor:
    found: BalanceMonitor = book.do(
        ledger.add_monitor,
        **(
            {
                "account": account or book.client,
                "what": "available",
                "comparison": "below",
                "threshold": make.usd(threshold),
                "name": "low",
            }
            | facts
        ),
    )
    return found


def told(book: Book) -> list[tuple[str, int]]:
    """What was announced, in order: crossed or cleared, and the balance."""
    with book.begin() as tx:
        rows = tx.all(
            """
            SELECT o.event_type, (e.data ->> 'balance_minor')::bigint AS balance
              FROM messaging.outbox_messages o
              JOIN audit.events e ON e.tenant_id = o.tenant_id AND e.id = o.audit_event_id
             WHERE o.event_type IN ('ledger.monitor.crossed', 'ledger.monitor.cleared')
             ORDER BY e.id
            """
        )
    return [(row["event_type"].split(".")[-1], row["balance"]) for row in rows]


def state(book: Book, monitor: BalanceMonitor) -> tuple[bool, str]:
    found = book.do(ledger.get_monitor, monitor.id)
    return found.is_crossed, str(found.balance.major)


def test_only_the_transition_is_announced(book: Book) -> None:
    book.fund("100.00")
    monitor = watch(book, "50.00", what="posted")
    assert (monitor.is_crossed, monitor.balance) == (False, make.usd("100.00"))

    for amount in ("40.00", "10.00"):
        book.post(book.client, book.clearing, amount)
    assert told(book) == []  # equal to the threshold is not below it
    book.post(book.client, book.clearing, "0.01")
    book.post(book.client, book.clearing, "1.00")
    book.post(book.client, book.clearing, "500.00")
    book.fund("1.01")
    book.fund("5.00")

    assert told(book) == [("crossed", 4999), ("cleared", 5000)]
    assert state(book, monitor) == (False, "55.00")


def test_above_is_the_other_side(book: Book) -> None:
    monitor = watch(book, "10.00", account=book.cash, comparison="above", what="posted")

    book.fund("10.00")
    book.fund("0.01")
    book.post(book.client, book.cash, "0.01")

    assert told(book) == [("crossed", 1001), ("cleared", 1000)]
    assert state(book, monitor) == (False, "10.00")


def test_reservations_move_what_is_available_and_not_what_is_posted(book: Book) -> None:
    book.fund("100.00")
    watch(book, "50.00")
    posted = watch(book, "50.00", what="posted")

    held = book.reserved("60.00")
    assert told(book) == [("crossed", 4000)]
    book.capture(held, "20.00")
    assert told(book) == [("crossed", 4000)]
    book.do(ledger.release, held.id)

    assert told(book) == [("crossed", 4000), ("cleared", 8000)]
    assert state(book, posted) == (False, "80.00")


def test_what_expires_clears_a_monitor_when_it_is_marked(book: Book) -> None:
    book.fund("100.00")
    watch(book, "50.00")
    with book.begin() as tx:
        now = tx.now()
    book.reserved("60.00", expires_at=now + timedelta(hours=1))
    book.do(tenants.move_clock, by=timedelta(hours=2))

    book.do(ledger.expire_due)

    assert told(book) == [("crossed", 4000), ("cleared", 10000)]


def test_pending_outflows_move_what_is_available(book: Book) -> None:
    book.fund("100.00")
    watch(book, "50.00")

    pending = book.post(book.client, book.clearing, "60.00", pending=True)
    assert isinstance(pending, Posted)
    assert told(book) == [("crossed", 4000)]
    book.do(ledger.void, transaction_id=pending.transaction_id, reason="x")

    assert told(book) == [("crossed", 4000), ("cleared", 10000)]


def test_a_batch_is_judged_by_where_it_ends(book: Book) -> None:
    monitor = watch(book, "50.00", what="posted")
    assert monitor.is_crossed

    entry = [Entry(book.cash, book.client, make.usd("10.00"))]
    book.do(ledger.post_many, [Posting(f"b{n}", entry) for n in range(9)])

    assert told(book) == [("cleared", 9000)]


def test_what_is_rolled_back_or_refused_is_not_announced(book: Book) -> None:
    book.fund("100.00")
    watch(book, "50.00")

    with pytest.raises(RuntimeError), book.begin() as tx:
        ledger.post(tx, idempotency_key="k", entries=[Entry(book.client, book.clearing, make.usd("90.00"))])
        raise RuntimeError
    book.post(book.client, book.clearing, "100.01")

    assert told(book) == []


def test_a_removed_monitor_says_nothing_and_the_account_is_watched_no_more(book: Book) -> None:
    book.fund("100.00")
    first, second = watch(book, "50.00"), watch(book, "20.00")

    book.do(ledger.remove_monitor, first.id)
    book.post(book.client, book.clearing, "60.00")

    assert told(book) == []
    assert book.do(ledger.list_monitors, account=book.client) == [book.do(ledger.get_monitor, second.id)]
    book.do(ledger.remove_monitor, second.id)
    assert book.count("ledger.accounts", "is_watched") == 0
    with pytest.raises(ledger.MonitorNotFound):
        book.do(ledger.remove_monitor, second.id)
    with pytest.raises(ledger.MonitorNotFound):
        book.do(ledger.get_monitor, second.id)


def test_a_monitor_that_cannot_be_is_refused(book: Book, other: Book) -> None:
    for facts in (
        {"what": "pending"},
        {"comparison": "equal"},
        {"name": ""},
    ):
        with pytest.raises(ledger.MalformedMonitor):
            watch(book, "1.00", **facts)
    with pytest.raises(ledger.MalformedMonitor):
        euro = Money(100, "EUR")
        book.do(ledger.add_monitor, account=book.client, what="posted", comparison="below", threshold=euro, name="x")
    with pytest.raises(ledger.AccountNotFound):
        watch(book, "1.00", account=other.client)
    with pytest.raises(ledger.MonitorNotFound):
        book.do(ledger.remove_monitor, watch(other, "1.00").id)


def test_postings_at_once_announce_each_change_of_side_once(book: Book) -> None:
    book.fund("10.00")
    watch(book, "5.00", what="posted")

    def work(number: int) -> Any:
        return (
            book.post(book.client, book.clearing, "1.00") if number % 2 else book.post(book.cash, book.client, "1.00")
        )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(80)))
    while book.do(ledger.balance, book.client).posted.minor >= 500:
        book.post(book.client, book.clearing, "1.00")

    sides = [side for side, _ in told(book)]
    assert sides == ["crossed", "cleared"] * (len(sides) // 2) + ["crossed"]


@pytest.mark.plants
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger.balance_monitors SET is_crossed = NOT is_crossed WHERE tenant_id = '{tenant}'",
        "UPDATE ledger.accounts SET is_watched = NOT is_watched WHERE tenant_id = '{tenant}' AND id = {client}",
    ],
)
def test_the_invariant_sees_what_is_planted(book: Book, admin: psycopg.Connection[Any], statement: str) -> None:
    watch(book, "5.00")
    with by_hand(admin) as hand:
        hand.execute(statement.format(tenant=book.tenant.id, client=book.client))  # type: ignore[arg-type]

    report = checks.run(book.database, [book.tenant.id], full=False)

    assert "ledger.monitors" in {found.name for found in report.invariants if found.violations}
