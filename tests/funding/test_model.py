"""Funding, gate, payroll and payment together, against a model of the money that is a few whole numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from tests import make
from tests.conftest import judge
from tests.funding import scenes
from tests.make import ACTOR, TenantFixture
from tests.payments import stories
from tests.payments.stories import MONDAY

from headgate import funding, ledger, payments, rails
from headgate.core.db import Database, Tx
from headgate.core.money import Money
from headgate.funding.model import GateMode
from headgate.funding.request_model import final_at

Step = tuple[str, int]
HOUR = 20
"""After noon in Chicago, at which a day's deposits are booked: what came in today is there."""

SCENES: dict[str, tuple[str, ...]] = {
    "pay": ("wire", "commit", "submit"),
    "late": ("debit", "day", "day", "day", "finalise", "commit", "submit", "return"),
    "early": ("debit", "finalise", "return"),
    "fund later": ("commit_soft", "wire", "reserve", "submit"),
    "short": ("wire", "commit", "commit", "split", "submit"),
}
"""Short histories that chance alone would rarely make; between them anything may happen."""
SINGLE = ["wire", "debit", "day", "finalise", "return", "commit", "commit_soft", "recommit", "submit", "reserve"]
STEPS = st.lists(
    st.tuples(st.sampled_from([*SINGLE, "release", "split", *SCENES, *SCENES]), st.integers(1, 9)),
    min_size=4,
    max_size=16,
)


@dataclass
class Model:
    """What the client has in cents: `posted` of its own, `held` by event until its day, `owed` for late returns."""

    posted: int = 0
    held: dict[str, tuple[int, date]] = field(default_factory=dict)
    owed: int = 0
    cash: int = 0
    sent: int = 0
    alive: dict[str, int] = field(default_factory=dict)
    today: date = MONDAY
    batches: list[payments.PayrollBatch] = field(default_factory=list)
    number: int = 0

    def book(self) -> dict[str, int]:
        figures = {
            "CASH": self.cash,
            "CLIENT_FUNDS": self.posted,
            "PROVISIONAL_FUNDS": sum(amount for amount, _ in self.held.values()),
            "PAYROLL_CLEARING": self.sent,
            "RETURNS_RECEIVABLE": self.owed,
        }
        assert self.cash + self.owed == self.posted + figures["PROVISIONAL_FUNDS"] + self.sent
        return {purpose: amount for purpose, amount in figures.items() if amount}


