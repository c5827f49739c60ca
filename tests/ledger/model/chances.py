"""What the rules draw from, and the few words in which they speak.

Amounts are minor units, or `all` and `one too much`: what the account may just still give, and one more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle
from tests.ledger.model.ground import LATER, NAMES
from tests.ledger.model.words import EPOCH, NET_MAX, Account, Leg, Wanted, hour_of

requests = Bundle("requests")
held = Bundle("held")
pendings = Bundle("pendings")
conversions = Bundle("conversions")
monitors = Bundle("monitors")
readings = Bundle("readings")

USUAL = ("cash", "client", "client", "card", "till", "fees", "costs")
ACCOUNT = st.sampled_from((*USUAL, *USUAL, *USUAL, *LATER, *LATER, "euro"))
SPENDABLE = st.sampled_from(("client",) * 6 + ("card", "till", "card", *NAMES))
AMOUNTS = (
    *(*range(1, 100, 3), *range(2, 40, 2), 100, 101, 500),
    *("all", "all", "all", "all", "all", "one too much", "one too much"),
    *(0, -1, NET_MAX, NET_MAX + 1),
)
# Deferred, so that what Hypothesis writes about the rules stays short.
AMOUNT = st.deferred(lambda: st.sampled_from(AMOUNTS))
KEY = st.sampled_from(("",) * 12 + ("a", "b", "c"))
"""A new key, or one that may stand for something already."""
CURRENCY = st.sampled_from(("USD",) * 15 + ("EUR",))
SOURCE = st.sampled_from((None, None, None, ("order", "1"), ("order", "2")))
"""Where it comes from, which on a clearing account is what clears it."""
WAY = st.sampled_from(("single", "many", "atomic"))
BATCH_WAY = st.sampled_from(("many", "atomic"))
WHEN = st.one_of(st.none(), st.none(), st.sampled_from((0, -3, -30, -24 * 40, 6, 11, 30)))
"""The effective time, in hours before or after the epoch; usually none."""
EXPIRY = st.sampled_from((None, None, None, 1, 1, 2, 2, 5, 24, 0))
LIMIT = st.sampled_from((None, 0, 0, -100, 100, 500, NET_MAX, -NET_MAX))
STATUS = st.sampled_from(("open", "open", "frozen", "closed"))
SIDES = st.sampled_from(
    (
        *(("client", "fees"), ("client", "card"), ("client", "cash"), ("card", "client"), ("card", "cash")),
        *(("cash", "client"), ("cash", "card"), ("till", "client"), ("cash", "till"), ("costs", "till")),
        *(("client", "fees"), ("cash", "client"), ("cash", "last"), ("fees", "costs"), ("fees", "client")),
    )
)
"""Debit and credit as one would write them; any two now and then."""
USUAL_LEG = st.builds(lambda sides, amount: (*sides, amount, "USD"), SIDES, AMOUNT)
ANY_LEG = st.tuples(ACCOUNT, ACCOUNT, AMOUNT, CURRENCY)
LEG = st.deferred(lambda: st.one_of(USUAL_LEG, USUAL_LEG, USUAL_LEG, USUAL_LEG, ANY_LEG))
DOOMED = ("client", "fees", NET_MAX, "USD")
"""A leg that takes with it what its posting did before."""
UP_TO_THREE = st.deferred(lambda: st.lists(LEG, min_size=1, max_size=3))
LEGS = st.one_of(
    *(UP_TO_THREE, UP_TO_THREE, UP_TO_THREE),
    st.builds(lambda legs: [*legs, DOOMED], st.lists(LEG, min_size=1, max_size=2)),
)
TWIN = "as before"
"""In a batch: the same request once more, under its key."""


class Chances:
    """What the rules of every room know: the world, and how to make a request of what was drawn."""

    world: Any
    keys: int

    def key(self, key: str) -> str:
        self.keys += key == ""
        return key or f"k{self.keys}"

    def minor(self, amount: Any, account: Account | None) -> int:
        """`all` is what may still leave an account."""
        if isinstance(amount, int):
            return amount
        room = 1 if account is None else min(self.world.book.room_down(account), NET_MAX)
        return int(room + (amount == "one too much"))

    def leg(self, leg: tuple[str, str, Any, str]) -> Leg:
        debit, credit, amount, currency = leg
        source = next((a for a in map(self.world.account, (debit, credit)) if a and a.least is not None), None)
        return Leg(self.world.number(debit), self.world.number(credit), self.minor(amount, source), currency)

    def posting(self, key: str, legs: list[tuple[str, str, Any, str]], when: int | None = None) -> Wanted:
        at = None if when is None else EPOCH + timedelta(hours=when)
        return Wanted(self.key(key), tuple(self.leg(leg) for leg in legs), at)

    def posted(self, wanted: Sequence[Wanted], way: str) -> Wanted:
        self.world.post(wanted, way)
        return wanted[0]

    @property
    def hour(self) -> int:
        """The hour that it is."""
        return hour_of(self.world.book.now)
