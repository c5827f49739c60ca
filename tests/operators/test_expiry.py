"""The one update that operators' SQL takes: what is overdue is set to expired, by the ledger's own function."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row
from tests import make
from tests.checks import judge
from tests.docs import test_runbooks as runbook
from tests.make import ACTOR, TenantFixture, usd
from tests.payments import stories

from headgate import ledger
from headgate.core.db import Database, Tx
from headgate.core.money import Money
from headgate.ledger import ReservationNotExpirable

pytestmark = pytest.mark.slow

Operator = psycopg.Connection[dict[str, Any]]

EXPIRE = """
    UPDATE psp_balance_reservation
       SET status = 'expired', updated_at = NOW()
     WHERE tenant_id = current_setting('headgate.tenant_id')::uuid AND status = 'active' AND expires_at < NOW()
"""
"""As the runbook has it."""


def hold(tx: Tx, account: int, text: str, ref: str, *, overdue: bool) -> int:
    """A reservation; one that is to be overdue is made in the past, and the clock comes back."""
    if not overdue:
        made = ledger.reserve(
            tx, idempotency_key=ref, account=account, amount=usd(text), reserve_type="test", source_ref=ref
        )
        assert isinstance(made, ledger.Reservation), made
        return made.id
    tx.run("UPDATE tenants.tenants SET clock_offset_microseconds = clock_offset_microseconds - 3600000000")
    until = tx.now() + timedelta(seconds=1)
    made = ledger.reserve(
        tx,
        idempotency_key=ref,
        account=account,
        amount=usd(text),
        reserve_type="test",
        source_ref=ref,
        expires_at=until,
    )
    tx.run("UPDATE tenants.tenants SET clock_offset_microseconds = clock_offset_microseconds + 3600000000")
    assert isinstance(made, ledger.Reservation), made
    return made.id


def funds(tx: Tx, tenant: TenantFixture) -> int:
    return ledger.account_for(tx, "CLIENT_FUNDS", "USD", legal_entity_id=tenant.legal_entity_id).id


@pytest.fixture
def held(database: Database, tenant: TenantFixture) -> dict[str, int]:
    """100.00 of a client; 20.00 and 7.50 overdue, 30.00 not."""
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.fund(tx, tenant, "100.00")
        account = funds(tx, tenant)
        # Those that hold come first: each reserve marks what is overdue by then.
        good = hold(tx, account, "30.00", "good", overdue=False)
        done = hold(tx, account, "1.00", "done", overdue=False)
        ledger.release(tx, done)
        return {
            "account": account,
            "good": good,
            "first": hold(tx, account, "20.00", "first", overdue=True),
            "second": hold(tx, account, "7.50", "second", overdue=True),
        }


def active_sum(operator: Operator, account: int) -> Decimal:
    row = operator.execute(
        "SELECT coalesce(sum(amount), 0) AS held FROM psp_balance_reservation WHERE account_id = %s AND status = 'active'",
        [account],
    ).fetchone()
    assert row is not None
    return row["held"]


def available(database: Database, tenant: TenantFixture) -> str:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        return f"{ledger.balance(tx, funds(tx, tenant)).available.major:.2f}"


def test_what_is_overdue_expires_and_available_stays(
    database: Database, tenant: TenantFixture, operator: Operator, held: dict[str, int]
) -> None:
    before = available(database, tenant)
    assert (before, active_sum(operator, held["account"])) == ("70.00", Decimal("57.50"))

    assert operator.execute(EXPIRE).rowcount == 2

    assert active_sum(operator, held["account"]) == Decimal("30.00"), "down by the sum of what expired"
    assert available(database, tenant) == before, "what was overdue had ceased to count already"
    rows = operator.execute(
        "SELECT psp_balance_reservation_id AS id, status, amount, released_amount, updated_at > created_at AS stamped"
        " FROM psp_balance_reservation WHERE source_ref <> 'done' ORDER BY 1"
    ).fetchall()
    assert [tuple(row.values()) for row in rows] == [
        (held["good"], "active", Decimal("30.00"), Decimal("0.00"), False),
        (held["first"], "expired", Decimal("0.00"), Decimal("20.00"), True),
        (held["second"], "expired", Decimal("0.00"), Decimal("7.50"), True),
    ]
    judge(database, [tenant.id])
    assert operator.execute(EXPIRE).rowcount == 0, "again, there is nothing left"


@pytest.mark.parametrize("name", [None, "ann@example.com"])
def test_the_audit_log_names_the_operator(
    database: Database, tenant: TenantFixture, operator: Operator, held: dict[str, int], name: str | None
) -> None:
    if name:
        operator.execute("SELECT set_config('headgate.actor', %s, false)", [name])

    operator.execute(EXPIRE)

    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        told = tx.all(
            "SELECT actor_type, actor_id, data FROM audit.events WHERE type = 'ledger.reservation.expired' ORDER BY id"
        )
    who = ("human", name or "headgate_operator")
    assert [(row["actor_type"], row["actor_id"]) for row in told] == [who, who]
    # In which order an UPDATE meets its rows is the server's to choose.
    assert sorted(row["data"]["amount_minor"] for row in told) == [750, 2000]


def test_only_the_rows_that_are_named_expire(
    database: Database, tenant: TenantFixture, operator: Operator, held: dict[str, int]
) -> None:
    one = operator.execute(
        EXPIRE + " AND psp_balance_reservation_id = %s RETURNING status, amount, released_amount", [held["second"]]
    )

    assert one.rowcount == 1
    assert [tuple(row.values()) for row in one.fetchall()] == [("expired", Decimal("0.00"), Decimal("7.50"))]
    assert active_sum(operator, held["account"]) == Decimal("50.00")
    assert available(database, tenant) == "70.00"


@pytest.mark.parametrize(
    "change",
    [
        "SET status = 'expired' WHERE source_ref = 'good'",
        "SET status = 'released' WHERE source_ref = 'first'",
        "SET status = 'active' WHERE source_ref = 'first'",
        "SET status = 'captured' WHERE source_ref = 'first'",
        "SET status = NULL WHERE source_ref = 'first'",
        "SET updated_at = NOW() WHERE source_ref = 'first'",
        "SET status = 'expired' WHERE source_ref = 'done'",
    ],
)
def test_any_other_value_is_refused(
    database: Database, tenant: TenantFixture, operator: Operator, held: dict[str, int], change: str
) -> None:
    before = available(database, tenant), active_sum(operator, held["account"])

    with pytest.raises(psycopg.Error) as refusal:
        operator.execute(f"UPDATE psp_balance_reservation {change}".encode())

    assert refusal.value.sqlstate == "HG114"
    assert (available(database, tenant), active_sum(operator, held["account"])) == before


@pytest.mark.parametrize(
    "column",
    ["amount", "expires_at", "account_id", "purpose", "created_at", "tenant_id", "source_ref", "reserved_amount"],
)
@pytest.mark.parametrize("who", ["operator", "admin"])
def test_any_other_column_is_refused_even_to_an_administrator(
    database: Database, tenant: TenantFixture, held: dict[str, int], who: Any, column: str
) -> None:
    value = {
        "expires_at": "'-infinity'",
        "purpose": "'x'",
        "created_at": "now()",
        "tenant_id": "'00000000-0000-7000-8000-000000000000'",
        "source_ref": "'x'",
    }.get(column, "1")
    with psycopg.connect(database.url(who), autocommit=True) as connection:
        connection.execute("SELECT set_config('headgate.tenant_id', %s, false)", [str(tenant.id)])
        with pytest.raises(psycopg.Error) as refusal:
            connection.execute(
                f"UPDATE psp_balance_reservation SET status = 'expired', {column} = {value}"
                f" WHERE psp_balance_reservation_id = {held['first']}".encode()
            )

    assert refusal.value.sqlstate == ("42501" if who == "operator" else "HG114")


def test_without_a_tenant_nothing_is_updated_and_it_is_said(
    database: Database, tenant: TenantFixture, held: dict[str, int]
) -> None:
    with (
        psycopg.connect(database.url("operator"), autocommit=True) as connection,
        pytest.raises(psycopg.Error) as refusal,
    ):
        connection.execute("UPDATE psp_balance_reservation SET status = 'expired' WHERE status = 'active'")
    assert refusal.value.sqlstate == "HG001"


def test_another_tenants_are_not_reached(
    database: Database, tenant: TenantFixture, operator: Operator, held: dict[str, int]
) -> None:
    other = make.tenant(database)
    operator.execute("SELECT set_config('headgate.tenant_id', %s, false)", [str(other.id)])

    moved = operator.execute(
        "UPDATE psp_balance_reservation SET status = 'expired' WHERE psp_balance_reservation_id = ANY (%s)",
        [[held["first"], held["second"]]],
    )

    assert moved.rowcount == 0


def test_the_application_may_do_it_too_and_its_refusal_has_a_name(
    database: Database, tenant: TenantFixture, held: dict[str, int]
) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert tx.touched("UPDATE psp_balance_reservation SET status = 'expired' WHERE source_ref = 'first'") == 1
        with pytest.raises(ReservationNotExpirable, match="is not overdue: it holds until"), tx.savepoint():
            tx.run("UPDATE psp_balance_reservation SET status = 'expired' WHERE source_ref = 'good'")


def test_several_operators_at_once_expire_each_row_once(
    database: Database, tenant: TenantFixture, held: dict[str, int]
) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        cash = ledger.account_for(tx, "CASH", "USD").id
        for n in range(10):
            hold(tx, cash if n % 2 else held["account"], "1.00", f"more-{n}", overdue=True)
    start = threading.Barrier(4)
    counted: list[int] = []

    def expire() -> None:
        with psycopg.connect(database.url("operator"), autocommit=True) as connection:
            connection.execute("SELECT set_config('headgate.tenant_id', %s, false)", [str(tenant.id)])
            start.wait()
            counted.append(connection.execute(EXPIRE).rowcount)

    threads = [threading.Thread(target=expire) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        expired = tx.value("SELECT count(*) FROM psp_balance_reservation WHERE status = 'expired'")
        told = tx.value("SELECT count(*) FROM audit.events WHERE type = 'ledger.reservation.expired'")
    assert sum(counted) == expired == told == 12


steps = st.lists(
    st.tuples(
        st.sampled_from(
            ["deposit", "hold", "overdue", "capture", "release", "part", "reverse", "pending", "expire", "job"]
        ),
        st.integers(1, 1500),
        st.integers(0, 20),
    ),
    min_size=10,
    max_size=30,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=steps)
@pytest.mark.slow
def test_sums_over_the_views_are_what_the_ledger_says(database: Database, story: list[tuple[str, int, int]]) -> None:
    """The runbook's balance query equals balance().available after captures in parts, expiries and reversals."""
    tenant = make.tenant(database)
    with psycopg.connect(database.url("operator"), autocommit=True, row_factory=dict_row) as operator:
        operator.execute("SELECT set_config('headgate.tenant_id', %s, false)", [str(tenant.id)])
        posted: list[int] = []
        held: list[int] = []
        # Something to take from, to hold and to give back, so that few steps do nothing.
        begin = [("deposit", 9000, 0), ("hold", 2000, 0), ("hold", 700, 0), ("overdue", 300, 0)]
        for n, (what, minor, which) in enumerate([*begin, *story]):
            if what == "expire":
                operator.execute(EXPIRE)
                continue
            with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
                step(tx, tenant, what, ledger_key=f"{what}-{n}", minor=minor, which=which, posted=posted, held=held)
        ((account, currency, *found),) = runbook.run(operator, "balance", legal_entity=tenant.legal_entity_id)
        ((_, *kept),) = runbook.run(operator, "balance_kept", legal_entity=tenant.legal_entity_id)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        said = ledger.balance(tx, account)
        outflows = tx.value("SELECT pending_out_minor FROM ledger.balances WHERE account_id = %(id)s", {"id": account})

    assert currency == "USD"
    assert found == kept == [said.posted.major, said.reserved.major, Money(outflows, "USD").major, said.available.major]
    judge(database, [tenant.id])


