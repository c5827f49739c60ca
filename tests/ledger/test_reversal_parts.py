"""Reversal in parts: several together never take back more than the original moved, entry by entry."""

from __future__ import annotations

from typing import Any

import pytest
from tests import make
from tests.ledger.conftest import Book
from tests.ledger.test_races import at_once

from headgate import ledger
from headgate.core import ids
from headgate.core.errors import Refused
from headgate.core.money import Money
from headgate.ledger import Entry, Posted

pytestmark = pytest.mark.slow


def refused(answer: object, code: str) -> Refused:
    assert isinstance(answer, Refused), answer
    assert answer.code == code
    return answer


def usd(amount: str | None) -> Money | None:
    return None if amount is None else make.usd(amount)


def reverse(book: Book, transaction: int, amount: str | None = None, key: str | None = None, **facts: Any) -> Any:
    return book.do(
        ledger.reverse,
        idempotency_key=key or ids.new("key"),
        transaction_id=transaction,
        reason="it was wrong",
        amount=usd(amount),
        **facts,
    )


def parts(book: Book, posted: Any) -> list[tuple[int, str]]:
    """What a reversal took back, by the entry of the original."""
    assert isinstance(posted, Posted), posted
    with book.begin() as tx:
        rows = tx.all(
            "SELECT of_n, amount_minor FROM ledger.entries WHERE transaction_id = %(id)s ORDER BY of_n",
            {"id": posted.transaction_id},
        )
    return [(row["of_n"], str(Money(row["amount_minor"], "USD").major)) for row in rows]


@pytest.fixture
def three(book: Book) -> int:
    """A transaction of 10.00, 5.00 and a fee of 1.00, all from cash."""
    amounts = ("10.00", "5.00", "1.00")
    entries = [Entry(book.cash, book.clearing, make.usd(amount)) for amount in amounts]
    posted = book.do(ledger.post, idempotency_key="three", entries=entries)
    return int(posted.transaction_id)


def test_an_amount_is_apportioned_by_share_and_the_last_cent_goes_to_the_largest_fraction(
    book: Book, three: int
) -> None:
    assert parts(book, reverse(book, three, "1.00")) == [(1, "0.63"), (2, "0.31"), (3, "0.06")]
    # Of what is left: 9.37, 4.69 and 0.94.
    assert parts(book, reverse(book, three, "7.50")) == [(1, "4.69"), (2, "2.34"), (3, "0.47")]
    assert parts(book, reverse(book, three)) == [(1, "4.68"), (2, "2.35"), (3, "0.47")]
    refused(reverse(book, three, "0.01"), "ledger.already_reversed")
    assert book.balance(book.cash) == ("0.00", "0.00", "0.00")


@pytest.mark.parametrize(
    ("amount", "weights", "rule", "expected"),
    [
        (1, [1, 1, 1], "proportional", [1, 0, 0]),
        (2, [1, 1, 1], "proportional", [1, 1, 0]),
        (100, [3, 3, 3], "proportional", [3, 3, 94]),
        (5, [3, 0, 3], "proportional", [3, 0, 2]),
        (10, [2, 3, 5], "proportional", [2, 3, 5]),
        (7, [2, 3, 5], "in_order", [2, 3, 2]),
        (1, [2, 3, 5], "in_order", [1, 0, 0]),
        (9, [2, 3, 0], "in_order", [2, 7, 0]),
        (2**61, [2**61, 2**61], "proportional", [2**60, 2**60]),
    ],
)
def test_where_the_last_cent_goes(book: Book, amount: int, weights: list[int], rule: str, expected: list[int]) -> None:
    with book.begin() as tx:
        found = tx.value(
            "SELECT ledger.apportion(%(amount)s, %(weights)s::bigint[], %(rule)s)",
            {"amount": amount, "weights": weights, "rule": rule},
        )
    assert found == expected


def test_in_order_fills_the_first_entry_first(book: Book, three: int) -> None:
    assert parts(book, reverse(book, three, "12.00", apportion="in_order")) == [(1, "10.00"), (2, "2.00")]
    assert parts(book, reverse(book, three, "3.50", apportion="in_order")) == [(2, "3.00"), (3, "0.50")]


def test_a_fee_may_be_kept(book: Book, three: int) -> None:
    assert parts(book, reverse(book, three, "3.00", entries=[3], apportion="keep")) == [(1, "2.00"), (2, "1.00")]
    assert parts(book, reverse(book, three, entries=[3], apportion="keep")) == [(1, "8.00"), (2, "4.00")]
    refused(reverse(book, three, entries=[3], apportion="keep"), "ledger.reversal_exceeds_original")
    assert book.balance(book.clearing) == ("1.00", "0.00", "1.00")
    assert parts(book, reverse(book, three)) == [(3, "1.00")]


