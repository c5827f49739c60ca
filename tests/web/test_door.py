"""What every request passes: its id, its Host, its key; and problems in one shape for whatever goes wrong."""

from __future__ import annotations

import logging
from typing import Any

import psycopg
import pytest
from fastapi import APIRouter
from tests import make
from tests.web import toy
from tests.web.client import Client, Keys, client_of

from headgate.core.db import Database
from headgate.web import build_application
from headgate.web.health import Check
from headgate.web.metrics import Gauge

PROBLEM = {"type", "title", "status", "detail", "code", "request_id", "retryable", "facts"}


def assert_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    found: dict[str, Any] = answer.json()
    assert set(found) >= PROBLEM
    assert (found["status"], found["code"], found["type"]) == (status, code, f"urn:headgate:problem:{code}")
    assert found["request_id"] == answer.headers["X-Request-Id"]
    assert found["detail"] and found["title"]
    return found


# The id of a request --------------------------------------------------------------------------------------------------


def test_a_request_keeps_the_id_it_brings_and_the_audit_trail_knows_it(
    client: Client, keys: Keys, tenant: make.TenantFixture, admin: psycopg.Connection[Any]
) -> None:
    answer = client.post(
        "/v1/toy/notes", json={"email": "ada@example.org"}, headers={**keys.operator, "X-Request-Id": "order-4711.a_b"}
    )

    assert (answer.status_code, answer.headers["X-Request-Id"]) == (201, "order-4711.a_b")
    row = admin.execute(
        "SELECT correlation_id, actor_type FROM audit.events WHERE tenant_id = %s AND type = 'tenants.user.created'",
        [tenant.id],
    ).fetchone()
    assert row == ("order-4711.a_b", "system")


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "with space", "-leading", "a\tb-------"])
def test_a_malformed_id_is_replaced(client: Client, given: str) -> None:
    answer = client.get("/healthz", headers={"X-Request-Id": given})

    assert answer.headers["X-Request-Id"].startswith("cor_")


# Host and headers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8080", "localhost:9", "[::1]:8080", "[::1]", "PAY.example.org"]
)
def test_our_hosts_are_served(client: Client, host: str) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "127.0.0.2", "", "localhost:80:80", "::1"])
def test_another_host_is_refused(client: Client, host: str) -> None:
    assert_problem(client.get("/healthz", headers={"Host": host}), 421, "web.unknown_host")


def test_every_answer_wears_its_headers(client: Client, keys: Keys) -> None:
    known = client.get("/v1/tenants/current", headers=keys.admin)
    for answer in (client.get("/healthz"), client.get("/v1/nothing"), known):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Strict-Transport-Security" not in answer.headers


def test_behind_tls_browsers_are_told_to_stay_there(database: Database) -> None:
    with client_of(build_application(database, [], secure=True)) as secure:
        assert secure.get("/healthz").headers["Strict-Transport-Security"] == "max-age=31536000"


# Who asks -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", [None, "", "Bearer", "Bearer ", "Bearer x", "Basic eDp5", "hg_test_" + "0" * 52, "Bearer é"]
)
def test_without_a_key_nothing_is_read(client: Client, value: str | None) -> None:
    headers: Any = {} if value is None else {b"Authorization": value.encode("latin-1")}

    answer = client.post("/v1/toy/notes", content=b"{not read", headers={**headers, "Content-Type": "application/json"})

    assert_problem(answer, 401, "web.unauthorized")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="headgate"'


def test_the_scheme_may_be_written_in_any_case(client: Client, keys: Keys) -> None:
    key = keys.readonly["Authorization"].removeprefix("Bearer ")

    assert client.get("/v1/tenants/current", headers={"Authorization": f"bEARER  {key}"}).status_code == 200


def test_a_role_without_the_permission_is_told_which(client: Client, keys: Keys) -> None:
    found = assert_problem(
        client.post("/v1/toy/notes", json={"email": "x"}, headers=keys.compliance), 403, "web.not_permitted"
    )

    assert found["facts"] == {"permission": "ledger.manage"}
    assert "compliance" in found["detail"]


# What goes wrong ------------------------------------------------------------------------------------------------------


def test_unknown_paths_and_methods_are_problems(client: Client, keys: Keys) -> None:
    assert_problem(client.get("/v1/nothing", headers=keys.admin), 404, "web.route_not_found")
    assert_problem(client.get("/v1/nothing"), 401, "web.unauthorized")
    assert_problem(client.get("/nothing"), 404, "web.route_not_found")
    wrong = client.send("DELETE", "/v1/tenants/current", headers=keys.admin)
    assert_problem(wrong, 405, "web.method_not_allowed")
    assert wrong.headers["Allow"] == "GET"


