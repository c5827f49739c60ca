"""Money in counts once, by its payer's reference; the gate's rule in figures."""

from __future__ import annotations

import threading
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.make import ACTOR, TIME_ZONE, TenantFixture, usd
from tests.payments import stories
from tests.payments.stories import MONDAY

from headgate import cases, funding, ledger, tenants
from headgate.core.db import Database, Tx
from headgate.core.money import Money
from headgate.funding.model import Figures, advise, judge, words_of
from headgate.rails import fake


@given(st.integers(1, 10**9), st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9))
def test_the_gate_opens_exactly_where_available_covers_the_need(
    need: int, posted: int, reserved: int, own: int
) -> None:
    figures = Figures(Money(posted, "USD"), Money(reserved, "USD"), Money(own, "USD"))

    reason = judge(Money(need, "USD"), figures)

    assert (reason is None) == (posted - reserved + own >= need)
    assert (reason == "insufficient_funds") == (reason is not None and posted < need)


def test_advice_names_what_would_open_it() -> None:
    found = advise("reservation_conflict", shortfall=usd("5.00"), available=usd("1.00"), overdue=True)

    assert [one.action for one in found] == ["fund_account", "release_expired_reservations", "split_payroll"]
    assert [
        one.action for one in advise("insufficient_funds", shortfall=usd("5.00"), available=usd("0.00"), overdue=True)
    ] == ["fund_account"]


def test_words_survive_what_banks_do_to_text() -> None:
    assert "HG0123456789" in words_of("incoming wire/hg0123456789 acme,inc")
    assert "HG0123456789" not in words_of("XHG0123456789Y0000000")


def wires(tx: Tx, *lines: fake.WireIn, name: str = "mon", camt: bool = False) -> str:
    return stories.read(tx, name, stories.statement([], on=MONDAY, wires=list(lines), camt=camt))


