"""A servicer's tenant: loans in several states, payments that were partial, came late, were folded again or came back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from tests import make
from tests.alerts.told import payment_messages
from tests.console.book import LONG, NASTY
from tests.ingestion.envelopes import envelope, raw
from tests.make import ACTOR, TenantFixture
from tests.servicing.scenes import day
from tests.servicing.stories import at, board, pay

from headgate import alerts, ingestion, parties, servicing
from headgate.core.db import Database, Tx
from headgate.ingestion import Arrival
from headgate.servicing import Due, pipeline
from headgate.servicing.model import STATES, Rule


@dataclass(frozen=True)
class Scene:
    """Loans and payments by what is special about them."""

    database: Database
    tenant: TenantFixture
    loans: dict[str, str]
    payments: dict[str, str]

    def at(self, path: str = "") -> str:
        return f"/console/{self.tenant.slug}{path}"


def monthly(count: int) -> list[Due]:
    """Instalments of 1,372.50, thirty days apart."""
    return [Due(n + 1, day(30 * n), 0, 81_250, 25_000, 31_000) for n in range(count)]


def serviced(database: Database) -> Scene:
    """The scene on its hundredth day."""
    tenant = make.tenant(database)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        at(tx, day(100))
        rules = dict.fromkeys(STATES, Rule("us_mortgage"))
        servicing.set_policy(
            tx, product="home", effective_from=day(-100), reason="the contract", rules=rules, nsf_fee_minor=2_500
        )
        alerts.set_preference(
            tx, recipient="team:servicing", kind="payment_posted", is_on=True, reason="they asked for it"
        )
        loans = _loans(tx, tenant)
        payments = _payments(tx, loans)
        alerts.notify(tx, payment_messages(tx))
    return Scene(database, tenant, loans, payments)


def _borrower(tx: Tx, number: int, name: str) -> str:
    return parties.create_party(tx, kind="borrower", external_id=f"B-{number}", name=name).id


def _loans(tx: Tx, tenant: TenantFixture) -> dict[str, str]:
    names = {
        "late": "Ingrid Halvorsen",
        "long": LONG,
        "nasty": NASTY,
        "bankrupt": "Thomas Adeyemi",
        "over": "Priya Raman",
        "shadow": "Luis Ortega",
    }
    found = {}
    for number, (what, name) in enumerate(names.items(), 1):
        dues = monthly(1) if what == "over" else monthly(36)
        who = _borrower(tx, number, name)
        found[what] = board(tx, tenant, f"HL-2026-{number:05}", dues, product="home", borrower_id=who)
    found["none"] = board(tx, tenant, "HL-2026-00099", [], product="home")
    return found


def _payments(tx: Tx, loans: dict[str, str]) -> dict[str, str]:
    late = loans["late"]
    first = pay(tx, late, 1, 137_250, day(2)).id
    part = pay(tx, late, 2, 60_000, day(40)).id
    folded = pay(tx, late, 3, 137_250, day(65), source_channel="wire").id
    pay(
        tx, late, 4, 77_250, day(33), source_channel="check"
    )  # It came late for an earlier day: the wire is folded again.
    returned = pay(tx, late, 5, 137_250, day(91)).id
    servicing.undo_payment(tx, payment_id=returned, reason="Insufficient funds", code="R01")
    only = pay(tx, loans["over"], 1, 140_000, day(3), source_channel="card").id
    pay(tx, loans["nasty"], 1, 137_250 * 4, day(98), source_channel="wire")
    pay(tx, loans["long"], 1, 20_000, day(5), source_channel="paypal")
    pay(tx, loans["bankrupt"], 1, 137_250, day(4))
    servicing.set_standing(
        tx, loan_id=loans["bankrupt"], standing="bankruptcy", from_on=day(50), reason="chapter 13, case 26-1"
    )
    servicing.set_holds(tx, loan_id=loans["bankrupt"], legal_hold=True, reason="the trustee asked")
    servicing.set_posting_mode(tx, channel="realtime", mode="shadow", reason="a first look")
    kept = ingestion.receive(tx, source="column", filename="events.json", data=b'{"id": "evnt_1"}')
    facts = {"channel": "realtime", "transfer": "rttr_1", "reference": "rent or mortgage", "provider": "column"}
    sent = raw(envelope("HL-2026-00006", 137_250, on=(day(100) - timedelta(days=1)).isoformat(), **facts))
    came = ingestion.ingest_payments(tx, [Arrival(sent, kept.sha256, line=1)])[0]
    assert isinstance(came, ingestion.PaymentIngestion)
    (shadow,) = pipeline.post(tx, [came.id])
    assert isinstance(shadow, servicing.AppliedPayment)
    return {"first": first, "part": part, "folded": folded, "returned": returned, "over": only, "shadow": shadow.id}
