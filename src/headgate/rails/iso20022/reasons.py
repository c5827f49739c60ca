"""The reasons for which the networks refuse, return and recall, as data: what each means to us, and what to do."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class ReasonCode:
    """One code. `reason` is our own word for it; `again` says whether the same payment may be tried anew.

    `again` is `never`, `no` (not over this rail), `after_mending`, `later`, or `ask` (it says nothing of the payment).
    """

    code: str
    network: str
    reason: str
    again: str
    action: str
    title: str


UNKNOWN = ReasonCode("", "any", "unspecified", "no", "case", "A reason that is in no table of ours")
"""What a code means that nobody knows: a person looks at it."""


@lru_cache(maxsize=1)
def reason_codes() -> Mapping[str, ReasonCode]:
    """All codes by their name, in the order of the table."""
    text = files("headgate.rails.iso20022").joinpath("reason_codes.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(io.StringIO(text, newline=""))
    return MappingProxyType({row["code"]: ReasonCode(**row) for row in rows})


def reason_code(code: str) -> ReasonCode:
    """What a code means; one that is in no table is for a person."""
    return reason_codes().get(code, UNKNOWN)