def step(
    tx: Tx,
    tenant: TenantFixture,
    what: str,
    *,
    ledger_key: str,
    minor: int,
    which: int,
    posted: list[int],
    held: list[int],
) -> None:
    """One thing that happens to a client's money; what the book refuses is refused."""
    account = funds(tx, tenant)
    cash = ledger.account_for(tx, "CASH", "USD").id
    amount = Money(minor, "USD")
    answer: Any = None
    if what == "deposit":
        answer = ledger.post(tx, idempotency_key=ledger_key, entries=[ledger.Entry(cash, account, amount)])
    elif what == "pending":
        answer = ledger.post(
            tx, idempotency_key=ledger_key, entries=[ledger.Entry(account, cash, amount)], pending=True
        )
        return
    elif what == "reverse" and posted:
        ledger.reverse(tx, idempotency_key=ledger_key, transaction_id=posted[which % len(posted)], reason="test")
    elif what in ("hold", "overdue") and ledger.balance(tx, account).available >= amount:
        held.append(hold(tx, account, f"{amount.major:.2f}", ledger_key, overdue=what == "overdue"))
    elif what == "capture" and held:
        left = ledger.get_reservation(tx, held[which % len(held)]).remaining
        answer = ledger.capture(
            tx,
            idempotency_key=ledger_key,
            reservation_id=held[which % len(held)],
            # Half of what is left and a cent, more often than more than there is.
            amount=amount if minor % 5 == 0 else Money(left.minor // 2 + 1, "USD"),
            debit=account,
            credit=cash,
        )
    elif what == "release" and held:
        ledger.release(tx, held[which % len(held)])
    elif what == "part" and held:
        ledger.release_part(tx, idempotency_key=ledger_key, reservation_id=held[which % len(held)], amount=amount)
    elif what == "job":
        ledger.expire_due(tx)
    if isinstance(answer, ledger.Posted):
        posted.append(answer.transaction_id)
