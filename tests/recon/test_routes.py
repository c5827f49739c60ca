"""HTTP: /v1/recon."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests import make
from tests.recon.test_runs import CREDIT, ON, line, post, statement
from tests.web.client import Client, Keys, client_of, keys_of

from headgate import ledger
from headgate.core.db import Database
from headgate.recon.routes import router
from headgate.web import build_application


@pytest.fixture(scope="module")
def client(database: Database) -> Iterator[Client]:
    with client_of(build_application(database, [router])) as opened:
        yield opened


@pytest.fixture
def keys(database: Database, tenant: make.TenantFixture) -> Keys:
    return keys_of(database, tenant.id)


@pytest.fixture
def day(database: Database, tenant: make.TenantFixture) -> dict[str, str]:
    """A statement of two lines, of which the book has one."""
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        statement_id = statement(tx, line(CREDIT, "10.00", "A"), line(CREDIT, "20.00", "B"))
        post(tx, "10.00", "A")
        return {"account": ledger.account_for(tx, "CASH", "USD").code, "statement_id": statement_id}


def test_a_day_is_linked_run_and_shown(client: Client, keys: Keys, day: dict[str, str]) -> None:
    link = client.post("/v1/recon/links", headers=keys.finance, json=day)
    run = client.post("/v1/recon/runs", headers=keys.finance, json={"account": day["account"], "on": str(ON)})

    assert (link.status_code, run.status_code) == (201, 201)
    assert link.json()["account_last4"] == "6789"
    assert client.get("/v1/recon/links", headers=keys.readonly).json() == [link.json()]
    made = run.json()
    assert (made["status"], made["variance"]) == ("variance", {"minor": 2000, "currency": "USD"})
    assert [(one["kind"], one["reference"]) for one in made["differences"]] == [("missing_in_book", "B")]
    assert client.get(f"/v1/recon/runs/{made['id']}", headers=keys.readonly).json() == made
    listed = client.get(f"/v1/recon/runs?account={day['account']}&on={ON}&status=variance", headers=keys.readonly)
    assert listed.json()["data"] == [made]
    [match] = client.get(f"/v1/recon/runs/{made['id']}/matches", headers=keys.readonly).json()["data"]
    assert (match["reference"], match["signed"]) == ("A", {"minor": 1000, "currency": "USD"})


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"account": "CASH.USD", "on": str(ON)}, 422, "recon.not_linked"),
        ({"account": "nowhere", "on": str(ON)}, 404, "ledger.account_not_found"),
        ({"account": "CASH.USD", "on": "2026-02-30"}, 422, None),
        ({"account": "CASH.USD"}, 422, None),
        ({"account": "CASH.USD", "on": str(ON), "more": 1}, 422, None),
    ],
)
def test_a_bad_run_is_refused_and_nothing_is_run(
    client: Client, keys: Keys, body: dict[str, object], status: int, code: str | None
) -> None:
    answer = client.post("/v1/recon/runs", headers=keys.finance, json=body)

    assert answer.status_code == status or (code is None and answer.status_code == 400)
    assert code is None or answer.json()["code"] == code
    assert client.get("/v1/recon/runs", headers=keys.readonly).json()["data"] == []


def test_who_may_do_what(client: Client, keys: Keys, day: dict[str, str]) -> None:
    assert client.post("/v1/recon/links", headers=keys.readonly, json=day).status_code == 403
    assert (
        client.post("/v1/recon/runs", headers=keys.compliance, json={"account": "x", "on": str(ON)}).status_code == 403
    )
    assert client.get("/v1/recon/runs").status_code == 401
    assert client.get("/v1/recon/runs/rcn_none", headers=keys.readonly).status_code == 404
