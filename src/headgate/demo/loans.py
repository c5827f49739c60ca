"""A servicer's part of the story: loans are taken on, borrowers pay through a provider, and each cent finds its place.

What the provider tells comes as webhooks that it signs, some of them twice, and the bank's statement tells of the same
payments on the morning after: each is one payment. Some are short, some too much, one is of a loan that nobody knows; two
come back. Told again, nothing happens twice.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import json
import random
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from headgate import cases, funding, ingestion, ledger, servicing, tenants
from headgate.core import ids, terms
from headgate.core.db import Database
from headgate.core.money import Money
from headgate.demo import people
from headgate.demo.cast import BANK_ACCOUNT, CURRENCY, SEED, Play, servicer
from headgate.demo.stage import Stage, balances, find_or_create, take_in, work_off
from headgate.demo.tell import Teller
from headgate.rails import fake

LOANS: Final = 48
INSTALMENTS: Final = 12
PERIOD: Final = timedelta(days=30)
SOURCE: Final = "column"
LATE: Final = {5: 1, 17: 2, 29: 2, 41: 4}
"""How many periods behind a loan is when it is taken on, by its number."""
UNPAID: Final = (17, 41)
HELD, BANKRUPT, STRANGER, MIXED_UP = 6, 20, 900, 47
RETURNED: Final = (2, 14)
COLUMNS: Final = (
    *("loan_id", "product", "currency", "legal_entity_id", "borrower_ref", "borrower_name"),
    *("number", "due_on", "interest", "principal", "escrow"),
)
PURPOSES: Final = ("CASH", "LOAN_PRINCIPAL", "LOAN_INTEREST", "LOAN_ESCROW", "LOAN_SUSPENSE", "LOAN_OVERPAYMENTS")


@dataclass(frozen=True, slots=True)
class Transfer:
    """What a borrower of loan `number` pays."""

    number: int
    amount: Money
    on: date
    is_told_twice: bool = False

    @property
    def trace(self) -> str:
        """The name by which both the provider and the bank know it."""
        return f"12100024{self.number:07}"

    @property
    def text(self) -> str:
        """What the borrower wrote."""
        return f"LOAN {_name(self.number)}"


def perform_servicing(database: Database, tell: Teller) -> Stage:
    """Tell the story of the demo's servicer."""
    play = servicer()
    stage, endpoint_id, secret = _set_stage(database, play, tell)
    tell.act(f"{play.name}, a test tenant with {LOANS} loans, whose borrowers pay over a provider's webhooks")
    tell.balances("Before", balances(stage, PURPOSES))

    stage.wake(1)
    _take_on(stage)
    paid = list(_transfers(stage.day(1)))
    sent = [*paid, *(one for one in paid if one.is_told_twice)]
    _send(stage, endpoint_id, secret, [_event(one, "settled") for one in sent])
    tell.line(f"{len(sent)} signed webhooks tell of {len(paid)} payments, some twice: each is kept as it came")
    _tell_payments(stage)

    stage.wake(2)
    _morning(stage, paid)
    back = [_event(one, "returned") for one in paid if one.number in RETURNED]
    _send(stage, endpoint_id, secret, back * 2)
    _tell_returned(stage)
    with stage.begin() as tx:
        servicing.pass_days(tx)
    _tell_loans(stage)
    tell.balances("After", balances(stage, PURPOSES))
    return stage


