"""The contract of the HTTP door, to the letter, with bad input refused and nothing moved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.ledger.conftest import Book
from tests.web.client import Client, Keys, client_of, keys_of

from headgate.core import ids
from headgate.core.db import Database
from headgate.ledger.routes import router
from headgate.web import build_application

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def client(database: Database) -> Iterator[Client]:
    """A client of the ledger's routes."""
    with client_of(build_application(database, [router])) as opened:
        yield opened


@pytest.fixture
def keys(database: Database, book: Book) -> Keys:
    """A key of each role."""
    return keys_of(database, book.tenant.id)


def usd(minor: Any) -> dict[str, Any]:
    return {"minor": minor, "currency": "USD"}


def entry(debit: str, credit: str, minor: Any) -> dict[str, Any]:
    return {"debit": debit, "credit": credit, "amount": usd(minor)}


@pytest.fixture
def door(client: Client, keys: Keys) -> Any:
    """Two accounts of one's own, opened over HTTP, and the way to post."""

    class Door:
        headers = keys.admin

        def post(self, path: str, body: Any, key: str | None = None, **facts: Any) -> Any:
            headers = self.headers | {"Idempotency-Key": key or ids.new("key")}
            return client.post(path, json=body, headers=headers, **facts)

        def get(self, path: str) -> Any:
            answer = client.get(path, headers=self.headers)
            assert answer.status_code == 200, answer.text
            return answer.json()

    opened = Door()
    for code, kind in (("till", "ASSET"), ("sales", "REVENUE")):
        body = {"code": code, "name": code, "type": kind, "currency": "USD"}
        answer = client.post("/v1/ledger/accounts", json=body, headers=keys.admin)
        assert answer.status_code == 201, answer.text
        shown = answer.json()
        assert ids.is_id(shown["id"], "acct")
        assert (shown["code"], shown["purpose"], shown["is_default"], shown["legal_entity_id"]) == (
            code,
            None,
            False,
            None,
        )
    return opened


def test_a_transaction_is_posted_read_replayed_and_reversed(door: Any) -> None:
    body = {
        "entries": [entry("till", "sales", 1250)],
        "effective_at": "2026-01-02T12:00:00Z",
        "description": "a sale",
        "metadata": {"order": "17"},
    }

    posted = door.post("/v1/ledger/transactions", body, key="sale")
    again = door.post("/v1/ledger/transactions", body, key="sale")

    assert posted.status_code == 201, posted.text
    assert again.json() == posted.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    shown = posted.json()
    assert ids.is_id(shown["id"], "txn")
    assert (shown["description"], shown["metadata"], shown["effective_on"]) == ("a sale", {"order": "17"}, "2026-01-02")
    assert [(e["debit_code"], e["credit_code"], e["amount"]) for e in shown["entries"]] == [
        ("till", "sales", usd(1250))
    ]
    assert door.get(f"/v1/ledger/transactions/{shown['id']}") == shown
    till = door.get("/v1/ledger/accounts/till")
    for name in ("till", till["id"]):
        assert door.get(f"/v1/ledger/accounts/{name}/balance") == {
            "posted": usd(1250),
            "pending": usd(0),
            "reserved": usd(0),
            "available": usd(1250),
        }
    assert door.get("/v1/ledger/accounts/sales/balance")["posted"] == usd(1250)

    reversal = door.post(f"/v1/ledger/transactions/{shown['id']}/reverse", {"reason": "returned"})
    twice = door.post(f"/v1/ledger/transactions/{shown['id']}/reverse", None)

    assert reversal.status_code == 201, reversal.text
    assert reversal.json()["reverses"] == shown["id"]
    assert door.get(f"/v1/ledger/transactions/{shown['id']}")["reversed_by"] == [reversal.json()["id"]]
    assert (twice.status_code, twice.json()["code"]) == (422, "ledger.already_reversed")
    assert door.get("/v1/ledger/accounts/till/balance")["posted"] == usd(0)


def test_a_dry_run_posts_nothing(door: Any, book: Book) -> None:
    before = book.facts()

    answer = door.post("/v1/ledger/transactions?dry_run=true", {"entries": [entry("till", "sales", 1250)]})

    assert answer.status_code == 201
    assert book.facts() == before


