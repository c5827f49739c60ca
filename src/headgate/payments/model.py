"""Payrolls, instructions, attempts and files as data, and the rules that need nothing but the data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from headgate.core.money import Money
from headgate.funding import GateResult
from headgate.rails import RailOrder

PayrollStatus = Literal["pending", "committed", "paying", "paid", "partially_paid"]
InstructionStatus = Literal["awaiting_funding", "blocked_funds", "pending", "sent", "settled", "returned", "rejected"]
CommitStatus = Literal["committed", "committed_with_warnings", "blocked_policy", "blocked_funds"]
PayoutRail = Literal["ach", "wire", "fednow", "rtp", "check"]
FileStatus = Literal["pending", "outcome_unknown", "delivered", "rejected", "settled"]
Kind = Literal["net_pay", "tax", "third_party", "fee"]

INSTRUCTIONS_MAX = 200_000
"""How many payments a payroll may have: it is judged, reserved and sent as a whole, in the memory of one process."""

INSTRUCTION_STATUSES: tuple[InstructionStatus, ...] = (
    "awaiting_funding", "blocked_funds", "pending", "sent", "settled", "returned", "rejected",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PayrollItem:
    """One employee's net pay to one account; `rail` where this one asks for another than its payroll."""

    employee_id: str
    payee_id: str
    bank_account_id: str
    net_pay: Money
    rail: PayoutRail | None = None


@dataclass(frozen=True, slots=True)
class Obligation:
    """What a payroll owes beside net pay: a tax to an agency, a garnishment or benefit to a third party, a fee.

    `code` names it within the payroll. Without a payee the money is reserved all the same and waits for an account.
    """

    kind: Literal["tax", "third_party", "fee"]
    code: str
    amount: Money
    payee_id: str | None = None
    bank_account_id: str | None = None
    rail: PayoutRail | None = None


def fingerprint_document(
    *,
    legal_entity_id: str,
    currency: str,
    items: Iterable[tuple[str, int]],
    obligations: Iterable[tuple[str, str, int]],
) -> dict[str, Any]:
    """Who is paid how much: (payee, minor units), and (kind, code, minor units). What has the same digest is a twin."""
    return {
        "legal_entity_id": legal_entity_id,
        "currency": currency,
        "items": sorted([payee, minor] for payee, minor in items),
        "obligations": sorted([kind, code, minor] for kind, code, minor in obligations),
    }


@dataclass(frozen=True, slots=True)
class PayrollBatch:
    """A payroll as its engine computed it. `payroll_id` is the engine's own name for it, unique in its legal entity.

    `rail` is that of the payments that ask for none; without it the bank's profile says.
    """

    legal_entity_id: str
    payroll_id: str
    pay_on: date
    currency: str
    items: tuple[PayrollItem, ...]
    obligations: tuple[Obligation, ...] = ()
    rail: PayoutRail | None = None

    def fingerprint_document(self) -> dict[str, Any]:
        """Who is paid how much, whatever the payroll is called and whenever it is paid: twins are duplicates."""
        return fingerprint_document(
            legal_entity_id=self.legal_entity_id,
            currency=self.currency,
            items=[(i.payee_id, i.net_pay.minor) for i in self.items],
            obligations=[(o.kind, o.code, o.amount.minor) for o in self.obligations],
        )

    def document(self) -> dict[str, Any]:
        """The body by whose digest a repeated call is known. A wish for a rail stands in it only where there is one."""
        wishes = [*(item.rail for item in self.items), *(owed.rail for owed in self.obligations)]
        rail = {"rails": [self.rail, *wishes]} if self.rail or any(wishes) else {}
        return {
            "legal_entity_id": self.legal_entity_id,
            "payroll_id": self.payroll_id,
            "pay_on": self.pay_on.isoformat(),
            "currency": self.currency,
            "items": [[i.employee_id, i.payee_id, i.bank_account_id, i.net_pay.minor] for i in self.items],
            "obligations": [[o.kind, o.code, o.payee_id, o.bank_account_id, o.amount.minor] for o in self.obligations],
            **rail,
        }


@dataclass(frozen=True, slots=True)
class Draft:
    """An instruction about to be made; `part` names it within its payroll and makes its key."""

    part: str
    kind: Kind
    obligation: str | None
    payee_id: str | None
    bank_account_id: str | None
    amount: Money
    rail: PayoutRail | None = None


@dataclass(frozen=True, slots=True)
class Payroll:
    """A payroll as it stands. A blocked one is pending; `evaluation_id` is the gate's last word on it."""

    id: str
    legal_entity_id: str
    external_id: str
    pay_on: date
    currency: str
    status: PayrollStatus
    instruction_count: int
    total_minor: int
    evaluation_no: int
    evaluation_id: str | None
    created_at: datetime
    committed_at: datetime | None

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)


