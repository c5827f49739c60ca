"""A tenant with evidence of every kind: files proved, broken, unread; payments that came in; dead letters; and what each caused."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta

from tests.console.book import NASTY, Book, filled
from tests.ingestion.envelopes import envelope, raw
from tests.make import ACTOR, TenantFixture
from tests.payments import stories
from tests.payments.stories import FRIDAY, WEDNESDAY
from tests.servicing.stories import board

from headgate import funding, ingestion, recon, servicing
from headgate.core import ids
from headgate.core.db import Database, Tx
from headgate.core.errors import Refused
from headgate.core.money import Money
from headgate.rails import fake

PAYER = "MARIA LINDQVIST 5550001111"
SECRET = "a secret of thirty-two characters"
REGISTER = (
    "employee_id,name,routing_number,account_number,account_type,net_pay\n"
    "E-1,Maria Lindqvist,021000021,1234567890,checking,100.00\n"
    "E-2,Otto Broken,021000022,5550001111,checking,200.00\n"
    f"E-3,{NASTY.replace(',', '')},021000021,5550002222,checking,abc\n"
    "E-4,Ida Sample,011401533,5550003333,savings,300.00\n"
).encode()
TABLE = b"When;What;Money\n01/02/2026;Maria Lindqvist;-12.50\n03/04/2026;Otto Sample;1250.00\n05/06/2026;Rent;-7.25\n"
OTHER_TABLE = TABLE.replace(b"What", b"Who")


@dataclass(frozen=True)
class Scene:
    """What stands in it, by name: artifacts, messages, dead letters, and the deposit and transaction of a wire."""

    database: Database
    tenant: TenantFixture
    book: Book
    artifacts: dict[str, str]
    messages: dict[str, str]
    letters: dict[str, str]
    wire: ingestion.StoredRecord
    deposit: str
    transaction: str

    def at(self, path: str = "") -> str:
        return f"/console/{self.tenant.slug}{path}"


def with_evidence(database: Database) -> Scene:
    """The book of the payments' tests, a day of its bank with wires, files that are not right, loan payments, dead letters."""
    book = filled(database)
    tenant = book.tenant
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, WEDNESDAY, 22)
        statement = stories.read(tx, "wednesday.bai2", _wednesday(tx, tenant), source="bank.first")
        funding.settle_deposits(tx, artifact_id=statement)
        artifacts = {"proved": statement, **_files(tx)}
        artifacts["settled"] = next(row.id for row in _found(tx, "kind:statement source:bank"))
        artifacts["returns"] = next(row.id for row in _found(tx, "kind:returns"))
        wire = next(one for one in ingestion.list_records(tx, artifact_id=statement) if one.channel == "wire")
        (deposit,) = [one for one in funding.list_deposits(tx, limit=50) if one.record_id == wire.id]
        day = ingestion.list_statements(tx, artifact_id=statement)[0]
        recon.link_bank_account(tx, account="CASH.USD", statement_id=day.id)
        recon.run(tx, account="CASH.USD", on=WEDNESDAY)
        messages = _messages(tx, tenant)
        ingestion.set_webhook(tx, source="column", scheme="column", secret=SECRET)
        for number in range(3):
            event = {"id": f"evnt_{number}", "type": "ach.incoming_transfer.settled", "data": {"amount": 1250 + number}}
            body = json.dumps(event).encode()
            ingestion.receive(tx, source="column", filename=f"event-{number}.webhook", data=body, type="webhook_body")
        ingestion.set_rate_source(tx, name="ecb", url="http://127.0.0.1:9/rates?key=hidden", format="ecb_xml_v1")
    folder = ingestion.check_source(database.config, name="statements", connector="folder", settings={"folder": "bank"})
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        ingestion.set_source(tx, folder)
    letters = _letters(database, tenant, artifacts["proved"])
    return Scene(
        database,
        tenant,
        book,
        artifacts,
        messages,
        letters,
        wire,
        deposit.id,
        ids.encode("txn", deposit.transaction_id),
    )


