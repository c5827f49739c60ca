"""Returns: a receiving bank sends an entry back, and the money is the client's again.

A return names the original trace number and bank; with the amount they say which attempt it was. What matches none of
ours is an orphan: a case, and nothing moves. A return that comes again moves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headgate import cases, ledger
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.ingestion import ReturnEntry, return_entries
from headgate.payments import outcomes
from headgate.payments.model import ReturnEffects
from headgate.payments.notices import apply_notices
from headgate.payments.outcomes import Outcome
from headgate.rails import return_codes


@dataclass(frozen=True, slots=True)
class _Attempt:
    """An attempt that a return names, locked."""

    id: str
    instruction_id: str
    legal_entity_id: str
    attempt_no: int
    amount_minor: int
    currency: str
    trace_number: str
    rdfi_identification: str
    status: str

    @property
    def identity(self) -> tuple[str, str, int, str]:
        return self.trace_number, self.rdfi_identification, self.amount_minor, self.currency


def return_from_file(tx: Tx, *, artifact_id: str) -> ReturnEffects:
    """Record a return file: each returned payment's money is the client's again, each notice is done as policy has it.

    Where the file it went out with has not settled yet, nothing changes: the settlement is told later, and counts then.
    """
    entries = [
        entry for entry in return_entries(tx, artifact_id) if entry.kind == "return" and entry.code in return_codes()
    ]
    attempts = _lock_attempts(tx, entries)
    matched: dict[str, tuple[_Attempt, ReturnEntry]] = {}
    orphans: list[ReturnEntry] = []
    repeated = 0
    for entry in entries:
        attempt = attempts.get(
            (entry.original_trace, entry.original_rdfi[:8], entry.amount.minor, entry.amount.currency)
        )
        if attempt is None:
            orphans.append(entry)
        elif attempt.status == "returned" or attempt.id in matched:
            repeated += 1
        else:
            matched[attempt.id] = (attempt, entry)
    _record(tx, list(matched.values()), artifact_id)
    _open_orphans(tx, orphans, artifact_id)
    notices = apply_notices(tx, artifact_id=artifact_id)
    return ReturnEffects(
        returned=tuple(attempt.instruction_id for attempt, _ in matched.values()),
        orphans=len(orphans) + notices.orphans,
        repeated=repeated + notices.repeated,
        corrected=notices.applied,
        to_decide=notices.for_a_person,
    )


def _lock_attempts(tx: Tx, entries: Sequence[ReturnEntry]) -> dict[tuple[str, str, int, str], _Attempt]:
    """The attempts by what a return says of them. Trace numbers come again after a year or so: the latest is meant."""
    traces = {entry.original_trace for entry in entries}
    outcomes.lock_payrolls(tx, traces=traces)
    found = tx.all(
        """
        SELECT a.id, a.instruction_id, i.legal_entity_id, a.attempt_no, a.amount_minor, a.currency, a.trace_number,
               a.rdfi_identification, a.status
          FROM payments.attempts a
          JOIN payments.instructions i ON i.tenant_id = a.tenant_id AND i.id = a.instruction_id
         WHERE a.tenant_id = %(tenant)s AND a.trace_number = ANY(%(traces)s)
         ORDER BY a.id
           FOR NO KEY UPDATE OF a
        """,
        {"tenant": tx.tenant_id, "traces": sorted(traces)},
        row=_Attempt,
    )
    return {attempt.identity: attempt for attempt in found}


def _record(tx: Tx, matched: Sequence[tuple[_Attempt, ReturnEntry]], artifact_id: str) -> None:
    if not matched:
        return
    accounts: dict[tuple[str, str], tuple[int, int]] = {}
    for attempt, _ in matched:
        where = (attempt.legal_entity_id, attempt.currency)
        if where not in accounts:
            accounts[where] = ledger.posting_accounts(
                tx, "payments.instruction.returned", where[1], legal_entity_id=where[0]
            )
    posted = outcomes.post_all(
        tx,
        [
            ledger.Posting(
                idempotency_key=f"payments:{attempt.instruction_id}:return:{attempt.attempt_no}",
                entries=[
                    ledger.Entry(
                        *accounts[attempt.legal_entity_id, attempt.currency],
                        Money(attempt.amount_minor, attempt.currency),
                    )
                ],
                source_type="payment",
                source_id=attempt.instruction_id,
                description=f"Returned with {entry.code}",
            )
            for attempt, entry in matched
        ],
    )
    today = tx.now().date()
    outcomes.record(
        tx,
        [
            Outcome(
                attempt_id=attempt.id,
                instruction_id=attempt.instruction_id,
                status="returned",
                provider=entry.source,
                external_id=entry.external_id,
                amount_minor=attempt.amount_minor,
                currency=attempt.currency,
                return_code=entry.code,
                effective_on=entry.settled_on or today,
                transaction_id=answer,
                artifact_id=artifact_id,
                record_id=entry.record_id,
            )
            for (attempt, entry), answer in zip(matched, posted, strict=True)
        ],
    )
    cases.open_cases(
        tx,
        [
            cases.NewCase(
                key=f"payment_returned:{attempt.id}",
                category="payment_returned",
                subcategory=entry.code,
                payment_id=attempt.instruction_id,
                ingestion_id=entry.record_id,
                detail={
                    "code": entry.code,
                    "title": return_codes()[entry.code].title,
                    "amount_minor": attempt.amount_minor,
                    "currency": attempt.currency,
                    "trace_number": attempt.trace_number,
                },
            )
            for attempt, entry in matched
        ],
    )


def _open_orphans(tx: Tx, orphans: Sequence[ReturnEntry], artifact_id: str) -> None:
    cases.open_cases(
        tx,
        [
            cases.NewCase(
                key=f"orphan_return:{entry.record_id}",
                category="orphan_return",
                subcategory=entry.code,
                ingestion_id=entry.record_id,
                detail={
                    "code": entry.code,
                    "original_trace": entry.original_trace,
                    "amount_minor": entry.amount.minor,
                    "currency": entry.amount.currency,
                    "artifact_id": artifact_id,
                },
            )
            for entry in orphans
        ],
    )
