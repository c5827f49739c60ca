"""A tenant with payments in every state, for the console's tests, and the steps that change them."""

from __future__ import annotations

from dataclasses import dataclass

from tests import make
from tests.make import ACTOR, TenantFixture
from tests.payments import stories
from tests.payments.stories import MONDAY, TUESDAY, WEDNESDAY

from headgate import parties, payments
from headgate.core.db import Database
from headgate.rails import ach, fake

NASTY = '<script>alert(1)</script> "O\'Neil" & Søn'
LONG = "Maximiliana Featherstonehaugh-Cholmondeley of the Very Long Registered Partnership Name, Unabbreviated"


@dataclass(frozen=True)
class Book:
    """What stands in it, by name. `returned` is the payment that came back."""

    database: Database
    tenant: TenantFixture
    returned: str


def filled(database: Database) -> Book:
    """Two settled, one returned, one without an account, one whose name no bank file carries, one sent, three held."""
    tenant = make.tenant(database)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        stories.originator(tx, tenant)
        stories.fund(tx, tenant, "3000.00")
        tax = payments.Obligation("tax", "FED", make.usd("200.00"))
        first = stories.batch(tx, tenant, "1000.00", "500.25", "250.00", obligations=(tax,))
        assert payments.commit_payroll(tx, first).status == "committed"
        (file,) = payments.submit_due(tx, on=MONDAY)
        content = payments.file_bytes(tx, file.id)
    trace = list(ach.read_file(content).entries)[1].trace_number
    returned = fake.return_file([content], {trace: "R03"}, on=WEDNESDAY)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, TUESDAY, 23)
        artifact = stories.read(tx, "tuesday.bai2", stories.statement([content], opening="3000.00"))
        payments.settle_from_statement(tx, artifact_id=artifact)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, WEDNESDAY)
        back = payments.return_from_file(tx, artifact_id=stories.read(tx, "returns.ach", returned))
    book = Book(database, tenant, back.returned[0])
    commit(book, "PR-2", "120.00", "80.00")
    submit(book)
    assert commit(book, "PR-3", "9000.00", "800.00", "7.50") == "blocked_funds"
    return book


def commit(book: Book, payroll_id: str, *amounts: str, names: tuple[str, ...] = (NASTY, LONG)) -> str:
    """A payroll of people with difficult names is asked for; its status."""
    with book.database.begin(tenant_id=book.tenant.id, actor=ACTOR) as tx:
        payees = [
            parties.PayeeInput(
                f"{payroll_id}-{number}",
                names[number] if number < len(names) else f"Employee Number{number}",
                (parties.BankAccountInput(stories.RDFI, f"66600{number:06d}"),),
            )
            for number in range(len(amounts))
        ]
        registered = parties.register_payees(
            tx, legal_entity_id=book.tenant.legal_entity_id, payees=payees, source_ref="test"
        )
        items = [
            payments.PayrollItem(payee.external_id, payee.party_id, payee.bank_account_ids[0], make.usd(amount))
            for payee, amount in zip(registered, amounts, strict=True)
        ]
        batch = payments.PayrollBatch(
            legal_entity_id=book.tenant.legal_entity_id,
            payroll_id=payroll_id,
            pay_on=WEDNESDAY,
            currency="USD",
            items=tuple(items),
        )
        return payments.commit_payroll(tx, batch).status


def submit(book: Book) -> int:
    """What is due is sent; how many files that made."""
    with book.database.begin(tenant_id=book.tenant.id, actor=ACTOR) as tx:
        return len(payments.submit_due(tx, on=WEDNESDAY))
