"""The book as a plain model: integers, dicts and lists, written from the list of result codes (headgate/ledger/errors.py).

It knows nothing of SQL. A verb of the model changes the model and says what the book has to answer: a result code and
its figures, or the error that is raised. What the book should look like afterwards are lines of text (`shown`), so that
a difference reads as one. Each kind of verb has a room of its own, a module named for it: what the model says, how the
book is asked, and the rules by which a history asks for it.
"""

from __future__ import annotations

from tests.ledger.model.accounts import AccountsBook
from tests.ledger.model.clearing import ClearingBook
from tests.ledger.model.exchange import ExchangeBook
from tests.ledger.model.monitors import MonitorsBook
from tests.ledger.model.pendings import PendingsBook
from tests.ledger.model.periods import PeriodsBook
from tests.ledger.model.postings import PostingsBook
from tests.ledger.model.readings import ReadingsBook
from tests.ledger.model.reservations import ReservationsBook
from tests.ledger.model.reversals import ReversalsBook
from tests.ledger.model.settlements import SettlementsBook


class Book(
    PostingsBook,
    ReversalsBook,
    PendingsBook,
    ReservationsBook,
    AccountsBook,
    PeriodsBook,
    ExchangeBook,
    MonitorsBook,
    SettlementsBook,
    ClearingBook,
    ReadingsBook,
):
    """The whole model."""
