"""Many at once: workers call random verbs on a few accounts, while a period is closed and reopened under them.

Each call is written down with its answer and with the times between which it ran. Afterwards serial.py says whether one
order explains all of it.
"""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.ledger.conftest import Book as RealBook
from tests.ledger.model import asked
from tests.ledger.model.ground import open_account
from tests.ledger.model.probe import JOURNAL
from tests.ledger.model.words import Account, Leg, Period, Wanted, WantedReservation

from headgate import ledger
from headgate.core.errors import HeadgateError, Refused
from headgate.core.money import Money

CAST = (
    Account("cash", 0, "ASSET", "USD"),
    Account("shop", 0, "LIABILITY", "USD", least=0),
    Account("card", 0, "LIABILITY", "USD", least=-300, most=2000),
    Account("till", 0, "ASSET", "USD", least=0, most=1500),
    Account("fees", 0, "REVENUE", "USD"),
)

KINDS = {"post": 8, "many": 4, "late": 5, "again": 3, "conflict": 1, "reserve": 4, "capture": 5, "release": 2} | {
    "pending": 4,
    "settle": 4,
    "void": 2,
    "reverse": 3,
    "limits": 1,
    "close": 1,
    "reopen": 1,
}
"""What is called, and how often beside the others."""


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
    period: Period
    """The one that is closed and reopened while the others go on: open at first."""
    calls: list[Call]
    journal: list[str]
    """Every entry, as the model writes it."""
    stamps: dict[str, float]
    """When each took its locks: a transaction, a reservation (`r:` and its key), a release and a void (by what they end),
    a change (`c:` and its reason), a close and a reopening (by their reason)."""
    balances: str


def run(book: RealBook, *, workers: int = 6, calls: int = 40, seed: int = 0) -> Record:
    """Let the workers loose on accounts of their own, then read what the book says."""
    accounts = _opened(book)
    last = datetime.now(UTC).date() - timedelta(days=2)  # over, wherever one is
    period = Period("before", last - timedelta(days=8), last)
    opened = book.do(ledger.open_period, name=period.name, starts_on=period.starts_on, ends_on=period.ends_on)
    shared = _Shared(book, accounts, opened.id)
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
    return _record(book, accounts, period, shared.calls)


def _opened(book: RealBook) -> dict[int, Account]:
    with book.begin() as tx:
        made = [Account(one.name, open_account(tx, one), one.type, "USD", one.least, one.most) for one in CAST]
    return {one.id: one for one in made}


