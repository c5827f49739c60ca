"""What becomes of a transfer at the simulated Column, by the last word of the payee's account number: `4400-R03`, `77-LOST`.

An ACH return code is such a word: the transfer settles, completes and then comes back under it. The other words are rows of
`FATES`; an account without one is paid. The words are those of simulators: no real account is harmed by ending in one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from headgate.rails.ach.return_codes import return_codes
from headgate.rails.column.reading import Kind


@dataclass(frozen=True, slots=True)
class Fate:
    """What happens to one transfer. `is_lost`: it is made, and nobody answers. `is_down`: it is not made, and Column answers
    with a fault. `stays` at its last step until it is told to go on. `refusal` is Column's code for not making it. Asked back
    when it is paid, the other side `gives` or `keeps` it. Asked for money, it `pays` (`is_blind`: by a transfer that names
    nothing) or `refuses`.
    """

    return_code: str = ""
    is_early: bool = False
    is_reviewed: bool = False
    is_rejected: bool = False
    is_lost: bool = False
    is_down: bool = False
    stays: bool = False
    is_silent: bool = False
    change_code: str = ""
    refusal: str = ""
    gives: bool = False
    pays: bool = False
    is_blind: bool = False
    refuses: bool = False
    keeps: bool = False


FATES: Final[Mapping[str, Fate]] = MappingProxyType(
    {
        "EARLY": Fate(return_code="R02", is_early=True),
        "REVIEW": Fate(is_reviewed=True),
        "RJCT": Fate(is_reviewed=True, is_rejected=True),
        "LOST": Fate(is_lost=True),
        "DOWN": Fate(is_down=True),
        "STAY": Fate(stays=True),
        "MUTE": Fate(is_silent=True),
        "NOC": Fate(change_code="C01"),
        "BAD": Fate(refusal="invalid_counterparty"),
        "GIVES": Fate(gives=True),
        "KEEPS": Fate(keeps=True),
        "PAYS": Fate(pays=True),
        "BLIND": Fate(pays=True, is_blind=True),
        "REFUSES": Fate(refuses=True),
    }
)
"""The words, beside the return codes: docs/howto/use-column.md says what each does."""

PAID: Final = Fate()

WAYS: Final[Mapping[Kind, tuple[str, ...]]] = MappingProxyType(
    {
        "ach": ("initiated", "submitted", "settled", "completed"),
        "wire": ("initiated", "submitted", "completed"),
        "realtime": ("initiated", "completed"),
        "book": ("completed",),
        "check": ("initiated", "issued", "settled"),
    }
)
"""The steps of a transfer of ours, in order; each is an event."""

RECEIVED: Final[Mapping[Kind, tuple[str, ...]]] = MappingProxyType(
    {
        "ach": ("scheduled", "settled", "completed"),
        "wire": ("completed",),
        "realtime": ("completed",),
        "book": ("completed",),
        "check": ("initiated", "settled"),
    }
)
"""The same of money that comes in; a cheque is one that we deposit."""

MOVES: Final[Mapping[Kind, str]] = MappingProxyType(
    {"ach": "settled", "wire": "completed", "realtime": "completed", "book": "completed", "check": "settled"}
)
"""At which step the account's balance moves."""


def fate_of(account: str) -> Fate:
    """What happens to a transfer to this account."""
    head, dash, word = account.rpartition("-")
    word = word.upper()
    if not dash or not head:
        return PAID
    if word in return_codes():
        return Fate(return_code=word)
    return FATES.get(word, PAID)


def steps_of(kind: Kind, fate: Fate) -> tuple[str, ...]:
    """The steps of a transfer of ours, by what happens to it."""
    way = WAYS[kind]
    if fate.is_rejected:
        return (*way[:1], "manual_review", "canceled" if kind == "ach" else "rejected")
    if fate.is_reviewed:
        way = (*way[:1], "manual_review", *way[1:])
    if fate.stays:
        return way[:-1] if kind != "ach" else way[:2]
    if fate.change_code and kind == "ach":
        way = (*way, "noc")
    if fate.return_code and kind in ("ach", "check"):
        return (*(way[:-1] if fate.is_early and kind == "ach" else way), "returned")
    return way


def family_of(kind: Kind, *, incoming: bool, brings_money: bool) -> str:
    """How the events of a transfer begin, as `ach.outgoing_transfer`."""
    if kind == "book":
        return "book.transfer"
    if kind == "check":
        return "check.outgoing_debit" if brings_money else "check.incoming_debit"
    return f"{kind}.{'incoming' if incoming else 'outgoing'}_transfer"
