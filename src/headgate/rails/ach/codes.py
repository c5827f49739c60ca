"""Transaction codes and SEC codes as tables: which side, which addenda, what else (nacha_layout.md §8–9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Literal

from headgate.rails.ach import layout
from headgate.rails.ach.layout import Layout

Kind = Literal["live", "return", "prenote", "zero", "advice"]


@dataclass(frozen=True, slots=True)
class Code:
    """A transaction code: its account, its side and what it is for."""

    account_type: str
    is_debit: bool
    kind: Kind


_KINDS: tuple[Kind, ...] = ("return", "live", "prenote", "zero")


def _transaction_codes() -> dict[str, Code]:
    codes = {}
    for tens, account_type in (("2", "checking"), ("3", "savings"), ("4", "general_ledger"), ("5", "loan")):
        for offset, kind in enumerate(_KINDS):
            codes[f"{tens}{offset + 1}"] = Code(account_type, False, kind)
            if tens != "5":
                codes[f"{tens}{offset + 6}"] = Code(account_type, True, kind)
    codes["55"] = Code("loan", True, "live")
    codes["56"] = Code("loan", True, "return")
    for digit in range(1, 9):
        codes[f"8{digit}"] = Code("advice", digit % 2 == 0, "advice")
    return codes


TRANSACTION_CODES: Mapping[str, Code] = MappingProxyType(_transaction_codes())


@cache
def transaction_code(account_type: str, *, is_debit: bool, kind: Kind = "live") -> str:
    """The code for an account type, a side and a purpose. Raises KeyError where the network has none."""
    wanted = Code(account_type, is_debit, kind)
    for code, known in TRANSACTION_CODES.items():
        if known == wanted:
            return code
    raise KeyError(f"no transaction code for a {kind} {'debit' if is_debit else 'credit'} to {account_type}")


@dataclass(frozen=True, slots=True)
class Sec:
    """One SEC code: its entry's table, the sides it may have, and its addenda.

    `addenda` maps a kind of addenda to how many an entry may have at most; 98 and 99 are allowed everywhere besides.
    A forward entry must have one of the kind `needs`, and its batch the `description`.
    """

    table: Layout
    sides: Literal["both", "credit", "debit"] = "both"
    addenda: Mapping[str, int] = field(default_factory=dict)
    may_be_zero: bool = False
    cap_minor: int | None = None
    must_be_zero: bool = False
    needs: str = ""
    description: str = ""

    @property
    def looks_at_addenda(self) -> bool:
        """Whether an entry without addenda may be wrong just for that."""
        return bool(self.needs) or "addenda_count" in self.table


_ONE_05 = MappingProxyType({"05": 1})
_MANY_05 = MappingProxyType({"05": 9_999})
_ONE_02 = MappingProxyType({"02": 1})
_IAT = MappingProxyType({**{str(kind): 1 for kind in range(10, 17)}, "17": 2, "18": 5})
IAT_MANDATORY = tuple(str(kind) for kind in range(10, 17))

SECS: Mapping[str, Sec] = MappingProxyType(
    {
        "PPD": Sec(layout.ENTRY_NAMED, addenda=_ONE_05),
        "CCD": Sec(layout.ENTRY, addenda=_ONE_05),
        "CTX": Sec(layout.ENTRY_CTX, addenda=_MANY_05),
        "WEB": Sec(layout.ENTRY_NAMED, addenda=_ONE_05),
        "TEL": Sec(layout.ENTRY_NAMED, sides="debit"),
        "CIE": Sec(layout.ENTRY_CIE, sides="credit", addenda=_ONE_05),
        "IAT": Sec(layout.ENTRY_IAT, addenda=_IAT),
        "COR": Sec(layout.ENTRY, may_be_zero=True),
        "ACK": Sec(layout.ENTRY, addenda=_ONE_05, may_be_zero=True, must_be_zero=True),
        "ATX": Sec(layout.ENTRY_CTX, addenda=_MANY_05, may_be_zero=True, must_be_zero=True),
        "ARC": Sec(layout.ENTRY_CHECK, sides="debit", cap_minor=2_500_000),
        "BOC": Sec(layout.ENTRY_CHECK, sides="debit", cap_minor=2_500_000),
        "POP": Sec(layout.ENTRY_POP, sides="debit", cap_minor=2_500_000),
        "RCK": Sec(layout.ENTRY_CHECK, sides="debit", cap_minor=250_000, description="REDEPCHECK"),
        "POS": Sec(layout.ENTRY_NAMED, sides="debit", addenda=_ONE_02, needs="02"),
        "SHR": Sec(layout.ENTRY_SHR, sides="debit", addenda=_ONE_02, needs="02"),
        "MTE": Sec(layout.ENTRY_CIE, sides="debit", addenda=_ONE_02, needs="02"),
        "ENR": Sec(
            layout.ENTRY_ENR,
            addenda=_MANY_05,
            may_be_zero=True,
            must_be_zero=True,
            needs="05",
            description="AUTOENROLL",
        ),
        "DNE": Sec(layout.ENTRY_NAMED, addenda=_ONE_05, may_be_zero=True, must_be_zero=True, needs="05"),
        "TRC": Sec(layout.ENTRY_TRC, sides="debit"),
        "TRX": Sec(layout.ENTRY_CTX, sides="debit", addenda=_MANY_05),
        "XCK": Sec(layout.ENTRY_TRC, sides="debit"),
        "ADV": Sec(layout.ENTRY_ADV),
    }
)
