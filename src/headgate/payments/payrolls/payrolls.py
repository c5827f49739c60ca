"""Payrolls: taken as their engine computed them, judged by the commit gate, turned into instructions that hold their
money.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from headgate import audit, funding, messaging, parties
from headgate.core import arrays, canonical, collecting, ids
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.payments import routing
from headgate.payments.errors import InvalidPayroll, NoSuchPayroll, OverrideReasonMissing, PayrollDiffers
from headgate.payments.model import CommitResult, CommitStatus, Draft, Payroll, PayrollBatch, drafts_of, problems_of
from headgate.payments.payrolls.releasing import leaves_on

PROBLEMS_NAMED_MAX = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """An instruction of a payroll that waits for the gate's word."""

    id: str
    kind: str
    amount_minor: int
    bank_account_id: str | None


@collecting.paused()
def commit_payroll(
    tx: Tx,
    batch: PayrollBatch,
    *,
    source_artifact_id: str | None = None,
    gate_mode: funding.GateMode | None = None,
    override_reason: str | None = None,
) -> CommitResult:
    """Ask the commit gate for a payroll's whole need and, where it opens, reserve it: one reservation an instruction.

    A payroll is known by its legal entity and `payroll_id`. Committed once, the same call gives the same payroll again.
    Blocked, it moved nothing, stays pending and is judged afresh by the next call, under the next evaluation number.

    The gate judges in the tenant's own mode (strict, unless two people chose another). `gate_mode` is the emergency
    override of the commit gate alone: it takes an `override_reason`, which is audited, and the pay gate knows nothing of
    it. What is committed without its money awaits funding.

    A payment goes over the rail that it asks for, else its payroll, else the default of the bank's profile (routing.py).

    Raises InvalidPayroll naming each problem, RailUnavailable the same of rails, OverrideReasonMissing, PayrollDiffers
    where the name was used for other figures.
    """
    if gate_mode not in (None, "strict") and not (override_reason or "").strip():
        raise OverrideReasonMissing(f"the commit gate judges as {gate_mode} only where an override_reason says why")
    drafts = drafts_of(batch)
    problems = problems_of(batch, drafts) + _account_problems(tx, batch)
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise InvalidPayroll(f"payroll {batch.payroll_id}: {problems[0]}{more}", problems=problems[:PROBLEMS_NAMED_MAX])
    over = routing.rail_of_each(tx, batch.legal_entity_id, [draft.rail for draft in drafts], batch.rail)
    if not _is_committed(tx, batch):
        routing.check(tx, batch.legal_entity_id, drafts, over, on=batch.pay_on)
    digest = canonical.digest(batch.document())
    payroll, taken = _take(tx, batch, drafts, digest, source_artifact_id)
    if taken != digest:
        raise PayrollDiffers(
            f"payroll {batch.payroll_id} was given before with other figures; give this one another payroll_id",
            payroll_id=payroll.id,
        )
    if payroll.status != "pending":
        return CommitResult("committed", payroll, None)
    known = _waiting(tx, payroll.id)
    # Ascending, so that lists and files keep the payroll's own order.
    wanted = known or [
        Wanted(payment_id, draft.kind, draft.amount.minor, draft.bank_account_id)
        for payment_id, draft in zip(ids.new_many("pay", len(drafts)), drafts, strict=True)
    ]
    fingerprint = canonical.digest(batch.fingerprint_document())
    asked = request_of(tx, payroll, wanted, fingerprint=fingerprint)
    gate = funding.judge_commit(tx, asked, mode=gate_mode, override_reason=override_reason)
    if not known:
        _create(tx, payroll, drafts, wanted, over, gate)
    elif gate.outcome != "blocked":
        fund(tx, payroll, wanted, gate)
    return CommitResult(status_of(gate), judged(tx, payroll, gate), gate)


def status_of(gate: funding.GateResult) -> CommitStatus:
    """What a judgement of the commit gate makes of a commit."""
    if gate.outcome == "blocked":
        return "blocked_policy" if gate.reason == "policy_violation" else "blocked_funds"
    return "committed" if gate.passed else "committed_with_warnings"


