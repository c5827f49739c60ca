"""The real book beside the model, with every verb."""

from __future__ import annotations

from datetime import datetime

from tests.ledger.model.accounts import AccountsWorld
from tests.ledger.model.book import Book
from tests.ledger.model.clearing import ClearingWorld
from tests.ledger.model.exchange import ExchangeWorld
from tests.ledger.model.monitors import MonitorsWorld
from tests.ledger.model.pendings import PendingsWorld
from tests.ledger.model.periods import PeriodsWorld
from tests.ledger.model.postings import PostingsWorld
from tests.ledger.model.readings import ReadingsWorld
from tests.ledger.model.reservations import ReservationsWorld
from tests.ledger.model.reversals import ReversalsWorld
from tests.ledger.model.settlements import SettlementsWorld


class World(
    PostingsWorld,
    ReversalsWorld,
    PendingsWorld,
    ReservationsWorld,
    AccountsWorld,
    PeriodsWorld,
    ExchangeWorld,
    MonitorsWorld,
    SettlementsWorld,
    ClearingWorld,
    ReadingsWorld,
):
    """One history."""

    def begin_model(self, now: datetime) -> None:
        self.book = Book(now)
