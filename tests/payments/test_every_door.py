"""Every door that can send, found in the code: through none of them does unfunded money leave.

A payroll is committed without its money, as the softest commit gate lets it, and is due. Each door is asked to send it.
A door that calls the sending verb and has no row here fails the first test.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
import typer
from tests.funding import scenes
from tests.make import ACTOR, TenantFixture, usd
from tests.payments import columns, gateways, stories
from tests.payments.stories import MONDAY
from tests.web.client import client_of, keys_of
from typer.testing import CliRunner

import headgate
from headgate import funding, ledger, parties, payments
from headgate.core import ids, registry, terminal
from headgate.core.db import Database, Tx
from headgate.demo import story
from headgate.jobs import Job, Outside
from headgate.messaging import Message
from headgate.messaging.consuming import discovered_consumers
from headgate.payments import ach_commands, commands, routes
from headgate.payments.orders import providers
from headgate.rails.iso20022 import NETWORKS
from headgate.web import build_application

ROOT = Path(headgate.__file__).parent
SENDING_VERBS = frozenset({"submit_all", "submit_due"})
"""The verbs that write attempts, in files or as orders: test_gate_doors.py finds the statements themselves. Who speaks to
providers (`run_orders`, its job and command) takes only what stands there, which has a test of its own below.
"""

Door = Callable[[Database, TenantFixture, pytest.MonkeyPatch], None]


def over_http(database: Database, tenant: TenantFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    with client_of(build_application(database, [routes.router])) as client:
        answer = client.post(
            "/v1/payments/submissions",
            json={"on": MONDAY.isoformat()},
            headers={**keys_of(database, tenant.id).operator, "Idempotency-Key": ids.new("k")},
        )
    assert answer.status_code == 201, answer.text


def from_the_command_line(database: Database, tenant: TenantFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def opened() -> Any:
        yield database

    monkeypatch.setattr(terminal, "open_database", opened)
    whole = typer.Typer()
    whole.add_typer(commands.app)
    done = CliRunner().invoke(whole, ["payments", "submit", "--tenant", tenant.slug, "--on", MONDAY.isoformat()])
    assert done.exit_code == 0, done.output


def by_building_files(database: Database, tenant: TenantFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def opened() -> Any:
        yield database

    monkeypatch.setattr(terminal, "open_database", opened)
    words = ["--tenant", tenant.slug, "--on", MONDAY.isoformat()]
    for more in (["--dry-run"], []):
        done = CliRunner().invoke(ach_commands.app, [*words, *more])
        assert done.exit_code == 0, done.output


def in_the_demo(database: Database, tenant: TenantFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    def begin() -> Any:
        return database.begin(tenant_id=tenant.id, actor=ACTOR)

    told = SimpleNamespace(good=print)
    stage = SimpleNamespace(begin=begin, database=database, tenant=tenant, tell=told, day=lambda _: MONDAY)
    story.send(stage, 1)  # type: ignore[arg-type]


DOORS: dict[tuple[str, str], Door] = {
    ("payments/routes.py", "submit"): over_http,
    ("payments/commands.py", "submit"): from_the_command_line,
    ("payments/ach_commands.py", "build"): by_building_files,
    ("demo/story.py", "send"): in_the_demo,
}
"""File and function of each caller of a sending verb, and how to go through it. A new door is a new row."""


def test_every_door_that_can_send_has_its_row() -> None:
    found = set()
    for path in ROOT.rglob("*.py"):
        text = path.read_text()
        if not any(verb in text for verb in SENDING_VERBS):
            continue
        for function in ast.walk(ast.parse(text)):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and function.name not in SENDING_VERBS:
                called = {_name(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)}
                named = {_name(node) for node in ast.walk(function) if isinstance(node, ast.Name | ast.Attribute)}
                if (called | named) & SENDING_VERBS:
                    found.add((str(path.relative_to(ROOT)), function.name))

    assert found == set(DOORS), "a door that can send needs a row in DOORS: how to go through it"


@pytest.mark.slow
@pytest.mark.parametrize("door", DOORS, ids=lambda door: ":".join(door))
def test_no_door_sends_what_is_not_funded_and_each_sends_what_is(
    database: Database, tenant: TenantFixture, monkeypatch: pytest.MonkeyPatch, door: tuple[str, str]
) -> None:
    _committed_without_money(database, tenant)

    DOORS[door](database, tenant, monkeypatch)

    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert stories.counts(tx)["payments.attempts"] == 0
        assert scenes.book(tx, tenant) == {}
        scenes.debited(tx, tenant, "60.00")  # Settled, and not final: no door counts it.
    DOORS[door](database, tenant, monkeypatch)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert stories.counts(tx)["payments.attempts"] == 0
        stories.fund(tx, tenant, "60.00")
    DOORS[door](database, tenant, monkeypatch)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert stories.statuses(tx) == ["sent"]


JOBS = registry.domain_items("jobs", attribute="JOBS", kind=Job)


@pytest.mark.slow
@pytest.mark.parametrize("job", [job for job in JOBS if not job.calls_out], ids=lambda job: job.name)
def test_no_job_sends_what_is_not_funded(database: Database, tenant: TenantFixture, job: Job) -> None:
    _committed_without_money(database, tenant)

    if job.scope == "tenant":
        with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
            job.run(tx)
    elif job.name == "ach_delivery":
        job.run(database)

    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert stories.counts(tx)["payments.attempts"] == 0 and stories.counts(tx)["payments.ach_files"] == 0


SPOKEN: dict[str, Callable[[], Any]] = {
    "fednow": gateways.served,
    "rtp": lambda: gateways.served(NETWORKS["rtp"]),
    "wire": gateways.fedwire,
}
"""The other side of each rail that is spoken to. A rail without a row fails the test below."""

OVER_AN_API = ("ach", "check")
"""Rails that are spoken to over a bank's own API alone: Column's is their other side."""


def test_every_rail_that_is_spoken_to_has_its_other_side() -> None:
    assert {*SPOKEN, *OVER_AN_API} == set(providers.RAILS)


@pytest.mark.slow
@pytest.mark.parametrize("rail", SPOKEN)
def test_the_job_that_speaks_to_providers_sends_nothing_that_no_gate_let_go(
    database: Database, tenant: TenantFixture, rail: str
) -> None:
    """It calls out, so it is tried against a network that counts: what is committed without money never gets there."""
    (job,) = [job for job in JOBS if job.name == "payment_orders"]
    with SPOKEN[rail]() as network, gateways.reaching(database):
        with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
            gateways.speak_to(tx, tenant, network.url, rail=rail)
        _committed_without_money(database, tenant, rail=rail)
        payday = stories.TUESDAY

        def round_of_sending() -> list[str]:
            with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
                stories.at(tx, payday)
                payments.submit_due(tx, on=payday)
            job.run(Outside(database, tenant.id, ACTOR))
            with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
                return stories.statuses(tx)

        assert round_of_sending() == ["blocked_funds"]
        with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
            scenes.debited(tx, tenant, "60.00")  # Settled, and not final.
        assert round_of_sending() == ["blocked_funds"]
        assert network.twin.count("pacs.008") == 0
        with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
            stories.fund(tx, tenant, "60.00")

        assert round_of_sending() == ["settled"]
        assert network.twin.count("pacs.008") == 1


@pytest.mark.slow
@pytest.mark.parametrize("rail", OVER_AN_API)
def test_a_banks_own_api_is_asked_for_nothing_that_no_gate_let_go(
    database: Database, tenant: TenantFixture, rail: str
) -> None:
    with columns.column() as at, gateways.reaching(database):
        with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
            columns.speak(tx, at, rail)
        _committed_without_money(database, tenant, rail=rail)

        def round_of_sending() -> tuple[list[str], int]:
            with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
                stories.at(tx, stories.TUESDAY)
                assert payments.submit_due(tx, on=stories.TUESDAY) == []
            payments.run_orders(database, tenant.id)
            with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
                return stories.statuses(tx), len(at.twin.transfers)

        assert round_of_sending() == (["blocked_funds"], 0)
        with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
            scenes.debited(tx, tenant, "60.00")  # Settled, and not final.
        assert round_of_sending() == (["blocked_funds"], 0)
        with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
            stories.fund(tx, tenant, "60.00")

        assert round_of_sending() == (["sent"], 1)


@pytest.mark.slow
def test_no_consumer_of_money_s_messages_sends_what_is_not_funded(database: Database, tenant: TenantFixture) -> None:
    _committed_without_money(database, tenant)
    payload = {"legal_entity_id": tenant.legal_entity_id, "currency": "USD", "event_type": "x"}

    for consumer in discovered_consumers():
        for topic in consumer.topics:
            if topic.startswith(("funding.", "payments.", "ledger.")):
                with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
                    consumer.handle(
                        tx,
                        Message(
                            id=1, tenant_id=tenant.id, event_type=topic, aggregate_type="x", aggregate_id="x",
                            payload=payload, correlation_id=None, created_at=tx.now(),
                        ),
                    )  # fmt: skip

    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert stories.counts(tx)["payments.attempts"] == 0


@pytest.mark.slow
def test_a_raw_attempt_on_money_of_another_account_or_before_its_time_is_refused(tx: Tx, tenant: TenantFixture) -> None:
    """As the application's role: reserved and captured whole, from every account that is not settled client money."""
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    stories.fund(tx, tenant, "60.00")
    payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00"))
    (file,) = payments.submit_due(tx, on=MONDAY)
    scenes.setting(tx, "commit_gate_mode", "hybrid")
    payments.commit_payroll(tx, stories.batch(tx, tenant, "40.00", payroll_id="PR-2"))
    waiting = str(tx.value("SELECT id FROM payments.instructions WHERE status = 'awaiting_funding'"))
    scenes.debited(tx, tenant, "40.00")
    scenes.own_funds(tx, "40.00")
    stories.fund(tx, tenant, "40.00", external_id="w-2")

    for purpose, whose in (("PROVISIONAL_FUNDS", tenant.legal_entity_id), ("OWN_FUNDS", None)):
        with pytest.raises(payments.UnfundedAttempt), tx.savepoint():
            source = ledger.account_for(tx, purpose, "USD", legal_entity_id=whose)
            _attempt(tx, file.id, waiting, *_captured(tx, source.id, waiting, purpose))
    # From the client's own funds, but not of this payment; then of it, and not as its reservation.
    client = ledger.account_for(tx, "CLIENT_FUNDS", "USD", legal_entity_id=tenant.legal_entity_id)
    with pytest.raises(payments.UnfundedAttempt), tx.savepoint():
        _attempt(tx, file.id, waiting, *_captured(tx, client.id, "pay_other", "other"))
    with pytest.raises(payments.UnfundedAttempt), tx.savepoint():
        _attempt(tx, file.id, waiting, *_captured(tx, client.id, waiting, "not-its-own"))

    assert stories.counts(tx)["payments.attempts"] == 1
    assert scenes.book(tx, tenant)["CLIENT_FUNDS"] == "40.00"


