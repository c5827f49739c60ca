"""Postings: the judge of every transaction, and the rules that ask for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.stateful import multiple, rule
from tests.ledger.model import asked
from tests.ledger.model.chances import (
    BATCH_WAY,
    KEY,
    LEG,
    LEGS,
    SOURCE,
    TWIN,
    WAY,
    WHEN,
    Chances,
    requests,
)
from tests.ledger.model.sides import Sides
from tests.ledger.model.state import State
from tests.ledger.model.words import (
    EPOCH,
    NET_MAX,
    Answer,
    Leg,
    Move,
    Pending,
    Wanted,
    WantedChange,
    WantedConversion,
    WantedReservation,
    hour_of,
)

from headgate import ledger


class PostingsBook(State):
    """What the model says."""

    def post_many(self, wanted: Sequence[Wanted], *, atomic: bool = False) -> list[Answer]:
        """Judge postings, captures, reversals and settlements in their order."""
        self.refuse_conflicts(self.transactions, wanted, atomic)
        self.tick()
        self.mark_overdue(
            account
            for one in wanted
            for leg in (*one.legs, *(self.pending[one.settles].legs if one.settles else ()))
            for account in (leg.debit, leg.credit)
        )
        return self.batch(self.transactions, wanted, self._judge, atomic)

    def _judge(self, wanted: Wanted) -> Answer:
        at = self._effective_at(wanted)
        waits = "pending" if wanted.pending else ""
        for n, leg in enumerate(wanted.legs, 1):
            code = self._objection(leg, at)
            if code == 18 and wanted.reservation is None and not wanted.reverses and not wanted.settles:
                waits = waits or "scheduled"
            elif code:
                return Answer(code, {"entry": n})
        if waits and wanted.expires_at is not None and wanted.expires_at <= self.now:
            return Answer(19)
        refused = self.take_from_reservation(wanted) or self.take_back(wanted) or self.take_pending(wanted)
        if refused:
            return refused
        day, at, closed = self.routed(wanted, at)
        if waits:
            expires_at = wanted.expires_at if waits == "pending" else None
            self.pending[wanted.key] = Pending(wanted.key, waits, wanted.effective_at, expires_at, day)
        for n, leg in enumerate(wanted.legs, 1):
            refused = self._limit(n, leg) or self._condition(n, leg, bool(waits))
            if refused:
                return refused
            if waits:
                one = self.pending[wanted.key]
                one.legs = (*one.legs, leg)
            else:
                for number, change in ((leg.debit, leg.amount), (leg.credit, -leg.amount)):
                    account = self.accounts[number]
                    account.net += change
                    account.moves.append(Move(at or self.instant, change, day, wanted.key, n, wanted.source))
                self._write(wanted, n, leg, day, at)
        refused = None if waits else self._limit_since(wanted, at)
        if refused or closed:
            return refused or closed
        if waits:
            return Answer(1)
        for leg in wanted.legs:
            for number in (leg.debit, leg.credit):
                account = self.accounts[number]
                account.effective_max = max(account.effective_max, account.moves[-1].at)
        return Answer(0)

    def _effective_at(self, wanted: Wanted) -> datetime | None:
        """When it happens; None: now. What is settled happened when it was said to, unless that is still to come."""
        if wanted.effective_at is None and wanted.settles:
            said = self.pending[wanted.settles].effective_at
            return said if said is not None and said <= self.now else None
        return wanted.effective_at

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
        return 18 if self.day(leg, effective_at) > self.day(leg, None) else 0

    def _limit(self, n: int, leg: Leg) -> Answer | None:
        debit, credit = self.accounts[leg.debit], self.accounts[leg.credit]
        for account, rises in ((debit, debit.debit_normal), (credit, not credit.debit_normal)):
            room = self.room_up(account) if rises else self.room_down(account)
            if leg.amount > room:
                return Answer(41 if rises else 40, {"entry": n, "account": account.id, "available_minor": room})
        return None

    def _condition(self, n: int, leg: Leg, waits: bool) -> Answer | None:
        debit, credit = self.accounts[leg.debit], self.accounts[leg.credit]
        for account, version in ((debit, leg.debit_version), (credit, leg.credit_version)):
            if version not in (None, account.legs):
                return Answer(42, {"entry": n, "account": account.id})
        for account, least, rises in (
            (debit, leg.debit_least, debit.debit_normal),
            (credit, leg.credit_least, not credit.debit_normal),
        ):
            change = -leg.amount if not rises else 0 if waits else leg.amount
            if least is not None and self.available(account) + change < least:
                return Answer(43, {"entry": n, "account": account.id})
        return None

    def _limit_since(self, wanted: Wanted, at: datetime | None) -> Answer | None:
        """What is given an effective time keeps the limits at every time since; what happens now is not backdated."""
        settled = self.pending[wanted.settles] if wanted.settles else None
        said = settled is not None and settled.kind == "pending" and settled.effective_at is not None
        if wanted.override is not None or (wanted.effective_at is None and not said):
            return None
        for n, leg in enumerate(wanted.legs, 1):
            for number, debited in ((leg.debit, True), (leg.credit, False)):
                account = self.accounts[number]
                since = at or self.instant
                if since >= account.effective_max:
                    continue
                for moment, balance in account.balances_since(since):
                    rises = account.debit_normal == debited
                    if balance > account.ceiling if rises else balance < account.floor:
                        return Answer(
                            44, {"entry": n, "account": number, "balance_minor": balance, "hour": hour_of(moment)}
                        )
        return None

    def _write(self, wanted: Wanted, n: int, leg: Leg, day: date, at: datetime | None) -> None:
        debit, credit = self.accounts[leg.debit], self.accounts[leg.credit]
        late = "".join("L" if account.moves[-1].at < account.effective_max else "-" for account in (debit, credit))
        self.journal.append(
            f"{wanted.key} {day} {hour_of(at or self.now)} {wanted.reverses or '-'}"
            f" {wanted.settles or '-'} {n} {debit.name} {credit.name} {leg.amount} {leg.currency} {late}"
            f" {debit.legs} {debit.net} {credit.legs} {credit.net}"
        )

    def day(self, leg: Leg, effective_at: datetime | None) -> date:
        """The day of an instant (now) where an entry's legal entity is."""
        return (effective_at or self.now).astimezone(self.zone(leg)).date()

    def zone(self, leg: Leg) -> ZoneInfo:
        """That of the debited account's legal entity, else of the credited one's, else UTC."""
        zones = [self.accounts[number].zone for number in (leg.debit, leg.credit) if number in self.accounts]
        return ZoneInfo(next((zone for zone in zones if zone), "UTC"))