def test_reservations_over_http(door: Any, book: Book) -> None:
    book.fund("10.00")
    client_funds = ids.encode("acct", book.client)
    wanted = {"account": client_funds, "amount": usd(400), "reserve_type": "test", "source_ref": "r1"}

    made = door.post("/v1/ledger/reservations", wanted)
    part = door.post(
        f"/v1/ledger/reservations/{made.json()['id']}/capture", {"amount": usd(150), "credit": "PAYROLL_CLEARING.USD"}
    )
    over = door.post(
        f"/v1/ledger/reservations/{made.json()['id']}/capture", {"amount": usd(251), "credit": "PAYROLL_CLEARING.USD"}
    )
    nowhere = door.post(f"/v1/ledger/reservations/{made.json()['id']}/capture", {"amount": usd(1)})
    shown = door.get(f"/v1/ledger/reservations/{made.json()['id']}")
    released = door.post(f"/v1/ledger/reservations/{made.json()['id']}/release", None)
    more = door.post("/v1/ledger/reservations", wanted | {"amount": usd(10000)})

    assert (made.status_code, made.json()["status"], made.json()["expires_at"]) == (201, "active", None)
    assert part.status_code == 201, part.text
    assert (over.status_code, over.json()["code"]) == (422, "ledger.capture_exceeds_reservation")
    assert (nowhere.status_code, nowhere.json()["code"]) == (400, "ledger.malformed_batch")
    assert (shown["captured"], shown["remaining"], shown["account"]) == (usd(150), usd(250), client_funds)
    assert (released.status_code, released.json()["status"]) == (200, "released")
    assert (more.status_code, more.json()["code"]) == (422, "ledger.insufficient_funds")
    assert [
        one["id"] for one in door.get(f"/v1/ledger/reservations?account={client_funds}&status=released")["data"]
    ] == [shown["id"]]


def test_capturing_from_an_asset_leaves_its_credit_out(door: Any) -> None:
    door.post("/v1/ledger/transactions", {"entries": [entry("till", "sales", 500)]})
    made = door.post(
        "/v1/ledger/reservations", {"account": "till", "amount": usd(500), "reserve_type": "test", "source_ref": "r"}
    )

    taken = door.post(f"/v1/ledger/reservations/{made.json()['id']}/capture", {"amount": usd(500), "debit": "CASH.USD"})

    assert taken.status_code == 201, taken.text
    assert [(e["debit_code"], e["credit_code"]) for e in taken.json()["entries"]] == [("CASH.USD", "till")]


def test_lists_have_filters_and_cursors(door: Any) -> None:
    for n in range(5):
        door.post(
            "/v1/ledger/transactions",
            {"entries": [entry("till", "sales", n + 1)], "source_type": "order", "source_id": str(n % 2)},
        )

    for path in (
        "transactions?source_type=order",
        "entries?account=till",
        "accounts?currency=USD",
        "balances?currency=USD",
    ):
        whole = door.get(f"/v1/ledger/{path}&limit=100")["data"]
        page = door.get(f"/v1/ledger/{path}&limit=2")
        pages = list(page["data"])
        while page["has_more"]:
            page = door.get(f"/v1/ledger/{path}&limit=2&cursor={page['next_cursor']}")
            pages += page["data"]
        assert pages == whole
        assert len(whole) >= 5
    assert len(door.get("/v1/ledger/transactions?source_type=order&source_id=1")["data"]) == 2
    assert len(door.get("/v1/ledger/transactions?account=till&effective_from=2100-01-01")["data"]) == 0
    first = door.get("/v1/ledger/transactions?limit=1")["data"][0]
    assert [e["transaction_id"] for e in door.get(f"/v1/ledger/entries?transaction={first['id']}")["data"]] == [
        first["id"]
    ]
    assert [a["code"] for a in door.get("/v1/ledger/accounts?type=REVENUE&purpose=FEES")["data"]] == ["FEES.USD"]


