"""Loans, their dues, payments, lines and timelines, for the doors and other domains."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from headgate import ingestion
from headgate.core.db import Tx
from headgate.servicing.errors import NoSuchLoan, NoSuchPayment
from headgate.servicing.model import Channel, Instruction, PaymentStatus, Place, State


@dataclass(frozen=True, slots=True)
class LoanView:
    """A loan as it stands."""

    id: str
    external_id: str
    product: str
    currency: str
    legal_entity_id: str
    borrower_id: str | None
    state: State
    has_legal_hold: bool
    has_stop_pay: bool
    is_kyc_incomplete: bool
    oldest_due_on: date | None
    open_minor: int
    suspense_minor: int
    overpayment_minor: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DueView:
    """An instalment or charge, and what was paid of it."""

    number: int
    kind: str
    due_on: date
    fees_minor: int
    interest_minor: int
    principal_minor: int
    escrow_minor: int
    paid_minor: int
    open_minor: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class LineView:
    """An amount of a payment, where it lies now."""

    bucket: Place
    instalment_no: int | None
    amount_minor: int
    applied_on: date
    policy_version_no: int
    is_recovery: bool


@dataclass(frozen=True, slots=True)
class PaymentView:
    """A payment of a loan; `lines` are those that stand."""

    id: str
    loan_id: str
    source_channel: Channel
    idempotency_key: str
    effective_date: date
    currency: str
    total_received: int
    principal: int
    interest: int
    fee: int
    escrow: int
    suspense: int
    status: PaymentStatus
    reversal_reason: str | None
    instruction: Instruction
    policy_version_no: int
    provider_transfer_id: str | None
    provider_account_id: str | None
    ingestion_id: str | None
    created_at: datetime
    lines: tuple[LineView, ...] = ()
    artifacts: tuple[ingestion.Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to a loan or a payment, with its facts."""

    at: datetime
    kind: str
    facts: dict[str, Any]


def get_loan(tx: Tx, name: str) -> LoanView:
    """A loan by its id, or by what the client calls it. Raises NoSuchLoan."""
    rows = tx.all(
        """
        SELECT n.id, n.external_id, n.product, n.currency, n.legal_entity_id, n.borrower_id, n.state, n.has_legal_hold,
               n.has_stop_pay, n.is_kyc_incomplete, n.oldest_due_on, n.open_minor, n.suspense_minor, n.overpayment_minor,
               n.created_at
          FROM servicing.loans n
         WHERE n.id = %(name)s OR n.external_id = %(name)s
        """,
        {"name": name},
        row=LoanView,
    )
    if not rows:
        raise NoSuchLoan(f"there is no loan {name[:60]}", loan_id=name[:60])
    return rows[0]


def list_loans(tx: Tx, *, state: State | None = None, after: str | None = None, limit: int = 50) -> list[LoanView]:
    """Loans, the newest first, of one state where it is named."""
    return tx.all(
        """
        SELECT n.id, n.external_id, n.product, n.currency, n.legal_entity_id, n.borrower_id, n.state, n.has_legal_hold,
               n.has_stop_pay, n.is_kyc_incomplete, n.oldest_due_on, n.open_minor, n.suspense_minor, n.overpayment_minor,
               n.created_at
          FROM servicing.loans n
         WHERE (%(state)s::text IS NULL OR n.state = %(state)s) AND (%(after)s::text IS NULL OR n.id < %(after)s)
         ORDER BY n.id DESC
         LIMIT %(limit)s
        """,
        {"state": state, "after": after, "limit": limit},
        row=LoanView,
    )


def dues_of(tx: Tx, loan_id: str) -> list[DueView]:
    """What a loan owes, in the order of its due dates."""
    return tx.all(
        """
        SELECT d.instalment_no AS number, d.kind, d.due_on, d.fees_minor, d.interest_minor, d.principal_minor, d.escrow_minor,
               d.fees_paid_minor + d.interest_paid_minor + d.principal_paid_minor + d.escrow_paid_minor AS paid_minor,
               d.fees_minor + d.interest_minor + d.principal_minor + d.escrow_minor - d.fees_paid_minor
                 - d.interest_paid_minor - d.principal_paid_minor - d.escrow_paid_minor AS open_minor,
               d.reason
          FROM servicing.dues d
         WHERE d.loan_id = %(loan)s
         ORDER BY d.due_on, d.instalment_no
        """,
        {"loan": loan_id},
        row=DueView,
    )


def payments_of(tx: Tx, loan_id: str, *, after: str | None = None, limit: int = 50) -> list[PaymentView]:
    """A loan's payments, the newest first, each with the lines that stand."""
    rows = tx.all(
        """
        SELECT p.id, p.loan_id, p.source_channel, p.idempotency_key, p.effective_date, p.currency, p.total_received,
               p.principal, p.interest, p.fee, p.escrow, p.suspense, p.status, p.reversal_reason, p.instruction,
               p.policy_version_no, p.provider_transfer_id, p.provider_account_id, p.ingestion_id, p.created_at
          FROM servicing.payments p
         WHERE p.loan_id = %(loan)s AND (%(after)s::text IS NULL OR p.id < %(after)s)
         ORDER BY p.id DESC
         LIMIT %(limit)s
        """,
        {"loan": loan_id, "after": after, "limit": limit},
    )
    return _with_lines(tx, rows)


