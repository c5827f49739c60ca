"""One payment's whole life as JSON, and as a person reads it at the command line."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel

from headgate.core.money import Money
from headgate.payments.documents import InstructionModel, TimelineModel, instruction_model, timeline_model
from headgate.payments.life.life import Life
from headgate.web import MoneyModel


class ReasonModel(BaseModel):
    """One sentence of why a payment is where it is."""

    icon: str
    text: str


class LegModel(BaseModel):
    """One side of an entry; `mark` is the entry's number among the payment's entries."""

    amount: MoneyModel
    mark: int


class TAccountModel(BaseModel):
    """An account with what the payment's entries did to it."""

    name: str
    debits: list[LegModel]
    credits: list[LegModel]
    debit: MoneyModel
    credit: MoneyModel


class TryModel(BaseModel):
    """One attempt: the file that carries it, and where that stands."""

    attempt_id: str
    attempt_no: int
    status: str
    rail: str
    amount: MoneyModel
    trace_number: str
    file_id: str
    file_name: str
    file_status: str
    effective_on: date
    delivered_at: datetime | None
    made_at: datetime


class WordModel(BaseModel):
    """What a bank said of an attempt, and the evidence: a line of a file as it came."""

    attempt_no: int
    status: str
    return_code: str | None
    effective_on: date
    provider: str
    external_id: str
    artifact_id: str
    filename: str
    line: int | None
    said_at: datetime


class JudgementModel(BaseModel):
    """A judgement of the gate on the payment's payroll."""

    evaluation_id: str
    evaluation_no: int
    gate_type: Literal["commit", "pay"]
    passed: bool
    reason: str | None
    required: MoneyModel
    available: MoneyModel
    policy_violated: str | None
    evaluated_at: datetime


class LifeModel(BaseModel):
    """One payment's whole life; its account by the last digits alone."""

    payment: InstructionModel
    why: list[ReasonModel]
    account: str
    trace_number: str | None
    file_name: str | None
    file_reference: str | None
    reservation_id: str | None
    reservation_status: str | None
    t_accounts: list[TAccountModel]
    attempts: list[TryModel]
    bank_words: list[WordModel]
    judgements: list[JudgementModel]
    timeline: list[TimelineModel]
    case_id: str | None


def life_model(life: Life) -> LifeModel:
    """A payment's life as the API gives it."""
    held = life.reservation

    def leg(amount: Money, mark: int) -> LegModel:
        return LegModel(amount=MoneyModel.of(amount), mark=mark)

    return LifeModel(
        payment=instruction_model(life.row),
        why=[ReasonModel(icon=reason.icon, text=reason.text) for reason in life.reasons],
        account=life.account,
        trace_number=life.trace,
        file_name=life.file_name,
        file_reference=life.file_reference,
        reservation_id=held.id if held else None,
        reservation_status=held.status if held else None,
        t_accounts=[
            TAccountModel(
                name=account.name,
                debits=[leg(*one) for one in account.debits],
                credits=[leg(*one) for one in account.credits],
                debit=MoneyModel.of(account.debit),
                credit=MoneyModel.of(account.credit),
            )
            for account in life.t_accounts
        ],
        attempts=[
            TryModel(
                amount=MoneyModel.of(one.amount),
                **{name: value for name, value in asdict(one).items() if name not in ("amount_minor", "currency")},
            )
            for one in life.tries
        ],
        bank_words=[WordModel.model_validate(one, from_attributes=True) for one in life.words],
        judgements=[
            JudgementModel(
                evaluation_id=one.id,
                evaluation_no=one.evaluation_no,
                gate_type=one.gate_type,
                passed=one.passed,
                reason=one.reason,
                required=MoneyModel.of(Money(one.required_minor, one.currency)),
                available=MoneyModel.of(Money(one.available_minor, one.currency)),
                policy_violated=one.policy_violated,
                evaluated_at=one.evaluated_at,
            )
            for one in life.judgements
        ],
        timeline=[timeline_model(event) for event in life.events],
        case_id=life.case_id,
    )


def told(life: Life) -> str:
    """A payment's life for a person: why, then what the gate, the tries, the bank and the book say, then what happened."""
    lines = [
        f"{life.row.id}  {life.row.status.replace('_', ' ')}  {life.row.amount.format()}",
        f"  of payroll {life.row.payroll_reference}, effective {life.row.effective_on}"
        + (f", to {life.account}" if life.account else ""),
        "",
        *(reason.text for reason in life.reasons),
    ]
    if life.reservation:
        held = life.reservation
        lines.append(f"Reservation {held.id}: {held.amount.format()}, {held.status}.")
    lines += _section("The gate", [
        f"{one.evaluated_at:%Y-%m-%d %H:%M:%S}Z  no. {one.evaluation_no}, {one.gate_type} gate: "
        + ("passed" if one.passed else f"held, {(one.reason or '').replace('_', ' ')}")
        + f"; needed {Money(one.required_minor, one.currency).format()}, "
        f"available {Money(one.available_minor, one.currency).format()}"
        for one in life.judgements
    ])  # fmt: skip
    lines += _section("Tries", [
        f"no. {one.attempt_no}: {one.status}, trace {one.trace_number} in {one.file_name} ({one.file_status.replace('_', ' ')}), "
        f"effective {one.effective_on}"
        for one in life.tries
    ])  # fmt: skip
    lines += _section("The bank's words", [
        f"{one.effective_on}  {one.status}{' ' + one.return_code if one.return_code else ''}: {one.filename}"
        + (f", line {one.line}" if one.line else "")
        for one in life.words
    ])  # fmt: skip
    for account in life.t_accounts:
        lines += ["", account.name]
        for debit, credit in account.lines:
            left = f"{debit.amount.format()} ({debit.mark})" if debit else ""
            right = f"{credit.amount.format()} ({credit.mark})" if credit else ""
            lines.append(f"  {left:>26} | {right}")
    lines += _section("What happened", [
        f"{event.at:%Y-%m-%d %H:%M:%S}Z  {event.text}  {event.type}" for event in life.events
    ])  # fmt: skip
    return "\n".join(lines)


def _section(title: str, lines: list[str]) -> list[str]:
    return ["", title, *(f"  {line}" for line in lines)] if lines else []
