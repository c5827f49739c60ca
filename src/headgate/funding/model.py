"""Deposits and judgements as data, and the rules that need nothing but the data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal

from headgate.core.money import Money
from headgate.funding.wire_numbers import wire_numbers_in
from headgate.ingestion import use_claims

GateType = Literal["commit", "pay"]
GateMode = Literal["soft", "hybrid", "strict"]
Outcome = Literal["passed", "warned", "blocked"]
Reason = Literal["insufficient_funds", "policy_violation", "reservation_conflict"]
DepositRail = Literal["wire", "ach_credit", "realtime", "book"]

CLIENT_MESSAGE = "Your account balance is insufficient. Please fund {amount} to proceed."
"""What the client is told when funds lack; the amount is what is missing."""

_WORDS = re.compile(r"[A-Z0-9]{6,16}")


@dataclass(frozen=True, slots=True)
class NewDeposit:
    """Evidence of money in. `source` and `external_id` name the evidence, so that it counts once.

    `reference` is the payer reference that named the legal entity, `bank_reference` what the bank calls the line.
    `booked_at` is when it happened, where that is known; else noon of its day. `text_numbers` are Fedwire's numbers that
    stood in the bank's text: a wire is known again by them, whoever tells of it. `identifiers` are all that the text named.
    """

    source: str
    external_id: str
    legal_entity_id: str | None
    reference: str | None
    rail: DepositRail
    amount: Money
    value_on: date
    booked_on: date
    bank_reference: str | None = None
    record_id: str | None = None
    booked_at: datetime | None = None
    text_numbers: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()

    @property
    def claims(self) -> list[str]:
        """What of it can be used once, as a deposit or as a loan's payment."""
        named = {*self.identifiers, *(f"imad:{number}" for number in self.wire_numbers)}
        return [*([f"record:{self.record_id}"] if self.record_id else []), *use_claims(named, self.amount)]

    @property
    def wire_numbers(self) -> set[str]:
        """Fedwire's numbers that the evidence names, where it is of a wire."""
        if self.rail != "wire":
            return set()
        return wire_numbers_in(f"{self.external_id} {self.bank_reference or ''}") | set(self.text_numbers)

    @property
    def key(self) -> str:
        """The key of its posting."""
        return f"deposit:{self.source}:{self.external_id}"


@dataclass(frozen=True, slots=True)
class Deposit:
    """A deposit as recorded. Without a legal entity its payer is unknown, and the money lies in SUSPENSE."""

    id: str
    source: str
    external_id: str
    legal_entity_id: str | None
    reference: str | None
    rail: DepositRail
    amount_minor: int
    currency: str
    value_on: date
    transaction_id: int
    record_id: str | None
    settled_at: datetime
    final_at: datetime

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class SettledDeposits:
    """What a statement brought in: `new` now, `repeated` known before (and moved nothing)."""

    new: tuple[Deposit, ...]
    repeated: tuple[Deposit, ...]

    @property
    def unknown(self) -> tuple[Deposit, ...]:
        """New deposits whose payer nobody knows."""
        return tuple(deposit for deposit in self.new if deposit.legal_entity_id is None)


@dataclass(frozen=True, slots=True)
class RequirementLine:
    """One part of what is needed: net pay, a tax, a third party's share, a fee."""

    kind: str
    amount: Money
    count: int = 1


@dataclass(frozen=True, slots=True)
class Claim:
    """Money wanted for one thing. `reservation_id` is what it holds already; without one the gate reserves afresh."""

    ref: str
    amount: Money
    reservation_id: int | None = None
    payee_id: str | None = None
    bank_account_id: str | None = None


@dataclass(frozen=True, slots=True)
class GateRequest:
    """What the gate is asked: may this subject's claims be funded by this legal entity's money, all or nothing?

    `evaluation_no` counts a subject's judgements, whichever gate makes them, and is part of each reservation's key.
    `release_on` is the day on which it is to leave, `pay_on` that on which people are paid, and `fingerprint` who is
    paid how much, whatever the payroll is called.
    """

    subject: str
    evaluation_no: int
    legal_entity_id: str
    currency: str
    requirement: tuple[RequirementLine, ...]
    claims: tuple[Claim, ...]
    release_on: date | None = None
    pay_on: date | None = None
    fingerprint: bytes | None = None

    def __post_init__(self) -> None:
        assert self.claims, "a gate is asked for something"
        assert sum(line.amount.minor for line in self.requirement) == self.required.minor, (
            "the requirement is its claims"
        )

    @property
    def required(self) -> Money:
        return Money(sum(claim.amount.minor for claim in self.claims), self.currency)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A reservation of something else that holds money which this subject needs."""

    reservation_id: str
    source_ref: str
    amount_minor: int
    expires_at: str | None


@dataclass(frozen=True, slots=True)
class Advice:
    """What would open the gate, and how long that takes."""

    action: Literal["fund_account", "release_expired_reservations", "split_payroll", "credit_extension"]
    time_to_resolve: str
    amount_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """What the account held when the gate looked; `own_reserved` is the subject's own and counts back."""

    posted: Money
    reserved: Money
    own_reserved: Money

    @property
    def available(self) -> Money:
        return self.posted - self.reserved + self.own_reserved


