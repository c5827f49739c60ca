"""Outcomes: what a bank said became of attempts, written down once, and what follows for instructions and payrolls."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from headgate import audit, ledger, messaging
from headgate.core import arrays, ids
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.payments.errors import PostingRefused
from headgate.payments.outcomes.missing import end_missing
from headgate.rails import return_codes


@dataclass(frozen=True, slots=True)
class Outcome:
    """One fact about one attempt: its money left, it came back, or the bank refused it.

    `is_again`: it came back before, and that return was dishonored; its first settlement event stands for it.
    """

    attempt_id: str
    instruction_id: str
    status: Literal["settled", "returned", "rejected"]
    provider: str
    external_id: str
    amount_minor: int
    currency: str
    return_code: str | None
    effective_on: date
    transaction_id: int
    artifact_id: str | None
    record_id: str | None
    is_again: bool = False


def lock_payrolls(
    tx: Tx, *, file_id: str | None = None, traces: Collection[str] = (), individual_ids: Collection[str] = ()
) -> None:
    """Lock the payrolls of a file's attempts, or of those with these trace numbers or ids, before their accounts are locked.

    A sender locks a payroll and then the client's funds; whoever went the other way round would deadlock with it. And two
    files of one payroll may settle at once: the later one must see both when it counts what is left.
    """
    tx.run(
        """
        SELECT FROM payments.payrolls p
         WHERE p.tenant_id = %(tenant)s
           AND p.id IN (SELECT i.payroll_id
                          FROM payments.attempts a
                          JOIN payments.instructions i ON i.tenant_id = a.tenant_id AND i.id = a.instruction_id
                         WHERE a.tenant_id = %(tenant)s
                           AND (a.ach_file_id = %(file)s OR a.trace_number = ANY(%(traces)s)
                                OR a.individual_id = ANY(%(individuals)s)))
         ORDER BY p.id
           FOR NO KEY UPDATE
        """,
        {
            "tenant": tx.tenant_id,
            "file": file_id,
            "traces": sorted(traces),
            "individuals": sorted(individual_ids),
        },
    )


def post_all(tx: Tx, postings: Sequence[ledger.Posting]) -> list[int]:
    """Post what the bank says happened, and give the transactions in order. Raises PostingRefused: then nothing stands.

    A file may carry several payrolls, so that it can have more postings than the book takes in one call.
    """
    transactions = []
    for start in range(0, len(postings), ledger.BATCH_MAX):
        for answer in ledger.post_many(tx, postings[start : start + ledger.BATCH_MAX], atomic=True):
            if isinstance(answer, Refused):
                raise PostingRefused(f"the book refuses what the bank says happened: {answer.message}", **answer.facts)
            if answer.status == "pending":
                raise PostingRefused("the bank says what is still to come: nothing has happened before its day")
            transactions.append(answer.transaction_id)
    return transactions


def record(tx: Tx, outcomes: Sequence[Outcome]) -> None:
    """Write outcomes of one kind down and move attempts, instructions and payrolls on.

    A return outlives a settlement that is told later: what came back stays returned. An instruction that is paid anew
    follows its new attempt.
    """
    if not outcomes:
        return
    insert(tx, [outcome for outcome in outcomes if not outcome.is_again])
    params = {
        "tenant": tx.tenant_id,
        "now": tx.now(),
        "status": outcomes[0].status,
        "attempts": arrays.texts([outcome.attempt_id for outcome in outcomes]),
        "instructions": arrays.texts([outcome.instruction_id for outcome in outcomes]),
        "codes": arrays.texts([outcome.return_code for outcome in outcomes]),
    }
    tx.run(
        """
        UPDATE payments.attempts SET status = %(status)s
         WHERE tenant_id = %(tenant)s AND id = ANY(%(attempts)s::text[]) AND status <> 'returned'
        """,
        params,
    )
    payrolls = tx.values(
        """
        UPDATE payments.instructions i
           SET status = %(status)s, return_code = o.return_code, changed_at = %(now)s
          FROM unnest(%(instructions)s::text[], %(codes)s::text[], %(attempts)s::text[])
               AS o (id, return_code, attempt_id)
         WHERE i.tenant_id = %(tenant)s AND i.id = o.id AND i.status <> 'returned'
           AND NOT EXISTS (SELECT FROM payments.retries r
                            WHERE r.tenant_id = i.tenant_id AND r.attempt_id = o.attempt_id)
        RETURNING i.payroll_id
        """,
        params,
    )
    finish(tx, set(payrolls))
    end_missing(tx, [outcome.attempt_id for outcome in outcomes])
    _announce(tx, outcomes)


def insert(tx: Tx, outcomes: Sequence[Outcome]) -> None:
    """Write the settlement events of outcomes, and nothing else: for a caller who moves and announces what they are about."""
    if not outcomes:
        return
    tx.run(
        """
        INSERT INTO payments.settlement_events
               (tenant_id, id, provider, external_id, status, direction, rail, attempt_id, instruction_id,
                   amount_minor, currency,
                return_code, effective_on, transaction_id, artifact_id, record_id, occurred_at)
        SELECT %(tenant)s, o.id, o.provider, o.external_id, o.status,
               CASE o.status WHEN 'returned' THEN 'inbound' ELSE 'outbound' END,
               (SELECT a.rail FROM payments.attempts a WHERE a.tenant_id = %(tenant)s AND a.id = o.attempt_id),
               o.attempt_id, o.instruction_id,
               o.amount_minor, o.currency, o.return_code, o.effective_on, o.transaction_id, o.artifact_id,
                   o.record_id, %(now)s
          FROM unnest(%(ids)s::text[], %(providers)s::text[], %(externals)s::text[], %(statuses)s::text[],
                 %(attempts)s::text[], %(instructions)s::text[], %(amounts)s::bigint[], %(currencies)s::text[],
                 %(codes)s::text[], %(days)s::date[], %(transactions)s::bigint[], %(artifacts)s::text[],
                 %(records)s::text[])
               AS o (id, provider, external_id, status, attempt_id, instruction_id, amount_minor, currency, return_code,
                     effective_on, transaction_id, artifact_id, record_id)
        """,
        {
            "tenant": tx.tenant_id,
            "now": tx.now(),
            "ids": arrays.texts([ids.new("set") for _ in outcomes]),
            "providers": arrays.texts([outcome.provider for outcome in outcomes]),
            "externals": arrays.texts([outcome.external_id for outcome in outcomes]),
            "statuses": arrays.texts([outcome.status for outcome in outcomes]),
            "attempts": arrays.texts([outcome.attempt_id for outcome in outcomes]),
            "instructions": arrays.texts([outcome.instruction_id for outcome in outcomes]),
            "amounts": arrays.numbers(outcome.amount_minor for outcome in outcomes),
            "currencies": arrays.texts([outcome.currency for outcome in outcomes]),
            "codes": arrays.texts([outcome.return_code for outcome in outcomes]),
            "days": arrays.texts([outcome.effective_on.isoformat() for outcome in outcomes]),
            "transactions": arrays.numbers(outcome.transaction_id for outcome in outcomes),
            "artifacts": arrays.texts([outcome.artifact_id for outcome in outcomes]),
            "records": arrays.texts([outcome.record_id for outcome in outcomes]),
        },
    )


def finish(tx: Tx, payroll_ids: Collection[str]) -> None:
    """A payroll is paid when all it pays has settled, and partially paid when some came back and nothing is under way.

    Where the bank refused all of it, it is what it was before it was sent: committed.
    """
    params = {"tenant": tx.tenant_id, "ids": sorted(payroll_ids)}
    done = tx.all(
        """
        UPDATE payments.payrolls p
           SET status = c.status
          FROM (SELECT i.payroll_id,
                 CASE WHEN bool_and(i.status = 'settled') THEN 'paid'
                      WHEN bool_and(i.status = 'rejected') THEN 'committed' ELSE 'partially_paid' END AS status
                  FROM payments.instructions i
                 WHERE i.tenant_id = %(tenant)s AND i.payroll_id = ANY(%(ids)s)
                 GROUP BY i.payroll_id
                HAVING bool_and(i.status IN ('settled', 'returned', 'rejected'))) c
         WHERE p.tenant_id = %(tenant)s AND p.id = c.payroll_id AND p.status <> c.status
        RETURNING p.id, p.status
        """,
        params,
    )
    for row in done:
        facts = {"payroll_id": row["id"], "status": row["status"]}
        audit.record(tx, type=f"payments.payroll.{row['status']}", data=facts)
        messaging.publish(
            tx,
            event_type=f"payments.payroll.{row['status']}",
            aggregate_type="payroll",
            aggregate_id=row["id"],
            payload=facts,
        )


def _announce(tx: Tx, outcomes: Sequence[Outcome]) -> None:
    facts = [_facts(outcome) for outcome in outcomes]
    event_type = f"payments.instruction.{outcomes[0].status}"
    audit.record_many(
        tx, [audit.Event(type=event_type, data=each, payment_id=str(each["payment_id"])) for each in facts]
    )
    messaging.publish_many(
        tx,
        [
            message
            for outcome, each in zip(outcomes, facts, strict=True)
            for message in (
                messaging.Outgoing(
                    event_type=event_type, aggregate_type="payment", aggregate_id=outcome.instruction_id, payload=each
                ),
                *_for_outsiders(outcome),
            )
        ],
    )


def _facts(outcome: Outcome) -> dict[str, Any]:
    return {
        "payment_id": outcome.instruction_id,
        "attempt_id": outcome.attempt_id,
        "amount_minor": outcome.amount_minor,
        "currency": outcome.currency,
        "return_code": outcome.return_code,
        "effective_on": outcome.effective_on.isoformat(),
        "transaction_id": ids.encode("txn", outcome.transaction_id),
        "artifact_id": outcome.artifact_id,
    }


def _for_outsiders(outcome: Outcome) -> tuple[messaging.Outgoing, ...]:
    """The event as neighbouring systems know it; one a fact for ever. What was refused was never paid, for them."""
    payload: dict[str, Any]
    if outcome.status == "rejected":
        return ()
    if outcome.status == "settled":
        name = "payment.posted"
        payload = {
            "status": "completed",
            "allocations": [{"amount_minor": outcome.amount_minor, "currency": outcome.currency}],
        }
    else:
        assert outcome.return_code is not None, "a return has a code"
        name = "payment.reversed"
        known = return_codes().get(outcome.return_code)
        payload = {"reason": known.title if known else outcome.return_code, "code": outcome.return_code}
    again = f":{outcome.external_id}" if outcome.is_again else ""
    return (
        messaging.Outgoing(
            event_type=name,
            aggregate_type="payment",
            aggregate_id=outcome.instruction_id,
            payload={"schema": f"{name}.v1", "payment_id": outcome.instruction_id, **payload},
            dedupe_key=f"{name}:{outcome.attempt_id}{again}",
        ),
    )