GOOD = entry("till", "sales", 100)
BAD: dict[str, tuple[Any, int, str]] = {
    "a float": ({"entries": [entry("till", "sales", 1.5)]}, 422, ""),
    "a float that is whole": ({"entries": [entry("till", "sales", 100.0)]}, 422, ""),
    "an amount as text": ({"entries": [entry("till", "sales", "100")]}, 422, ""),
    "a truth value": ({"entries": [entry("till", "sales", True)]}, 422, ""),
    "nothing": ({"entries": [entry("till", "sales", None)]}, 422, ""),
    "zero": ({"entries": [entry("till", "sales", 0)]}, 422, "ledger.amount_not_positive"),
    "negative": ({"entries": [entry("till", "sales", -1)]}, 422, "ledger.amount_not_positive"),
    "too large": ({"entries": [entry("till", "sales", 2**63 - 1)]}, 422, "ledger.amount_too_large"),
    "beyond a bigint": ({"entries": [entry("till", "sales", 2**63)]}, 400, ""),
    "one account": ({"entries": [entry("till", "till", 100)]}, 422, "ledger.same_account"),
    "an unknown code": ({"entries": [entry("nobody", "sales", 100)]}, 404, "ledger.account_not_found"),
    "an unknown id": ({"entries": [entry("till", "acct_0000000000000", 100)]}, 404, "ledger.account_not_found"),
    "another currency": (
        {"entries": [GOOD | {"amount": {"minor": 1, "currency": "EUR"}}]},
        422,
        "ledger.currency_mismatch",
    ),
    "no currency of the world": (
        {"entries": [GOOD | {"amount": {"minor": 1, "currency": "ZZZ"}}]},
        400,
        "core.unknown_currency",
    ),
    "a small currency": ({"entries": [GOOD | {"amount": {"minor": 1, "currency": "usd"}}]}, 422, ""),
    "no entries": ({"entries": []}, 422, ""),
    "no body": ({}, 422, ""),
    "an unknown field": ({"entries": [GOOD], "currency": "USD"}, 422, ""),
    "an instant without zone": ({"entries": [GOOD], "effective_at": "2026-01-01T00:00:00"}, 422, ""),
    "an instant before the calendar": ({"entries": [GOOD], "effective_at": "0001-01-01T00:00:00+14:00"}, 422, ""),
    "an end after the calendar": (
        {"entries": [GOOD], "pending": True, "expires_at": "9999-12-31T23:59:59-12:00"},
        422,
        "web.invalid",
    ),
    "an instant as number": ({"entries": [GOOD], "effective_at": 1760000000}, 422, ""),
    "an override from outside": ({"entries": [GOOD], "override_ref": "apr_1"}, 422, ""),
    "an end of what is not pending": (
        {"entries": [GOOD], "expires_at": "2199-01-01T00:00:00Z"},
        400,
        "ledger.malformed_batch",
    ),
    "a version that is not there": ({"entries": [GOOD | {"debit_version": 7}]}, 422, "ledger.version_mismatch"),
    "metadata that is no object": ({"entries": [GOOD], "metadata": ["a"]}, 422, ""),
    "one good and one bad entry": ({"entries": [GOOD, entry("till", "sales", 0)]}, 422, "ledger.amount_not_positive"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_a_specific_error_and_moves_nothing(door: Any, book: Book, name: str) -> None:
    body, status, code = BAD[name]
    before = book.facts()

    answer = door.post("/v1/ledger/transactions", body)

    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["code"] == code if code else problem["code"]
    assert 400 <= answer.status_code < 500
    if code:
        assert answer.status_code == status
    after = book.facts()
    for table in ("ledger.entries", "ledger.reservations", "messaging.outbox_messages", "accounts"):
        assert after[table] == before[table]


def test_a_key_is_needed_and_rights_are_checked(client: Client, door: Any, keys: Keys, book: Book) -> None:
    body = {"entries": [GOOD]}
    before = book.facts()

    missing = client.post("/v1/ledger/transactions", json=body, headers=keys.admin)
    reader = client.post("/v1/ledger/transactions", json=body, headers=keys.readonly | {"Idempotency-Key": "k"})
    nobody = client.post("/v1/ledger/transactions", json=body, headers={"Idempotency-Key": "k"})

    assert (missing.status_code, reader.status_code, nobody.status_code) == (400, 403, 401)
    assert book.facts() == before


def test_unknown_things_are_not_found(client: Client, keys: Keys) -> None:
    for path in (
        "accounts/nobody",
        "accounts/acct_0000000000000/balance",
        "transactions/txn_0000000000000",
        "reservations/rsv_0000000000000",
        "entries?account=nobody",
    ):
        assert client.get(f"/v1/ledger/{path}", headers=keys.admin).status_code == 404, path
    assert client.get("/v1/ledger/transactions/nonsense", headers=keys.admin).status_code == 400


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"code": "acct_0000000000042"}, 400),
        ({"code": "till"}, 409),
        ({"code": "a b"}, 400),
        ({"type": "CASH"}, 422),
        ({"currency": "ZZZ"}, 400),
        ({"name": 5}, 422),
        ({"min_balance": usd(1.5)}, 422),
        ({"min_balance": usd(5)}, 400),
        ({"legal_entity_id": "le_00000000000000000000000000"}, 422),
    ],
)
def test_bad_accounts_are_refused(
    client: Client, door: Any, keys: Keys, book: Book, change: dict[str, Any], status: int
) -> None:
    before = book.count("ledger.accounts")

    body = {"code": "new", "name": "New", "type": "ASSET", "currency": "USD"} | change
    answer = client.post("/v1/ledger/accounts", json=body, headers=keys.admin)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    assert book.count("ledger.accounts") == before


def test_an_account_with_limits_and_purpose(client: Client, keys: Keys, book: Book) -> None:
    body = {
        "code": "reserve",
        "name": "Reserve",
        "type": "LIABILITY",
        "currency": "USD",
        "purpose": "RESERVE",
        "is_default": True,
        "legal_entity_id": book.tenant.legal_entity_id,
        "min_balance": usd(0),
        "max_balance": usd(500),
    }

    shown = client.post("/v1/ledger/accounts", json=body, headers=keys.admin).json()

    assert {name: shown[name] for name in body} == body
