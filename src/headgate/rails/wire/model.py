"""What a wire is before it is a message: who pays whom how much, and what makes its message itself and no other."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from headgate.core.money import Money

MessageKind = Literal["pacs.008", "pacs.002", "pacs.004", "pacs.028", "pain.013", "pain.014", "camt.056", "camt.029"]


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address in parts. Fedwire asks for the town and the country at least, and takes no free lines of us."""

    town: str
    country: str = "US"
    street: str = ""
    building: str = ""
    post_code: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class WireParty:
    """A payer or a payee with an account at a bank, by the bank's routing number."""

    name: str = field(repr=False)
    account: str = field(repr=False)
    routing: str
    address: Address = field(repr=False)
    bank_name: str = ""


@dataclass(frozen=True, slots=True)
class WireOrder:
    """One attempt to pay by wire. The debtor is our own account; `remittance` is what the payee reads, up to 140.

    `uetr` and `end_to_end` are given where the wire answers somebody's drawdown request, which named them; otherwise they
    follow from the attempt. `purpose` is an ISO 20022 purpose code, or none.
    """

    attempt_id: str
    amount: Money
    debtor: WireParty
    creditor: WireParty
    settles_on: date
    remittance: str = field(default="", repr=False)
    uetr: str = ""
    end_to_end: str = ""
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class DrawdownOrder:
    """We ask `debtor` for money, whose bank pays it by wire under a standing agreement. `creditor` is our account."""

    attempt_id: str
    amount: Money
    debtor: WireParty
    creditor: WireParty
    wanted_on: date
    remittance: str = field(default="", repr=False)
    initiator: str = ""
    end_to_end: str = ""


@dataclass(frozen=True, slots=True)
class RecallOrder:
    """We ask for a wire of ours back. `original` is the message that carried it, as it was rendered."""

    attempt_id: str
    original: WireMessage
    amount: Money
    settled_on: date
    sent_to: str
    reason: str
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class WireSlot:
    """What makes a message itself and no other, fixed before its first byte: an aware instant and the message's own id."""

    created_at: datetime
    message_id: str


@dataclass(frozen=True, slots=True)
class WireMessage:
    """A finished message: the same order and slot give the same bytes, always."""

    kind: MessageKind
    content: bytes = field(repr=False)
    sha256: str
    message_id: str
    created_at: datetime
    instruction_id: str
    end_to_end: str
    uetr: str


def uetr(attempt_id: str) -> str:
    """The wire's identifier from end to end, a UUID of version 4 in form, which follows from the attempt."""
    digest = bytearray(hashlib.sha256(b"headgate uetr\0" + attempt_id.encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x40
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def end_to_end_id(attempt_id: str) -> str:
    """What the payee's bank and ours both keep: the attempt's own id, which fits in 35 characters."""
    return attempt_id[:35].upper()