def get_payroll(tx: Tx, payroll_id: str) -> Payroll:
    """One payroll, by its id. Raises NoSuchPayroll."""
    found = tx.maybe(
        """
        SELECT id, legal_entity_id, external_id, pay_on, currency, status, instruction_count, total_minor,
               evaluation_no, evaluation_id, created_at, committed_at
          FROM payments.payrolls
         WHERE tenant_id = %(tenant)s AND id = %(id)s
        """,
        {"tenant": tx.tenant_id, "id": payroll_id},
        row=Payroll,
    )
    if found is None:
        raise NoSuchPayroll(f"there is no payroll {payroll_id}", payroll_id=payroll_id)
    return found


def list_payrolls(tx: Tx, *, status: str | None = None, after: str | None = None, limit: int = 50) -> list[Payroll]:
    """Payrolls, the newest first."""
    return tx.all(
        """
        SELECT id, legal_entity_id, external_id, pay_on, currency, status, instruction_count, total_minor,
               evaluation_no, evaluation_id, created_at, committed_at
          FROM payments.payrolls
         WHERE tenant_id = %(tenant)s
           AND (%(status)s::text IS NULL OR status = %(status)s)
           AND (%(after)s::text IS NULL OR id < %(after)s)
         ORDER BY id DESC
         LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "status": status, "after": after, "limit": limit},
        row=Payroll,
    )


def _account_problems(tx: Tx, batch: PayrollBatch) -> list[str]:
    """Accounts that are unknown, or of another payee or legal entity: an id typed wrong must not pay a stranger."""
    named = [(item.payee_id, item.bank_account_id) for item in batch.items]
    named += [(owed.payee_id or "", owed.bank_account_id) for owed in batch.obligations if owed.bank_account_id]
    return [
        f"{account} is no bank account of payee {payee} of this legal entity"
        for payee, account in parties.not_of(tx, batch.legal_entity_id, named)
    ]


def _is_committed(tx: Tx, batch: PayrollBatch) -> bool:
    """Whether its name was committed before: then nothing is judged anew."""
    return bool(
        tx.value(
            """
            SELECT EXISTS (SELECT FROM payments.payrolls
                            WHERE tenant_id = %(tenant)s AND legal_entity_id = %(entity)s AND external_id = %(name)s
                              AND status <> 'pending')
            """,
            {"tenant": tx.tenant_id, "entity": batch.legal_entity_id, "name": batch.payroll_id},
        )
    )


def _take(
    tx: Tx, batch: PayrollBatch, drafts: Sequence[Draft], digest: bytes, source_artifact_id: str | None
) -> tuple[Payroll, bytes]:
    """Write the payroll down where it is new, and lock it: a second caller waits here and then sees what the first
    did.
    """
    params = {
        "tenant": tx.tenant_id,
        "id": ids.new("prl"),
        "entity": batch.legal_entity_id,
        "external_id": batch.payroll_id,
        "pay_on": batch.pay_on,
        "currency": batch.currency,
        "digest": digest,
        "formula": canonical.FORMULA,
        "count": len(drafts),
        "total": sum(draft.amount.minor for draft in drafts),
        "artifact": source_artifact_id,
        "now": tx.now(),
    }
    tx.run(
        """
        INSERT INTO payments.payrolls
               (tenant_id, id, legal_entity_id, external_id, pay_on, currency, digest, digest_formula,
                   instruction_count, total_minor, source_artifact_id, created_at)
        VALUES (%(tenant)s, %(id)s, %(entity)s, %(external_id)s, %(pay_on)s, %(currency)s, %(digest)s, %(formula)s,
            %(count)s, %(total)s, %(artifact)s, %(now)s)
            ON CONFLICT (tenant_id, legal_entity_id, external_id) DO NOTHING
        """,
        params,
    )
    row = tx.one(
        """
        SELECT id, digest
          FROM payments.payrolls
         WHERE tenant_id = %(tenant)s AND legal_entity_id = %(entity)s AND external_id = %(external_id)s
           FOR NO KEY UPDATE
        """,
        params,
        what="payroll",
    )
    return get_payroll(tx, row["id"]), bytes(row["digest"])


def _waiting(tx: Tx, payroll_id: str) -> list[Wanted]:
    return tx.all(
        """
        SELECT id, kind, amount_minor, bank_account_id
          FROM payments.instructions
         WHERE tenant_id = %(tenant)s AND payroll_id = %(payroll)s
         ORDER BY id
        """,
        {"tenant": tx.tenant_id, "payroll": payroll_id},
        row=Wanted,
    )


def request_of(
    tx: Tx,
    payroll: Payroll,
    wanted: Sequence[Wanted],
    *,
    fingerprint: bytes | None = None,
    reservations: Mapping[str, int] | None = None,
) -> funding.GateRequest:
    """What the gate is asked for these instructions of a payroll, under its next number, with what they hold already."""
    held = reservations or {}
    return funding.GateRequest(
        subject=payroll.id,
        evaluation_no=payroll.evaluation_no + 1,
        legal_entity_id=payroll.legal_entity_id,
        currency=payroll.currency,
        requirement=requirement_of([(one.kind, one.amount_minor) for one in wanted], payroll.currency),
        claims=tuple(
            funding.Claim(
                one.id,
                Money(one.amount_minor, payroll.currency),
                held.get(one.id),
                bank_account_id=one.bank_account_id,
            )
            for one in wanted
        ),
        release_on=leaves_on(tx, payroll),
        pay_on=payroll.pay_on,
        fingerprint=fingerprint,
    )


def requirement_of(parts: Sequence[tuple[str, int]], currency: str) -> tuple[funding.RequirementLine, ...]:
    """What is needed, by kind: net pay, taxes, third parties, fees."""
    sums: dict[str, tuple[int, int]] = {}
    for kind, minor in parts:
        amount, count = sums.get(kind, (0, 0))
        sums[kind] = (amount + minor, count + 1)
    return tuple(
        funding.RequirementLine(kind, Money(amount, currency), count) for kind, (amount, count) in sums.items()
    )


def _create(
    tx: Tx,
    payroll: Payroll,
    drafts: Sequence[Draft],
    wanted: Sequence[Wanted],
    over: Sequence[str],
    gate: funding.GateResult,
) -> None:
    tx.run(
        """
        INSERT INTO payments.instructions
               (tenant_id, id, idempotency_key, payroll_id, legal_entity_id, kind, obligation, payee_id,
                   bank_account_id, amount_minor, currency, due_on, rail, status, reservation_id, evaluation_id,
                   created_at, changed_at)
        SELECT %(tenant)s, i.id, i.key, %(payroll)s, %(entity)s, i.kind, i.obligation, i.payee_id, i.bank_account_id,
               i.amount_minor, %(currency)s, %(due_on)s, i.rail,
               CASE WHEN i.reservation_id IS NULL THEN %(unfunded)s ELSE 'pending' END, i.reservation_id,
               %(evaluation)s, %(now)s, %(now)s
          FROM unnest(%(ids)s::text[], %(keys)s::text[], %(kinds)s::text[], %(obligations)s::text[], %(payees)s::text[],
                      %(accounts)s::text[], %(amounts)s::bigint[], %(reservations)s::bigint[], %(rails)s::text[])
               AS i (id, key, kind, obligation, payee_id, bank_account_id, amount_minor, reservation_id, rail)
        """,
        {
            "tenant": tx.tenant_id,
            "payroll": payroll.id,
            "entity": payroll.legal_entity_id,
            "currency": payroll.currency,
            "due_on": payroll.pay_on,
            "unfunded": "blocked_funds" if gate.outcome == "blocked" else "awaiting_funding",
            "evaluation": gate.evaluation_id,
            "now": tx.now(),
            "ids": arrays.texts([one.id for one in wanted]),
            "keys": arrays.texts([f"payrolls:{payroll.id}:{draft.part}" for draft in drafts]),
            "kinds": arrays.texts([draft.kind for draft in drafts]),
            "rails": arrays.texts(list(over)),
            "obligations": arrays.texts([draft.obligation for draft in drafts]),
            "payees": arrays.texts([draft.payee_id for draft in drafts]),
            "accounts": arrays.texts([draft.bank_account_id for draft in drafts]),
            "amounts": arrays.numbers([draft.amount.minor for draft in drafts]),
            "reservations": arrays.numbers([gate.reservations.get(one.id) for one in wanted]),
        },
    )
    what = "blocked" if gate.outcome == "blocked" else "committed"
    announce(tx, what, payroll, [(one.id, one.amount_minor) for one in wanted], gate)


def fund(tx: Tx, payroll: Payroll, wanted: Sequence[Wanted], gate: funding.GateResult) -> None:
    """The gate let these instructions go: each holds its reservation now, or awaits funding."""
    tx.run(
        """
        UPDATE payments.instructions i
           SET status = CASE WHEN r.reservation_id IS NULL THEN 'awaiting_funding' ELSE 'pending' END,
               reservation_id = r.reservation_id, evaluation_id = %(evaluation)s, changed_at = %(now)s
          FROM unnest(%(ids)s::text[], %(reservations)s::bigint[]) AS r (id, reservation_id)
         WHERE i.tenant_id = %(tenant)s AND i.id = r.id
        """,
        {
            "tenant": tx.tenant_id,
            "evaluation": gate.evaluation_id,
            "now": tx.now(),
            "ids": arrays.texts([one.id for one in wanted]),
            "reservations": arrays.numbers([gate.reservations.get(one.id) for one in wanted]),
        },
    )
    announce(tx, "committed", payroll, [(one.id, one.amount_minor) for one in wanted], gate)


def announce(
    tx: Tx, what: str, payroll: Payroll, instructions: Sequence[tuple[str, int]], gate: funding.GateResult
) -> None:
    """Audit and publish what the gate's word did to each instruction."""
    facts = [
        {
            "payment_id": payment_id,
            "payroll_id": payroll.id,
            "amount_minor": amount_minor,
            "currency": payroll.currency,
            "evaluation_id": gate.evaluation_id,
        }
        for payment_id, amount_minor in instructions
    ]
    messaging.announce_many(
        tx, event_type=f"payments.instruction.{what}", aggregate_type="payment", facts=facts, named_by="payment_id"
    )


def judged(tx: Tx, payroll: Payroll, gate: funding.GateResult) -> Payroll:
    """The payroll under the gate's last word: committed where it was let go; audited and published."""
    tx.run(
        """
        UPDATE payments.payrolls
           SET evaluation_no = %(no)s, evaluation_id = %(evaluation)s,
               status = CASE WHEN %(passed)s AND status = 'pending' THEN 'committed' ELSE status END,
               committed_at = CASE WHEN %(passed)s THEN coalesce(committed_at, %(now)s) ELSE committed_at END
         WHERE tenant_id = %(tenant)s AND id = %(id)s
        """,
        {
            "tenant": tx.tenant_id,
            "id": payroll.id,
            "no": gate.evaluation_no,
            "evaluation": gate.evaluation_id,
            "passed": gate.outcome != "blocked",
            "now": tx.now(),
        },
    )
    facts = {
        "payroll_id": payroll.id,
        "legal_entity_id": payroll.legal_entity_id,
        "instruction_count": payroll.instruction_count,
        "total_minor": payroll.total_minor,
        "currency": payroll.currency,
        "evaluation_id": gate.evaluation_id,
        "commit_status": status_of(gate),
        "warnings": [violation.text for violation in gate.violations] if gate.outcome == "warned" else [],
    }
    event_type = "payments.payroll.blocked" if gate.outcome == "blocked" else "payments.payroll.committed"
    audit.record(tx, type=event_type, data=facts)
    messaging.publish(tx, event_type=event_type, aggregate_type="payroll", aggregate_id=payroll.id, payload=facts)
    return get_payroll(tx, payroll.id)
