"""The HTTP door as scripts use it: a server in a process of its own, keys made from the command line, real sockets."""

from __future__ import annotations

import json
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import psycopg
import pytest
from tests.doors.scripts import Shell, free_port, serving, wait_until

from headgate.core import ids

pytestmark = pytest.mark.slow

ROLES = ("admin", "operator", "finance", "compliance", "readonly")
POSTS = {"admin", "finance", "operator"}
"""The roles that may post."""
TENANT = "door-http"


@pytest.fixture(scope="session")
def keys(shell: Shell) -> dict[str, str]:
    """A key of every role, each from `headgate keys create`; the tenant named by its slug, then by its id."""
    made = shell.document("tenants", "create", "--slug", TENANT)
    by_turns = (TENANT, made["id"], TENANT, made["id"], TENANT)
    words = (
        ("keys", "create", "--tenant", named, "--role", role, "--json")
        for named, role in zip(by_turns, ROLES, strict=True)
    )
    answers = [json.loads(done.stdout) for done in shell.runs(*words)]
    assert [answer["role"] for answer in answers] == list(ROLES)
    assert all(answer["key"].startswith("hg_test_") for answer in answers)
    return {answer["role"]: answer["key"] for answer in answers}


@pytest.fixture(scope="session")
def http(shell: Shell, keys: dict[str, str]) -> Iterator[httpx.Client]:
    """`headgate serve --port N`, with the admin's key."""
    with serving(shell, free_port()) as client:
        client.headers["Authorization"] = f"Bearer {keys['admin']}"
        yield client


@pytest.fixture
def till(http: httpx.Client) -> str:
    """The code of a fresh ASSET account that may not be overdrawn."""
    return opened(http, "ASSET", min_balance=usd(0))


def opened(http: httpx.Client, kind: str, **facts: Any) -> str:
    code = f"{kind.lower()}.{uuid.uuid4().hex[:8]}"
    answer = http.post(
        "/v1/ledger/accounts", json={"code": code, "name": code, "type": kind, "currency": "USD", **facts}
    )
    assert answer.status_code == 201, answer.text
    return code


def usd(minor: int) -> dict[str, Any]:
    return {"minor": minor, "currency": "USD"}


def transaction(debit: str, credit: str, minor: int) -> dict[str, Any]:
    return {"entries": [{"debit": debit, "credit": credit, "amount": usd(minor)}]}


def post(
    http: httpx.Client, body: Any, key: str | None = None, path: str = "/v1/ledger/transactions"
) -> httpx.Response:
    return http.post(path, json=body, headers={"Idempotency-Key": key or uuid.uuid4().hex})


def posted(http: httpx.Client, account: str) -> int:
    return int(http.get(f"/v1/ledger/accounts/{account}/balance").json()["posted"]["minor"])


def test_it_says_that_it_lives_that_it_is_ready_and_what_it_measures(http: httpx.Client) -> None:
    bare = httpx.Client(base_url=http.base_url)
    ready = bare.get("/readyz")

    assert bare.get("/healthz").json() == {"ok": True}
    assert {check["name"] for check in ready.json()["checks"]} >= {"database", "migrations", "relay", "audit_sealer"}
    wait_until(lambda: bare.get("/readyz").status_code == 200, seconds=20)
    metrics = bare.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain")
    assert "headgate_audit_unsealed_seconds " in metrics.text and "headgate_outbox_lag_seconds " in metrics.text
    assert "headgate_dead_letters " in metrics.text and "headgate_dead_letters_oldest_seconds " in metrics.text
    assert bare.get("/openapi.json").json()["openapi"].startswith("3.")


def test_every_role_reads_the_book_and_some_post(http: httpx.Client, keys: dict[str, str], till: str) -> None:
    revenue = opened(http, "REVENUE")
    for role, key in keys.items():
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": f"{till}:{role}"}
        read = http.get(f"/v1/ledger/accounts/{till}", headers=headers)
        wrote = http.post("/v1/ledger/transactions", json=transaction(till, revenue, 100), headers=headers)

        assert (role, read.status_code) == (role, 200)
        assert (role, wrote.status_code) == (role, 201 if role in POSTS else 403)
    assert posted(http, till) == 100 * len(POSTS)
    for wrong in ("Bearer hg_test_nothing", f"Basic {keys['admin']}", ""):
        assert http.get("/v1/ledger/accounts", headers={"Authorization": wrong}).status_code == 401