def _set_stage(database: Database, play: Play, tell: Teller) -> tuple[Stage, str, str]:
    """The tenant, what is done with its borrowers' payments, and where and by which secret their webhooks come in."""
    stage = Stage(database, play, tell, find_or_create(database, play))
    secret = secrets.token_hex(32)  # A new one at each telling: nobody has to remember it.
    with stage.begin() as tx:
        stage.entities = {entity.name: entity.id for entity in tenants.legal_entities(tx)}
        if not stage.entities:
            entity = tenants.create_legal_entity(tx, name=play.name, time_zone=play.time_zone, currency=CURRENCY)
            stage.entities[play.name] = entity.id
            ledger.seed_chart(tx, currency=CURRENCY, legal_entity_id=entity.id)
            for channel in ("ach", "wire"):
                servicing.set_posting_mode(tx, channel=channel, mode="live", reason="the demo")
            for source, account in ((SOURCE, None), ("bank", BANK_ACCOUNT)):
                ingestion.set_payment_source(
                    tx,
                    source=source,
                    purpose="loans",
                    account_number=account,
                    loan_field="text",
                    loan_prefix="LOAN",
                    reason="borrowers pay here",
                )
        standing = next(iter(ingestion.list_webhooks(tx)), None)
        endpoint = ingestion.set_webhook(
            tx, source=SOURCE, scheme="column", secret=secret, endpoint_id=standing.id if standing else None
        )
        stage.begins_with(tenants.legal_entity(tx, stage.entities[play.name]).created_at)
    return stage, endpoint.id, secret


def _take_on(stage: Stage) -> None:
    """The loans of a file, one line an instalment; one of them has a line that cannot be read, and is left out whole."""
    with stage.begin() as tx:
        report = servicing.import_file(tx, _loans_file(stage).splitlines(keepends=True))
        if report.loans > report.replayed:
            servicing.set_holds(tx, loan_id=_name(HELD), legal_hold=True, reason="a dispute over the title")
            servicing.set_standing(
                tx, loan_id=_name(BANKRUPT), standing="bankruptcy", from_on=stage.day(1), reason="chapter 13 was filed"
            )
    stage.tell.good(f"{report.loans} loans of loans.csv taken on, each with what it owes by instalment")
    for fault in report.faults:
        stage.tell.refused(f"loans.csv: line {fault.line}, {fault.loan_id}: {fault.message}; the loan is left out")


def _loans_file(stage: Stage) -> str:
    chance = random.Random(f"{SEED}:{stage.play.slug}")  # noqa: S311 - the same people every time, no secret
    entity = stage.entities[stage.play.name]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for n in range(LOANS):
        borrower = people.name(chance)
        first = stage.day(1) - PERIOD * LATE.get(n, 0)
        for k, parts in enumerate(_instalments(n)):
            due_on = "first of the month" if (n, k) == (MIXED_UP, 3) else (first + PERIOD * k).isoformat()
            facts = (_name(n), _product(n), CURRENCY, entity, f"B-{n:04}", borrower, k + 1, due_on)
            writer.writerow([*facts, *map(people.major, parts)])
    return text.getvalue()


def _instalments(n: int) -> Iterator[tuple[int, int, int]]:
    """Interest, principal and escrow of each instalment, in cents: level payments, of which less and less is interest."""
    has_escrow = _product(n) == "mortgage"
    level, rate = (1_050_00 + n * 12_50, 62) if has_escrow else (240_00 + n * 3_75, 18)
    for k in range(INSTALMENTS):
        interest = level * (rate - k) // 100
        yield interest, level - interest, 310_00 if has_escrow else 0


def _transfers(on: date) -> Iterator[Transfer]:
    """What borrowers pay on the day on which an instalment is due: most just that, and in the end one whose loan nobody knows."""
    for n in range(LOANS):
        owed = sum(next(_instalments(n)))
        if n in UNPAID or n == MIXED_UP:
            continue
        if n % 16 == 3:
            owed = owed * 60 // 100
        elif n % 16 == 9:
            owed += 250_00
        yield Transfer(n, Money(owed, CURRENCY), on, is_told_twice=n % 8 == 1)
    yield Transfer(STRANGER, Money(612_40, CURRENCY), on)


