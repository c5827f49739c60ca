"""Each invariant of reconciliation names the violation that is planted."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from tests import checks, make
from tests.recon.test_runs import CREDIT, ON, line, linked, post, statement

from headgate import ledger, recon
from headgate.core.db import Database

pytestmark = pytest.mark.plants


@pytest.fixture
def run(database: Database, tenant: make.TenantFixture) -> recon.Reconciliation:
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        linked(tx, statement(tx, line(CREDIT, "10.00", "A"), line(CREDIT, "20.00", "B")))
        post(tx, "10.00", "A")
        return recon.run(tx, account=ledger.account_for(tx, "CASH", "USD").id, on=ON)


def violated(database: Database, tenant: make.TenantFixture) -> dict[str, str]:
    report = checks.run(database, [tenant.id])
    return {one.name: one.sample[0].detail for one in report.invariants if one.violations}


def plant(
    admin: psycopg.Connection[Any], tenant: make.TenantFixture, table: str, statement_text: str, schema: str = "recon"
) -> None:
    with admin.transaction():
        admin.execute(f"ALTER TABLE {schema}.{table} DISABLE TRIGGER ALL")  # type: ignore[call-overload]
        admin.execute(statement_text, [tenant.id])  # type: ignore[call-overload]
        admin.execute(f"ALTER TABLE {schema}.{table} ENABLE TRIGGER ALL")  # type: ignore[call-overload]
        admin.execute(f"ALTER TABLE {schema}.{table} ENABLE ALWAYS TRIGGER append_only")  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("table", "statement_text", "detail"),
    [
        (
            "matches",
            "UPDATE recon.matches SET signed_minor = 999 WHERE tenant_id = %s",
            "says 999 over 1 legs; its bank lines sum to 1000, its 1 legs to 1000",
        ),
        (
            "match_legs",
            "DELETE FROM recon.match_legs WHERE tenant_id = %s",
            "says 1000 over 1 legs; its bank lines sum to 1000, its 0 legs to 0",
        ),
        (
            "match_records",
            "DELETE FROM recon.match_records WHERE tenant_id = %s",
            "says 1000 over 1 legs; its bank lines sum to 0, its 1 legs to 1000",
        ),
    ],
)
def test_a_match_that_is_not_equal(
    database: Database,
    tenant: make.TenantFixture,
    admin: psycopg.Connection[Any],
    run: recon.Reconciliation,
    table: str,
    statement_text: str,
    detail: str,
) -> None:
    plant(admin, tenant, table, statement_text)

    assert violated(database, tenant) == {"recon.matches_are_equal": detail}


def test_a_variance_that_nothing_names(
    database: Database, tenant: make.TenantFixture, admin: psycopg.Connection[Any], run: recon.Reconciliation
) -> None:
    plant(admin, tenant, "differences", "DELETE FROM recon.differences WHERE tenant_id = %s")

    assert violated(database, tenant) == {"recon.variance_is_named": "is variance with 0 differences named"}


@pytest.mark.parametrize(
    ("alteration", "book"),
    [("amount_minor = 999", "9.99"), ("effective_on = effective_on + 1", "0.00")],
)
def test_a_day_that_was_balanced_names_the_entry_altered_since(
    database: Database,
    tenant: make.TenantFixture,
    admin: psycopg.Connection[Any],
    run: recon.Reconciliation,
    alteration: str,
    book: str,
) -> None:
    plant(admin, tenant, "entries", f"UPDATE ledger.entries SET {alteration} WHERE tenant_id = %s", schema="ledger")

    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        again = recon.run(tx, account=run.account_id, on=ON)

    [altered] = [one for one in again.differences if one.kind == "match_differs"]
    assert (altered.reference, altered.bank, altered.book) == ("A", make.usd("10.00"), make.usd(book))
    assert again.variance == make.usd("30.00") - make.usd(book)
