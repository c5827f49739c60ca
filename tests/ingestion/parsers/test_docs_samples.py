"""The samples in docs/samples tell one day: a register, the bank's statements of it, and two returns."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from headgate.core.money import Money, total
from headgate.ingestion.parsers import all_parsers
from headgate.ingestion.records import RegisterRecord, TransactionRecord
from headgate.rails import Company, FileSlot, RailOrder, fake

DOCS = Path(__file__).resolve().parents[3] / "docs" / "samples"
PAYDAY = date(2026, 11, 25)
EMPLOYEES = [
    record
    for record in all_parsers()["register_v1"].parse((DOCS / "register.csv").read_bytes()).records
    if isinstance(record, RegisterRecord)
]


def payroll_file() -> bytes:
    rail = fake.rail(origin="1234567890", origin_name="HARBOR PAYROLL")
    orders = [
        RailOrder(
            attempt_id=employee.employee_id,
            amount=employee.net_pay,
            direction="credit",
            receiver_routing=employee.routing_number,
            receiver_account=employee.account_number,
            receiver_account_type=employee.account_type,
            receiver_name=employee.name,
            individual_id=employee.employee_id,
            sec_code="PPD",
            description="PAYROLL",
            company=Company("HARBOR BAKERY", "1234567890"),
            effective_on=PAYDAY,
            is_wages=True,
        )
        for employee in EMPLOYEES
    ]
    slot = FileSlot(datetime(2026, 11, 24, 14, 0), modifier="A", reference="HG000001", first_trace_sequence=1)
    return rail.write(orders, slot).content


def samples() -> dict[str, bytes]:
    sent = payroll_file()
    returned = fake.return_file([sent], {"990000010000007": "R03", "990000010000019": "R02"}, on=PAYDAY)
    wages = total([employee.net_pay for employee in EMPLOYEES], "USD")
    due = [owed.amount for employee in EMPLOYEES for owed in (*employee.taxes, *employee.obligations)]
    day = fake.book(
        account=fake.BankAccount("4400112233", fake.ROUTING),
        on=PAYDAY,
        opening=Money(2_500_000, "USD"),
        wires=[fake.WireIn(wages + total(due, "USD"), "HARBOR-1125", "HARBOR BAKERY LLC")],
        files=[sent],
    )
    late = fake.book(account=day.account, on=PAYDAY, opening=day.closing, return_files=[returned])
    whole = fake.BankDay(day.account, PAYDAY, day.opening, (*day.lines, *late.lines[:1]))
    return {"statement.bai2": fake.bai2(whole), "statement.xml": fake.camt053(whole), "returns.ach": returned}


@pytest.mark.parametrize("name", ["statement.bai2", "statement.xml", "returns.ach"])
def test_a_sample_is_what_the_simulated_bank_sends(name: str) -> None:
    assert (DOCS / name).read_bytes() == samples()[name]


def test_both_statements_tell_the_same_facts() -> None:
    bai2 = all_parsers()["bai2_v1"].parse((DOCS / "statement.bai2").read_bytes())
    camt = all_parsers()["camt053_v1"].parse((DOCS / "statement.xml").read_bytes())

    assert bai2.totals == camt.totals
    assert [facts(record) for record in bai2.records] == [facts(record) for record in camt.records]
    assert [(s.opening, s.closing, s.credits, s.debits) for s in bai2.statements] == [
        (s.opening, s.closing, s.credits, s.debits) for s in camt.statements
    ]


def facts(record: object) -> tuple[object, ...]:
    assert isinstance(record, TransactionRecord)
    return (
        record.external_id, record.account_number, record.amount, record.direction, record.booked_on, record.value_on,
        record.type_code, record.bank_reference, record.customer_reference, record.text,
    )  # fmt: skip


def test_the_register_is_thirty_employees_with_taxes_and_obligations() -> None:
    assert len(EMPLOYEES) == 30
    assert EMPLOYEES[0].name == "Maria Lindqvist"
    assert [tax.name for tax in EMPLOYEES[0].taxes] == ["federal_tax", "social_security", "medicare"]
    assert [due.name for due in EMPLOYEES[0].obligations] == ["child_support", "health_insurance"]
