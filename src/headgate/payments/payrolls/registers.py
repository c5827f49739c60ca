"""A payroll register as a client uploads it becomes payees and a payroll."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Literal, cast

from headgate import parties
from headgate.core import collecting
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.funding import GateMode
from headgate.ingestion import RegisterRow, register_rows
from headgate.payments.errors import InvalidPayroll
from headgate.payments.model import CommitResult, Obligation, PayoutRail, PayrollBatch, PayrollItem
from headgate.payments.payrolls.payrolls import commit_payroll

_Kind = Literal["tax", "third_party"]
_COLUMNS: tuple[tuple[_Kind, Callable[[RegisterRow], Mapping[str, Money]]], ...] = (
    ("tax", lambda row: row.taxes),
    ("third_party", lambda row: row.obligations),
)


@collecting.paused()
def commit_register(
    tx: Tx,
    *,
    artifact_id: str,
    legal_entity_id: str,
    payroll_id: str,
    pay_on: date,
    currency: str = "USD",
    rail: PayoutRail | None = None,
    gate_mode: GateMode | None = None,
    override_reason: str | None = None,
) -> CommitResult:
    """Commit the payroll of a register that ingestion has read: its good lines, with their payees and bank accounts.

    What is owed beside net pay is summed by column and becomes one instruction each, to the payee of that external id
    where the client has one. A line may name its rail; those that do not go over `rail`, else the bank's default. A line
    that could not be read has its fault and case at ingestion, and is not paid.

    Raises InvalidPayroll where no line can be paid, and what `commit_payroll` raises.
    """
    rows = register_rows(tx, artifact_id)
    if not rows:
        raise InvalidPayroll(f"no line of {artifact_id} can be paid; see its faults", artifact_id=artifact_id)
    accounts = _register_payees(tx, legal_entity_id, rows, artifact_id)
    batch = PayrollBatch(
        legal_entity_id=legal_entity_id,
        payroll_id=payroll_id,
        pay_on=pay_on,
        currency=currency,
        items=tuple(
            PayrollItem(row.employee_id, *accounts[index], row.net_pay, cast(PayoutRail | None, row.rail or None))
            for index, row in enumerate(rows)
            if row.net_pay
        ),
        obligations=_obligations(tx, legal_entity_id, rows, currency),
        rail=rail,
    )
    return commit_payroll(
        tx, batch, source_artifact_id=artifact_id, gate_mode=gate_mode, override_reason=override_reason
    )


def _register_payees(
    tx: Tx, legal_entity_id: str, rows: Sequence[RegisterRow], artifact_id: str
) -> list[tuple[str, str]]:
    """The payee and the bank account of each row, in order; a register names an employee once."""
    payees = [parties.PayeeInput(row.employee_id, row.name, (_account(row),)) for row in rows]
    registered = parties.register_payees(tx, legal_entity_id=legal_entity_id, payees=payees, source_ref=artifact_id)
    return [(payee.party_id, payee.bank_account_ids[0]) for payee in registered]


def _account(row: RegisterRow) -> parties.BankAccountInput:
    return parties.BankAccountInput(
        row.routing_number, row.account_number, cast(Literal["checking", "savings"], row.account_type)
    )


def _obligations(tx: Tx, legal_entity_id: str, rows: Sequence[RegisterRow], currency: str) -> tuple[Obligation, ...]:
    """What the register owes beside net pay, summed by column: taxes first, then third parties."""
    sums: dict[tuple[_Kind, str], Money] = {}
    for row in rows:
        for kind, columns in _COLUMNS:
            for code, amount in columns(row).items():
                sums[kind, code] = sums.get((kind, code), Money(0, currency)) + amount
    agencies = _agencies(tx, legal_entity_id, [code for _, code in sums])
    return tuple(
        Obligation(kind, code, amount, *agencies.get(code, (None, None)))
        for (kind, code), amount in sums.items()
        if amount
    )


def _agencies(tx: Tx, legal_entity_id: str, codes: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Payee and active bank account of the agencies that a client calls as its register's columns."""
    found = {}
    for code in codes:
        try:
            payee = parties.party_called(tx, kind="payee", legal_entity_id=legal_entity_id, external_id=code)
        except parties.NoSuchParty:
            continue
        accounts = [one for one in parties.list_bank_accounts(tx, party_id=payee.id) if one.status == "active"]
        if accounts:
            found[code] = (payee.id, accounts[0].id)
    return found
