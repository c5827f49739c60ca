"""Funding, gate, payroll and payment as a plain model: whole numbers and lists, its own arithmetic, no SQL.

A verb changes the model and says what the product has to answer. What stands afterwards are lines of text (`shown`), so
that a difference reads as one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from tests.payments.model.words import (
    BEGIN,
    DAILY_MAX,
    SINGLE_MAX,
    UNSENT,
    WAITING,
    Client,
    Event,
    File,
    Payment,
    Payroll,
    Request,
    Verdict,
    banking_day,
)

Counter = dict[str, list[int]]
"""What each payroll took of a day: committed, and paid."""


class Book:
    """The whole model."""

    def __init__(self, clients: int, hold: int) -> None:
        self.today = BEGIN
        self.hold = hold
        self.clients = [Client() for _ in range(clients)]
        self.cash = self.own = self.clearing = self.coming_back = 0
        self.payrolls: list[Payroll] = []
        self.requests: list[Request] = []
        self.files: list[File] = []
        self.blocked: set[tuple[int, int]] = set()
        """Payees that are not paid, by client and employee."""
        self.taken: dict[date, Counter] = defaultdict(dict)
        self.reservations = 0

    # What may move ---------------------------------------------------------------------------------------------------
    def payments(self, client: int) -> list[Payment]:
        return [payment for payroll in self.payrolls if payroll.client == client for payment in payroll.payments]

    def reserved(self, client: int) -> int:
        return sum(payment.amount for payment in self.payments(client) if payment.holds)

    def available(self, client: int) -> int:
        return self.clients[client].posted - self.reserved(client)

    def recover(self, client: int) -> None:
        """What is available pays what is owed, the oldest first, before anything can reserve it."""
        one = self.clients[client]
        while one.owed and (part := min(one.owed[0], self.available(client))) > 0:
            one.owed[0] -= part
            one.posted -= part
            if not one.owed[0]:
                one.owed.pop(0)

    # Money in --------------------------------------------------------------------------------------------------------
    def wire(self, client: int, amount: int) -> None:
        """Final money: given to the requests that wait, an exact one first, else what is due first; the rest to the last."""
        self.cash += amount
        self.clients[client].posted += amount
        self.clients[client].final_in += amount
        waiting = [one for one in self.requests if one.client == client and one.status in WAITING]
        waiting.sort(key=lambda one: (one.due_on, one.number))
        chosen = [one for one in waiting if one.asked - one.received == amount][:1] or waiting
        rest = amount
        for place, one in enumerate(chosen):
            part = rest if place == len(chosen) - 1 else min(rest, max(0, one.asked - one.received))
            if part > 0:
                rest -= part
                one.wired += part
                one.refresh()
        self.recover(client)

    def ask(self, name: str, client: int, amount: int) -> Request:
        request = Request(name, client, self.today, len(self.requests), amount, amount, "requested")
        self.requests.append(request)
        return request

    def submitted(self, request: Request) -> None:
        if request.status == "requested":
            request.status = "submitted"

    def cancel(self, request: Request) -> bool:
        """Whether it is cancelled now: not where money came."""
        if request.status != "cancelled" and request.received:
            return False
        request.status = "cancelled"
        return True

    def debited(self, request: Request, amount: int) -> Event:
        """A debit settled: provisional until its hold has passed."""
        free_on = banking_day(self.today, self.hold + 1) if self.hold else self.today
        event = Event(amount, free_on)
        request.events.append(event)
        request.refresh()
        self.cash += amount
        return event

    def finalise(self) -> int:
        """What is due becomes the client's own; how many."""
        due = [
            (request, event)
            for request in self.requests
            for event in request.events
            if event.state == "held" and event.free_on <= self.today
        ]
        for request, event in due:
            event.state = "final"
            request.refresh()
            self.clients[request.client].posted += event.amount
            self.clients[request.client].final_in += event.amount
            self.recover(request.client)
        return len(due)

    def return_debit(self, request: Request, event: Event) -> tuple[int, int]:
        """The bank takes it back; what was clawed back, and what is owed.

        Final money is clawed back: of what is available, then of what unsent payments hold, the newest first.
        """
        client = self.clients[request.client]
        was_final, event.state = event.state == "final", "returned"
        request.refresh()
        self.cash -= event.amount
        if not was_final:
            return 0, 0
        lacks = event.amount - self.available(request.client)
        holding = [payment for payment in self.payments(request.client) if payment.holds]
        for payment in sorted(holding, key=lambda one: -(one.reservation or 0)):
            if lacks <= 0:
                break
            payment.holds = False
            lacks -= payment.amount
        clawed = min(event.amount, max(0, self.available(request.client)))
        client.posted -= clawed
        if event.amount > clawed:
            client.owed.append(event.amount - clawed)
        return clawed, event.amount - clawed

    # Credit ----------------------------------------------------------------------------------------------------------
    def draw(self, client: int, amount: int) -> str:
        one = self.clients[client]
        if amount > max(0, one.line - one.drawn):
            return "funding.credit_exceeded"
        if amount > self.own:
            return "funding.not_postable"
        self.own -= amount
        one.posted += amount
        one.final_in += amount
        one.drawn += amount
        return ""

    def repay(self, client: int, amount: int) -> str:
        one = self.clients[client]
        if amount > one.drawn:
            return "funding.credit_exceeded"
        if amount > self.available(client):
            return "funding.not_postable"
        self.own += amount
        one.posted -= amount
        one.drawn -= amount
        return ""

    # The gate --------------------------------------------------------------------------------------------------------
    def judge(
        self, payroll: Payroll, claims: Sequence[Payment], *, pays: bool, mode: str
    ) -> tuple[Verdict, list[Payment]]:
        """The gate's word, and the payments that its violations name: all of these where one names none."""
        required = sum(payment.amount for payment in claims)
        one = self.clients[payroll.client]
        named = [payment for payment in claims if (payroll.client, payment.employee) in self.blocked]
        found = {"blocked_payee"} if named else set()
        over = [payment for payment in claims if payment.amount > SINGLE_MAX]
        found |= {"max_single_payment"} if over else set()
        window = self.today if pays else max(self.today, payroll.release_on)
        counter, taken = self.taken[window], 0
        if payroll.client == 0:
            used = sum(max(both) for name, both in counter.items() if name != payroll.name)
            committed, paid = counter.get(payroll.name, [0, 0])
            taken = max(committed + (0 if pays else required), paid + (required if pays else 0))
            found |= {"max_daily_volume"} if used + taken > DAILY_MAX else set()
        found |= {"max_credit_utilization"} if one.drawn > one.line else set()
        about_all = bool(found - {"blocked_payee", "max_single_payment"})
        self.recover(payroll.client)
        own = sum(payment.amount for payment in claims if payment.holds)
        available = self.available(payroll.client) + own
        lacks = None
        if available < required:
            lacks = "reservation_conflict" if one.posted >= required else "insufficient_funds"
        if lacks is None and (not found or mode == "soft"):
            for payment in claims:
                if not payment.holds:
                    self.reservations += 1
                    payment.holds, payment.reservation = True, self.reservations
        reason = "policy_violation" if found else lacks
        if reason is None and payroll.client == 0:
            both = counter.setdefault(payroll.name, [0, 0])
            both[1 if pays else 0] += required
        payroll.judged += 1
        self._asked_for(payroll, required, max(0, required - available), reason)
        warned = mode == "soft" or (mode == "hybrid" and reason != "policy_violation")
        outcome = "passed" if reason is None else "warned" if warned else "blocked"
        verdict = Verdict(reason is None, outcome, reason, frozenset(found), required, available)
        return verdict, list(claims) if about_all or not found else named + [p for p in over if p not in named]

    def _asked_for(self, payroll: Payroll, required: int, lacks: int, reason: str | None) -> None:
        """The payroll's request: made by its first judgement, it asks for what lacks now."""
        known = next((one for one in self.requests if one.name == payroll.name), None)
        if known is None:
            asked, due_on = min(lacks, required), payroll.release_on
            status = "requested" if asked else "covered"
            number = len(self.requests)
            self.requests.append(Request(payroll.name, payroll.client, due_on, number, required, asked, status, reason))
            return
        asked = min(known.amount, known.received + lacks)
        if asked != known.asked or reason != known.reason:
            known.asked, known.reason = asked, reason
            known.refresh()

    # Payrolls --------------------------------------------------------------------------------------------------------
    def commit(self, payroll: Payroll, mode: str) -> tuple[str, Verdict | None]:
        if payroll.status != "pending":
            return "committed", None
        if payroll not in self.payrolls:
            self.payrolls.append(payroll)
        verdict, _ = self.judge(payroll, payroll.payments, pays=False, mode=mode)
        if verdict.outcome == "blocked":
            for payment in payroll.payments:
                payment.status = "blocked_funds"
            return ("blocked_policy" if verdict.reason == "policy_violation" else "blocked_funds"), verdict
        self._let_go(payroll, payroll.payments)
        payroll.status = "committed"
        return ("committed" if verdict.passed else "committed_with_warnings"), verdict

    def _let_go(self, payroll: Payroll, payments: Sequence[Payment]) -> None:
        for payment in payments:
            payment.status = "pending" if payment.holds else "awaiting_funding"

    def split(self, payroll: Payroll) -> tuple[str, Verdict]:
        """As much as is available now is committed; the rest awaits funding."""
        part, left = [], self.available(payroll.client)
        for payment in payroll.payments:
            if payment.amount > left:
                break
            part.append(payment)
            left -= payment.amount
        part = part or payroll.payments[:1]
        verdict, _ = self.judge(payroll, part, pays=False, mode="strict")
        if verdict.outcome == "blocked":
            return ("blocked_policy" if verdict.reason == "policy_violation" else "blocked_funds"), verdict
        self._let_go(payroll, payroll.payments)
        payroll.status = "committed"
        return ("committed" if len(part) == len(payroll.payments) else "committed_with_warnings"), verdict

    def reserve_awaiting(self, client: int) -> int:
        """Settled money goes to what waits for it, in the order of due dates; how many hold theirs now."""
        count = 0
        waiting = [one for one in self.payrolls if one.client == client and one.status in ("committed", "paying")]
        for payroll in sorted(waiting, key=lambda one: (one.pay_on, self.payrolls.index(one))):
            claims = [one for one in payroll.payments if one.status in ("awaiting_funding", "blocked_funds")]
            if not claims:
                continue
            verdict, _ = self.judge(payroll, claims, pays=False, mode="strict")
            if verdict.passed:
                self._let_go(payroll, claims)
                count += len(claims)
            elif verdict.reason != "policy_violation":
                break
        return count

    # Sending ---------------------------------------------------------------------------------------------------------
    def submit(self) -> list[File]:
        """What is due goes out as far as the pay gate lets it: what holds its money apart from what awaits it."""
        settles_on = banking_day(self.today, 1)
        groups = []
        for place, payroll in enumerate(self.payrolls):
            if payroll.status not in ("committed", "paying") or payroll.pay_on > settles_on:
                continue
            for awaits in (False, True):
                group = [
                    payment
                    for payment in payroll.payments
                    if payment.status in UNSENT
                    and (payment.reservation is None) == awaits
                    and (payroll.client, payment.employee) not in self.blocked
                ]
                if group:
                    groups.append(((payroll.client, payroll.pay_on, awaits, place), payroll, group))
        funded: dict[int, list[tuple[Payroll, Payment]]] = defaultdict(list)
        for _, payroll, group in sorted(groups, key=lambda one: one[0]):
            funded[payroll.client] += [(payroll, payment) for payment in self._pay_gate(payroll, group)]
        made = []
        for client in sorted(client for client, sent in funded.items() if sent):
            for payroll, payment in funded[client]:
                payment.status, payment.attempt, payment.holds = "sent", "sent", False
                self.clients[client].posted -= payment.amount
                self.clearing += payment.amount
                payroll.status = "paying"
            made.append(File(client, settles_on, funded[client]))
        self.files += made
        return made

    def _pay_gate(self, payroll: Payroll, group: list[Payment]) -> list[Payment]:
        while group:
            verdict, named = self.judge(payroll, group, pays=True, mode="strict")
            if verdict.passed:
                for payment in group:
                    payment.status = "pending"
                return group
            for payment in named:
                payment.status, payment.holds, payment.reservation = "blocked_funds", False, None
            group = [payment for payment in group if payment not in named]
        return []

    def release(self, payment: Payment) -> None:
        payment.holds = False

    # The bank --------------------------------------------------------------------------------------------------------
    def settle(self, file: File) -> int:
        """The bank books a file; how many of its payments are told of. What came back stays returned."""
        if file.status == "settled" or file.is_misread:
            return 0
        file.status = "settled"
        for _, payment in file.carried:
            self.clearing -= payment.amount
            self.cash -= payment.amount
            if payment.attempt == "sent":
                payment.status = payment.attempt = "settled"
        self._finish(file)
        return len(file.carried)

    def return_payments(self, file: File, places: Sequence[int]) -> int:
        """Entries come back: the client's money again, once; how many."""
        count = 0
        for place in places:
            _, payment = file.carried[place]
            if payment.attempt != "returned":
                payment.status = payment.attempt = "returned"
                self.clients[file.client].posted += payment.amount
                self.coming_back += payment.amount
                count += 1
        self._finish(file)
        return count

    def credited(self, amount: int) -> None:
        self.coming_back -= amount
        self.cash += amount

    def _finish(self, file: File) -> None:
        for payroll in {id(one): one for one, _ in file.carried}.values():
            standing = {payment.status for payment in payroll.payments}
            if standing <= {"settled", "returned"}:
                payroll.status = "paid" if standing == {"settled"} else "partially_paid"

    # What stands -----------------------------------------------------------------------------------------------------
    def provisional(self, client: int) -> int:
        return sum(
            event.amount
            for request in self.requests
            if request.client == client
            for event in request.events
            if event.state == "held"
        )

    def shown(self) -> dict[str, list[str]]:
        """Everything that the product shows, as lines."""
        owed = sum(sum(one.owed) for one in self.clients)
        held = sum(self.provisional(n) for n in range(len(self.clients)))
        posted = sum(one.posted for one in self.clients)
        assert self.cash + owed + self.coming_back == posted + held + self.clearing + self.own, "the model lost money"
        assert all(one.posted >= self.reserved(n) >= 0 for n, one in enumerate(self.clients)), "the model overspent"
        balances = {"CASH": self.cash, "OWN_FUNDS": self.own, "PAYROLL_CLEARING": self.clearing}
        balances |= {"SETTLEMENT_CLEARING": self.coming_back, "RETURNS_RECEIVABLE": owed, "PROVISIONAL_FUNDS": held}
        clients = [
            f"client {n} posted {one.posted} reserved {self.reserved(n)} available {self.available(n)}"
            f" owed {sum(one.owed)} drawn {one.drawn}"
            for n, one in enumerate(self.clients)
        ]
        payments = [
            f"{payroll.name} E-{payment.employee} {payment.amount} {payment.status}"
            f" holds {payment.amount if payment.holds else 0} attempt {payment.attempt or '-'}"
            for payroll in self.payrolls
            for payment in payroll.payments
        ]
        return {
            "balances": sorted(f"{purpose} {amount}" for purpose, amount in balances.items() if amount),
            "clients": clients,
            "payrolls": sorted(f"{one.name} {one.status} judged {one.judged}" for one in self.payrolls),
            "payments": sorted(payments),
            "requests": sorted(
                f"{one.name} {one.status} asked {one.asked} received {one.received} {one.reason or '-'}"
                for one in self.requests
            ),
            "files": sorted(f"{one.client} {one.effective_on} {len(one.carried)} {one.status}" for one in self.files),
        }
