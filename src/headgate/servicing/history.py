"""The fold: what a loan's payments did, from its dues, its standings and its payments alone. Pure.

The same set of payments gives the same lines in whatever order they arrived, since they are taken by the day on which each
was received. A *parcel* is what of a payment still waits in suspense; parcels are spent oldest first. They are tried again
with every payment, and on every due date on which they come to what is open of the oldest due.

`History` may begin at nothing, or where an earlier fold ended (`parcels`, dues with what is open now): going on from there
is the same as folding everything again, as long as what comes is later than what was. Of a long loan the dues up to a day
are enough for most payments; where they are not, DuesUnread says so, and nothing of that history is to be believed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from headgate.servicing import waterfalls
from headgate.servicing.model import (
    Due,
    DuesUnread,
    Line,
    Overpayment,
    Placed,
    Receipt,
    Situation,
    StandingChange,
    State,
    Terms,
)


@dataclass(slots=True)
class _Parcel:
    receipt: Receipt
    left: int


class History:
    """A loan while its payments are taken, one after the other."""

    def __init__(
        self,
        dues: Sequence[Due],
        standings: Sequence[StandingChange],
        terms: Mapping[int, Terms],
        *,
        parcels: Sequence[tuple[Receipt, int]] = (),
        through: date = date.min,
        read_to: date = date.max,
        unread_minor: int = 0,
    ) -> None:
        """`dues` in any order, with what is open of each; `through` is the day up to which due dates were looked at.

        They are all that fall due up to `read_to`, and the next ones; `unread_minor` is what is open of the others.
        """
        self.dues = {due.number: due for due in sorted(dues, key=lambda one: (one.due_on, one.number))}
        self._standings = sorted(standings, key=lambda one: one.from_on)
        self._terms = terms
        self._parcels = [_Parcel(receipt, left) for receipt, left in parcels]
        self._placed: dict[tuple[object, ...], Placed] = {}
        self.through = through
        self._read_to = read_to if unread_minor else date.max
        self._unread_minor = unread_minor
        self.partial: set[str] = set()
        self.states: dict[str, State] = {}

    def receive(self, receipt: Receipt) -> None:
        """Take a payment that comes after everything taken so far."""
        on = receipt.received_on
        self.go_to(on)
        self.states[receipt.id] = state = self.state_at(on, self._terms[receipt.version_no])
        self._parcels.append(_Parcel(receipt, receipt.amount_minor))
        self._apply(on, receipt, state)
        if any(due.due_on <= on and due.periodic_minor for due in self.dues.values()):
            self.partial.add(receipt.id)

    def go_to(self, on: date) -> None:
        """Let the days pass: on each due date that comes, what waits is applied where it has become enough."""
        if self._parcels:
            coming = {due.due_on for due in self.dues.values() if self.through < due.due_on <= on}
            for day in sorted(coming):
                if self._parcels and self._is_enough(day):
                    last = self._parcels[-1].receipt
                    self._apply(day, last, self.state_at(day, self._terms[last.version_no]))
        self.through = max(self.through, on)

    def state_at(self, on: date, terms: Terms) -> State:
        """The loan's state on a day: its standing, or what its dues say."""
        standing, _ = self._standing_at(on)
        if standing is not None:
            return standing
        if on > self._read_to:
            _ = self.oldest_due_on  # Raises where the oldest may be among those that were not read.
        return state_of(self.dues.values(), on, terms, unread_minor=self._unread_minor)

    @property
    def oldest_due_on(self) -> date | None:
        """The day of the oldest periodic payment that is open. Raises DuesUnread."""
        found = min((due.due_on for due in self.dues.values() if due.periodic_minor), default=None)
        if found is None and self._unread_minor:
            raise DuesUnread
        return found

    @property
    def open_minor(self) -> int:
        """What is open of all dues."""
        return self._unread_minor + sum(due.open_minor for due in self.dues.values())

    def placed(self, overpayment: Overpayment) -> list[Placed]:
        """Every line made, and what waits: as an overpayment where nothing is owed any more and it is to be refunded."""
        is_over = overpayment == "refund" and bool(self.dues) and not self.open_minor
        waiting = [
            Placed(
                parcel.receipt.id,
                "overpayment" if is_over else "suspense",
                None,
                parcel.receipt.received_on,
                parcel.receipt.version_no,
                False,
                parcel.left,
            )
            for parcel in self._parcels
            if parcel.left
        ]
        return [*self._placed.values(), *waiting]

    @property
    def waiting_minor(self) -> int:
        """What lies in suspense, or is over."""
        return sum(parcel.left for parcel in self._parcels)

    def _is_enough(self, day: date) -> bool:
        oldest = next((due for due in self.dues.values() if due.due_on <= day and due.periodic_minor), None)
        return oldest is not None and self.waiting_minor >= oldest.periodic_minor

    def _apply(self, on: date, receipt: Receipt, state: State) -> None:
        """Pour all that waits through the waterfall of the loan's state on that day."""
        rule = self._terms[receipt.version_no].rule(state)
        dues = tuple(due for due in self.dues.values() if due.open_minor)
        situation = Situation(state, dues, self._standing_at(on)[1], self._read_to)
        lines = waterfalls.allocate(situation, self.waiting_minor, on, rule, receipt.instruction)
        for line in lines:
            if line.number is not None:
                self._pay(line, on, receipt.version_no, state == "charged_off")
        self._parcels = [parcel for parcel in self._parcels if parcel.left]

    def _pay(self, line: Line, on: date, version_no: int, is_recovery: bool) -> None:
        """Pay a line from the oldest parcels."""
        assert line.number is not None, "what has no due stays where it waits"
        assert line.place != "suspense" and line.place != "overpayment", "what has a due is in one of its buckets"
        due = self.dues[line.number]
        self.dues[line.number] = due.with_open({line.place: due.of(line.place) - line.amount_minor})
        owed = line.amount_minor
        for parcel in self._parcels:
            taken = min(parcel.left, owed)
            if taken == 0:
                continue
            parcel.left -= taken
            owed -= taken
            made = Placed(parcel.receipt.id, line.place, line.number, on, version_no, is_recovery, taken)
            known = self._placed.get(made.where)
            self._placed[made.where] = (
                made if known is None else replace(known, amount_minor=known.amount_minor + taken)
            )
            if owed == 0:
                return
        raise AssertionError("a waterfall never pays more than there is")

    def _standing_at(self, on: date) -> tuple[State | None, date | None]:
        """The standing in force on a day, if any, and where that is a bankruptcy, since when."""
        found: StandingChange | None = None
        for change in self._standings:
            if change.from_on > on:
                break
            found = change
        if found is None or found.standing == "none":
            return None, None
        return found.standing, found.from_on if found.standing == "bankruptcy" else None


