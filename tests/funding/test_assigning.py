"""Money of an unknown payer becomes a client's once two people say so: once, whole, and as if it had named its client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests import checks
from tests.funding import scenes
from tests.make import ACTOR, TenantFixture, person, usd
from tests.payments import stories
from tests.payments.stories import FRIDAY, MONDAY
from tests.web.client import Client, client_of, keys_of, person_key
from typer.testing import CliRunner

from headgate import cases, funding, ledger, payments, tenants
from headgate.cases import routes as case_routes
from headgate.core import terminal
from headgate.core.db import Database, Tx
from headgate.core.errors import Conflict, HeadgateError, NotFound
from headgate.funding import commands, routes
from headgate.payments import consumers
from headgate.web import build_application


def unknown(tx: Tx, text: str, *, external_id: str = "wire-?") -> funding.Deposit:
    """Money comes in, and names nobody."""
    today = tx.now().date()
    new = funding.NewDeposit("bank", external_id, None, None, "wire", usd(text), today, today)
    return funding.record_deposits(tx, [new]).new[0]


def assigned(tx: Tx, deposit: funding.Deposit, entity: str, *, reason: str = "their desk called") -> funding.Deposit:
    """Two people say whose it is."""
    asked = funding.request_assignment(tx, deposit_id=deposit.id, legal_entity_id=entity, reason=reason)
    with tx.acting_for(person("bob"), "cor_approval"):
        cases.approve(tx, approval_id=asked.id, digest=asked.digest)
    return funding.assign_deposit(tx, approval_id=asked.id)


def only_case(tx: Tx) -> cases.Case:
    [found] = [case for case in cases.list_cases(tx) if case.category == "unknown_payer"]
    return found


def test_it_pays_what_is_owed_and_asked_for_ends_its_case_and_opens_the_gate(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    late = scenes.debited(tx, tenant, "50.00")
    stories.at(tx, FRIDAY)
    funding.finalise_due(tx)
    payments.commit_payroll(tx, stories.batch(tx, tenant, "50.00", payroll_id="PR-out", pay_on=FRIDAY))
    stories.originator(tx, tenant)
    payments.submit_due(tx, on=FRIDAY)
    scenes.returned(tx, late)
    batch = stories.batch(tx, tenant, "30.00", payroll_id="PR-held", pay_on=FRIDAY)
    held = payments.commit_payroll(tx, batch)
    wanted = scenes.asked(tx, tenant, "100.00", rail="inbound_wire", key="wanted")
    deposit = unknown(tx, "180.00")
    before = scenes.book(tx, tenant)

    done = assigned(tx, deposit, tenant.legal_entity_id)

    assert (done.id, done.legal_entity_id, done.reference) == (deposit.id, tenant.legal_entity_id, None)
    assert funding.list_deposits(tx, legal_entity_id=tenant.legal_entity_id) == [done]
    assert before["SUSPENSE"] == "180.00" and before["RETURNS_RECEIVABLE"] == "50.00"
    after = scenes.book(tx, tenant)
    assert {k: after.get(k) for k in ("SUSPENSE", "RETURNS_RECEIVABLE")} == {
        "SUSPENSE": None,
        "RETURNS_RECEIVABLE": None,
    }
    assert stories.client_funds(tx, tenant)[1] == usd("130.00"), "what was owed is paid first"
    got = {one.id: one.received_minor for one in funding.list_requests(tx)}
    assert sum(got.values()) == 18000 and got[wanted.id] <= 10000
    assert {event.deposit_id for event in funding.list_events(tx, funding_request_id=wanted.id)} <= {deposit.id}
    case = only_case(tx)
    assert (case.state, case.resolution) == (
        "resolved",
        f"it is the money of {tenant.legal_entity_id}: their desk called",
    )
    assert held.status == "blocked_funds" and payments.commit_payroll(tx, batch).status == "committed"
    row = funding.deposit_row(tx, deposit.id)
    assert (row.status, row.legal_entity_id, row.assigned_by) == ("final", tenant.legal_entity_id, ACTOR.id)
    told = "SELECT payload FROM messaging.outbox_messages WHERE event_type = 'funding.deposit.assigned'"
    assert (tx.value(told)["legal_entity_id"], tx.value(told)["currency"]) == (tenant.legal_entity_id, "USD")
    assert "funding.deposit.assigned" in consumers.FUNDED, "what awaits funding is given it"
    shown = "SELECT legal_entity_id FROM psp_settlement_event WHERE psp_settlement_event_id = %(id)s"
    assert tx.value(shown, {"id": deposit.id}) == tenant.legal_entity_id
    # The evidence read again moves nothing, and the amount goes on being guarded.
    assert [one.id for one in funding.record_deposits(tx, [_again(deposit)]).repeated] == [deposit.id]
    assert stories.client_funds(tx, tenant) == (usd("30.00"), usd("100.00"))


def _again(deposit: funding.Deposit) -> funding.NewDeposit:
    return funding.NewDeposit(
        deposit.source, deposit.external_id, None, None, "wire", deposit.amount, deposit.value_on, deposit.value_on
    )


def test_nothing_moves_without_another_person_or_a_second_time(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    other = tenants.create_legal_entity(tx, name="Other", time_zone="America/Chicago", currency="USD")
    deposit = unknown(tx, "10.00")
    known = stories.fund(tx, tenant, "5.00").new[0]
    funding.add_payer_reference(tx, legal_entity_id=other.id, reference="OTHERPAY")

    def ask(entity: str) -> cases.Approval:
        return funding.request_assignment(tx, deposit_id=deposit.id, legal_entity_id=entity, reason="asked")

    mine, theirs = ask(tenant.legal_entity_id), ask(funding.entity_named(tx, " otherpay "))
    limit_asked = cases.request(tx, action="funding.limit.change", subject="x", document={}, reason="x")
    before = stories.counts(tx), scenes.book(tx, tenant), only_case(tx).state

    for refused, name in (
        (lambda: funding.assign_deposit(tx, approval_id=mine.id), "cases.not_approved"),
        (lambda: cases.approve(tx, approval_id=mine.id, digest=mine.digest), "cases.own_approval"),
        (lambda: funding.assign_deposit(tx, approval_id=limit_asked.id), "funding.invalid_assignment"),
        (lambda: ask("le_nothing"), "core.not_found"),
        (lambda: funding.entity_named(tx, "NOBODY"), "core.not_found"),
        (
            lambda: funding.request_assignment(tx, deposit_id=known.id, legal_entity_id=other.id, reason="x"),
            "funding.deposit_assigned",
        ),
        (
            lambda: funding.request_assignment(tx, deposit_id="dep_x", legal_entity_id=other.id, reason="x"),
            "funding.deposit_not_found",
        ),
    ):
        with pytest.raises(HeadgateError) as raised, tx.savepoint():
            refused()
        assert raised.value.code == name
    assert (stories.counts(tx), scenes.book(tx, tenant), only_case(tx).state) == before

    for one in (mine, theirs):
        with tx.acting_for(person("bob"), "cor_approval"):
            cases.approve(tx, approval_id=one.id, digest=one.digest)
    assert funding.assign_deposit(tx, approval_id=theirs.id).legal_entity_id == other.id
    for one in (mine, theirs):
        with pytest.raises(Conflict, match=f"is the money of {other.id} already"), tx.savepoint():
            funding.assign_deposit(tx, approval_id=one.id)
    account = ledger.account_for(tx, "CLIENT_FUNDS", "USD", legal_entity_id=other.id)
    assert ledger.balance(tx, account.id).available == usd("10.00")
    assert stories.client_funds(tx, tenant)[1] == usd("5.00")
    with pytest.raises(NotFound):
        funding.assign_deposit(tx, approval_id="apr_nothing")


@pytest.mark.plants
def test_the_database_keeps_it_whoever_writes(
    database: Database, tenant: TenantFixture, admin: psycopg.Connection[Any]
) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        known = stories.fund(tx, tenant, "5.00").new[0]
        deposit = unknown(tx, "10.00")
        given = unknown(tx, "20.00", external_id="wire-2")
        assigned(tx, given, tenant.legal_entity_id)
        loose = scenes.approved(tx, "funding.deposit.assign", {"deposit_id": deposit.id})
        cases.consume(tx, approval_id=loose, action="funding.deposit.assign", document={"deposit_id": deposit.id})

    insert = """
        INSERT INTO funding.deposit_assignments
               (tenant_id, deposit_id, legal_entity_id, reason, approval_id, transaction_id, assigned_at)
        VALUES (%(t)s, %(deposit)s, %(entity)s, 'x', %(approval)s, %(transaction)s, now())
    """
    facts = {"t": tenant.id, "entity": tenant.legal_entity_id, "transaction": 999999999}
    for wrong, approval in ((known.id, loose), (deposit.id, "apr_none"), (given.id, loose)):
        with (
            database.begin(tenant_id=tenant.id, actor=ACTOR) as tx,
            pytest.raises((psycopg.Error, HeadgateError)),
            tx.savepoint(),
        ):
            tx.run(insert, {**facts, "deposit": wrong, "approval": approval})
    assert checks.run(database, [tenant.id]).ok

    admin.execute(insert, {**facts, "deposit": deposit.id, "approval": loose})

    found = [one for one in checks.run(database, [tenant.id]).invariants if one.violations]
    assert [(one.violations, deposit.id in str(one.sample)) for one in found] == [(1, True)]


@pytest.fixture(scope="module")
def client(database: Database) -> Iterator[Client]:
    application = build_application(database, [routes.router, case_routes.router])
    with client_of(application) as opened:
        yield opened


def test_the_same_is_done_over_http_and_from_the_command_line(
    client: Client, database: Database, tenant: TenantFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        reference = funding.payer_reference(tx, legal_entity_id=tenant.legal_entity_id)
        first, second = unknown(tx, "10.00"), unknown(tx, "20.00", external_id="wire-2")
    keys = keys_of(database, tenant.id)
    ann, bob = (person_key(database, tenant.id, role="admin", email=f"{name}@example.org") for name in ("ann", "bob"))
    base = "/v1/funding"

    asked = client.post(
        f"{base}/deposits/{first.id}/assignment-requests",
        json={"legal_entity_id": tenant.legal_entity_id, "reason": "remittance"},
        headers=ann,
    )
    assert asked.status_code == 201, asked.text
    one = asked.json()
    body = {"approval_id": one["id"]}
    again = {**keys.operator, "Idempotency-Key": "assign"}
    early = client.post(f"{base}/deposit-assignments", json=body, headers={**again, "Idempotency-Key": "early"})
    assert (early.status_code, early.json()["code"]) == (403, "cases.not_approved")
    approve = f"/v1/cases/approvals/{one['id']}/approve"
    assert client.post(approve, json={"digest": one["digest"]}, headers=ann).status_code == 403
    assert client.post(approve, json={"digest": one["digest"]}, headers=bob).status_code == 200
    done = client.post(f"{base}/deposit-assignments", json=body, headers=again)
    assert (done.status_code, done.json()["legal_entity_id"]) == (201, tenant.legal_entity_id)
    assert client.post(f"{base}/deposit-assignments", json=body, headers=again).json() == done.json()

    monkeypatch.setattr(terminal, "open_database", lambda: _Open(database))
    key_file = tmp_path / "key"
    key_file.write_text(ann["Authorization"].removeprefix("Bearer "))
    told = CliRunner().invoke(
        commands.app,
        ["request-assignment", second.id, "--client", reference, "--key-file", str(key_file), "--reason", "called"],
    )
    assert told.exit_code == 0, (told.output, told.exception)
    with database.begin(tenant_id=tenant.id, actor=person("bob")) as tx:
        [pending] = cases.list_approvals(tx, action=funding.ASSIGNMENT_ACTION, subject=second.id)
        cases.approve(tx, approval_id=pending.id, digest=pending.digest)
    told = CliRunner().invoke(commands.app, ["assign-deposit", pending.id, "--tenant", tenant.slug])
    assert told.exit_code == 0, (told.output, told.exception)
    listed = CliRunner().invoke(commands.app, ["deposits", "--tenant", tenant.slug, "--json"])
    assert listed.output.count(tenant.legal_entity_id) == 2
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert stories.client_funds(tx, tenant)[1] == usd("30.00")


class _Open:
    """The test's database where a command would open its own."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def __enter__(self) -> Database:
        return self.database

    def __exit__(self, *_: object) -> None:
        return None
