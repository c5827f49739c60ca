"""Payrolls: taken as their engine computed them, judged by the commit gate, turned into instructions that hold their
money.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from headgate import audit, funding, messaging, parties, rails
from headgate.core import canonical, ids
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.payments.errors import InvalidPayroll, NoSuchPayroll, OverrideReasonMissing, PayrollDiffers
from headgate.payments.model import CommitResult, CommitStatus, Draft, Payroll, PayrollBatch, drafts_of, problems_of

PROBLEMS_NAMED_MAX = 20
LEAD_BANKING_DAYS = 1
"""A credit is handed to the bank one banking day before it takes effect."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An instruction of a payroll that waits for the gate's word."""

    id: str
    kind: str
    amount_minor: int
    bank_account_id: str | None


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

    Raises InvalidPayroll naming each problem, OverrideReasonMissing, PayrollDiffers where the name was used for other
    figures.
    """
    if gate_mode not in (None, "strict") and not (override_reason or "").strip():
        raise OverrideReasonMissing(f"the commit gate judges as {gate_mode} only where an override_reason says why")
    problems = problems_of(batch) + _account_problems(tx, batch)
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise InvalidPayroll(f"payroll {batch.payroll_id}: {problems[0]}{more}", problems=problems[:PROBLEMS_NAMED_MAX])
    drafts = drafts_of(batch)
    payroll, digest = _take(tx, batch, drafts, source_artifact_id)
    if digest != canonical.digest(batch.document()):
        raise PayrollDiffers(
            f"payroll {batch.payroll_id} was given before with other figures; give this one another payroll_id",
            payroll_id=payroll.id,
        )
    if payroll.status != "pending":
        return CommitResult("committed", payroll, None)
    known = _waiting(tx, payroll.id)
    # Sorted, so that lists and files keep the payroll's own order.
    fresh = sorted(ids.new("pay") for _ in drafts)
    wanted = known or [
        Wanted(payment_id, draft.kind, draft.amount.minor, draft.bank_account_id)
        for payment_id, draft in zip(fresh, drafts, strict=True)
    ]
    fingerprint = canonical.digest(batch.fingerprint_document())
    asked = request_of(payroll, wanted, fingerprint=fingerprint)
    gate = funding.judge_commit(tx, asked, mode=gate_mode, override_reason=override_reason)
    if not known:
        _create(tx, payroll, drafts, wanted, gate)
    elif gate.outcome != "blocked":
        fund(tx, payroll, wanted, gate)
    return CommitResult(status_of(gate), judged(tx, payroll, gate), gate)


def status_of(gate: funding.GateResult) -> CommitStatus:
    """What a judgement of the commit gate makes of a commit."""
    if gate.outcome == "blocked":
        return "blocked_policy" if gate.reason == "policy_violation" else "blocked_funds"
    return "committed" if gate.passed else "committed_with_warnings"


def release_on(pay_on: date) -> date:
    """The day on which a payroll's credits are handed to the bank."""
    return rails.add_banking_days(rails.banking_day_on_or_before(pay_on), -LEAD_BANKING_DAYS)


def get_payroll(tx: Tx, payroll_id: str) -> Payroll:
    """One payroll, by its id. Raises NoSuchPayroll."""
    found = tx.maybe(
        """
        SELECT id, legal_entity_id, external_id, pay_on, currency, status, instruction_count, total_minor,
               evaluation_no,
               evaluation_id, created_at, committed_at
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
               evaluation_no,
               evaluation_id, created_at, committed_at
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
    standings = parties.standings(tx, sorted({account for _, account in named}))
    problems = []
    for payee, account in named:
        standing = standings.get(account)
        if standing is None or standing.party_id != payee or standing.legal_entity_id != batch.legal_entity_id:
            problems.append(f"{account} is no bank account of payee {payee} of this legal entity")
    return problems


def _take(
    tx: Tx, batch: PayrollBatch, drafts: Sequence[Draft], source_artifact_id: str | None
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
        "digest": canonical.digest(batch.document()),
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
                   instruction_count,
                total_minor, source_artifact_id, created_at)
        VALUES (%(tenant)s, %(id)s, %(entity)s, %(external_id)s, %(pay_on)s, %(currency)s, %(digest)s, %(formula)s,
            %(count)s,
                %(total)s, %(artifact)s, %(now)s)
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
        release_on=release_on(payroll.pay_on),
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
    tx: Tx, payroll: Payroll, drafts: Sequence[Draft], wanted: Sequence[Wanted], gate: funding.GateResult
) -> None:
    tx.run(
        """
        INSERT INTO payments.instructions
               (tenant_id, id, idempotency_key, payroll_id, legal_entity_id, kind, obligation, payee_id,
                   bank_account_id,
                amount_minor, currency, due_on, status, reservation_id, evaluation_id, created_at, changed_at)
        SELECT %(tenant)s, i.id, i.key, %(payroll)s, %(entity)s, i.kind, i.obligation, i.payee_id, i.bank_account_id,
               i.amount_minor, %(currency)s, %(due_on)s,
               CASE WHEN i.reservation_id IS NULL THEN %(unfunded)s ELSE 'pending' END, i.reservation_id,
               %(evaluation)s, %(now)s, %(now)s
          FROM unnest(%(ids)s::text[], %(keys)s::text[], %(kinds)s::text[], %(obligations)s::text[], %(payees)s::text[],
                      %(accounts)s::text[], %(amounts)s::bigint[], %(reservations)s::bigint[])
               AS i (id, key, kind, obligation, payee_id, bank_account_id, amount_minor, reservation_id)
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
            "ids": [one.id for one in wanted],
            "keys": [f"payrolls:{payroll.id}:{draft.part}" for draft in drafts],
            "kinds": [draft.kind for draft in drafts],
            "obligations": [draft.obligation for draft in drafts],
            "payees": [draft.payee_id for draft in drafts],
            "accounts": [draft.bank_account_id for draft in drafts],
            "amounts": [draft.amount.minor for draft in drafts],
            "reservations": [gate.reservations.get(one.id) for one in wanted],
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
            "ids": [one.id for one in wanted],
            "reservations": [gate.reservations.get(one.id) for one in wanted],
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
    event_type = f"payments.instruction.{what}"
    audit.record_many(
        tx, [audit.Event(type=event_type, data=each, payment_id=str(each["payment_id"])) for each in facts]
    )
    messaging.publish_many(
        tx,
        [
            messaging.Outgoing(
                event_type=event_type, aggregate_type="payment", aggregate_id=str(each["payment_id"]), payload=each
            )
            for each in facts
        ],
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
