"""Reversal: the whole of a transaction, once, the other way round."""

from __future__ import annotations

import pytest
from tests import make
from tests.ledger.conftest import Book

from headgate import ledger
from headgate.core.errors import Refused
from headgate.ledger import Entry, Posted


def code(answer: object) -> str:
    assert isinstance(answer, Refused), answer
    return answer.code


def reverse(book: Book, transaction: int, key: str) -> Posted | Refused:
    answer = book.do(ledger.reverse, idempotency_key=key, transaction_id=transaction, reason="it was wrong")
    assert isinstance(answer, Posted | Refused)
    return answer


def test_a_reversal_takes_back_every_entry_and_is_linked(book: Book) -> None:
    entries = [Entry(book.cash, book.client, make.usd("5.00")), Entry(book.client, book.clearing, make.usd("5.00"))]
    posted = book.do(ledger.post, idempotency_key="p", entries=entries, source_type="payment", source_id="pay_1")

    reversed_ = reverse(book, posted.transaction_id, "r")

    assert isinstance(reversed_, Posted)
    for account in (book.cash, book.client, book.clearing):
        assert book.balance(account) == ("0.00", "0.00", "0.00")
    original, reversal = book.do(ledger.transactions_of_source, "payment", "pay_1")
    assert original.reversed_by == (reversal.id,)
    assert (reversal.reverses, reversal.description) == (original.id, "it was wrong")
    assert [(e.debit, e.credit, e.amount) for e in reversal.entries] == [
        (book.clearing, book.client, make.usd("5.00")),
        (book.client, book.cash, make.usd("5.00")),
    ]


def test_a_transaction_is_reversed_once(book: Book) -> None:
    posted = book.post(book.cash, book.client, "5.00")
    assert isinstance(posted, Posted)
    first = reverse(book, posted.transaction_id, "r1")
    assert isinstance(first, Posted)

    assert reverse(book, posted.transaction_id, "r1") == Posted(first.transaction_id, replayed=True)
    second = reverse(book, posted.transaction_id, "r2")
    assert code(second) == "ledger.already_reversed"
    assert code(reverse(book, first.transaction_id, "r3")) == "ledger.reversal_not_reversible"
    assert book.balance(book.cash) == ("0.00", "0.00", "0.00")
    assert book.count("ledger.entries") == 2


def test_a_reversal_that_was_refused_does_not_count(book: Book) -> None:
    posted = book.post(book.cash, book.client, "5.00")
    assert isinstance(posted, Posted)
    book.post(book.client, book.clearing, "5.00")
    assert code(reverse(book, posted.transaction_id, "r1")) == "ledger.insufficient_funds"

    book.fund("5.00")

    assert isinstance(reverse(book, posted.transaction_id, "r2"), Posted)
    assert code(reverse(book, posted.transaction_id, "r1")) == "ledger.insufficient_funds"


def test_what_is_not_posted_cannot_be_reversed(book: Book) -> None:
    book.post(book.client, book.clearing, "5.00", key="refused")
    before = book.facts()

    with book.begin() as tx:
        number = tx.value("SELECT id FROM ledger.transactions WHERE key = 'refused'")
    for unknown in (number, 2**40):
        with pytest.raises(ledger.TransactionNotFound):
            reverse(book, unknown, "r")

    assert book.facts() == before


def test_the_key_of_another_reversal_is_a_conflict(book: Book) -> None:
    one, two = book.post(book.cash, book.client, "5.00"), book.post(book.cash, book.client, "5.00")
    assert isinstance(one, Posted)
    assert isinstance(two, Posted)
    reverse(book, one.transaction_id, "r")

    with pytest.raises(ledger.IdempotencyConflict):
        reverse(book, two.transaction_id, "r")

    assert book.balance(book.cash) == ("5.00", "0.00", "5.00")
