"""Clearing accounts: what is left on one, by age and origin."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from tests.ledger.model.chances import Chances
from tests.ledger.model.sides import Sides
from tests.ledger.model.state import State
from tests.ledger.model.words import Account

from headgate import ledger


class ClearingBook(State):
    """What the model says."""

    def residual(self, account: Account) -> list[tuple[str, int, int]]:
        """The legs that nothing has cleared, as they happened, each with what is left of it on the normal side.

        Legs whose reference comes to zero have cleared each other; of the others the oldest are cleared first.
        """
        rest = list(account.moves)
        for source in {move.source for move in rest if move.source}:
            of_it = [move for move in rest if move.source == source]
            if sum(move.change for move in of_it) == 0:
                rest = [move for move in rest if move not in of_it]
        if account.net == 0:
            return []
        sign = 1 if account.net > 0 else -1
        to_clear = sum(abs(move.change) for move in rest if move.change * sign < 0)
        left = []
        for move in rest:
            if move.change * sign > 0:
                cleared = min(to_clear, abs(move.change))
                to_clear -= cleared
                if abs(move.change) > cleared:
                    left.append((move.at, (move.key, move.n, account.on_its_side(sign * (abs(move.change) - cleared)))))
        return [item for _, item in sorted(left, key=lambda pair: pair[0])]


class ClearingWorld(Sides):
    """How the book is asked."""

    book: Any

    def set_must_be_zero(self, name: str, must_be_zero: bool) -> None:
        """Declare a clearing account, or one no longer, on both sides."""
        account = self.known(name)
        ledger.set_must_be_zero(self.tx, account=account.id, must_be_zero=must_be_zero, reason="a test")
        account.must_be_zero = must_be_zero

    def read_clearing(self) -> None:
        """The report of every clearing account."""
        found = {
            one.code: (
                one.residual.minor,
                [(self.key_of(item.transaction_id), item.n, item.left.minor) for item in one.items],
            )
            for one in ledger.clearing_report(self.tx)
        }
        expected = {
            one.name: (one.balance, self.book.residual(one)) for one in self.book.accounts.values() if one.must_be_zero
        }
        assert found == expected, f"to be cleared: {found} in the book, {expected} in the model"
        self.told["left to clear"] += sum(len(items) for _, items in expected.values())

    def key_of(self, transaction_id: int) -> str:
        """A transaction's key, asked of the book: some are posted by jobs."""
        return str(self.tx.value("SELECT key FROM ledger.transactions WHERE id = %(id)s", {"id": transaction_id}))


class ClearingRules(Chances):
    """In any order, with any arguments."""

    @rule(account=st.sampled_from(("card", "card", "till", "costs")), must_be_zero=st.sampled_from((True, True, False)))
    def set_must_be_zero(self, account: str, must_be_zero: bool) -> None:
        self.world.set_must_be_zero(account, must_be_zero)

    @rule(amount=st.integers(1, 30), source=st.integers(3, 5))
    def pass_through(self, amount: int, source: int) -> None:
        """What comes and goes under one reference clears itself, whatever else is left."""
        for sides in (("cash", "card"), ("card", "cash")):
            wanted = self.posting("", [(*sides, amount, "USD")])
            self.posted([replace(wanted, source=("order", str(source)))], "single")
        self.world.set_must_be_zero("card", True)
        self.world.read_clearing()

    @precondition(lambda self: any(account.must_be_zero for account in self.world.book.accounts.values()))
    @rule()
    def read_clearing(self) -> None:
        self.world.read_clearing()