class World:
    """The model and the real thing, step by step."""

    def __init__(self, tx: Tx, tenant: TenantFixture, *, hold: int) -> None:
        self.tx, self.tenant, self.model, self.hold = tx, tenant, Model(), hold
        stories.at(tx, MONDAY, HOUR)
        stories.originator(tx, tenant)
        for policy in ("spike", "bank_change_cooldown"):
            scenes.limit(tx, policy, None)
        scenes.setting(tx, "hold_banking_days.ach_debit", str(hold))

    def step(self, name: str, size: int) -> None:
        for part in SCENES.get(name, ()):
            self.step(part, size)
        if name in SCENES:
            return
        self.model.number += 1
        getattr(self, f"do_{name}")(size)
        self.agree()

    def agree(self) -> None:
        found = {}
        for purpose in ("CASH", "CLIENT_FUNDS", "PROVISIONAL_FUNDS", "PAYROLL_CLEARING", "RETURNS_RECEIVABLE"):
            account = ledger.account_for(self.tx, purpose, "USD", legal_entity_id=self.tenant.legal_entity_id)
            posted = ledger.balance(self.tx, account.id).posted.minor
            if posted:
                found[purpose] = posted
        assert found == self.model.book()

    @property
    def available(self) -> int:
        return stories.client_funds(self.tx, self.tenant)[1].minor

    def recovered(self) -> None:
        """What becomes available pays what is owed, before anything else."""
        reserved = stories.client_funds(self.tx, self.tenant)[0].minor
        if self.model.owed:
            event("something is owed")
        taken = min(self.model.owed, max(0, self.model.posted - reserved))
        self.model.owed -= taken
        self.model.posted -= taken

    def do_wire(self, size: int) -> None:
        stories.fund(self.tx, self.tenant, f"{size * 10}.00", external_id=f"w-{self.model.number}")
        self.model.cash += size * 1000
        self.model.posted += size * 1000
        self.recovered()

    def do_debit(self, size: int) -> None:
        debit = scenes.debited(self.tx, self.tenant, f"{size * 10}.00", key=f"d-{self.model.number}")
        assert debit.final_at == final_at(debit.settled_at, self.hold)
        free_on = rails.add_banking_days(self.model.today, self.hold + 1) if self.hold else self.model.today
        self.model.held[debit.id] = (size * 1000, free_on)
        self.model.alive[debit.id] = size * 1000
        self.model.cash += size * 1000

    def do_finalise(self, size: int) -> None:
        due = [one for one, (_, free_on) in self.model.held.items() if free_on <= self.model.today]
        assert funding.finalise_due(self.tx) == {"finalised": len(due), "refused": 0}
        for one in due:
            self.model.posted += self.model.held.pop(one)[0]
            event("money became final")
        self.recovered()

    def do_return(self, size: int) -> None:
        if not self.model.alive:
            return
        chosen = sorted(self.model.alive)[size % len(self.model.alive)]
        amount = self.model.alive.pop(chosen)
        back = scenes.returned(self.tx, funding.get_event(self.tx, chosen), trace=f"r-{self.model.number}")
        self.model.cash -= amount
        if chosen in self.model.held:
            event("provisional money returned")
            del self.model.held[chosen]
            assert (back.clawed_minor, back.receivable_minor) == (0, 0)
            return
        clawed = min(amount, self.model.posted)  # All that is reserved is of payments that are not sent.
        assert (back.clawed_minor, back.receivable_minor) == (clawed, amount - clawed)
        self.model.posted -= clawed
        self.model.owed += amount - clawed
        event("a late return is owed" if self.model.owed else "a late return is clawed back")

    def do_commit(self, size: int, mode: GateMode | None = None) -> None:
        batch = stories.batch(
            self.tx,
            self.tenant,
            *[f"{size * 3 + n}.00" for n in range(1 + size % 3)],
            payroll_id=f"PR-{self.model.number}",
            pay_on=rails.add_banking_days(self.model.today, 1 + size % 3),
        )
        self.model.batches.append(batch)
        self.ask(batch, mode)

    def do_commit_soft(self, size: int) -> None:
        self.do_commit(size, "soft")

    def do_recommit(self, size: int) -> None:
        if self.model.batches:
            self.ask(self.model.batches[size % len(self.model.batches)], None)

    def ask(self, batch: payments.PayrollBatch, mode: GateMode | None) -> None:
        before = self.available
        reason = "payday" if mode else None
        result = payments.commit_payroll(self.tx, batch, gate_mode=mode, override_reason=reason)
        if result.gate is None:
            return
        self.recovered()
        need = sum(item.net_pay.minor for item in batch.items)
        available = max(0, min(before, self.available + (need if result.gate.passed else 0)))
        event(f"commit: {result.status}")
        assert result.gate.passed == (available >= need)
        assert result.status == (
            "committed" if available >= need else "committed_with_warnings" if mode else "blocked_funds"
        )

    def do_submit(self, size: int) -> None:
        room = self.model.posted
        files = payments.submit_due(self.tx, on=self.model.today)
        sent = sum(file.credit_minor for file in files)
        assert sent <= room
        self.model.posted -= sent
        self.model.sent += sent
        event("sent" if sent else "nothing sent")
        self.recovered()

    def do_reserve(self, size: int) -> None:
        payments.reserve_awaiting(self.tx, legal_entity_id=self.tenant.legal_entity_id, currency="USD")
        self.recovered()

    def do_release(self, size: int) -> None:
        held = self.tx.values("SELECT id FROM ledger.reservations WHERE status = 'active' ORDER BY id")
        if held:
            funding.release_reservation(self.tx, reservation_id=held[size % len(held)])

    def do_split(self, size: int) -> None:
        waiting = payments.list_payrolls(self.tx, status="pending")
        if waiting:
            before = self.available
            split = payments.split_payroll(self.tx, payroll_id=waiting[size % len(waiting)].id)
            self.recovered()
            event(f"split: {split.status}")
            assert split.gate is not None
            assert split.gate.required <= Money(before, "USD") or split.status == "blocked_funds"

    def do_day(self, size: int) -> None:
        self.model.today = rails.add_banking_days(self.model.today + timedelta(days=size % 2), 1)
        stories.at(self.tx, self.model.today, HOUR)


@pytest.mark.slow
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS, hold=st.sampled_from([0, 1, 2]))
def test_the_book_is_what_a_few_numbers_say_whatever_happens(database: Database, steps: list[Step], hold: int) -> None:
    tenant = make.tenant(database)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        world = World(tx, tenant, hold=hold)
        for name, size in steps:
            world.step(name, size)
        assert tx.value("SELECT count(*) FROM payments.attempts") == tx.value(
            "SELECT count(*) FROM payments.instructions WHERE status = 'sent'"
        )
    judge(database, [tenant.id])
