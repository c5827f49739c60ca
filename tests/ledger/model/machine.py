"""Histories: every verb of the book, in any order, with any arguments. A new kind of verb is one room more.

A failing history is told by Hypothesis as a story, shrunk to what matters:

    state.fund(account='client', amount=1)
    k2 = state.reserve(account='client', amount='all', …)
    state.capture(held=k2, …)
"""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.ledger.model.accounts import AccountsRules
from tests.ledger.model.clearing import ClearingRules
from tests.ledger.model.exchange import ExchangeRules
from tests.ledger.model.ground import Ground
from tests.ledger.model.monitors import MonitorsRules
from tests.ledger.model.pendings import PendingsRules
from tests.ledger.model.periods import PeriodsRules
from tests.ledger.model.postings import PostingsRules
from tests.ledger.model.readings import ReadingsRules
from tests.ledger.model.reservations import ReservationsRules
from tests.ledger.model.reversals import ReversalsRules
from tests.ledger.model.settlements import SettlementsRules
from tests.ledger.model.world import World


class Histories(
    PostingsRules,
    ReversalsRules,
    PendingsRules,
    ReservationsRules,
    AccountsRules,
    PeriodsRules,
    ExchangeRules,
    MonitorsRules,
    SettlementsRules,
    ClearingRules,
    ReadingsRules,
    RuleBasedStateMachine,
):
    """The rules. A subclass names the ground that its histories begin on."""

    ground: ClassVar[Ground]
    told: ClassVar[Counter[str]] = Counter()
    """How many histories and steps there were, and how often each result code was the answer."""

    def __init__(self) -> None:
        super().__init__()
        self.keys = 0
        self.world = World(self.ground)

    @rule(hours=st.sampled_from((1, 4, 12, 24)))
    def wait(self, hours: int) -> None:
        self.world.wait(hours)

    @invariant()
    def the_book_is_what_the_model_is(self) -> None:
        self.world.compare()

    def teardown(self) -> None:
        self.told["histories"] += 1
        try:
            if self.world.sound:
                self.world.last()
                self.world.read_all()
        finally:
            self.told.update(self.world.told)
            self.world.close()
