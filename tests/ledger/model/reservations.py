"""Reservations: set aside, increased, extended, captured in parts and in groups, released in part and whole, expired."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import multiple, precondition, rule
from tests.ledger.model import asked
from tests.ledger.model.chances import (
    ACCOUNT,
    AMOUNT,
    BATCH_WAY,
    CURRENCY,
    EXPIRY,
    KEY,
    SPENDABLE,
    WAY,
    Chances,
    held,
    requests,
)
from tests.ledger.model.sides import Sides
from tests.ledger.model.state import State
from tests.ledger.model.words import (
    EPOCH,
    FOREVER,
    NET_MAX,
    NOBODY,
    Answer,
    Held,
    Leg,
    Raised,
    Wanted,
    WantedChange,
    WantedReservation,
    hour_of,
)

from headgate import ledger
from headgate.core.money import Money


class ReservationsBook(State):
    """What the model says."""

    def reserve_many(self, wanted: Sequence[WantedReservation], *, atomic: bool) -> list[Answer]:
        """Judge reservations in their order."""
        self.refuse_conflicts(self.reservation_requests, wanted, atomic)
        self.mark_overdue(one.account for one in wanted)
        return self.batch(self.reservation_requests, wanted, self._judge_reservation, atomic)

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

    def take_from_reservation(self, wanted: Wanted) -> Answer | None:
        """What the judge asks of a capture."""
        if wanted.reservation is None:
            return None
        held = self._held(wanted.reservation)
        if held is None:
            return Answer(20)
        debit_normal = self.accounts[held.account].debit_normal
        taken = sum(leg.amount for leg in wanted.legs if held.account == (leg.credit if debit_normal else leg.debit))
        if not taken:
            return Answer(21)
        if held.status != "active":
            return Answer(22, {"reservation_status": held.status})
        if held.left < taken:
            return Answer(23, {"available_minor": held.left})
        held.left, held.captured = held.left - taken, held.captured + taken
        held.status = "active" if held.left else "captured"
        return None

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
                self.changes["released"] += 1
        self.look()
        return answers

    def change(self, wanted: WantedChange) -> list[Answer]:
        """More for a reservation, or a part of it back, once a key."""
        self.refuse_conflicts(self.reservation_requests, [wanted], True)
        if wanted.reservation not in self.held:
            raise Raised("ledger.reservation_not_found")
        self.mark_overdue([self.held[wanted.reservation].account])
        return self.batch(self.reservation_requests, [wanted], self._judge_change, False)

    def _judge_change(self, wanted: WantedChange) -> Answer:
        held = self.held[wanted.reservation]
        account = self.accounts[held.account]
        rises = wanted.kind == "increased"
        if wanted.amount <= 0:
            return Answer(10)
        if wanted.amount > NET_MAX:
            return Answer(11)
        if wanted.currency != account.currency:
            return Answer(15)
        if rises and account.status != "open":
            return Answer(16 if account.status == "closed" else 17)
        if held.status != "active":
            return Answer(22, {"reservation_status": held.status})
        if not rises and wanted.amount > held.left:
            return Answer(23, {"available_minor": held.left})
        if rises and wanted.amount > self.room_down(account):
            return Answer(40, {"account": account.id, "available_minor": self.room_down(account)})
        if rises and held.amount + wanted.amount > NET_MAX:
            return Answer(11)
        held.left += wanted.amount if rises else -wanted.amount
        if rises:
            held.amount += wanted.amount
        else:
            held.released += wanted.amount
            held.status = "active" if held.left else "released"
        self.changes[wanted.kind] += 1
        return Answer(0)

    def extend(self, key: str, expires_at: datetime | None) -> Answer:
        """Hold for longer; to the same time nothing happens."""
        if key not in self.held:
            raise Raised("ledger.reservation_not_found")
        held = self.held[key]
        self.mark_overdue([held.account])
        if held.status != "active":
            return Answer(22, {"reservation_status": held.status})
        if (expires_at or FOREVER) < (held.expires_at or FOREVER):
            return Answer(26)
        self.changes["extended"] += expires_at != held.expires_at
        held.expires_at = expires_at
        return Answer(0)

    def expire_due(self) -> int:
        """Mark every overdue reservation, and what else is overdue on their accounts."""
        return self.mark_overdue({one.account for one in self.held.values() if one.overdue(self.now)})

    def _held(self, number: int) -> Held | None:
        return next((one for one in self.held.values() if self.numbers.get(one.key) == number), None)


class ReservationsWorld(Sides):
    """How the book is asked."""

    book: Any

    def reserve(self, wanted: Sequence[WantedReservation], way: str) -> None:
        """Reservations, on both sides."""
        requested = [asked.reservation(one) for one in wanted]
        if way == "single":
            act: Callable[[], list[Any]] = lambda: [ledger.reserve(self.tx, **asked.fields(requested[0]))]  # noqa: E731
        else:
            act = lambda: list(ledger.reserve_many(self.tx, requested, way == "atomic"))  # noqa: E731
        self.both(act, lambda: self.book.reserve_many(wanted, atomic=way != "many"), wanted)

    def release(self, keys: Sequence[str], way: str) -> None:
        """Releases, on both sides."""
        numbers = [self.book.numbers.get(key, NOBODY) for key in keys]
        self.both(
            lambda: [ledger.release(self.tx, numbers[0])] if way == "single" else ledger.release_many(self.tx, numbers),
            lambda: self.book.release_many(numbers),
        )

    def change(self, wanted: WantedChange) -> None:
        """More set aside, or a part given back, on both sides."""
        number = self.book.numbers.get(wanted.reservation, NOBODY)
        verb = ledger.increase if wanted.kind == "increased" else ledger.release_part
        amount = Money(wanted.amount, wanted.currency)
        self.both(
            lambda: [verb(self.tx, idempotency_key=wanted.key, reservation_id=number, amount=amount)],
            lambda: self.book.change(wanted),
        )

    def extend(self, key: str, expires_at: datetime | None) -> None:
        """A reservation holds for longer, on both sides."""
        number = self.book.numbers.get(key, NOBODY)
        self.both(
            lambda: [ledger.extend(self.tx, reservation_id=number, expires_at=expires_at)],
            lambda: [self.book.extend(key, expires_at)],
        )

    def expire_due(self) -> None:
        """The job that marks what is overdue."""
        marked, expected = ledger.expire_due(self.tx), self.book.expire_due()
        assert marked == expected, f"the book marks {marked}, the model {expected}"


class ReservationsRules(Chances):
    """In any order, with any arguments."""

    def reservation(self, key: str, account: str, amount: Any, currency: str, expiry: int | None) -> WantedReservation:
        at = None if expiry is None else EPOCH + timedelta(hours=self.hour + expiry)
        return WantedReservation(
            self.key(key),
            self.world.number(account),
            self.minor(amount, self.world.account(account)),
            currency,
            expires_at=at,
        )

    @rule(target=held, key=KEY, account=SPENDABLE, amount=AMOUNT, currency=CURRENCY, expiry=EXPIRY, way=WAY)
    def reserve(self, key: str, account: str, amount: Any, currency: str, expiry: int | None, way: str) -> Any:
        return self.reserved([self.reservation(key, account, amount, currency, expiry)], way)

    @rule(
        target=held,
        batch=st.lists(st.tuples(KEY, SPENDABLE, AMOUNT, CURRENCY, EXPIRY), min_size=2, max_size=4),
        twin=st.booleans(),
        way=BATCH_WAY,
    )
    def reserve_batch(self, batch: list[Any], twin: bool, way: str) -> Any:
        wanted = [self.reservation(*one) for one in batch]
        return self.reserved([*wanted, *wanted[:twin]], way)

    def reserved(self, wanted: list[WantedReservation], way: str) -> Any:
        self.world.reserve(wanted, way)
        return multiple(*(one for one in wanted if one.key in self.world.book.held))

    @rule(target=requests, one=held)
    def remember(self, one: WantedReservation) -> Any:
        """A reservation is a request that may be asked for again."""
        return one

    def captured(self, one: WantedReservation, key: str, other: str, amount: Any, astray: bool) -> Wanted:
        """A capture takes from the account of its reservation; astray, it takes from the other one."""
        book = self.world.book
        held = book.held[one.key]
        left = amount if isinstance(amount, int) else held.left + (amount == "one too much")
        debit, credit = held.account, self.world.number(other)
        if book.accounts[held.account].debit_normal != astray:
            debit, credit = credit, debit
        currency = book.accounts[held.account].currency
        return Wanted(self.key(key), (Leg(debit, credit, left, currency),), reservation=book.numbers[held.key])

    @rule(
        target=requests,
        one=held,
        key=KEY,
        other=ACCOUNT,
        amount=AMOUNT,
        astray=st.sampled_from((False, False, False, True)),
        fee=st.sampled_from((0, 0, 0, 3)),
        way=WAY,
    )
    def capture(
        self, one: WantedReservation, key: str, other: str, amount: Any, astray: bool, fee: int, way: str
    ) -> Any:
        """Now and then with a fee, which the reservation pays too."""
        wanted = self.captured(one, key, other, amount, astray)
        if fee:
            leg = wanted.legs[0]
            wanted = Wanted(
                wanted.key, (leg, Leg(leg.debit, leg.credit, fee, leg.currency)), reservation=wanted.reservation
            )
        return self.posted([wanted], way)

    @rule(astray=st.booleans(), amount=st.integers(1, 20))
    def capture_what_was_just_set_aside(self, astray: bool, amount: int) -> None:
        """From its account, or from the other side of the entry, which is refused."""
        wanted = self.reservation("", "client", amount, "USD", None)
        self.world.reserve([wanted], "single")
        if wanted.key in self.world.book.held:
            self.posted([self.captured(wanted, "", "cash", "all", astray)], "single")

    @rule(
        target=requests,
        first=held,
        second=held,
        key=KEY,
        other=ACCOUNT,
        amounts=st.tuples(AMOUNT, AMOUNT, AMOUNT),
        way=BATCH_WAY,
    )
    def capture_batch(self, first: Any, second: Any, key: str, other: str, amounts: tuple[Any, ...], way: str) -> Any:
        """A group of captures, of one reservation more than one."""
        wanted = [
            self.captured(one, one_key, other, amount, False)
            for one, one_key, amount in zip((first, second, first), (key, "", ""), amounts, strict=True)
        ]
        self.posted(wanted, way)
        return multiple(*wanted)

    @rule(
        target=requests,
        one=held,
        key=KEY,
        kind=st.sampled_from(("increased", "released")),
        amount=AMOUNT,
        currency=CURRENCY,
    )
    def change(self, one: WantedReservation, key: str, kind: str, amount: Any, currency: str) -> Any:
        held = self.world.book.held[one.key]
        room = self.world.book.room_down(self.world.book.accounts[held.account])
        most = min(room, NET_MAX) if kind == "increased" else held.left
        minor = amount if isinstance(amount, int) else most + (amount == "one too much")
        wanted = WantedChange(self.key(key), one.key, kind, minor, currency)
        self.world.change(wanted)
        return wanted

    @rule(one=held, hours=st.sampled_from((None, 1, 3, 24)))
    def extend(self, one: WantedReservation, hours: int | None) -> None:
        self.world.extend(one.key, None if hours is None else EPOCH + timedelta(hours=self.hour + hours))

    @rule(one=held, other=held, way=st.sampled_from(("single", "many")))
    def release(self, one: WantedReservation, other: WantedReservation, way: str) -> None:
        self.world.release([one.key] if way == "single" else [one.key, other.key, one.key], way)

    @precondition(lambda self: self.keys % 7 == 3)
    @rule(way=BATCH_WAY)
    def capture_and_release_what_is_not_there(self, way: str) -> None:
        self.world.release(["nothing"], "single")
        leg = Leg(self.world.number("client"), self.world.number("cash"), 1)
        self.world.post([Wanted(self.key(""), (leg,), reservation=NOBODY)], way)

    @rule(one=held)
    def wait_for_its_expiry(self, one: WantedReservation) -> None:
        expires_at = self.world.book.held[one.key].expires_at
        if expires_at is not None and expires_at > self.world.book.now:
            self.world.wait(hour_of(expires_at) - self.hour)

    @rule()
    def expire_due(self) -> None:
        self.world.expire_due()
