"""The product beside the model: every step asks both, each in a transaction of its own, and compares what stands."""

from __future__ import annotations

import copy
import difflib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any

from tests import make
from tests.checks import judge
from tests.funding import scenes
from tests.make import ACTOR
from tests.payments import stories
from tests.payments.model.book import Book
from tests.payments.model.probe import MORE_THAN_FINAL, PROBE
from tests.payments.model.words import BEGIN, DAILY_MAX, SINGLE_MAX, Event, File, Payment, Payroll, Request, Verdict

from headgate import funding, ledger, parties, payments, tenants
from headgate.core.db import Database, Tx
from headgate.core.errors import HeadgateError
from headgate.core.money import Money
from headgate.funding import Limit, credit
from headgate.rails import ach, fake

CLIENTS, EMPLOYEES = 2, 4
HOUR = 20


class Undone(Exception):
    """Takes a dry run back."""


class World:
    """One history: a tenant with two clients of four employees each."""

    def __init__(self, database: Database, hold: int) -> None:
        self.database = database
        self.told: Counter[str] = Counter()
        self.book = Book(CLIENTS, hold)
        self.tenant = make.tenant(database)
        self.events: dict[int, str] = {}
        self.files: dict[int, str] = {}
        self.contents: dict[int, bytes] = {}
        self.credited_on: set[date] = set()
        self.blocks: dict[tuple[int, int], str] = {}
        self.ids: dict[str, str] = {}
        self.number = 0
        with self.tx() as tx:
            stories.at(tx, BEGIN, HOUR)
            other = tenants.create_legal_entity(tx, name="Other", time_zone="America/Chicago", currency="USD")
            ledger.seed_chart(tx, legal_entity_id=other.id, currency="USD")
            self.clients = [self.tenant, replace(self.tenant, legal_entity_id=other.id)]
            self.payees = [self._client(tx, client) for client in self.clients]
            for policy in ("spike", "bank_change_cooldown"):
                scenes.limit(tx, policy, None)
            scenes.limit(tx, "max_single_payment", Limit(amount_minor=SINGLE_MAX))
            first = self.clients[0].legal_entity_id
            scenes.limit(tx, "max_daily_volume", Limit(amount_minor=DAILY_MAX), legal_entity_id=first)
            scenes.setting(tx, "hold_banking_days.ach_debit", str(hold))

    def _client(self, tx: Tx, client: make.TenantFixture) -> list[tuple[str, str]]:
        stories.originator(tx, client)
        made = parties.register_payees(
            tx,
            legal_entity_id=client.legal_entity_id,
            payees=[
                parties.PayeeInput(f"E-{n}", f"Employee {n}", (parties.BankAccountInput(stories.RDFI, f"77700{n}"),))
                for n in range(EMPLOYEES)
            ],
            source_ref="model",
        )
        return [(payee.party_id, payee.bank_account_ids[0]) for payee in made]

    @contextmanager
    def tx(self) -> Iterator[Tx]:
        with self.database.begin(tenant_id=self.tenant.id, actor=ACTOR) as tx:
            yield tx

    def key(self, word: str) -> str:
        self.number += 1
        return f"{word}-{self.number}"

    def agree(self, what: str, found: object, expected: object) -> None:
        assert found == expected, f"{what}: {found} in the product, {expected} in the model"

    # Money in --------------------------------------------------------------------------------------------------------
    def wire(self, client: int, amount: int) -> None:
        with self.tx() as tx:
            stories.fund(tx, self.clients[client], _text(amount), external_id=self.key("w"))
        self.book.wire(client, amount)

    def ask(self, client: int, amount: int) -> None:
        name = self.key("ask")
        with self.tx() as tx:
            for _ in range(2):  # Asking twice asks once.
                self.ids[name] = scenes.asked(tx, self.clients[client], _text(amount), key=name).id
        self.book.ask(name, client, amount)

    def submitted(self, request: Request) -> None:
        with self.tx() as tx:
            funding.mark_submitted(tx, funding_request_id=self.ids[request.name])
        self.book.submitted(request)

    def cancel(self, request: Request) -> None:
        is_cancelled = self.book.cancel(request)
        code = self.answer(lambda tx: funding.cancel_request(tx, funding_request_id=self.ids[request.name], reason="x"))
        self.agree("cancelled", code, "" if is_cancelled else "core.conflict")

    def debited(self, request: Request, amount: int) -> None:
        trace = self.key("t")
        event = self.book.debited(request, amount)
        with self.tx() as tx:
            for _ in range(2):  # The same evidence counts once.
                found = funding.record_settled(
                    tx,
                    funding_request_id=self.ids[request.name],
                    provider="bank",
                    external_trace_id=trace,
                    amount=_usd(amount),
                )
        self.events[id(event)] = found.id

    def finalise(self) -> None:
        with self.tx() as tx:
            found = funding.finalise_due(tx)
        self.agree("finalised", found, {"finalised": self.book.finalise(), "refused": 0})

    def return_debit(self, request: Request, event: Event) -> None:
        was_final = event.state == "final"
        expected = self.book.return_debit(request, event)
        self.told["late returns" if was_final else "early returns"] += 1
        trace = self.key("r")
        with self.tx() as tx:
            for _ in range(2):
                back = scenes.returned(tx, funding.get_event(tx, self.events[id(event)]), trace=trace)
        self.agree("clawed back and owed", (back.clawed_minor, back.receivable_minor), expected)

    # Credit ----------------------------------------------------------------------------------------------------------
    def own(self, amount: int) -> None:
        with self.tx() as tx:
            accounts = [ledger.account_for(tx, purpose, "USD").id for purpose in ("CASH", "OWN_FUNDS")]
            entry = ledger.Entry(accounts[0], accounts[1], _usd(amount))
            assert isinstance(ledger.post(tx, idempotency_key=self.key("own"), entries=[entry]), ledger.Posted)
        self.book.cash += amount
        self.book.own += amount

    def line(self, client: int, amount: int) -> None:
        with self.tx() as tx:
            scenes.credit_line(tx, self.clients[client], _text(amount), days=365)
        self.book.clients[client].line = amount

    def draw(self, client: int, amount: int) -> None:
        key = self.key("draw")
        expected = self.book.draw(client, amount)
        self.agree(
            "drawn", self.answer(lambda tx: scenes.draw(tx, self.clients[client], _text(amount), key=key)), expected
        )

    def repay(self, client: int, amount: int) -> None:
        entity, key = self.clients[client].legal_entity_id, self.key("repay")
        expected = self.book.repay(client, amount)
        found = self.answer(
            lambda tx: credit.repay_credit(tx, idempotency_key=key, legal_entity_id=entity, amount=_usd(amount))
        )
        self.agree("repaid", found, expected)

    # Payrolls --------------------------------------------------------------------------------------------------------
    def batch(self, payroll: Payroll) -> payments.PayrollBatch:
        items = []
        for payment in payroll.payments:
            party, account = self.payees[payroll.client][payment.employee]
            items.append(payments.PayrollItem(f"E-{payment.employee}", party, account, _usd(payment.amount)))
        entity = self.clients[payroll.client].legal_entity_id
        return payments.PayrollBatch(entity, payroll.name, payroll.pay_on, "USD", tuple(items))

    def new_payroll(self, client: int, amounts: list[int], pay_on: date) -> Payroll:
        return Payroll(self.key("PR"), client, pay_on, [Payment(n, amount) for n, amount in enumerate(amounts)])

    def commit(self, payroll: Payroll, mode: str, *, is_dry: bool = False) -> None:
        before = copy.deepcopy(self.book) if is_dry else None
        chosen: Any = None if mode == "strict" else mode
        try:
            with self.tx() as tx:
                reason = "payday" if chosen else None
                result = payments.commit_payroll(tx, self.batch(payroll), gate_mode=chosen, override_reason=reason)
                if is_dry:
                    raise Undone
        except Undone:
            pass
        expected, verdict = (before or self.book).commit(copy.deepcopy(payroll) if is_dry else payroll, mode)
        self.told[f"commit {expected}"] += 1
        self.agree("commit", result.status, expected)
        self.judged(result.gate, verdict)
        if not is_dry:
            self.ids[payroll.name] = result.payroll.id

    def judged(self, gate: funding.GateResult | None, verdict: Verdict | None) -> None:
        found = gate and Verdict(
            gate.passed,
            gate.outcome,
            gate.reason,
            frozenset(one.policy for one in gate.violations),
            gate.required.minor,
            gate.available.minor,
        )
        self.agree("the gate's word", found, verdict)
        if verdict:
            self.told[f"gate {verdict.reason}"] += 1

    def split(self, payroll: Payroll) -> None:
        with self.tx() as tx:
            result = payments.split_payroll(tx, payroll_id=self.ids[payroll.name])
        expected, verdict = self.book.split(payroll)
        self.told[f"split {expected}"] += 1
        self.agree("split", result.status, expected)
        self.judged(result.gate, verdict)

    def reserve_awaiting(self, client: int) -> None:
        with self.tx() as tx:
            entity = self.clients[client].legal_entity_id
            found = payments.reserve_awaiting(tx, legal_entity_id=entity, currency="USD")
        expected = self.book.reserve_awaiting(client)
        self.told["reserved later"] += expected
        self.agree("reserved", found, expected)

    def submit(self) -> None:
        with self.tx() as tx:
            made = payments.submit_due(tx, on=self.book.today)
        expected = self.book.submit()
        wanted = [(one.effective_on, sum(p.amount for _, p in one.carried), len(one.carried)) for one in expected]
        self.agree("files", [(one.effective_on, one.credit_minor, one.entry_count) for one in made], wanted)
        self.told["sent"] += sum(len(one.carried) for one in expected)
        for file, found in zip(expected, made, strict=True):
            self.files[id(file)] = found.id

    def release(self, payment: Payment, payroll: Payroll) -> None:
        def act(tx: Tx) -> None:
            number = tx.value(
                "SELECT reservation_id FROM payments.instructions WHERE payroll_id = %(p)s AND amount_minor = %(a)s"
                " AND idempotency_key LIKE %(e)s",
                {"p": self.ids[payroll.name], "a": payment.amount, "e": f"%%:E-{payment.employee}:%%"},
            )
            funding.release_reservation(tx, reservation_id=number)

        expected = "funding.reservation_captured" if payment.attempt else ""
        self.agree("released", self.answer(act), expected)
        if not expected:
            self.book.release(payment)

    def block(self, client: int, employee: int) -> None:
        """Blocked, or no more where it is."""
        where = (client, employee)
        with self.tx() as tx:
            if where in self.blocks:
                parties.lift_block(tx, block_id=self.blocks.pop(where), reason="cleared")
                self.book.blocked.discard(where)
            else:
                party = self.payees[client][employee][0]
                self.blocks[where] = parties.block_party(tx, party_id=party, reason="sanctions").id
                self.book.blocked.add(where)

    # The bank --------------------------------------------------------------------------------------------------------
    def deliver(self) -> None:
        expected = [file for file in self.book.files if file.status == "pending"]
        found = payments.deliver(self.database, self.tenant.id)
        self.agree("delivered", sorted(file.id for file in found), sorted(self.files[id(file)] for file in expected))
        for file in expected:
            file.status = "delivered"

    def content(self, file: File) -> bytes:
        if id(file) not in self.contents:
            with self.tx() as tx:
                self.contents[id(file)] = payments.file_bytes(tx, self.files[id(file)])
        return self.contents[id(file)]

    def settle(self, file: File, *, camt: bool = False, short: bool = False) -> None:
        """The bank's statement of a file's day: each file of the day settles, this one a cent short where asked for."""
        of_day = [one for one in self.book.files if one.effective_on == file.effective_on]
        day = stories.statement([self.content(one) for one in of_day], on=file.effective_on, camt=camt)
        amount = sum(payment.amount for _, payment in file.carried)
        is_short = short and day.count(b",466,%d," % amount) == 1
        if is_short:
            day = day.replace(b",466,%d," % amount, b",466,%d," % (amount - 1))
        with self.tx() as tx:
            told = payments.settle_from_statement(tx, artifact_id=stories.read(tx, self.key("day"), day))
        settled = mismatched = 0
        for one in of_day:
            if one is not file or not is_short:
                settled += self.book.settle(one)
            elif one.status != "settled" and not one.is_misread:
                one.is_misread, mismatched = True, 1
        self.told["settled"] += settled
        self.agree("settled", (told.instructions_settled, len(told.mismatched)), (settled, mismatched))

    def return_payments(self, file: File, places: list[int], *, credited: bool) -> None:
        traces = [str(entry.trace_number) for entry in ach.read_file(self.content(file)).entries]
        self.number += 10
        back = fake.return_file(
            [self.content(file)],
            {traces[place]: "R23" for place in places},
            on=self.book.today,
            first_sequence=self.number,
        )
        with self.tx() as tx:
            found = payments.return_from_file(tx, artifact_id=stories.read(tx, self.key("ret"), back))
        expected = self.book.return_payments(file, places)
        self.told["returned"] += expected
        self.agree("returned", (len(found.returned), found.orphans), (expected, 0))
        if credited and expected == len(places) and self.book.today not in self.credited_on:
            self.credited_on.add(self.book.today)  # A bank has one statement a day.
            day = stories.statement([], on=self.book.today, return_files=[back])
            with self.tx() as tx:
                told = payments.settle_from_statement(tx, artifact_id=stories.read(tx, self.key("day"), day))
            self.agree("credited", told.return_credits, len(places))
            self.book.credited(sum(file.carried[place][1].amount for place in places))

    def go_to(self, day: date) -> None:
        with self.tx() as tx:
            stories.at(tx, day, HOUR)
        self.book.today = day

    # What stands -----------------------------------------------------------------------------------------------------
    def answer(self, act: Callable[[Tx], object]) -> str:
        """The code of the error that it raises, and nothing then moved; '' where it raises none."""
        try:
            with self.tx() as tx:
                act(tx)
        except HeadgateError as error:
            return error.code
        return ""

    def compare(self) -> None:
        """The product is what the model is, row by row, and never more was paid than became final."""
        self.told["steps"] += 1
        with self.tx() as tx:
            first = self.clients[0].legal_entity_id
            found = tx.one(PROBE, {"first": first})
            overpaid = tx.values(MORE_THAN_FINAL)
        self.agree("clients that were paid out more than ever was final", overpaid, [])
        for name, expected in self.book.shown().items():
            lines = sorted(found[name] or []) if name != "clients" else found[name]
            if lines != expected:
                told = difflib.unified_diff(expected, lines, "the model", "the product", lineterm="", n=0)
                raise AssertionError(f"{name} differ:\n" + "\n".join(told))

    def last(self) -> None:
        """The hourly job has asked after what no bank spoke of, and every invariant holds for the tenant."""
        with self.database.begin(tenant_id=self.tenant.id, actor=ACTOR) as tx:
            payments.open_missing(tx)
        judge(self.database, [self.tenant.id])


def _usd(amount: int) -> Money:
    return Money(amount, "USD")


def _text(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02d}"