def test_the_application_cannot_switch_the_guards_off(tx: Tx, tenant: TenantFixture) -> None:
    for statement in (
        "ALTER TABLE payments.attempts DISABLE TRIGGER attempts_are_funded",
        "SET LOCAL session_replication_role = replica",
        "DROP TRIGGER attempts_are_funded ON payments.attempts",
        "CREATE OR REPLACE FUNCTION payments.require_consumed_reservation() RETURNS trigger LANGUAGE sql AS 'SELECT NULL'",
        "UPDATE funding.events SET final_at = now()",
        "UPDATE funding.gate_evaluations SET passed = true",
        "INSERT INTO ledger.entries SELECT * FROM ledger.entries",
        "UPDATE ledger.accounts SET net_minor = 0",
        "UPDATE ledger.reservations SET status = 'captured'",
    ):
        with pytest.raises(
            (psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidFunctionDefinition, headgate.core.errors.AppendOnly)
        ), tx.savepoint():  # fmt: skip
            tx.run(statement)  # type: ignore[arg-type]


def _committed_without_money(database: Database, tenant: TenantFixture, **facts: Any) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        stories.originator(tx, tenant)
        scenes.setting(tx, "commit_gate_mode", "soft")
        batch = stories.batch(tx, tenant, "60.00")
        home = parties.PostalAddress("Lisle", state="IL", street="Dream Road")
        parties.set_address(tx, party_id=batch.items[0].payee_id, address=home)
        result = payments.commit_payroll(tx, replace(batch, **facts))
        assert result.status == "committed_with_warnings"
        assert funding.list_evaluations(tx)[0].outcome == "warned"


