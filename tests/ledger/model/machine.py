"""Histories: every verb of the book, in any order, with any arguments. A new verb is one rule more.

A failing history is told by Hypothesis as a story, shrunk to what matters:

    state.fund(account='client', amount=1)
    k2 = state.reserve(account='client', amount='all', …)
    state.capture(held=k2, …)

Amounts are minor units, or `all` and `one too much`: what the account may just still give, and one more.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, precondition, rule
from tests.ledger.model.words import (
    EPOCH,
    NET_MAX,
    NOBODY,
    Account,
    Leg,
    Wanted,
    WantedChange,
    WantedReservation,
    hour_of,
)
from tests.ledger.model.world import LATER, NAMES, Ground, World

USUAL = ("cash", "client", "client", "card", "till", "fees", "costs")
ACCOUNT = st.sampled_from((*USUAL, *USUAL, *USUAL, *LATER, *LATER, "euro"))
SPENDABLE = st.sampled_from(("client",) * 6 + ("card", "till", "card", *NAMES))
AMOUNTS = (
    *(*range(1, 100, 3), *range(2, 40, 2), 100, 101, 500),
    *("all", "all", "all", "all", "all", "one too much", "one too much"),
    *(0, -1, NET_MAX, NET_MAX + 1),
)
# Deferred, so that what Hypothesis writes about the rules stays short.
AMOUNT = st.deferred(lambda: st.sampled_from(AMOUNTS))
KEY = st.sampled_from(("",) * 12 + ("a", "b", "c"))
"""A new key, or one that may stand for something already."""
CURRENCY = st.sampled_from(("USD",) * 15 + ("EUR",))
WAY = st.sampled_from(("single", "many", "atomic"))
BATCH_WAY = st.sampled_from(("many", "atomic"))
WHEN = st.one_of(st.none(), st.none(), st.sampled_from((0, -3, -30, -24 * 40, 6, 11, 30)))
"""The effective time, in hours before or after the epoch; usually none."""
EXPIRY = st.sampled_from((None, None, None, 1, 1, 2, 2, 5, 24, 0))
LIMIT = st.sampled_from((None, 0, 0, -100, 100, 500, NET_MAX, -NET_MAX))
STATUS = st.sampled_from(("open", "open", "frozen", "closed"))
SIDES = st.sampled_from(
    (
        *(("client", "fees"), ("client", "card"), ("client", "cash"), ("card", "client"), ("card", "cash")),
        *(("cash", "client"), ("cash", "card"), ("till", "client"), ("cash", "till"), ("costs", "till")),
        *(("client", "fees"), ("cash", "client"), ("cash", "last"), ("fees", "costs"), ("fees", "client")),
    )
)
"""Debit and credit as one would write them; any two now and then."""
USUAL_LEG = st.builds(lambda sides, amount: (*sides, amount, "USD"), SIDES, AMOUNT)
ANY_LEG = st.tuples(ACCOUNT, ACCOUNT, AMOUNT, CURRENCY)
LEG = st.deferred(lambda: st.one_of(USUAL_LEG, USUAL_LEG, USUAL_LEG, USUAL_LEG, ANY_LEG))
DOOMED = ("client", "fees", NET_MAX, "USD")
"""A leg that takes with it what its posting did before."""
UP_TO_THREE = st.deferred(lambda: st.lists(LEG, min_size=1, max_size=3))
LEGS = st.one_of(
    *(UP_TO_THREE, UP_TO_THREE, UP_TO_THREE),
    st.builds(lambda legs: [*legs, DOOMED], st.lists(LEG, min_size=1, max_size=2)),
)
TWIN = "as before"
"""In a batch: the same request once more, under its key."""


class Histories(RuleBasedStateMachine):
    """The rules. A subclass names the ground that its histories begin on."""

    ground: ClassVar[Ground]
    told: ClassVar[Counter[str]] = Counter()
    """How many histories and steps there were, and how often each result code was the answer."""

    requests = Bundle("requests")
    held = Bundle("held")
    pendings = Bundle("pendings")

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.ground)
        self.keys = 0

    # Words -----------------------------------------------------------------------------------------------------------
    def key(self, key: str) -> str:
        self.keys += key == ""
        return key or f"k{self.keys}"

    def minor(self, amount: Any, account: Account | None) -> int:
        """`all` is what may still leave an account."""
        if isinstance(amount, int):
            return amount
        room = 1 if account is None else min(self.world.book.room_down(account), NET_MAX)
        return room + (amount == "one too much")

    def leg(self, leg: tuple[str, str, Any, str]) -> Leg:
        debit, credit, amount, currency = leg
        source = next((a for a in map(self.world.account, (debit, credit)) if a and a.least is not None), None)
        return Leg(self.world.number(debit), self.world.number(credit), self.minor(amount, source), currency)

    def posting(self, key: str, legs: list[tuple[str, str, Any, str]], when: int | None = None) -> Wanted:
        at = None if when is None else EPOCH + timedelta(hours=when)
        return Wanted(self.key(key), tuple(self.leg(leg) for leg in legs), at)

    # Postings --------------------------------------------------------------------------------------------------------
    @rule(target=requests, account=st.sampled_from(("client", "card", "till", "costs")), amount=st.integers(1, 200))
    def fund(self, account: str, amount: int) -> Wanted:
        into = self.world.account(account)
        assert into is not None
        sides = (account, "fees") if into.debit_normal else ("cash", account)
        return self.posted([self.posting("", [(*sides, amount, "USD")])], "single")

    @rule(target=requests, key=KEY, legs=LEGS, when=WHEN, way=WAY)
    def post(self, key: str, legs: list[Any], when: int | None, way: str) -> Wanted:
        return self.posted([self.posting(key, legs, when)], way)

    @rule(
        target=requests,
        batch=st.lists(st.tuples(KEY, st.one_of(LEGS, LEGS, st.just(TWIN))), min_size=2, max_size=5),
        when=WHEN,
        way=BATCH_WAY,
    )
    def post_batch(self, batch: list[tuple[str, Any]], when: int | None, way: str) -> Any:
        wanted: list[Wanted] = []
        for key, legs in batch:
            if legs != TWIN:
                wanted.append(self.posting(key, legs, when))
            elif wanted:
                wanted.append(wanted[-1])
        if not wanted:
            return multiple()
        self.posted(wanted, way)
        return multiple(*wanted)

    def posted(self, wanted: list[Wanted], way: str) -> Wanted:
        self.world.post(wanted, way)
        return wanted[0]

    @rule(request=requests, way=WAY)
    def again(self, request: Any, way: str) -> None:
        """The same key, the same body: the first answer, for ever."""
        if isinstance(request, WantedChange):
            self.world.change(request)
        elif isinstance(request, WantedReservation):
            self.world.reserve([request], way)
        else:
            if request.reverses:
                self.world.reverse(request.key, request.reverses, request.reason, request.part)
            elif request.settles:
                self.world.settle(request.key, request.settles, request.part, request.effective_at)
            else:
                self.world.post([request], way)

    @rule(request=requests, way=WAY, amount=st.integers(1, 3))
    def another_body(self, request: Any, way: str, amount: int) -> None:
        """The same key, mostly another body: a conflict, for ever."""
        if isinstance(request, WantedChange):
            self.world.change(replace(request, amount=amount))
            return
        if isinstance(request, WantedReservation):
            other = WantedReservation(request.key, request.account, amount, request.currency, request.source)
            self.world.reserve([other], way)
            return
        leg = request.legs[0]
        self.world.post([Wanted(request.key, (Leg(leg.debit, leg.credit, amount, leg.currency),))], way)

    @rule(
        target=requests,
        request=requests,
        key=KEY,
        reason=st.sampled_from(("wrong", None)),
        part=st.sampled_from((None, None, "entry", "proportional", "in_order", "keep")),
        amount=AMOUNT,
        n=st.integers(1, 3),
        once=st.booleans(),
    )
    def reverse(
        self, request: Any, key: str, reason: str | None, part: str | None, amount: Any, n: int, once: bool
    ) -> Any:
        if not isinstance(request, Wanted):
            return multiple()
        how = self.part(request, part, amount, n)
        reversals = [
            self.world.reverse(self.key(one_key), request.key, reason, how) for one_key in (key, "")[: 2 - once]
        ]
        return multiple(*(one for one in reversals if one is not None))

    def part(self, request: Wanted, part: str | None, amount: Any, n: int) -> tuple[Any, ...] | None:
        """How much of a transaction is reversed: one entry's part, or an amount by a rule."""
        first, answer = self.world.book.asked.get(request.key, (None, None))
        if part is None or first is None or answer is None or answer.code != 0:
            return None
        n = min(n, len(first.legs))
        leg = first.legs[n - 1]
        minor = amount if isinstance(amount, int) and 0 < amount < NET_MAX else leg.amount // 2 + 1
        if part == "entry":
            return ("entries", ((n, minor),))
        if part == "keep":
            return ("amount", minor, leg.currency, (n,), part) if len(first.legs) > 1 else None
        return ("amount", minor, leg.currency, None, part)

    # Pending ---------------------------------------------------------------------------------------------------------
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

    # Conditions and overrides ----------------------------------------------------------------------------------------
    @rule(
        target=requests,
        key=KEY,
        leg=LEG,
        when=WHEN,
        versions=st.tuples(*[st.sampled_from((None, None, 0, 1))] * 2),
        least=st.tuples(*[st.sampled_from((None, None, 0, 50, -50))] * 2),
        pending=st.sampled_from((False, False, True)),
        way=WAY,
    )
    def post_if(self, key: str, leg: Any, when: int | None, versions: Any, least: Any, pending: bool, way: str) -> Any:
        """Under conditions: a version is the right one, or the one before it."""
        one = self.leg(leg)
        known = [self.world.book.accounts.get(number) for number in (one.debit, one.credit)]
        wanted_versions = [
            None if off is None or account is None else max(account.legs - off, 0)
            for off, account in zip(versions, known, strict=True)
        ]
        conditional = Leg(one.debit, one.credit, one.amount, one.currency, *wanted_versions, *least)
        at = None if when is None else EPOCH + timedelta(hours=when)
        wanted = Wanted(self.key(key), (conditional,), at, pending=pending)
        self.posted([wanted], way)
        return wanted

    @rule(target=requests, key=KEY, legs=LEGS, hours=st.sampled_from((-30, -3, 0)), way=WAY, approved=st.booleans())
    def backdate(self, key: str, legs: list[Any], hours: int, way: str, approved: bool) -> Any:
        wanted = self.posting(key, legs, hours)
        return self.posted([replace(wanted, override="apr_1" if approved else None)], way)

    # Reservations ----------------------------------------------------------------------------------------------------
    def reservation(self, key: str, account: str, amount: Any, currency: str, expiry: int | None) -> WantedReservation:
        at = None if expiry is None else EPOCH + timedelta(hours=self.hour + expiry)
        return WantedReservation(
            self.key(key),
            self.world.number(account),
            self.minor(amount, self.world.account(account)),
            currency,
            expires_at=at,
        )

    @property
    def hour(self) -> int:
        return (self.world.book.now - EPOCH) // timedelta(hours=1)

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
        astray=st.sampled_from((False,) * 9 + (True,)),
        way=WAY,
    )
    def capture(self, one: WantedReservation, key: str, other: str, amount: Any, astray: bool, way: str) -> Any:
        return self.posted([self.captured(one, key, other, amount, astray)], way)

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

    # The clock -------------------------------------------------------------------------------------------------------
    @rule(hours=st.sampled_from((1, 4, 12, 24)))
    def wait(self, hours: int) -> None:
        self.world.wait(hours)

    @rule(one=held)
    def wait_for_its_expiry(self, one: WantedReservation) -> None:
        expires_at = self.world.book.held[one.key].expires_at
        if expires_at is not None and expires_at > self.world.book.now:
            self.world.wait(hour_of(expires_at) - self.hour)

    @rule()
    def expire_due(self) -> None:
        self.world.expire_due()

    # Periods ---------------------------------------------------------------------------------------------------------
    @rule(days=st.integers(1, 3), late=st.sampled_from(("refuse", "route")))
    def close_period(self, days: int, late: str) -> None:
        self.world.close_period(days, late)

    @rule()
    def reopen_period(self) -> None:
        self.world.reopen_period()

    # Accounts --------------------------------------------------------------------------------------------------------
    @precondition(lambda self: self.keys % 5 == 0 or not self.world.names.keys() & set(LATER))
    @rule(account=st.sampled_from(LATER), type=st.sampled_from(("ASSET", "LIABILITY", "EQUITY")), least=LIMIT)
    def open_account(self, account: str, type: str, least: int | None) -> None:
        self.world.open(account, type, min(least, 0) if least is not None else None, None)

    @rule(account=st.sampled_from((*LATER, *LATER, *NAMES)), status=STATUS)
    def set_status(self, account: str, status: str) -> None:
        self.world.set_status(account, status)

    @rule(account=st.sampled_from(("client", "card", "till", *LATER)), least=LIMIT, most=LIMIT)
    def set_limits(self, account: str, least: int | None, most: int | None) -> None:
        self.world.set_limits(account, least, most)

    @precondition(lambda self: any(account.status != "open" for account in self.world.book.accounts.values()))
    @rule()
    def thaw(self) -> None:
        """Otherwise a history soon stands still among frozen accounts."""
        for account in self.world.book.accounts.values():
            if account.status == "frozen":
                self.world.set_status(account.name, "open")

    # What holds after each step --------------------------------------------------------------------------------------
    @invariant()
    def the_book_is_what_the_model_is(self) -> None:
        self.world.compare()

    def teardown(self) -> None:
        self.told["histories"] += 1
        self.told.update(self.world.told)
        try:
            if self.world.sound:
                self.world.last()
        finally:
            self.world.close()
