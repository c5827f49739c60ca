"""The gate: nothing flows unless it is funded.

The commit gate reserves a payroll's money, all or nothing; the pay gate judges again in the transaction that claims
attempts for sending, is always strict, and no setting opens it. Both ask the policies, and compare what is needed with
the legal entity's settled money, less what is reserved for others. Every judgement is stored with the figures it saw.

Locks are taken in one order: the payroll's funding request, the counters of the day, then the account. The reservation
itself is the judge of money: the ledger locks the account and takes all claims or none, so two callers never pass on the
same dollar. The figures are read again where it refuses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, replace

from psycopg.types.json import Jsonb

from headgate import audit, ledger, messaging
from headgate.core import arrays, ids
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.core.money import Money
from headgate.funding import (
    counters,
    credit,
    evidence,
    limits,
    messages,
    overrides,
    receivables,
    requests,
    settings,
)
from headgate.funding.errors import FundsNotReservable
from headgate.funding.model import (
    Advice,
    Claim,
    Conflict,
    Figures,
    GateMode,
    GateRequest,
    GateResult,
    GateType,
    Reason,
    Violation,
    advise,
    judge,
)
from headgate.funding.policy import Limit, Policy, Scene
from headgate.tenants import legal_entity

CONFLICTS_LISTED_MAX = 20


def judge_commit(
    tx: Tx, request: GateRequest, *, mode: GateMode | None = None, override_reason: str | None = None
) -> GateResult:
    """May this payroll be committed? Strict: only where the policies pass and its whole need is covered, all reserved.

    `mode` is the tenant's own choice unless one is given: hybrid asks the policies alone, soft warns. What is let go
    without its money reserves nothing. `override_reason` says why the caller chose another mode; it is audited.
    """
    chosen = mode or settings.commit_gate_mode(tx, legal_entity_id=request.legal_entity_id)
    return _judge(tx, "commit", request, chosen, override_reason)


def judge_pay(tx: Tx, request: GateRequest) -> GateResult:
    """May these claims leave now? Always strict. Their own reservations count back; a lapsed one is made anew.

    A failed judgement releases what the claims still hold: what cannot leave must not lock out what could. Where only
    some claims violate a policy, the violations name them (`refs`), and the caller may ask again for the others.
    """
    result = _judge(tx, "pay", request, "strict", None)
    if not result.passed:
        stays = _clear_of(result, request)
        ledger.release_many(tx, sorted(held for held in _held(tx, request) if held not in stays))
    return result


class _Undo(Exception):
    """Takes back what a judgement wrote down."""


def preview_pay(tx: Tx, request: GateRequest) -> GateResult:
    """What the pay gate would say now. Nothing of it is kept: no judgement, no reservation, no counter."""
    result: GateResult | None = None
    try:
        with tx.savepoint():
            result = judge_pay(tx, request)
            raise _Undo
    except _Undo:
        assert result is not None, "it was judged"
        return result


def _clear_of(result: GateResult, request: GateRequest) -> set[int]:
    """Reservations of claims that no violation is about, where every violation names its claims: they are asked again."""
    if result.reason != "policy_violation" or not all(one.refs for one in result.violations):
        return set()
    named = {ref for one in result.violations for ref in one.refs}
    return {claim.reservation_id for claim in request.claims if claim.ref not in named and claim.reservation_id}


def _judge(
    tx: Tx, gate_type: GateType, request: GateRequest, mode: GateMode, override_reason: str | None
) -> GateResult:
    known = requests.lock_of_subject(tx, request.subject)
    today = evidence.today_of(tx, legal_entity(tx, request.legal_entity_id).time_zone)
    window = today if gate_type == "pay" else max(today, request.release_on or today)
    rules = _rules(tx, gate_type, request)
    rooms = counters.lock(tx, rules, request, gate_type, window_on=window)
    violations = _violations(evidence.scene(tx, gate_type, request, today=today), rules, rooms)
    receivables.recover(tx, legal_entity_id=request.legal_entity_id, currency=request.currency)
    account = ledger.account_for(tx, "CLIENT_FUNDS", request.currency, legal_entity_id=request.legal_entity_id)
    held = _held(tx, request)
    figures = _figures(tx, account.id, request, own=sum(held.values()))
    lacks = judge(request.required, figures)
    reservations: Mapping[str, int] = {}
    if lacks is None and (not violations or mode == "soft"):
        taken = _reserve(tx, account.id, request, held)
        if taken is None:
            # Somebody was quicker between our look and the ledger's lock.
            figures = _figures(tx, account.id, request, own=sum(held.values()))
            lacks = judge(request.required, figures) or "reservation_conflict"
        else:
            reservations = taken
    reason: Reason | None = "policy_violation" if violations else lacks
    if reason is None:
        counters.take(tx, list(rooms.values()), request, gate_type)
    conflicts = _conflicts(tx, account.id, held) if lacks == "reservation_conflict" else ()
    asked_for = requests.judged(
        tx,
        known,
        subject=request.subject,
        legal_entity_id=request.legal_entity_id,
        required=request.required,
        shortfall=Money(max(0, (request.required - figures.available).minor), request.currency),
        due_on=request.release_on or request.pay_on or today,
        reason=reason,
    )
    result = _result(tx, gate_type, request, figures, mode, violations, lacks, conflicts, reservations, asked_for)
    _store(tx, request, result, figures, override_reason)
    return result


def _rules(tx: Tx, gate_type: GateType, request: GateRequest) -> list[tuple[Policy, Limit]]:
    """The policies that hold for this payroll at this gate, those left out that two people made an exception of."""
    allowed = overrides.excepted(
        overrides.list_overrides(tx, legal_entity_id=request.legal_entity_id, in_force_only=True),
        subject=request.subject,
    )
    return [
        (policy, limit)
        for policy, limit in limits.in_force(tx, legal_entity_id=request.legal_entity_id, currency=request.currency)
        if gate_type in policy.gates and policy.name not in allowed
    ]


def _violations(
    seen: Scene, rules: Sequence[tuple[Policy, Limit]], rooms: Mapping[tuple[str, str], counters.Room]
) -> tuple[Violation, ...]:
    found: list[Violation] = []
    for policy, limit in rules:
        room = rooms.get((policy.name, limit.scope))
        with_room = replace(seen, used=room.used, taken=room.taken) if room else seen
        found += policy.judge(with_room, limit)
    return tuple(found)


def _held(tx: Tx, request: GateRequest) -> dict[int, int]:
    """What the claims hold already and still may use: minor units by reservation."""
    rows = tx.all(
        """
        SELECT id, remaining_minor
          FROM ledger.reservations
         WHERE tenant_id = %(tenant)s AND id = ANY(%(ids)s::bigint[]) AND status = 'active' AND expires_at > %(now)s
        """,
        {
            "tenant": tx.tenant_id,
            "ids": arrays.numbers(claim.reservation_id for claim in request.claims if claim.reservation_id is not None),
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
    try:
        with tx.savepoint() if len(missing) > ledger.BATCH_MAX else nullcontext():
            for start in range(0, len(missing), ledger.BATCH_MAX):
                part = missing[start : start + ledger.BATCH_MAX]
                answers = ledger.reserve_many(tx, [_wanted(account_id, request, one) for one in part], atomic=True)
                for claim, answer in zip(part, answers, strict=True):
                    if isinstance(answer, Refused):
                        _refuse_other_than_funds(answers)
                        raise _Short
                    have[claim.ref] = answer.id
    except _Short:
        return None  # All or nothing, also where the book takes it in several batches.
    return have


class _Short(Exception):
    """The book had less than we saw: takes back what earlier batches reserved."""


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
         WHERE tenant_id = %(tenant)s AND account_id = %(account)s AND status = 'active' AND NOT id = ANY(%(own)s::bigint[])
         ORDER BY remaining_minor DESC, id
         LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "account": account_id, "own": arrays.numbers(own), "limit": CONFLICTS_LISTED_MAX},
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
    tx: Tx,
    gate_type: GateType,
    request: GateRequest,
    figures: Figures,
    mode: GateMode,
    violations: tuple[Violation, ...],
    lacks: Reason | None,
    conflicts: Sequence[Conflict],
    reservations: Mapping[str, int],
    funding_request_id: str,
) -> GateResult:
    shortfall = Money(max(0, request.required.minor - figures.available.minor), request.currency)
    message: str | None = None
    advice: tuple[Advice, ...] = ()
    cure = None
    if violations:
        message = messages.message(tx, violations[0].policy, shortfall=shortfall)
    elif lacks and shortfall:  # Where others hold it at this moment, nothing is to be funded.
        message = messages.message(tx, messages.FUNDS, shortfall=shortfall)
    if lacks is not None:
        overdue = any(conflict.expires_at is not None for conflict in conflicts)
        line = credit.credit_standing(tx, legal_entity_id=request.legal_entity_id, currency=request.currency)
        advice = advise(lacks, shortfall=shortfall, available=figures.available, overdue=overdue, credit_free=line.free)
        cure = evidence.cure_expected_at(
            tx,
            legal_entity_id=request.legal_entity_id,
            currency=request.currency,
            shortfall_minor=shortfall.minor,
        )
    reason: Reason | None = "policy_violation" if violations else lacks
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
        mode=mode,
        violations=violations,
        cure_expected_at=cure,
        funding_request_id=funding_request_id,
    )


def _store(tx: Tx, request: GateRequest, result: GateResult, figures: Figures, override_reason: str | None) -> None:
    tx.run(
        """
        INSERT INTO funding.gate_evaluations
               (tenant_id, id, gate_type, subject, evaluation_no, legal_entity_id, currency, passed, reason,
                required_minor, available_minor, posted_minor, reserved_minor, own_reserved_minor, requirement,
                reservations_seen, client_message, funded_until, evaluated_at, mode, outcome, policy_violated,
                violations, override_reason, cure_expected_at, funding_request_id, fingerprint, pay_on)
        VALUES (%(tenant)s, %(id)s, %(gate_type)s, %(subject)s, %(evaluation_no)s, %(entity)s, %(currency)s, %(passed)s,
                %(reason)s, %(required)s, %(available)s, %(posted)s, %(reserved)s, %(own)s, %(requirement)s, %(seen)s,
                %(message)s, %(funded_until)s, tenants.now(), %(mode)s, %(outcome)s, %(policy)s, %(violations)s,
                %(override)s, %(cure)s, %(request)s, %(fingerprint)s, %(pay_on)s)
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
            "funded_until": evidence.funded_until(tx, request.legal_entity_id),
            "mode": result.mode,
            "outcome": result.outcome,
            "policy": result.policy_violated,
            "violations": Jsonb([violation.document() for violation in result.violations]),
            "override": override_reason,
            "cure": result.cure_expected_at,
            "request": result.funding_request_id,
            "fingerprint": request.fingerprint,
            "pay_on": request.pay_on,
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
        "mode": result.mode,
        "policy_violated": result.policy_violated,
        "funding_request_id": result.funding_request_id,
        "override_reason": override_reason,
    }
    audit.record(tx, type=f"funding.gate.{result.outcome}", data=facts)
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
