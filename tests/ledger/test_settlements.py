"""Settlement cut-offs: each leg is settled once, and what is recorded late is taken by the next one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from tests import checks, make
from tests.ledger.conftest import Book, by_hand

from headgate import ledger
from headgate.ledger import Settlement

pytestmark = pytest.mark.slow

NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = timedelta(hours=1)
MONDAY, TUESDAY, WEDNESDAY = NOW - 72 * HOUR, NOW - 48 * HOUR, NOW - 24 * HOUR


def cut(book: Book, name: str, at: datetime, account: int | None = None) -> Settlement:
    found: Settlement = book.do(ledger.cut_off, account=account or book.client, at=at, name=name)
    return found


def sums(found: Settlement) -> tuple[int, int, str]:
    return found.legs, found.late_legs, str(found.amount.major)


def test_a_cut_off_takes_what_is_recorded_and_effective_by_then(book: Book) -> None:
    book.post(book.cash, book.client, "10.00", effective_at=MONDAY - HOUR)
    book.post(book.client, book.clearing, "4.00", effective_at=MONDAY)
    book.post(book.cash, book.client, "1.00", effective_at=MONDAY + HOUR)

    monday = cut(book, "monday", MONDAY)
    tuesday = cut(book, "tuesday", TUESDAY)

    assert sums(monday) == (2, 0, "6.00")
    assert (monday.debits, monday.credits) == (make.usd("4.00"), make.usd("10.00"))
    assert sums(tuesday) == (1, 0, "1.00")
    assert [found.name for found in book.do(ledger.list_settlements, account=book.client)] == ["tuesday", "monday"]
    legs = book.do(ledger.settled_legs, monday.id)
    assert [(leg.seq, str(leg.amount.major)) for leg in legs] == [(1, "10.00"), (2, "-4.00")]
    assert book.count("messaging.outbox_messages", "event_type = 'ledger.settlement.cut_off'") == 2


def test_a_late_backdated_entry_is_taken_by_the_next_cut_off(book: Book) -> None:
    book.post(book.cash, book.client, "10.00", effective_at=MONDAY - HOUR)
    book.post(book.cash, book.client, "3.00", effective_at=WEDNESDAY)
    cut(book, "monday", MONDAY)
    book.post(book.cash, book.client, "0.50", effective_at=MONDAY - 2 * HOUR)

    tuesday, wednesday = cut(book, "tuesday", TUESDAY), cut(book, "wednesday", WEDNESDAY)

    assert sums(tuesday) == (1, 1, "0.50")
    assert sums(wednesday) == (1, 0, "3.00")
    with book.begin() as tx:
        assert tx.values("SELECT through_seq FROM ledger.settlements ORDER BY id") == [1, 1, 3]
    assert sums(cut(book, "again", WEDNESDAY)) == (0, 0, "0.00")


def test_each_account_is_settled_by_itself(book: Book) -> None:
    book.fund("5.00")

    assert sums(cut(book, "one", NOW)) == (0, 0, "0.00")
    with book.begin() as tx:
        now = tx.now()
    assert sums(cut(book, "client", now)) == (1, 0, "5.00")
    assert sums(cut(book, "client", now, book.cash)) == (1, 0, "5.00")


def test_the_same_name_gives_the_first_settlement_again(book: Book) -> None:
    book.post(book.cash, book.client, "10.00", effective_at=MONDAY)
    first = cut(book, "monday", MONDAY)
    book.post(book.cash, book.client, "1.00", effective_at=MONDAY)

    again = cut(book, "monday", MONDAY)

    assert again.replayed
    assert (again.id, sums(again)) == (first.id, (1, 0, "10.00"))
    with pytest.raises(ledger.SettlementExists):
        cut(book, "monday", TUESDAY)
    with pytest.raises(ledger.CutOffInFuture):
        cut(book, "tomorrow", NOW + 24 * HOUR)
    with pytest.raises(ledger.MalformedSettlement):
        cut(book, "", MONDAY)
    with pytest.raises(ledger.AccountNotFound):
        cut(book, "x", MONDAY, 10**9)
    assert book.count("ledger.settlements") == 1


def test_cut_offs_and_postings_at_once_settle_each_leg_once(book: Book) -> None:
    def work(number: int) -> Any:
        if number % 10 == 9:
            return cut(book, f"cut {number}", NOW - (130 - number) * timedelta(minutes=1))
        return book.post(book.cash, book.client, "1.00", effective_at=NOW - (number * 37 % 120) * timedelta(minutes=1))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(work, range(120)))
    last = cut(book, "last", NOW)

    settled = [found for found in answers if isinstance(found, Settlement)] + [last]
    assert sum(found.legs for found in settled) == 108
    assert sum(found.amount.minor for found in settled) == 10_800
    assert book.count("ledger.settlement_legs") == 108


@pytest.mark.plants
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger.settlements SET legs = legs + 1 WHERE tenant_id = '{tenant}'",
        "UPDATE ledger.settlements SET credit_minor = credit_minor + 1 WHERE tenant_id = '{tenant}'",
        "DELETE FROM ledger.settlement_legs WHERE tenant_id = '{tenant}' AND seq = 1",
        "UPDATE ledger.settlement_legs SET seq = 77 WHERE tenant_id = '{tenant}'",
        "UPDATE ledger.entries SET effective_at = now() WHERE tenant_id = '{tenant}'",
    ],
)
def test_the_invariant_sees_what_is_planted(book: Book, admin: psycopg.Connection[Any], statement: str) -> None:
    book.post(book.cash, book.client, "10.00", effective_at=MONDAY)
    cut(book, "monday", MONDAY)

    with by_hand(admin) as hand:
        for table in ("settlements", "settlement_legs"):
            hand.execute(f"ALTER TABLE ledger.{table} DISABLE TRIGGER append_only")  # type: ignore[arg-type]
        assert hand.execute(statement.format(tenant=book.tenant.id)).rowcount == 1  # type: ignore[arg-type]
        for table in ("settlements", "settlement_legs"):
            hand.execute(f"ALTER TABLE ledger.{table} ENABLE ALWAYS TRIGGER append_only")  # type: ignore[arg-type]

    report = checks.run(book.database, [book.tenant.id])
    assert "ledger.settlements" in {found.name for found in report.invariants if found.violations}


def test_another_tenants_settlement_is_not_there(book: Book, other: Book) -> None:
    other.fund("1.00")
    with other.begin() as tx:
        now = tx.now()
    found = cut(other, "x", now)

    with pytest.raises(ledger.SettlementNotFound):
        book.do(ledger.get_settlement, found.id)
    with pytest.raises(ledger.SettlementNotFound):
        book.do(ledger.settled_legs, found.id)
    with pytest.raises(ledger.AccountNotFound):
        cut(book, "x", now, other.client)
