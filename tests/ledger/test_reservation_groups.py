"""Several reservations in one request: captured or given back together, all or none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.ledger.conftest import Book
from tests.web.client import Client, Keys, client_of, keys_of

from headgate import ledger
from headgate.core import ids
from headgate.core.db import Database
from headgate.ledger.routes import router
from headgate.web import build_application


@pytest.fixture(scope="module")
def client(database: Database) -> Iterator[Client]:
    """A client of the ledger's routes."""
    with client_of(build_application(database, [router])) as opened:
        yield opened


@pytest.fixture
def keys(database: Database, book: Book) -> Keys:
    """A key of each role."""
    return keys_of(database, book.tenant.id)


@pytest.fixture
def send(client: Client, keys: Keys) -> Any:
    """Asks the door; the status that is expected."""

    def sent(path: str, body: Any, *, status: int, key: str | None = None) -> Any:
        headers = keys.operator | {"Idempotency-Key": key or ids.new("key")}
        answer = client.post(f"/v1/ledger/reservations/{path}", json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    return sent


def part(number: int, minor: int, currency: str = "USD") -> dict[str, Any]:
    return {"reservation_id": ids.encode("rsv", number), "amount": {"minor": minor, "currency": currency}}


def test_several_are_captured_together(send: Any, book: Book) -> None:
    book.fund("10.00")
    held = [book.reserved("2.00").id for _ in range(3)]
    of_cash = book.reserved("1.00", account=book.cash).id
    body = {
        "parts": [part(held[0], 200), part(held[1], 150)],
        "credit": "FEES.USD",
        "source_type": "order",
        "source_id": "O1",
    }

    done = send("capture", body, status=201, key="k")

    assert send("capture", body, status=201, key="k") == done
    assert [one["idempotency_key"] for one in done] == [f"k:{ids.encode('rsv', number)}" for number in held[:2]]
    assert [(one["entries"][0]["amount"]["minor"], one["source_type"]) for one in done] == [
        (200, "order"),
        (150, "order"),
    ]
    assert book.balance(book.client) == ("6.50", "2.50", "4.00")
    assert send("capture", body | {"source_id": None}, status=422)["code"] == "web.invalid"
    # Of a liability money leaves by its debit, of an asset by its credit: both sides named fit both.
    both = {"parts": [part(held[2], 100), part(of_cash, 100)]}
    assert send("capture", both | {"credit": "FEES.USD"}, status=400)["code"] == "ledger.malformed_batch"
    [alone] = send("capture", {"parts": [part(of_cash, 100)], "debit": "FEES.USD"}, status=201, key="one")
    assert (alone["idempotency_key"], alone["entries"][0]["credit_code"]) == ("one", "CASH.USD")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        (lambda one, two: [part(one, 200), part(two, 201)], 422, "ledger.capture_exceeds_reservation"),
        (lambda one, two: [part(one, 200), part(two, 200, "EUR")], 422, "ledger.currency_mismatch"),
        (lambda one, two: [part(one, 100), part(one, 100)], 400, "ledger.malformed_batch"),
        (lambda one, two: [part(one, 100), part(2**40, 100)], 404, "ledger.reservation_not_found"),
        (lambda one, two: [], 422, "web.invalid"),
    ],
)
def test_where_one_cannot_be_captured_none_is(send: Any, book: Book, change: Any, status: int, code: str) -> None:
    book.fund("10.00")
    one, two = book.reserved("2.00").id, book.reserved("2.00").id

    refused = send("capture", {"parts": change(one, two), "credit": "FEES.USD"}, status=status)

    assert refused["code"] == code
    assert book.balance(book.client) == ("10.00", "4.00", "6.00")


def test_several_are_given_back_together_or_none(send: Any, book: Book) -> None:
    book.fund("10.00")
    one, two, three = (book.reserved("2.00") for _ in range(3))
    book.capture(three, "2.00")

    def names(*of: ledger.Reservation) -> dict[str, Any]:
        return {"reservation_ids": [ids.encode("rsv", each.id) for each in of]}

    refused = send("release", names(one, three), status=422)
    assert refused["code"] == "ledger.reservation_not_active"
    assert book.balance(book.client) == ("8.00", "4.00", "4.00")
    nobody = {"reservation_ids": [ids.encode("rsv", one.id), "rsv_0000000000001"]}
    assert send("release", nobody, status=404)["code"] == "ledger.reservation_not_found"
    assert book.balance(book.client) == ("8.00", "4.00", "4.00")

    done = send("release", names(two, one), status=200)

    assert [(found["id"], found["status"]) for found in done] == [
        (ids.encode("rsv", two.id), "released"),
        (ids.encode("rsv", one.id), "released"),
    ]
    assert send("release", names(two, one), status=200) == done
    assert book.balance(book.client) == ("8.00", "0.00", "8.00")


def test_rights_are_checked(client: Client, keys: Keys, book: Book) -> None:
    book.fund("10.00")
    held = book.reserved("2.00")
    body = {"reservation_ids": [ids.encode("rsv", held.id)]}
    for path, asked in (("release", body), ("capture", {"parts": [part(held.id, 1)], "credit": "FEES.USD"})):
        url = f"/v1/ledger/reservations/{path}"
        assert client.post(url, json=asked, headers=keys.readonly | {"Idempotency-Key": "k"}).status_code == 403
        assert client.post(url, json=asked, headers=keys.operator).json()["code"] == "web.idempotency_key_missing"
    assert book.balance(book.client) == ("10.00", "2.00", "8.00")
