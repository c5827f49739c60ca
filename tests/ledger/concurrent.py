"""Many at once, and afterwards: was there one order in which all of it is true?

Workers call random verbs on a few accounts; each call is written down with its answer and with the times between which
it ran. Every verb locks its accounts and stamps its rows while it holds them, so the stamps name the one order that has
to explain everything. `faults` replays the calls in that order through the plain model (tests/ledger/model/book.py) and
compares: each answer with its figures, the journal leg by leg, and each stamp with the times of its call. So a refusal
was true at an instant while its caller waited, and nothing was posted that no one was told of.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.ledger.conftest import Book as RealBook
from tests.ledger.model.book import Book
from tests.ledger.model.words import NOBODY, Account, Answer, Leg, Raised, Wanted, WantedReservation
from tests.ledger.model.world import JOURNAL, VERBS, _capture, _fields, _open, _posting, _reservation_request

from headgate import ledger
from headgate.core import ids
from headgate.core.errors import HeadgateError, Refused
from headgate.core.money import Money

CAST = (
    Account("cash", 0, "ASSET", "USD"),
    Account("shop", 0, "LIABILITY", "USD", least=0),
    Account("card", 0, "LIABILITY", "USD", least=-300, most=2000),
    Account("till", 0, "ASSET", "USD", least=0, most=1500),
    Account("fees", 0, "REVENUE", "USD"),
)
SLACK = 0.002
"""Seconds by which the clocks of a worker and of its server may seem to differ."""


@dataclass
class Call:
    """One call: what was asked for, when it ran, and what came of it."""

    verb: str
    wanted: tuple[Any, ...]
    way: str = "single"
    invoked_at: float = 0.0
    answered_at: float = 0.0
    answers: list[Any] = field(default_factory=list)
    error: str | None = None

    def __str__(self) -> str:
        return f"{self.verb} {self.way} {list(self.wanted)}: {self.error or self.answers}"


@dataclass
class Record:
    """Everything that was said and done: the calls, and what the book says afterwards."""

    accounts: dict[int, Account]
    calls: list[Call]
    journal: list[str]
    """Every entry, as the model writes it."""
    stamps: dict[str, float]
    """When each transaction, reservation (`r:` and its key), release and change (`c:` and its reason) took its locks."""
    balances: str


def run(book: RealBook, *, workers: int = 6, calls: int = 40, seed: int = 0) -> Record:
    """Let the workers loose on accounts of their own, then read what the book says."""
    accounts = _opened(book)
    shared = _Shared(book, accounts)
    gate = threading.Barrier(workers)

    def work(worker: int) -> None:
        chance = random.Random(f"{seed}.{worker}")
        gate.wait()
        for number in range(calls):
            shared.one(chance, f"w{worker}.{number}")

    threads = [threading.Thread(target=work, args=[worker]) for worker in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return _record(book, accounts, shared.calls)


def _opened(book: RealBook) -> dict[int, Account]:
    with book.begin() as tx:
        made = [Account(one.name, _open(tx, one), one.type, "USD", one.least, one.most) for one in CAST]
    return {one.id: one for one in made}


class _Shared:
    """What the workers know of each other's doings, so that they meet."""

    def __init__(self, book: RealBook, accounts: dict[int, Account]) -> None:
        self.book, self.accounts = book, list(accounts.values())
        self.calls: list[Call] = []
        self.posted: list[Wanted] = []
        self.numbers: dict[str, int] = {}
        self.held: list[tuple[WantedReservation, int]] = []

    def one(self, chance: random.Random, name: str) -> None:
        """One random call."""
        kind = chance.choices(
            ("post", "many", "again", "reserve", "capture", "release", "reverse", "limits", "conflict"),
            (8, 4, 3, 4, 5, 2, 3, 1, 1),
        )[0]
        if kind in ("capture", "release") and not self.held:
            kind = "reserve"
        if kind in ("again", "reverse", "conflict") and not self.posted:
            kind = "post"
        call = getattr(self, f"_{kind}")(chance, name)
        call.invoked_at = time.time()
        try:
            call.answers = self._ask(call)
        except HeadgateError as error:
            call.error = error.code
        except Exception as error:
            call.error = f"{type(error).__name__}: {error}"
        call.answered_at = time.time()
        self.calls.append(call)
        self._learn(call)

    def _ask(self, call: Call) -> list[Any]:
        with self.book.begin() as tx:
            first = call.wanted[0]
            match call.verb:
                case "reserve":
                    return list(ledger.reserve_many(tx, [_reservation_request(one) for one in call.wanted], True))
                case "release":
                    return [ledger.release(tx, self.numbers[first])]
                case "limits":
                    least = Money(call.wanted[1], "USD")
                    ledger.set_limits(tx, call.wanted[2], min_balance=least, max_balance=None, reason=first)
                    return []
            if first.reverses:
                number = self.numbers[first.reverses]
                return [ledger.reverse(tx, idempotency_key=first.key, transaction_id=number, reason=first.reason)]
            if first.reservation is not None:
                return list(ledger.capture_many(tx, [_capture(one) for one in call.wanted], call.way == "atomic"))
            if call.way == "single":
                return [ledger.post(tx, **_fields(_posting(first)))]
            return list(ledger.post_many(tx, [_posting(one) for one in call.wanted], call.way == "atomic"))

    def _learn(self, call: Call) -> None:
        if call.error or call.verb in ("release", "limits"):
            return
        for one, answer in zip(call.wanted, call.answers, strict=True):
            if isinstance(answer, Refused):
                continue
            if call.verb == "reserve":
                self.numbers[one.key] = answer.id
                self.held.append((one, answer.id))
            else:
                self.numbers[one.key] = answer.transaction_id
                self.posted.append(one)

    def _legs(self, chance: random.Random, most: int) -> tuple[Leg, ...]:
        legs = []
        for _ in range(chance.randint(1, most)):
            debit, credit = chance.sample(self.accounts, 2)
            legs.append(Leg(debit.id, credit.id, chance.choice((1, 20, 50, 150, 400))))
        return tuple(legs)

    def _post(self, chance: random.Random, name: str) -> Call:
        return Call("post", (Wanted(name, self._legs(chance, 2)),))

    def _many(self, chance: random.Random, name: str) -> Call:
        wanted = [Wanted(f"{name}.{n}", self._legs(chance, 2)) for n in range(chance.randint(2, 4))]
        return Call("post", tuple(wanted), chance.choice(("many", "atomic")))

    def _again(self, chance: random.Random, name: str) -> Call:
        return Call("post", (chance.choice(self.posted[-8:]),))

    def _conflict(self, chance: random.Random, name: str) -> Call:
        known = chance.choice(self.posted[-8:])
        return Call("post", (Wanted(known.key, (Leg(known.legs[0].debit, known.legs[0].credit, 7),)),))

    def _reserve(self, chance: random.Random, name: str) -> Call:
        account = chance.choice(self.accounts[1:4])
        return Call("reserve", (WantedReservation(name, account.id, chance.choice((10, 60, 200))),), "atomic")

    def _capture(self, chance: random.Random, name: str) -> Call:
        one, number = chance.choice(self.held[-5:])
        account = next(account for account in self.accounts if account.id == one.account)
        other = chance.choice([account for account in self.accounts if account.id != one.account]).id
        sides = (other, account.id) if account.debit_normal else (account.id, other)
        leg = Leg(*sides, chance.choice((5, 10, 30, one.amount)))
        return Call("post", (Wanted(name, (leg,), reservation=number),), chance.choice(("many", "atomic")))

    def _release(self, chance: random.Random, name: str) -> Call:
        return Call("release", (chance.choice(self.held[-5:])[0].key,))

    def _reverse(self, chance: random.Random, name: str) -> Call:
        original = chance.choice(self.posted[-5:])
        legs = tuple(Leg(leg.credit, leg.debit, leg.amount) for leg in reversed(original.legs))
        return Call("post", (Wanted(name, legs, reverses=original.key, reason="wrong"),))

    def _limits(self, chance: random.Random, name: str) -> Call:
        card = self.accounts[2]
        return Call("limits", (name, chance.choice((0, -100, -300)), card.id))


