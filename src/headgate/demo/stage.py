"""The stage of a story: one test tenant, its clients, its bank, and the days."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from headgate import ingestion, ledger, messaging, parties, payments, rails, tenants, twin
from headgate.core import clock
from headgate.core.db import Actor, Database, Tx
from headgate.core.errors import Refused
from headgate.core.money import Money, total, zero
from headgate.demo.cast import BANK_ACCOUNT, CURRENCY, SEED, Play
from headgate.demo.people import Client
from headgate.demo.tell import Teller
from headgate.rails import fake

ACTOR = Actor.system("demo")
PURPOSES = ("CASH", "CLIENT_FUNDS", "PAYROLL_CLEARING", "SETTLEMENT_CLEARING", "SUSPENSE")
AGENCIES = {"federal_tax": "Federal tax agency", "state_tax": "State tax agency"}
CLAIM_SECONDS = 5.0
CHARGE = Money(45_00, CURRENCY)


@dataclass
class Stage:
    """One tenant on stage. What the bank has is `vault`: what came in by wire and what it returns, by day."""

    database: Database
    play: Play
    tell: Teller
    tenant: tenants.Tenant
    entities: dict[str, str] = field(default_factory=dict)
    first_day: date = date.min
    vault: Money = field(default_factory=lambda: zero(CURRENCY))
    wires: dict[date, list[fake.WireIn]] = field(default_factory=dict)
    returns: dict[date, bytes] = field(default_factory=dict)

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """A transaction of the tenant."""
        with self.database.begin(tenant_id=self.tenant.id, actor=ACTOR) as tx:
            yield tx

    def day(self, number: int) -> date:
        """The story's banking day of that number, from 1."""
        return rails.add_banking_days(self.first_day, number - 1)

    def begins_with(self, instant: datetime) -> None:
        """The story's first day is that of an instant which is kept: told again, it is the same story on the same days."""
        self.first_day = rails.banking_day_on_or_after(instant.astimezone(ZoneInfo(self.play.time_zone)).date())

    def wake(self, number: int) -> date:
        """It is nine in the morning of that day. Only a test tenant's clock can be moved."""
        day = self.day(number)
        with self.begin() as tx:
            tenants.move_clock(tx, to=datetime.combine(day, time(9), ZoneInfo(self.play.time_zone)))
        return day


def set_stage(database: Database, play: Play, tell: Teller) -> Stage:
    """The tenant with its legal entities, charts, originators and tax agencies, made where they are missing."""
    stage = Stage(database, play, tell, find_or_create(database, play))
    with stage.begin() as tx:
        stage.entities = {entity.name: entity.id for entity in tenants.legal_entities(tx)}
        for client in play.clients:
            if client.name not in stage.entities:
                stage.entities[client.name] = _sign_up(tx, client, play.time_zone)
        registers = ingestion.list_artifacts(tx, source="upload", limit=100)
    stage.begins_with(registers[-1].received_at if registers else clock.real_now())
    return stage


def find_or_create(database: Database, play: Play) -> tenants.Tenant:
    """The play's tenant; a test tenant, whose clock can be moved."""
    try:
        return tenants.find_tenant(database, play.slug)
    except tenants.UnknownTenant:
        return tenants.create_tenant(database, slug=play.slug, name=play.name, livemode=False)


def _sign_up(tx: Tx, client: Client, time_zone: str) -> str:
    entity = tenants.create_legal_entity(tx, name=client.name, time_zone=time_zone, currency=CURRENCY)
    ledger.seed_chart(tx, legal_entity_id=entity.id, currency=CURRENCY)
    payments.set_originator(
        tx,
        legal_entity_id=entity.id,
        odfi_routing_number=fake.ROUTING,
        destination_name=fake.BANK_NAME,
        immediate_origin="1123456789",
        origin_name=client.name.upper()[:23],
        company_name=client.name.upper()[:16],
        company_identification="1123456789",
    )
    parties.register_payees(
        tx,
        legal_entity_id=entity.id,
        payees=[
            parties.PayeeInput(
                code, name, (parties.BankAccountInput("061000146", f"80010{number}77", "checking"),), is_person=False
            )
            for number, (code, name) in enumerate(AGENCIES.items(), start=1)
        ],
        source_ref="demo",
    )
    return entity.id