@dataclass(frozen=True, slots=True)
class CommitResult:
    """What became of a commit: a blocked one moved nothing, and the same call after funding is judged afresh.

    With warnings it is committed although the gate did not pass, as the gate's mode allows: what lacks its money awaits
    funding, and the pay gate lets none of it leave without. `gate` is None where the payroll had been committed before.
    """

    status: CommitStatus
    payroll: Payroll
    gate: GateResult | None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the gate found, where its mode let the payroll be committed all the same."""
        if self.gate is None or self.status != "committed_with_warnings":
            return ()
        found = [violation.text for violation in self.gate.violations]
        if self.gate.shortfall:
            found.append(f"{self.gate.shortfall.format()} is missing: payments without their money await funding")
        elif not found:
            found.append("the money reaches for a part: the other payments await funding")
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Originator:
    """How a legal entity stands in the headers of its ACH files, as its bank (ODFI) agreed."""

    legal_entity_id: str
    odfi_routing_number: str
    destination_name: str
    immediate_origin: str
    origin_name: str
    company_name: str
    company_identification: str


@dataclass(frozen=True, slots=True)
class AchFile:
    """A file for the bank. Its bytes are sealed in the database; `reference` comes back on the statement.

    `bank` is the profile that it was written for; None in files that were written before they said so.
    """

    id: str
    legal_entity_id: str
    name: str
    bank: str | None
    reference: str
    file_id_modifier: str
    file_created_on: date
    effective_on: date
    currency: str
    sha256: bytes
    byte_count: int
    entry_count: int
    credit_minor: int
    debit_minor: int
    entry_hash: str
    kind: Literal["payments", "dishonors"]
    status: FileStatus
    created_at: datetime
    delivered_at: datetime | None
    settled_on: date | None

    @property
    def credit(self) -> Money:
        return Money(self.credit_minor, self.currency)

    @property
    def debit(self) -> Money:
        return Money(self.debit_minor, self.currency)

    @property
    def content_words(self) -> str:
        """What it carries, in words: payments of ours, or debits of clients."""
        if self.credit_minor:
            return f"{self.entry_count} payments, {self.credit.format()}"
        return f"{self.entry_count} debit{'s' if self.entry_count > 1 else ''}, {self.debit.format()}"


@dataclass(frozen=True, slots=True)
class Due:
    """An instruction that may be sent now, locked."""

    id: str
    payroll_id: str
    legal_entity_id: str
    kind: Kind
    bank_account_id: str | None
    amount_minor: int
    currency: str
    due_on: date
    reservation_id: int | None
    attempt_no: int
    rail: PayoutRail

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class Ready:
    """An instruction with the order that would carry it, over which rail; `attempt_id` is the order's, `evaluation_id` the
    pay gate's.

    `bank` is the profile of a rail that is spoken to; a file's bank is its originator's.
    """

    due: Due
    order: RailOrder
    rail: str = "ach"
    bank: str = ""
    evaluation_id: str | None = None

    @property
    def is_spoken(self) -> bool:
        """Whether it becomes an order; else it stands in a file."""
        return bool(self.bank)


@dataclass(frozen=True, slots=True)
class StatementEffects:
    """What a bank statement settled: files by their reference, and returned money given back. Repeated lines move
    nothing. `waiting` lines may name something of ours that is not known yet; what they name disagrees with `differing`.
    """

    files_settled: tuple[str, ...] = ()
    instructions_settled: int = 0
    return_credits: int = 0
    repeated: int = 0
    mismatched: tuple[str, ...] = ()
    debits_settled: int = 0
    wires_linked: int = 0
    waiting: int = field(default=0, compare=False)
    differing: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class ReturnEffects:
    """What a return file did: instructions returned, returns that match no entry of ours (a case each), known ones.

    `contradictory` ones are of entries that the bank had refused; `dishonored` and `contested` count returns that were
    disputed. Of its notifications of change: payees corrected, and those that a person has to decide. `waiting` disputes are
    of returns that are not known yet: they are among the orphans.
    """

    returned: tuple[str, ...] = ()
    orphans: int = 0
    repeated: int = 0
    contradictory: int = 0
    dishonored: int = 0
    contested: int = 0
    corrected: int = 0
    to_decide: int = 0
    debits_returned: int = 0
    waiting: int = field(default=0, compare=False)


def drafts_of(batch: PayrollBatch) -> list[Draft]:
    """The instructions of a payroll: net pay by employee, then what it owes, in the order given.

    An employee with several accounts has several parts, numbered in the order given.
    """
    drafts = []
    seen: dict[str, int] = {}
    for item in batch.items:
        seen[item.employee_id] = seen.get(item.employee_id, 0) + 1
        part = f"net_pay:{item.employee_id}:{seen[item.employee_id]}"
        drafts.append(Draft(part, "net_pay", None, item.payee_id, item.bank_account_id, item.net_pay, item.rail))
    for owed in batch.obligations:
        part = f"{owed.kind}:{owed.code}"
        drafts.append(Draft(part, owed.kind, owed.code, owed.payee_id, owed.bank_account_id, owed.amount, owed.rail))
    return drafts


def problems_of(batch: PayrollBatch, drafts: Sequence[Draft]) -> list[str]:
    """Why a payroll of these instructions cannot be taken, in words; nothing where it can."""
    problems = []
    if not drafts:
        problems.append("it pays nobody")
    if len(drafts) > INSTRUCTIONS_MAX:
        problems.append(f"it has {len(drafts)} payments; split it into payrolls of at most {INSTRUCTIONS_MAX}")
    if not 1 <= len(batch.payroll_id) <= 100 or not batch.payroll_id.isprintable():
        problems.append("payroll_id must have 1 to 100 printable characters")
    if len({draft.part for draft in drafts}) < len(drafts):
        problems.append("two obligations have the same kind and code")
    for draft in drafts:
        if draft.amount.currency != batch.currency:
            problems.append(f"{draft.part} is in {draft.amount.currency}, the payroll in {batch.currency}")
        elif draft.amount.minor <= 0:
            problems.append(f"{draft.part} is {draft.amount.format()}; an instruction pays more than nothing")
    return problems