def _record(book: RealBook, accounts: dict[int, Account], calls: list[Call]) -> Record:
    with book.begin() as tx:
        journal = tx.value(JOURNAL)
        stamps = {
            row["name"]: row["at"]
            for row in tx.all("""
                SELECT t.key AS name, extract(epoch FROM t.recorded_at)::float8 AS at FROM ledger.transactions t
                UNION ALL
                SELECT 'r:' || q.key, extract(epoch FROM q.recorded_at)::float8 FROM ledger.reservation_requests q
                UNION ALL
                SELECT 'released:' || q.key, extract(epoch FROM v.recorded_at)::float8
                  FROM ledger.reservation_events v
                  JOIN ledger.reservation_requests q ON q.tenant_id = v.tenant_id AND q.id = v.reservation_id
                 WHERE v.kind = 'released'
                UNION ALL
                SELECT 'c:' || (e.data ->> 'reason'), extract(epoch FROM e.event_time)::float8
                  FROM audit.events e WHERE e.type = 'ledger.account.changed'
            """)
        }
        shown = tx.values(
            "SELECT concat_ws(' ', code, posted_minor, reserved_minor, available_minor) FROM ledger.balances"
            " WHERE account_id = ANY (%(ids)s) ORDER BY account_id",
            {"ids": list(accounts)},
        )
    return Record(accounts, calls, journal.split("\n") if journal else [], stamps, "\n".join(shown))