def take_in(stage: Stage, filename: str, data: bytes, *, source: str, what: str) -> str:
    """Receive a file and read it: kept byte for byte, every bad line named, the good ones going on. Gives the artifact's id."""
    with stage.begin() as tx:
        artifact = ingestion.receive(tx, source=source, filename=filename, data=data)
    with stage.begin() as tx:
        reading = ingestion.reading_of(tx, artifact.id) or ingestion.read(tx, artifact.id)
        if isinstance(reading, Refused):
            stage.tell.refused(f"{what}: {reading.message}")
            return artifact.id
        faults = ingestion.list_faults(tx, artifact_id=artifact.id, limit=20)
    proof = {True: ", its control totals agree", False: ", its control totals do NOT agree", None: ""}[reading.proved]
    stage.tell.line(f"{what}: {reading.records:,} records in {filename}, read as {reading.parser}{proof}")
    for fault in faults:
        stage.tell.refused(f"{filename}: {fault.message}")
    return artifact.id


def work_off(database: Database) -> None:
    """Do what waits to be done, also what a telling that was cut off still holds: for so long, and no longer."""
    messaging.deliver_waiting(database, claim_seconds=CLAIM_SECONDS, patience_seconds=CLAIM_SECONDS * 2)


def bank_statement(stage: Stage, day: date, *, charged: bool) -> bytes:
    """What the simulated bank says of a day: wires in, our files that settle, what comes back, and perhaps its own charge."""
    booked = fake.book(
        account=fake.BankAccount(BANK_ACCOUNT, fake.ROUTING),
        on=day,
        opening=stage.vault,
        wires=stage.wires.get(day, ()),
        files=sent_files(stage),
        return_files=[stage.returns[day]] if day in stage.returns else (),
    )
    if charged:
        charge = fake.BankLine(False, CHARGE, "698", f"CHG{day:%y%m%d}", "MONTHLY SERVICE CHARGE")
        booked = dataclasses.replace(booked, lines=(*booked.lines, charge))
    stage.vault = booked.closing
    return fake.bai2(booked) if stage.play.statements == "bai2" else fake.camt053(booked)


def leave_bank(stage: Stage, number: int) -> None:
    """From day `number` on the simulated bank goes by itself: it answers as the tenant's clock is advanced."""
    since = stage.day(number)
    twin.give_bank(
        stage.database,
        stage.tenant.id,
        since=since,
        opening=stage.vault,
        account=BANK_ACCOUNT,
        seed=SEED,
        statements=stage.play.statements,
        sent_before=[content for day, content in sorted(stage.returns.items()) if day >= since],
    )


def sent_files(stage: Stage, *, names: list[str] | None = None) -> list[bytes]:
    """The files (of these names) that lie in the tenant's outbound folder, as the bank fetches them."""
    folder = payments.outbound_folder(stage.database, stage.tenant.id)
    paths = sorted(folder.glob("*.ach")) if folder.is_dir() else []
    return [path.read_bytes() for path in paths if names is None or path.name in names]


def balances(stage: Stage, purposes: Sequence[str] = PURPOSES) -> list[tuple[str, Money]]:
    """What the book says now: the tenant's accounts by purpose, the clients' funds one by one."""
    rows = []
    with stage.begin() as tx:
        for purpose in purposes:
            if purpose == "CLIENT_FUNDS":
                rows += [
                    (f"Client funds, {name}", _posted(tx, purpose, entity)) for name, entity in stage.entities.items()
                ]
            else:
                rows.append((purpose.replace("_", " ").capitalize(), _posted(tx, purpose)))
    return rows


def _posted(tx: Tx, purpose: str, legal_entity_id: str | None = None) -> Money:
    account = ledger.account_for(tx, purpose, CURRENCY, legal_entity_id=legal_entity_id)
    return ledger.balance(tx, account.id).posted


def needs(register: bytes) -> Money:
    """What a register of the demo asks for: net pay and taxes of its good lines."""
    lines = [line.split(",") for line in register.decode().splitlines()[1:]]
    good = [line for line in lines if not line[0].startswith("E-9")]
    return total([Money.parse(amount, CURRENCY) for line in good for amount in line[5:]], CURRENCY)