@dataclass(frozen=True, slots=True)
class Violation:
    """What a policy found: in words for an operator, with its figures. `refs` are the claims it is about, all if none."""

    policy: str
    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    refs: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """As it is stored with the judgement; the claims are listed up to twenty."""
        return {
            "policy": self.policy, "text": self.text, "facts": dict(self.facts), "refs": list(self.refs[:20]),
            "refs_count": len(self.refs),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class GateResult:
    """A judgement. `reservations` says which reservation holds each claim's money, where money was there for it.

    `outcome` is warned where the commit gate did not pass and its mode lets the payroll be committed all the same.
    """

    evaluation_id: str
    evaluation_no: int
    gate_type: GateType
    passed: bool
    reason: Reason | None
    required: Money
    available: Money
    client_message: str | None = None
    advice: tuple[Advice, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    reservations: Mapping[str, int] = field(default_factory=dict, repr=False)
    mode: GateMode = "strict"
    violations: tuple[Violation, ...] = ()
    cure_expected_at: datetime | None = None
    funding_request_id: str | None = None

    @property
    def outcome(self) -> Outcome:
        """What follows: it passed, is let go with warnings, or is blocked."""
        return outcome_of(self.mode, self.reason)

    @property
    def policy_violated(self) -> str | None:
        """The first policy that it violates."""
        return self.violations[0].policy if self.violations else None

    @property
    def shortfall(self) -> Money:
        """What is missing; zero where the gate was passed."""
        return Money(max(0, self.required.minor - self.available.minor), self.required.currency)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A judgement as stored, with the figures it saw. `outcome` is None of those made before the gate had modes."""

    id: str
    gate_type: GateType
    subject: str
    evaluation_no: int
    legal_entity_id: str
    currency: str
    passed: bool
    reason: Reason | None
    required_minor: int
    available_minor: int
    posted_minor: int
    reserved_minor: int
    own_reserved_minor: int
    shortfall_minor: int
    requirement: list[dict[str, Any]]
    reservations_seen: list[dict[str, Any]]
    client_message: str | None
    funded_until: datetime | None
    evaluated_at: datetime
    mode: GateMode
    outcome: Outcome | None
    policy_violated: str | None
    violations: list[dict[str, Any]]
    override_reason: str | None
    cure_expected_at: datetime | None
    evidence_age: timedelta | None
    funding_request_id: str | None


def outcome_of(mode: GateMode, reason: Reason | None) -> Outcome:
    """What follows from a judgement: strict needs policies and funds, hybrid needs the policies, soft only warns."""
    if reason is None:
        return "passed"
    if mode == "soft" or (mode == "hybrid" and reason != "policy_violation"):
        return "warned"
    return "blocked"


def judge(required: Money, figures: Figures) -> Reason | None:
    """Why the gate stays shut, or None where it opens. Equality passes.

    Posted money that covers the need while reservations hold it is a conflict of reservations, and not a lack of funds.
    """
    if figures.available >= required:
        return None
    return "reservation_conflict" if figures.posted >= required else "insufficient_funds"


def advise(
    reason: Reason, *, shortfall: Money, available: Money, overdue: bool, credit_free: Money | None = None
) -> tuple[Advice, ...]:
    """What would open the gate, the surest first. `credit_free` is what a credit line still has, where there is one."""
    found = [Advice("fund_account", "1 to 3 days", shortfall.minor)]
    if reason == "reservation_conflict" and overdue:
        found.append(Advice("release_expired_reservations", "at once"))
    if available.minor > 0:
        found.append(Advice("split_payroll", "at once", available.minor))
    if credit_free is not None and credit_free.minor > 0 and shortfall.minor > 0:
        found.append(Advice("credit_extension", "needs approval", min(credit_free, shortfall).minor))
    return tuple(found)


def words_of(text: str) -> set[str]:
    """The words of a bank line that could be a payer reference; banks change case and blanks at will."""
    return set(_WORDS.findall(text.upper()))