def test_a_balance_stands_on_the_accounts_normal_side_by_code_and_by_id(http: httpx.Client) -> None:
    raised = {"ASSET": 250, "EXPENSE": 250, "LIABILITY": -250, "EQUITY": -250, "REVENUE": -250}
    counter = opened(http, "ASSET")
    for kind, expected in raised.items():
        code = opened(http, kind)
        facts = {"effective_at": "2026-01-02T03:04:05Z", "description": kind, "metadata": {"a": [1]}}
        done = post(http, {**transaction(code, counter, 250), **facts})
        assert done.status_code == 201, done.text
        entry = done.json()["entries"][0]
        assert (ids.is_id(done.json()["id"], "txn"), entry["amount"], done.json()["metadata"]) == (
            True,
            usd(250),
            {"a": [1]},
        )
        account = http.get(f"/v1/ledger/accounts/{code}").json()
        assert ids.is_id(account["id"], "acct")
        assert (account["code"], account["type"], account["legal_entity_id"]) == (code, kind, None)
        expect = {"posted": usd(expected), "pending": usd(0), "reserved": usd(0), "available": usd(expected)}
        for name in (code, account["id"]):
            assert http.get(f"/v1/ledger/accounts/{name}/balance").json() == expect, (kind, name)

    by_id = http.get(f"/v1/ledger/accounts/{counter}").json()["id"]
    assert post(http, transaction(by_id, code, 1)).status_code == 201
    shaped_like_an_id = {"code": by_id[:-1] + "0", "name": "x", "type": "ASSET", "currency": "USD"}
    assert http.post("/v1/ledger/accounts", json=shaped_like_an_id).status_code == 400


def test_lists_are_filtered_and_paged(http: httpx.Client, till: str) -> None:
    revenue = opened(http, "REVENUE")
    made = [post(http, transaction(till, revenue, n)).json()["id"] for n in (1, 2, 3)]

    for path in ("transactions", "entries"):
        first = http.get(f"/v1/ledger/{path}", params={"account": till, "limit": 2}).json()
        rest = http.get(
            f"/v1/ledger/{path}", params={"account": till, "limit": 2, "cursor": first["next_cursor"]}
        ).json()
        assert set(first) == {"data", "next_cursor", "has_more"} and (first["has_more"], rest["has_more"]) == (
            True,
            False,
        )
        named = [row["id" if path == "transactions" else "transaction_id"] for row in first["data"] + rest["data"]]
        assert named == made[::-1], path
    listed = http.get("/v1/ledger/accounts", params={"type": "ASSET", "limit": 100}).json()["data"]
    assert till in {row["code"] for row in listed} and {row["type"] for row in listed} == {"ASSET"}
    nothing = http.get("/v1/ledger/reservations", params={"account": till}).json()
    assert nothing == {"data": [], "next_cursor": None, "has_more": False}


# Idempotency-Key -------------------------------------------------------------------------------------------------------


def test_a_key_has_one_effect_and_its_answer_comes_back_whatever_it_was(
    http: httpx.Client, shell: Shell, till: str
) -> None:
    revenue = opened(http, "REVENUE")
    earn, overdraw = transaction(till, revenue, 500), transaction(revenue, till, 900)

    assert http.post("/v1/ledger/transactions", json=earn).status_code == 400, "money moves under a key only"
    refused = post(http, overdraw, f"{till}:refused")
    first = post(http, earn, f"{till}:earn")
    again = post(http, earn, f"{till}:earn")
    assert (first.status_code, again.status_code, posted(http, till)) == (201, 201, 500)
    assert again.content == first.content
    assert (first.headers.get("Idempotent-Replayed"), again.headers["Idempotent-Replayed"]) == (None, "true")

    assert post(http, transaction(till, revenue, 501), f"{till}:earn").status_code == 422
    account = {"account": till, "amount": usd(1), "reserve_type": "test", "source_ref": "x"}
    elsewhere = post(http, account, f"{till}:earn", "/v1/ledger/reservations")
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (422, "web.idempotency_key_reused")

    # Now there would be money enough, and years have passed: a refusal stays what it was, a key never expires.
    assert post(http, earn, f"{till}:more").status_code == 201
    shell.run("tenants", "clock", "--tenant", TENANT, "--by", "3660d")
    refused_again = post(http, overdraw, f"{till}:refused")
    first_again = post(http, earn, f"{till}:earn")
    shell.run("tenants", "clock", "--tenant", TENANT, "--reset")
    assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")
    assert (refused_again.status_code, refused_again.content) == (422, refused.content)
    assert refused_again.headers["Idempotent-Replayed"] == first_again.headers["Idempotent-Replayed"] == "true"
    assert first_again.content == first.content
    assert posted(http, till) == 1000
    assert post(http, overdraw, f"{till}:anew").status_code == 201


