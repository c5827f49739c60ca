"""The book as a plain model: integers, dicts and lists, written from the list of result codes (headgate/ledger/errors.py).

It knows nothing of SQL. A verb of the model changes the model and says what the book has to answer: a result code and
its figures, or the error that is raised. What the book should look like afterwards are lines of text (`shown`), so that
a difference reads as one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.ledger.model.words import (
    FOREVER,
    NET_MAX,
    Account,
    Answer,
    Held,
    Leg,
    Pending,
    Period,
    Raised,
    Wanted,
    WantedChange,
    WantedReservation,
    apportioned,
    hour_of,
)

Known = dict[str, tuple[Any, Answer]]
"""What each key stands for, and what was answered."""


@dataclass
class Book:
    """The whole model. `now` is the tenant's clock."""

    now: datetime
    accounts: dict[int, Account] = field(default_factory=dict)
    transactions: Known = field(default_factory=dict)
    reservation_requests: Known = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)
    pending: dict[str, Pending] = field(default_factory=dict)
    taken_back: dict[tuple[str, int], int] = field(default_factory=dict)
    """How much was reversed, by original and number of its entry."""
    journal: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    """What the book called each reservation, by its key: learned from its answer."""

    # What may move ---------------------------------------------------------------------------------------------------
    def reserved(self, account: int) -> int:
        """What counts against an account now: an overdue reservation does not, marked or not."""
        return sum(
            one.left
            for one in self.held.values()
            if one.account == account and one.status == "active" and not one.overdue(self.now)
        )

    def pending_out(self, account: int) -> int:
        """What pending transactions would take from an account's normal side; overdue ones do not count."""
        return self._pending(account, leaves=True)

    def pending_in(self, account: int) -> int:
        """What they would add to it: it counts for nothing but to be seen."""
        return self._pending(account, leaves=False)

    def _pending(self, account: int, *, leaves: bool) -> int:
        # A debit takes from the normal side of all but ASSET and EXPENSE.
        debits = self.accounts[account].debit_normal != leaves
        return sum(
            leg.amount
            for one in self.pending.values()
            if one.shown(self.now) == "pending"
            for leg in one.legs
            if (leg.debit if debits else leg.credit) == account
        )

    def available(self, account: Account) -> int:
        return account.balance - self.reserved(account.id) - self.pending_out(account.id)

    def room_down(self, account: Account) -> int:
        """How much may leave an account."""
        return self.available(account) - account.floor

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
        """Judge postings, captures, reversals and settlements in their order."""
        self._refuse_conflicts(self.transactions, wanted, atomic)
        self.mark_overdue(
            account
            for one in wanted
            for leg in (*one.legs, *(self.pending[one.settles].legs if one.settles else ()))
            for account in (leg.debit, leg.credit)
        )
        return self._batch(self.transactions, wanted, self._judge, atomic)

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
        refused = self._take_from_reservation(wanted) or self._take_back(wanted) or self._settle(wanted)
        if refused:
            return refused
        if waits:
            expires_at = wanted.expires_at if waits == "pending" else None
            self.pending[wanted.key] = Pending(wanted.key, waits, wanted.effective_at, expires_at)
        day, at, closed = self._routed(wanted, at)
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
                    account.moves.append((at or self._tick(), change))
                self._write(wanted, n, leg, day, at)
        refused = None if waits else self._limit_since(wanted, at)
        if refused or closed:
            return refused or Answer(50)
        if waits:
            return Answer(1)
        for leg in wanted.legs:
            for number in (leg.debit, leg.credit):
                account = self.accounts[number]
                account.effective_max = max(account.effective_max, account.moves[-1][0])
        return Answer(0)

    def _effective_at(self, wanted: Wanted) -> datetime | None:
        """When it happens; None: now. What is settled happened when it was said to, unless that is still to come."""
        if wanted.effective_at is None and wanted.settles:
            asked = self.pending[wanted.settles].effective_at
            return asked if asked is not None and asked <= self.now else None
        return wanted.effective_at

    ticks = 0

    def _tick(self) -> datetime:
        """Now, and later at every look."""
        self.ticks += 1
        return self.now + timedelta(microseconds=self.ticks)

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
                since = at or self.now + timedelta(microseconds=self.ticks)
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
        late = "".join("L" if account.moves[-1][0] < account.effective_max else "-" for account in (debit, credit))
        self.journal.append(
            f"{wanted.key} {day} {hour_of(at or self.now)} {wanted.reverses or '-'}"
            f" {wanted.settles or '-'} {n} {debit.name} {credit.name} {leg.amount} {leg.currency} {late}"
            f" {debit.legs} {debit.net} {credit.legs} {credit.net}"
        )

    def _day(self, leg: Leg, effective_at: datetime | None) -> date:
        return (effective_at or self.now).astimezone(self._zone(leg)).date()

    def _zone(self, leg: Leg) -> ZoneInfo:
        """That of the debited account's legal entity, else of the credited one's, else UTC."""
        zones = [self.accounts[number].zone for number in (leg.debit, leg.credit) if number in self.accounts]
        return ZoneInfo(next((zone for zone in zones if zone), "UTC"))

    # Periods ---------------------------------------------------------------------------------------------------------
    periods: list[Period] = field(default_factory=list)

    def _routed(self, wanted: Wanted, at: datetime | None) -> tuple[date, datetime | None, bool]:
        """The day of a posting and when it is effective; the first instant after a closed period, where that routes."""
        day = self._day(wanted.legs[0], at)
        last = next((one for one in reversed(self.periods) if one.late), None)
        if last is None or day > last.ends_on:
            return day, at, False
        if last.late == "refuse":
            return day, at, True
        day = last.ends_on + timedelta(days=1)
        return day, datetime.combine(day, time(), self._zone(wanted.legs[0])).astimezone(UTC), False

    def close_period(self, late: str) -> None:
        """Close the first that is open; its last day has to be over wherever an account is."""
        one = next(one for one in self.periods if one.late is None)
        zones = {"UTC", *(account.zone for account in self.accounts.values() if account.zone)}
        if any(self.now.astimezone(ZoneInfo(zone)).date() <= one.ends_on for zone in zones):
            raise Raised("ledger.period_not_over")
        one.late = late

    # Reversals and settlements ---------------------------------------------------------------------------------------
    def _rest(self, original: Wanted) -> list[int]:
        return [leg.amount - self.taken_back.get((original.key, n), 0) for n, leg in enumerate(original.legs, 1)]

    def posted(self, key: str) -> Wanted:
        """A transaction that stands, with its entries. Raises where there is none."""
        wanted, answer = self.asked.get(key, (None, None))
        if wanted is None or answer is None or answer.code != 0:
            raise Raised("ledger.transaction_not_found")
        return wanted

    asked: dict[str, tuple[Wanted, Answer]] = field(default_factory=dict)
    """Each request of a posting as it first came, with its legs."""

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
        return Wanted(key, tuple(reversed(legs)), reverses=original, reason=reason, part=part)

    def _take_back(self, wanted: Wanted) -> Answer | None:
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

    def settlement(self, key: str, pending: str, part: tuple[Any, ...] | None, effective_at: datetime | None) -> Wanted:
        """The posting of what is pending, whole or of the entries named that much."""
        if pending not in self.pending:
            raise Raised("ledger.transaction_not_found")
        amounts = None if part is None else dict(part[1])
        legs = [
            replace(leg, amount=leg.amount if amounts is None else amounts[n], of=n, **NO_CONDITIONS)
            for n, leg in enumerate(self.pending[pending].legs, 1)
            if amounts is None or n in amounts
        ]
        return Wanted(key, tuple(legs), effective_at, settles=pending, part=part)

    def _settle(self, wanted: Wanted) -> Answer | None:
        if wanted.settles is None:
            return None
        one = self.pending[wanted.settles]
        if one.shown(self.now) != "pending":
            return Answer(24)
        for n, leg in enumerate(wanted.legs, 1):
            if leg.amount > one.legs[leg.of - 1].amount:
                return Answer(25, {"entry": n, "available_minor": one.legs[leg.of - 1].amount})
        one.status, one.settled_by = "posted", wanted.key
        return None

    def void(self, key: str) -> Answer:
        """Give back what is pending; what ended otherwise stays so, what is posted is refused."""
        if key not in self.pending:
            raise Raised("ledger.transaction_not_found")
        one = self.pending[key]
        if one.status == "pending":
            one.status = "expired" if one.shown(self.now) == "overdue" else "void"
        return Answer(24 if one.status == "posted" else 0)

    def expire_pending(self) -> int:
        """Mark what is pending and overdue."""
        due = [one for one in self.pending.values() if one.shown(self.now) == "overdue"]
        for one in due:
            one.status = "expired"
        return len(due)

    def scheduled_due(self) -> list[tuple[str, int]]:
        """What was scheduled and whose time has come, with the number of the next try."""
        due = [
            one
            for one in self.pending.values()
            if one.kind == "scheduled" and one.status == "pending" and one.effective_at <= self.now  # type: ignore[operator]
        ]
        tries = [wanted.settles for wanted, _ in self.asked.values()]
        return [(one.key, 1 + tries.count(one.key)) for one in sorted(due, key=lambda one: one.effective_at)]  # type: ignore[arg-type,return-value]

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
                self.changes["released"] += 1
        return answers

    changes: Counter[str] = field(default_factory=Counter)
    """How often reservations were increased, extended and released, in part or whole."""

    def change(self, wanted: WantedChange) -> list[Answer]:
        """More for a reservation, or a part of it back, once a key."""
        self._refuse_conflicts(self.reservation_requests, [wanted], True)
        if wanted.reservation not in self.held:
            raise Raised("ledger.reservation_not_found")
        self.mark_overdue([self.held[wanted.reservation].account])
        return self._batch(self.reservation_requests, [wanted], self._judge_change, False)

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

    def _held(self, number: int) -> Held | None:
        return next((one for one in self.held.values() if self.numbers.get(one.key) == number), None)

    # Accounts --------------------------------------------------------------------------------------------------------
    def set_status(self, account: Account, status: str) -> None:
        """Open, freeze or close."""
        keeps = (account.net, self.reserved(account.id), self.pending_out(account.id), self.pending_in(account.id))
        if account.status != status and account.status == "closed":
            raise Raised("ledger.account_closed")
        if account.status != status and status == "closed" and any(keeps):
            raise Raised("ledger.account_not_empty")
        self.mark_overdue([account.id])
        account.status = status

    def set_limits(self, account: Account, least: int | None, most: int | None) -> None:
        """Give other limits, which the balance and what is held back must respect."""
        asked = replace(account, least=least, most=most)
        if asked.floor > asked.ceiling:
            raise Raised("ledger.malformed_account")
        if not asked.floor <= account.balance <= asked.ceiling or self.room_down(asked) < 0:
            raise Raised("ledger.balance_beyond_limits")
        self.mark_overdue([account.id])
        account.least, account.most = least, most

    # Keys and batches ------------------------------------------------------------------------------------------------
    def _refuse_conflicts(self, known: Known, wanted: Sequence[Any], atomic: bool) -> None:
        bodies = {key: body for key, (body, _) in known.items()}
        for one in wanted:
            if bodies.setdefault(one.key, one.body) != one.body and atomic:
                raise Raised("ledger.idempotency_conflict")

    def _batch(self, known: Known, wanted: Sequence[Any], judge: Callable[[Any], Answer], atomic: bool) -> list[Answer]:
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
                    if answer.code < 10:
                        answers[key] = Answer(60, {"refused_key": culprit})
        for key, answer in answers.items():
            known[key] = (new[key].body, answer)
            if isinstance(new[key], Wanted):
                self.asked[key] = (new[key], answer)
            if answer.code >= 10:
                self.refusals.append(f"{key} {answer.code}")
        seen: set[str] = set()
        told = []
        for one in wanted:
            first = one.key in new and one.key not in seen
            seen.add(one.key)
            body, answer = known[one.key]
            told.append(Answer(2) if body != one.body else replace(answer, replayed=not first))
        return told

    def _heard(self, known: Known, new: dict[str, Any], answers: dict[str, Answer], one: Any) -> Answer:
        body, answer = known[one.key] if one.key in known else (new[one.key].body, answers[one.key])
        return answer if body == one.body else Answer(2)

    def _alone(self, judge: Callable[[Any], Answer], one: Any) -> Answer:
        """A refused request leaves nothing of what it had taken."""
        with self.undoable() as undo:
            answer = judge(one)
            if answer.code >= 10:
                undo()
        return answer

    @contextmanager
    def undoable(self) -> Iterator[Callable[[], None]]:
        """A part that can be taken back."""
        accounts = [(one, one.net, one.legs, one.effective_max) for one in self.accounts.values()]
        held = {key: replace(one) for key, one in self.held.items()}
        pending = {key: replace(one) for key, one in self.pending.items()}
        taken_back, lines = dict(self.taken_back), len(self.journal)

        def undo() -> None:
            for account, net, legs, effective_max in accounts:
                account.net, account.effective_max = net, effective_max
                del account.moves[legs:]
            self.held, self.pending, self.taken_back = held, pending, taken_back
            del self.journal[lines:]

        yield undo

    # What the book has to look like ----------------------------------------------------------------------------------
    def shown(self) -> dict[str, str]:
        """The book, table by table, a line a row."""
        return {
            "accounts": "\n".join(
                f"{a.name} {a.status} {a.net} {a.legs} {a.balance} {self.reserved(a.id)} {self.pending_out(a.id)}"
                f" {self.pending_in(a.id)} {self.available(a)}"
                for a in sorted(self.accounts.values(), key=lambda a: a.id)
            ),
            "journal": "\n".join(self.journal),
            "refusals": "\n".join(self.refusals),
            "reservations": "\n".join(
                f"{one.key} {self.accounts[one.account].name} {'overdue' if one.overdue(self.now) else one.status}"
                f" {one.captured} {one.released} {one.left}"
                for one in self.held.values()
            ),
            "pending": "\n".join(
                f"{one.key} {one.kind} {one.shown(self.now)} {one.settled_by or '-'}" for one in self.pending.values()
            ),
        }


NO_CONDITIONS: dict[str, Any] = dict.fromkeys(("debit_version", "credit_version", "debit_least", "credit_least"))
