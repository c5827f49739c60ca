"""Histories: every verb of the book, in any order, with any arguments. A new verb is one rule more.

A failing history is told by Hypothesis as a story, shrunk to what matters:

    state.fund(account='client', amount=1)
    k2 = state.reserve(account='client', amount='all', …)
    state.capture(held=k2, …)

Amounts are minor units, or `all` and `one too much`: what the account may just still give, and one more.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, precondition, rule
from tests.ledger.model.book import EPOCH, NET_MAX, NOBODY, Account, Leg, Wanted, WantedReservation, hour_of
from tests.ledger.model.world import LATER, NAMES, Ground, World

USUAL = ("cash", "client", "client", "card", "till", "fees", "costs")
ACCOUNT = st.sampled_from((*USUAL, *USUAL, *USUAL, *LATER, *LATER, "euro"))
SPENDABLE = st.sampled_from(("client",) * 6 + ("card", "till", "card", *NAMES))
AMOUNT = st.sampled_from(
    (
        *range(1, 100, 9),
        *range(2, 40, 5),
        100,
        101,
        "all",
        "all",
        "all",
        "all",
        "one too much",
        0,
        -1,
        500,
        NET_MAX,
        NET_MAX + 1,
    )
)
KEY = st.sampled_from(("",) * 12 + ("a", "b", "c"))
"""A new key, or one that may stand for something already."""
CURRENCY = st.sampled_from(("USD",) * 15 + ("EUR",))
WAY = st.sampled_from(("single", "many", "atomic"))
BATCH_WAY = st.sampled_from(("many", "atomic"))
WHEN = st.one_of(st.none(), st.none(), st.sampled_from((0, -3, -30, -24 * 40, 6, 11, 30)))
"""The effective time, in hours before or after the epoch; usually none."""
EXPIRY = st.sampled_from((None, None, None, 1, 1, 2, 2, 5, 24, 0))
LIMIT = st.sampled_from((None, 0, 0, -100, 100, 500, NET_MAX, -NET_MAX))
STATUS = st.sampled_from(("open", "frozen", "open", "closed"))
SIDES = st.sampled_from(
    (
        *(("client", "fees"), ("client", "card"), ("client", "cash"), ("card", "client"), ("card", "cash")),
        *(("cash", "client"), ("cash", "card"), ("till", "client"), ("cash", "till"), ("costs", "till")),
        *(("client", "later"), ("later", "client"), ("cash", "last"), ("fees", "costs"), ("fees", "client")),
    )
)
"""Debit and credit as one would write them; any two now and then."""
LEG = st.one_of(
    *[st.builds(lambda sides, amount: (*sides, amount, "USD"), SIDES, AMOUNT)] * 4,
    st.tuples(ACCOUNT, ACCOUNT, AMOUNT, CURRENCY),
)
DOOMED = ("client", "fees", NET_MAX, "USD")
"""A leg that takes with it what its posting did before."""
LEGS = st.one_of(
    *[st.lists(LEG, min_size=1, max_size=3)] * 3,
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
        if isinstance(request, WantedReservation):
            self.world.reserve([request], way)
        else:
            self.world.post([request], "single" if request.reverses else way)

    @rule(request=requests, way=WAY, amount=st.integers(1, 3))
    def another_body(self, request: Any, way: str, amount: int) -> None:
        """The same key, mostly another body: a conflict, for ever."""
        if isinstance(request, WantedReservation):
            other = WantedReservation(request.key, request.account, amount, request.currency, request.source)
            self.world.reserve([other], way)
            return
        leg = request.legs[0]
        self.world.post([Wanted(request.key, (Leg(leg.debit, leg.credit, amount, leg.currency),))], way)

    @rule(target=requests, request=requests, key=KEY, reason=st.sampled_from(("wrong", None)), once=st.booleans())
    def reverse(self, request: Any, key: str, reason: str | None, once: bool) -> Any:
        if isinstance(request, WantedReservation) or request.key not in self.world.book.transactions:
            return multiple()
        first, _ = self.world.book.transactions[request.key]
        legs = tuple(Leg(leg.credit, leg.debit, leg.amount, leg.currency) for leg in reversed(first.legs))
        reversals = [
            Wanted(self.key(one_key), legs, reverses=request.key, reason=reason) for one_key in (key, "")[: 2 - once]
        ]
        for reversal in reversals:
            self.posted([reversal], "single")
        return multiple(*reversals)

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
