"""A payment's tries, what the bank said of each, and the gate's judgements of its payroll: the facts under its life."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from headgate import funding
from headgate.core.db import Tx
from headgate.core.money import Money

JUDGEMENTS_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt: the file that carries it, and what is known of that file's way to the bank."""

    attempt_id: str
    attempt_no: int
    status: str
    rail: str
    amount_minor: int
    currency: str
    trace_number: str
    file_id: str
    file_name: str
    file_status: str
    effective_on: date
    delivered_at: datetime | None
    made_at: datetime

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class Word:
    """What a bank said of an attempt, and the evidence: a line of a file as it came."""

    attempt_no: int
    status: str
    return_code: str | None
    effective_on: date
    provider: str
    external_id: str
    artifact_id: str
    filename: str
    line: int | None
    said_at: datetime


def tries_of(tx: Tx, payment_id: str) -> tuple[Try, ...]:
    """The attempts to pay it, the first first."""
    return tuple(
        tx.all(
            """
            SELECT a.id AS attempt_id, a.attempt_no, a.status, a.rail, a.amount_minor, a.currency, a.trace_number,
                   f.id AS file_id, f.name AS file_name, f.status AS file_status, f.effective_on, f.delivered_at,
                   a.created_at AS made_at
              FROM payments.attempts a
              JOIN payments.ach_files f ON f.tenant_id = a.tenant_id AND f.id = a.ach_file_id
             WHERE a.tenant_id = %(tenant)s AND a.instruction_id = %(id)s
             ORDER BY a.attempt_no
            """,
            {"tenant": tx.tenant_id, "id": payment_id},
            row=Try,
        )
    )


def words_of(tx: Tx, payment_id: str) -> tuple[Word, ...]:
    """What banks said of it, as it became known."""
    return tuple(
        tx.all(
            """
            SELECT a.attempt_no, e.status, e.return_code, e.effective_on, e.provider, e.external_id, e.artifact_id, f.filename,
                   r.line, e.recorded_at AS said_at
              FROM payments.settlement_events e
              JOIN payments.attempts a ON a.tenant_id = e.tenant_id AND a.id = e.attempt_id
              JOIN ingestion.artifacts f ON f.tenant_id = e.tenant_id AND f.id = e.artifact_id
              LEFT JOIN ingestion.records r ON r.tenant_id = e.tenant_id AND r.id = e.record_id
             WHERE e.tenant_id = %(tenant)s AND e.instruction_id = %(id)s
             ORDER BY e.recorded_at, e.id
            """,
            {"tenant": tx.tenant_id, "id": payment_id},
            row=Word,
        )
    )


def judgements_of(tx: Tx, payroll_id: str) -> tuple[funding.Evaluation, ...]:
    """The gate's judgements of its payroll, the first first; of very many the last."""
    return tuple(reversed(funding.list_evaluations(tx, subject=payroll_id, limit=JUDGEMENTS_MAX)))
