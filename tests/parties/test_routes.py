"""HTTP: /v1/parties. Account numbers come in and never go out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests import make
from tests.web.client import Client, Keys, client_of, keys_of

from headgate.core.db import Database
from headgate.parties.routes import router
from headgate.web import build_application

NUMBER = "1234567890"
ACCOUNT = {"routing_number": "021000021", "account_number": NUMBER, "account_type": "checking"}


@pytest.fixture(scope="module")
def client(database: Database) -> Iterator[Client]:
    with client_of(build_application(database, [router])) as opened:
        yield opened


@pytest.fixture
def keys(database: Database, tenant: make.TenantFixture) -> Keys:
    return keys_of(database, tenant.id)


@pytest.fixture
def party(client: Client, keys: Keys, tenant: make.TenantFixture) -> dict[str, Any]:
    body = {"kind": "payee", "external_id": "E1", "name": "Ann Doe", "legal_entity_id": tenant.legal_entity_id}
    answer = client.post("/v1/parties", headers=keys.operator, json=body)
    assert answer.status_code == 201
    made: dict[str, Any] = answer.json()
    return made


def test_a_payee_and_its_accounts_by_http(client: Client, keys: Keys, party: dict[str, Any]) -> None:
    path = f"/v1/parties/{party['id']}"
    added = client.post(f"{path}/bank-accounts", headers=keys.operator, json=ACCOUNT)
    account = f"/v1/parties/bank-accounts/{added.json()['id']}"

    assert (added.status_code, added.json()["last4"]) == (201, "7890")
    assert client.get(path, headers=keys.readonly).json() == party
    assert client.get(account, headers=keys.readonly).json() == added.json()
    assert client.get(f"{path}/bank-accounts", headers=keys.readonly).json()["data"] == [added.json()]
    verified = client.post(
        f"{account}/verifications", headers=keys.operator, json={"method": "manual", "outcome": "verified"}
    )
    assert (verified.status_code, verified.json()["verification"]) == (201, "verified")
    assert client.post(f"{account}/close", headers=keys.operator).json()["status"] == "closed"
    changes = client.get(f"{path}/bank-account-changes?limit=2", headers=keys.readonly).json()
    rest = client.get(
        f"{path}/bank-account-changes?limit=2&cursor={changes['next_cursor']}", headers=keys.readonly
    ).json()
    assert [one["change"] for one in changes["data"] + rest["data"]] == ["added", "verification_verified", "closed"]


def test_a_party_is_renamed_closed_reopened_and_listed(client: Client, keys: Keys, party: dict[str, Any]) -> None:
    path = f"/v1/parties/{party['id']}"

    assert client.post(f"{path}/rename", headers=keys.operator, json={"name": "Ann Roe"}).json()["name"] == "Ann Roe"
    assert client.post(f"{path}/close", headers=keys.operator).json()["status"] == "closed"
    assert client.post(f"{path}/reopen", headers=keys.operator).json()["status"] == "active"
    listed = client.get("/v1/parties?kind=payee&external_id=E1", headers=keys.readonly).json()
    assert [one["id"] for one in listed["data"]] == [party["id"]]


def test_blocks_are_set_and_lifted_by_compliance(client: Client, keys: Keys, party: dict[str, Any]) -> None:
    added = client.post(f"/v1/parties/{party['id']}/bank-accounts", headers=keys.operator, json=ACCOUNT).json()
    of_party = f"/v1/parties/{party['id']}/blocks"
    of_account = f"/v1/parties/bank-accounts/{added['id']}/blocks"

    assert client.post(of_party, headers=keys.operator, json={"reason": "fraud"}).status_code == 403
    one = client.post(of_party, headers=keys.compliance, json={"reason": "fraud"})
    two = client.post(of_account, headers=keys.compliance, json={"reason": "sanctions"})
    lifted = client.post(
        f"/v1/parties/blocks/{one.json()['id']}/lift", headers=keys.compliance, json={"reason": "cleared"}
    )

    assert (one.status_code, two.status_code, lifted.json()["status"]) == (201, 201, "lifted")
    assert "fingerprint" not in two.text
    active = client.get("/v1/parties/blocks?status=active", headers=keys.readonly).json()
    assert [block["id"] for block in active["data"]] == [two.json()["id"]]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"routing_number": "021000022"}, "parties.invalid_bank_account"),
        ({"account_number": "--"}, "parties.invalid_bank_account"),
        ({"account_type": "loan"}, None),
        ({"account_number": 1234567890}, None),
        ({"iban": "x"}, None),
    ],
)
def test_a_bad_account_is_refused_without_repeating_its_number(
    client: Client, keys: Keys, party: dict[str, Any], change: dict[str, Any], code: str | None
) -> None:
    path = f"/v1/parties/{party['id']}/bank-accounts"

    answer = client.post(path, headers=keys.operator, json={**ACCOUNT, **change})

    assert answer.status_code in (400, 422)
    assert code is None or answer.json()["code"] == code
    assert NUMBER not in answer.text
    assert client.get(path, headers=keys.readonly).json()["data"] == []


@pytest.mark.parametrize(
    "path", ["/v1/parties/pty_none", "/v1/parties/pty_none/bank-accounts", "/v1/parties/bank-accounts/bac_none"]
)
def test_what_does_not_exist_is_a_404(client: Client, keys: Keys, path: str) -> None:
    assert client.get(path, headers=keys.readonly).status_code == 404
    assert client.get(path).status_code == 401
