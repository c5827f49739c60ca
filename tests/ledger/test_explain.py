"""A balance is explained down to what it is made of, a refusal by its figures and by what would cure it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests import make
from tests.ledger.conftest import Book

from headgate import ledger
from headgate.core import ids
from headgate.core.errors import HeadgateError
from headgate.core.money import Money
from headgate.ledger import Entry, Posting
from headgate.ledger import explain as explaining
from headgate.ledger.errors import RESULTS


def test_a_balance_is_the_sum_of_its_sources(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    book.fund("50.00")
    book.post(book.cash, book.client, "7.00", source_type="deposit", source_id="dep_1")
    book.post(book.client, book.clearing, "4.00", source_type="payment", source_id="pay_1")
    book.post(book.client, book.clearing, "3.00", source_type="payment", source_id="pay_2")
    held = book.reserved("20.00")

    found = book.do(ledger.explain_balance, book.client)

    assert [(one.source_type, one.legs, str(one.amount.major)) for one in found.sources] == [
        ("deposit", 1, "7.00"),
        ("payment", 2, "-7.00"),
        (None, 1, "50.00"),
    ]
    assert (found.earlier_legs, str(found.balance.posted.major)) == (0, "50.00")
    assert [entry.amount.minor for entry in found.entries] == [300, 400, 700, 5000]
    assert [(one.id, str(one.remaining.major)) for one in found.reservations] == [(held.id, "20.00")]
    assert (found.may_leave, found.may_come) == (make.usd("30.00"), None)

    monkeypatch.setattr(explaining, "LEGS_MAX", 2)
    found = book.do(ledger.explain_balance, book.client)
    assert (found.earlier_legs, str(found.earlier.major)) == (2, "57.00")
    assert found.earlier + sum_of(found.sources) == found.balance.posted


def sum_of(sources: Any) -> Money:
    return Money(sum(one.amount.minor for one in sources), "USD")


def test_too_little_money_is_explained_with_who_holds_it(book: Book) -> None:
    book.fund("100.00")
    with book.begin() as tx:
        soon = tx.now() + timedelta(hours=1)
    expiring = book.reserved("30.00", expires_at=soon)
    lasting = book.reserved("60.00")
    book.post(book.client, book.clearing, "40.00", key="too much")

    found = book.do(ledger.explain_refusal, "too much")

    assert (found.kind, found.code) == ("transaction", "ledger.insufficient_funds")
    assert [str(getattr(found, name).major) for name in ("asked", "available_then", "shortfall_then", "shortfall_now")] == [
        "40.00", "10.00", "30.00", "30.00",
    ]  # fmt: skip
    assert {one.id for one in found.reservations} == {expiring.id, lasting.id}
    assert found.first_expiry_at == soon
    assert [(cure.action, cure.amount and str(cure.amount.major), cure.reservation_id) for cure in found.cures] == [
        ("fund_account", "30.00", None),
        ("await_expiry", "30.00", expiring.id),
        ("release_reservation", "30.00", expiring.id),
        ("lower_minimum", "30.00", None),
    ]
    assert book.do(ledger.explain_refusal, found.request_id) == found
    assert book.do(ledger.explain_refusal, ids.encode("txn", found.request_id)) == found

    book.do(ledger.release, lasting.id)
    cured = book.do(ledger.explain_refusal, "too much")
    assert (cured.shortfall_now, [cure.action for cure in cured.cures]) == (make.usd("0.00"), ["try_again"])
    assert cured.shortfall_then == make.usd("30.00")


def test_what_was_asked_is_told_apart_by_kind(book: Book) -> None:
    book.fund("1.00")
    book.reserve("2.00", key="k")

    found = book.do(ledger.explain_refusal, "k")

    assert (found.kind, found.shortfall_now) == ("reservation", make.usd("1.00"))
    assert book.do(ledger.explain_refusal, ids.encode("rsv", found.request_id)) == found


def test_too_much_money_is_explained_with_the_room(book: Book) -> None:
    with book.begin() as tx:
        full = ledger.create_account(
            tx, code="full", name="Full", type="ASSET", currency="USD", max_balance=make.usd("5.00")
        ).id
    book.post(full, book.clearing, "3.00")
    book.post(full, book.clearing, "3.00", key="over")

    found = book.do(ledger.explain_refusal, "over")

    assert (found.code, found.available_now) == ("ledger.balance_limit_exceeded", make.usd("2.00"))
    assert [(cure.action, cure.amount) for cure in found.cures] == [
        ("move_money_out", make.usd("1.00")),
        ("raise_maximum", make.usd("1.00")),
    ]


def test_a_batch_is_explained_by_the_one_that_was_refused(book: Book) -> None:
    book.fund("1.00")
    with book.begin() as tx:
        ledger.post_many(
            tx,
            [
                Posting("fine", [Entry(book.cash, book.client, make.usd("1.00"))]),
                Posting("wrong", [Entry(book.client, book.client, make.usd("1.00"))]),
            ],
            atomic=True,
        )

    found = book.do(ledger.explain_refusal, "fine")

    assert found.code == "ledger.batch_refused"
    assert found.because is not None
    assert (found.because.code, found.because.cures[0].action) == ("ledger.same_account", "name_accounts")


@pytest.mark.parametrize("request_", ["nothing", "txn_0000000000001", 7])
def test_what_was_not_refused_is_not_explained(book: Book, request_: Any) -> None:
    book.post(book.cash, book.client, "1.00", key="posted")

    for asked in (request_, "posted"):
        with pytest.raises(HeadgateError) as raised:
            book.do(ledger.explain_refusal, asked)
        assert raised.value.code == "ledger.refusal_not_found"


def test_every_refusal_has_a_cure() -> None:
    """Those of a limit are worked out from its figures."""
    assert set(RESULTS) - set(explaining._CURES) == {explaining._INSUFFICIENT, explaining._BEYOND}
