"""The life of a dollar in steps that tests put together: a client, its money, a payroll, the bank's answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from tests.make import TenantFixture, usd

from headgate import funding, ingestion, ledger, parties, payments, tenants
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.core.money import Money
from headgate.rails import fake

MONDAY = date(2026, 11, 30)
TUESDAY = date(2026, 12, 1)
WEDNESDAY = date(2026, 12, 2)
FRIDAY = date(2026, 12, 11)
BANK_ACCOUNT = fake.BankAccount(number="4400112233", routing=fake.ROUTING)
RDFI = "021000021"


def at(tx: Tx, day: date, hour: int = 15) -> None:
    """Move the tenant's clock to that day, 15:00 UTC."""
    tenants.move_clock(tx, to=datetime(day.year, day.month, day.day, hour, tzinfo=UTC))


def originator(tx: Tx, tenant: TenantFixture) -> payments.Originator:
    """How the test's legal entity stands in its files."""
    return payments.set_originator(
        tx,
        legal_entity_id=tenant.legal_entity_id,
        odfi_routing_number=fake.ROUTING,
        destination_name="HEADGATE TEST BANK",
        immediate_origin="1234567890",
        origin_name="ACME PAYROLL",
        company_name="ACME INC",
        company_identification="1234567890",
    )


def fund(tx: Tx, tenant: TenantFixture, text: str, *, external_id: str = "wire-1") -> funding.SettledDeposits:
    """Money of the client comes in by wire today."""
    today = tx.now().date()
    return funding.record_deposits(
        tx,
        [
            funding.NewDeposit(
                source="bank",
                external_id=external_id,
                legal_entity_id=tenant.legal_entity_id,
                reference=funding.payer_reference(tx, legal_entity_id=tenant.legal_entity_id),
                rail="wire",
                amount=usd(text),
                value_on=today,
                booked_on=today,
            )
        ],
    )


def batch(
    tx: Tx,
    tenant: TenantFixture,
    *amounts: str,
    payroll_id: str = "PR-1",
    pay_on: date = TUESDAY,
    obligations: tuple[payments.Obligation, ...] = (),
) -> payments.PayrollBatch:
    """A payroll of one employee an amount, each with a bank account."""
    registered = parties.register_payees(
        tx,
        legal_entity_id=tenant.legal_entity_id,
        payees=[
            parties.PayeeInput(f"E-{n}", f"Employee Number{n}", (parties.BankAccountInput(RDFI, f"55500{n:06d}"),))
            for n in range(1, len(amounts) + 1)
        ],
        source_ref="test",
    )
    return payroll_of(tenant, registered, amounts, payroll_id=payroll_id, pay_on=pay_on, obligations=obligations)


def payroll_of(
    tenant: TenantFixture,
    registered: Sequence[parties.RegisteredPayee],
    amounts: Sequence[str],
    *,
    payroll_id: str,
    pay_on: date,
    **facts: Any,
) -> payments.PayrollBatch:
    """A payroll that pays each registered payee its amount, to its first account."""
    return payments.PayrollBatch(
        legal_entity_id=tenant.legal_entity_id,
        payroll_id=payroll_id,
        pay_on=pay_on,
        currency="USD",
        items=tuple(
            payments.PayrollItem(payee.external_id, payee.party_id, payee.bank_account_ids[0], usd(amount))
            for payee, amount in zip(registered, amounts, strict=True)
        ),
        **facts,
    )


def read(tx: Tx, filename: str, data: bytes, *, source: str = "bank") -> str:
    """A file comes in and is read; its artifact."""
    artifact = ingestion.receive(tx, source=source, filename=filename, data=data)
    reading = ingestion.read(tx, artifact.id)
    assert not isinstance(reading, Refused), reading
    return artifact.id


def statement(
    files: list[bytes],
    *,
    on: date = TUESDAY,
    wires: list[fake.WireIn] | None = None,
    return_files: list[bytes] | None = None,
    camt: bool = False,
    opening: str = "0.00",
) -> bytes:
    """The bank's statement of a day."""
    day = fake.book(
        account=BANK_ACCOUNT,
        on=on,
        opening=usd(opening),
        wires=wires or [],
        files=files,
        return_files=return_files or [],
    )
    return fake.camt053(day) if camt else fake.bai2(day)


def balances(tx: Tx, tenant: TenantFixture) -> dict[str, str]:
    """Posted balances by purpose, those that are not zero; CLIENT_FUNDS is the test's legal entity's."""
    found = {}
    for purpose in ("CASH", "CLIENT_FUNDS", "PAYROLL_CLEARING", "SETTLEMENT_CLEARING", "SUSPENSE"):
        account = ledger.account_for(tx, purpose, "USD", legal_entity_id=tenant.legal_entity_id)
        posted = ledger.balance(tx, account.id).posted
        if posted:
            found[purpose] = f"{posted.major:.2f}"
    return found


def client_funds(tx: Tx, tenant: TenantFixture) -> tuple[Money, Money]:
    """What is reserved of the client's funds, and what is available."""
    account = ledger.account_for(tx, "CLIENT_FUNDS", "USD", legal_entity_id=tenant.legal_entity_id)
    balance = ledger.balance(tx, account.id)
    return balance.reserved, balance.available


def statuses(tx: Tx) -> list[str]:
    """The statuses of all instructions, the oldest first."""
    rows = payments.list_instructions(tx, query=payments.parse_query(""), limit=1000)
    return [row.status for row in reversed(rows)]


def counts(tx: Tx) -> dict[str, int]:
    """How many rows stand in every table that a step could add to: what is refused or repeated must leave them as
    they are.
    """
    tables = (
        "funding.deposits",
        "funding.gate_evaluations",
        "payments.payrolls",
        "payments.instructions",
        "payments.attempts",
        "payments.ach_files",
        "payments.settlement_events",
        "payments.return_credits",
        "ledger.entries",
        "ledger.reservations",
        "cases.exception_cases",
        "messaging.outbox_messages",
    )
    return {
        table: tx.value(f"SELECT count(*) FROM {table} WHERE tenant_id = %(t)s", {"t": tx.tenant_id})
        for table in tables
    }