def _captured(tx: Tx, account: int, source_ref: str, key: str) -> tuple[int, int]:
    held = ledger.reserve(
        tx,
        idempotency_key=f"raw:{key}",
        account=account,
        amount=usd("40.00"),
        reserve_type="payment",
        source_ref=source_ref,
    )
    assert isinstance(held, ledger.Reservation), held
    taken = ledger.capture(
        tx,
        idempotency_key=f"raw:{key}:take",
        reservation_id=held.id,
        amount=usd("40.00"),
        debit=account,
        credit=ledger.account_for(tx, "PAYROLL_CLEARING", "USD").id,
    )
    assert isinstance(taken, ledger.Posted), taken
    return held.id, taken.transaction_id


def _attempt(tx: Tx, file_id: str, instruction_id: str, reservation_id: int, transaction_id: int) -> None:
    tx.run(
        """
        INSERT INTO payments.attempts
               (tenant_id, id, instruction_id, attempt_no, reservation_id, transaction_id, amount_minor, currency, rail,
                ach_file_id, trace_number, rdfi_identification, created_at)
        VALUES (%(t)s, %(id)s, %(instruction)s, 7, %(reservation)s, %(transaction)s, 4000, 'USD', 'ach', %(file)s,
                '990000010999999', '02100002', now())
        """,
        {
            "t": tx.tenant_id,
            "id": ids.new("att"),
            "instruction": instruction_id,
            "reservation": reservation_id,
            "transaction": transaction_id,
            "file": file_id,
        },
    )


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
