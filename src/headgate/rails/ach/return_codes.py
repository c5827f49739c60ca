"""The 71 return codes of the network as data: what each means, whether to try again, and what to do."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

CHANGE_CODES: Mapping[str, str] = MappingProxyType(
    {
        "C01": "Incorrect account number",
        "C02": "Incorrect routing number",
        "C03": "Incorrect routing number and account number",
        "C04": "Incorrect receiver's name",
        "C05": "Incorrect transaction code",
        "C06": "Incorrect account number and transaction code",
        "C07": "Incorrect routing number, account number and transaction code",
        "C08": "Incorrect receiving bank (IAT)",
        "C09": "Incorrect individual identification number",
        "C13": "Addenda format error",
        "C14": "Incorrect SEC code for an outbound international payment",
        **{f"C{number}": "Refused notification of change" for number in range(61, 70)},
    }
)


@dataclass(frozen=True, slots=True)
class ReturnCode:
    """One code. `timeframe` is a number of banking days, or `60cal`, `next_file`, `undefined`."""

    code: str
    title: str
    description: str
    category: str
    timeframe: str
    retryable: str
    action: str

    @property
    def is_dishonored(self) -> bool:
        return self.category == "dishonored_return"

    @property
    def is_contested(self) -> bool:
        return self.category == "contested_dishonored_return"

    @property
    def may_be_presented_again(self) -> bool:
        """Whether the same entry may be sent again as RETRY PYMT: at most twice within 180 days."""
        return self.retryable == "yes_max_2_in_180_days"


@lru_cache(maxsize=1)
def return_codes() -> Mapping[str, ReturnCode]:
    """All codes by their name, in the order of the table."""
    text = files("headgate.rails.ach").joinpath("return_codes.csv").read_text(encoding="utf-8")
    return MappingProxyType(
        {
            row["code"]: ReturnCode(
                code=row["code"],
                title=row["title"],
                description=row["description"],
                category=row["category"],
                timeframe=row["timeframe_banking_days"],
                retryable=row["retryable"],
                action=row["action"],
            )
            for row in csv.DictReader(io.StringIO(text, newline=""))
        }
    )
