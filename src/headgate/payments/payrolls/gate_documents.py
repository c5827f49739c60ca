"""The gate's words as JSON: what it would say (a dry run), and what it holds and why."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from headgate import funding
from headgate.core.money import Money
from headgate.funding import GateMode, GateResult, Reason
from headgate.payments.model import CommitResult, CommitStatus
from headgate.payments.payrolls.execution import Queued
from headgate.payments.payrolls.held import HeldPayroll, Standing
from headgate.web import MoneyModel


class ViolationModel(BaseModel):
    """A policy that stands against a payroll, in words and figures; `payments` are those it is about, all if none."""

    policy: str
    text: str
    facts: dict[str, Any]
    payments: list[str] = Field(description="Up to twenty of them")
    payment_count: int


class AdviceModel(BaseModel):
    """What would open the gate, and how long that takes."""

    action: str
    time_to_resolve: str
    amount: MoneyModel | None


class ConflictModel(BaseModel):
    """A reservation of something else that holds money which is needed."""

    reservation_id: str
    source_ref: str
    amount: MoneyModel
    expires_at: datetime | None


class GateModel(BaseModel):
    """A judgement of the gate with its figures. `evaluation_id` is null where nothing of it was kept."""

    evaluation_id: str | None
    evaluation_no: int
    gate_type: Literal["commit", "pay"]
    mode: GateMode
    passed: bool
    outcome: Literal["passed", "warned", "blocked"]
    reason: Reason | None
    required: MoneyModel
    available: MoneyModel
    shortfall: MoneyModel
    policy_violated: str | None
    violations: list[ViolationModel]
    client_message: str | None
    advice: list[AdviceModel]
    reservations: list[ConflictModel]
    cure_expected_at: datetime | None


class DryRunModel(BaseModel):
    """What a commit would come to, had it been meant; nothing of it was kept.

    Without `gate` the payroll was committed before, and is not judged again.
    """

    status: CommitStatus
    payroll_id: str = Field(description="The payroll engine's own name for it")
    legal_entity_id: str
    pay_on: date
    instruction_count: int
    total: MoneyModel
    gate: GateModel | None
    warnings: list[str]


class QueuedModel(BaseModel):
    """What waits to be sent of a payroll. The funded part is sent from its day on; the pay gate judges it then."""

    payroll_id: str
    pay_on: date
    funded: int
    funded_amount: MoneyModel
    awaiting_funds: int
    awaiting_amount: MoneyModel


class ExpectedModel(BaseModel):
    """Money that is expected: come and not final yet (`provisional`), or asked for (`asked_for`)."""

    kind: Literal["provisional", "asked_for"]
    rail: str
    amount: MoneyModel
    counts_from: datetime
    due_on: date | None
    source_id: str


class HeldModel(BaseModel):
    """Why the gate holds a payroll: the figures of its last word, and what the account has now."""

    payroll_id: str
    reference: str
    legal_entity_id: str
    status: Literal["blocked_funds", "blocked_policy"]
    gate_type: Literal["commit", "pay"]
    reason: Reason
    evaluation_id: str
    evaluation_no: int
    required: MoneyModel
    available: MoneyModel
    shortfall: MoneyModel
    violations: list[ViolationModel]
    client_message: str | None
    must_leave_on: date
    available_now: MoneyModel
    expected: list[ExpectedModel]
    advice: list[AdviceModel]
    held_since: datetime
    evaluated_at: datetime


def violation_model(document: dict[str, Any]) -> ViolationModel:
    """A violation as it is stored with its judgement."""
    return ViolationModel(
        policy=document["policy"],
        text=document["text"],
        facts=document["facts"],
        payments=document["refs"],
        payment_count=document["refs_count"],
    )


def gate_model(gate: GateResult, *, kept: bool = True) -> GateModel:
    """A judgement as the API gives it."""
    return GateModel(
        evaluation_id=gate.evaluation_id if kept else None,
        evaluation_no=gate.evaluation_no,
        gate_type=gate.gate_type,
        mode=gate.mode,
        passed=gate.passed,
        outcome=gate.outcome,
        reason=gate.reason,
        required=MoneyModel.of(gate.required),
        available=MoneyModel.of(gate.available),
        shortfall=MoneyModel.of(gate.shortfall),
        policy_violated=gate.policy_violated,
        violations=[violation_model(one.document()) for one in gate.violations],
        client_message=gate.client_message,
        advice=[_advice(one, gate.required.currency) for one in gate.advice],
        reservations=[
            ConflictModel(
                **{name: value for name, value in asdict(one).items() if name != "amount_minor"},
                amount=MoneyModel.of(Money(one.amount_minor, gate.required.currency)),
            )
            for one in gate.conflicts
        ],
        cure_expected_at=gate.cure_expected_at,
    )


def dry_run_model(result: CommitResult) -> DryRunModel:
    """What a commit that was undone would have come to."""
    return DryRunModel(
        status=result.status,
        payroll_id=result.payroll.external_id,
        legal_entity_id=result.payroll.legal_entity_id,
        pay_on=result.payroll.pay_on,
        instruction_count=result.payroll.instruction_count,
        total=MoneyModel.of(result.payroll.total),
        gate=gate_model(result.gate, kept=False) if result.gate else None,
        warnings=list(result.warnings),
    )


def queued_model(queued: Queued) -> QueuedModel:
    """What is queued, as the API gives it."""
    return QueuedModel(
        payroll_id=queued.payroll_id,
        pay_on=queued.pay_on,
        funded=queued.funded,
        funded_amount=MoneyModel.of(queued.funded_amount),
        awaiting_funds=queued.awaiting_funds,
        awaiting_amount=MoneyModel.of(queued.awaiting_amount),
    )


def held_model(held: HeldPayroll, standing: Standing) -> HeldModel:
    """A payroll that the gate holds, as the API gives it."""
    return HeldModel(
        payroll_id=held.payroll_id,
        reference=held.reference,
        legal_entity_id=held.legal_entity_id,
        status="blocked_policy" if held.status == "blocked_policy" else "blocked_funds",
        gate_type=held.gate_type,
        reason=held.reason,
        evaluation_id=held.evaluation_id,
        evaluation_no=held.times_asked,
        required=MoneyModel.of(held.required),
        available=MoneyModel.of(held.available),
        shortfall=MoneyModel.of(held.shortfall),
        violations=[violation_model(one) for one in held.violations],
        client_message=held.client_message,
        must_leave_on=held.leaves_on,
        available_now=MoneyModel.of(standing.available),
        expected=[
            ExpectedModel(
                kind=one.kind,
                rail=one.rail,
                amount=MoneyModel.of(one.amount),
                counts_from=one.final_at,
                due_on=one.due_on,
                source_id=one.source_id,
            )
            for one in standing.expected
        ],
        advice=[_advice(one, held.currency) for one in standing.advice],
        held_since=held.since,
        evaluated_at=held.evaluated_at,
    )


def _advice(advice: funding.Advice, currency: str) -> AdviceModel:
    amount = None if advice.amount_minor is None else MoneyModel.of(Money(advice.amount_minor, currency))
    return AdviceModel(action=advice.action, time_to_resolve=advice.time_to_resolve, amount=amount)
