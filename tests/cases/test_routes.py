"""Cases and approvals over HTTP: two keys, two persons."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests import make
from tests.web.client import Client, client_of, person_key

from headgate import cases, messaging
from headgate.cases.consumers import on_dead_letter
from headgate.cases.routes import router
from headgate.core.clock import real_now
from headgate.core.db import Database, Tx
from headgate.web import build_application


@pytest.fixture
def client(database: Database) -> Iterator[Client]:
    with client_of(build_application(database, [router])) as opened:
        yield opened


@pytest.fixture
def case(database: Database, tenant: make.TenantFixture) -> cases.Case:
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        cases.open_case(tx, key="other", category="file_fault")
        return cases.open_case(tx, key="grave", category="wire_recall")


def test_a_grave_case_is_ended_by_two_people(
    client: Client, database: Database, tenant: make.TenantFixture, case: cases.Case
) -> None:
    ann = person_key(database, tenant.id, role="admin", email="ann@example.com")
    ben = person_key(database, tenant.id, role="finance", email="ben@example.com")
    ending = {"state": "resolved", "resolution": "the beneficiary agreed"}

    listed = client.get("/v1/cases?severity=high", headers=ann).json()["data"]
    assert [row["id"] for row in listed] == [case.id]
    alone = client.post(f"/v1/cases/{case.id}/end", json=ending, headers=ann)
    assert (alone.status_code, alone.json()["code"]) == (403, "cases.approval_needed")

    asked = client.post(
        f"/v1/cases/{case.id}/ending-requests", json={**ending, "reason": "letter of 12 May"}, headers=ann
    )
    approval = asked.json()
    assert asked.status_code == 201 and approval["status"] == "pending"
    own = client.post(f"/v1/cases/approvals/{approval['id']}/approve", json={"digest": approval["digest"]}, headers=ann)
    assert (own.status_code, own.json()["code"]) == (403, "cases.own_approval")

    seen = client.get(f"/v1/cases/approvals/{approval['id']}", headers=ben).json()
    yes = client.post(f"/v1/cases/approvals/{approval['id']}/approve", json={"digest": seen["digest"]}, headers=ben)
    assert yes.json()["status"] == "approved"
    other = client.post(
        f"/v1/cases/{case.id}/end", json={**ending, "resolution": "x", "approval_id": approval["id"]}, headers=ann
    )
    assert (other.status_code, other.json()["code"]) == (409, "cases.other_payload")
    ended = client.post(f"/v1/cases/{case.id}/end", json={**ending, "approval_id": approval["id"]}, headers=ann)

    assert ended.json()["state"] == "resolved"
    assert client.get("/v1/cases/approvals?status=used", headers=ben).json()["data"][0]["id"] == approval["id"]


def test_a_no_ends_a_request(client: Client, database: Database, tenant: make.TenantFixture, case: cases.Case) -> None:
    ann = person_key(database, tenant.id, role="admin", email="ann@example.com")
    ben = person_key(database, tenant.id, role="compliance", email="ben@example.com")
    body = {"state": "cancelled", "resolution": "a mistake", "reason": "seen twice"}
    approval = client.post(f"/v1/cases/{case.id}/ending-requests", json=body, headers=ann).json()

    no = client.post(
        f"/v1/cases/approvals/{approval['id']}/reject",
        json={"digest": approval["digest"], "reason": "call first"},
        headers=ben,
    )

    assert no.json()["status"] == "rejected"


def test_a_case_is_assigned_and_read(
    client: Client, database: Database, tenant: make.TenantFixture, case: cases.Case
) -> None:
    ann = person_key(database, tenant.id, role="operator", email="ann@example.com")

    taken = client.post(f"/v1/cases/{case.id}/assign", json={"assigned_to": "usr_1"}, headers=ann)

    assert taken.json()["state"] == "pending"
    assert client.get(f"/v1/cases/{case.id}", headers=ann).json()["assigned_to"] == "usr_1"


def test_a_dead_letter_is_one_case(tx: Tx) -> None:
    message = messaging.Message(
        id=7,
        tenant_id=tx.tenant_id,
        event_type="messaging.dead_letter",
        aggregate_type="dead_letter",
        aggregate_id="7",
        payload={"dead_letter_id": 7, "event_type": "ingestion.artifact.received", "last_error": "boom"},
        correlation_id=tx.correlation_id,
        created_at=real_now(),
        attempt=1,
    )
    on_dead_letter(tx, message)
    on_dead_letter(tx, message)

    [case] = cases.list_cases(tx)
    assert (case.category, case.subcategory) == ("dead_letter", "ingestion.artifact.received")
