"""What the bank refuses: a file, a batch of it, or single entries. Their money is the client's again, and they may be paid anew.

    captured when sent    CLIENT_FUNDS → PAYROLL_CLEARING
    refused               PAYROLL_CLEARING → CLIENT_FUNDS

A refused attempt stays refused: it is paid by a new attempt in a new file (retrying.py), never under the old name. What the
bank says later to the contrary (it settled, it came back) is a case, and moves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headgate import cases, funding, ledger
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.payments.files import files
from headgate.payments.model import AchFile
from headgate.payments.outcomes import events as outcomes
from headgate.payments.outcomes.events import Outcome
from headgate.payments.returns import disputes
from headgate.rails import ach, acknowledgements


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a refusal did: payments whose money is the client's again, and entries of which the bank had said otherwise."""

    refused: tuple[str, ...]
    contradicted: tuple[str, ...]
    refused_minor: int


@dataclass(frozen=True, slots=True)
class _Attempt:
    id: str
    instruction_id: str
    attempt_no: int
    amount_minor: int
    currency: str
    trace_number: str
    status: str


def refuse_file(
    tx: Tx, file: AchFile, *, reason: str, evidence: Mapping[str, Any], traces: Sequence[str] | None = None
) -> Refusal:
    """Record that the bank takes nothing of a file, or not these entries of it; the same word again moves nothing.

    `evidence` names the acknowledgement and its sha256. What is settled or came back already is contradicted: a case.
    The caller holds the file.
    """
    outcomes.lock_payrolls(tx, file_id=file.id)
    attempts = tx.all(
        """
        SELECT id, instruction_id, attempt_no, amount_minor, currency, trace_number, status
          FROM payments.attempts
         WHERE tenant_id = %(tenant)s AND ach_file_id = %(file)s
           AND (%(traces)s::text[] IS NULL OR trace_number = ANY(%(traces)s))
         ORDER BY id
           FOR NO KEY UPDATE
        """,
        {"tenant": tx.tenant_id, "file": file.id, "traces": None if traces is None else sorted(traces)},
        row=_Attempt,
    )
    # Where the statement settled the file, each of its entries has settled: an attempt that came back since as well.
    sent = [one for one in attempts if one.status == "sent" and file.status != "settled"]
    against = [one for one in attempts if one.status != "rejected" and one not in sent]
    if sent:
        _give_back(tx, file, sent, evidence)
    _refuse_debits(tx, file, reason, evidence, traces)
    if file.kind == "dishonors" and traces is None and file.status != "settled":
        disputes.refuse(tx, file_id=file.id, provider=file.bank or "bank", external_id=str(evidence.get("sha256")))
    cases.open_cases(
        tx, [*_cases(file, sent, reason, evidence, traces), *_contradictions(file, against, reason, evidence)]
    )
    return Refusal(
        tuple(one.instruction_id for one in sent),
        tuple(one.instruction_id for one in against),
        sum(one.amount_minor for one in sent),
    )


def _refuse_debits(
    tx: Tx, file: AchFile, reason: str, evidence: Mapping[str, Any], traces: Sequence[str] | None
) -> None:
    """Debits that the bank refused brought nothing: what they were for is asked of the client as before."""
    refused = tx.all(
        """
        UPDATE payments.funding_attempts SET status = 'rejected'
         WHERE tenant_id = %(tenant)s AND ach_file_id = %(file)s AND status = 'sent'
           AND (%(traces)s::text[] IS NULL OR trace_number = ANY(%(traces)s))
        RETURNING id, funding_request_id, amount_minor, currency
        """,
        {"tenant": tx.tenant_id, "file": file.id, "traces": None if traces is None else sorted(traces)},
    )
    for row in sorted(refused, key=lambda row: row["funding_request_id"]):
        funding.mark_refused(tx, funding_request_id=row["funding_request_id"])
        cases.open_case(
            tx,
            key=f"debit_rejected:{row['id']}",
            category="debit_rejected",
            detail={
                "debit_id": row["id"],
                "funding_request_id": row["funding_request_id"],
                "amount_minor": row["amount_minor"],
                "currency": row["currency"],
                "reason": reason,
                **evidence,
                "next": "the bank took nothing of it: mend what it names, and ask the client anew",
            },
        )


