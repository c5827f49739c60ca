"""The model and the book side by side: do it on both, and say where they differ."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from psycopg import sql
from tests import make
from tests.ledger.model import asked
from tests.ledger.model.ground import CAST, EXCHANGE, NAMES, RATES, Ground
from tests.ledger.model.probe import EVENTS, NEWS, SHOWN
from tests.ledger.model.words import (
    NOBODY,
    START,
    Account,
    Answer,
    Leg,
    Raised,
    Wanted,
    WantedConversion,
    WantedReservation,
    hour_of,
)

from headgate import tenants
from headgate.core import ids
from headgate.core.errors import HeadgateError, Refused


class Undone(Exception):
    """Ends the transaction of a history: nothing of it stays."""


class Sides:
    """One history: the model and the book, side by side, in one transaction that is never committed."""

    book: Any

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.begin_model(START)
        for one in (*CAST, *EXCHANGE):
            number = ground.accounts[one.name]
            self.book.accounts[number] = Account(
                one.name, number, one.type, one.currency, one.least, one.most, one.zone, one.purpose
            )
        self.book.rates.extend(RATES)
        self.names = {account.name: number for number, account in self.book.accounts.items()}
        self.ids: dict[str, int] = {}
        self.conversion_ids: dict[str, int] = {}
        self.told: Counter[str] = Counter()
        self.sound = True
        self._opened = ground.database.begin(tenant_id=ground.tenant_id, actor=make.ACTOR)
        self.tx = self._opened.__enter__()
        self.tx.run("SELECT set_config('headgate.check_full', 'on', true), set_config('jit', 'off', true)")
        tenants.move_clock(self.tx, to=START)
        # Something to spend, so that a history need not begin with being poor.
        opening = (("cash", "client", 300), ("cash", "card", 50), ("till", "fees", 100), ("costs", "fees", 60))
        self.post(
            [
                Wanted(f"opening{n}", (Leg(self.names[debit], self.names[credit], amount),))
                for n, (debit, credit, amount) in enumerate(opening)
            ],
            "many",
        )

    def begin_model(self, now: datetime) -> None:
        """Give it its book."""
        raise NotImplementedError

    def post(self, wanted: Sequence[Wanted], way: str) -> None:
        """Postings, on both sides (postings.py)."""
        raise NotImplementedError

    def close(self) -> None:
        """Leave nothing."""
        with suppress(Undone):
            self._opened.__exit__(Undone, Undone(), None)

    def wait(self, hours: int) -> None:
        """Move the test tenant's clock on."""
        tenants.move_clock(self.tx, by=timedelta(hours=hours))
        self.book.now += timedelta(hours=hours)

    def number(self, name: str) -> int:
        """The number of an account of the cast; that of nobody, where it is not open yet."""
        return self.names.get(name, NOBODY + NAMES.index(name))

    def account(self, name: str) -> Account | None:
        """An account of the model, where it is there."""
        found: Account | None = self.book.accounts.get(self.names.get(name, -1))
        return found

    def known(self, name: str) -> Account:
        """An account of the model; cash, where it is not there."""
        found: Account = self.account(name) or self.book.accounts[self.names["cash"]]
        return found

    def both(self, act: Callable[[], Any], model: Callable[[], Any], wanted: Sequence[Any] = ()) -> None:
        """Do it, and say what the model says: the same answers, or the same error."""
        self.sound = False
        try:
            expected = model() or []
        except Raised as raised:
            self.told[f"raised {raised}"] += 1
            self.refused_loudly(act, str(raised))
            return
        answers = act()
        told = [asked.told(answer) for answer in answers]
        self.told.update(str(one.code) for one in expected)
        wished = [asked.VERBS[one.code] for one in expected]
        assert told == wished, f"the book answers {told}, the model {wished}"
        for n, (answer, one) in enumerate(zip(answers, expected, strict=True)):
            if wanted:
                self._same(wanted[n], answer, one)

    def refused_loudly(self, act: Callable[[], Any], code: str) -> None:
        """The book has to raise this, and leave everything as it was."""
        try:
            with self.tx.savepoint():
                found = act()
        except HeadgateError as error:
            assert error.code == code, f"the book raises {error.code}, the model {code}"
        else:
            raise AssertionError(f"the book answered {found}, where it should have raised {code}")

    def _same(self, wanted: Any, answer: Any, expected: Answer) -> None:
        if expected.code == 2:
            return
        assert answer.replayed == expected.replayed, f"{wanted} replayed: {answer.replayed} in the book"
        if isinstance(answer, Refused):
            for name, value in expected.figures.items():
                if name == "hour":
                    assert hour_of(datetime.fromisoformat(answer.facts["at"])) == value, f"{wanted}: {answer.facts}"
                    continue
                shown = ids.encode("acct", value) if name == "account" else value
                assert answer.facts.get(name) == shown, (
                    f"{wanted} {name}: {answer.facts} in the book, {shown} in the model"
                )
            return
        if isinstance(wanted, WantedConversion):
            found = {name: getattr(answer, name).minor for name in expected.figures}
            assert found == expected.figures, f"{wanted}: {found} in the book, {expected.figures} in the model"
            self.conversion_ids[wanted.key] = answer.id
        number = answer.id if isinstance(wanted, WantedReservation) else answer.transaction_id
        known = self.book.numbers if isinstance(wanted, WantedReservation) else self.ids
        assert known.setdefault(wanted.key, number) == number, f"{wanted} has two numbers"

    def compare(self) -> None:
        """The book is what the model is, row by row, and every invariant holds: one round trip."""
        self.told["steps"] += 1
        self.sound = False
        row = self.tx.conn.execute(self.ground.probe).fetchone()
        assert row is not None
        found = dict(zip(SHOWN, row[0], strict=False))
        for table, expected in self.book.shown().items():
            if (found[table] or "") != expected:
                raise AssertionError(_difference(table, found[table] or "", expected))
        if row[0][-1] is not None:
            raise AssertionError("; ".join(self._broken(name) for name in row[0][-1].split(" ")))
        self.sound = True

    def _broken(self, view: str) -> str:
        rows = self.tx.conn.execute(
            sql.SQL("SELECT subject, detail FROM {} LIMIT 3").format(sql.Identifier("ledger", view))
        )
        return f"{view}: {rows.fetchall()}"

    def last(self) -> None:
        """What is worth one look at the end of a history: each fact has left its audit event and its message."""
        book = self.book
        rows = self.tx.conn.execute(EVENTS, {"correlation": self.tx.correlation_id}).fetchall()
        counted = {kind: (events, messages) for kind, events, messages in rows}
        posted = sum(answer.code == 0 for _, answer in book.transactions.values())
        waiting = sum(answer.code == 1 for _, answer in book.transactions.values())
        made = len(book.held)
        refused = len(book.transactions) - posted - waiting
        not_reserved = sum(answer.code >= 10 for _, answer in book.reservation_requests.values())
        expected = {
            "ledger.transaction.posted": (posted, posted),
            "ledger.transaction.refused": (refused, 0),
            "ledger.transaction.pending": (waiting, waiting),
            "ledger.reservation.created": (made, made),
            **{f"ledger.reservation.{kind}": (n, n) for kind, n in book.changes.items()},
            "ledger.reservation.refused": (not_reserved, 0),
            "ledger.settlement.cut_off": (len(book.settlements),) * 2,
            "ledger.revaluation.posted": (len(book.revaluations),) * 2,
        }
        expired = sum(one.status == "expired" for one in book.held.values())
        expected["ledger.reservation.expired"] = (expired, expired)
        for kind, status in (("voided", "void"), ("expired", "expired")):
            count = sum(one.status == status for one in book.pending.values())
            expected[f"ledger.transaction.{kind}"] = (count, count)
        found = {kind: counted.get(kind, (0, 0)) for kind in expected}
        assert found == expected, f"events and messages: {found} in the book, {expected} in the model"
        news = [row[0] for row in self.tx.conn.execute(NEWS, {"correlation": self.tx.correlation_id}).fetchall()]
        assert news == book.news, f"the monitors announced {news}, in the model {book.news}"
        self.told["announced"] += len(news)


def _difference(table: str, found: str, expected: str) -> str:
    """The rows in which the book and the model differ."""
    lines = difflib.unified_diff(expected.split("\n"), found.split("\n"), "the model", "the book", lineterm="", n=0)
    return f"{table} differ:\n" + "\n".join(lines)