def _event(transfer: Transfer, what: str) -> bytes:
    """What the provider tells of a transfer."""
    data = {
        "id": f"acht_demo{transfer.number:04}",
        "amount": transfer.amount.minor,
        "currency_code": CURRENCY,
        "is_incoming": True,
        "type": "CREDIT",
        "trace_number": transfer.trace,
        "effective_on": transfer.on.isoformat(),
        "description": transfer.text,
    }
    if what == "returned":
        data["return_details"] = [{"return_code": "R01", "status": "COMPLETED"}]
    kind = f"ach.incoming_transfer.{what}"
    event = {"id": f"evnt_demo{transfer.number:04}{what}", "created_at": f"{transfer.on}T14:05:00Z", "type": kind}
    return json.dumps({**event, "data": data}).encode()


def _send(stage: Stage, endpoint_id: str, secret: str, bodies: Sequence[bytes]) -> None:
    """Webhooks come in as over HTTP, and the workers' stages take them to the book."""
    for body in bodies:
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        ingestion.accept_webhook(
            stage.database,
            ingestion.SentWebhook(
                source=SOURCE,
                endpoint_id=endpoint_id,
                headers={"column-signature": signature},
                body=body,
                sender=None,
                correlation_id=ids.new("cor"),
            ),
        )
    work_off(stage.database)


def _morning(stage: Stage, paid: Sequence[Transfer]) -> None:
    """The bank's statement tells of the same payments: it is one more piece of evidence of each, and moves nothing."""
    lines = tuple(fake.BankLine(True, one.amount, "142", "", f"ACH CREDIT {one.trace} {one.text}") for one in paid)
    day = fake.BankDay(fake.BankAccount(BANK_ACCOUNT, fake.ROUTING), stage.day(1), Money(0, CURRENCY), lines)
    artifact = take_in(
        stage, f"statement-{day.on}.bai2", fake.bai2(day), source="bank", what=f"Statement of {day.on:%a %d %b}"
    )
    before = _total(stage).count
    with stage.begin() as tx:
        deposits = funding.settle_deposits(tx, artifact_id=artifact)
    work_off(stage.database)
    new = _total(stage).count - before
    stage.tell.line(
        f"It tells of payments that stand, by their trace: {new} new payments, {len(deposits.new)} deposits"
    )


def _tell_payments(stage: Stage) -> None:
    """What was posted, what of it waits in suspense, and the cases that the rest became."""
    found = _total(stage)
    with stage.begin() as tx:
        asked = cases.list_cases(tx, limit=100)
    stage.tell.good(
        f"{found.count} loan payments posted, {found.amount.format()}: to fees, interest, principal and escrow as the"
        f" loan's policy says, {found.waiting.format()} waits in suspense until it is a whole payment"
    )
    for case in asked:
        if case.category == "loan_payment_rejected":
            stage.tell.refused(f"a payment was not posted ({case.subcategory}): a case asks where it belongs")


def _total(stage: Stage) -> servicing.PaymentTotal:
    """What all loan payments come to; they are of one currency."""
    with stage.begin() as tx:
        return servicing.payment_totals(tx, _all(servicing.LOAN_PAYMENT_TERMS))[0]


def _tell_returned(stage: Stage) -> None:
    with stage.begin() as tx:
        returned = servicing.find_payments(tx, terms.parse("status:reversed", servicing.LOAN_PAYMENT_TERMS))
    for one in returned:
        stage.tell.refused(
            f"{one.amount.format()} for {one.loan} came back ({one.code}), told twice, taken back once: its dues are owed again"
        )


def _tell_loans(stage: Stage) -> None:
    with stage.begin() as tx:
        found = servicing.find_loans(tx, _all(servicing.LOAN_TERMS), limit=LOANS)
    states = Counter(loan.state.replace("_", " ") for loan in found)
    stage.tell.line("The loans now: " + ", ".join(f"{count} {state}" for state, count in states.most_common()))


def _all(of: Mapping[str, terms.Term]) -> terms.Query:
    return terms.parse("", of)


def _name(number: int) -> str:
    """What the servicer calls a loan."""
    return f"CL-{1000 + number}"


def _product(number: int) -> str:
    return "consumer" if number % 3 == 0 else "mortgage"
