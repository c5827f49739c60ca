"""Was there one order in which all of it is true?

Every verb locks its accounts and stamps its rows while it holds them, so the stamps name the one order that has to explain
everything. `faults` replays the calls of a concurrent run in that order through the plain model (model/book.py) and
compares: each answer with its figures, the journal leg by leg, and each stamp with the times of its call. So a refusal was
true at an instant while its caller waited, and nothing was posted that no one was told of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tests.ledger.concurrent import Call, Record
from tests.ledger.model import asked
from tests.ledger.model.book import Book
from tests.ledger.model.words import NOBODY, Account, Answer, Raised, Wanted

from headgate.core import ids
from headgate.core.errors import Refused

SLACK = 0.002
"""Seconds by which the clocks of a worker and of its server may seem to differ."""


def faults(record: Record) -> list[str]:
    """What no serial order explains; nothing when all is well."""
    return _Check(record).faults()


ENDS = {"release": "released", "void": "void"}


class _Check:
    def __init__(self, record: Record) -> None:
        self.record = record
        self.found: list[str] = []
        self.book = Book(datetime.now(UTC))
        for one in record.accounts.values():
            self.book.accounts[one.id] = Account(one.name, one.id, one.type, one.currency, one.least, one.most)
        self.period = replace(record.period)
        self.book.periods.append(self.period)
        self.turns: list[float] = []
        """When the period was closed, reopened, closed, …"""
        self.keys: dict[int, str] = {}
        self.ends: dict[str, Call] = {}

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
        if call.verb in ("limits", "close", "reopen"):
            prefix = "c" if call.verb == "limits" else call.verb
            return stamps.get(f"{prefix}:{call.wanted[0]}")
        if call.verb in ("release", "void"):
            # Of two at once either may be the one: both give the same answer.
            end = f"{ENDS[call.verb]}:{call.wanted[0]}"
            at = stamps.get(end)
            if at is None or not call.invoked_at - SLACK <= at <= call.answered_at + SLACK:
                return None
            return at if self.ends.setdefault(end, call) is call else None
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
        self.book.now = datetime.fromtimestamp(stamp, UTC)
        try:
            if call.verb in ("close", "reopen"):
                self._turn(call, stamp)
                return
            if call.verb == "limits":
                account = self.book.accounts[call.wanted[2]]
                self.book.set_limits(account, call.wanted[1], None)
                return
            if call.verb == "release":
                expected = self.book.release_many([self.book.numbers.get(call.wanted[0], NOBODY)])
            elif call.verb == "void":
                expected = [self.book.void(call.wanted[0])]
            elif call.verb == "reserve":
                expected = self.book.reserve_many(call.wanted, atomic=True)
            else:
                wanted = [self._with_legs(one) for one in call.wanted]
                expected = self.book.post_many(wanted, atomic=call.way == "atomic")
        except (Raised, KeyError) as raised:
            self.found.append(f"should have raised {raised!r}: {call}")
            return
        for one, answer, wished in zip(call.wanted, call.answers, expected, strict=True):
            self._same(call, one, answer, wished)

    def _turn(self, call: Call, stamp: float) -> None:
        """The period is closed, or reopened."""
        if (self.period.late is None) != (call.verb == "close"):
            raise Raised("ledger.period_already_closed" if call.verb == "close" else "ledger.period_not_closed")
        if call.verb == "close":
            self.book.close_period(self.period, call.wanted[1], no_pending=False, no_residuals=False)
        else:
            self.period.late = None
        self.turns.append(stamp)

    def _with_legs(self, one: Wanted) -> Wanted:
        """A reversal takes back what is left when its turn comes, a settlement posts what was pending."""
        if one.settles is not None:
            return self.book.settlement(one.key, one.settles, one.part, None)
        return one if one.reverses is None else self.book.reversal(one.key, one.reverses, one.reason, None)

    def _same(self, call: Call, one: Any, answer: Any, wished: Answer) -> None:
        told = asked.told(answer)
        if told != asked.VERBS.get(wished.code, "done"):
            self.found.append(
                f"{one} was answered {told}; in its place it is {asked.VERBS.get(wished.code, 'done')}: {call}"
            )
        elif isinstance(answer, Refused):
            for name, value in wished.figures.items():
                if name == "hour":
                    continue
                shown = ids.encode("acct", value) if name == "account" else value
                if answer.facts.get(name) != shown:
                    self.found.append(f"{one} was refused with {name} {answer.facts.get(name)}; it was {shown}: {call}")

    def _without_effect(self, call: Call) -> None:
        """A replay repeats the first answer; a conflict has another body; a second release or void finds an end."""
        if call.verb == "limits":
            return
        if call.verb in ("close", "reopen"):
            self._refused_turn(call)
            return
        if call.verb == "void":
            pending = self.book.pending.get(call.wanted[0])
            refused = not call.error and isinstance(call.answers[0], Refused)
            if call.error or pending is None or pending.status != ("posted" if refused else "void"):
                self.found.append(f"voided what is {pending}: {call}")
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

    def _refused_turn(self, call: Call) -> None:
        """It was refused: then the period stood the other way at some instant while its caller waited."""
        before = sum(turn < call.invoked_at - SLACK for turn in self.turns)
        through = sum(turn <= call.answered_at + SLACK for turn in self.turns)
        # After an odd number of turns it is closed.
        odd = 1 if call.verb == "close" else 0
        code = "ledger.period_already_closed" if call.verb == "close" else "ledger.period_not_closed"
        if call.error != code or all(turns % 2 != odd for turns in range(before, through + 1)):
            self.found.append(f"failed without reason: {call}")

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
            f"{a.name} {a.balance} {self.book.reserved(a.id)} {self.book.pending_out(a.id)}"
            f" {self.book.pending_in(a.id)} {self.book.available(a)}"
            for a in sorted(self.book.accounts.values(), key=lambda a: a.id)
        )
        if balances != self.record.balances:
            self.found.append(f"balances are\n{self.record.balances}\nand should be\n{balances}")


def _without_hour(line: str) -> str:
    """A line without its hour: the run may cross one."""
    key, day, _, *rest = line.split(" ")
    return " ".join((key, day, *rest))
