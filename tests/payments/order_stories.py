"""What the tests of orders share: a payroll over a rail that is paid one by one, time that passes, and what stands then."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from tests.make import ACTOR, TenantFixture
from tests.payments import stories
from tests.payments.stories import MONDAY

from headgate import parties, payments, tenants
from headgate.core.db import Database, Tx

HOME: Final = parties.PostalAddress("Lisle", street="Dream Road", building="450", post_code="60532", state="IL")
"""Where a payee lives, for the rails that ask."""


def batch(
    tx: Tx,
    tenant: TenantFixture,
    *words: str,
    payroll_id: str = "PR-1",
    name: str = "Employee",
    address: parties.PostalAddress | None = None,
    amount: str = "60.00",
    pay_on: date = MONDAY,
    **facts: Any,
) -> payments.PayrollBatch:
    """A payroll that pays this amount to an account of each of these words."""
    registered = parties.register_payees(
        tx,
        legal_entity_id=tenant.legal_entity_id,
        payees=[
            parties.PayeeInput(
                f"{payroll_id}-{n}",
                f"{name} {word}",
                (parties.BankAccountInput(stories.RDFI, f"55{n}0-{word}"),),
                address=address,
            )
            for n, word in enumerate(words)
        ],
        source_ref="test",
    )
    return stories.payroll_of(
        tenant, registered, [amount] * len(registered), payroll_id=payroll_id, pay_on=pay_on, **facts
    )


def later(database: Database, tenant: TenantFixture, **by: float) -> None:
    """Time passes for the tenant."""
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        tenants.move_clock(tx, to=tx.now() + timedelta(**by))


def standing(database: Database, tenant: TenantFixture) -> dict[str, Any]:
    """What the book and the tables say."""
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        return {
            "orders": [order.status for order in reversed(payments.list_orders(tx))],
            "instructions": stories.statuses(tx),
            "events": tx.values("SELECT status FROM payments.settlement_events ORDER BY id"),
            "book": stories.balances(tx, tenant),
            "cases": tx.values("SELECT category FROM cases.exception_cases ORDER BY category"),
        }