class _Shared:
    """What the workers know of each other's doings, so that they meet."""

    def __init__(self, book: RealBook, accounts: dict[int, Account], period: int) -> None:
        self.book, self.accounts, self.period = book, list(accounts.values()), period
        self.late = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=4)
        self.calls: list[Call] = []
        self.posted: list[Wanted] = []
        self.pending: list[Wanted] = []
        self.numbers: dict[str, int] = {}
        self.held: list[tuple[WantedReservation, int]] = []

    def one(self, chance: random.Random, name: str) -> None:
        """One random call."""
        kind = chance.choices(list(KINDS), list(KINDS.values()))[0]
        if kind in ("capture", "release") and not self.held:
            kind = "reserve"
        if kind in ("settle", "void") and not self.pending:
            kind = "pending"
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
                    return list(ledger.reserve_many(tx, [asked.reservation(one) for one in call.wanted], True))
                case "release":
                    return [ledger.release(tx, self.numbers[first])]
                case "void":
                    return [ledger.void(tx, transaction_id=self.numbers[first], reason="unwanted")]
                case "close":
                    ledger.close_period(tx, period_id=self.period, late=call.wanted[1], reason=first)
                    return []
                case "reopen":
                    ledger.reopen_period(tx, period_id=self.period, approval_ref="apr_1", reason=first)
                    return []
                case "limits":
                    least = Money(call.wanted[1], "USD")
                    ledger.set_limits(tx, call.wanted[2], min_balance=least, max_balance=None, reason=first)
                    return []
            if first.reverses:
                number = self.numbers[first.reverses]
                return [ledger.reverse(tx, idempotency_key=first.key, transaction_id=number, reason=first.reason)]
            if first.settles:
                number = self.numbers[first.settles]
                amounts = None if first.part is None else {n: Money(minor, "USD") for n, minor in first.part[1]}
                return [ledger.post_pending(tx, idempotency_key=first.key, transaction_id=number, amounts=amounts)]
            if first.reservation is not None:
                return list(ledger.capture_many(tx, [asked.capture(one) for one in call.wanted], call.way == "atomic"))
            if call.way == "single":
                return [ledger.post(tx, **asked.fields(asked.posting(first)))]
            return list(ledger.post_many(tx, [asked.posting(one) for one in call.wanted], call.way == "atomic"))

    def _learn(self, call: Call) -> None:
        if call.error or call.verb not in ("post", "reserve"):
            return
        for one, answer in zip(call.wanted, call.answers, strict=True):
            if isinstance(answer, Refused):
                continue
            if call.verb == "reserve":
                self.numbers[one.key] = answer.id
                self.held.append((one, answer.id))
            else:
                self.numbers[one.key] = answer.transaction_id
                (self.pending if one.pending else self.posted).append(one)

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

    def _late(self, chance: random.Random, name: str) -> Call:
        """For a day of the period, with or without an approval to pass limits of that time."""
        override = chance.choice((None, "apr_1", "apr_1"))
        return Call("post", (Wanted(name, self._legs(chance, 2), self.late, override=override),), "many")

    def _pending(self, chance: random.Random, name: str) -> Call:
        return Call("post", (Wanted(name, self._legs(chance, 2), pending=True),), "many")

    def _settle(self, chance: random.Random, name: str) -> Call:
        one = chance.choice(self.pending[-4:])
        least = min(leg.amount for leg in one.legs)
        part = chance.choice((None, None, ("entries", ((1, least),)), ("entries", ((1, one.legs[0].amount + 1),))))
        return Call("post", (Wanted(name, (), settles=one.key, part=part),))

    def _void(self, chance: random.Random, name: str) -> Call:
        return Call("void", (chance.choice(self.pending[-4:]).key,))

    def _close(self, chance: random.Random, name: str) -> Call:
        return Call("close", (name, chance.choice(("refuse", "route"))))

    def _reopen(self, chance: random.Random, name: str) -> Call:
        return Call("reopen", (name,))

    def _again(self, chance: random.Random, name: str) -> Call:
        return Call("post", (chance.choice(self.posted[-8:]),))

    def _conflict(self, chance: random.Random, name: str) -> Call:
        known = chance.choice(self.posted[-8:])
        debit, credit = chance.sample(self.accounts, 2)
        return Call("post", (Wanted(known.key, (Leg(debit.id, credit.id, 7),)),))

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
        return Call("post", (Wanted(name, (), reverses=original.key, reason="wrong"),))

    def _limits(self, chance: random.Random, name: str) -> Call:
        card = self.accounts[2]
        return Call("limits", (name, chance.choice((0, -100, -300)), card.id))


def _record(book: RealBook, accounts: dict[int, Account], period: Period, calls: list[Call]) -> Record:
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
                UNION ALL
                SELECT 'void:' || t.key, extract(epoch FROM x.updated_at)::float8
                  FROM ledger.pending_transactions x
                  JOIN ledger.transactions t ON t.tenant_id = x.tenant_id AND t.id = x.id
                 WHERE x.status = 'void'
                UNION ALL
                SELECT 'close:' || k.reason, extract(epoch FROM k.closed_at)::float8 FROM ledger.period_closings k
                UNION ALL
                SELECT 'reopen:' || o.reason, extract(epoch FROM o.reopened_at)::float8 FROM ledger.period_reopenings o
            """)
        }
        shown = tx.values(
            """
            SELECT concat_ws(' ', code, posted_minor, reserved_minor, pending_out_minor, pending_in_minor, available_minor)
              FROM ledger.balances WHERE account_id = ANY (%(ids)s) ORDER BY account_id
            """,
            {"ids": list(accounts)},
        )
    return Record(accounts, period, calls, journal.split("\n") if journal else [], stamps, "\n".join(shown))
