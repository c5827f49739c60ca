"""Returns: a receiving bank sends an entry back, and the money is the client's again.

A return names the original trace number and bank; with the amount they say which attempt it was. What matches none of
ours is an orphan: a case, and nothing moves. A return that comes again moves nothing. What follows beside the money is the
tenant's policy for its code: the account held, a dispute with its deadline, or no more than a case (rules.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from headgate import funding, ledger, rails
from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.ingestion import ReturnEntry, return_entries
from headgate.payments.model import ReturnEffects
from headgate.payments.outcomes import debits as debit_outcomes
from headgate.payments.outcomes import events as outcomes
from headgate.payments.outcomes import movements
from headgate.payments.outcomes.events import Outcome
from headgate.payments.returns import cases as return_cases
from headgate.payments.returns import disputes
from headgate.payments.returns.cases import Returned
from headgate.payments.returns.notices import apply_notices
from headgate.rails import ach, return_codes

Standing = Literal["counted", "repeated", "contradicts", "orphan"]


@dataclass(frozen=True, slots=True)
class _Attempt:
    """An attempt that a return names, locked. `returned_before` counts returns that were dishonored since."""

    id: str
    instruction_id: str
    legal_entity_id: str
    bank_account_id: str | None
    attempt_no: int
    amount_minor: int
    currency: str
    trace_number: str
    rdfi_identification: str
    status: str
    settles_on: date
    returned_before: int

    @property
    def identity(self) -> tuple[str, str, int, str]:
        return self.trace_number, self.rdfi_identification, self.amount_minor, self.currency


def return_from_file(tx: Tx, *, artifact_id: str) -> ReturnEffects:
    """Record a return file: each returned payment's money is the client's again, each notice is done as policy has it.

    Where the file it went out with has not settled yet, nothing changes: the settlement is told later, and counts then.
    Dishonored and contested returns of the file follow, in its order.
    """
    entries = [entry for entry in return_entries(tx, artifact_id) if entry.code in return_codes()]
    plain = [entry for entry in entries if entry.kind == "return"]
    disputed = [entry for entry in entries if entry.kind != "return"]
    outcomes.lock_payrolls(tx, traces={entry.original_trace for entry in entries})
    attempts = _lock_attempts(tx, entries)
    fresh = _unknown(tx, plain)
    judged: list[tuple[ReturnEntry, _Attempt | None, Standing]] = []
    counted: set[str] = set()
    for entry in fresh:
        attempt = attempts.get(
            (entry.original_trace, entry.original_rdfi[:8], entry.amount.minor, entry.amount.currency)
        )
        standing = _standing(entry, attempt, counted)
        if attempt is not None and standing == "counted":
            counted.add(attempt.id)
        judged.append((entry, attempt, standing))
    # Neither a payment's nor an orphan's: what brings back a debit of a client.
    debits = _return_debits(tx, [entry for entry, attempt, _ in judged if attempt is None], artifact_id)
    judged = [one for one in judged if one[0].record_id not in debits]
    _record(tx, judged, artifact_id)
    effects = disputes.record_disputed(tx, disputed, artifact_id=artifact_id)
    notices = apply_notices(tx, artifact_id=artifact_id)
    count = [standing for _, _, standing in judged].count
    return ReturnEffects(
        returned=tuple(attempt.instruction_id for _, attempt, standing in judged if attempt and standing == "counted"),
        orphans=count("orphan") + effects.orphans + notices.orphans,
        repeated=len(plain)
        - len(fresh)
        + count("repeated")
        + sum(not is_new for is_new in debits.values())
        + effects.repeated
        + notices.repeated,
        contradictory=count("contradicts"),
        dishonored=effects.dishonored,
        contested=effects.contested,
        corrected=notices.applied,
        to_decide=notices.for_a_person,
        debits_returned=sum(debits.values()),
        waiting=effects.orphans,
    )


def _standing(entry: ReturnEntry, attempt: _Attempt | None, counted: set[str]) -> Standing:
    if attempt is None or ach.return_groups().get(return_codes()[entry.code].category) is None:
        return "orphan"
    if attempt.status == "returned" or attempt.id in counted:
        return "repeated"
    return "contradicts" if attempt.status == "rejected" else "counted"


def _unknown(tx: Tx, entries: Sequence[ReturnEntry]) -> list[ReturnEntry]:
    """Those that were not told before; before returns were kept by themselves, their settlement events say so."""
    known = {
        (row["provider"], row["external_id"])
        for row in tx.all(
            """
            SELECT w.provider, w.external_id
              FROM unnest(%(providers)s::text[], %(externals)s::text[]) AS w (provider, external_id)
             WHERE EXISTS (SELECT FROM payments.returns r
                            WHERE r.tenant_id = %(tenant)s AND r.provider = w.provider AND r.external_id = w.external_id)
                OR EXISTS (SELECT FROM payments.settlement_events e
                            WHERE e.tenant_id = %(tenant)s AND e.provider = w.provider AND e.external_id = w.external_id)
            """,
            {
                "tenant": tx.tenant_id,
                "providers": [entry.source for entry in entries],
                "externals": [entry.external_id for entry in entries],
            },
        )
    }
    return [entry for entry in entries if (entry.source, entry.external_id) not in known]


def _return_debits(tx: Tx, entries: Sequence[ReturnEntry], artifact_id: str) -> dict[str, bool]:
    """Of these entries those that bring back a debit of a client, by record: whether it was told for the first time."""
    debits = {
        (one.trace_number, one.rdfi_identification, one.amount): one
        for one in debit_outcomes.attempts_by_trace(tx, [entry.original_trace for entry in entries])
    }
    found = {}
    mine = [(entry, debits.get((entry.original_trace, entry.original_rdfi[:8], entry.amount))) for entry in entries]
    funding.lock_requests(tx, [debit.funding_request_id for _, debit in mine if debit])
    for entry, debit in mine:
        if debit is None:
            continue
        told = movements.tell(
            tx,
            entry.source,
            [
                rails.ProviderSettlement(
                    external_trace_id=entry.external_id,
                    reference=entry.original_trace,
                    individual_id=debit.individual_id,
                    direction="debit",
                    amount=entry.amount,
                    status="returned",
                    return_code=entry.code,
                    effective_on=entry.settled_on or tx.now().date(),
                )
            ],
            artifact_id=artifact_id,
            records={entry.external_id: entry.record_id},
        )
        found[entry.record_id] = bool(told.new)
        for movement in movements.told(tx, provider=entry.source, external_trace_ids=[entry.external_id]):
            debit_outcomes.apply(tx, movement)
    return found


def _lock_attempts(tx: Tx, entries: Sequence[ReturnEntry]) -> dict[tuple[str, str, int, str], _Attempt]:
    """The attempts by what a return says of them. Trace numbers come again after a year or so: the latest is meant."""
    traces = sorted({entry.original_trace for entry in entries})
    tx.run(
        """
        SELECT FROM payments.attempts a
         WHERE a.tenant_id = %(tenant)s AND a.trace_number = ANY(%(traces)s)
         ORDER BY a.id
           FOR NO KEY UPDATE
        """,
        {"tenant": tx.tenant_id, "traces": traces},
    )
    found = tx.all(
        """
        SELECT a.id, a.instruction_id, i.legal_entity_id, i.bank_account_id, a.attempt_no, a.amount_minor, a.currency,
               a.trace_number, a.rdfi_identification, a.status, coalesce(f.settled_on, f.effective_on) AS settles_on,
               (SELECT count(*) FROM payments.returns r
                 WHERE r.tenant_id = a.tenant_id AND r.attempt_id = a.id AND r.standing = 'counted')::integer
               AS returned_before
          FROM payments.attempts a
          JOIN payments.instructions i ON i.tenant_id = a.tenant_id AND i.id = a.instruction_id
          JOIN payments.ach_files f ON f.tenant_id = a.tenant_id AND f.id = a.ach_file_id
         WHERE a.tenant_id = %(tenant)s AND a.trace_number = ANY(%(traces)s)
         ORDER BY a.id
        """,
        {"tenant": tx.tenant_id, "traces": traces},
        row=_Attempt,
    )
    return {attempt.identity: attempt for attempt in found}


def _record(tx: Tx, judged: Sequence[tuple[ReturnEntry, _Attempt | None, Standing]], artifact_id: str) -> None:
    if not judged:
        return
    counted = [(attempt, entry) for entry, attempt, standing in judged if attempt and standing == "counted"]
    transactions = _move(tx, counted, artifact_id) if counted else {}
    today = tx.now().date()
    returned = [
        Returned(
            id=ids.new("ret"),
            entry=entry,
            standing=standing,
            attempt_id=attempt.id if attempt else None,
            instruction_id=attempt.instruction_id if attempt else None,
            bank_account_id=attempt.bank_account_id if attempt else None,
            settled_on=entry.settled_on or today,
            is_late=attempt is not None and _is_late(entry, attempt.settles_on, today),
            is_again=attempt is not None and attempt.returned_before > 0,
            transaction_id=transactions.get(attempt.id) if attempt and standing == "counted" else None,
        )
        for entry, attempt, standing in judged
    ]
    return_cases.keep(tx, returned, artifact_id=artifact_id)


def _is_late(entry: ReturnEntry, original_settles_on: date, today: date) -> bool:
    latest = ach.latest_return(entry.code, settled_on=original_settles_on)
    return latest is not None and (entry.settled_on or today) > latest


def _move(tx: Tx, matched: Sequence[tuple[_Attempt, ReturnEntry]], artifact_id: str) -> dict[str, int]:
    """The money is the client's again; the posting of each attempt."""
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
                idempotency_key=_key(attempt),
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
                is_again=attempt.returned_before > 0,
            )
            for (attempt, entry), answer in zip(matched, posted, strict=True)
        ],
    )
    return {attempt.id: answer for (attempt, _), answer in zip(matched, posted, strict=True)}


def _key(attempt: _Attempt) -> str:
    again = f":{attempt.returned_before + 1}" if attempt.returned_before else ""
    return f"payments:{attempt.instruction_id}:return:{attempt.attempt_no}{again}"
