"""A payroll with a simulated bank, in steps that tests put together."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from tests.make import ACTOR, TenantFixture, usd
from tests.payments import stories
from tests.payments.stories import MONDAY, RDFI

from headgate import funding, parties, payments, rails, twin
from headgate.core.db import Database

TUESDAY = date(2026, 12, 1)
THURSDAY = date(2026, 12, 3)


def begin(database: Database, tenant: TenantFixture) -> Any:
    """A transaction of the test's tenant."""
    return database.begin(tenant_id=tenant.id, actor=ACTOR)


def at(day: date, hour: int = 15) -> datetime:
    """That hour of UTC on that day."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def funded(database: Database, tenant: TenantFixture, text: str, **bank: Any) -> twin.Advance:
    """Monday, nine in Chicago: the client has wired so much to the simulated bank; on Tuesday at nine the book knows."""
    with begin(database, tenant) as tx:
        stories.at(tx, MONDAY)
        stories.originator(tx, tenant)
        reference = funding.payer_reference(tx, legal_entity_id=tenant.legal_entity_id)
    twin.give_bank(database, tenant.id, **bank)
    assert twin.wire_in(database, tenant.id, amount=usd(text), reference=reference) == MONDAY
    return twin.advance(database, tenant.id, to=at(TUESDAY))


def pay(database: Database, tenant: TenantFixture, *people: tuple[str, str], pay_on: date = THURSDAY) -> list[str]:
    """A payroll is committed and sent: (account number, amount) each. The names of its files."""
    with begin(database, tenant) as tx:
        registered = parties.register_payees(
            tx,
            legal_entity_id=tenant.legal_entity_id,
            payees=[
                parties.PayeeInput(f"E-{pay_on}-{n}", f"Employee Number{n}", (parties.BankAccountInput(RDFI, account),))
                for n, (account, _) in enumerate(people, start=1)
            ],
            source_ref="test",
        )
        result = payments.commit_payroll(
            tx,
            payments.PayrollBatch(
                legal_entity_id=tenant.legal_entity_id,
                payroll_id=f"PR-{pay_on}",
                pay_on=pay_on,
                currency="USD",
                items=tuple(
                    payments.PayrollItem(payee.external_id, payee.party_id, payee.bank_account_ids[0], usd(amount))
                    for payee, (_, amount) in zip(registered, people, strict=True)
                ),
            ),
        )
        assert result.status == "committed", result
        return [file.name for file in payments.submit_due(tx, on=rails.add_banking_days(pay_on, -1))]
