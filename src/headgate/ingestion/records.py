"""What a parser makes of a file: normalised records, statements, totals and faults, all plain values.

Amounts are positive `Money`; the side lies in `direction`, seen from the account holder: a credit is money that came
in. `line` counts the lines of the source from 1. Account numbers, names and free text are kept out of `repr`, so that
no log shows them; whoever stores them seals them.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from headgate.core.money import Money

Direction = Literal["credit", "debit"]
Level = Literal["E", "W"]

RAW_MAX: Final = 2_000
"""Characters of a source line that a fault keeps."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong in a file: where, which rule, and how to mend it. E is not read, W is read and flagged.

    `position` is the character or column from 1, 0 where the whole line is meant. `message` never repeats an account
    number or a name; `raw` is the source line, cut where it is longer than anyone reads, and may hold both.
    """

    line: int
    position: int
    field: str
    rule: str
    message: str
    raw: str = dataclasses.field(default="", repr=False)
    level: Level = "E"

    def __post_init__(self) -> None:
        if len(self.raw) > RAW_MAX:
            object.__setattr__(self, "raw", self.raw[:RAW_MAX])


@dataclass(frozen=True, slots=True)
class TransactionRecord:
    """One booking on a bank statement.

    `external_id` is the bank's own identity of the booking where it gave a reference: the same in every format that
    the bank sends, and without the account number (its last four characters only). `statement` is the index of the
    statement in the file, from 0.
    """

    line: int
    external_id: str | None
    account_number: str = dataclasses.field(repr=False)
    amount: Money
    direction: Direction
    booked_on: date | None
    value_on: date | None
    type_code: str
    bank_reference: str
    customer_reference: str
    text: str = dataclasses.field(repr=False)
    statement: int = 0


@dataclass(frozen=True, slots=True)
class ReturnRecord:
    """An ACH entry that came back. `direction` is that of the original entry, seen from its receiver's account.

    `external_id` is the return's own trace number with its settlement day: trace numbers repeat over the years.
    """

    line: int
    external_id: str
    kind: Literal["return", "dishonored", "contested"]
    original_trace: str
    return_code: str
    amount: Money
    direction: Direction
    original_rdfi: str
    individual_id: str
    company_id: str
    sec_code: str
    effective_on: date | None
    trace_number: str
    information: str = dataclasses.field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """A notification of change: what the receiver's bank asks to correct. What the code leaves alone is None."""

    line: int
    external_id: str
    original_trace: str
    change_code: str
    original_rdfi: str
    individual_id: str
    company_id: str
    effective_on: date | None
    trace_number: str
    routing_number: str | None
    account_number: str | None = dataclasses.field(repr=False)
    transaction_code: str | None
    name: str | None = dataclasses.field(repr=False)
    corrected_individual_id: str | None = dataclasses.field(repr=False)


@dataclass(frozen=True, slots=True)
class RegisterAmount:
    """A tax or an obligation of one employee: the column's name, as `federal_tax`, and what is owed."""

    name: str
    amount: Money


@dataclass(frozen=True, slots=True)
class RegisterRecord:
    """One employee's line of a payroll register: whom to pay, where, and what else falls due with it."""

    line: int
    employee_id: str
    name: str = dataclasses.field(repr=False)
    routing_number: str
    account_number: str = dataclasses.field(repr=False)
    account_type: Literal["checking", "savings"]
    net_pay: Money
    taxes: tuple[RegisterAmount, ...] = ()
    obligations: tuple[RegisterAmount, ...] = ()
    rail: str = ""


SettlementStatus = Literal["pending", "settled", "returned", "rejected"]


@dataclass(frozen=True, slots=True)
class SettlementRecord:
    """What a provider says became of one movement: a charge and its fee, a payout, a transfer that settled or came back.

    `direction` and `amount` are gross, seen from the balance that the provider keeps for us: a credit raises it. `fee`
    is what the provider took, negative where it gave some back; `net` is what moved the balance, with its sign, so
    that credit − fee = net, and −debit − fee = net. `reference` is the provider's id of the thing that moved,
    `external_id` that of this very event, `group` that of the payout or batch that it went out with.
    """

    line: int
    external_id: str | None
    provider: str
    kind: str
    status: SettlementStatus
    rail: str
    direction: Direction
    amount: Money
    fee: Money
    net: Money
    occurred_on: date | None
    effective_on: date | None
    reference: str
    group: str
    external_trace_id: str = ""
    return_code: str = ""
    customer_reference: str = dataclasses.field(default="", repr=False)
    text: str = dataclasses.field(default="", repr=False)


Record = TransactionRecord | ReturnRecord | ChangeRecord | RegisterRecord | SettlementRecord

Proof = Literal["proven", "reversed", "differs", "absent"]


@dataclass(frozen=True, slots=True)
class Statement:
    """One account's statement. `credits` and `debits` are the sums of its records.

    `proof` compares opening + credits − debits with closing: `reversed` holds when the balances' signs are read from
    the bank's side, which is a setting of the source and never guessed; `absent` lacks a balance.
    """

    line: int
    account_number: str = dataclasses.field(repr=False)
    currency: str
    on: date | None
    opening: Money | None
    closing: Money | None
    credits: Money
    debits: Money
    records: int
    proof: Proof
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Total:
    """A sum over the records of a file, as `net_pay` or `credits`: how many, and how much."""

    name: str
    count: int
    amount: Money


@dataclass(frozen=True, slots=True)
class Control:
    """A figure that the file gives of itself, as the amount of a payout, beside what its records make."""

    line: int
    name: str
    said: Money
    made: Money

    @property
    def agrees(self) -> bool:
        return self.said == self.made


Item = Record | Fault | Statement | Control
"""What a parser that reads a stream gives, in the order of the file; a statement comes after its records."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """All that a file gave: good records although others are broken, and every fault."""

    records: tuple[Record, ...] = ()
    faults: tuple[Fault, ...] = ()
    statements: tuple[Statement, ...] = ()
    totals: tuple[Total, ...] = ()
    controls: tuple[Control, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether nothing was left out: no fault of level E."""
        return not any(fault.level == "E" for fault in self.faults)
