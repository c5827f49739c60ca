"""A payroll of more payments than the book takes in one batch is one payroll all the same."""

from __future__ import annotations

import pytest
from tests.make import TenantFixture, usd
from tests.payments import stories
from tests.payments.stories import MONDAY, TUESDAY

from headgate import ledger, payments
from headgate.core.db import Tx
from headgate.funding import gate

pytestmark = pytest.mark.slow


def test_it_is_reserved_sent_and_settled_in_batches(
    tx: Tx, tenant: TenantFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "BATCH_MAX", 2)
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    stories.fund(tx, tenant, "15.00")

    assert payments.commit_payroll(tx, stories.batch(tx, tenant, "1.00", "2.00", "3.00", "4.00", "5.00")).status == (
        "committed"
    )
    (file,) = payments.submit_due(tx, on=MONDAY)
    content = payments.file_bytes(tx, file.id)
    stories.at(tx, TUESDAY, 23)
    payments.settle_from_statement(tx, artifact_id=stories.read(tx, "tue", stories.statement([content])))

    assert (file.entry_count, file.credit) == (5, usd("15.00"))
    assert stories.statuses(tx) == ["settled"] * 5
    assert stories.balances(tx, tenant) == {}


def test_where_a_later_batch_finds_no_money_none_is_reserved(
    tx: Tx, tenant: TenantFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "BATCH_MAX", 2)
    monkeypatch.setattr(gate, "judge", lambda required, figures: None)  # As if it was there a moment ago.
    stories.at(tx, MONDAY)
    stories.fund(tx, tenant, "5.00")

    result = payments.commit_payroll(tx, stories.batch(tx, tenant, "1.00", "2.00", "3.00", "4.00", "5.00"))

    assert result.status == "blocked_funds"
    assert stories.client_funds(tx, tenant) == (usd("0.00"), usd("5.00"))
    assert tx.value("SELECT count(*) FROM ledger.reservations") == 0
