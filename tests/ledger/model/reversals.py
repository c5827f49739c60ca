"""Reversals: whole, by entry, or an amount by a rule; together never more than the original moved."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import multiple, rule
from tests.ledger.model.chances import AMOUNT, KEY, Chances, requests
from tests.ledger.model.sides import Sides
from tests.ledger.model.state import State
from tests.ledger.model.words import NET_MAX, NOBODY, Answer, Leg, Raised, Wanted, WantedConversion, apportioned

from headgate import ledger
from headgate.core.money import Money


class ReversalsBook(State):
    """What the model says."""

    def _rest(self, original: Wanted) -> list[int]:
        return [leg.amount - self.taken_back.get((original.key, n), 0) for n, leg in enumerate(original.legs, 1)]

    def posted(self, key: str) -> Wanted:
        """A transaction that stands, with its entries. Raises where there is none."""
        wanted, answer = self.asked.get(key, (None, None))
        if wanted is None or answer is None or answer.code != 0:
            raise Raised("ledger.transaction_not_found")
        return wanted

    def reversal(self, key: str, original: str, reason: str | None, part: tuple[Any, ...] | None) -> Wanted:
        """A reversal with its entries, the last first: all that is left, amounts by entry, or an amount by a rule."""
        first = self.posted(original)
        rest = self._rest(first)
        numbers = range(1, len(first.legs) + 1)
        chosen = set(numbers)
        parts = rest
        if part is not None and part[0] == "entries":
            amounts = dict(part[1])
            chosen = set(amounts)
            parts = [amounts.get(n, 0) for n in numbers]
        elif part is not None:
            _, amount, currency, named, rule = part
            if named is not None:
                chosen = {n for n in numbers if (n in named) == (rule != "keep")}
            weights = [
                left if n in chosen and leg.currency == currency else 0
                for n, left, leg in zip(numbers, rest, first.legs, strict=True)
            ]
            parts = apportioned(amount, weights, rule)
        if not any(parts):
            parts = [leg.amount if n in chosen else 0 for n, leg in zip(numbers, first.legs, strict=True)]
        legs = [
            Leg(leg.credit, leg.debit, amount, leg.currency, of=n)
            for n, leg, amount in zip(numbers, first.legs, parts, strict=True)
            if amount
        ]
        return Wanted(key, tuple(reversed(legs)), reverses=original, reason=reason, part=part, source=first.source)

    def take_back(self, wanted: Wanted) -> Answer | None:
        """What the judge asks of a reversal."""
        if wanted.reverses is None:
            return None
        original = self.posted(wanted.reverses)
        if original.reverses is not None:
            return Answer(30)
        rest = self._rest(original)
        if not any(rest):
            return Answer(31)
        for n, leg in enumerate(wanted.legs, 1):
            if leg.amount > rest[leg.of - 1]:
                return Answer(32, {"entry": n, "available_minor": rest[leg.of - 1]})
        for leg in wanted.legs:
            at = (original.key, leg.of)
            self.taken_back[at] = self.taken_back.get(at, 0) + leg.amount
        return None


class ReversalsWorld(Sides):
    """How the book is asked."""

    book: Any

    def reverse(self, key: str, original: str, reason: str | None, part: tuple[Any, ...] | None) -> Wanted | None:
        """A reversal, on both sides. The model's request, where there is something to reverse."""
        try:
            wanted: Wanted = self.book.reversal(key, original, reason, part)
        except Raised as raised:
            self.refused_loudly(lambda: self.reverse_in_the_book(key, original, reason, part), str(raised))
            return None
        self.post([wanted], "single")
        return wanted

    def reverse_in_the_book(self, key: str, original: str, reason: str | None, part: tuple[Any, ...] | None) -> Any:
        facts: dict[str, Any] = {}
        if part is not None and part[0] == "entries":
            currencies = [leg.currency for leg in self.book.posted(original).legs]
            facts = {"entries": {n: Money(amount, currencies[n - 1]) for n, amount in part[1]}}
        elif part is not None:
            _, amount, currency, numbers, rule = part
            facts = {"amount": Money(amount, currency), "entries": numbers, "apportion": rule}
        number = self.ids.get(original, NOBODY)
        return ledger.reverse(self.tx, idempotency_key=key, transaction_id=number, reason=reason, **facts)


class ReversalsRules(Chances):
    """In any order, with any arguments."""

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
        if not isinstance(request, Wanted | WantedConversion):
            return multiple()
        how = self.part(request.key, part, amount, n)
        reversals = [
            self.world.reverse(self.key(one_key), request.key, reason, how) for one_key in (key, "")[: 2 - once]
        ]
        return multiple(*(one for one in reversals if one is not None))

    def part(self, key: str, part: str | None, amount: Any, n: int) -> tuple[Any, ...] | None:
        """How much of a transaction is reversed: one entry's part, or an amount by a rule."""
        first, answer = self.world.book.asked.get(key, (None, None))
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
