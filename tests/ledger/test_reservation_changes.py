"""A reservation before its end: increased, extended, given back in part, and captured into a posting of several entries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests import make
from tests.ledger.conftest import Book
from tests.ledger.test_races import at_once, codes

from headgate import ledger, tenants
from headgate.core.errors import Refused
from headgate.core.money import Money
from headgate.ledger import Entry, Posted, Reservation


def refused(answer: object, code: str) -> Refused:
    assert isinstance(answer, Refused), answer
    assert answer.code == code
    return answer


def change(book: Book, verb: Any, held: Reservation, amount: str, key: str) -> Any:
    return book.do(verb, idempotency_key=key, reservation_id=held.id, amount=make.usd(amount))


def parts(found: Reservation) -> tuple[str, str, str, str, str]:
    amounts = (found.amount, found.captured, found.released, found.remaining)
    return (found.status, *(str(one.major) for one in amounts))  # type: ignore[return-value]


def test_more_is_set_aside_once_a_key_where_it_is_available(book: Book) -> None:
    book.fund("10.00")
    held = book.reserved("4.00")

    more = change(book, ledger.increase, held, "2.00", "i")
    again = change(book, ledger.increase, held, "2.00", "i")
    short = refused(change(book, ledger.increase, held, "4.01", "s"), "ledger.insufficient_funds")

    assert parts(more) == parts(again) == ("active", "6.00", "0.00", "0.00", "6.00")
    assert (more.replayed, again.replayed) == (False, True)
    assert short.facts["available_minor"] == 400
    assert book.balance(book.client) == ("10.00", "6.00", "4.00")
    book.fund("10.00")
    assert refused(change(book, ledger.increase, held, "4.01", "s"), "ledger.insufficient_funds").replayed
    with pytest.raises(ledger.IdempotencyConflict):
        change(book, ledger.increase, held, "1.00", "i")
    with pytest.raises(ledger.IdempotencyConflict):
        change(book, ledger.release_part, held, "2.00", "i")
    assert isinstance(book.capture(held, "6.00"), Posted)
    refused(change(book, ledger.increase, held, "1.00", "late"), "ledger.reservation_not_active")


def test_a_part_is_given_back_once_a_key(book: Book) -> None:
    book.fund("10.00")
    held = book.reserved("4.00")

    less = change(book, ledger.release_part, held, "1.00", "r")
    again = change(book, ledger.release_part, held, "1.00", "r")
    over = refused(change(book, ledger.release_part, held, "3.01", "o"), "ledger.capture_exceeds_reservation")

    assert parts(less) == parts(again) == ("active", "4.00", "0.00", "1.00", "3.00")
    assert (less.replayed, again.replayed) == (False, True)
    assert over.facts["available_minor"] == 300
    assert book.balance(book.client) == ("10.00", "3.00", "7.00")
    book.capture(held, "2.00")
    assert parts(change(book, ledger.release_part, held, "1.00", "all")) == ("released", "4.00", "2.00", "2.00", "0.00")
    assert book.balance(book.client) == ("8.00", "0.00", "8.00")
    other = book.reserved("2.00")
    change(book, ledger.release_part, other, "1.00", "x")
    assert isinstance(book.capture(other, "1.00"), Posted)
    assert parts(book.do(ledger.get_reservation, other.id)) == ("captured", "2.00", "1.00", "1.00", "0.00")


@pytest.mark.parametrize("verb", [ledger.increase, ledger.release_part])
def test_what_changes_no_reservation(book: Book, verb: Any) -> None:
    book.fund("10.00")
    held = book.reserved("4.00")

    refused(change(book, verb, held, "0.00", "zero"), "ledger.amount_not_positive")
    refused(
        book.do(verb, idempotency_key="euro", reservation_id=held.id, amount=Money(100, "EUR")),
        "ledger.currency_mismatch",
    )
    with pytest.raises(ledger.ReservationNotFound):
        book.do(verb, idempotency_key="none", reservation_id=2**40, amount=make.usd("1.00"))

    assert book.balance(book.client) == ("10.00", "4.00", "6.00")


def test_a_reservation_may_hold_longer(book: Book) -> None:
    book.fund("10.00")
    first, later = (datetime.now(UTC) + timedelta(hours=hours) for hours in (1, 5))
    held = book.reserved("4.00", expires_at=first)

    extended = book.do(ledger.extend, reservation_id=held.id, expires_at=later)
    sooner = book.do(ledger.extend, reservation_id=held.id, expires_at=first)
    book.do(tenants.move_clock, by=timedelta(hours=2))

    assert extended.expires_at == later
    assert "{" not in refused(sooner, "ledger.extension_not_later").message
    assert book.balance(book.client) == ("10.00", "4.00", "6.00")
    assert isinstance(book.post(book.client, book.clearing, "6.00"), Posted)
    book.do(tenants.move_clock, by=timedelta(hours=4))
    late = book.do(ledger.extend, reservation_id=held.id, expires_at=None)
    assert refused(late, "ledger.reservation_not_active").facts["reservation_status"] == "expired"
    kept = book.reserved("1.00", expires_at=later + timedelta(days=1))
    assert book.do(ledger.extend, reservation_id=kept.id, expires_at=None).expires_at is None
    with pytest.raises(ledger.ReservationNotFound):
        book.do(ledger.extend, reservation_id=2**40, expires_at=None)


def test_a_reservation_is_captured_into_a_posting_of_several_entries(book: Book) -> None:
    book.fund("10.00")
    held = book.reserved("4.00")
    entries = [
        Entry(book.client, book.clearing, make.usd("2.50")),
        Entry(book.client, book.cash, make.usd("0.50")),
        Entry(book.cash, book.clearing, make.usd("7.00")),
    ]

    posted = book.do(ledger.post, idempotency_key="c", entries=entries, reservation_id=held.id)
    again = book.do(ledger.post, idempotency_key="c", entries=entries, reservation_id=held.id)
    over = book.do(ledger.post, idempotency_key="o", entries=entries, reservation_id=held.id)
    besides = book.do(ledger.post, idempotency_key="b", entries=entries[2:], reservation_id=held.id)

    assert again == Posted(posted.transaction_id, replayed=True)
    refused(over, "ledger.capture_exceeds_reservation")
    refused(besides, "ledger.reservation_of_other_account")
    assert parts(book.do(ledger.get_reservation, held.id)) == ("active", "4.00", "3.00", "0.00", "1.00")
    assert book.balance(book.client) == ("7.00", "1.00", "6.00")


def test_increases_and_postings_at_once_never_hold_more_than_is_there(book: Book) -> None:
    book.fund("10.00")
    held = book.reserved("1.00")

    def race(number: int) -> Any:
        if number % 2:
            return change(book, ledger.increase, held, "0.40", f"i{number}")
        return book.post(book.client, book.clearing, "0.30")

    answers = at_once(race, 60)

    told = codes(answers)
    found = book.do(ledger.balance, book.client)
    assert found.available.minor >= 0
    assert found.available.minor < 40
    assert told["done"] + told["ledger.insufficient_funds"] == 60