def test_a_wire_that_names_its_payer_raises_that_payer_s_funds(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    reference = funding.payer_reference(tx, legal_entity_id=tenant.legal_entity_id)
    other = tenants.create_legal_entity(tx, name="Other", time_zone="America/Chicago", currency="USD")
    ledger.seed_chart(tx, legal_entity_id=other.id, currency="USD")
    theirs = funding.payer_reference(tx, legal_entity_id=other.id)

    settled = funding.settle_deposits(
        tx,
        artifact_id=wires(
            tx, fake.WireIn(usd("10.00"), reference), fake.WireIn(usd("20.00"), f"INV {theirs.lower()} X")
        ),
    )

    assert [deposit.legal_entity_id for deposit in settled.new] == [tenant.legal_entity_id, other.id]
    assert settled.unknown == ()
    assert stories.balances(tx, tenant) == {"CASH": "30.00", "CLIENT_FUNDS": "10.00"}
    first = settled.new[0]
    assert first.final_at == first.settled_at and first.reference == reference and first.rail == "wire"
    assert funding.deposit(tx, first.id) == first
    assert funding.list_deposits(tx, legal_entity_id=other.id) == [settled.new[1]]


@pytest.mark.parametrize("text", ["NO REFERENCE", "HG0000000000", "{one} AND {two}"])
def test_money_of_an_unknown_payer_lies_in_suspense_with_a_case(tx: Tx, tenant: TenantFixture, text: str) -> None:
    stories.at(tx, MONDAY)
    other = tenants.create_legal_entity(tx, name="Other", time_zone="America/Chicago", currency="USD")
    one = funding.payer_reference(tx, legal_entity_id=tenant.legal_entity_id)
    two = funding.payer_reference(tx, legal_entity_id=other.id)

    artifact = wires(tx, fake.WireIn(usd("10.00"), text.format(one=one, two=two)))
    settled = funding.settle_deposits(tx, artifact_id=artifact)
    funding.settle_deposits(tx, artifact_id=artifact)

    assert len(settled.unknown) == 1
    assert stories.balances(tx, tenant) == {"CASH": "10.00", "SUSPENSE": "10.00"}
    assert stories.client_funds(tx, tenant)[1] == usd("0.00")
    found = [case for case in cases.list_cases(tx) if case.category == "unknown_payer"]
    assert [case.detail["amount_minor"] for case in found] == [1000]


def test_a_reference_learnt_later_does_not_move_old_money(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    artifact = wires(tx, fake.WireIn(usd("10.00"), "ACMEPAYROLL"))
    funding.settle_deposits(tx, artifact_id=artifact)
    funding.add_payer_reference(tx, legal_entity_id=tenant.legal_entity_id, reference="ACMEPAYROLL")

    again = funding.settle_deposits(tx, artifact_id=artifact)

    assert again.new == () and len(again.repeated) == 1
    assert stories.balances(tx, tenant) == {"CASH": "10.00", "SUSPENSE": "10.00"}


def test_the_same_day_in_another_format_counts_once(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    reference = funding.payer_reference(tx, legal_entity_id=tenant.legal_entity_id)
    line = fake.WireIn(usd("10.00"), reference)
    funding.settle_deposits(tx, artifact_id=wires(tx, line, name="mon.bai"))

    funding.settle_deposits(tx, artifact_id=wires(tx, line, name="mon.xml", camt=True))

    assert stories.balances(tx, tenant) == {"CASH": "10.00", "CLIENT_FUNDS": "10.00"}


def test_evidence_that_changes_its_amount_is_refused(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    stories.fund(tx, tenant, "10.00")
    before = stories.counts(tx)

    with pytest.raises(funding.DepositDiffers):
        stories.fund(tx, tenant, "11.00")

    assert stories.counts(tx) == before
    assert stories.fund(tx, tenant, "10.00").new == ()


def test_a_statement_of_a_day_to_come_settles_nothing(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY - timedelta(days=1))
    reference = funding.payer_reference(tx, legal_entity_id=tenant.legal_entity_id)
    artifact = wires(tx, fake.WireIn(usd("10.00"), reference))
    before = stories.counts(tx)

    with pytest.raises(funding.DepositDiffers, match="still to come"), tx.savepoint():
        funding.settle_deposits(tx, artifact_id=artifact)

    assert stories.counts(tx) == before
    assert stories.balances(tx, tenant) == {}


def test_money_of_a_banks_day_that_begins_before_the_clients_is_there(tx: Tx, tenant: TenantFixture) -> None:
    """Fedwire's day begins at 21:00 in New York of the evening before: 20:00 in Chicago, 02:00 in UTC."""
    stories.at(tx, MONDAY, hour=2)

    assert len(stories.fund(tx, tenant, "10.00").new) == 1

    assert stories.balances(tx, tenant)["CLIENT_FUNDS"] == "10.00"
    effective = tx.value("SELECT effective_at FROM ledger.transactions WHERE source_type = 'deposit'", {})
    assert effective == datetime.combine(MONDAY, time.min, ZoneInfo(TIME_ZONE)) - timedelta.resolution
    assert stories.fund(tx, tenant, "10.00").new == ()


def test_the_same_evidence_at_once_is_one_deposit(database: Database, tenant: TenantFixture) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        funding.payer_reference(tx, legal_entity_id=tenant.legal_entity_id)
    start = threading.Barrier(4)
    found: list[tuple[int, int]] = []

    def record() -> None:
        start.wait()
        with database.begin(tenant_id=tenant.id, actor=ACTOR) as own:
            settled = stories.fund(own, tenant, "10.00")
            found.append((len(settled.new), len(settled.repeated)))

    threads = [threading.Thread(target=record) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(found) == [(0, 1), (0, 1), (0, 1), (1, 0)]
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert stories.balances(tx, tenant) == {"CASH": "10.00", "CLIENT_FUNDS": "10.00"}
        assert stories.counts(tx)["funding.deposits"] == 1


def test_a_reference_belongs_to_one(tx: Tx, tenant: TenantFixture) -> None:
    other = tenants.create_legal_entity(tx, name="Other", time_zone="America/Chicago", currency="USD")
    funding.add_payer_reference(tx, legal_entity_id=other.id, reference="ACMEPAYROLL")

    with pytest.raises(funding.ReferenceTaken):
        funding.add_payer_reference(tx, legal_entity_id=tenant.legal_entity_id, reference="ACMEPAYROLL")
    with pytest.raises(funding.InvalidReference):
        funding.add_payer_reference(tx, legal_entity_id=tenant.legal_entity_id, reference="acme")


def test_a_frozen_account_is_no_lack_of_funds(tx: Tx, tenant: TenantFixture) -> None:
    from headgate import payments

    stories.at(tx, MONDAY)
    stories.fund(tx, tenant, "10.00")
    account = ledger.account_for(tx, "CLIENT_FUNDS", "USD", legal_entity_id=tenant.legal_entity_id)
    ledger.set_status(tx, account.id, "frozen", reason="court order")
    batch = stories.batch(tx, tenant, "5.00")

    with pytest.raises(funding.FundsNotReservable), tx.savepoint():
        payments.commit_payroll(tx, batch)

    assert stories.statuses(tx) == []


def test_what_is_not_there_is_not_found(tx: Tx, tenant: TenantFixture) -> None:
    with pytest.raises(funding.NoSuchDeposit):
        funding.deposit(tx, "dep_nothing")
    with pytest.raises(funding.NoSuchEvaluation):
        funding.evaluation(tx, "evl_nothing")