def test_amounts_may_be_given_by_entry(book: Book, three: int) -> None:
    wanted = {1: make.usd("4.00"), 3: make.usd("1.00")}

    assert parts(book, reverse(book, three, entries=wanted)) == [(1, "4.00"), (3, "1.00")]

    over = refused(reverse(book, three, entries={1: make.usd("6.01")}), "ledger.reversal_exceeds_original")
    assert over.facts["available_minor"] == 600
    assert over.facts["reverses"] == ids.encode("txn", three)
    assert "{" not in over.message
    refused(reverse(book, three, entries={3: make.usd("0.01")}), "ledger.reversal_exceeds_original")
    assert parts(book, reverse(book, three, "1.00", entries=[2])) == [(2, "1.00")]


def test_more_than_is_left_is_refused_and_nothing_moves(book: Book, three: int) -> None:
    reverse(book, three, "6.00")
    before = book.facts()

    refused(reverse(book, three, "10.01"), "ledger.reversal_exceeds_original")

    assert book.facts()["accounts"] == before["accounts"]
    assert isinstance(reverse(book, three, "10.00"), Posted)


def test_the_key_stands_for_what_was_asked_not_for_what_was_left(book: Book, three: int) -> None:
    first = reverse(book, three, "1.00", key="r")
    reverse(book, three, "2.00")

    assert reverse(book, three, "1.00", key="r") == Posted(first.transaction_id, replayed=True)
    whole = reverse(book, three, key="whole")
    assert reverse(book, three, key="whole") == Posted(whole.transaction_id, replayed=True)
    for facts in ({"amount": "1.01"}, {"amount": "1.00", "apportion": "in_order"}, {"amount": "1.00", "entries": [1]}):
        with pytest.raises(ledger.IdempotencyConflict):
            reverse(book, three, key="r", **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "facts",
    [
        {"entries": []},
        {"entries": [4]},
        {"entries": [0]},
        {"entries": [1, 1]},
        {"entries": [1, 2, 3], "apportion": "keep"},
        {"apportion": "keep"},
        {"apportion": "by_magic", "amount": "1.00"},
        {"amount": "0.00"},
        {"entries": {1: Money(0, "USD")}},
        {"entries": {1: Money(1, "EUR")}},
        {"entries": {1: Money(1, "USD")}, "amount": "1.00"},
    ],
)
def test_what_cannot_be_read_as_a_reversal(book: Book, three: int, facts: dict[str, Any]) -> None:
    before = book.facts()

    with pytest.raises(ledger.MalformedBatch):
        reverse(book, three, **facts)

    assert book.facts() == before


def test_of_several_currencies_an_amount_reverses_its_own(book: Book) -> None:
    with book.begin() as tx:
        euro = [ledger.create_account(tx, code=f"e{n}", name="E", type="ASSET", currency="EUR").id for n in range(2)]
    entries = [Entry(book.cash, book.clearing, make.usd("4.00")), Entry(euro[0], euro[1], Money(400, "EUR"))]
    posted = book.do(ledger.post, idempotency_key="p", entries=entries)

    first = book.do(
        ledger.reverse,
        idempotency_key="r",
        transaction_id=posted.transaction_id,
        reason=None,
        amount=Money(300, "EUR"),
    )

    assert parts(book, first) == [(2, "3.00")]
    with pytest.raises(ledger.MalformedBatch):
        book.do(
            ledger.reverse,
            idempotency_key="x",
            transaction_id=posted.transaction_id,
            reason=None,
            amount=Money(300, "JPY"),
        )


def test_partial_reversals_at_once_never_exceed_the_original(book: Book, three: int) -> None:
    answers = at_once(lambda number: reverse(book, three, "0.70", key=f"r{number}"), 60)

    # 16.00 is 22 times 0.70 and 0.60 more.
    assert sum(isinstance(answer, Posted) for answer in answers) == 22
    assert {answer.code for answer in answers if isinstance(answer, Refused)} == {"ledger.reversal_exceeds_original"}
    assert book.balance(book.cash) == ("0.60", "0.00", "0.60")


def test_a_double_reversal_of_a_part_by_entry_happens_once(book: Book, three: int) -> None:
    answers = at_once(lambda number: reverse(book, three, key=f"r{number}", entries={2: make.usd("3.00")}), 40)

    assert sum(isinstance(answer, Posted) for answer in answers) == 1
    assert book.balance(book.cash) == ("13.00", "0.00", "13.00")
