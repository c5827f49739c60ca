"""The fields of an order that Fedwire judges: what each holds, how long it is, and how a wrong one is mended.

Lengths and characters are those of the Fedwire Funds Service's ISO 20022 usage of pacs.008.001.08 and pain.013.001.07.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from headgate.core.money import Money
from headgate.rails.ach.routing import is_routing_number

CURRENCY: Final = "USD"
AMOUNT_MAX: Final = Money(999_999_999_999, CURRENCY)
"""One cent less than ten billion dollars: the largest transfer that Fedwire takes."""

UETR: Final = re.compile(r"[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89ab][a-f0-9]{3}-[a-f0-9]{12}\Z")
MESSAGE_ID: Final = re.compile(r"[A-Za-z0-9]{1,35}\Z")
PURPOSES: Final = (
    "BONU", "CASH", "CHAR", "COMM", "GOVT", "INTC", "INTE", "LOAN", "OTHR", "PENS", "RENT", "SALA", "SUPP", "TAXS", "TRAD",
    "TREA",
)  # fmt: skip
"""Why money is paid, as ISO 20022's external purpose codes: those that we write."""

IMAD: Final = re.compile(r"[0-9]{8}[A-Z0-9]{8}[0-9]{6}\Z")
"""How Fedwire numbers what it takes (IMAD) and what it hands over (OMAD): the day, whose connection, and a count."""

_TEXT: Final = re.compile(r"[0-9a-zA-Z/\-?:().,'+ !#$%&*=^_`{|}~\";<>@\[\]\\]*\Z")
_ACCOUNT: Final = re.compile(r"[0-9A-Za-z/\-?:().,'+ ]{1,34}\Z")


@dataclass(frozen=True, slots=True)
class Text:
    """A text of an order. `where` is how a person calls it; `path` finds it from the order by attributes."""

    where: str
    path: str
    longest: int
    required: bool = False


PARTY: Final = (
    Text("name", "name", 140, required=True),
    Text("street", "address.street", 70),
    Text("building", "address.building", 16),
    Text("post code", "address.post_code", 16),
    Text("town", "address.town", 35, required=True),
    Text("state", "address.state", 35),
    Text("bank's name", "bank_name", 140),
)


def text_problems(found: str, field: Text, who: str) -> Iterator[str]:
    """What is wrong with a text, without repeating it."""
    what = f"{who}'s {field.where}" if who else field.where
    if field.required and not found.strip():
        yield f"{what} is missing; wires without it are refused"
    if len(found) > field.longest:
        yield f"{what} has more than {field.longest} characters; shorten it"
    if not _TEXT.match(found):
        yield f"{what} has characters that Fedwire does not carry; respell it in plain letters"
    if found != found.strip():
        yield f"{what} begins or ends with a blank; take it away"


def party_problems(party: Any, who: str) -> Iterator[str]:
    """What is wrong with a payer or payee."""
    for field in PARTY:
        yield from text_problems(_at(party, field.path), field, who)
    if not re.fullmatch(r"[A-Z]{2}", party.address.country):
        yield f"{who}'s country is not two capitals; write US for the United States"
    if not _ACCOUNT.match(party.account) or party.account != party.account.strip():
        yield f"{who}'s account number is not 1 to 34 plain characters; ask whose it is"
    if not is_routing_number(party.routing):
        yield f"{who}'s bank has a routing number with a wrong check digit; ask {who} for the one for wires"


def amount_problems(amount: Money) -> Iterator[str]:
    """What is wrong with an amount."""
    if amount.currency != CURRENCY:
        yield f"Fedwire carries {CURRENCY}, not {amount.currency}; use another rail"
    elif not 0 < amount.minor <= AMOUNT_MAX.minor:
        yield f"a wire takes 0.01 to {AMOUNT_MAX.major:,.2f}; split the payment"


def each(*judges: Callable[[], Iterator[str]]) -> tuple[str, ...]:
    """All problems of all judges, in order."""
    return tuple(problem for judge in judges for problem in judge())


def _at(found: Any, path: str) -> str:
    for name in path.split("."):
        found = getattr(found, name)
    return str(found)
