"""Each invariant of parties names the violation that is planted."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from tests import checks, make

from headgate import parties
from headgate.core.db import Database
from headgate.parties import BankAccountInput

pytestmark = pytest.mark.plants


@pytest.fixture
def account(database: Database, tenant: make.TenantFixture) -> parties.BankAccount:
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        party = parties.create_party(tx, kind="borrower", external_id="B1", name="Ann")
        return parties.add_bank_account(tx, party_id=party.id, account=BankAccountInput("021000021", "1234567890"))


def violated(database: Database, tenant: make.TenantFixture) -> dict[str, list[tuple[str, str]]]:
    report = checks.run(database, [tenant.id])
    return {
        one.name: [(each.subject, each.detail) for each in one.sample] for one in report.invariants if one.violations
    }


def plant(admin: psycopg.Connection[Any], tenant: make.TenantFixture, statement: str) -> None:
    with admin.transaction():
        admin.execute("SET LOCAL session_replication_role = replica")
        admin.execute("SELECT set_config('headgate.tenant_id', %s, true)", [str(tenant.id)])
        admin.execute(statement, [tenant.id])  # type: ignore[call-overload]


def test_an_account_that_stands_otherwise_than_its_history_says(
    database: Database, tenant: make.TenantFixture, admin: psycopg.Connection[Any], account: parties.BankAccount
) -> None:
    plant(admin, tenant, "UPDATE parties.bank_accounts SET status = 'closed' WHERE tenant_id = %s")

    assert violated(database, tenant) == {
        "parties.account_history": [(account.id, "stands as closed, its history ends with added")]
    }


def test_an_account_called_verified_without_evidence(
    database: Database, tenant: make.TenantFixture, admin: psycopg.Connection[Any], account: parties.BankAccount
) -> None:
    plant(admin, tenant, "UPDATE parties.bank_accounts SET verification = 'verified' WHERE tenant_id = %s")

    assert violated(database, tenant) == {
        "parties.verification_evidence": [(account.id, "is verified, its evidence says nothing")]
    }
