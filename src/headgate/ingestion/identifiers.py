"""What providers and banks call a payment, as words that are equal when they mean the same: `trace:021000021234567`.

Pure. Two pieces of evidence of different sources that share one, of one amount and about one day, are one payment. So only
what is given out once counts: a provider's transfer, a trace number, Fedwire's numbers, a UETR, an end-to-end id. A number
that merely stands in both texts does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Final

from headgate.core.money import Money
from headgate.ingestion.model import StoredRecord

DAYS_APART: Final = 5
"""How far apart the days of one payment may be that two sources tell of: a weekend with a holiday."""

_TRANSFER = re.compile(r"(?<![0-9A-Za-z_])(?:acht|wire|rttr|book|chkt)_[0-9A-Za-z]{8,60}(?![0-9A-Za-z_])")
_TRACE = re.compile(r"(?<![0-9A-Za-z])[0-9]{15}(?![0-9A-Za-z])")
_IMAD = re.compile(r"(?<![0-9A-Z])[0-9]{8}[A-Z0-9]{8}[0-9]{6}(?![0-9A-Z])")
_UETR = re.compile(r"(?<![0-9a-f-])[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}(?![0-9a-f-])")
_NO_END_TO_END: Final = frozenset({"", "NOTPROVIDED", "NOT PROVIDED", "NONREF", "NONE"})
_DETAILS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("trace", "trace_number"), "trace"),
    **dict.fromkeys(("imad", "omad"), "imad"),
    "uetr": "uetr",
    **dict.fromkeys(("end_to_end_id", "endtoendid", "e2e_id"), "e2e"),
}


def in_text(*texts: str | None) -> set[str]:
    """The identifiers in a bank's or provider's texts: those that their shape alone tells."""
    text = " ".join(one for one in texts if one)
    found = {f"transfer:{one}" for one in _TRANSFER.findall(text)}
    found |= {f"trace:{one}" for one in _TRACE.findall(text)}
    found |= {f"imad:{one}" for one in _IMAD.findall(text.upper())}
    return found | {f"uetr:{one}" for one in _UETR.findall(text.lower())}


def end_to_end(text: str | None) -> set[str]:
    """An end-to-end id, where one was given. The sender chose it, so it identifies only between sources."""
    word = (text or "").strip()
    return {f"e2e:{word[:140]}"} if word.upper() not in _NO_END_TO_END else set()


def transfer(text: str | None) -> set[str]:
    """A provider's own id of a transfer."""
    word = (text or "").strip()
    return {f"transfer:{word[:140]}"} if word else set()


def of_line(record: StoredRecord, private: Mapping[str, Any]) -> set[str]:
    """Those that a line of a statement carries; `private` is what is sealed beside it."""
    details = record.details
    found = in_text(details["bank_reference"], details["customer_reference"], private.get("text"))
    if record.parser.startswith("camt"):
        found |= end_to_end(details["customer_reference"])
    return found


def of_envelope(document: Mapping[str, Any]) -> set[str]:
    """Those that an envelope carries, as it was sent: in `external`, and by name in the payment's details."""
    external, details = document["external"], document["payment"]["details"]
    found = transfer(external["column_transfer_id"]) | transfer(external["psp_id"])
    for name, value in details.items():
        kind = _DETAILS.get(name.lower())
        if not kind or not isinstance(value, str):
            continue
        if kind == "e2e":
            found |= end_to_end(value)
        else:
            found |= {one for one in in_text(value) if one.startswith(f"{kind}:")}
    return found


def claims(identifiers: Iterable[str], amount: Money) -> list[str]:
    """What is claimed by one use: an amount under an identifier. An end-to-end id may come again, and claims nothing."""
    return [f"{one}:{amount.currency}:{amount.minor}" for one in sorted(identifiers) if not one.startswith("e2e:")]


def are_near(one: date, other: date) -> bool:
    """Whether two sources may mean one payment by these days."""
    return abs(one - other) <= timedelta(days=DAYS_APART)
