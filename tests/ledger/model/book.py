"""The book as a plain model: integers, dicts and lists, written from the list of result codes (headgate/ledger/errors.py).

It knows nothing of SQL. A verb of the model changes the model and says what the book has to answer: a result code and
its figures, or the error that is raised. What the book should look like afterwards are lines of text (`shown`), so that
a difference reads as one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

NET_MAX = 2**62 - 1
NOBODY = 2**40
"""The number of an account, a reservation or a transaction that is not there."""


class Raised(Exception):
    """The book has to raise the error of this code and leave everything as it was."""


@dataclass
class Account:
    """An account as the model has it: limits on its normal side, None for none."""

    name: str
    id: int
    type: str
    currency: str
    least: int | None = None
    most: int | None = None
    zone: str | None = None
    status: str = "open"
    net: int = 0
    legs: int = 0

    @property
    def debit_normal(self) -> bool:
        return self.type in ("ASSET", "EXPENSE")

    @property
    def balance(self) -> int:
        return self.net if self.debit_normal else -self.net

    @property
    def floor(self) -> int:
        return -NET_MAX if self.least is None else self.least

    @property
    def ceiling(self) -> int:
        return NET_MAX if self.most is None else self.most


@dataclass(frozen=True)
class Leg:
    """One entry as it is asked for: account numbers, minor units."""

    debit: int
    credit: int
    amount: int
    currency: str = "USD"


@dataclass(frozen=True)
class Wanted:
    """A posting, a capture or a reversal that is asked for."""

    key: str
    legs: tuple[Leg, ...]
    effective_at: datetime | None = None
    reservation: int | None = None
    reverses: str | None = None
    reason: str | None = None

    @property
    def body(self) -> Wanted:
        """What the key stands for."""
        return replace(self, key="")

    def __repr__(self) -> str:
        return f"<{self.key}>"


@dataclass(frozen=True)
class WantedReservation:
    """A reservation that is asked for."""

    key: str
    account: int
    amount: int
    currency: str = "USD"
    source: str = "pay_1"
    expires_at: datetime | None = None

    @property
    def body(self) -> WantedReservation:
        """What the key stands for."""
        return replace(self, key="")

    def __repr__(self) -> str:
        return f"<{self.key}>"


@dataclass
class Held:
    """A reservation of the model. `marked`: an overdue one was given the status `expired`."""

    key: str
    account: int
    amount: int
    expires_at: datetime | None
    left: int = 0
    captured: int = 0
    released: int = 0
    status: str = "active"

    def overdue(self, now: datetime) -> bool:
        return self.status == "active" and self.expires_at is not None and self.expires_at <= now


@dataclass(frozen=True)
class Answer:
    """What the book has to answer: code 0 stands, 2 conflict, from 10 on refused with these figures."""

    code: int
    figures: dict[str, Any] = field(default_factory=dict)
    replayed: bool = False


@dataclass
class Book:
    """The whole model. `now` is the tenant's clock."""

    now: datetime
    accounts: dict[int, Account] = field(default_factory=dict)
    transactions: dict[str, tuple[Any, Answer]] = field(default_factory=dict)
    reservation_requests: dict[str, tuple[Any, Answer]] = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)
    reversed: set[str] = field(default_factory=set)
    journal: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    # What may move ---------------------------------------------------------------------------------------------------
    def reserved(self, account: int) -> int:
        """What counts against an account now: an overdue reservation does not, marked or not."""
        return sum(
            one.left
            for one in self.held.values()
            if one.account == account and one.status == "active" and not one.overdue(self.now)
        )

    def room_down(self, account: Account) -> int:
        """How much may leave an account."""
        return account.balance - account.floor - self.reserved(account.id)

    def room_up(self, account: Account) -> int:
        """How much an account may take."""
        return account.ceiling - account.balance

    def mark_overdue(self, accounts: Iterable[int]) -> int:
        """Give what is overdue on these accounts its status, as every verb does that locks them."""
        locked = set(accounts)
        due = [one for one in self.held.values() if one.account in locked and one.overdue(self.now)]
        for one in due:
            one.released, one.left, one.status = one.released + one.left, 0, "expired"
        return len(due)

    # Posting ---------------------------------------------------------------------------------------------------------
    def post_many(self, wanted: Sequence[Wanted], *, atomic: bool = False) -> list[Answer]:
        """Judge postings, captures and reversals in their order."""
        self._refuse_conflicts(self.transactions, wanted, atomic)
        self.mark_overdue(account for one in wanted for leg in one.legs for account in (leg.debit, leg.credit))
        return self._batch(self.transactions, wanted, self._judge, atomic)

    def _judge(self, wanted: Wanted) -> Answer:
        for n, leg in enumerate(wanted.legs, 1):
            code = self._objection(leg, wanted.effective_at)
            if code:
                return Answer(code, {"entry": n})
        refused = self._take_from_reservation(wanted)
        if refused:
            return refused
        if wanted.reverses is not None:
            original, _ = self.transactions[wanted.reverses]
            if original.reverses is not None:
                return Answer(30)
            if wanted.reverses in self.reversed:
                return Answer(31)
            self.reversed.add(wanted.reverses)
        day = self._day(wanted.legs[0], wanted.effective_at)
        for n, leg in enumerate(wanted.legs, 1):
            debit, credit = self.accounts[leg.debit], self.accounts[leg.credit]
            for account, rises in ((debit, debit.debit_normal), (credit, not credit.debit_normal)):
                room = self.room_up(account) if rises else self.room_down(account)
                if leg.amount > room:
                    return Answer(41 if rises else 40, {"entry": n, "account": account.id, "available_minor": room})
                # The debited account's new balance is in force when the credited one is judged.
                account.net += leg.amount if account is debit else -leg.amount
                account.legs += 1
            self._write(wanted, n, leg, day)
        return Answer(0)

    def _objection(self, leg: Leg, effective_at: datetime | None) -> int:
        debit, credit = self.accounts.get(leg.debit), self.accounts.get(leg.credit)
        if leg.amount <= 0:
            return 10
        if leg.amount > NET_MAX:
            return 11
        if leg.debit == leg.credit:
            return 12
        if debit is None:
            return 13
        if credit is None:
            return 14
        if {debit.currency, credit.currency} != {leg.currency}:
            return 15
        statuses = {debit.status, credit.status}
        if "closed" in statuses:
            return 16
        if "frozen" in statuses:
            return 17
        return 18 if self._day(leg, effective_at) > self._day(leg, None) else 0

    def _take_from_reservation(self, wanted: Wanted) -> Answer | None:
        if wanted.reservation is None:
            return None
        held = self._held(wanted.reservation)
        leg = wanted.legs[0]
        if held is None:
            return Answer(20)
        if held.account != (leg.credit if self.accounts[held.account].debit_normal else leg.debit):
            return Answer(21)
        if held.status != "active":
            return Answer(22, {"reservation_status": held.status})
        if held.left < leg.amount:
            return Answer(23, {"available_minor": held.left})
        held.left, held.captured = held.left - leg.amount, held.captured + leg.amount
        held.status = "active" if held.left else "captured"
        return None

    def _write(self, wanted: Wanted, n: int, leg: Leg, day: date) -> None:
        debit, credit = self.accounts[leg.debit], self.accounts[leg.credit]
        self.journal.append(
            f"{wanted.key} {day} {hour_of(wanted.effective_at or self.now)} {wanted.reverses or '-'} {n}"
            f" {debit.name} {credit.name} {leg.amount} {leg.currency}"
            f" {debit.legs} {debit.net} {credit.legs} {credit.net}"
        )

    def _day(self, leg: Leg, effective_at: datetime | None) -> date:
        """The day in the zone of the debited account's legal entity, else of the credited one's, else in UTC."""
        zones = [self.accounts[number].zone for number in (leg.debit, leg.credit) if number in self.accounts]
        zone = next((zone for zone in zones if zone), "UTC")
        return (effective_at or self.now).astimezone(ZoneInfo(zone)).date()

    # Reservations ----------------------------------------------------------------------------------------------------
    def reserve_many(self, wanted: Sequence[WantedReservation], *, atomic: bool) -> list[Answer]:
        """Judge reservations in their order."""
        self._refuse_conflicts(self.reservation_requests, wanted, atomic)
        self.mark_overdue(one.account for one in wanted)
        return self._batch(self.reservation_requests, wanted, self._judge_reservation, atomic)

    def _judge_reservation(self, wanted: WantedReservation) -> Answer:
        account = self.accounts.get(wanted.account)
        if wanted.amount <= 0:
            return Answer(10)
        if wanted.amount > NET_MAX:
            return Answer(11)
        if account is None:
            return Answer(13)
        if account.currency != wanted.currency:
            return Answer(15)
        if account.status == "closed":
            return Answer(16)
        if account.status == "frozen":
            return Answer(17)
        if wanted.expires_at is not None and wanted.expires_at <= self.now:
            return Answer(19)
        room = self.room_down(account)
        if wanted.amount > room:
            return Answer(40, {"account": account.id, "available_minor": room})
        self.held[wanted.key] = Held(wanted.key, account.id, wanted.amount, wanted.expires_at, left=wanted.amount)
        return Answer(0)

    def release_many(self, numbers: Sequence[int]) -> list[Answer]:
        """Give back what is left; a captured one is refused, one that ended otherwise stays as it is."""
        found = [self._held(number) for number in numbers]
        if None in found:
            raise Raised("ledger.reservation_not_found")
        held = [one for one in found if one is not None]
        self.mark_overdue(one.account for one in held)
        answers = [
            Answer(22, {"reservation_status": "captured"}) if one.status == "captured" else Answer(0) for one in held
        ]
        for one in held:
            if one.status == "active":
                one.released, one.left, one.status = one.released + one.left, 0, "released"
        return answers

    def _held(self, number: int) -> Held | None:
        return next((one for one in self.held.values() if self.numbers.get(one.key) == number), None)

    numbers: dict[str, int] = field(default_factory=dict)
    """What the book called each reservation, by its key: learned from its answer."""

    # Accounts --------------------------------------------------------------------------------------------------------
    def set_status(self, account: Account, status: str) -> None:
        """Open, freeze or close."""
        due = self.reserved(account.id)
        if account.status != status and account.status == "closed":
            raise Raised("ledger.account_closed")
        if account.status != status and status == "closed" and (account.net or due):
            raise Raised("ledger.account_not_empty")
        self.mark_overdue([account.id])
        account.status = status

    def set_limits(self, account: Account, least: int | None, most: int | None) -> None:
        """Give other limits, which the balance and what is reserved must respect."""
        asked = replace(account, least=least, most=most)
        if asked.floor > asked.ceiling:
            raise Raised("ledger.malformed_account")
        if not asked.floor <= account.balance <= asked.ceiling or self.room_down(asked) < 0:
            raise Raised("ledger.balance_beyond_limits")
        self.mark_overdue([account.id])
        account.least, account.most = least, most

    # Keys and batches ------------------------------------------------------------------------------------------------
    def _refuse_conflicts(self, known: dict[str, tuple[Any, Answer]], wanted: Sequence[Any], atomic: bool) -> None:
        bodies = {key: body for key, (body, _) in known.items()}
        for one in wanted:
            if bodies.setdefault(one.key, one.body) != one.body and atomic:
                raise Raised("ledger.idempotency_conflict")

    def _batch(
        self,
        known: dict[str, tuple[Any, Answer]],
        wanted: Sequence[Any],
        judge: Callable[[Any], Answer],
        atomic: bool,
    ) -> list[Answer]:
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
                    if answer.code == 0:
                        answers[key] = Answer(60, {"refused_key": culprit})
        for key, answer in answers.items():
            known[key] = (new[key].body, answer)
            if answer.code:
                self.refusals.append(f"{key} {answer.code}")
        seen: set[str] = set()
        told = []
        for one in wanted:
            first = one.key in new and one.key not in seen
            seen.add(one.key)
            body, answer = known[one.key]
            told.append(Answer(2) if body != one.body else replace(answer, replayed=not first))
        return told

    def _heard(
        self, known: dict[str, tuple[Any, Answer]], new: dict[str, Any], answers: dict[str, Answer], one: Any
    ) -> Answer:
        body, answer = known[one.key] if one.key in known else (new[one.key].body, answers[one.key])
        return answer if body == one.body else Answer(2)

    def _alone(self, judge: Callable[[Any], Answer], one: Any) -> Answer:
        """A refused request leaves nothing of what it had taken."""
        with self.undoable() as undo:
            answer = judge(one)
            if answer.code:
                undo()
        return answer

    @contextmanager
    def undoable(self) -> Any:
        """A part that can be taken back."""
        accounts = [(account, account.net, account.legs) for account in self.accounts.values()]
        held = {key: replace(one) for key, one in self.held.items()}
        undone, lines = set(self.reversed), len(self.journal)

        def undo() -> None:
            for account, net, legs in accounts:
                account.net, account.legs = net, legs
            self.held, self.reversed = held, undone
            del self.journal[lines:]

        yield undo

    # What the book has to look like ----------------------------------------------------------------------------------
    def shown(self) -> dict[str, str]:
        """The book, table by table, a line a row."""
        return {
            "accounts": "\n".join(
                f"{a.name} {a.status} {a.net} {a.legs} {a.balance} {self.reserved(a.id)} {a.balance - self.reserved(a.id)}"
                for a in sorted(self.accounts.values(), key=lambda a: a.id)
            ),
            "journal": "\n".join(self.journal),
            "refusals": "\n".join(self.refusals),
            "reservations": "\n".join(
                f"{one.key} {self.accounts[one.account].name} {self._status(one)} {one.captured} {one.released} {one.left}"
                for one in self.held.values()
            ),
        }

    def _status(self, one: Held) -> str:
        return "overdue" if one.overdue(self.now) else one.status


EPOCH = datetime.fromisoformat("2031-03-08T12:00:00+00:00")
"""Noon before the night in which Chicago's clocks change. A history begins half an hour later, and goes by whole hours:
so what falls due on the hour is on one side of now, however long the history takes."""
START = EPOCH + timedelta(minutes=30)


def hour_of(at: datetime) -> int:
    """The hour since the epoch that an instant lies in."""
    return (at - EPOCH) // timedelta(hours=1)
