"""Settlement: a bank statement says that a file's money has left, or that returned money came back.

A file settles by the line that carries its reference and its exact total; then each of its payments is settled. The
order does not matter: what was returned before its file settled stays returned, and the book comes out the same.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from headgate import cases, funding, ledger
from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.ingestion import StatementLine, statement_lines
from headgate.payments import outcomes
from headgate.payments.model import StatementEffects
from headgate.payments.outcomes import Outcome

_TRACE = re.compile(r"(?<![0-9])[0-9]{15}(?![0-9])")
"""A trace number, as a bank writes it into the text of a return's line."""


@dataclass(frozen=True, slots=True)
class _File:
    """A file that a statement line names, locked."""

    id: str
    legal_entity_id: str
    reference: str
    credit_minor: int
    currency: str
    status: str


@dataclass(frozen=True, slots=True)
class _Attempt:
    """An attempt whose outcome is being recorded."""

    id: str
    instruction_id: str
    attempt_no: int
    amount_minor: int
    currency: str
    trace_number: str


def settle_from_statement(tx: Tx, *, artifact_id: str) -> StatementEffects:
    """Record what a bank statement says of our payments. A statement that comes again moves nothing.

    A line that names a file but another amount, or a file that has settled by another line, opens a case and moves
    nothing: the reconciliation names the difference.
    """
    lines = statement_lines(tx, artifact_id)
    settled: list[str] = []
    mismatched: list[str] = []
    count = repeated = 0
    named = {reference: line for line in lines if _may_settle(line) for reference in funding.words_of(_text(line))}
    for file in _lock_files(tx, sorted(named)):
        line = named[file.reference]
        if _is_known(tx, file, line):
            repeated += 1
        elif (
            file.status == "settled" or line.amount.minor != file.credit_minor or line.amount.currency != file.currency
        ):
            mismatched.append(file.id)
            _open_mismatch(tx, file, line, artifact_id)
        else:
            count += _settle(tx, file, line, artifact_id)
            settled.append(file.id)
    back = [line for line in lines if line.is_credit and funding.is_return(line)]
    new = _return_credits(tx, back, artifact_id)
    return StatementEffects(tuple(settled), count, new, repeated + len(back) - new, tuple(mismatched))


def _may_settle(line: StatementLine) -> bool:
    return not line.is_credit and not funding.is_return(line)


def _text(line: StatementLine) -> str:
    return f"{line.customer_reference} {line.text}"


def _lock_files(tx: Tx, references: Sequence[str]) -> list[_File]:
    return tx.all(
        """
        SELECT id, legal_entity_id, reference, credit_minor, currency, status
          FROM payments.ach_files
         WHERE tenant_id = %(tenant)s AND reference = ANY(%(references)s)
         ORDER BY id
           FOR NO KEY UPDATE
        """,
        {"tenant": tx.tenant_id, "references": list(references)},
        row=_File,
    )


def _is_known(tx: Tx, file: _File, line: StatementLine) -> bool:
    """Whether it was this very line that settled the file."""
    return bool(
        tx.value(
            """
            SELECT EXISTS (
              SELECT FROM payments.settlement_events e
                JOIN payments.attempts a ON a.tenant_id = e.tenant_id AND a.id = e.attempt_id
               WHERE e.tenant_id = %(tenant)s AND a.ach_file_id = %(file)s AND e.status = 'settled'
                 AND e.provider = %(provider)s AND e.external_id = %(external)s || ':' || a.trace_number)
            """,
            {"tenant": tx.tenant_id, "file": file.id, "provider": line.source, "external": line.external_id},
        )
    )


def _open_mismatch(tx: Tx, file: _File, line: StatementLine, artifact_id: str) -> None:
    cases.open_case(
        tx,
        key=f"file_settlement_differs:{file.id}:{line.record_id}",
        category="file_settlement_differs",
        severity="high",
        ingestion_id=line.record_id,
        detail={
            "file_id": file.id,
            "file_minor": file.credit_minor,
            "bank_minor": line.amount.minor,
            "currency": line.amount.currency,
            "file_status": file.status,
            "artifact_id": artifact_id,
        },
    )


