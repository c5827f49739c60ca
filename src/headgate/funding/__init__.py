"""Clients' money: asked for, coming in, final; and the gate that lets nothing flow unless it is funded.

A *funding request* is the intent to have money of a client, over a rail of its bank profile; *funding events* say what
came and what the bank took back. Settled is not final: what may still be taken back lies in PROVISIONAL_FUNDS, where
nothing can reserve it, until its hold has passed. A wire names its payer reference and becomes a *deposit*, once; money of
an unknown payer lies in SUSPENSE and opens a case. The *commit gate* asks the policies, and whether a payroll's whole
need is covered by final money that is not reserved for others, and reserves it (strict), or lets it go unfunded (hybrid,
soft). The *pay gate* judges again in the transaction that claims attempts for sending, always strict: nothing turns it
off. Each judgement is stored with the figures it saw. The gate is handed a `GateRequest` and knows no payments' tables.
"""

from headgate.funding import credit, limits, messages, overrides, settings
from headgate.funding.assigning import ACTION as ASSIGNMENT_ACTION
from headgate.funding.assigning import assign_deposit, entity_named, request_assignment
from headgate.funding.authorizations import (
    DebitAuthorization,
    authorize_debits,
    correct_debits,
    debit_authorization,
    withdraw_debits,
)
from headgate.funding.credit import (
    CreditMove,
    CreditStanding,
    credit_standing,
    draw_credit,
    repay_credit,
    set_credit_line,
)
from headgate.funding.days import booked_at, booked_on
from headgate.funding.deposits import is_return, record_deposits, settle_deposits
from headgate.funding.errors import (
    ComplianceNeeded,
    CreditExceeded,
    DepositAssigned,
    DepositDiffers,
    EventDiffers,
    FundsNotPostable,
    FundsNotReservable,
    InvalidAssignment,
    InvalidAuthorization,
    InvalidReference,
    InvalidRequest,
    InvalidSetting,
    MoveDiffers,
    NoSuchDeposit,
    NoSuchEvaluation,
    NoSuchEvent,
    NoSuchRequest,
    NotFinal,
    NotPresentedAgain,
    RailUnavailable,
    ReferenceTaken,
    RequestDiffers,
    ReservationCaptured,
)
from headgate.funding.events import get_event, list_events
from headgate.funding.expecting import Expected, expected
from headgate.funding.gate import judge_commit, judge_pay, preview_pay
from headgate.funding.inflow import TERMS as DEPOSIT_TERMS
from headgate.funding.inflow import (
    DayIn,
    DepositRow,
    DepositTotal,
    deposit_row,
    deposit_rows,
    deposit_totals,
    find_deposits,
    known_reference,
    matching_deposits,
    received_by_day,
)
from headgate.funding.limits import LimitRow, list_limits, set_limit
from headgate.funding.messages import set_template
from headgate.funding.model import (
    Advice,
    Claim,
    Conflict,
    Deposit,
    Evaluation,
    Figures,
    GateMode,
    GateRequest,
    GateResult,
    NewDeposit,
    Reason,
    RequirementLine,
    SettledDeposits,
    Violation,
    advise,
    words_of,
)
from headgate.funding.overrides import Override, grant_approved, grant_override, list_overrides, unblocked_payees
from headgate.funding.policies import registered as gate_policies
from headgate.funding.policy import Limit, Policy
from headgate.funding.queries import deposit, deposits_of, evaluation, evaluations_of, list_deposits, list_evaluations
from headgate.funding.rail_offers import offer_rails, offered_rails
from headgate.funding.receivables import Receivable, list_receivables
from headgate.funding.references import add_payer_reference, payer_reference
from headgate.funding.references import known as known_payers
from headgate.funding.releasing import release_reservation
from headgate.funding.representing import record_representment, representments
from headgate.funding.request_model import FUNDING_RAILS, FundingEvent, FundingRail, FundingRequest, RailOffer
from headgate.funding.requests import (
    asks_wanted,
    cancel_request,
    debits_wanted,
    get_request,
    get_requests,
    list_requests,
    lock_requests,
    lock_subjects,
    mark_refused,
    mark_submitted,
    request_funding,
)
from headgate.funding.returning import record_returned
from headgate.funding.settings import change_setting, commit_gate_mode
from headgate.funding.settling import finalise_due, record_settled
from headgate.funding.watch import GateAlert, gate_alerts, watch_gate
from headgate.funding.wire_numbers import claim_wires, claimed_wires, wire_numbers_in

__all__ = [
    "ASSIGNMENT_ACTION",
    "DEPOSIT_TERMS",
    "FUNDING_RAILS",
    "Advice",
    "Claim",
    "ComplianceNeeded",
    "Conflict",
    "CreditExceeded",
    "CreditMove",
    "CreditStanding",
    "DayIn",
    "DebitAuthorization",
    "Deposit",
    "DepositAssigned",
    "DepositDiffers",
    "DepositRow",
    "DepositTotal",
    "Evaluation",
    "EventDiffers",
    "Expected",
    "Figures",
    "FundingEvent",
    "FundingRail",
    "FundingRequest",
    "FundsNotPostable",
    "FundsNotReservable",
    "GateAlert",
    "GateMode",
    "GateRequest",
    "GateResult",
    "InvalidAssignment",
    "InvalidAuthorization",
    "InvalidReference",
    "InvalidRequest",
    "InvalidSetting",
    "Limit",
    "LimitRow",
    "MoveDiffers",
    "NewDeposit",
    "NoSuchDeposit",
    "NoSuchEvaluation",
    "NoSuchEvent",
    "NoSuchRequest",
    "NotFinal",
    "NotPresentedAgain",
    "Override",
    "Policy",
    "RailOffer",
    "RailUnavailable",
    "Reason",
    "Receivable",
    "ReferenceTaken",
    "RequestDiffers",
    "RequirementLine",
    "ReservationCaptured",
    "SettledDeposits",
    "Violation",
    "add_payer_reference",
    "advise",
    "asks_wanted",
    "assign_deposit",
    "authorize_debits",
    "booked_at",
    "booked_on",
    "cancel_request",
    "change_setting",
    "claim_wires",
    "claimed_wires",
    "commit_gate_mode",
    "correct_debits",
    "credit",
    "credit_standing",
    "debit_authorization",
    "debits_wanted",
    "deposit",
    "deposit_row",
    "deposit_rows",
    "deposit_totals",
    "deposits_of",
    "draw_credit",
    "entity_named",
    "evaluation",
    "evaluations_of",
    "expected",
    "finalise_due",
    "find_deposits",
    "gate_alerts",
    "gate_policies",
    "get_event",
    "get_request",
    "get_requests",
    "grant_approved",
    "grant_override",
    "is_return",
    "judge_commit",
    "judge_pay",
    "known_payers",
    "known_reference",
    "limits",
    "list_deposits",
    "list_evaluations",
    "list_events",
    "list_limits",
    "list_overrides",
    "list_receivables",
    "list_requests",
    "lock_requests",
    "lock_subjects",
    "mark_refused",
    "mark_submitted",
    "matching_deposits",
    "messages",
    "offer_rails",
    "offered_rails",
    "overrides",
    "payer_reference",
    "preview_pay",
    "received_by_day",
    "record_deposits",
    "record_representment",
    "record_returned",
    "record_settled",
    "release_reservation",
    "repay_credit",
    "representments",
    "request_assignment",
    "request_funding",
    "set_credit_line",
    "set_limit",
    "set_template",
    "settings",
    "settle_deposits",
    "unblocked_payees",
    "watch_gate",
    "wire_numbers_in",
    "withdraw_debits",
    "words_of",
]