def named_entries(tx: Tx, file: AchFile, parts: Sequence[acknowledgements.Acknowledged]) -> dict[str, str]:
    """The entries of a file that the bank refuses one by one or batch by batch: trace number → the bank's reason."""
    found = {one.trace: one.reason for one in parts if one.verdict == "rejected" and one.trace is not None}
    batches = {one.batch: one.reason for one in parts if one.verdict == "rejected" and one.trace is None}
    if batches:
        for batch in ach.read_file(files.file_bytes(tx, file.id)).batches:
            if batch.header is not None and batch.header.batch_number in batches:
                reason = batches[batch.header.batch_number]
                found |= {entry.trace_number: reason for entry in batch.entries if entry.trace_number not in found}
    return found


def refused_minor(tx: Tx, file_id: str) -> int:
    """How much of a file the bank refused."""
    return int(
        tx.value(
            """
            SELECT coalesce(sum(amount_minor), 0)::bigint FROM payments.attempts
             WHERE tenant_id = %(tenant)s AND ach_file_id = %(file)s AND status = 'rejected'
            """,
            {"tenant": tx.tenant_id, "file": file_id},
        )
    )


def _give_back(tx: Tx, file: AchFile, sent: Sequence[_Attempt], evidence: Mapping[str, Any]) -> None:
    clearing, client = ledger.posting_accounts(
        tx, "payments.instruction.rejected", file.currency, legal_entity_id=file.legal_entity_id
    )
    posted = outcomes.post_all(
        tx,
        [
            ledger.Posting(
                idempotency_key=f"payments:{one.instruction_id}:reject:{one.attempt_no}",
                entries=[ledger.Entry(clearing, client, Money(one.amount_minor, one.currency))],
                source_type="payment",
                source_id=one.instruction_id,
                description="Refused by the bank",
            )
            for one in sent
        ],
    )
    today = tx.now().date()
    outcomes.record(
        tx,
        [
            Outcome(
                attempt_id=one.id,
                instruction_id=one.instruction_id,
                status="rejected",
                provider=file.bank or "bank",
                external_id=f"{evidence.get('sha256')}:{one.trace_number}",
                amount_minor=one.amount_minor,
                currency=one.currency,
                return_code=None,
                effective_on=today,
                transaction_id=answer,
                artifact_id=None,
                record_id=None,
            )
            for one, answer in zip(sent, posted, strict=True)
        ],
    )


def _cases(
    file: AchFile, sent: Sequence[_Attempt], reason: str, evidence: Mapping[str, Any], traces: Sequence[str] | None
) -> list[cases.NewCase]:
    if traces is None:
        detail = {
            **files.facts(file), **evidence, "reason": reason, "payments": len(sent),
            "next": "the bank takes nothing of this file. The money is the client's again; mend what the bank names, then "
            "have its payments paid anew: they go in another file",
        }  # fmt: skip
        return [cases.NewCase(key=f"file_rejected:{file.id}", category="file_rejected", severity="high", detail=detail)]
    return [
        cases.NewCase(
            key=f"payment_rejected:{one.id}",
            category="payment_rejected",
            severity="high",
            payment_id=one.instruction_id,
            detail={
                "file_id": file.id,
                "name": file.name,
                "trace_number": one.trace_number,
                "amount_minor": one.amount_minor,
                "currency": one.currency,
                "reason": reason,
                **evidence,
                "next": "the bank does not take this entry, and takes the others. The money is the client's again; mend "
                "what the bank names, then have it paid anew",
            },
        )
        for one in sent
    ]


def _contradictions(
    file: AchFile, against: Sequence[_Attempt], reason: str, evidence: Mapping[str, Any]
) -> list[cases.NewCase]:
    return [
        cases.NewCase(
            key=f"rejected_after_{one.status}:{one.id}",
            category="contradictory_word",
            subcategory=f"rejected_after_{one.status}",
            severity="high",
            payment_id=one.instruction_id,
            detail={
                "file_id": file.id,
                "trace_number": one.trace_number,
                "amount_minor": one.amount_minor,
                "currency": one.currency,
                "status": one.status,
                "reason": reason,
                **evidence,
                "next": "the bank refuses what it had settled or sent back; nothing moved. Ask the bank which holds",
            },
        )
        for one in against
    ]
