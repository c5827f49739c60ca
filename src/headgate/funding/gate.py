"""The gate: nothing flows unless it is funded.

The commit gate reserves a payroll's money, all or nothing; the pay gate judges again in the transaction that claims
attempts for sending, and no setting opens it. Both compare what is needed with the legal entity's settled money, less
what is reserved for others. Every judgement is stored with the figures it saw.

The reservation itself is the judge: the ledger locks the account and takes all claims or none, so two callers never
pass
on the same dollar. The figures are read again where it refuses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from psycopg.types.json import Jsonb

from headgate import audit, ledger, messaging
from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.core.money import Money
from headgate.funding.errors import FundsNotReservable
from headgate.funding.model import (
    CLIENT_MESSAGE,
    Advice,
    Claim,
    Conflict,
    Figures,
    GateRequest,
    GateResult,
    GateType,
    Reason,
    advise,
    judge,
)

CONFLICTS_LISTED_MAX = 20


def judge_commit(tx: Tx, request: GateRequest) -> GateResult:
    """May this payroll be committed? Strict: only where its whole need is covered, and then all of it is reserved."""
    return _judge(tx, "commit", request)


def judge_pay(tx: Tx, request: GateRequest) -> GateResult:
    """May these claims leave now? Always strict. Their own reservations count back; a lapsed one is made anew.

    A failed judgement releases what the claims still hold: what cannot leave must not lock out what could.
    """
    result = _judge(tx, "pay", request)
    if not result.passed:
        ledger.release_many(tx, sorted(_held(tx, request)))
    return result


def _judge(tx: Tx, gate_type: GateType, request: GateRequest) -> GateResult:
    account = ledger.account_for(tx, "CLIENT_FUNDS", request.currency, legal_entity_id=request.legal_entity_id)
    held = _held(tx, request)
    figures = _figures(tx, account.id, request, own=sum(held.values()))
    reason = judge(request.required, figures)
    reservations: Mapping[str, int] = {}
    if reason is None:
        taken = _reserve(tx, account.id, request, held)
        if taken is None:
            # Somebody was quicker between our look and the ledger's lock.
            figures = _figures(tx, account.id, request, own=sum(held.values()))
            reason = judge(request.required, figures) or "reservation_conflict"
        else:
            reservations = taken
    conflicts = _conflicts(tx, account.id, held) if reason == "reservation_conflict" else ()
    result = _result(gate_type, request, figures, reason, conflicts, reservations)
    _store(tx, request, result, figures)
    return result


def _held(tx: Tx, request: GateRequest) -> dict[int, int]:
    """What the claims hold already and still may use: minor units by reservation."""
    rows = tx.all(
        """
        SELECT id, remaining_minor
          FROM ledger.reservations
         WHERE tenant_id = %(tenant)s AND id = ANY(%(ids)s) AND status = 'active' AND expires_at > %(now)s
        """,
        {
            "tenant": tx.tenant_id,
            "ids": [claim.reservation_id for claim in request.claims if claim.reservation_id is not None],
            "now": tx.now(),
        },
    )
    return {row["id"]: row["remaining_minor"] for row in rows}


def _figures(tx: Tx, account_id: int, request: GateRequest, *, own: int) -> Figures:
    balance = ledger.balance(tx, account_id)
    # What is pending to leave is as little there as what is reserved.
    return Figures(balance.posted, balance.posted - balance.available, Money(own, request.currency))


def _reserve(tx: Tx, account_id: int, request: GateRequest, held: Mapping[int, int]) -> dict[str, int] | None:
    """Reserve for every claim that holds nothing; which reservation each claim has then, or None where money lacks."""
    have = {
        claim.ref: claim.reservation_id
        for claim in request.claims
        if claim.reservation_id is not None and held.get(claim.reservation_id) == claim.amount.minor
    }
    missing = [claim for claim in request.claims if claim.ref not in have]
    if not missing:
        return have
    answers = ledger.reserve_many(tx, [_wanted(account_id, request, claim) for claim in missing], atomic=True)
    for claim, answer in zip(missing, answers, strict=True):
        if isinstance(answer, Refused):
            _refuse_other_than_funds(answers)
            return None
        have[claim.ref] = answer.id
    return have


def _refuse_other_than_funds(answers: Sequence[ledger.Reservation | Refused]) -> None:
    """A frozen or closed account is no lack of funds: nothing that the client pays in would open the gate."""
    for answer in answers:
        if isinstance(answer, Refused) and answer.code not in ("ledger.insufficient_funds", "ledger.batch_refused"):
            raise FundsNotReservable(f"the client's funds cannot be reserved: {answer.message}", **answer.facts)


def _wanted(account_id: int, request: GateRequest, claim: Claim) -> ledger.ReservationRequest:
    return ledger.ReservationRequest(
        idempotency_key=f"payments:{claim.ref}:reserve:{request.evaluation_no}",
        account=account_id,
        amount=claim.amount,
        reserve_type="payment",
        source_ref=claim.ref,
    )


def _conflicts(tx: Tx, account_id: int, own: Mapping[int, int]) -> tuple[Conflict, ...]:
    rows = tx.all(
        """
        SELECT id, source_ref, remaining_minor, nullif(expires_at, 'infinity') AS expires_at
          FROM ledger.reservations
         WHERE tenant_id = %(tenant)s AND account_id = %(account)s AND status = 'active' AND NOT id = ANY(%(own)s)
         ORDER BY remaining_minor DESC, id
         LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "account": account_id, "own": list(own), "limit": CONFLICTS_LISTED_MAX},
    )
    return tuple(
        Conflict(
            ids.encode("rsv", row["id"]),
            row["source_ref"],
            row["remaining_minor"],
            row["expires_at"].isoformat() if row["expires_at"] else None,
        )
        for row in rows
    )


