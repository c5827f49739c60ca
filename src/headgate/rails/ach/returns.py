"""What a notification of change corrects, code by code (nacha_layout.md §5)."""

from __future__ import annotations

from dataclasses import dataclass, field

from headgate.rails.ach.codes import TRANSACTION_CODES
from headgate.rails.ach.routing import is_routing_number


@dataclass(frozen=True, slots=True)
class Correction:
    """The corrected data of a notification of change; None where the code does not touch it."""

    code: str
    routing_number: str | None = None
    account_number: str | None = field(default=None, repr=False)
    transaction_code: str | None = None
    name: str | None = field(default=None, repr=False)
    individual_id: str | None = field(default=None, repr=False)


def correction(code: str, data: str) -> Correction | None:
    """Read the 29 characters of corrected data; None where they do not fit the code.

    C03 is read by its blanks and not by its columns, since banks align the account number differently.
    """
    width = 35 if len(data) > 29 else 17  # an IAT notification has room for a foreign account
    data = data.ljust(29)
    words = data.split()
    found: Correction | None = None
    if code == "C01":
        found = Correction(code, account_number=data[:width].strip())
    elif code == "C02":
        found = Correction(code, routing_number=data[:9])
    elif code == "C03":
        found = Correction(code, routing_number=words[0], account_number=words[1]) if len(words) == 2 else None
    elif code == "C04":
        found = Correction(code, name=data[:22].strip())
    elif code == "C05":
        found = Correction(code, transaction_code=data[:2])
    elif code == "C06":
        found = Correction(code, account_number=data[:17].strip(), transaction_code=data[17:].strip())
    elif code == "C07":
        found = Correction(
            code, routing_number=data[:9], account_number=data[9:26].strip(), transaction_code=data[26:28]
        )
    elif code == "C09":
        found = Correction(code, individual_id=data[:22].strip())
    elif data.strip():
        found = Correction(code)
    return found if found is not None and _holds(found) else None


def _holds(found: Correction) -> bool:
    given = (found.account_number, found.name, found.individual_id)
    return (
        all(text is None or text for text in given)
        and (found.routing_number is None or is_routing_number(found.routing_number))
        and (found.transaction_code is None or found.transaction_code in TRANSACTION_CODES)
    )
