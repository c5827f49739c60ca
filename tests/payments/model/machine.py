"""Histories: everything that happens to a client's money, in any order. Hypothesis tells a failing one as a story."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.payments.model.words import Event, File, Payroll, Request, banking_day
from tests.payments.model.world import CLIENTS, EMPLOYEES, World

from headgate.core.db import Database

CLIENT = st.integers(0, CLIENTS - 1)
AMOUNT = st.sampled_from((1, 2_500, 6_000, 10_000, 15_001, 30_000))
PAYS = st.lists(st.sampled_from((*(1, 1_000, 2_500, 4_000, 6_001) * 4, 9_000, 9_001)), min_size=1, max_size=EMPLOYEES)
MODE = st.sampled_from(("strict", "strict", "strict", "hybrid", "soft"))
MORE = st.sampled_from((0, 0, 1, 5_000))
ONE = st.integers(0, 60)
"""Which of those that there are."""


class Histories(RuleBasedStateMachine):
    """The rules. A subclass names the database."""

    database: ClassVar[Database]
    told: ClassVar[Counter[str]] = Counter()
    is_judged: ClassVar[bool] = True
    """Whether every invariant is looked at when a history ends."""

    @initialize(hold=st.sampled_from((0, 1, 2)), first=AMOUNT)
    def begin(self, hold: int, first: int) -> None:
        self.world = World(self.database, hold)
        self.world.wire(0, first)

    # Money in --------------------------------------------------------------------------------------------------------
    @rule(client=CLIENT, amount=AMOUNT)
    def wire(self, client: int, amount: int) -> None:
        self.world.wire(client, amount)

    @rule(client=CLIENT, amount=AMOUNT, days=st.sampled_from((0, 3)))
    def debit(self, client: int, amount: int, days: int) -> None:
        """Asked for and settled, and perhaps past its hold."""
        self.world.ask(client, amount)
        self.world.debited(self.world.book.requests[-1], amount)
        if days:
            self.world.go_to(banking_day(self.world.book.today, days))
            self.world.finalise()

    @rule(client=CLIENT, amount=AMOUNT)
    def ask(self, client: int, amount: int) -> None:
        self.world.ask(client, amount)

    def asked(self, which: int) -> Request | None:
        """A request that was made by itself, and not cancelled."""
        found = [one for one in self.world.book.requests if one.name.startswith("ask") and one.status != "cancelled"]
        return found[which % len(found)] if found else None

    @rule(which=ONE, what=st.sampled_from(("submitted", "cancel", "a part", "the rest", "more")))
    def request_goes_on(self, which: int, what: str) -> None:
        request = self.asked(which)
        if request is None:
            return
        lacks = max(1, request.asked - request.received)
        if what in ("submitted", "cancel"):
            getattr(self.world, what)(request)
        else:
            self.world.debited(request, {"a part": (lacks + 1) // 2, "the rest": lacks, "more": lacks + 100}[what])

    @rule()
    def finalise(self) -> None:
        self.world.finalise()

    @rule(which=ONE, prefers=st.sampled_from(("held", "final")))
    def return_debit(self, which: int, prefers: str) -> None:
        found: list[tuple[Request, Event]] = [
            (request, event)
            for request in self.world.book.requests
            for event in request.events
            if event.state != "returned"
        ]
        found = [one for one in found if one[1].state == prefers] or found
        if found:
            self.world.return_debit(*found[which % len(found)])

    # Credit ----------------------------------------------------------------------------------------------------------
    @rule(client=CLIENT, amount=AMOUNT, share=st.sampled_from((1, 2, 3)))
    def credit(self, client: int, amount: int, share: int) -> None:
        """The tenant's own money, a line, and a drawing of it, or more than it."""
        self.world.own(amount)
        self.world.line(client, amount)
        self.world.draw(client, amount * share // 2 or 1)

    @rule(client=CLIENT, amount=st.sampled_from((30_000, 30_000, 60_000, 1)))
    def line(self, client: int, amount: int) -> None:
        self.world.line(client, amount)

    @rule(client=CLIENT, amount=AMOUNT)
    def repay(self, client: int, amount: int) -> None:
        self.world.repay(client, amount)

    # Payrolls --------------------------------------------------------------------------------------------------------
    @rule(client=CLIENT, pays=PAYS, days=st.sampled_from((1, 1, 2, 3)), mode=MODE, dry=st.sampled_from((True, False)))
    def commit(self, client: int, pays: list[int], days: int, mode: str, dry: bool) -> None:
        payroll = self.world.new_payroll(client, pays, banking_day(self.world.book.today, days))
        if dry:
            self.world.commit(payroll, mode, is_dry=True)
        self.world.commit(payroll, mode)

    # Short stories that chance alone would rarely tell; between them anything may happen.
    @rule(client=CLIENT, pays=PAYS, more=MORE)
    def paid(self, client: int, pays: list[int], more: int) -> None:
        self.tell("paid", client, pays, more)

    @rule(client=CLIENT, pays=PAYS, more=MORE)
    def paid_and_back(self, client: int, pays: list[int], more: int) -> None:
        self.tell("paid and back", client, pays, more)

    @rule(client=CLIENT, pays=PAYS, more=MORE)
    def late(self, client: int, pays: list[int], more: int) -> None:
        self.tell("late", client, pays, more)

    @rule(client=CLIENT, pays=PAYS, more=MORE)
    def pulled(self, client: int, pays: list[int], more: int) -> None:
        self.tell("pulled", client, pays, more)

    @rule(client=CLIENT, pays=PAYS, more=MORE)
    def funded_later(self, client: int, pays: list[int], more: int) -> None:
        self.tell("funded later", client, pays, more)

    @rule(client=CLIENT, pays=PAYS, more=MORE)
    def short(self, client: int, pays: list[int], more: int) -> None:
        self.tell("short", client, pays, more)

    def tell(self, scene: str, client: int, pays: list[int], more: int) -> None:
        world, need = self.world, sum(pays)
        if scene in ("paid", "paid and back", "short"):
            world.wire(client, need + more)
        elif scene == "late":
            self.debit(client, need + more, 3)
        elif scene == "pulled":
            world.wire(client, need // 2 + 1)
            self.debit(client, need - need // 2, 3)
        payroll = world.new_payroll(client, pays, banking_day(world.book.today, 1))
        world.commit(payroll, "soft" if scene == "funded later" else "strict")
        if scene == "funded later":
            world.wire(client, need + more)
            world.reserve_awaiting(client)
        elif scene == "short":
            other = world.new_payroll(client, [1, *pays][:EMPLOYEES], banking_day(world.book.today, 1))
            world.commit(other, "strict")
            if other.status == "pending":
                world.split(other)
        elif scene == "pulled":
            self.return_debit(-1, "final")
        files = len(world.book.files)
        world.submit()
        if scene == "late":
            self.return_debit(-1, "final")
        if scene.startswith("paid") and len(world.book.files) > files:
            world.go_to(banking_day(world.book.today, 1))
            world.settle(world.book.files[-1])
            if scene == "paid and back":
                world.return_payments(world.book.files[-1], [0], credited=bool(more))

    def some(self, which: int, *statuses: str) -> Payroll | None:
        found = [one for one in self.world.book.payrolls if not statuses or one.status in statuses]
        return found[which % len(found)] if found else None

    @rule(which=ONE, mode=MODE)
    def commit_again(self, which: int, mode: str) -> None:
        payroll = self.some(which, "pending") or self.some(which)
        if payroll:
            self.world.commit(payroll, mode)

    @rule(which=ONE)
    def split(self, which: int) -> None:
        payroll = self.some(which, "pending")
        if payroll:
            self.world.split(payroll)

    @rule(client=CLIENT)
    def reserve_awaiting(self, client: int) -> None:
        self.world.reserve_awaiting(client)

    @rule()
    def submit(self) -> None:
        self.world.submit()

    @rule(which=ONE, place=st.integers(0, EMPLOYEES - 1))
    def release(self, which: int, place: int) -> None:
        found = [
            (payment, payroll)
            for payroll in self.world.book.payrolls
            for payment in payroll.payments
            if payment.reservation is not None
        ]
        if found:
            self.world.release(*found[(which + place) % len(found)])

    @rule(client=CLIENT, employee=st.sampled_from((2, 3, 3)))
    def block(self, client: int, employee: int) -> None:
        self.world.block(client, employee)

    # The bank --------------------------------------------------------------------------------------------------------
    def file(self, which: int, *, due: bool = False) -> File | None:
        book = self.world.book
        found = [one for one in book.files if not due or one.effective_on <= book.today]
        return found[which % len(found)] if found else None

    @precondition(lambda self: self.world.book.files)
    @rule()
    def deliver(self) -> None:
        self.world.deliver()

    @precondition(lambda self: self.world.book.files)
    @rule(which=ONE, camt=st.booleans(), short=st.sampled_from((False, False, True)))
    def settle(self, which: int, camt: bool, short: bool) -> None:
        file = self.file(which, due=True)
        if file is None:
            self.world.go_to(banking_day(self.world.book.today, 1))
        else:
            self.world.settle(file, camt=camt, short=short and not camt)

    @precondition(lambda self: self.world.book.files)
    @rule(which=ONE, places=st.sets(st.integers(0, EMPLOYEES - 1), min_size=1, max_size=2), credited=st.booleans())
    def return_payments(self, which: int, places: set[int], credited: bool) -> None:
        file = self.file(which)
        if file:
            chosen = sorted({place % len(file.carried) for place in places})
            self.world.return_payments(file, chosen, credited=credited)

    @rule(days=st.sampled_from((1, 1, 2, 3)))
    def days_pass(self, days: int) -> None:
        self.world.go_to(banking_day(self.world.book.today, days))

    # Compared --------------------------------------------------------------------------------------------------------
    @invariant()
    def the_product_is_what_the_model_is(self) -> None:
        if hasattr(self, "world"):
            self.world.compare()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.told["histories"] += 1
            self.told.update(self.world.told)
            if self.is_judged:
                self.world.last()
