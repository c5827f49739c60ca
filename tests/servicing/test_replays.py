"""Histories of envelopes and returns, told through the whole pipeline again, in any order, in part: the book is the same.

envelopes → ingest_payments → validate → classify → allocate → post → the loans, the dues, the lines, the ledger
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests import make
from tests.checks import judge
from tests.ingestion.envelopes import envelope, raw
from tests.servicing.scenes import day, monthly
from tests.servicing.stories import at, board, book, cases_of, count, final

from headgate import ingestion, servicing
from headgate.core.db import Database
from headgate.ingestion import Arrival
from headgate.messaging import deliver_waiting
from headgate.servicing import NewReturn

CHANNELS = ("ach", "wire", "check", "realtime")
LOANS = ("L-1", "L-2")
TODAY = 200

Event = tuple[str, int]
"""`paid` or `back`, and the number of the payment."""

PAYMENTS = st.lists(
    st.tuples(st.sampled_from(LOANS), st.integers(0, 130), st.integers(1, 2_600), st.booleans()), min_size=1, max_size=6
)
"""Loan, day, cents, and whether it comes back."""


class Books:
    """Empty books of the same two loans, and one history that is told into them."""

    def __init__(self, database: Database, payments: Sequence[tuple[str, int, int, bool]]) -> None:
        self.database, self.payments = database, payments

    def open(self) -> make.TenantFixture:
        """A tenant with the two loans, posted live over every channel."""
        tenant = make.tenant(self.database)
        with self.database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
            at(tx, day(TODAY))
            for loan in LOANS:
                board(tx, tenant, loan, monthly(4, fees=30))
            for channel in CHANNELS:
                servicing.set_posting_mode(tx, channel=channel, mode="live", reason="a test")
        return tenant

    def tell(self, tenant: make.TenantFixture, events: Sequence[Event], *, at_once: int = 1) -> None:
        """These events in their order, so many envelopes a file; after each file the pipeline runs empty."""
        for first in range(0, len(events), at_once):
            with self.database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
                told = events[first : first + at_once]
                ingestion.ingest_payments(tx, [Arrival(self._envelope(n)) for what, n in told if what == "paid"])
                for what, n in told:
                    if what == "back":
                        servicing.record_return(tx, NewReturn("column", f"ret_{n}", f"acht_{n}", "R02", day(140)))
            deliver_waiting(self.database)

    def seen(self, tenant: make.TenantFixture) -> dict[str, Any]:
        """The loans, their dues, where every payment that stands lies, and the ledger."""
        with self.database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
            return {loan: final(tx, loan) for loan in LOANS} | {"book": book(tx)}

    def counted(self, tenant: make.TenantFixture) -> dict[str, int]:
        with self.database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
            return {name: rows for name, rows in count(tx).items() if name != "messages"}

    def _envelope(self, n: int) -> bytes:
        loan, on, minor, _ = self.payments[n]
        facts = {"transfer": f"acht_{n}", "reference": f"ref {n}", "channel": CHANNELS[n % len(CHANNELS)]}
        return raw(envelope(loan, minor, on=day(on).isoformat(), **facts))  # type: ignore[arg-type]


@pytest.mark.slow
def test_any_telling_of_a_history_comes_to_the_same_book(
    empty_database: Database, request: pytest.FixtureRequest
) -> None:
    """Again with duplicates: nothing moves. Shuffled, in files of any size: the same. What came back: never had it."""
    database = empty_database
    deliver_waiting(database)

    @settings(
        max_examples=max(3, request.config.getoption("--histories") // 3),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(payments=PAYMENTS, data=st.data())
    def search(payments: list[tuple[str, int, int, bool]], data: st.DataObject) -> None:
        books = Books(database, payments)
        events: list[Event] = [("paid", n) for n in range(len(payments))]
        events += [("back", n) for n, payment in enumerate(payments) if payment[3]]
        straight = sorted(events, key=lambda one: (one[0] == "back", payments[one[1]][1], one[1]))
        shuffled = data.draw(st.permutations(events))
        again = [*shuffled, *data.draw(st.lists(st.sampled_from(events), max_size=6))]
        one, other, never = books.open(), books.open(), books.open()

        books.tell(one, straight, at_once=len(straight))
        books.tell(other, again, at_once=data.draw(st.integers(1, 4)))
        books.tell(never, [event for event in straight if not payments[event[1]][3]], at_once=3)
        first, before = books.seen(one), books.counted(one)
        books.tell(one, again, at_once=2)

        assert (books.seen(one), books.counted(one)) == (first, before)
        assert books.seen(other) == first
        assert books.seen(never) == first
        assert first["book"].get("CASH", 0) == -sum(minor for _, _, minor, is_back in payments if not is_back)
        judge(database, [one.id, other.id, never.id])

    search()


@pytest.mark.slow
def test_a_return_that_is_early_waits_and_finds_its_original(empty_database: Database) -> None:
    database = empty_database
    deliver_waiting(database)
    books = Books(database, [("L-1", 5, 1_000, True), ("L-1", 6, 1_000, False)])
    tenant, never = books.open(), books.open()

    books.tell(tenant, [("back", 0), ("back", 0)])
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        waiting = (count(tx)["returns"], count(tx)["payments"], cases_of(tx))
    books.tell(tenant, [("paid", 1), ("paid", 0), ("back", 0), ("paid", 0)])
    books.tell(never, [("paid", 1)])

    assert waiting[:2] == (1, 0)
    assert books.seen(tenant) == books.seen(never)
    assert books.counted(tenant)["undoings"] == 1
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        assert tx.values("SELECT status FROM servicing.payments ORDER BY idempotency_key, status") in (
            ["completed", "reversed"],
            ["reversed", "completed"],
        )
    judge(database, [tenant.id, never.id])
