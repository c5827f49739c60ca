"""A test tenant's clock goes forward, and what falls due on the way is done: jobs, files, and its simulated bank's answers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from tests import make
from tests.make import TenantFixture, usd
from tests.payments import stories
from tests.payments.stories import MONDAY
from tests.twin.stories import THURSDAY, TUESDAY, at, begin, funded, pay

from headgate import cases, payments, tenants, twin
from headgate.core.db import Database
from headgate.core.errors import HeadgateError

pytestmark = pytest.mark.slow


def test_a_wire_is_in_the_book_on_the_morning_after(database: Database, tenant: TenantFixture) -> None:
    done = funded(database, tenant, "300.00")

    with begin(database, tenant) as tx:
        assert stories.balances(tx, tenant) == {"CASH": "300.00", "CLIENT_FUNDS": "300.00"}
        assert abs(tx.now() - at(TUESDAY)) < timedelta(minutes=1)
    told = [(one.name, one.outcome) for one in done.happened if one.what == "bank"]
    assert told == [("statement-2026-11-30.bai2", "1 deposits; 2026-11-30 balanced")]


@pytest.mark.long
def test_a_payroll_goes_out_settles_and_comes_back_as_the_account_numbers_say(
    database: Database, tenant: TenantFixture
) -> None:
    funded(database, tenant, "300.00")
    (name,) = pay(database, tenant, ("5001", "100.00"), ("5002R03", "60.00"), ("5003C01", "40.00"))

    done = twin.advance(database, tenant.id, to=at(date(2026, 12, 9)))

    with begin(database, tenant) as tx:
        assert stories.statuses(tx) == ["settled", "returned", "settled"]
        assert stories.balances(tx, tenant) == {"CASH": "160.00", "CLIENT_FUNDS": "160.00"}
        assert [case.subcategory for case in cases.list_cases(tx) if case.category == "payment_returned"] == ["R03"]
    told = {one.name: one.outcome for one in done.happened if one.what in ("bank", "taken", "delivered")}
    assert told[f"{name}.ack"] == "accepted"
    assert told["returns-2026-12-07-1.ach"] == "1 payments returned"
    assert told["statement-2026-12-03.bai2"] == "3 payments settled; 2026-12-03 balanced"
    assert told["statement-2026-12-07.bai2"] == "1 returned amounts given back; 2026-12-07 balanced"
    instants = [one.at for one in done.happened]
    assert instants == sorted(instants)


@pytest.mark.long
def test_a_long_way_and_many_short_ones_end_the_same(database: Database) -> None:
    books = []
    for steps in (1, 13):
        tenant = make.tenant(database)
        funded(database, tenant, "300.00", seed=5)
        pay(
            database,
            tenant,
            ("5001", "100.00"),
            ("5002R03DUP", "60.00"),
            ("5003PARTIAL", "40.00"),
            ("4LATE2R02", "9.00"),
        )
        for step in range(1, steps + 1):
            twin.advance(database, tenant.id, to=at(TUESDAY, 16) + timedelta(hours=320 * step / steps))
        with begin(database, tenant) as tx:
            kinds = sorted(case.category for case in cases.list_cases(tx))
            books.append((stories.balances(tx, tenant), stories.statuses(tx), kinds))

    assert books[0] == books[1]


@pytest.mark.long
def test_what_was_said_once_is_not_said_again(database: Database, tenant: TenantFixture) -> None:
    funded(database, tenant, "300.00")
    pay(database, tenant, ("5002R03", "60.00"))
    twin.advance(database, tenant.id, to=at(date(2026, 12, 9)))
    bank = twin.bank_of(database, tenant.id)
    assert bank is not None
    with begin(database, tenant) as tx:
        before = stories.counts(tx)

    # As if it had been cut off before it could note what it sent.
    for path in (bank.folders.archive / "sent").iterdir():
        path.unlink()
    again = twin.advance(database, tenant.id, to=at(date(2026, 12, 9), 16))

    assert len([one for one in again.happened if one.what == "bank"]) > 5
    with begin(database, tenant) as tx:
        assert stories.counts(tx) == before


def test_jobs_are_run_on_their_day_by_the_tenants_clock(database: Database, tenant: TenantFixture) -> None:
    with begin(database, tenant) as tx:
        stories.at(tx, MONDAY)

    done = twin.advance(database, tenant.id, to=at(date(2026, 12, 4)))

    assert done.stops >= 5 and done.runs > 5
    assert (done.before.date(), done.now.date()) == (MONDAY, date(2026, 12, 4))


def test_a_reservation_that_falls_due_on_the_way_has_expired(database: Database, tenant: TenantFixture) -> None:
    from headgate import ledger

    with begin(database, tenant) as tx:
        stories.at(tx, MONDAY)
        stories.fund(tx, tenant, "50.00")
        account = ledger.account_for(tx, "CLIENT_FUNDS", "USD", legal_entity_id=tenant.legal_entity_id)
        ledger.reserve(
            tx,
            account=account.id,
            amount=usd("20.00"),
            reserve_type="test",
            source_ref="x",
            idempotency_key="held",
            expires_at=at(TUESDAY),
        )

    done = twin.advance(database, tenant.id, to=at(date(2026, 12, 3)))

    assert any(one.name == "reservation_cleanup" and "1" in one.outcome for one in done.happened)
    with begin(database, tenant) as tx:
        assert stories.client_funds(tx, tenant) == (usd("0.00"), usd("50.00"))


def test_files_that_were_delivered_before_the_bank_was_there_settle_no_second_time(
    database: Database, tenant: TenantFixture
) -> None:
    funded(database, tenant, "300.00")
    pay(database, tenant, ("5001", "100.00"), pay_on=date(2026, 12, 2))
    payments.deliver(database, tenant.id)
    bank = twin.bank_of(database, tenant.id)
    assert bank is not None
    for path in sorted(bank.folders.archive.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    (bank.folders.archive.parent / "bank.json").unlink()

    for _ in range(2):  # as if cut off between taking what lies there and being a bank
        given = twin.give_bank(database, tenant.id, since=THURSDAY, opening=usd("200.00"))
        (given.folders.archive.parent / "bank.json").unlink()
    given = twin.give_bank(database, tenant.id, since=THURSDAY, opening=usd("200.00"))
    assert given == twin.bank_of(database, tenant.id)
    assert len(list(given.folders.archive.glob("*~*"))) == 1
    done = twin.advance(database, tenant.id, to=at(date(2026, 12, 5)))

    told = {one.name: one.outcome for one in done.happened if one.what == "bank"}
    assert told["statement-2026-12-03.bai2"].startswith("nothing new")


def test_a_live_tenant_has_no_time_machine(database: Database, admin: psycopg.Connection[Any]) -> None:
    live = make.tenant(database, livemode=True)

    for attempt in (
        lambda: twin.advance(database, live.id, to=datetime.now(UTC) + timedelta(days=1)),
        lambda: twin.give_bank(database, live.id),
    ):
        with pytest.raises(tenants.LiveClock, match=live.slug):
            attempt()

    assert twin.bank_of(database, live.id) is None
    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        admin.execute("UPDATE tenants.tenants SET clock_offset_microseconds = 1 WHERE id = %s", [live.id])
    assert refused.value.diag.constraint_name == "tenants_live_clock_is_real"


def test_a_clock_is_never_advanced_backwards_and_a_wire_needs_a_bank(database: Database, tenant: TenantFixture) -> None:
    with begin(database, tenant) as tx:
        stories.at(tx, MONDAY)

    refusals: list[tuple[type[HeadgateError], Any]] = [
        (twin.NotForward, lambda: twin.advance(database, tenant.id, to=at(MONDAY, 14))),
        (twin.NoBank, lambda: twin.wire_in(database, tenant.id, amount=usd("1.00"), reference="x")),
    ]
    for kind, attempt in refusals:
        with pytest.raises(kind):
            attempt()

    with begin(database, tenant) as tx:
        assert abs(tx.now() - at(MONDAY)) < timedelta(minutes=1)
