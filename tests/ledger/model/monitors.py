"""Balance monitors: announced when a balance crosses, and when it is back, never in between."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import multiple, precondition, rule
from tests.ledger.model.chances import Chances, monitors
from tests.ledger.model.sides import Sides
from tests.ledger.model.state import State
from tests.ledger.model.words import Monitor, Raised

from headgate import ledger
from headgate.core.money import Money


class MonitorsBook(State):
    """What the model says; state.py has the look at what is watched."""

    def add_monitor(self, name: str, account: int, what: str, comparison: str, threshold: int) -> Monitor:
        """Watch a balance from now on: on which side it begins is no news."""
        self.mark_overdue([account])
        monitor = Monitor(name, account, what, comparison, threshold, False)
        monitor.crossed = self.crosses(monitor, self.watched(monitor))
        self.monitors.append(monitor)
        return monitor

    def remove_monitor(self, name: str) -> None:
        """Watch no more."""
        found = [one for one in self.monitors if one.name == name]
        if not found:
            raise Raised("ledger.monitor_not_found")
        self.monitors.remove(found[0])


class MonitorsWorld(Sides):
    """How the book is asked."""

    book: Any

    def add_monitor(self, name: str, account_name: str, what: str, comparison: str, threshold: int) -> None:
        """A monitor, on both sides."""
        account = self.known(account_name)
        found = ledger.add_monitor(
            self.tx,
            account=account.id,
            what=what,  # type: ignore[arg-type]
            comparison=comparison,  # type: ignore[arg-type]
            threshold=Money(threshold, account.currency),
            name=name,
        )
        made = self.book.add_monitor(name, account.id, what, comparison, threshold)
        self.ids[name] = found.id
        assert (found.is_crossed, found.balance.minor) == (made.crossed, self.book.watched(made))

    def remove_monitor(self, name: str) -> None:
        """It is removed once, on both sides."""
        number = self.ids[name]
        self.both(
            lambda: [ledger.remove_monitor(self.tx, number)][:0],  # type: ignore[func-returns-value]
            lambda: self.book.remove_monitor(name),
        )


class MonitorsRules(Chances):
    """In any order, with any arguments."""

    @precondition(lambda self: len(self.world.book.monitors) < 4)
    @rule(
        target=monitors,
        account=st.sampled_from(("client", "client", "client", "card", "till", "cash", "later")),
        what=st.sampled_from(("posted", "available", "available")),
        comparison=st.sampled_from(("below", "below", "above")),
        threshold=st.one_of(st.sampled_from((0, 50, 100, 250)), st.integers(-3, 3)),
    )
    def watch(self, account: str, what: str, comparison: str, threshold: int) -> Any:
        """A small threshold is meant from where the balance stands."""
        found = self.world.known(account)
        if abs(threshold) < 4:
            threshold += found.balance
        self.keys += 1
        name = f"m{self.keys}"
        self.world.add_monitor(name, found.name, what, comparison, threshold)
        return multiple(name)

    @rule(name=monitors)
    def watch_no_more(self, name: str) -> None:
        self.world.remove_monitor(name)
