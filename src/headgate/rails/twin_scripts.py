"""What the bank twin does with an entry, by the words that its account number ends in: `4400R01`, `77-C02DUP`.

An account field takes 17 digits, letters and hyphens, so words are short and may follow one another. An account without
one settles on its day. The words are those of simulators: a test tenant's payees have them, a real account does not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from headgate.rails.ach.return_codes import CHANGE_CODES, return_codes

WORDS: Mapping[str, str] = MappingProxyType(
    {
        "R01": "any return code of the table: it settles, and comes back under that code when its time frame says. R61 to "
        "R77 dispute a return that never was",
        "C01": "any change code that a receiving bank sends: it settles, and a notification of change corrects it",
        "LATE2": "1 to 9: what the bank says of it comes so many banking days late; with neither a return nor a change, "
        "its file settles late",
        "DUP": "what the bank says of it comes twice: the return or the change on the next banking day once more, else "
        "the day's statement",
        "PARTIAL": "its file settles without it, and it settles the next banking day in a line of its own",
    }
)
"""The words, and what each does; docs/howto/use-the-bank-twin.md holds the same table."""

_WORD = re.compile(
    r"-?(?:(?P<back>R[0-9]{2})|(?P<change>C[0-9]{2})|LATE(?P<late>[1-9])|(?P<twice>DUP)|(?P<part>PARTIAL))$"
)


@dataclass(frozen=True, slots=True)
class Script:
    """What happens to one entry. `account` is its account number without the words."""

    return_code: str = ""
    change_code: str = ""
    late_days: int = 0
    is_twice: bool = False
    is_partial: bool = False
    account: str = ""

    @property
    def is_scripted(self) -> bool:
        """Whether a word says what happens, and chance does not."""
        return bool(self.return_code or self.change_code or self.late_days or self.is_twice or self.is_partial)


def script_of(account: str) -> Script:
    """What happens to an entry for this account. Of two words of one kind the last stands."""
    rest = account.strip().upper()
    found: dict[str, str] = {}
    while matched := _WORD.search(rest):
        word = {kind: value for kind, value in matched.groupdict().items() if value is not None}
        if not all(_is_known(value) for kind, value in word.items() if kind in ("back", "change")):
            break
        found = {**word, **found}
        rest = rest[: matched.start()]
    return Script(
        return_code=found.get("back", ""),
        change_code=found.get("change", ""),
        late_days=int(found.get("late", 0)),
        is_twice="twice" in found,
        is_partial="part" in found,
        account=rest,
    )


def change_codes() -> tuple[str, ...]:
    """The change codes that a receiving bank sends; C61 to C69 are an originator's refusals of one."""
    return tuple(code for code in CHANGE_CODES if not code.startswith("C6"))


def _is_known(code: str) -> bool:
    return code in return_codes() or code in change_codes()
