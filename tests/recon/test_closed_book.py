"""A closed period is reopened by another person's yes; what lies too long on a clearing account becomes a case."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from tests import make

from headgate import cases, ledger, recon
from headgate.cases.errors import ApprovalUsed, NotApproved, OtherPayload
from headgate.core.db import Actor, Database, Tx
from headgate.ledger import Entry

MAKER = Actor("human", "usr_maker", "usr_maker")
CHECKER = Actor("human", "usr_checker", "usr_checker")


@pytest.fixture
def closed(database: Database, tenant: make.TenantFixture) -> int:
    """January 2024, closed."""
    with database.begin(tenant_id=tenant.id, actor=MAKER) as tx:
        period = ledger.open_period(tx, name="2024-01", starts_on=date(2024, 1, 1), ends_on=date(2024, 1, 31))
        return ledger.close_period(tx, period_id=period.id, reason="month end").id


def test_a_period_is_reopened_by_two_people_and_once(
    database: Database, tenant: make.TenantFixture, closed: int
) -> None:
    with database.begin(tenant_id=tenant.id, actor=MAKER) as tx:
        asked = recon.request_reopening(tx, period_id=closed, reason="an invoice was missed")
    with database.begin(tenant_id=tenant.id, actor=MAKER) as tx, pytest.raises(NotApproved):
        recon.reopen_period(tx, period_id=closed, approval_id=asked.id, reason="an invoice was missed")
    with database.begin(tenant_id=tenant.id, actor=CHECKER) as tx:
        cases.approve(tx, approval_id=asked.id, digest=asked.digest)

    with database.begin(tenant_id=tenant.id, actor=MAKER) as tx:
        reopened = recon.reopen_period(tx, period_id=closed, approval_id=asked.id, reason="an invoice was missed")

    assert reopened.status == "open"
    assert reopened.closings[-1].approval_ref == asked.id
    with database.begin(tenant_id=tenant.id, actor=MAKER) as tx:
        ledger.close_period(tx, period_id=closed, reason="again")
    # It was closed anew: the approval was for the closing before, and is used up.
    with (
        database.begin(tenant_id=tenant.id, actor=MAKER) as tx,
        pytest.raises((ApprovalUsed, OtherPayload)),
    ):
        recon.reopen_period(tx, period_id=closed, approval_id=asked.id, reason="once more")
    with database.begin(tenant_id=tenant.id, actor=MAKER) as tx:
        assert ledger.get_period(tx, closed).status == "closed"


@pytest.mark.plants
def test_what_lies_too_long_on_a_clearing_account_is_one_case(tx: Tx, tenant: make.TenantFixture) -> None:
    cash = ledger.account_for(tx, "CASH", "USD").id
    clearing = ledger.account_for(tx, "PAYROLL_CLEARING", "USD").id
    ledger.set_must_be_zero(
        tx, account=clearing, must_be_zero=True, max_age=timedelta(days=3), reason="payrolls pass in two days"
    )
    assert recon.explain_old_residuals(tx) == 0
    ledger.post(
        tx,
        idempotency_key="old",
        entries=[Entry(cash, clearing, make.usd("5.00"))],
        effective_at=datetime(2026, 1, 5, tzinfo=UTC),
    )

    assert recon.explain_old_residuals(tx) == 1
    assert recon.explain_old_residuals(tx) == 1

    [case] = cases.list_cases(tx)
    assert (case.category, case.severity) == ("clearing_residual", "medium")
    assert (case.detail["residual_minor"], case.detail["currency"]) == (500, "USD")