def _result(
    gate_type: GateType,
    request: GateRequest,
    figures: Figures,
    reason: Reason | None,
    conflicts: Sequence[Conflict],
    reservations: Mapping[str, int],
) -> GateResult:
    shortfall = Money(max(0, request.required.minor - figures.available.minor), request.currency)
    message: str | None = None
    advice: tuple[Advice, ...] = ()
    if reason is not None:
        message = _message(shortfall)
        overdue = any(conflict.expires_at is not None for conflict in conflicts)
        advice = advise(reason, shortfall=shortfall, available=figures.available, overdue=overdue)
    return GateResult(
        evaluation_id=ids.new("evl"),
        evaluation_no=request.evaluation_no,
        gate_type=gate_type,
        passed=reason is None,
        reason=reason,
        required=request.required,
        available=figures.available,
        client_message=message,
        advice=advice,
        conflicts=tuple(conflicts),
        reservations=reservations,
    )


def _message(shortfall: Money) -> str | None:
    if not shortfall:
        return None  # Others hold it at this moment: nothing is to be funded.
    text = shortfall.format()
    return CLIENT_MESSAGE.format(amount=f"${text.removesuffix(' USD')}" if shortfall.currency == "USD" else text)


def _store(tx: Tx, request: GateRequest, result: GateResult, figures: Figures) -> None:
    tx.run(
        """
        INSERT INTO funding.gate_evaluations
               (tenant_id, id, gate_type, subject, evaluation_no, legal_entity_id, currency, passed, reason,
                   required_minor,
                available_minor, posted_minor, reserved_minor, own_reserved_minor, requirement, reservations_seen,
                client_message, funded_until, evaluated_at)
        VALUES (%(tenant)s, %(id)s, %(gate_type)s, %(subject)s, %(evaluation_no)s, %(entity)s, %(currency)s, %(passed)s,
                %(reason)s, %(required)s, %(available)s, %(posted)s, %(reserved)s, %(own)s, %(requirement)s, %(seen)s,
                %(message)s,
                (SELECT d.settled_at FROM funding.deposits d
                  WHERE d.tenant_id = %(tenant)s AND d.legal_entity_id = %(entity)s ORDER BY d.id DESC LIMIT 1),
                tenants.now())
        """,
        {
            "tenant": tx.tenant_id,
            "id": result.evaluation_id,
            "gate_type": result.gate_type,
            "subject": request.subject,
            "evaluation_no": request.evaluation_no,
            "entity": request.legal_entity_id,
            "currency": request.currency,
            "passed": result.passed,
            "reason": result.reason,
            "required": result.required.minor,
            "available": result.available.minor,
            "posted": figures.posted.minor,
            "reserved": figures.reserved.minor,
            "own": figures.own_reserved.minor,
            "requirement": Jsonb(
                [
                    {"kind": line.kind, "amount_minor": line.amount.minor, "count": line.count}
                    for line in request.requirement
                ]
            ),
            "seen": Jsonb([asdict(conflict) for conflict in result.conflicts]),
            "message": result.client_message,
        },
    )
    facts = {
        "evaluation_id": result.evaluation_id,
        "gate_type": result.gate_type,
        "subject": request.subject,
        "legal_entity_id": request.legal_entity_id,
        "currency": request.currency,
        "required_minor": result.required.minor,
        "available_minor": result.available.minor,
        "shortfall_minor": result.shortfall.minor,
        "reason": result.reason,
    }
    audit.record(tx, type="funding.gate.passed" if result.passed else "funding.gate.blocked", data=facts)
    if result.passed:
        return
    # Outsiders hear of every block, and of a lack of funds by its own name.
    for name in ("funding.blocked", "funding.insufficient_funds"):
        if name == "funding.blocked" or result.reason == "insufficient_funds":
            messaging.publish(
                tx,
                event_type=name,
                aggregate_type="gate_evaluation",
                aggregate_id=result.evaluation_id,
                payload={
                    "schema": f"{name}.v1",
                    **facts,
                    "block_reason": result.reason,
                    "client_message": result.client_message,
                },
            )
