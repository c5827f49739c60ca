"""What the simulated network does with a payment, by the last word of the account number: `4400-AC04`, `77-LATE`.

A reason of `reason_codes.csv` for which a payment fails is such a word: the payment is refused for it. The other words are
rows of `SCRIPTS`. An account without one is paid. The words are those of simulators: no real account is harmed by ending in
one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from headgate.rails.iso20022 import reason_codes


@dataclass(frozen=True, slots=True)
class Script:
    """What happens to one payment, and when, in seconds after it came.

    `is_known`: it is paid, and the answer says that the network has it already. `is_lost`: it never reaches the network.
    `is_silent`: it is worked on and nobody is told until asked. `is_unposted`: it is settled before the payee has it, and
    with a `turned_reason` the payee never gets it.
    `copies` is how often an answer is sent, `open_asks` how many questions are answered with "still being processed".
    """

    reason: str = ""
    is_known: bool = False
    is_lost: bool = False
    is_silent: bool = False
    is_unposted: bool = False
    is_swapped: bool = False
    copies: int = 1
    open_asks: int = 0
    delay_seconds: int = 0
    turned_reason: str = ""
    return_reason: str = ""
    return_after_seconds: int = 3600
    return_share: int = 1
    recall: tuple[str, ...] = ("RJCR",)


SCRIPTS: Mapping[str, Script] = MappingProxyType(
    {
        "LATE": Script(is_silent=True),
        "SLOW": Script(delay_seconds=40),
        "LOST": Script(is_lost=True),
        "OPEN": Script(is_silent=True, open_asks=1),
        "HELD": Script(is_unposted=True),
        "TURN": Script(is_unposted=True, turned_reason="AC06", return_reason="AC06", return_after_seconds=7200),
        "BACK": Script(return_reason="AC04"),
        "PART": Script(return_reason="AM09", return_share=2),
        "GONE": Script(reason="AC04", is_silent=True),
        "DUPL": Script(is_known=True),
        "DUAL": Script(copies=2),
        "SWAP": Script(is_swapped=True),
        "GIVE": Script(recall=("IPAY",)),
        "KEEP": Script(recall=("RJCR",)),
        "WAIT": Script(recall=("PDCR", "IPAY")),
    }
)
"""The words, beside the reasons: docs/howto/try-instant-payments.md says what each does."""

_PAID = Script()


def script_of(account: str) -> Script:
    """What happens to a payment to this account."""
    head, dash, word = account.rpartition("-")
    word = word.upper()
    if not dash or not head:
        return _PAID
    known = reason_codes().get(word)
    if known is not None and known.again != "ask" and known.reason != "already_sent":
        return Script(reason=word)
    return SCRIPTS.get(word, _PAID)
