"""Funding through its doors: HTTP and command line say and do the same as the verbs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.funding import scenes
from tests.make import ACTOR, TenantFixture, usd
from tests.payments import pulls, stories
from tests.payments.stories import MONDAY, TUESDAY
from tests.web.client import Client, Keys, client_of, keys_of, person_key
from typer.testing import CliRunner

from headgate import cases, funding
from headgate.cases import routes as case_routes
from headgate.core import terminal
from headgate.core.db import Database
from headgate.core.errors import HeadgateError
from headgate.funding import commands, routes
from headgate.payments import routes as payment_routes
from headgate.web import build_application


@pytest.fixture(scope="module")
def client(database: Database) -> Iterator[Client]:
    application = build_application(database, [routes.router, payment_routes.router, case_routes.router])
    with client_of(application) as opened:
        yield opened


@pytest.fixture
def keys(database: Database, tenant: TenantFixture) -> Keys:
    return keys_of(database, tenant.id)


def asking(tenant: TenantFixture, **more: Any) -> dict[str, Any]:
    return {
        "legal_entity_id": tenant.legal_entity_id,
        "amount": {"minor": 10000, "currency": "USD"},
        "rail": "inbound_wire",
        "due_on": TUESDAY.isoformat(),
        **more,
    }


def test_money_is_asked_for_and_seen_to_come_over_http(
    client: Client, keys: Keys, database: Database, tenant: TenantFixture
) -> None:
    def post(key: str, body: dict[str, Any]) -> Any:
        return client.post("/v1/funding/requests", json=body, headers={**keys.operator, "Idempotency-Key": key})

    made = post("ask", asking(tenant))
    assert made.status_code == 201 and made.json()["status"] == "requested"
    assert post("ask", asking(tenant)).json() == made.json()
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        funding.offer_rails(tx, legal_entity_id=tenant.legal_entity_id, profile="generic_odfi")
    lacking = post("rtp", asking(tenant, rail="rtp_rfp"))
    assert lacking.status_code == 422 and lacking.json()["code"] == "funding.rail_unavailable"
    assert lacking.json()["facts"]["rails"] == ["ach_debit", "inbound_wire", "book"]
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        stories.fund(tx, tenant, "100.00")

    shown = client.get(f"/v1/funding/requests/{made.json()['id']}", headers=keys.readonly).json()

    assert (shown["status"], shown["received"]["minor"]) == ("final", 10000)
    assert [(event["kind"], event["amount"]["minor"]) for event in shown["events"]] == [("settled", 10000)]
    listed = client.get("/v1/funding/requests?status=final", headers=keys.readonly).json()["data"]
    assert [row["id"] for row in listed] == [shown["id"]]
    refused = client.post(
        "/v1/funding/requests", json=asking(tenant), headers={**keys.readonly, "Idempotency-Key": "x"}
    )
    assert refused.status_code == 403


@pytest.mark.parametrize("kind", ["limit", "setting", "credit_line"])
def test_a_change_is_asked_for_approved_by_another_and_made_once(
    client: Client, keys: Keys, database: Database, tenant: TenantFixture, kind: str
) -> None:
    change: dict[str, Any] = {
        "limit": {"kind": "limit", "policy": "velocity", "currency": "USD", "limit": {"count": 5},
                  "legal_entity_id": tenant.legal_entity_id},
        "setting": {"kind": "setting", "name": "commit_gate_mode", "value": "hybrid"},
        "credit_line": {"kind": "credit_line", "legal_entity_id": tenant.legal_entity_id,
                        "limit": {"minor": 5000, "currency": "USD"}, "valid_until": "2035-01-01T00:00:00Z"},
    }[kind]  # fmt: skip
    asked = client.post(
        "/v1/funding/approval-requests", json={"change": change, "reason": "as agreed"}, headers=keys.operator
    )
    assert asked.status_code == 201, asked.text
    body = {"change": change, "reason": "as agreed", "approval_id": asked.json()["id"]}

    def make(key: str, **other: Any) -> Any:
        return client.post(
            "/v1/funding/changes", json={**body, **other}, headers={**keys.operator, "Idempotency-Key": key}
        )

    assert make("early").json()["code"] == "cases.not_approved"
    with database.begin(tenant_id=tenant.id, actor=scenes.person("bob")) as tx:
        cases.approve(tx, approval_id=asked.json()["id"], digest=asked.json()["digest"])
    made = make("now")
    assert made.status_code == 201, made.text
    assert make("now").json() == made.json() and make("twice").json()["code"] == "cases.approval_used"

    if kind == "limit":
        (row,) = client.get("/v1/funding/limits", headers=keys.readonly).json()
        assert (row["policy"], row["limit"]["count"]) == ("velocity", 5)
    if kind == "credit_line":
        path = f"/v1/funding/credit-lines/{tenant.legal_entity_id}"
        assert client.get(path, headers=keys.readonly).json()["free"]["minor"] == 5000
    assert client.get("/v1/funding/overrides", headers=keys.readonly).json() == []


def test_a_change_is_made_from_the_command_line_by_two_people(
    database: Database, tenant: TenantFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    @contextmanager
    def opened() -> Iterator[Database]:
        yield database

    monkeypatch.setattr(terminal, "open_database", opened)
    whole = typer.Typer()
    whole.add_typer(commands.app)
    change, key = tmp_path / "change.json", tmp_path / "key"
    change.write_text(json.dumps({"kind": "limit", "policy": "velocity", "currency": "USD", "limit": {"count": 5}}))
    key.write_text(
        person_key(database, tenant.id, role="operator", email="ann@example.org")["Authorization"][len("Bearer ") :]
    )

    def run(*words: str) -> Any:
        done = CliRunner().invoke(whole, ["funding", *words])
        if isinstance(done.exception, HeadgateError):
            return done.exception.code
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    asked = run("request-change", str(change), "--key-file", str(key), "--reason", "as agreed", "--json")
    made = ("make-change", str(change), "--approval", asked["id"], "--reason", "as agreed", "--tenant", tenant.slug)
    assert asked["action"] == "funding.limit.change" and run(*made, "--json") == "cases.not_approved"
    with database.begin(tenant_id=tenant.id, actor=scenes.person("bob")) as tx:
        cases.approve(tx, approval_id=asked["id"], digest=asked["digest"])
    other = tmp_path / "other.json"
    other.write_text(change.read_text().replace("5", "500"))
    assert run("make-change", str(other), *made[2:], "--json") == "cases.other_payload"
    assert run(*made, "--json")["document"]["limit"]["count"] == 5
    assert run(*made, "--json") == "cases.approval_used"
    (row,) = run("limits", "--tenant", tenant.slug, "--json")
    assert (row["policy"], row["limit"]["count"], row["approval_id"]) == ("velocity", 5, asked["id"])
    other.write_text('{"kind": "limit"}')
    assert run("make-change", str(other), *made[2:], "--json") == "core.malformed"


def test_blocked_then_funded_the_old_key_still_answers_what_it_answered(
    client: Client, keys: Keys, database: Database, tenant: TenantFixture
) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        batch = stories.batch(tx, tenant, "60.00", "40.00")
    body = {
        "legal_entity_id": batch.legal_entity_id, "payroll_id": batch.payroll_id, "pay_on": batch.pay_on.isoformat(),
        "items": [
            {"employee_id": item.employee_id, "payee_id": item.payee_id, "bank_account_id": item.bank_account_id,
             "net_pay": {"minor": item.net_pay.minor, "currency": "USD"}} for item in batch.items
        ],
    }  # fmt: skip

    def commit(key: str) -> Any:
        return client.post("/v1/payments/payrolls", json=body, headers={**keys.operator, "Idempotency-Key": key})

    first = commit("old").json()
    assert first["code"] == "payments.blocked_funds" and first["facts"]["funding_request_id"].startswith("freq_")
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.fund(tx, tenant, "60.00")
    payroll = first["facts"]["payroll_id"]
    split = client.post(
        f"/v1/payments/payrolls/{payroll}/split", json={}, headers={**keys.operator, "Idempotency-Key": "split"}
    )
    assert split.status_code == 201, split.text
    assert split.json()["status"] == "committed_with_warnings"
    assert split.json()["warnings"] == ["the money reaches for a part: the other payments await funding"]

    assert commit("old").json()["facts"] == first["facts"]
    assert commit("new").json()["status"] == "committed"
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert stories.statuses(tx) == ["pending", "awaiting_funding"]


def test_the_command_line_asks_lists_and_shows(
    database: Database, tenant: TenantFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def opened() -> Iterator[Database]:
        yield database

    monkeypatch.setattr(terminal, "open_database", opened)
    whole = typer.Typer()
    whole.add_typer(commands.app)

    def run(*words: str) -> Any:
        done = CliRunner().invoke(whole, ["funding", *words, "--tenant", tenant.slug, "--json"])
        if isinstance(done.exception, HeadgateError):
            return done.exception.code
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    asked = ("--legal-entity", tenant.legal_entity_id, "--amount", "12.50", "--due-on", "2026-12-01")
    made = run("request", *asked, "--idempotency-key", "k")

    assert made["asked"] == {"minor": 1250, "currency": "USD"} and made["rail"] == "inbound_wire"
    assert run("request", *asked, "--idempotency-key", "k") == made
    assert run("request", *asked, "--rail", "pigeon") == "funding.rail_unavailable"
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        funding.offer_rails(tx, legal_entity_id=tenant.legal_entity_id, profile="generic_odfi")
    assert run("request", *asked, "--rail", "rtp_rfp") == "funding.rail_unavailable"
    assert run("list", "--status", "requested") == [made]
    assert run("show", made["id"]) == {**made, "events": []}
    assert usd("12.50").minor == made["amount"]["minor"]


def test_a_client_lets_an_account_be_debited_and_takes_its_word_back_over_http(
    client: Client, keys: Keys, database: Database, tenant: TenantFixture
) -> None:
    path = f"/v1/funding/debit-authorizations/{tenant.legal_entity_id}"
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        account = pulls.client(tx, tenant)
        before = funding.debit_authorization(tx, legal_entity_id=tenant.legal_entity_id)
    body = {"bank_account_id": account, "evidence": "agreement of 2026-11-20"}

    assert before is not None and client.get(path, headers=keys.readonly).json()["evidence"] == before.evidence
    assert client.send("PUT", path, json=body, headers=keys.readonly).status_code == 403
    given = client.send("PUT", path, json=body, headers=keys.operator)
    assert given.status_code == 200 and given.json()["bank_account_id"] == account
    assert client.send("PUT", path, json=body, headers=keys.operator).json() == given.json()
    wrong = client.send("PUT", path, json={**body, "bank_account_id": "ba_nobody"}, headers=keys.operator)
    assert wrong.status_code == 422 and "no bank account" in wrong.text
    taken = client.send("DELETE", path, params={"reason": "left us"}, headers=keys.operator)
    assert taken.status_code == 200 and taken.json()["bank_account_id"] is None
    assert client.get(path, headers=keys.readonly).json() == taken.json()
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        found = funding.debit_authorization(tx, legal_entity_id=tenant.legal_entity_id)
        told = tx.values("SELECT type FROM audit.events WHERE type LIKE 'funding.debits.%%' ORDER BY id")
    assert found is not None and (found.bank_account_id, found.evidence) == (None, "left us")
    assert told == ["funding.debits.authorized", "funding.debits.authorized", "funding.debits.withdrawn"]


def test_a_client_that_said_nothing_of_debits_is_said_so(client: Client, keys: Keys, tenant: TenantFixture) -> None:
    path = f"/v1/funding/debit-authorizations/{tenant.legal_entity_id}"

    assert client.get(path, headers=keys.readonly).status_code == 404
    assert client.send("DELETE", path, params={"reason": "x"}, headers=keys.operator).status_code == 404
