"""One effect for one Idempotency-Key, for ever."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest
from tests import make
from tests.web import toy
from tests.web.client import Client, Keys, keys_of

from headgate.core.db import Database

pytestmark = pytest.mark.slow

ORDERS = "/v1/toy/orders"
Effects = Callable[[], tuple[int, int]]


def order(email: str = "ada@example.org", **facts: Any) -> dict[str, Any]:
    return {"email": email, "amount": {"minor": 1250, "currency": "USD"}, **facts}


def keyed(headers: dict[str, str], key: str) -> dict[str, str]:
    return {**headers, "Idempotency-Key": key}


def test_a_repeated_request_gets_the_stored_answer(client: Client, keys: Keys, effects: Effects) -> None:
    first = client.post(ORDERS, json=order(), headers=keyed(keys.operator, "one"))
    again = client.post(ORDERS, json=order(), headers=keyed(keys.operator, "one"))

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert first.json()["amount"] == {"minor": 1250, "currency": "USD"}
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert effects() == (1, 1)


def test_the_same_body_in_another_order_is_the_same_request(client: Client, keys: Keys, effects: Effects) -> None:
    body = order()
    turned = json.dumps(dict(reversed(body.items())), indent=3)

    client.post(ORDERS, json=body, headers=keyed(keys.operator, "one"))
    again = client.post(
        ORDERS, content=turned, headers={**keyed(keys.admin, "one"), "Content-Type": "application/json"}
    )

    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert effects() == (1, 1)


@pytest.mark.parametrize(
    ("method", "path", "body", "differing"),
    [
        ("PUT", ORDERS, order(), ["method"]),
        ("POST", f"{ORDERS}/other", order(), ["path"]),
        ("POST", ORDERS, order("bob@example.org"), ["body"]),
        ("PUT", ORDERS, order("bob@example.org"), ["method", "body"]),
    ],
)
def test_the_same_key_for_another_request_is_refused(
    client: Client, keys: Keys, effects: Effects, method: str, path: str, body: dict[str, Any], differing: list[str]
) -> None:
    client.post(ORDERS, json=order(), headers=keyed(keys.operator, "one"))

    refused = client.send(method, path, json=body, headers=keyed(keys.operator, "one"))

    assert (refused.status_code, refused.json()["code"]) == (422, "web.idempotency_key_reused")
    assert refused.json()["facts"] == {"differing": differing}
    assert effects() == (1, 1)


def test_a_refusal_is_kept_and_repeated(client: Client, keys: Keys, effects: Effects) -> None:
    first = client.post(ORDERS, json=order(end="refused"), headers=keyed(keys.operator, "one"))
    again = client.post(ORDERS, json=order(end="refused"), headers=keyed(keys.operator, "one"))

    assert (first.status_code, again.status_code) == (422, 422)
    assert first.headers["Content-Type"] == again.headers["Content-Type"] == "application/problem+json"
    assert first.content == again.content
    assert first.json()["code"] == "toy.refused"
    assert first.json()["facts"] == {"short_minor": 5}
    assert again.headers["Idempotent-Replayed"] == "true"
    assert effects() == (0, 1)


@pytest.mark.parametrize(
    ("end", "status"), [("error", 404), ("crash", 500), ("deadlocks", 503), ("rule", 409), ("value", 422)]
)
def test_an_error_undoes_everything_and_leaves_the_key_free(
    client: Client, keys: Keys, effects: Effects, end: str, status: int
) -> None:
    failed = client.post(ORDERS, json=order(end=end), headers=keyed(keys.operator, "one"))
    assert (failed.status_code, effects()) == (status, (0, 0))

    mended = client.post(ORDERS, json=order(), headers=keyed(keys.operator, "one"))
    assert (mended.status_code, effects()) == (201, (1, 1))


def test_a_deadlock_is_tried_once_more(client: Client, keys: Keys, effects: Effects) -> None:
    done = client.post(ORDERS, json=order("dead@example.org", end="deadlock"), headers=keyed(keys.operator, "one"))

    assert (done.status_code, effects()) == (201, (1, 1))


def test_a_deadlock_that_stays_is_retryable(client: Client, keys: Keys) -> None:
    failed = client.post(ORDERS, json=order(end="deadlocks"), headers=keyed(keys.operator, "one"))

    assert (failed.status_code, failed.json()["code"], failed.json()["retryable"]) == (503, "web.contended", True)
    assert failed.headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    ("key", "code"),
    [(None, "missing"), ("", "malformed"), ("a b", "malformed"), ("x" * 256, "malformed"), ("é", "malformed")],
)
def test_a_missing_or_malformed_key_is_refused(
    client: Client, keys: Keys, effects: Effects, key: str | None, code: str
) -> None:
    headers = keys.operator if key is None else {**keys.operator, b"Idempotency-Key": key.encode("latin-1")}

    refused = client.post(ORDERS, json=order(), headers=headers)

    assert (refused.status_code, refused.json()["code"]) == (400, f"web.idempotency_key_{code}")
    assert effects() == (0, 0)


def test_malformed_and_unauthorised_requests_consume_no_key(client: Client, keys: Keys, effects: Effects) -> None:
    key = {"Idempotency-Key": "one", "Content-Type": "application/json"}
    statuses = [
        client.post(ORDERS, content="{", headers={**keys.operator, **key}).status_code,
        client.post(ORDERS, json={"email": 5}, headers={**keys.operator, **key}).status_code,
        client.post(ORDERS, json=order(), headers=key).status_code,
        client.post(ORDERS, json=order(), headers={**keys.readonly, **key}).status_code,
    ]
    assert (statuses, effects()) == ([400, 422, 401, 403], (0, 0))

    done = client.post(ORDERS, json=order(), headers={**keys.operator, **key})
    assert (done.status_code, "Idempotent-Replayed" in done.headers, effects()) == (201, False, (1, 1))


def test_keys_are_a_tenants_own(client: Client, keys: Keys, database: Database, effects: Effects) -> None:
    other = make.tenant(database)
    client.post(ORDERS, json=order(), headers=keyed(keys.operator, "one"))

    theirs = client.post(
        ORDERS, json=order("bob@example.org"), headers=keyed(keys_of(database, other.id).operator, "one")
    )

    assert (theirs.status_code, "Idempotent-Replayed" in theirs.headers) == (201, False)
    assert effects() == (1, 1)


def test_keys_cannot_be_forgotten(client: Client, keys: Keys, admin: psycopg.Connection[Any]) -> None:
    client.post(ORDERS, json=order(), headers=keyed(keys.operator, "one"))

    for statement in ("DELETE FROM web.idempotency_keys", "UPDATE web.idempotency_keys SET status = 200"):
        with pytest.raises(psycopg.Error) as refused:
            admin.execute(statement)  # type: ignore[call-overload]
        assert refused.value.sqlstate == "HG002"


# Races ----------------------------------------------------------------------------------------------------------------


def test_a_hundred_callers_with_one_key_have_one_effect(client: Client, keys: Keys, effects: Effects) -> None:
    request = {"method": "POST", "url": ORDERS, "json": order(), "headers": keyed(keys.operator, "one")}

    answers = client.together([request] * 100)

    assert effects() == (1, 1)
    assert {answer.status_code for answer in answers} <= {201, 409}
    done = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.content for answer in done}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in done) == 1
    for early in (answer for answer in answers if answer.status_code == 409):
        assert (early.json()["code"], early.json()["retryable"], early.headers["Retry-After"]) == (
            "web.in_flight",
            True,
            "1",
        )
    assert (
        client.post(ORDERS, json=order(), headers=keyed(keys.operator, "one")).headers["Idempotent-Replayed"] == "true"
    )


def test_while_the_first_stalls_others_are_told_at_once(client: Client, keys: Keys, effects: Effects) -> None:
    toy.stalled.clear()
    toy.go_on.clear()
    request = {"url": ORDERS, "json": order(end="stall"), "headers": keyed(keys.operator, "one")}

    async def race() -> tuple[httpx.Response, list[tuple[float, httpx.Response]], httpx.Response]:
        first = asyncio.create_task(client.http.post(**request))
        assert await asyncio.to_thread(toy.stalled.wait, 10)
        early = []
        for _ in range(5):
            started = time.perf_counter()
            answer = await client.http.post(**request)
            early.append((time.perf_counter() - started, answer))
        another = await client.http.post(ORDERS, json=order("bob@example.org"), headers=keyed(keys.operator, "two"))
        toy.go_on.set()
        return await first, early, another

    first, early, another = client.run(race())

    assert [answer.status_code for _, answer in early] == [409] * 5
    assert sorted(seconds for seconds, _ in early)[2] < 0.1
    assert (first.status_code, another.status_code, effects()) == (201, 201, (2, 2))


def test_a_hundred_callers_with_a_key_each_all_succeed(client: Client, keys: Keys, effects: Effects) -> None:
    answers = client.together(
        {
            "method": "POST",
            "url": ORDERS,
            "json": order(f"p{n}@example.org"),
            "headers": keyed(keys.operator, f"key-{n}"),
        }
        for n in range(100)
    )

    assert [answer.status_code for answer in answers] == [201] * 100
    assert effects() == (100, 100)


# Dry runs -------------------------------------------------------------------------------------------------------------


def test_a_dry_run_does_everything_and_leaves_nothing(client: Client, keys: Keys, effects: Effects) -> None:
    dry = client.post(f"{ORDERS}?dry_run=true", json=order(), headers=keyed(keys.operator, "one"))
    assert (dry.status_code, dry.headers["Dry-Run"], effects()) == (201, "true", (0, 0))
    assert dry.json()["amount"] == {"minor": 1250, "currency": "USD"}

    real = client.post(ORDERS, json=order(), headers=keyed(keys.operator, "one"))
    assert (real.status_code, "Dry-Run" in real.headers, effects()) == (201, False, (1, 1))

    after = client.post(f"{ORDERS}?dry_run=true", json=order(), headers=keyed(keys.operator, "one"))
    assert (after.content, after.headers["Idempotent-Replayed"], after.headers["Dry-Run"]) == (
        real.content,
        "true",
        "true",
    )


def test_a_dry_run_tells_a_refusal(client: Client, keys: Keys, effects: Effects) -> None:
    dry = client.post(f"{ORDERS}?dry_run=true", json=order(end="refused"), headers=keyed(keys.operator, "one"))

    assert (dry.status_code, dry.json()["code"], effects()) == (422, "toy.refused", (0, 0))


def test_a_write_that_moves_no_money_needs_no_key(client: Client, keys: Keys, effects: Effects) -> None:
    done = client.post("/v1/toy/notes", json=order(), headers=keys.operator)
    refused = client.post("/v1/toy/notes", json=order(end="refused"), headers=keys.operator)

    assert (done.status_code, refused.status_code, refused.json()["code"]) == (201, 422, "toy.refused")
    assert effects() == (1, 0)
