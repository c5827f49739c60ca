"""Clients' money coming in, and the gate that lets nothing flow unless it is funded.

A client wires money with its payer reference in the text. The bank statement's line becomes a *deposit*, once, and
raises
the legal entity's CLIENT_FUNDS; money of an unknown payer lies in SUSPENSE and opens a case. The *commit gate* asks
whether
a payroll's whole need is covered by settled money that is not reserved for others, and reserves it, all or nothing. The
*pay gate* judges again in the transaction that claims attempts for sending, and nothing turns it off. Each judgement is
stored with the figures it saw, so that "why was this held?" has an answer for ever. The gate is handed a
`GateRequest` and
knows no payments' tables.
"""

from headgate.funding.days import booked_at, booked_on
from headgate.funding.deposits import is_return, record_deposits, settle_deposits
from headgate.funding.errors import (
    DepositDiffers,
    FundsNotReservable,
    InvalidReference,
    NoSuchDeposit,
    NoSuchEvaluation,
    ReferenceTaken,
)
from headgate.funding.gate import judge_commit, judge_pay
from headgate.funding.inflow import TERMS as DEPOSIT_TERMS
from headgate.funding.inflow import (
    DayIn,
    DepositRow,
    DepositTotal,
    Expected,
    deposit_row,
    deposit_rows,
    deposit_totals,
    expected,
    find_deposits,
    known_reference,
    matching_deposits,
    received_by_day,
)
from headgate.funding.model import (
    Advice,
    Claim,
    Conflict,
    Deposit,
    Evaluation,
    Figures,
    GateRequest,
    GateResult,
    NewDeposit,
    Reason,
    RequirementLine,
    SettledDeposits,
    advise,
    words_of,
)
from headgate.funding.queries import deposit, evaluation, evaluations_of, list_deposits, list_evaluations
from headgate.funding.references import add_payer_reference, payer_reference

__all__ = [
    "DEPOSIT_TERMS",
    "Advice",
    "Claim",
    "Conflict",
    "DayIn",
    "Deposit",
    "DepositDiffers",
    "DepositRow",
    "DepositTotal",
    "Evaluation",
    "Expected",
    "Figures",
    "FundsNotReservable",
    "GateRequest",
    "GateResult",
    "InvalidReference",
    "NewDeposit",
    "NoSuchDeposit",
    "NoSuchEvaluation",
    "Reason",
    "ReferenceTaken",
    "RequirementLine",
    "SettledDeposits",
    "add_payer_reference",
    "advise",
    "booked_at",
    "booked_on",
    "deposit",
    "deposit_row",
    "deposit_rows",
    "deposit_totals",
    "evaluation",
    "evaluations_of",
    "expected",
    "find_deposits",
    "is_return",
    "judge_commit",
    "judge_pay",
    "known_reference",
    "list_deposits",
    "list_evaluations",
    "matching_deposits",
    "payer_reference",
    "received_by_day",
    "record_deposits",
    "settle_deposits",
    "words_of",
]