def test_a_nul_in_the_address_is_refused(client: Client, keys: Keys) -> None:
    for path in ("/v1/tenants/legal-entities/le_%00", "/v1/toy/people?cursor=%00"):
        assert_problem(client.get(path, headers=keys.admin), 400, "web.malformed_request")


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        ({}, "email", "required"),
        ({"email": 5}, "email", "quotes"),
        ({"email": "x", "note": 1}, "note", "no such field"),
        ({"email": "x", "amount": {"minor": 12.5, "currency": "USD"}}, "amount.minor", "whole number"),
        ({"email": "x", "amount": {"minor": 12.0, "currency": "USD"}}, "amount.minor", "whole number"),
        ({"email": "x", "amount": {"minor": "12", "currency": "USD"}}, "amount.minor", "whole number"),
        ({"email": "x", "amount": {"minor": True, "currency": "USD"}}, "amount.minor", "whole number"),
        ({"email": "x", "amount": {"minor": 1, "currency": "usd"}}, "amount.currency", "pattern"),
        ({"email": "x", "amount": {"minor": 1}}, "amount.currency", "required"),
        ({"email": "x", "amount": 12}, "amount", "object"),
        ([], "body", "object"),
        ("text", "body", "object"),
    ],
)
def test_a_field_at_fault_is_named_with_its_mending(
    client: Client, keys: Keys, body: Any, field: str, says: str
) -> None:
    answer = client.post("/v1/toy/orders", json=body, headers={**keys.operator, "Idempotency-Key": "one"})

    found = assert_problem(answer, 422, "web.invalid")
    assert [fault["field"] for fault in found["errors"]] == [field]
    assert says in found["errors"][0]["message"]
    assert field in found["detail"]


def test_what_was_sent_is_not_repeated(client: Client, keys: Keys) -> None:
    answer = client.post(
        "/v1/toy/orders",
        json={"email": ["4111111111111111"], "end": "5500005555555559"},
        headers={**keys.operator, "Idempotency-Key": "one"},
    )

    assert answer.status_code == 422
    assert "4111111111111111" not in answer.text and "5500005555555559" not in answer.text


def test_an_unknown_currency_is_named(client: Client, keys: Keys) -> None:
    order = {"email": "x@example.org", "amount": {"minor": 1, "currency": "XXQ"}}

    answer = client.post("/v1/toy/orders", json=order, headers={**keys.operator, "Idempotency-Key": "one"})

    assert "XXQ" in assert_problem(answer, 400, "core.unknown_currency")["detail"]


def test_a_fault_of_ours_says_nothing_of_the_inside_but_logs_it(
    client: Client, keys: Keys, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = client.post("/v1/toy/notes", json={"email": "a@example.org", "end": "crash"}, headers=keys.operator)

    found = assert_problem(answer, 500, "core.internal")
    assert "secret detail" not in answer.text and found["facts"] == {}
    assert "secret detail" in caplog.text


def test_a_rule_of_the_database_is_named(client: Client, keys: Keys) -> None:
    answer = client.post("/v1/toy/notes", json={"email": "a@example.org", "end": "rule"}, headers=keys.operator)

    assert assert_problem(answer, 409, "web.rule_refused")["facts"] == {"constraint": "users_email_shape"}


# Health and numbers ---------------------------------------------------------------------------------------------------


def test_healthz_answers_and_readyz_names_each_check(database: Database) -> None:
    def broken() -> str | None:
        raise RuntimeError("the check is broken")

    checks = [Check("relay", lambda: None), Check("sealer", lambda: "waits for 9 s"), Check("odd", broken)]
    with client_of(build_application(database, [], checks=checks)) as client:
        assert client.get("/healthz").json() == {"ok": True}
        for answer in (client.get("/readyz"), client.get("/healthz?deep=1")):
            assert answer.status_code == 503
            found = {check["name"]: (check["ok"], check["detail"]) for check in answer.json()["checks"]}
            assert found == {
                "database": (True, None),
                "migrations": (True, None),
                "relay": (True, None),
                "sealer": (False, "waits for 9 s"),
                "odd": (False, "the check itself failed (RuntimeError); see the log"),
            }


def test_readyz_is_well_where_every_check_is(database: Database) -> None:
    with client_of(build_application(database, [], checks=[Check("relay", lambda: None)])) as client:
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["ok"]) == (200, True)


def test_metrics_count_by_route_and_name_no_tenant(database: Database, keys: Keys, tenant: make.TenantFixture) -> None:
    def unknown() -> float | None:
        return None

    gauges = [Gauge("headgate_lag_seconds", "Lag", lambda: 2.5), Gauge("headgate_unknown", "Unknown", unknown)]
    nested = APIRouter(prefix="/v1/nested")
    inner = APIRouter()
    inner.add_api_route("/people", lambda: None)
    nested.include_router(inner)
    with client_of(build_application(database, [toy.router, nested], gauges=gauges)) as client:
        client.get("/v1/nested/people", headers=keys.readonly)
        client.send("DELETE", "/v1/nested/people", headers=keys.readonly)
        client.get("/v1/toy/people", headers=keys.readonly)
        client.post("/v1/toy/orders/some-name", json={}, headers=keys.operator)
        for path in ("/scan-1", "/scan-2"):
            client.get(path)
        client.send("BREW", "/v1/toy/people", headers=keys.readonly)
        text = client.get("/metrics").text

    assert 'headgate_http_requests_total{method="GET",route="/v1/toy/people",status="200"} 1.0' in text
    assert 'headgate_http_requests_total{method="POST",route="/v1/toy/orders/{name}",status="400"} 1.0' in text
    assert 'headgate_http_requests_total{method="ANY",route="unknown",status="404"} 2.0' in text
    assert "BREW" not in text and "scan" not in text
    # By its whole path, also where a domain nests its routers: `/people` is not one route.
    assert 'headgate_http_requests_total{method="GET",route="/v1/nested/people",status="200"} 1.0' in text
    assert 'headgate_http_requests_total{method="DELETE",route="/v1/nested/people",status="405"} 1.0' in text
    assert 'route="/people"' not in text
    assert 'headgate_http_request_seconds_count{method="GET",route="/v1/toy/people"} 1.0' in text
    assert "headgate_lag_seconds 2.5" in text
    assert "headgate_unknown 0" not in text
    assert str(tenant.id) not in text and tenant.slug not in text