def get_payment(tx: Tx, payment_id: str) -> PaymentView:
    """One payment with the lines that stand. Raises NoSuchPayment."""
    rows = tx.all(
        """
        SELECT p.id, p.loan_id, p.source_channel, p.idempotency_key, p.effective_date, p.currency, p.total_received,
               p.principal, p.interest, p.fee, p.escrow, p.suspense, p.status, p.reversal_reason, p.instruction,
               p.policy_version_no, p.provider_transfer_id, p.provider_account_id, p.ingestion_id, p.created_at
          FROM servicing.payments p
         WHERE p.id = %(id)s
        """,
        {"id": payment_id},
    )
    if not rows:
        raise NoSuchPayment(f"there is no payment {payment_id[:40]} of a loan", payment_id=payment_id[:40])
    return _with_lines(tx, rows)[0]


def events_of_payment(tx: Tx, payment_id: str) -> list[Happening]:
    """What happened to a payment, in order: each of its events as the audit log has them. Raises NoSuchPayment."""
    get_payment(tx, payment_id)
    return tx.all(
        """
        SELECT e.event_time AS at, e.type AS kind, e.data AS facts
          FROM audit.events e
         WHERE e.payment_id = %(id)s
         ORDER BY e.id
        """,
        {"id": payment_id},
        row=Happening,
    )


def timeline_of(tx: Tx, loan_id: str, *, limit: int = 200) -> list[Happening]:
    """What happened to a loan, the newest first: moves, standings, charges, payments, and what took them back."""
    return tx.all(
        """
        SELECT h.at, h.kind, h.facts
          FROM (
            SELECT c.recorded_at AS at, 'moved' AS kind,
                   jsonb_build_object('from', c.from_state, 'to', c.to_state, 'oldest_due_on', c.oldest_due_on) AS facts
              FROM servicing.state_changes c WHERE c.loan_id = %(loan)s
             UNION ALL
            SELECT s.recorded_at, 'standing', jsonb_build_object('standing', s.standing, 'from_on', s.from_on, 'reason', s.reason)
              FROM servicing.standings s WHERE s.loan_id = %(loan)s
             UNION ALL
            SELECT d.recorded_at, 'charged',
                   jsonb_build_object('instalment_no', d.instalment_no, 'fees_minor', d.fees_minor, 'reason', d.reason)
              FROM servicing.dues d WHERE d.loan_id = %(loan)s AND d.kind = 'charge'
             UNION ALL
            SELECT k.recorded_at, 'held', jsonb_build_object('has_legal_hold', k.has_legal_hold, 'has_stop_pay', k.has_stop_pay,
                     'is_kyc_incomplete', k.is_kyc_incomplete, 'reason', k.reason)
              FROM servicing.hold_changes k WHERE k.loan_id = %(loan)s
             UNION ALL
            SELECT p.recorded_at, 'paid', jsonb_build_object('payment_id', p.id, 'amount_minor', p.total_received,
                     'effective_date', p.effective_date, 'source_channel', p.source_channel)
              FROM servicing.payments p WHERE p.loan_id = %(loan)s
             UNION ALL
            SELECT u.recorded_at, 'undone', jsonb_build_object('payment_id', u.payment_id, 'code', u.code, 'reason', u.reason)
              FROM servicing.undoings u
              JOIN servicing.payments p ON p.tenant_id = u.tenant_id AND p.id = u.payment_id
             WHERE p.loan_id = %(loan)s) h
         ORDER BY h.at DESC
         LIMIT %(limit)s
        """,
        {"loan": loan_id, "limit": limit},
        row=Happening,
    )


def _with_lines(tx: Tx, rows: list[dict[str, Any]]) -> list[PaymentView]:
    lines: dict[str, list[LineView]] = {row["id"]: [] for row in rows}
    found = tx.all(
        """
        SELECT l.payment_id, l.bucket, l.instalment_no, l.amount_minor, l.applied_on, l.policy_version_no, l.is_recovery
          FROM servicing.live_allocations l
         WHERE l.payment_id = ANY (%(payments)s)
         ORDER BY l.payment_id, l.applied_on, l.id
        """,
        {"payments": list(lines)},
    )
    for line in found:
        lines[line.pop("payment_id")].append(LineView(**line))
    evidence = ingestion.evidence_of_payments(tx, [row["ingestion_id"] for row in rows if row["ingestion_id"]])
    return [
        PaymentView(**row, lines=tuple(lines[row["id"]]), artifacts=tuple(evidence.get(row["ingestion_id"], ())))
        for row in rows
    ]
