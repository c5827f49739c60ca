"""Settlement cut-offs: each leg in one at most; what is recorded late is taken by the next."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule
from tests.ledger.model.chances import Chances
from tests.ledger.model.sides import Sides
from tests.ledger.model.state import State
from tests.ledger.model.words import EPOCH, CutOff, Raised

from headgate import ledger


class SettlementsBook(State):
    """What the model says."""

    def cut_off(self, account: int, name: str, at: datetime) -> tuple[CutOff, bool]:
        """Everything that is recorded, effective by then and not settled yet; whether it was settled under that name."""
        known = self.settlements.get((account, name))
        if known is not None:
            if known.at != at:
                raise Raised("ledger.settlement_exists")
            return known, True
        if at > self.now:
            raise Raised("ledger.cut_off_in_future")
        earlier = [one for (number, _), one in self.settlements.items() if number == account]
        settled = {seq for one in earlier for seq in one.taken}
        last = max((one.at for one in earlier), default=None)
        taken = {
            seq: move
            for seq, move in enumerate(self.accounts[account].moves, 1)
            if seq not in settled and move.at <= at
        }
        found = CutOff(
            at,
            tuple(taken),
            sum(last is not None and move.at <= last for move in taken.values()),
            sum(move.change for move in taken.values() if move.change > 0),
            -sum(move.change for move in taken.values() if move.change < 0),
        )
        self.settlements[account, name] = found
        return found, False


class SettlementsWorld(Sides):
    """How the book is asked."""

    book: Any

    def cut_off(self, account_name: str, name: str, at: datetime) -> None:
        """A cut-off, on both sides, leg by leg."""
        account = self.known(account_name)
        try:
            expected, replayed = self.book.cut_off(account.id, name, at)
        except Raised as raised:
            self.told[f"raised {raised}"] += 1
            self.refused_loudly(lambda: ledger.cut_off(self.tx, account=account.id, at=at, name=name), str(raised))
            return
        found = ledger.cut_off(self.tx, account=account.id, at=at, name=name)
        legs = ledger.settled_legs(self.tx, found.id, limit=10_000)
        shown = (found.late_legs, found.debits.minor, found.credits.minor, found.replayed)
        wished = (expected.late, expected.debits, expected.credits, replayed)
        assert shown == wished, f"{name} of {account.name} late, debits, credits: {shown}, in the model {wished}"
        told = {leg.seq: leg.amount.minor for leg in legs}
        taken = {seq: account.on_its_side(account.moves[seq - 1].change) for seq in expected.taken}
        assert told == taken, f"{name} of {account.name} takes {told}, in the model {taken}"
        self.told["settled"] += len(taken)
        self.told["settled late"] += expected.late


class SettlementsRules(Chances):
    """In any order, with any arguments."""

    @rule(
        account=st.sampled_from(("client", "client", "fees", "cash", "till", "later")),
        name=st.sampled_from(("", "", "", "again")),
        hours=st.sampled_from((-30, -4, -3, 0, 0, 0, 1)),
        of_the_epoch=st.booleans(),
    )
    def cut_off(self, account: str, name: str, hours: int, of_the_epoch: bool) -> None:
        """Some time before now, or before the epoch, where the late ones are."""
        self.keys += 1
        since = 0 if of_the_epoch else self.hour
        self.world.cut_off(account, name or f"s{self.keys}", EPOCH + timedelta(hours=since + hours))

    @rule(
        account=st.sampled_from(("cash", "till", "client")), amount=st.integers(1, 20), late=st.sampled_from((-3, -1))
    )
    def settle_what_is_late(self, account: str, amount: int, late: int) -> None:
        """A cut-off, then what was effective before it, then the next, which takes it."""
        self.cut_off(account, "", 0, False)
        self.posted([self.posting("", [("cash", "client", amount, "USD")], self.hour + late)], "single")
        self.cut_off(account, "", 0, False)
