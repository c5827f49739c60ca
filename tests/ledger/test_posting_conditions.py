"""Conditions of an entry: what must be available after it, and at which version its accounts must be before it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests import make
from tests.ledger.conftest import Book
from tests.ledger.test_races import at_once, codes

from headgate import ledger
from headgate.core import ids
from headgate.core.errors import Refused
from headgate.core.money import Money
from headgate.ledger import Entry, Posted, Posting


def attempt(book: Book, *entries: Entry, key: str | None = None, **facts: Any) -> Any:
    return book.do(ledger.post, idempotency_key=key or ids.new("key"), entries=entries, **facts)


def refused(answer: object, code: str) -> Refused:
    assert isinstance(answer, Refused), answer
    assert answer.code == code
    return answer


def test_a_version_is_how_many_legs_the_account_had(book: Book) -> None:
    book.fund("10.00")
    spend = Entry(book.client, book.clearing, make.usd("1.00"))

    stale = refused(attempt(book, replace(spend, debit_version=0)), "ledger.version_mismatch")
    other = refused(attempt(book, replace(spend, debit_version=1, credit_version=1)), "ledger.version_mismatch")

    assert stale.facts["account"] == ids.encode("acct", book.client)
    assert (stale.facts["version"], stale.facts["expected_version"]) == (1, 0)
    assert stale.message == f"account {ids.encode('acct', book.client)} is at version 1, not 0"
    assert other.facts["account"] == ids.encode("acct", book.clearing)
    assert isinstance(attempt(book, replace(spend, debit_version=1, credit_version=0)), Posted)
    refused(attempt(book, replace(spend, debit_version=1)), "ledger.version_mismatch")
    two = [replace(spend, debit_version=2, credit_version=1), replace(spend, debit_version=3, credit_version=2)]
    assert isinstance(attempt(book, *two), Posted)


def test_so_much_must_be_available_afterwards(book: Book) -> None:
    book.fund("10.00")
    book.reserved("2.00")
    book.post(book.client, book.clearing, "1.00", pending=True)
    spend = Entry(book.client, book.clearing, make.usd("3.00"))

    short = refused(attempt(book, replace(spend, debit_min_available=make.usd("4.01"))), "ledger.condition_not_met")

    assert (short.facts["available_minor"], short.facts["minimum_minor"]) == (400, 401)
    assert short.message == (
        f"account {ids.encode('acct', book.client)} would have 4.00 USD available, and 4.01 USD was made a condition"
    )
    assert isinstance(attempt(book, replace(spend, debit_min_available=make.usd("4.00"))), Posted)
    refused(attempt(book, replace(spend, credit_min_available=make.usd("6.01"))), "ledger.condition_not_met")
    assert isinstance(attempt(book, replace(spend, credit_min_available=make.usd("6.00"))), Posted)


def test_a_pending_entry_is_judged_by_what_it_sets_aside(book: Book) -> None:
    book.fund("10.00")
    spend = Entry(book.client, book.clearing, make.usd("3.00"), debit_version=1)

    refused(
        attempt(book, replace(spend, debit_min_available=make.usd("7.01")), pending=True), "ledger.condition_not_met"
    )
    refused(
        attempt(book, replace(spend, credit_min_available=make.usd("0.01")), pending=True), "ledger.condition_not_met"
    )
    answer = attempt(book, replace(spend, debit_min_available=make.usd("7.00")), pending=True)

    assert answer.status == "pending"
    # What is pending moves no version.
    assert isinstance(attempt(book, spend), Posted)


def test_a_condition_of_any_entry_refuses_the_posting_and_nothing_moves(book: Book) -> None:
    book.fund("10.00")
    before = book.facts()
    entry = Entry(book.client, book.clearing, make.usd("1.00"))
    batch = [
        Posting("a", [entry, replace(entry, debit_version=1)]),
        Posting("b", [replace(entry, debit_version=1)]),
        Posting("c", [replace(entry, debit_version=1)]),
    ]

    answers = book.do(ledger.post_many, batch)

    assert refused(answers[0], "ledger.version_mismatch").facts["entry"] == 2
    assert isinstance(answers[1], Posted)
    refused(answers[2], "ledger.version_mismatch")
    after = book.facts()
    assert after["ledger.entries"] - before["ledger.entries"] == 1
    assert book.balance(book.client) == ("9.00", "0.00", "9.00")


def test_a_condition_belongs_to_what_the_key_stands_for(book: Book) -> None:
    book.fund("10.00")
    entry = Entry(book.client, book.clearing, make.usd("1.00"), debit_version=1)
    first = attempt(book, entry, key="k")

    assert attempt(book, entry, key="k") == Posted(first.transaction_id, replayed=True)
    for other in (replace(entry, debit_version=2), replace(entry, debit_version=None)):
        with pytest.raises(ledger.IdempotencyConflict):
            attempt(book, other, key="k")


def test_a_condition_is_in_the_currency_of_its_entry(book: Book) -> None:
    entry = Entry(book.cash, book.client, make.usd("1.00"), debit_min_available=Money(100, "EUR"))

    with pytest.raises(ledger.MalformedBatch):
        attempt(book, entry)


def test_of_many_with_one_expected_version_one_passes(book: Book) -> None:
    book.fund("10.00")
    entry = Entry(book.client, book.clearing, make.usd("1.00"), debit_version=1)

    answers = at_once(lambda number: attempt(book, entry, key=f"k{number}"), 40)

    assert codes(answers) == {"done": 1, "ledger.version_mismatch": 39}
