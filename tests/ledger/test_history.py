"""Random histories against a plain model: whatever is asked for, in whatever order, the book says what it says."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests import make
from tests.ledger.conftest import Book, book_of

from headgate import ledger
from headgate.core import invariants
from headgate.core.db import Database
from headgate.core.errors import Refused
from headgate.core.money import Money
from headgate.ledger import Capture, Entry, Posted, Posting, Reservation, ReservationRequest

HISTORIES = int(os.environ.get("HEADGATE_TEST_HISTORIES", "8"))
STEPS = int(os.environ.get("HEADGATE_TEST_STEPS", "25"))
AMOUNTS = st.integers(-1, 400)
NORMAL_DEBIT = (True, False, False)
LEAST = (None, 0, -100)


@dataclass
class Held:
    """A reservation of the model."""

    account: int
    left: int
    status: str = "active"


@dataclass
class Model:
    """Three accounts: an asset without limit, a liability without overdraft, a liability with an overdraft of 1.00."""

    net: list[int] = field(default_factory=lambda: [0, 0, 0])
    held: dict[int, Held] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)

    def balance(self, account: int) -> int:
        return self.net[account] if NORMAL_DEBIT[account] else -self.net[account]

    def reserved(self, account: int) -> int:
        return sum(one.left for one in self.held.values() if one.account == account and one.status == "active")

    def short(self, account: int, amount: int) -> bool:
        least = LEAST[account]
        return least is not None and self.balance(account) - self.reserved(account) - amount < least

    def post(self, entries: list[tuple[int, int, int]]) -> str:
        """The code of the first objection, checked as the errors are listed; nothing moves unless it is `done`."""
        for debit, credit, amount in entries:
            if amount <= 0:
                return "ledger.amount_not_positive"
            if debit == credit:
                return "ledger.same_account"
        before = list(self.net)
        for debit, credit, amount in entries:
            if not NORMAL_DEBIT[debit] and self.short(debit, amount):
                self.net = before
                return "ledger.insufficient_funds"
            if NORMAL_DEBIT[credit] and self.short(credit, amount):
                self.net = before
                return "ledger.insufficient_funds"
            self.net[debit] += amount
            self.net[credit] -= amount
        return "done"

    def reserve(self, account: int, amount: int) -> str:
        if amount <= 0:
            return "ledger.amount_not_positive"
        return "ledger.insufficient_funds" if self.short(account, amount) else "done"

    def capture(self, number: int, other: int, amount: int) -> str:
        held = self.held[number]
        if amount <= 0:
            return "ledger.amount_not_positive"
        if other == held.account:
            return "ledger.same_account"
        if held.status != "active":
            return "ledger.reservation_not_active"
        if amount > held.left:
            return "ledger.capture_exceeds_reservation"
        held.left -= amount
        entry = (other, held.account, amount) if NORMAL_DEBIT[held.account] else (held.account, other, amount)
        code = self.post([entry])
        if code != "done":
            held.left += amount
        elif held.left == 0:
            held.status = "captured"
        return code


def told(answer: Any) -> str:
    return answer.code if isinstance(answer, Refused) else "done"


class Histories(RuleBasedStateMachine):
    """Every verb, in any order, each compared with the model at once."""

    database: Database

    @initialize()
    def begin(self) -> None:
        tenant = make.tenant(self.database)
        self.book: Book = book_of(self.database, tenant)
        self.model = Model()
        self.keys = 0
        self.posted: list[tuple[int, list[tuple[int, int, int]]]] = []
        self.reversed: set[int] = set()
        self.repeatable: list[tuple[Posting, str]] = []
        with self.book.begin() as tx:
            kinds = (("asset", "ASSET", None), ("strict", "LIABILITY", 0), ("loose", "LIABILITY", -100))
            self.accounts = [
                ledger.create_account(
                    tx,
                    code=code,
                    name=code,
                    type=kind,
                    currency="USD",
                    min_balance=None if least is None else Money(least, "USD"),  # type: ignore[arg-type]
                ).id
                for code, kind, least in kinds
            ]

    def key(self) -> str:
        self.keys += 1
        return f"key{self.keys}"

    def entry(self, debit: int, credit: int, amount: int) -> Entry:
        return Entry(self.accounts[debit], self.accounts[credit], Money(amount, "USD"))

    @rule(debit=st.integers(0, 2), credit=st.integers(0, 2), amount=AMOUNTS)
    def post_one(self, debit: int, credit: int, amount: int) -> None:
        key, entries = self.key(), [(debit, credit, amount)]
        answer = self.book.do(ledger.post, idempotency_key=key, entries=[self.entry(*entries[0])])
        self.note(key, entries, answer)

    @rule(
        batch=st.lists(
            st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), AMOUNTS), min_size=1, max_size=3),
            min_size=1,
            max_size=5,
        )
    )
    def post_many(self, batch: list[list[tuple[int, int, int]]]) -> None:
        keys = [self.key() for _ in batch]
        postings = [
            Posting(key, [self.entry(*one) for one in entries]) for key, entries in zip(keys, batch, strict=True)
        ]
        for key, entries, answer in zip(keys, batch, self.book.do(ledger.post_many, postings), strict=True):
            self.note(key, entries, answer)

    def note(self, key: str, entries: list[tuple[int, int, int]], answer: Any) -> None:
        assert told(answer) == self.model.post(entries)
        if isinstance(answer, Posted):
            self.posted.append((answer.transaction_id, entries))
        self.repeatable.append((Posting(key, [self.entry(*one) for one in entries]), told(answer)))

    @precondition(lambda self: self.repeatable)
    @rule(data=st.data(), single=st.booleans())
    def repeat(self, data: st.DataObject, single: bool) -> None:
        posting, answer = data.draw(st.sampled_from(self.repeatable))
        if single:
            again = self.book.do(ledger.post, idempotency_key=posting.idempotency_key, entries=posting.entries)
        else:
            again = self.book.do(ledger.post_many, [posting])[0]
        assert told(again) == answer
        assert again.replayed

    @rule(requests=st.lists(st.tuples(st.integers(0, 2), AMOUNTS), min_size=1, max_size=3), atomic=st.booleans())
    def reserve(self, requests: list[tuple[int, int]], atomic: bool) -> None:
        wanted = [
            ReservationRequest(self.key(), self.accounts[account], Money(amount, "USD"), "test", "s")
            for account, amount in requests
        ]
        expected, made = [], {}
        for n, (account, amount) in enumerate(requests):
            code = self.model.reserve(account, amount)
            expected.append(code)
            if code == "done":
                made[-1 - n] = self.model.held[-1 - n] = Held(account, amount)
        if atomic and any(code != "done" for code in expected):
            expected = ["ledger.batch_refused" if code == "done" else code for code in expected]
            for number in made:
                del self.model.held[number]

        answers = self.book.do(ledger.reserve_many, wanted, atomic=atomic)

        assert [told(answer) for answer in answers] == expected
        for n, answer in enumerate(answers):
            if isinstance(answer, Reservation):
                self.model.held[answer.id] = self.model.held.pop(-1 - n)

    @precondition(lambda self: self.model.held)
    @rule(data=st.data(), parts=st.lists(st.tuples(st.integers(0, 2), AMOUNTS), min_size=1, max_size=3))
    def capture(self, data: st.DataObject, parts: list[tuple[int, int]]) -> None:
        chosen = [data.draw(st.sampled_from(sorted(self.model.held))) for _ in parts]
        captures = []
        for number, (other, amount) in zip(chosen, parts, strict=True):
            account = self.model.held[number].account
            debit, credit = (other, account) if NORMAL_DEBIT[account] else (account, other)
            captures.append(
                Capture(self.key(), number, Money(amount, "USD"), self.accounts[debit], self.accounts[credit])
            )

        answers = self.book.do(ledger.capture_many, captures)

        expected = [
            self.model.capture(number, other, amount) for number, (other, amount) in zip(chosen, parts, strict=True)
        ]
        assert [told(answer) for answer in answers] == expected

    @precondition(lambda self: self.model.held)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.model.held)))
        held = self.model.held[number]

        answer = self.book.do(ledger.release, number)

        assert told(answer) == ("ledger.reservation_not_active" if held.status == "captured" else "done")
        if held.status == "active":
            held.status, held.left = "released", 0

    @precondition(lambda self: self.posted)
    @rule(data=st.data())
    def reverse(self, data: st.DataObject) -> None:
        number, entries = data.draw(st.sampled_from(self.posted))

        answer = self.book.do(ledger.reverse, idempotency_key=self.key(), transaction_id=number, reason="x")

        if number in self.reversed:
            assert told(answer) == "ledger.already_reversed"
            return
        assert told(answer) == self.model.post([(credit, debit, amount) for debit, credit, amount in reversed(entries)])
        if isinstance(answer, Posted):
            self.reversed.add(number)

    @invariant()
    def the_book_says_what_the_model_says(self) -> None:
        if not hasattr(self, "accounts"):
            return
        with self.book.begin() as tx:
            for n, account in enumerate(self.accounts):
                found = ledger.balance(tx, account)
                assert found.posted.minor == self.model.balance(n)
                assert found.reserved.minor == self.model.reserved(n)
                assert found.available.minor == self.model.balance(n) - self.model.reserved(n)

    def teardown(self) -> None:
        if hasattr(self, "book"):
            report = invariants.run_checks(self.database, [self.book.tenant.id], full=True)
            assert report.ok, [found for found in report.invariants if found.violations]


@pytest.mark.slow
def test_every_history_ends_as_the_model_says(database: Database) -> None:
    class Here(Histories):
        pass

    Here.database = database
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=HISTORIES, stateful_step_count=STEPS, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


ENTRIES = st.tuples(
    st.integers(0, 3), st.integers(0, 3), st.sampled_from([0, 1, 5, 50]), st.sampled_from(["USD", "EUR"])
)


@settings(
    max_examples=int(os.environ.get("HEADGATE_TEST_HISTORIES", "15")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(wanted=st.lists(st.tuples(st.integers(0, 6), ENTRIES), min_size=1, max_size=12))
@pytest.mark.slow
def test_the_single_and_the_array_form_answer_alike(
    database: Database, wanted: list[tuple[int, tuple[int, int, int, str]]]
) -> None:
    """The same requests one by one and as one batch, keys used twice included: the same answers, entries, balances."""
    outcomes = []
    for form in ("single", "batch"):
        book = book_of(database, make.tenant(database))
        with book.begin() as tx:
            frozen = ledger.create_account(tx, code="frozen", name="F", type="ASSET", currency="USD").id
            ledger.set_status(tx, frozen, "frozen", reason="a test")
        accounts = [book.cash, book.client, book.clearing, frozen]
        postings = [
            Posting(f"k{key}", [Entry(accounts[debit], accounts[credit], Money(amount, currency))])
            for key, (debit, credit, amount, currency) in wanted
        ]
        if form == "batch":
            answers = book.do(ledger.post_many, postings)
        else:
            answers = []
            for posting in postings:
                try:
                    answers.append(
                        book.do(ledger.post, idempotency_key=posting.idempotency_key, entries=posting.entries)
                    )
                except ledger.IdempotencyConflict as conflict:
                    answers.append(Refused(conflict.code, ""))
        names = {account: n for n, account in enumerate(accounts)}
        with book.begin() as tx:
            entries = [
                (names[e.debit], names[e.credit], e.amount, e.debit_seq, e.debit_net, e.credit_seq, e.credit_net)
                for e in reversed(ledger.list_entries(tx))
            ]
        outcomes.append(
            ([(told(a), getattr(a, "replayed", None)) for a in answers], entries, [book.balance(a) for a in accounts])
        )

    assert outcomes[0] == outcomes[1]
