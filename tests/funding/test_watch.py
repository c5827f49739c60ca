"""What people hear of before it is too late: alerts of the gate, and the day-before check of payrolls."""

from __future__ import annotations

import pytest
from tests.funding import scenes
from tests.make import TenantFixture, usd
from tests.payments import stories
from tests.payments.stories import FRIDAY, MONDAY, TUESDAY, WEDNESDAY

from headgate import cases, funding, parties, payments
from headgate.core.db import Tx
from headgate.payments.payrolls.prechecks import check_upcoming

pytestmark = pytest.mark.slow


def names(tx: Tx) -> list[str]:
    return sorted(alert.name for alert in funding.gate_alerts(tx))


def test_a_client_that_is_blocked_three_times_in_a_week_stands_out(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    batch = stories.batch(tx, tenant, "60.00")
    for _ in range(2):
        payments.commit_payroll(tx, batch)
    assert names(tx) == []
    payments.commit_payroll(tx, batch)

    assert names(tx) == ["repeated_blocks"]
    assert funding.watch_gate(tx) == 1
    before = scenes.counts(tx)
    assert funding.watch_gate(tx) == 0 and scenes.counts(tx) == before
    assert [case.subcategory for case in cases.list_cases(tx) if case.category == "gate_alert"] == ["repeated_blocks"]
    stories.at(tx, FRIDAY)
    assert names(tx) == []


def test_a_block_over_a_hundred_thousand_dollars_stands_out(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    payments.commit_payroll(tx, stories.batch(tx, tenant, "100000.00"))
    assert names(tx) == []

    payments.commit_payroll(tx, stories.batch(tx, tenant, "100000.01", payroll_id="PR-2"))

    assert names(tx) == ["large_block"]


def test_five_in_a_hundred_blocked_stands_out(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    stories.fund(tx, tenant, "100000.00")
    for n in range(19):
        payments.commit_payroll(tx, stories.batch(tx, tenant, "1.00", payroll_id=f"PR-{n}"))
    assert names(tx) == []

    payments.commit_payroll(tx, stories.batch(tx, tenant, "3.00", payroll_id="spike"))

    assert names(tx) == ["block_rate"]


def test_an_account_that_is_nearly_spoken_for_stands_out(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    stories.fund(tx, tenant, "100.00")
    payments.commit_payroll(tx, stories.batch(tx, tenant, "79.99"))
    assert names(tx) == []

    payments.commit_payroll(tx, stories.batch(tx, tenant, "0.01", payroll_id="PR-2"))
    assert names(tx) == ["reservation_utilization"]
    funding.release_reservation(tx, reservation_id=tx.value("SELECT min(id) FROM ledger.reservations"))
    assert names(tx) == []
    payments.commit_payroll(tx, stories.batch(tx, tenant, "80.00", payroll_id="PR-3"))
    assert names(tx) == ["balance_utilization", "reservation_utilization"]


def test_the_day_before_a_payroll_that_would_be_held_is_told_and_nothing_is_kept(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    stories.fund(tx, tenant, "100.00")
    good = stories.batch(tx, tenant, "60.00", "40.00", pay_on=WEDNESDAY)
    payments.commit_payroll(tx, good)
    payments.commit_payroll(tx, stories.batch(tx, tenant, "70.00", payroll_id="poor", pay_on=WEDNESDAY))
    payments.commit_payroll(tx, stories.batch(tx, tenant, "70.00", payroll_id="later", pay_on=FRIDAY))
    before = scenes.counts(tx)
    held = stories.client_funds(tx, tenant)

    assert check_upcoming(tx) == {"checked": 2, "at_risk": 1}

    after = scenes.counts(tx)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"cases.exception_cases", "messaging.outbox_messages"}
    assert stories.client_funds(tx, tenant) == held
    (case,) = [case for case in cases.list_cases(tx) if case.category == "payroll_at_risk"]
    assert case.detail["shortfall_minor"] == 7000 and case.detail["reason"] == "reservation_conflict"
    assert check_upcoming(tx) == {"checked": 2, "at_risk": 1} and scenes.counts(tx) == after

    parties.block_party(tx, party_id=good.items[0].payee_id, reason="fraud")
    stories.at(tx, TUESDAY)
    stories.fund(tx, tenant, "70.00", external_id="w-2")
    assert check_upcoming(tx) == {"checked": 2, "at_risk": 2}  # E-1 is in both, and blocked.
    assert usd("0.00") == stories.client_funds(tx, tenant)[1] - usd("70.00")
