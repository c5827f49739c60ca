"""A reconciliation that lags is announced once a day, and is one case."""

from __future__ import annotations

from datetime import timedelta

from tests.make import TenantFixture
from tests.payments import stories
from tests.payments.stories import MONDAY, TUESDAY, WEDNESDAY

from headgate import cases, ingestion, recon
from headgate.core.db import Tx
from headgate.recon.lag import watch_lag

FRIDAY = MONDAY - timedelta(days=3)


def test_an_account_that_moved_and_does_not_balance_is_told(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, FRIDAY)
    stories.originator(tx, tenant)
    stories.fund(tx, tenant, "100.00")
    assert watch_lag(tx) == 0, "nobody reconciles yet"
    cash = tx.value("SELECT id FROM ledger.accounts WHERE purpose = 'CASH'")
    stories.read(tx, "friday", stories.statement([], on=FRIDAY))
    (statement,) = ingestion.list_statements(tx, on=FRIDAY)
    recon.link_bank_account(tx, account=cash, statement_id=statement.id)
    recon.run(tx, account=cash, on=FRIDAY)
    stories.at(tx, TUESDAY)
    assert watch_lag(tx) == 0, "two banking days are no lag"

    stories.at(tx, WEDNESDAY)
    stories.fund(tx, tenant, "1.00", external_id="wire-2")

    assert (watch_lag(tx), watch_lag(tx)) == (1, 0)
    stories.at(tx, WEDNESDAY + timedelta(days=1))
    assert watch_lag(tx) == 1
    (case,) = [one for one in cases.list_cases(tx, state="open") if one.category == "recon_lag"]
    assert (case.severity, case.detail["account"]) == ("high", "CASH.USD")
    told = tx.values("SELECT payload FROM messaging.outbox_messages WHERE event_type = 'recon.alert.raised'")
    assert [message["account"] for message in told] == ["CASH.USD", "CASH.USD"]


def test_an_account_that_never_moved_has_no_lag(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, FRIDAY)
    cash = tx.value("SELECT id FROM ledger.accounts WHERE purpose = 'CASH'")
    stories.read(tx, "friday", stories.statement([], on=FRIDAY))
    (statement,) = ingestion.list_statements(tx, on=FRIDAY)
    recon.link_bank_account(tx, account=cash, statement_id=statement.id)
    recon.run(tx, account=cash, on=FRIDAY)
    stories.at(tx, WEDNESDAY + timedelta(days=1))

    assert watch_lag(tx) == 0
