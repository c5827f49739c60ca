"""Each invariant of servicing sees the violation that is planted for it; the database refuses illegal moves and changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from tests import checks
from tests.make import ACTOR, TenantFixture, usd
from tests.servicing.scenes import day
from tests.servicing.stories import at, board, pay

from headgate import ledger, servicing
from headgate.core.db import Database
from headgate.core.errors import IllegalMove

Plant = Callable[[psycopg.Connection[Any], Database, TenantFixture], str]


def _changed(admin: psycopg.Connection[Any], query: Any, tenant: TenantFixture) -> str:
    row = admin.execute(query, (tenant.id,)).fetchone()
    assert row
    return str(row[0])


def wrong_parts(admin: psycopg.Connection[Any], database: Database, tenant: TenantFixture) -> str:
    return _changed(
        admin,
        """
        UPDATE servicing.payments SET interest = interest + 1, principal = principal - 1
         WHERE tenant_id = %s AND principal > 0 AND status = 'completed' RETURNING id
        """,
        tenant,
    )


def lost_undoing(admin: psycopg.Connection[Any], database: Database, tenant: TenantFixture) -> str:
    admin.execute("ALTER TABLE servicing.undoings DISABLE TRIGGER append_only")
    payment = _changed(admin, "DELETE FROM servicing.undoings WHERE tenant_id = %s RETURNING payment_id", tenant)
    admin.execute("ALTER TABLE servicing.undoings ENABLE ALWAYS TRIGGER append_only")
    return payment


def forgotten_due(admin: psycopg.Connection[Any], database: Database, tenant: TenantFixture) -> str:
    return _changed(
        admin,
        """
        UPDATE servicing.dues SET interest_paid_minor = interest_paid_minor - 1
         WHERE tenant_id = %s AND interest_paid_minor > 0 RETURNING loan_id
        """,
        tenant,
    )


def invented_suspense(admin: psycopg.Connection[Any], database: Database, tenant: TenantFixture) -> str:
    return _changed(
        admin,
        "UPDATE servicing.loans SET suspense_minor = suspense_minor + 1 WHERE tenant_id = %s RETURNING id",
        tenant,
    )


def posted_beside(admin: psycopg.Connection[Any], database: Database, tenant: TenantFixture) -> str:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        payment: str = tx.value("SELECT id FROM servicing.payments WHERE status = 'completed'")
        accounts = [ledger.account_for(tx, purpose, "USD").id for purpose in ("LOAN_INTEREST", "LOAN_PRINCIPAL")]
        ledger.post(
            tx,
            idempotency_key="beside",
            entries=[ledger.Entry(accounts[0], accounts[1], usd("0.01"))],
            source_type="servicing_payment",
            source_id=payment,
        )
    return payment


PLANTS: dict[str, Plant] = {
    "servicing.invariant_payments_add_up": wrong_parts,
    "servicing.invariant_reversals_are_whole": lost_undoing,
    "servicing.invariant_dues_are_paid_by_lines": forgotten_due,
    "servicing.invariant_loans_agree": invented_suspense,
    "servicing.invariant_book_agrees": posted_beside,
}


@pytest.mark.plants
@pytest.mark.slow
@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_violation_is_named(
    database: Database, tenant: TenantFixture, admin: psycopg.Connection[Any], name: str
) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        at(tx, day(10))
        loan = board(tx, tenant)
        undone = pay(tx, loan, 1, 1_500, day(1))
        pay(tx, loan, 2, 1_500, day(2))
        servicing.undo_payment(tx, payment_id=undone.id, reason="a test")
    assert checks.run(database, [tenant.id]).ok

    subject = PLANTS[name](admin, database, tenant)

    found = {one.name: one for one in checks.run(database, [tenant.id]).invariants}
    matching = [one for label, one in found.items() if label.endswith(name) or label == name.replace("invariant_", "")]
    assert len(matching) == 1, sorted(found)
    assert matching[0].violations >= 1
    assert subject in str(matching[0].sample)


def test_every_invariant_has_its_plant(admin: psycopg.Connection[Any]) -> None:
    views = admin.execute(
        """
        SELECT schemaname || '.' || viewname FROM pg_views
         WHERE schemaname = 'servicing' AND viewname LIKE 'invariant\\_%'
        """
    ).fetchall()

    assert {row[0] for row in views} == set(PLANTS)


def test_the_database_refuses_what_no_loan_may_do(database: Database, tenant: TenantFixture) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        at(tx, day(10))
        loan = board(tx, tenant)
        paid = pay(tx, loan, 1, 1_500, day(1))
        servicing.set_standing(tx, loan_id=loan, standing="transferred", from_on=day(9), reason="sold")

    def refused(query: Any, error: type[Exception], match: str) -> None:
        with pytest.raises(error, match=match), database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
            tx.run(query, {"loan": loan, "payment": paid.id, "tenant": tenant.id})

    refused(
        "UPDATE servicing.loans SET state = 'current' WHERE id = %(loan)s", IllegalMove, "from transferred to current"
    )
    refused(
        """
        INSERT INTO servicing.state_changes (tenant_id, loan_id, from_state, to_state, on_day)
        VALUES (%(tenant)s, %(loan)s, 'transferred', 'current', '2026-01-01')
        """,
        psycopg.errors.ForeignKeyViolation,
        "state_changes_are_legal",
    )
    refused(
        "UPDATE servicing.payments SET suspense = suspense - 1 WHERE id = %(payment)s",
        psycopg.errors.CheckViolation,
        "payments_parts_add_up",
    )
    refused(
        """
        INSERT INTO servicing.allocations
               (tenant_id, payment_id, loan_id, bucket, instalment_no, amount_minor, applied_on, policy_version_no, reverses)
        SELECT a.tenant_id, a.payment_id, a.loan_id, a.bucket, a.instalment_no, a.amount_minor, a.applied_on, 1, a.id
          FROM servicing.allocations a CROSS JOIN generate_series(1, 2)
        """,
        psycopg.errors.UniqueViolation,
        "allocations_are_reversed_once",
    )
    refused("DELETE FROM servicing.allocations", psycopg.errors.InsufficientPrivilege, "permission denied")
    refused(
        "UPDATE servicing.payments SET total_received = 1 WHERE id = %(payment)s",
        psycopg.errors.InsufficientPrivilege,
        "permission denied",
    )
    refused(
        "UPDATE servicing.dues SET principal_paid_minor = 701 WHERE loan_id = %(loan)s",
        psycopg.errors.CheckViolation,
        "dues_are_paid_once",
    )
