"""What a tenant chose for its loans, as JSON: allocation policies, what return codes do, holds, charges, schedules, modes."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, Field

from headgate.servicing import returns
from headgate.servicing.documents import Body, Instalment, Minor, Reason
from headgate.servicing.loans import INSTALMENTS_MAX
from headgate.servicing.model import STATES, Due, InAdvance, Overpayment, Rule, State
from headgate.servicing.modes import Mode, PostingMode
from headgate.servicing.settings import PolicyView, ReturnRuleView, ReturnView
from headgate.servicing.shadow import ShadowReport, Verdict

Product = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{1,39}$")]
ReturnCode = Annotated[str, Field(pattern="^[A-Za-z0-9_]{2,20}$")]


class RuleModel(Body):
    """How a payment is allocated in one state of a loan: which waterfall, and which buckets may take money."""

    waterfall: Annotated[str, Field(max_length=60)]
    in_advance: InAdvance = "hold"
    allow_fees: bool = True
    allow_interest: bool = True
    allow_principal: bool = True
    allow_escrow: bool = True
    default_loan: bool = False


class NewLoanPolicy(Body):
    """The next version of a product's policy. A state without a rule is conservative: the money waits, and a case asks.

    `overpayment` is what is done with money when nothing is owed any more; `nsf_fee_minor` is charged for a payment that
    came back for want of funds, in minor units of the loan's currency.
    """

    product: Product
    effective_from: date
    reason: Reason
    rules: Annotated[dict[State, RuleModel], Field(min_length=1, max_length=len(STATES))]
    grace_days: Annotated[int, Field(ge=0, le=60)] = 15
    default_after_days: Annotated[int | None, Field(ge=1, le=3_650)] = 120
    overpayment: Overpayment = "refund"
    nsf_fee_minor: Minor = 0

    def rules_by_state(self) -> dict[State, Rule]:
        """As the domain has them."""
        return {state: Rule(**rule.model_dump()) for state, rule in self.rules.items()}


class LoanPolicyModel(BaseModel):
    """A version of a product's policy, from when on it counts, and who set it why."""

    product: str
    version_no: int
    effective_from: date
    grace_days: int
    default_after_days: int | None
    overpayment: Overpayment
    nsf_fee_minor: int
    rules: dict[State, RuleModel]
    reason: str
    set_by: str
    set_at: datetime


class NewLoanReturnRule(Body):
    """What a return code does from now on, and how grave it is. Both actions take the payment back; a dispute asks too."""

    code: ReturnCode
    action: returns.Action
    severity: returns.Severity
    reason: Reason


class LoanReturnRuleModel(BaseModel):
    """What a return code does here; `is_default` where the tenant chose nothing. `*` is every other code."""

    code: str
    action: returns.Action
    severity: returns.Severity
    is_default: bool
    reason: str | None
    set_by: str | None
    set_at: datetime | None


class NewLoanReturnModel(Body):
    """A payment that a provider took back (`return`, `dispute`) or is asked to give back (`recall`), as it says so."""

    provider: Annotated[str, Field(min_length=1, max_length=60)]
    external_id: Annotated[str, Field(min_length=1, max_length=200)]
    provider_transfer_id: Annotated[str, Field(min_length=1, max_length=200)]
    code: ReturnCode
    returned_on: date
    kind: returns.Kind = "return"


class LoanReturnModel(BaseModel):
    """A return as it was recorded, and the payment that it is about; none while it waits for that."""

    id: str
    provider: str
    external_id: str
    provider_transfer_id: str
    kind: returns.Kind
    code: str
    action: str
    severity: returns.Severity
    returned_on: date
    payment_id: str | None
    is_undone: bool
    recorded_at: datetime


class NewLoanHolds(Body):
    """What holds a loan's payments: what is left out stays as it is."""

    legal_hold: bool | None = None
    stop_pay: bool | None = None
    kyc_incomplete: bool | None = None
    reason: Reason


class NewLoanCharge(Body):
    """A fee beside the schedule, in minor units of the loan's currency."""

    amount_minor: Annotated[int, Field(ge=1, le=2**53, strict=True)]
    due_on: date
    reason: Reason


class NewSchedule(Body):
    """Instalments that a loan has not yet; those that it has must be the same."""

    instalments: Annotated[list[Instalment], Field(min_length=1, max_length=INSTALMENTS_MAX)]

    def dues(self) -> list[Due]:
        """As the domain has them."""
        return [one.due() for one in self.instalments]


class NewPostingMode(Body):
    """What is done with a channel's payments from now on."""

    channel: Annotated[str, Field(max_length=20)]
    mode: Mode
    reason: Reason


class PostingModeModel(BaseModel):
    """What is done with a channel's payments: nothing (`off`), written down (`shadow`), or posted (`live`)."""

    channel: str
    mode: Mode
    reason: str | None
    set_by: str | None
    set_at: datetime | None


class ShadowDayModel(BaseModel):
    """A channel's day, in minor units; `variance_minor` is the bank's less ours by T+1, `late_minor` what was booked after."""

    channel: str
    on: date
    currency: str
    mode: Mode
    count: int
    amount_minor: int
    pending_count: int
    bank_count: int
    bank_minor: int
    variance_minor: int
    late_minor: int
    duplicates: int
    suspected: int
    verdict: Verdict


class ShadowReportModel(BaseModel):
    """The days of a comparison, and in a word what they come to."""

    first: date
    last: date
    is_clean: bool
    says: str
    days: list[ShadowDayModel]


def shadow_model(row: ShadowReport) -> ShadowReportModel:
    """A shadow report as the API gives it."""
    return ShadowReportModel.model_validate(asdict(row))


def policy_model(row: PolicyView) -> LoanPolicyModel:
    """A version of a policy as the API gives it."""
    facts = asdict(row)
    terms = facts.pop("terms")
    return LoanPolicyModel(**facts, **terms)


def return_rule_model(row: ReturnRuleView) -> LoanReturnRuleModel:
    """What a return code does, as the API gives it."""
    return LoanReturnRuleModel(**asdict(row))


def return_model(row: ReturnView) -> LoanReturnModel:
    """A return as the API gives it."""
    return LoanReturnModel(**asdict(row))


def mode_model(row: PostingMode) -> PostingModeModel:
    """A channel's posting mode as the API gives it."""
    return PostingModeModel(**asdict(row))
