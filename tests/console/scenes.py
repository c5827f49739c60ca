"""A tenant of two clients whose payrolls the gate holds, one for want of funds and one for others' reservations."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests import make
from tests.make import ACTOR, TenantFixture, usd
from tests.payments import stories
from tests.payments.stories import FRIDAY, MONDAY, TUESDAY

from headgate import funding, ledger, payments, tenants
from headgate.core.db import Database


@dataclass(frozen=True)
class Scene:
    """What stands in it, by name: payrolls `passed`, `conflict` and `lacking`, and the `file` that was sent."""

    database: Database
    tenant: TenantFixture
    second: TenantFixture
    passed: str
    conflict: str
    lacking: str
    file: str
    unknown: str


def at_the_gate(database: Database) -> Scene:
    """The first client has 1,000.00, of which 800.00 is reserved and 900.00 asked for; the second 130.00, of 620.00."""
    tenant = make.tenant(database)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        entity = tenants.create_legal_entity(tx, name="Second & Sons", time_zone="America/Chicago", currency="USD")
        ledger.seed_chart(tx, legal_entity_id=entity.id, currency="USD")
        second = replace(tenant, legal_entity_id=entity.id)
        for client in (tenant, second):
            stories.originator(tx, client)
        stories.fund(tx, tenant, "1040.00")
        stories.fund(tx, second, "130.00", external_id="wire-2")
        sent = payments.commit_payroll(tx, stories.batch(tx, tenant, "40.00", payroll_id="PR-sent", pay_on=TUESDAY))
        assert sent.status == "committed"
        (file,) = payments.submit_due(tx, on=MONDAY)
        passed = payments.commit_payroll(tx, stories.batch(tx, tenant, "800.00", payroll_id="PR-passed", pay_on=FRIDAY))
        tax = payments.Obligation("tax", "FED", usd("100.00"))
        conflict = payments.commit_payroll(
            tx,
            stories.batch(tx, tenant, "500.00", "300.00", payroll_id="PR-conflict", pay_on=FRIDAY, obligations=(tax,)),
        )
        lacking = payments.commit_payroll(
            tx, stories.batch(tx, second, "50.00", "70.00", "500.00", payroll_id="PR-lacking", pay_on=FRIDAY)
        )
        (unknown,) = funding.record_deposits(
            tx,
            [
                funding.NewDeposit(
                    source="bank",
                    external_id="wire-3",
                    legal_entity_id=None,
                    reference=None,
                    rail="wire",
                    amount=usd("77.10"),
                    value_on=MONDAY,
                    booked_on=MONDAY,
                )
            ],
        ).new
    assert (passed.status, conflict.status, lacking.status) == ("committed", "blocked_funds", "blocked_funds")
    return Scene(
        database, tenant, second, passed.payroll.id, conflict.payroll.id, lacking.payroll.id, file.id, unknown.id
    )


def fund_the_second(scene: Scene, amount: str) -> None:
    """The second client's money comes in."""
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        stories.fund(tx, scene.second, amount, external_id=f"later-{amount}")


def ask_again(scene: Scene) -> str:
    """The second client's payroll is committed once more; its status."""
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        batch = stories.batch(tx, scene.second, "50.00", "70.00", "500.00", payroll_id="PR-lacking", pay_on=FRIDAY)
        return payments.commit_payroll(tx, batch).status
