"""Parties and bank accounts as data, and the rules that need nothing but the data."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Kind = Literal["employer", "payee", "borrower"]
AccountType = Literal["checking", "savings"]
AccountStatus = Literal["active", "replaced", "closed"]
Verification = Literal["unverified", "pending", "verified", "failed"]
VerificationMethod = Literal["prenote", "micro_entry", "document", "ownership_check", "manual"]
BlockReason = Literal[
    "fraud", "sanctions", "legal_hold", "deceased", "account_closed", "unauthorized_return", "client_request", "manual"
]

_ROUTING_WEIGHTS = (3, 7, 1, 3, 7, 1, 3, 7, 1)
_ROUTING = re.compile(r"[0-9]{9}\Z")
# NACHA Operating Rules, Appendix Three: DFI Account Number is alphameric with 17 places; hyphens are allowed in it,
# blanks are written by people and mean nothing.
_ACCOUNT = re.compile(r"[0-9A-Za-z-]{1,17}\Z")
_COUNTRY = re.compile(r"[A-Z]{2}\Z")
_ADDRESS = {"town": 35, "street": 70, "building": 16, "post_code": 16, "state": 35}


@dataclass(frozen=True, slots=True)
class Party:
    """An employer, a payee or a borrower. `external_id` is what the client calls it."""

    id: str
    kind: Kind
    legal_entity_id: str | None
    external_id: str
    name: str
    is_person: bool
    status: Literal["active", "closed"]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class BankAccount:
    """A bank account as everyone may see it: its number only by the last digits."""

    id: str
    party_id: str
    routing_number: str
    last4: str
    account_type: AccountType
    status: AccountStatus
    verification: Verification
    created_at: datetime


@dataclass(frozen=True, slots=True)
class BankAccountChange:
    """One row of a bank account's history."""

    id: int
    party_id: str
    bank_account_id: str
    change: str
    source_ref: str | None
    actor_type: str
    actor_id: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Block:
    """Who is not paid, and why. `bank_account_id` says which account a blocked number was seen at."""

    id: str
    party_id: str | None
    bank_account_id: str | None
    reason: BlockReason
    status: Literal["active", "lifted"]
    blocked_by: str
    blocked_at: datetime
    lifted_by: str | None
    lifted_at: datetime | None
    lift_reason: str | None


@dataclass(frozen=True, slots=True)
class BankAccountInput:
    """A bank account as somebody gives it. The number stays out of every `repr`, and so out of logs and messages."""

    routing_number: str
    account_number: str = field(repr=False)
    account_type: AccountType = "checking"


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """Where a party is, in parts; '' is not said. A wire asks for the town and the country (two capitals, ISO 3166)."""

    town: str = field(repr=False)
    country: str = "US"
    street: str = field(default="", repr=False)
    building: str = field(default="", repr=False)
    post_code: str = field(default="", repr=False)
    state: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class PayeeInput:
    """A line of a register: who is paid. Several accounts are a split pay; together they become the active ones.

    An `address` that is left out leaves the one that is known as it is.
    """

    external_id: str
    name: str = field(repr=False)
    bank_accounts: tuple[BankAccountInput, ...]
    is_person: bool = True
    address: PostalAddress | None = None


@dataclass(frozen=True, slots=True)
class RegisteredPayee:
    """A payee as known now: `bank_account_ids` in the order of the accounts given."""

    party_id: str
    external_id: str
    is_new: bool
    bank_account_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SendingAccount:
    """A bank account in clear, for the writer of a payment file alone."""

    bank_account_id: str
    party_id: str
    external_id: str
    name: str = field(repr=False)
    is_person: bool
    routing_number: str
    account_number: str = field(repr=False)
    account_type: AccountType
    address: PostalAddress | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a gate must know of a bank account. `changed_at` is the last time it was added or came back into use."""

    bank_account_id: str
    party_id: str
    legal_entity_id: str | None
    last4: str
    account_status: AccountStatus
    party_status: Literal["active", "closed"]
    verification: Verification
    blocked: tuple[str, ...]
    changed_at: datetime

    @property
    def may_be_paid(self) -> bool:
        """Active on both sides, not blocked, and no verification that failed."""
        return (
            self.account_status == "active"
            and self.party_status == "active"
            and not self.blocked
            and self.verification != "failed"
        )


def check_bank_account(account: BankAccountInput) -> list[str]:
    """What is wrong with a bank account, in words that never repeat its number; nothing where it is good."""
    problems = []
    if not _ROUTING.match(account.routing_number):
        problems.append("routing_number must have nine digits")
    elif not routing_number_checks(account.routing_number):
        problems.append("routing_number fails its check digit")
    number = without_blanks(account).account_number
    if not _ACCOUNT.match(number) or not any(letter.isdigit() for letter in number):
        problems.append("account_number must have 1 to 17 digits, letters or hyphens, at least one digit among them")
    if account.account_type not in ("checking", "savings"):
        problems.append("account_type must be checking or savings")
    return problems


def without_blanks(account: BankAccountInput) -> BankAccountInput:
    """The account with the blanks taken out of its number."""
    return BankAccountInput(account.routing_number, account.account_number.replace(" ", ""), account.account_type)


def check_name(external_id: str, name: str) -> list[str]:
    """What is wrong with the words that name a party."""
    problems = []
    if not 1 <= len(external_id) <= 100 or external_id != external_id.strip() or not external_id.isprintable():
        problems.append(
            "external_id must have 1 to 100 characters, none of them a control character or a blank at either end"
        )
    if not 1 <= len(name) <= 200 or not name.strip() or not name.isprintable():
        problems.append("name must have 1 to 200 characters, none of them a control character")
    return problems


def check_address(address: PostalAddress) -> list[str]:
    """What is wrong with an address, in words that never repeat it. Lengths are those of ISO 20022's PostalAddress."""
    problems = []
    if not address.town.strip():
        problems.append("town is missing")
    if not _COUNTRY.match(address.country):
        problems.append("country must be two capitals, as US")
    for name, longest in _ADDRESS.items():
        text: str = getattr(address, name)
        if len(text) > longest or text != text.strip() or not text.isprintable():
            problems.append(
                f"{name} must have up to {longest} characters, none of them a control character or a blank at either end"
            )
    return problems


def routing_number_checks(routing_number: str) -> bool:
    """Whether nine digits carry their check digit: weights 3, 7, 1 make a multiple of ten (ABA)."""
    total = sum(weight * int(digit) for weight, digit in zip(_ROUTING_WEIGHTS, routing_number, strict=True))
    return total > 0 and total % 10 == 0


def last_digits(account_number: str) -> str:
    """At most the last four characters, and never more than half of a short number."""
    return account_number[len(account_number) - min(4, len(account_number) // 2) :]
