"""Pending transactions, parts of reversals and changes of reservations over HTTP."""

from __future__ import annotations

from typing import Any

from tests.ledger.conftest import Book
from tests.ledger.test_routes import client as client
from tests.ledger.test_routes import door as door
from tests.ledger.test_routes import entry, usd
from tests.ledger.test_routes import keys as keys

from headgate.core import ids


def test_a_pending_transaction_over_http(door: Any, book: Book) -> None:
    body = {"entries": [entry("till", "sales", 1250)], "pending": True, "expires_at": "2199-01-01T00:00:00Z"}

    made = door.post("/v1/ledger/transactions", body, key="p")
    again = door.post("/v1/ledger/transactions", body, key="p")
    number = made.json()["id"]
    balance = door.get("/v1/ledger/accounts/till/balance")
    listed = door.get("/v1/ledger/transactions?status=pending")["data"]
    part = {"amounts": [{"entry": 1, "amount": usd(1000)}]}
    posted = door.post(f"/v1/ledger/transactions/{number}/post", part, key="s")
    twice = door.post(f"/v1/ledger/transactions/{number}/post", None, key="t")
    voided = door.post(f"/v1/ledger/transactions/{number}/void", {"reason": "late"})

    assert made.status_code == 201, made.text
    assert again.json() == made.json()
    assert (made.json()["status"], made.json()["expires_at"]) == ("pending", "2199-01-01T00:00:00.000000Z")
    assert (balance["posted"], balance["pending"]) == (usd(0), usd(1250))
    assert [found["id"] for found in listed] == [number]
    assert posted.status_code == 201, posted.text
    assert posted.json()["settles"] == number
    assert posted.json()["entries"][0]["amount"] == usd(1000)
    assert door.get(f"/v1/ledger/transactions/{number}")["status"] == "posted"
    assert (twice.status_code, twice.json()["code"]) == (422, "ledger.transaction_not_pending")
    assert (voided.status_code, voided.json()["code"]) == (422, "ledger.transaction_not_pending")


def test_a_pending_transaction_is_voided_over_http(door: Any) -> None:
    made = door.post("/v1/ledger/transactions", {"entries": [entry("till", "sales", 1250)], "pending": True}).json()

    voided = door.post(f"/v1/ledger/transactions/{made['id']}/void", {"reason": "wrong"})

    assert (voided.status_code, voided.json()["status"]) == (200, "void")
    assert door.get("/v1/ledger/accounts/till/balance")["pending"] == usd(0)


def test_a_part_is_reversed_over_http(door: Any) -> None:
    posted = door.post(
        "/v1/ledger/transactions", {"entries": [entry("till", "sales", 1000), entry("till", "sales", 500)]}
    )
    path = f"/v1/ledger/transactions/{posted.json()['id']}/reverse"

    half = door.post(path, {"amount": usd(600), "apportion": "in_order"})
    by_entry = door.post(path, {"amounts": [{"entry": 2, "amount": usd(100)}]})
    over = door.post(path, {"amounts": [{"entry": 2, "amount": usd(401)}]})
    both = door.post(path, {"amounts": [{"entry": 2, "amount": usd(1)}], "entries": [1]})
    kept = door.post(path, {"apportion": "keep", "entries": [2]})

    assert [one["amount"] for one in half.json()["entries"]] == [usd(600)]
    assert [one["amount"] for one in by_entry.json()["entries"]] == [usd(100)]
    assert (over.status_code, over.json()["code"]) == (422, "ledger.reversal_exceeds_original")
    assert (both.status_code, both.json()["code"]) == (400, "ledger.malformed_batch")
    assert [one["amount"] for one in kept.json()["entries"]] == [usd(400)]
    assert door.get("/v1/ledger/accounts/till/balance")["posted"] == usd(400)


def test_a_reservation_changes_over_http(door: Any, book: Book) -> None:
    book.fund("10.00")
    client = ids.encode("acct", book.client)
    wanted = {"account": client, "amount": usd(400), "reserve_type": "test", "source_ref": "r1"}
    path = "/v1/ledger/reservations/" + door.post("/v1/ledger/reservations", wanted).json()["id"]

    more = door.post(path + "/increase", {"amount": usd(200)})
    less = door.post(path + "/release", {"amount": usd(100)})
    longer = door.post(path + "/extend", {"expires_at": None})
    short = door.post(path + "/increase", {"amount": usd(501)})

    assert (more.status_code, more.json()["amount"]) == (200, usd(600))
    assert (less.json()["released"], less.json()["remaining"]) == (usd(100), usd(500))
    assert longer.json()["expires_at"] is None
    assert (short.status_code, short.json()["code"]) == (422, "ledger.insufficient_funds")


def test_conditions_over_http(door: Any) -> None:
    one = entry("till", "sales", 100) | {"debit_version": 0, "debit_min_available": usd(100)}

    first = door.post("/v1/ledger/transactions", {"entries": [one]})
    second = door.post("/v1/ledger/transactions", {"entries": [one]})

    assert first.status_code == 201, first.text
    assert (second.status_code, second.json()["code"]) == (422, "ledger.version_mismatch")
