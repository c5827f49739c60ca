"""What the model's book is made of, and what every verb of it needs: rooms, keys, batches, and taking back what was refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from tests.ledger.model.words import (
    Account,
    Answer,
    CutOff,
    Held,
    Moment,
    Monitor,
    Pending,
    Period,
    PositionMove,
    Raised,
    Rate,
    Wanted,
)

Known = dict[str, tuple[Any, Answer]]
"""What each key stands for, and what was answered."""


@dataclass
class State:
    """Everything the model remembers. `now` is the tenant's clock."""

    now: datetime
    accounts: dict[int, Account] = field(default_factory=dict)
    transactions: Known = field(default_factory=dict)
    reservation_requests: Known = field(default_factory=dict)
    asked: dict[str, tuple[Wanted, Answer]] = field(default_factory=dict)
    """Each request of a posting as it first came, with its legs."""
    held: dict[str, Held] = field(default_factory=dict)
    pending: dict[str, Pending] = field(default_factory=dict)
    taken_back: dict[tuple[str, int], int] = field(default_factory=dict)
    """How much was reversed, by original and number of its entry."""
    journal: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    """What the book called each reservation, by its key: learned from its answer."""
    changes: Counter[str] = field(default_factory=Counter)
    """How often reservations were increased, extended and released, in part or whole."""
    periods: list[Period] = field(default_factory=list)
    rates: list[Rate] = field(default_factory=list)
    conversions: Known = field(default_factory=dict)
    positions: dict[str, list[PositionMove]] = field(default_factory=dict)
    """By currency, what each conversion did to it."""
    revaluations: dict[Any, int] = field(default_factory=dict)
    """By day, the gain that was not realised."""
    monitors: list[Monitor] = field(default_factory=list)
    news: list[str] = field(default_factory=list)
    """What the monitors have announced."""
    settlements: dict[tuple[int, str], CutOff] = field(default_factory=dict)
    moments: list[Moment] = field(default_factory=list)
    ticks: int = 0

    # What may move ---------------------------------------------------------------------------------------------------
    def reserved(self, account: int) -> int:
        """What counts against an account now: an overdue reservation does not, marked or not."""
        return sum(
            one.left
            for one in self.held.values()
            if one.account == account and one.status == "active" and not one.overdue(self.now)
        )

    def pending_out(self, account: int) -> int:
        """What pending transactions would take from an account's normal side; overdue ones do not count."""
        return self.would_move(account, [one for one in self.pending.values() if one.shown(self.now) == "pending"])[0]

    def pending_in(self, account: int) -> int:
        """What they would add to it: it counts for nothing but to be seen."""
        return self.would_move(account, [one for one in self.pending.values() if one.shown(self.now) == "pending"])[1]

    def would_move(self, account: int, pending: Iterable[Pending]) -> tuple[int, int]:
        """What these would take from an account's normal side, and add to it."""
        out = into = 0
        debit_normal = self.accounts[account].debit_normal
        for one in pending:
            for leg in one.legs:
                if account == (leg.credit if debit_normal else leg.debit):
                    out += leg.amount
                elif account in (leg.debit, leg.credit):
                    into += leg.amount
        return out, into

    def available(self, account: Account) -> int:
        return account.balance - self.reserved(account.id) - self.pending_out(account.id)

    def room_down(self, account: Account) -> int:
        """How much may leave an account."""
        return self.available(account) - account.floor

    def room_up(self, account: Account) -> int:
        """How much an account may take."""
        return account.ceiling - account.balance

    def mark_overdue(self, accounts: Iterable[int]) -> int:
        """Give back what is overdue on these accounts, as every verb does that locks them."""
        locked = set(accounts)
        due = [one for one in self.held.values() if one.account in locked and one.overdue(self.now)]
        for one in due:
            one.released, one.left, one.status = one.released + one.left, 0, "expired"
        self.look()
        for pending in self.pending.values():
            if pending.shown(self.now) == "overdue":
                pending.given_back |= locked
        self.look()
        return len(due)

    # Monitors --------------------------------------------------------------------------------------------------------
    def look(self) -> None:
        """What every verb does when it has written its balances: a monitor whose side has changed says so, once."""
        for monitor in self.monitors:
            balance = self.watched(monitor)
            if self.crosses(monitor, balance) != monitor.crossed:
                monitor.crossed = not monitor.crossed
                self.news.append(f"{monitor.name} {'crossed' if monitor.crossed else 'cleared'} {balance}")

    def watched(self, monitor: Monitor) -> int:
        """The balance that a monitor looks at: what is overdue counts until it is marked."""
        account = self.accounts[monitor.account]
        if monitor.what == "posted":
            return account.balance
        reserved = sum(one.left for one in self.held.values() if one.account == account.id)
        pending = [one for one in self.pending.values() if one.status == "pending" and account.id not in one.given_back]
        return account.balance - reserved - self.would_move(account.id, pending)[0]

    def crosses(self, monitor: Monitor, balance: int) -> bool:
        return balance < monitor.threshold if monitor.comparison == "below" else balance > monitor.threshold

    # Time ------------------------------------------------------------------------------------------------------------
    def tick(self) -> None:
        """A batch has one instant, later than that of the one before."""
        self.ticks += 1

    @property
    def instant(self) -> datetime:
        """When what is said to happen now happens."""
        return self.now + timedelta(microseconds=self.ticks)

    # Keys and batches ------------------------------------------------------------------------------------------------
    def refuse_conflicts(self, known: Known, wanted: Sequence[Any], atomic: bool) -> None:
        bodies = {key: body for key, (body, _) in known.items()}
        for one in wanted:
            if bodies.setdefault(one.key, one.body) != one.body and atomic:
                raise Raised("ledger.idempotency_conflict")

    def batch(self, known: Known, wanted: Sequence[Any], judge: Callable[[Any], Answer], atomic: bool) -> list[Answer]:
        """One after the other; where the batch is atomic and one is refused, what was new is refused with it."""
        new: dict[str, Any] = {}
        answers: dict[str, Answer] = {}
        with self.undoable() as undo:
            for one in wanted:
                if one.key not in known and one.key not in new:
                    new[one.key] = one
                    answers[one.key] = self._alone(judge, one)
            heard = [self._heard(known, new, answers, one) for one in wanted]
            culprit = next((one.key for one, answer in zip(wanted, heard, strict=True) if answer.code >= 10), None)
            if atomic and culprit is not None:
                undo()
                for key, answer in answers.items():
                    if answer.code < 10:
                        answers[key] = Answer(60, {"refused_key": culprit})
        for key, answer in answers.items():
            known[key] = (new[key].body, answer)
            if isinstance(new[key], Wanted):
                self.asked[key] = (new[key], answer)
            if answer.code >= 10:
                self.refusals.append(f"{key} {answer.code}")
        self.look()
        seen: set[str] = set()
        told = []
        for one in wanted:
            first = one.key in new and one.key not in seen
            seen.add(one.key)
            body, answer = known[one.key]
            told.append(Answer(2) if body != one.body else replace(answer, replayed=not first))
        return told

    def _heard(self, known: Known, new: dict[str, Any], answers: dict[str, Answer], one: Any) -> Answer:
        body, answer = known[one.key] if one.key in known else (new[one.key].body, answers[one.key])
        return answer if body == one.body else Answer(2)

    def _alone(self, judge: Callable[[Any], Answer], one: Any) -> Answer:
        """A refused request leaves nothing of what it had taken."""
        with self.undoable() as undo:
            answer = judge(one)
            if answer.code >= 10:
                undo()
        return answer

    @contextmanager
    def undoable(self) -> Iterator[Callable[[], None]]:
        """A part that can be taken back."""
        accounts = [(one, one.net, one.legs, one.effective_max) for one in self.accounts.values()]
        held = {key: replace(one) for key, one in self.held.items()}
        pending = {key: replace(one) for key, one in self.pending.items()}
        taken_back, lines = dict(self.taken_back), len(self.journal)

        def undo() -> None:
            for account, net, legs, effective_max in accounts:
                account.net, account.effective_max = net, effective_max
                del account.moves[legs:]
            self.held, self.pending, self.taken_back = held, pending, taken_back
            del self.journal[lines:]

        yield undo

    # What the book has to look like ----------------------------------------------------------------------------------
    def shown(self) -> dict[str, str]:
        """The book, table by table, a line a row."""
        return {
            "accounts": "\n".join(
                f"{a.name} {a.status} {a.net} {a.legs} {a.balance} {self.reserved(a.id)} {self.pending_out(a.id)}"
                f" {self.pending_in(a.id)} {self.available(a)}"
                for a in sorted(self.accounts.values(), key=lambda a: a.id)
            ),
            "journal": "\n".join(self.journal),
            "refusals": "\n".join(self.refusals),
            "reservations": "\n".join(
                f"{one.key} {self.accounts[one.account].name} {'overdue' if one.overdue(self.now) else one.status}"
                f" {one.captured} {one.released} {one.left}"
                for one in self.held.values()
            ),
            "pending": "\n".join(
                f"{one.key} {one.kind} {one.shown(self.now)} {one.settled_by or '-'}" for one in self.pending.values()
            ),
            "monitors": "\n".join(
                f"{one.name} {self.watched(one)} {'crossed' if one.crossed else 'clear'}" for one in self.monitors
            ),
            "positions": "\n".join(
                f"{currency} {len(moves)} {moves[-1].quantity_after} {moves[-1].cost_after}"
                for currency, moves in sorted(self.positions.items())
                if moves
            ),
        }
