"""Pending transactions: agreed and posted later, whole or less; void, expired, or posted on their day."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import multiple, rule
from tests.ledger.model.chances import EXPIRY, KEY, LEGS, WAY, WHEN, Chances, pendings, requests
from tests.ledger.model.sides import Sides
from tests.ledger.model.state import State
from tests.ledger.model.words import EPOCH, NET_MAX, NOBODY, Answer, Raised, Wanted

from headgate import ledger
from headgate.core.money import Money

NO_CONDITIONS: dict[str, Any] = dict.fromkeys(("debit_version", "credit_version", "debit_least", "credit_least"))


class PendingsBook(State):
    """What the model says."""

    def settlement(self, key: str, pending: str, part: tuple[Any, ...] | None, effective_at: datetime | None) -> Wanted:
        """The posting of what is pending, whole or of the entries named that much."""
        if pending not in self.pending:
            raise Raised("ledger.transaction_not_found")
        amounts = None if part is None else dict(part[1])
        legs = [
            replace(leg, amount=leg.amount if amounts is None else amounts[n], of=n, **NO_CONDITIONS)
            for n, leg in enumerate(self.pending[pending].legs, 1)
            if amounts is None or n in amounts
        ]
        return Wanted(key, tuple(legs), effective_at, settles=pending, part=part, source=self.asked[pending][0].source)

    def take_pending(self, wanted: Wanted) -> Answer | None:
        """What the judge asks of the posting of what was pending."""
        if wanted.settles is None:
            return None
        one = self.pending[wanted.settles]
        if one.shown(self.now) != "pending":
            return Answer(24)
        for n, leg in enumerate(wanted.legs, 1):
            if leg.amount > one.legs[leg.of - 1].amount:
                return Answer(25, {"entry": n, "available_minor": one.legs[leg.of - 1].amount})
        one.status, one.settled_by = "posted", wanted.key
        return None

    def void(self, key: str) -> Answer:
        """Give back what is pending; what ended otherwise stays so, what is posted is refused."""
        if key not in self.pending:
            raise Raised("ledger.transaction_not_found")
        one = self.pending[key]
        if one.status == "pending":
            one.status = "expired" if one.shown(self.now) == "overdue" else "void"
        self.look()
        return Answer(24 if one.status == "posted" else 0)

    def expire_pending(self) -> int:
        """Mark what is pending and overdue."""
        due = [one for one in self.pending.values() if one.shown(self.now) == "overdue"]
        for one in due:
            one.status = "expired"
        self.look()
        return len(due)

    def scheduled_due(self) -> list[tuple[str, int]]:
        """What was scheduled and whose time has come, with the number of the next try."""
        due = [
            one
            for one in self.pending.values()
            if one.kind == "scheduled" and one.status == "pending" and one.effective_at <= self.now  # type: ignore[operator]
        ]
        tries = [wanted.settles for wanted, _ in self.asked.values()]
        return [(one.key, 1 + tries.count(one.key)) for one in sorted(due, key=lambda one: one.effective_at)]  # type: ignore[arg-type,return-value]


class PendingsWorld(Sides):
    """How the book is asked."""

    book: Any

    def settle(self, key: str, pending: str, part: tuple[Any, ...] | None, at: datetime | None) -> Wanted | None:
        """What is pending is posted, on both sides."""
        try:
            wanted: Wanted = self.book.settlement(key, pending, part, at)
        except Raised as raised:
            self.refused_loudly(lambda: self.settle_in_the_book(key, pending, part, at), str(raised))
            return None
        self.post([wanted], "single")
        return wanted

    def settle_in_the_book(self, key: str, pending: str, part: tuple[Any, ...] | None, at: datetime | None) -> Any:
        amounts = None if part is None else {n: Money(amount, "USD") for n, amount in part[1]}
        number = self.ids.get(pending, NOBODY)
        return ledger.post_pending(
            self.tx, idempotency_key=key, transaction_id=number, amounts=amounts, effective_at=at
        )

    def void(self, key: str) -> None:
        """What is pending is given back, on both sides."""
        number = self.ids.get(key, NOBODY)
        self.both(
            lambda: [ledger.void(self.tx, transaction_id=number, reason="not wanted")],
            lambda: [self.book.void(key)],
        )

    def post_scheduled(self) -> None:
        """The job that posts what was scheduled, on its day."""
        due = self.book.scheduled_due()
        due.sort(key=lambda one: (self.book.pending[one[0]].effective_at, self.ids[one[0]]))
        answers = []
        for key, n in due:
            wanted = self.book.settlement(f"ledger:scheduled:{self.ids[key]}:{n}", key, None, None)
            answers += self.book.post_many([wanted])
        found = ledger.post_scheduled(self.tx, timedelta(0))
        posted = sum(answer.code == 0 for answer in answers)
        expected = {"posted": posted, "refused": len(due) - posted}
        self.told["scheduled"] += posted
        if found != expected:
            raise AssertionError(f"the job says {found}, the model {expected}")
        for key, _ in due:
            settled_by = self.book.pending[key].settled_by
            if settled_by is not None:
                self.ids[settled_by] = self.tx.value(
                    "SELECT id FROM ledger.transactions WHERE key = %(key)s", {"key": settled_by}
                )

    def expire_pending(self) -> None:
        """The job that marks what is pending and overdue."""
        marked, expected = ledger.expire_pending(self.tx), self.book.expire_pending()
        if marked != expected:
            raise AssertionError(f"the book marks {marked} pending, the model {expected}")


class PendingsRules(Chances):
    """In any order, with any arguments."""

    @rule(target=pendings, key=KEY, legs=LEGS, when=WHEN, expiry=EXPIRY, way=WAY)
    def post_pending(self, key: str, legs: list[Any], when: int | None, expiry: int | None, way: str) -> Any:
        return self.post_pending_legs(key, legs, when, expiry, way)

    def post_pending_legs(self, key: str, legs: list[Any], when: int | None, expiry: int | None, way: str) -> Any:
        expires_at = None if expiry is None else EPOCH + timedelta(hours=self.hour + expiry)
        return self.waiting(replace(self.posting(key, legs, when), pending=True, expires_at=expires_at), way)

    @rule(target=pendings, amount=st.integers(1, 40), expiry=EXPIRY)
    def authorise(self, amount: int, expiry: int | None) -> Any:
        """One that mostly stands, so that there is something to settle and to void."""
        return self.post_pending_legs("", [("client", "fees", amount, "USD")], None, expiry, "single")

    @rule(target=pendings, key=KEY, legs=LEGS, days=st.integers(1, 3), way=WAY)
    def schedule(self, key: str, legs: list[Any], days: int, way: str) -> Any:
        return self.waiting(self.posting(key, legs, self.hour + 24 * days), way)

    def waiting(self, wanted: Wanted, way: str) -> Any:
        self.posted([wanted], way)
        return multiple(*[wanted] * (wanted.key in self.world.book.pending))

    @rule(
        target=requests,
        one=pendings,
        key=KEY,
        amount=st.sampled_from((None, None, "all", "one too much", 1, 20)),
        n=st.integers(1, 3),
        when=st.one_of(st.none(), WHEN),
    )
    def settle(self, one: Wanted, key: str, amount: Any, n: int, when: int | None) -> Any:
        legs = self.world.book.pending[one.key].legs
        n, part = min(n, len(legs)), None
        if amount is not None and legs[n - 1].currency == "USD":
            minor = amount if isinstance(amount, int) and 0 < amount < NET_MAX else legs[n - 1].amount
            part = ("entries", ((n, minor + (amount == "one too much")),))
        at = None if when is None else EPOCH + timedelta(hours=when)
        settled = self.world.settle(self.key(key), one.key, part, at)
        return multiple(*[settled] * (settled is not None))

    @rule(one=pendings)
    def void(self, one: Wanted) -> None:
        self.world.void(one.key)

    @rule(target=requests, one=pendings)
    def remember_pending(self, one: Wanted) -> Any:
        """It may be asked for again, or reversed, which it cannot be."""
        return one

    @rule()
    def expire_pending(self) -> None:
        self.world.expire_pending()

    @rule(days=st.integers(0, 3))
    def post_scheduled(self, days: int) -> None:
        if days:
            self.world.wait(24 * days)
        self.world.post_scheduled()