def test_while_the_first_stalls_the_second_is_told_at_once(http: httpx.Client, shell: Shell, till: str) -> None:
    revenue = opened(http, "REVENUE")
    answers: list[httpx.Response] = []
    key = f"{till}:stalls"
    with psycopg.connect(shell.run("db", "url", "--role", "superuser").stdout.strip()) as holder:
        holder.execute("SELECT 1 FROM ledger.accounts WHERE code = %s FOR UPDATE", [till])
        first = threading.Thread(target=lambda: answers.append(post(http, transaction(till, revenue, 100), key)))
        first.start()
        with psycopg.connect(holder.info.dsn, autocommit=True) as watcher:
            waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = 'headgate_app'"
            wait_until(lambda: watcher.execute(waits).fetchone() == (1,), seconds=20)
        seconds = []
        for _ in range(9):
            began = time.perf_counter()
            early = post(http, transaction(till, revenue, 100), key)
            seconds.append(time.perf_counter() - began)
            assert (early.status_code, early.json()["code"], early.json()["retryable"]) == (409, "web.in_flight", True)
            assert int(early.headers["Retry-After"]) >= 1
        holder.rollback()
    first.join(30)

    # The third quickest of nine: a machine that is busy with something else may hold up some of them.
    assert sorted(seconds)[2] < 0.1, seconds
    assert [answer.status_code for answer in answers] == [201]
    assert post(http, transaction(till, revenue, 100), key).headers["Idempotent-Replayed"] == "true"
    assert posted(http, till) == 100


def test_what_is_malformed_or_unauthorised_consumes_no_key(http: httpx.Client, keys: dict[str, str], till: str) -> None:
    revenue = opened(http, "REVENUE")
    key = f"{till}:unspent"
    reader = {"Authorization": f"Bearer {keys['readonly']}", "Idempotency-Key": key}
    json_of = {"Idempotency-Key": key, "Content-Type": "application/json"}
    body = transaction(till, revenue, 7)

    statuses = [
        http.post("/v1/ledger/transactions", content=b"{", headers=json_of).status_code,
        post(http, transaction(till, "nobody", 7), key).status_code,
        post(http, {"entries": [{**body["entries"][0], "amount": {"minor": 7.0, "currency": "USD"}}]}, key).status_code,
        http.post("/v1/ledger/transactions", json=body, headers=reader).status_code,
        http.post(
            "/v1/ledger/transactions", json=body, headers={"Authorization": "", "Idempotency-Key": key}
        ).status_code,
    ]

    assert statuses == [400, 404, 422, 403, 401]
    done = post(http, body, key)
    assert (done.status_code, done.headers.get("Idempotent-Replayed"), posted(http, till)) == (201, None, 7)


# Where it listens ------------------------------------------------------------------------------------------------------


def test_only_its_own_host_names_are_served(http: httpx.Client) -> None:
    for host in ("evil.example", "127.0.0.1.evil.example", "0.0.0.0", ""):
        assert http.get("/healthz", headers={"Host": host}).status_code in (400, 421), host
    for host in ("127.0.0.1", f"localhost:{http.base_url.port}"):
        assert http.get("/healthz", headers={"Host": host}).status_code == 200, host


def test_it_listens_on_this_machine_alone(http: httpx.Client) -> None:
    with closing(socket.socket()) as outside:
        outside.settimeout(5)
        address = own_address()
        if address.startswith("127."):
            pytest.skip("this machine has no address but its own")
        assert outside.connect_ex((address, http.base_url.port or 0)) != 0


def own_address() -> str:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: names the address that would be used
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def test_a_busy_port_is_one_line(http: httpx.Client, shell: Shell) -> None:
    said = shell.refusal("serve", "--port", str(http.base_url.port))

    assert f"port {http.base_url.port} of 127.0.0.1" in said and "--port" in said