def bury(
    database: Database, tenant: TenantFixture, consumer: str, event: str, about: str, error: str, *, tries: int = 10
) -> str:
    """A message that was given up; its dead letter."""
    with database.connect("admin") as connection:
        found = connection.execute(
            """
            INSERT INTO messaging.dead_letters (tenant_id, consumer, message_id, created_at, event_type, aggregate_type,
              aggregate_id, payload, attempt_count, last_error)
            SELECT %(tenant)s, %(consumer)s, nextval('messaging.message_id'), now() - %(age)s, %(event)s, 'artifact',
                   %(about)s, jsonb_build_object('artifact_id', %(about)s::text), %(tries)s, %(error)s
            RETURNING id
            """,
            {
                "tenant": tenant.id, "consumer": consumer, "age": timedelta(minutes=40), "event": event, "about": about,
                "tries": tries, "error": error,
            },
        ).fetchone()  # fmt: skip
    assert found is not None
    return ids.encode("dlt", found[0])


def _wednesday(tx: Tx, tenant: TenantFixture) -> bytes:
    """The bank's day: a wire that names the client, and one that names nobody."""
    reference = funding.payer_reference(tx, legal_entity_id=tenant.legal_entity_id)
    wires = [
        fake.WireIn(Money(125_000_00, "USD"), reference, "ACME INC"),
        fake.WireIn(Money(77_10, "USD"), "RENT OF NOVEMBER", PAYER),
    ]
    return stories.statement([], on=WEDNESDAY, wires=wires, opening="1249.75")


def _files(tx: Tx) -> dict[str, str]:
    lines = stories.statement(
        [], on=FRIDAY, wires=[fake.WireIn(Money(5_00, "USD"), "X", "Y")], opening="10.00"
    ).splitlines()
    differs = b"\n".join(
        line.replace(b",1500,", b",1400,") if line.startswith((b"03", b"88")) else line for line in lines
    )
    return {
        "faulty": _keep(tx, "register.csv", REGISTER, "payroll"),
        "not_proved": _keep(tx, "friday.bai2", differs, "bank.first"),
        "table": _keep(tx, "export.csv", TABLE, "bank.second"),
        "other_table": _keep(tx, "export-2.csv", OTHER_TABLE, "bank.second"),
        "unknown": _keep(tx, "letter.txt", b"Dear Sirs,\nplease find nothing enclosed.\n", "upload"),
        "bytes": _keep(tx, "scan.pdf", b"%PDF-1.7\n\x00\x01\x02", "upload"),
    }


def _keep(tx: Tx, name: str, data: bytes, source: str) -> str:
    artifact = ingestion.receive(tx, source=source, filename=name, data=data)
    ingestion.read(tx, artifact.id)
    return artifact.id


def _found(tx: Tx, text: str) -> list[ingestion.ArtifactRow]:
    return ingestion.find_artifacts(tx, ingestion.parse_artifacts(text))


def _messages(tx: Tx, tenant: TenantFixture) -> dict[str, str]:
    """One posted to its loan, one that waits, one that nobody understands."""
    board(tx, tenant)
    found = {}
    for name, reference in (("posted", "r-1"), ("waits", "r-2")):
        sent = raw(envelope("L-1", 1_000, transfer=f"acht_{reference}", reference=reference, on="2026-12-02"))
        came = ingestion.ingest_payment(tx, sent)
        assert not isinstance(came, Refused)
        found[name] = came.id
    paid = servicing.NewPayment("L-1", "acht_r-1", 1_000, "USD", WEDNESDAY, "ach", ingestion_id=found["posted"])
    assert not isinstance(servicing.apply_payment(tx, paid), Refused)
    refused = ingestion.ingest_payment(
        tx, b'{"schema": "headgate.payments.v1", "borrower": {"name": "Maria Lindqvist"}}'
    )
    assert isinstance(refused, Refused)
    return {**found, "refused": str(refused.facts["ingestion_id"])}


def _letters(database: Database, tenant: TenantFixture, about: str) -> dict[str, str]:
    error = "funding.deposit_differs: deposit dep_0 was 5.00 USD; its evidence now says 7.00 USD"
    return {
        "deposits": bury(database, tenant, "funding.deposits", "ingestion.artifact.read", about, error),
        "again": bury(
            database, tenant, "payments.settle", "ingestion.artifact.read", about, "core.unavailable: database"
        ),
        "third": bury(
            database, tenant, "payments.settle", "ingestion.artifact.read", about, "core.unavailable: database"
        ),
    }
