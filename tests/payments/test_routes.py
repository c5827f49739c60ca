"""Payments and funding over HTTP: one effect for one key, refusals with their figures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.make import ACTOR, TenantFixture, usd
from tests.payments import stories
from tests.payments.stories import MONDAY, WEDNESDAY
from tests.web.client import Client, Keys, client_of, keys_of

from headgate import payments
from headgate.core.db import Database
from headgate.funding import routes as funding_routes
from headgate.payments import routes as payment_routes
from headgate.rails import ach, fake
from headgate.web import build_application


@pytest.fixture(scope="module")
def client(database: Database) -> Iterator[Client]:
    """A client of these two domains."""
    with client_of(build_application(database, [funding_routes.router, payment_routes.router])) as opened:
        yield opened


@pytest.fixture
def keys(database: Database, tenant: TenantFixture) -> Keys:
    return keys_of(database, tenant.id)


def body(database: Database, tenant: TenantFixture, *amounts: str) -> dict[str, Any]:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        batch = stories.batch(tx, tenant, *amounts)
    return {
        "legal_entity_id": batch.legal_entity_id,
        "payroll_id": batch.payroll_id,
        "pay_on": batch.pay_on.isoformat(),
        "items": [
            {
                "employee_id": item.employee_id,
                "payee_id": item.payee_id,
                "bank_account_id": item.bank_account_id,
                "net_pay": {"minor": item.net_pay.minor, "currency": "USD"},
            }
            for item in batch.items
        ],
    }


def test_a_payroll_is_blocked_funded_committed_sent_and_settled_over_http(
    client: Client, keys: Keys, database: Database, tenant: TenantFixture
) -> None:
    def post(path: str, key: str, json: dict[str, Any], **params: Any) -> Any:
        return client.post(path, json=json, headers={**keys.operator, "Idempotency-Key": key}, params=params)

    payroll = body(database, tenant, "100.00", "60.00")
    blocked = post("/v1/payments/payrolls", "first", payroll)
    assert blocked.status_code == 422
    assert blocked.json()["code"] == "payments.blocked_funds"
    assert blocked.json()["detail"] == "Your account balance is insufficient. Please fund $160.00 to proceed."
    assert blocked.json()["facts"]["shortfall"] == {"minor": 16000, "currency": "USD"}
    originator = {
        "odfi_routing_number": fake.ROUTING,
        "destination_name": "BANK",
        "immediate_origin": "1234567890",
        "origin_name": "ACME",
        "company_name": "ACME",
        "company_identification": "1234567890",
    }
    path = f"/v1/payments/originators/{tenant.legal_entity_id}"
    assert client.send("PUT", path, json=originator, headers=keys.operator).status_code == 200

    answer = client.post(
        "/v1/funding/payer-references", json={"legal_entity_id": tenant.legal_entity_id}, headers=keys.operator
    )
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        wire = fake.WireIn(usd("160.00"), answer.json()["reference"])
        statement = stories.read(tx, "mon", stories.statement([], on=MONDAY, wires=[wire]))
    deposits = post("/v1/funding/deposits", "dep", {"artifact_id": statement})
    assert [one["amount"]["minor"] for one in deposits.json()["new"]] == [16000]

    # The old key still answers what it answered; a dry run moves nothing; a new key passes.
    assert post("/v1/payments/payrolls", "first", payroll).status_code == 422
    dry = post("/v1/payments/payrolls", "dry", payroll, dry_run=True)
    assert dry.status_code == 200 and dry.headers["Dry-Run"] == "true"
    assert (dry.json()["status"], dry.json()["gate"]["passed"]) == ("committed", True)
    committed = post("/v1/payments/payrolls", "second", payroll)
    assert committed.status_code == 201
    assert committed.json()["payroll"]["status"] == "committed"
    # Number 2, since the dry run was undone.
    assert committed.json()["payroll"]["evaluation_no"] == 2
    again = post("/v1/payments/payrolls", "second", payroll)
    assert again.json() == committed.json() and again.headers["Idempotent-Replayed"] == "true"
    prl = committed.json()["payroll"]["id"]
    assert client.get(f"/v1/payments/payrolls/{prl}", headers=keys.readonly).json()["total"]["minor"] == 16000
    assert len(client.get("/v1/payments/payrolls", headers=keys.readonly).json()["data"]) == 1

    sent = post("/v1/payments/submissions", "send", {"on": MONDAY.isoformat()})
    (file,) = sent.json()["files"]
    assert file["credit"]["minor"] == 16000 and file["status"] == "pending"
    assert post("/v1/payments/submissions", "send", {"on": MONDAY.isoformat()}).json() == sent.json()
    assert client.get(f"/v1/payments/files/{file['id']}", headers=keys.readonly).json() == file
    assert client.get("/v1/payments/files", headers=keys.readonly).json()["data"] == [file]

    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, WEDNESDAY)
        content = payments.file_bytes(tx, file["id"])
        tuesday = stories.read(tx, "tue", stories.statement([content], opening="160.00"))
        trace = next(iter(ach.read_file(content).entries)).trace_number
        returned = stories.read(tx, "ret", fake.return_file([content], {trace: "R03"}, on=WEDNESDAY))
    settled = post("/v1/payments/settlements", "settle", {"artifact_id": tuesday}).json()
    assert settled["instructions_settled"] == 2 and settled["files_settled"] == [file["id"]]
    back = post("/v1/payments/settlements", "return", {"artifact_id": returned}).json()
    assert len(back["instructions_returned"]) == 1

    page = client.get("/v1/payments/instructions", params={"query": "status:returned"}, headers=keys.readonly).json()
    assert [one["id"] for one in page["data"]] == back["instructions_returned"]
    life = client.get(f"/v1/payments/instructions/{page['data'][0]['id']}", headers=keys.readonly).json()
    assert "R03" in life["why"][0]["text"] and len(life["t_accounts"]) == 4
    assert "Employee" not in str(life)
    line = client.get(f"/v1/payments/instructions/{page['data'][0]['id']}/timeline", headers=keys.readonly).json()
    assert line == life["timeline"]

    judged = client.get("/v1/funding/evaluations", params={"subject": prl}, headers=keys.readonly).json()["data"]
    assert [(one["gate_type"], one["passed"]) for one in judged] == [("pay", True), ("commit", True), ("commit", False)]
    one = client.get(f"/v1/funding/evaluations/{judged[0]['id']}", headers=keys.readonly).json()
    assert one["own_reserved"]["minor"] == 16000
    listed = client.get("/v1/funding/deposits", headers=keys.readonly).json()["data"]
    assert client.get(f"/v1/funding/deposits/{listed[0]['id']}", headers=keys.readonly).json() == listed[0]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"items": []}, 422),
        ({"register_artifact_id": "art_x"}, 422),
        ({"pay_on": "tomorrow"}, 422),
        ({"currency": "XXX1"}, 422),
        ({"surprise": 1}, 422),
        ({"legal_entity_id": "le_nothing"}, 422),
    ],
)
def test_bad_input_is_refused_and_moves_nothing(
    client: Client, keys: Keys, database: Database, tenant: TenantFixture, change: dict[str, Any], status: int
) -> None:
    payroll = {**body(database, tenant, "100.00"), **change}
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        before = stories.counts(tx)

    answer = client.post("/v1/payments/payrolls", json=payroll, headers={**keys.operator, "Idempotency-Key": "bad"})

    assert answer.status_code in (400, status), answer.text
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert stories.counts(tx) == before


def test_who_may_only_read_sends_nothing(client: Client, keys: Keys) -> None:
    headers = {**keys.readonly, "Idempotency-Key": "k"}

    for path, document in (
        ("/v1/payments/submissions", {"on": "2026-11-30"}),
        ("/v1/payments/settlements", {"artifact_id": "art_x"}),
        ("/v1/funding/deposits", {"artifact_id": "art_x"}),
    ):
        assert client.post(path, json=document, headers=headers).status_code == 403


def test_a_bad_query_names_its_term(client: Client, keys: Keys) -> None:
    answer = client.get("/v1/payments/instructions", params={"query": "colour:red"}, headers=keys.readonly)

    assert answer.status_code == 400
    assert answer.json()["code"] == "payments.malformed_query" and "colour:red" in answer.json()["detail"]


def test_an_account_is_named_over_http(client: Client, keys: Keys, database: Database, tenant: TenantFixture) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        stories.fund(tx, tenant, "100.00")
        owed = payments.Obligation("third_party", "child_support", usd("5.00"))
        batch = stories.batch(tx, tenant, "10.00", obligations=(owed,))
        payments.commit_payroll(tx, batch)
        (row,) = payments.list_instructions(tx, query=payments.parse_query("kind:third_party"))

    answer = client.post(
        f"/v1/payments/instructions/{row.id}/account",
        json={"bank_account_id": batch.items[0].bank_account_id},
        headers=keys.operator,
    )

    assert answer.status_code == 200 and answer.json()["id"] == row.id
