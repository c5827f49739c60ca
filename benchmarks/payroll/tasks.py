"""What the client does: registers payees, brings the money in, and takes payrolls from the gate to the file."""

from __future__ import annotations

import cProfile
import pstats
import random
import resource
import sys
import time
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from headgate import funding, ledger, parties, payments, tenants
from headgate.core.db import Database, Tx
from headgate.core.money import Money
from headgate.rails import check_digit, fake

from ..ledger.ground import CURRENCY
from ..shared.clients import Client, Gate
from ..shared.ground import ACTOR

SENT_ON = date(2026, 11, 30)
PAY_ON = date(2026, 12, 1)
PAYEES_A_CALL = 10_000
CODES = 500
"""How many banks the employees have."""


def prepare(client: Client, gate: Gate, *, url: str, tenant_id: UUID, employees: int, seed: int) -> dict[str, Any]:
    """A client of the tenant with its originator and its employees. Not timed."""
    gate()
    database = client.database(url)
    dice = random.Random(seed)
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        tenants.move_clock(tx, to=datetime(SENT_ON.year, SENT_ON.month, SENT_ON.day, 15, tzinfo=UTC))
        entity = tenants.create_legal_entity(tx, name="Bench", time_zone="America/Chicago", currency=CURRENCY)
        ledger.seed_chart(tx, legal_entity_id=entity.id, currency=CURRENCY)
        payments.set_originator(
            tx,
            legal_entity_id=entity.id,
            odfi_routing_number=fake.ROUTING,
            destination_name="BENCH BANK",
            immediate_origin="1234567890",
            origin_name="BENCH PAYROLL",
            company_name="BENCH INC",
            company_identification="1234567890",
        )
    banks = [f"{n:08d}{check_digit(f'{n:08d}')}" for n in (dice.randrange(1_000_000, 12_999_999) for _ in range(CODES))]
    accounts: list[tuple[str, str]] = []
    for start in range(0, employees, PAYEES_A_CALL):
        payees = [
            parties.PayeeInput(
                f"E-{n:07d}",
                f"Employee {n:07d}",
                (parties.BankAccountInput(dice.choice(banks), f"{dice.randrange(10**8, 10**9)}{n:07d}"[:17]),),
            )
            for n in range(start, min(start + PAYEES_A_CALL, employees))
        ]
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            made = parties.register_payees(tx, legal_entity_id=entity.id, payees=payees, source_ref="bench")
        accounts += [(payee.party_id, payee.bank_account_ids[0]) for payee in made]
    client.kept["payroll"] = (entity.id, accounts)
    return {"legal_entity_id": entity.id, "employees": len(accounts)}


def pay(
    client: Client, gate: Gate, *, url: str, tenant_id: UUID, number: int, seed: int, profile: bool
) -> dict[str, Any]:
    """One payroll of all employees: the money comes in, untimed; then the commit and the sending are timed."""
    database = client.database(url)
    entity_id, accounts = client.kept["payroll"]
    dice = random.Random(seed)
    batch = payments.PayrollBatch(
        legal_entity_id=entity_id,
        payroll_id=f"PR-{number}",
        pay_on=PAY_ON,
        currency=CURRENCY,
        items=tuple(
            payments.PayrollItem(f"E-{n:07d}", party, account, Money(dice.randrange(100_000, 300_000), CURRENCY))
            for n, (party, account) in enumerate(accounts)
        ),
    )
    need = sum(item.net_pay.minor for item in batch.items)
    _fund(database, tenant_id, entity_id, need, number)
    gate()
    profiler = cProfile.Profile() if profile else None
    if profiler:
        profiler.enable()
    begun = time.perf_counter()
    processor = time.process_time()
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        committed = payments.commit_payroll(tx, batch)
    between = time.perf_counter()
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        files = payments.submit_due(tx, on=SENT_ON)
    ended = time.perf_counter()
    processor = time.process_time() - processor
    if profiler:
        profiler.disable()
        pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(45)
    assert committed.status == "committed", committed.status
    assert sum(file.entry_count for file in files) == len(accounts), "not every employee is in a file"
    assert sum(file.credit_minor for file in files) == need, "the files do not carry the payroll's sum"
    return {
        "employees": len(accounts),
        "seconds": ended - begun,
        "commit_seconds": between - begun,
        "send_seconds": ended - between,
        "client_cpu_seconds": processor,
        "files": len(files),
        "file_bytes": sum(file.byte_count for file in files),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _fund(database: Database, tenant_id: UUID, entity_id: str, minor: int, number: int) -> None:
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        today = _today(tx)
        funding.record_deposits(
            tx,
            [
                funding.NewDeposit(
                    source="bench",
                    external_id=f"wire-{number}",
                    legal_entity_id=entity_id,
                    reference=funding.payer_reference(tx, legal_entity_id=entity_id),
                    rail="wire",
                    amount=Money(minor, CURRENCY),
                    value_on=today,
                    booked_on=today,
                )
            ],
        )


def _today(tx: Tx) -> date:
    return tx.now().date()