def _settle(tx: Tx, file: _File, line: StatementLine, artifact_id: str) -> int:
    outcomes.lock_payrolls(tx, file_id=file.id)
    attempts = tx.all(
        """
        SELECT id, instruction_id, attempt_no, amount_minor, currency, trace_number
          FROM payments.attempts
         WHERE tenant_id = %(tenant)s AND ach_file_id = %(file)s
         ORDER BY id
           FOR NO KEY UPDATE
        """,
        {"tenant": tx.tenant_id, "file": file.id},
        row=_Attempt,
    )
    clearing, cash = ledger.posting_accounts(
        tx, "payments.instruction.settled", file.currency, legal_entity_id=file.legal_entity_id
    )
    booked_on = funding.booked_on(tx, line)
    at = funding.booked_at(tx, booked_on, legal_entity_id=file.legal_entity_id)
    reference = {"reference": line.reference}
    posted = outcomes.post_all(
        tx,
        [
            ledger.Posting(
                idempotency_key=f"payments:{one.instruction_id}:settle:{one.attempt_no}",
                entries=[ledger.Entry(clearing, cash, Money(one.amount_minor, one.currency))],
                effective_at=at,
                source_type="payment",
                source_id=one.instruction_id,
                description="Settled at the bank",
                metadata=reference,
            )
            for one in attempts
        ],
    )
    outcomes.record(
        tx,
        [
            Outcome(
                attempt_id=one.id,
                instruction_id=one.instruction_id,
                status="settled",
                provider=line.source,
                external_id=f"{line.external_id}:{one.trace_number}",
                amount_minor=one.amount_minor,
                currency=one.currency,
                return_code=None,
                effective_on=booked_on,
                transaction_id=answer,
                artifact_id=artifact_id,
                record_id=line.record_id,
            )
            for one, answer in zip(attempts, posted, strict=True)
        ],
    )
    tx.run(
        """
        UPDATE payments.ach_files SET status = 'settled', settled_on = %(on)s
         WHERE tenant_id = %(tenant)s AND id = %(id)s
        """,
        {"tenant": tx.tenant_id, "id": file.id, "on": booked_on},
    )
    return len(attempts)


def _return_credits(tx: Tx, lines: Sequence[StatementLine], artifact_id: str) -> int:
    """Post the lines that give returned money back, and say how many are new."""
    known = {
        (row["provider"], row["external_id"])
        for row in tx.all(
            """
            SELECT c.provider, c.external_id
              FROM unnest(%(providers)s::text[], %(externals)s::text[]) AS wanted (provider, external_id)
              JOIN payments.return_credits c
                ON c.tenant_id = %(tenant)s AND c.provider = wanted.provider AND c.external_id = wanted.external_id
            """,
            {
                "tenant": tx.tenant_id,
                "providers": [line.source for line in lines],
                "externals": [line.external_id for line in lines],
            },
        )
    }
    fresh = [line for line in lines if (line.source, line.external_id) not in known]
    if not fresh:
        return 0
    days = [funding.booked_on(tx, line) for line in fresh]
    payments = _returned_payments(tx, fresh)
    accounts = {
        currency: ledger.posting_accounts(tx, "payments.return.credited", currency)
        for currency in {line.amount.currency for line in fresh}
    }
    posted = outcomes.post_all(
        tx,
        [
            ledger.Posting(
                idempotency_key=_credit_key(line),
                entries=[ledger.Entry(*accounts[line.amount.currency], line.amount)],
                effective_at=funding.booked_at(tx, day, legal_entity_id=None),
                source_type="return_credit",
                source_id=payments.get(line.record_id, line.record_id),
                description="Returned money given back by the bank",
                metadata={"reference": line.reference},
            )
            for line, day in zip(fresh, days, strict=True)
        ],
    )
    return tx.run(
        """
        INSERT INTO payments.return_credits
               (tenant_id, id, provider, external_id, amount_minor, currency, value_on, transaction_id, artifact_id,
                   record_id,
                occurred_at)
        SELECT %(tenant)s, c.id, c.provider, c.external_id, c.amount_minor, c.currency, c.value_on, c.transaction_id,
               %(artifact)s, c.record_id, %(now)s
          FROM unnest(%(ids)s::text[], %(providers)s::text[], %(externals)s::text[], %(amounts)s::bigint[],
                      %(currencies)s::text[], %(values)s::date[], %(transactions)s::bigint[], %(records)s::text[])
               AS c (id, provider, external_id, amount_minor, currency, value_on, transaction_id, record_id)
            ON CONFLICT (tenant_id, provider, external_id) DO NOTHING
        """,
        {
            "tenant": tx.tenant_id,
            "artifact": artifact_id,
            "now": tx.now(),
            "ids": [ids.new("set") for _ in fresh],
            "providers": [line.source for line in fresh],
            "externals": [line.external_id for line in fresh],
            "amounts": [line.amount.minor for line in fresh],
            "currencies": [line.amount.currency for line in fresh],
            "values": days,
            "transactions": posted,
            "records": [line.record_id for line in fresh],
        },
    )


def _returned_payments(tx: Tx, lines: Sequence[StatementLine]) -> dict[str, str]:
    """The payment that a line gives back, by record, where the line's text holds its trace number and the amount agrees."""
    named = [(line, trace) for line in lines for trace in _TRACE.findall(line.text)]
    found = {
        (row["trace_number"], row["amount_minor"], row["currency"]): row["instruction_id"]
        for row in tx.all(
            """
            SELECT trace_number, amount_minor, currency, instruction_id
              FROM payments.attempts
             WHERE tenant_id = %(tenant)s AND trace_number = ANY(%(traces)s) AND status = 'returned'
            """,
            {"tenant": tx.tenant_id, "traces": [trace for _, trace in named]},
        )
    }
    return {
        line.record_id: found[trace, line.amount.minor, line.amount.currency]
        for line, trace in named
        if (trace, line.amount.minor, line.amount.currency) in found
    }


def _credit_key(line: StatementLine) -> str:
    # An external id may be longer than a key of the ledger.
    return "payments:return_credit:" + hashlib.sha256(f"{line.source}:{line.external_id}".encode()).hexdigest()