def fold(
    dues: Sequence[Due],
    standings: Sequence[StandingChange],
    receipts: Iterable[Receipt],
    terms: Mapping[int, Terms],
    *,
    through: date,
) -> History:
    """The whole history: `dues` as they were charged, every payment that stands, up to a day."""
    history = History(dues, standings, terms)
    for receipt in sorted(receipts, key=lambda one: one.order):
        history.receive(receipt)
    history.go_to(through)
    return history


def state_of(dues: Iterable[Due], on: date, terms: Terms, *, unread_minor: int = 0) -> State:
    """What dues say of a loan on a day, by the oldest instalment that is past due and unpaid.

    `unread_minor` is what is open of others, which fall due later.
    """
    oldest: date | None = None
    is_open, is_empty = unread_minor > 0, unread_minor == 0
    for due in dues:
        is_empty = False
        if due.open_minor:
            is_open = True
        if due.periodic_minor and due.due_on < on and (oldest is None or due.due_on < oldest):
            oldest = due.due_on
    if is_empty:
        return "pending"
    if not is_open:
        return "paid_off"
    if oldest is None:
        return "current"
    days = (on - oldest).days
    if days <= terms.grace_days:
        return "grace"
    if terms.default_after_days is not None and days >= terms.default_after_days:
        return "default"
    return "delinquent"
