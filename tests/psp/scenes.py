"""What the tests of the front door do with it: money comes in, a payroll is asked for, figures are read back."""

from __future__ import annotations

from datetime import date

from tests.make import ACTOR, TenantFixture, usd
from tests.payments import stories
from tests.payments.stories import TUESDAY

from headgate.core.db import Database
from headgate.psp import PSP, BankAccountInput, Obligation, PayeeInput, PayrollBatch, PayrollItem


def fund(database: Database, tenant: TenantFixture, text: str, *, external_id: str = "wire-1") -> None:
    """The client's wire settles."""
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.fund(tx, tenant, text, external_id=external_id)


def payroll(
    psp: PSP,
    *amounts: str,
    payroll_id: str = "PR-1",
    pay_date: date = TUESDAY,
    obligations: tuple[Obligation, ...] = (),
) -> PayrollBatch:
    """A payroll of one employee an amount, registered through the front door."""
    registered = psp.payments.register_payees(
        [
            PayeeInput(f"E-{n}", f"Employee Number{n}", (BankAccountInput(stories.RDFI, f"55500{n:06d}"),))
            for n in range(1, len(amounts) + 1)
        ]
    )
    pay = tuple(
        PayrollItem(payee.external_id, payee.party_id, payee.bank_account_ids[0], usd(amount))
        for payee, amount in zip(registered, amounts, strict=True)
    )
    return PayrollBatch(
        tenant_id=psp.config.tenant_id,
        legal_entity_id=psp.config.legal_entity_id,
        payroll_id=payroll_id,
        pay_date=pay_date,
        currency="USD",
        items=(*pay, *obligations),
    )


def figures(database: Database, tenant: TenantFixture) -> tuple[str, str]:
    """What anybody else sees of the client's funds by now: reserved, available."""
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        reserved, available = stories.client_funds(tx, tenant)
        return f"{reserved.major:.2f}", f"{available.major:.2f}"


def counts(database: Database, tenant: TenantFixture) -> dict[str, int]:
    """How many rows anybody else sees."""
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        return stories.counts(tx)


def events(database: Database, tenant: TenantFixture, like: str) -> list[tuple[str, str, str, dict[str, object]]]:
    """Audited events of a kind: type, actor's type, actor, data."""
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        return [
            (row["type"], row["actor_type"], row["actor_id"], row["data"])
            for row in tx.all(
                "SELECT type, actor_type, actor_id, data FROM audit.events WHERE type LIKE %(like)s ORDER BY id",
                {"like": like},
            )
        ]