# The check ----------------------------------------------------------------------------------------------------------


def faults(record: Record) -> list[str]:
    """What no serial order explains; nothing when all is well."""
    return _Check(record).faults()


class _Check:
    def __init__(self, record: Record) -> None:
        self.record = record
        self.found: list[str] = []
        self.book = Book(datetime.now(UTC))
        for one in record.accounts.values():
            self.book.accounts[one.id] = Account(one.name, one.id, one.type, one.currency, one.least, one.most)
        self.keys: dict[int, str] = {}
        self.releases: dict[str, Call] = {}

    def faults(self) -> list[str]:
        effective, others = [], []
        for call in self.record.calls:
            stamp = self._stamp(call)
            (others if stamp is None else effective).append((stamp, call))
        self._numbers()
        for stamp, call in sorted(effective, key=lambda pair: pair[0]):
            if not call.invoked_at - SLACK <= stamp <= call.answered_at + SLACK:
                self.found.append(f"took effect at {stamp}, not while its caller waited: {call}")
            self._replay(call, stamp)
        for _, call in others:
            self._without_effect(call)
        self._compare()
        return self.found

    def _stamp(self, call: Call) -> float | None:
        """When the call took effect; None where it had none of its own: a replay, a conflict, a second release."""
        stamps = self.record.stamps
        if call.error:
            return None
        if call.verb == "limits":
            return stamps.get(f"c:{call.wanted[0]}")
        if call.verb == "release":
            # Of two releases at once either may be the one: both give the same answer.
            at = stamps.get(f"released:{call.wanted[0]}")
            if at is None or not call.invoked_at - SLACK <= at <= call.answered_at + SLACK:
                return None
            return at if self.releases.setdefault(call.wanted[0], call) is call else None
        prefix = "r:" if call.verb == "reserve" else ""
        new = [one for one, answer in zip(call.wanted, call.answers, strict=True) if not answer.replayed]
        return stamps.get(prefix + new[0].key) if new else None

    def _numbers(self) -> None:
        for call in self.record.calls:
            if call.verb == "reserve" and not call.error:
                for one, answer in zip(call.wanted, call.answers, strict=True):
                    if not isinstance(answer, Refused):
                        self.book.numbers[one.key] = answer.id

    def _replay(self, call: Call, stamp: float) -> None:
        expected: Sequence[Answer]
        try:
            if call.verb == "limits":
                account = self.book.accounts[call.wanted[2]]
                self.book.set_limits(account, call.wanted[1], None)
                return
            if call.verb == "release":
                expected = self.book.release_many([self.book.numbers.get(call.wanted[0], NOBODY)])
            elif call.verb == "reserve":
                expected = self.book.reserve_many(call.wanted, atomic=True)
            else:
                self.book.now = datetime.fromtimestamp(stamp, UTC)
                wanted = [self._with_legs(one) for one in call.wanted]
                expected = self.book.post_many(wanted, atomic=call.way == "atomic")
        except (Raised, KeyError) as raised:
            self.found.append(f"should have raised {raised!r}: {call}")
            return
        for one, answer, wished in zip(call.wanted, call.answers, expected, strict=True):
            self._same(call, one, answer, wished)

    def _with_legs(self, one: Wanted) -> Wanted:
        """A reversal takes back what is left when its turn comes."""
        return one if one.reverses is None else self.book.reversal(one.key, one.reverses, one.reason, None)

    def _same(self, call: Call, one: Any, answer: Any, wished: Answer) -> None:
        told = answer.code if isinstance(answer, Refused) else "done"
        if told != VERBS.get(wished.code, "done"):
            self.found.append(f"{one} was answered {told}; in its place it is {VERBS.get(wished.code, 'done')}: {call}")
        elif isinstance(answer, Refused):
            for name, value in wished.figures.items():
                shown = ids.encode("acct", value) if name == "account" else value
                if answer.facts.get(name) != shown:
                    self.found.append(f"{one} was refused with {name} {answer.facts.get(name)}; it was {shown}: {call}")

    def _without_effect(self, call: Call) -> None:
        """A replay repeats the first answer; a conflict has another body; a second release finds an end."""
        if call.verb == "limits":
            return
        if call.verb == "release":
            held = self.book.held.get(call.wanted[0])
            told = "captured" if call.error or isinstance(call.answers[0], Refused) else "released"
            if call.error or held is None or held.status != told:
                self.found.append(f"released what is {held}: {call}")
            return
        known = self.book.reservation_requests if call.verb == "reserve" else self.book.transactions
        for n, one in enumerate(call.wanted):
            body, first = known.get(one.key, (None, Answer(2)))
            if call.error:
                if call.error != "ledger.idempotency_conflict" or body is None or body == one.body:
                    self.found.append(f"failed without reason: {call}")
            elif body != one.body:
                self.found.append(f"repeats an answer that was never given: {call}")
            else:
                self._same(call, one, call.answers[n], first)

    def _compare(self) -> None:
        """The journal holds what the model wrote, in the model's order on every account, and nothing else."""
        for one in self.record.calls:
            if one.verb == "post" and not one.error:
                for wanted, answer in zip(one.wanted, one.answers, strict=True):
                    if not isinstance(answer, Refused):
                        other = self.keys.setdefault(answer.transaction_id, wanted.key)
                        if other != wanted.key:
                            self.found.append(f"{wanted} and <{other}> were told the same transaction")
        written, expected = (
            Counter(_without_hour(line) for line in lines) for lines in (self.record.journal, self.book.journal)
        )
        self.found += [f"in the journal {n} times too often: {line}" for line, n in (written - expected).items()]
        self.found += [f"missing from the journal {n} times: {line}" for line, n in (expected - written).items()]
        balances = "\n".join(
            f"{a.name} {a.balance} {self.book.reserved(a.id)} {a.balance - self.book.reserved(a.id)}"
            for a in sorted(self.book.accounts.values(), key=lambda a: a.id)
        )
        if balances != self.record.balances:
            self.found.append(f"balances are\n{self.record.balances}\nand should be\n{balances}")


def _without_hour(line: str) -> str:
    """A line without its day and hour: the run may cross one."""
    key, _, _, *rest = line.split(" ")
    return " ".join((key, *rest))