class PostingsWorld(Sides):
    """How the book is asked."""

    book: Any

    def post(self, wanted: Sequence[Wanted], way: str) -> None:
        """Postings, captures or a reversal, through the single verb or the array verb, on both sides."""
        if way == "single":
            assert len(wanted) == 1
            # A single verb raises where the array verb answers with a conflict.
            self.both(lambda: [self._single(wanted[0])], lambda: self.book.post_many(wanted, atomic=True), wanted)
        else:
            self.both(
                lambda: self._many(wanted, way == "atomic"),
                lambda: self.book.post_many(wanted, atomic=way == "atomic"),
                wanted,
            )

    def _single(self, wanted: Wanted) -> Any:
        if wanted.reverses is not None:
            return self.reverse_in_the_book(wanted.key, wanted.reverses, wanted.reason, wanted.part)
        if wanted.settles is not None:
            return self.settle_in_the_book(wanted.key, wanted.settles, wanted.part, wanted.effective_at)
        if asked.is_capture(wanted):
            return ledger.capture(self.tx, **asked.fields(asked.capture(wanted)))
        return ledger.post(self.tx, **asked.fields(asked.posting(wanted)))

    def _many(self, wanted: Sequence[Wanted], atomic: bool) -> list[Any]:
        if all(map(asked.is_capture, wanted)):
            return list(ledger.capture_many(self.tx, [asked.capture(one) for one in wanted], atomic))
        return list(ledger.post_many(self.tx, [asked.posting(one) for one in wanted], atomic))


class PostingsRules(Chances):
    """In any order, with any arguments."""

    @rule(target=requests, account=st.sampled_from(("client", "card", "till", "costs")), amount=st.integers(1, 200))
    def fund(self, account: str, amount: int) -> Wanted:
        into = self.world.account(account)
        assert into is not None
        sides = (account, "fees") if into.debit_normal else ("cash", account)
        return self.posted([self.posting("", [(*sides, amount, "USD")])], "single")

    @rule(target=requests, key=KEY, legs=LEGS, when=WHEN, source=SOURCE, way=WAY)
    def post(self, key: str, legs: list[Any], when: int | None, source: Any, way: str) -> Wanted:
        return self.posted([replace(self.posting(key, legs, when), source=source)], way)

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

    @rule(request=requests, way=WAY)
    def again(self, request: Any, way: str) -> None:
        """The same key, the same body: the first answer, for ever."""
        if isinstance(request, WantedChange):
            self.world.change(request)
        elif isinstance(request, WantedReservation):
            self.world.reserve([request], way)
        elif isinstance(request, WantedConversion):
            self.world.convert(request)
        elif request.reverses:
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
        if isinstance(request, WantedConversion):
            self.world.convert(replace(request, amount=amount * 100))
            return
        if isinstance(request, WantedReservation):
            other = WantedReservation(request.key, request.account, amount, request.currency, request.source)
            self.world.reserve([other], way)
            return
        leg = request.legs[0]
        self.world.post([Wanted(request.key, (Leg(leg.debit, leg.credit, amount, leg.currency),))], way)

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
