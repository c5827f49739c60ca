"""Reservations: set aside, captured in parts, released, expired; overdue ones count in no read from that instant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests import make
from tests.ledger.conftest import Book

from headgate import ledger, tenants
from headgate.core.errors import Refused
from headgate.ledger import Capture, Posted, Reservation, ReservationRequest


def code(answer: object) -> str:
    assert isinstance(answer, Refused), answer
    return answer.code


def wanted(book: Book, key: str, amount: str, **facts: Any) -> ReservationRequest:
    return ReservationRequest(key, facts.pop("account", book.client), make.usd(amount), "test", key, **facts)


def parts(reservation: Reservation) -> tuple[str, str, str, str]:
    return (
        reservation.status,
        str(reservation.captured.major),
        str(reservation.released.major),
        str(reservation.remaining.major),
    )


def test_reserved_money_is_posted_but_not_available(book: Book) -> None:
    book.fund("10.00")

    held = book.reserved("4.00")

    assert parts(held) == ("active", "0.00", "0.00", "4.00")
    assert book.balance(book.client) == ("10.00", "4.00", "6.00")
    assert code(book.post(book.client, book.clearing, "6.01")) == "ledger.insufficient_funds"
    assert isinstance(book.post(book.client, book.clearing, "6.00"), Posted)


def test_a_reservation_on_an_asset_holds_back_what_would_leave_it(book: Book) -> None:
    with book.begin() as tx:
        till = ledger.create_account(
            tx, code="till", name="Till", type="ASSET", currency="USD", min_balance=make.usd("0.00")
        ).id
    book.post(till, book.client, "5.00")
    held = book.reserved("2.00", account=till)

    assert book.balance(till) == ("5.00", "2.00", "3.00")
    assert code(book.post(book.clearing, till, "3.01")) == "ledger.insufficient_funds"
    assert isinstance(book.post(till, book.client, "1.00"), Posted)
    assert isinstance(book.capture(held, "2.00", debit=book.clearing, credit=till), Posted)
    assert book.balance(till) == ("4.00", "0.00", "4.00")


def test_more_than_available_is_refused_with_the_figures(book: Book) -> None:
    book.fund("10.00")
    book.reserved("4.00")

    refused = book.reserve("6.01", key="more")
    again = book.reserve("6.01", key="more")

    assert code(refused) == "ledger.insufficient_funds"
    assert refused.facts["available_minor"] == 600
    assert again.replayed
    assert book.balance(book.client) == ("10.00", "4.00", "6.00")


def test_all_or_none(book: Book) -> None:
    book.fund("10.00")

    answers = book.do(
        ledger.reserve_many, [wanted(book, "a", "6.00"), wanted(book, "b", "6.00"), wanted(book, "a", "6.00")]
    )
    again = book.do(ledger.reserve_many, [wanted(book, "a", "6.00"), wanted(book, "b", "6.00")])

    assert [code(a) for a in answers] == ["ledger.batch_refused", "ledger.insufficient_funds", "ledger.batch_refused"]
    assert [code(a) for a in again] == ["ledger.batch_refused", "ledger.insufficient_funds"]
    assert book.balance(book.client) == ("10.00", "0.00", "10.00")
    assert book.count("ledger.reservations") == 0


def test_each_by_itself(book: Book) -> None:
    book.fund("10.00")
    requests = [
        wanted(book, "a", "6.00"),
        wanted(book, "b", "6.00"),
        wanted(book, "c", "4.00"),
        wanted(book, "a", "6.00"),
    ]

    answers = book.do(ledger.reserve_many, requests, atomic=False)

    assert [isinstance(a, Reservation) for a in answers] == [True, False, True, True]
    assert answers[3].id == answers[0].id
    assert answers[3].replayed
    assert book.balance(book.client) == ("10.00", "10.00", "0.00")


def test_the_same_key_for_another_reservation_is_a_conflict(book: Book) -> None:
    book.fund("10.00")
    first = book.reserved("1.00", key="r")
    before = book.facts()

    assert book.reserved("1.00", key="r").id == first.id
    with pytest.raises(ledger.IdempotencyConflict):
        book.reserve("2.00", key="r")
    with pytest.raises(ledger.IdempotencyConflict):
        book.do(ledger.reserve_many, [wanted(book, "new", "1.00"), wanted(book, "r", "2.00")])

    assert book.facts() == before


def test_each_result_code_of_a_reservation(book: Book) -> None:
    with book.begin() as tx:
        euro = ledger.create_account(tx, code="euro", name="E", type="LIABILITY", currency="EUR").id
        closed = ledger.create_account(tx, code="closed", name="C", type="LIABILITY", currency="USD").id
        frozen = ledger.create_account(tx, code="frozen", name="F", type="LIABILITY", currency="USD").id
        ledger.set_status(tx, closed, "closed", reason="a test")
        ledger.set_status(tx, frozen, "frozen", reason="a test")
    past = datetime(2020, 1, 1, tzinfo=UTC)
    requests = [
        wanted(book, "10", "0.00", account=2**40),
        wanted(book, "11", str(2**62 // 100 + 1), account=2**40),
        wanted(book, "13", "1.00", account=2**40),
        wanted(book, "15", "1.00", account=euro),
        wanted(book, "16", "1.00", account=closed),
        wanted(book, "17", "1.00", account=frozen, expires_at=past),
        wanted(book, "19", "1.00", expires_at=past),
        wanted(book, "40", "1.00"),
    ]
    before = book.facts()

    answers = book.do(ledger.reserve_many, requests, atomic=False)

    assert [code(answer) for answer in answers] == [ledger.errors.RESULTS[int(r.idempotency_key)][0] for r in requests]
    after = book.facts()
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {
        "ledger.reservation_requests": 8,
        "ledger.refusals": 8,
        "audit.events": 8,
    }


@pytest.mark.parametrize(
    "arrays",
    [
        "'{}', '{}', '{}', '{}', '{}', '{}', NULL",
        "'{a}', '{1}', '{1}', '{USD}', '{t}', '{NULL}', NULL",
        "'{a}', '{NULL}', '{1}', '{USD}', '{t}', '{s}', NULL",
        "'{a}', '{1,2}', '{1}', '{USD}', '{t}', '{s}', NULL",
        "'{a}', '{1}', '{1}', '{USD}', '{t}', '{s}', '{now,now}'",
    ],
)
def test_what_cannot_be_a_reservation_is_an_error(book: Book, arrays: str) -> None:
    with pytest.raises(ledger.MalformedBatch), book.begin() as tx:
        tx.all(f"SELECT * FROM ledger.reserve_many({arrays}, false)")  # type: ignore[arg-type]


def test_captures_in_parts_until_nothing_is_left(book: Book) -> None:
    book.fund("10.00")
    held = book.reserved("4.00")

    first = book.capture(held, "1.50", key="c1")
    over = book.capture(held, "2.51")
    last = book.capture(held, "2.50")
    beyond = book.capture(held, "0.01")

    assert isinstance(first, Posted)
    assert isinstance(last, Posted)
    assert code(over) == "ledger.capture_exceeds_reservation"
    assert over.facts["available_minor"] == 250
    assert code(beyond) == "ledger.reservation_not_active"
    assert beyond.facts["reservation_status"] == "captured"
    assert book.capture(held, "1.50", key="c1") == Posted(first.transaction_id, replayed=True)
    assert parts(book.do(ledger.get_reservation, held.id)) == ("captured", "4.00", "0.00", "0.00")
    assert book.balance(book.client) == ("6.00", "0.00", "6.00")
    assert book.balance(book.clearing) == ("4.00", "0.00", "4.00")
    assert book.count("ledger.reservation_events", "kind = 'captured'") == 2


def test_several_captures_of_one_reservation_in_a_batch(book: Book) -> None:
    book.fund("10.00")
    held = book.reserved("4.00")
    captures = [Capture(f"c{n}", held.id, make.usd("1.50"), book.client, book.clearing) for n in range(3)]

    answers = book.do(ledger.capture_many, captures)

    assert [isinstance(answer, Posted) for answer in answers] == [True, True, False]
    assert parts(book.do(ledger.get_reservation, held.id)) == ("active", "3.00", "0.00", "1.00")


def test_a_refused_capture_gives_the_reservation_back_to_the_next_of_its_batch(book: Book) -> None:
    book.fund("10.00")
    held = book.reserved("10.00")
    with book.begin() as tx:
        capped = ledger.create_account(
            tx, code="capped", name="C", type="LIABILITY", currency="USD", max_balance=make.usd("0.00")
        ).id
    captures = [
        Capture(f"c{n}", held.id, make.usd("10.00"), book.client, credit)
        for n, credit in enumerate((capped, book.clearing))
    ]

    refused, posted = book.do(ledger.capture_many, captures)

    assert code(refused) == "ledger.balance_limit_exceeded"
    assert isinstance(posted, Posted)
    assert parts(book.do(ledger.get_reservation, held.id)) == ("captured", "10.00", "0.00", "0.00")
    assert book.balance(book.client) == ("0.00", "0.00", "0.00")


def test_an_atomic_batch_of_captures_leaves_the_reservation_whole(book: Book) -> None:
    book.fund("10.00")
    held = book.reserved("4.00")
    captures = [Capture(f"c{n}", held.id, make.usd("2.50"), book.client, book.clearing) for n in range(2)]

    answers = book.do(ledger.capture_many, captures, atomic=True)

    assert [code(answer) for answer in answers] == ["ledger.batch_refused", "ledger.capture_exceeds_reservation"]
    assert parts(book.do(ledger.get_reservation, held.id)) == ("active", "0.00", "0.00", "4.00")
    assert book.balance(book.client) == ("10.00", "4.00", "6.00")


def test_each_result_code_of_a_capture(book: Book) -> None:
    book.fund("10.00")
    held = book.reserved("4.00")
    with book.begin() as tx:
        capped = ledger.create_account(
            tx, code="capped", name="C", type="LIABILITY", currency="USD", max_balance=make.usd("0.00")
        ).id
    before = book.facts()

    unknown = book.do(
        ledger.capture,
        idempotency_key="x",
        reservation_id=2**40,
        amount=make.usd("1.00"),
        debit=book.client,
        credit=book.clearing,
    )
    elsewhere = book.capture(held, "1.00", debit=book.cash, credit=book.clearing)
    backwards = book.capture(held, "1.00", debit=book.clearing, credit=book.client)
    capped_out = book.capture(held, "4.00", credit=capped)

    assert code(unknown) == "ledger.reservation_not_found"
    assert code(elsewhere) == code(backwards) == "ledger.reservation_of_other_account"
    assert code(capped_out) == "ledger.balance_limit_exceeded"
    after = book.facts()
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {
        "ledger.transactions": 4,
        "ledger.refusals": 4,
        "audit.events": 4,
    }
    assert parts(book.do(ledger.get_reservation, held.id)) == ("active", "0.00", "0.00", "4.00")


def test_a_capture_names_its_reservation(book: Book) -> None:
    for reservations in ("'{NULL}'", "'{0}'", "'{1,2}'"):
        with pytest.raises(ledger.MalformedBatch), book.begin() as tx:
            tx.all(
                f"SELECT * FROM ledger.capture_many('{{a}}', {reservations}, '{{1}}', '{{2}}', '{{1}}', '{{USD}}',"  # type: ignore[arg-type]
                " NULL, NULL, NULL, NULL, NULL, false)"
            )


def test_a_capture_key_for_another_reservation_is_a_conflict(book: Book) -> None:
    book.fund("10.00")
    one, two = book.reserved("1.00"), book.reserved("1.00")
    book.capture(one, "1.00", key="c")

    with pytest.raises(ledger.IdempotencyConflict):
        book.capture(two, "1.00", key="c")

    assert parts(book.do(ledger.get_reservation, two.id)) == ("active", "0.00", "0.00", "1.00")


def test_release_gives_back_the_rest_once(book: Book) -> None:
    book.fund("10.00")
    held = book.reserved("4.00")
    book.capture(held, "1.00")

    released = book.do(ledger.release, held.id)
    before = book.facts()
    again = book.do(ledger.release, held.id)

    assert parts(released) == parts(again) == ("released", "1.00", "3.00", "0.00")
    assert book.facts() == before
    assert book.balance(book.client) == ("9.00", "0.00", "9.00")
    assert code(book.capture(held, "1.00")) == "ledger.reservation_not_active"


def test_releasing_a_captured_one_is_refused_and_an_unknown_one_an_error(book: Book) -> None:
    book.fund("10.00")
    held = book.reserved("4.00")
    book.capture(held, "4.00")

    assert code(book.do(ledger.release, held.id)) == "ledger.reservation_not_active"
    with pytest.raises(ledger.ReservationNotFound):
        book.do(ledger.release, 2**40)
    with pytest.raises(ledger.ReservationNotFound):
        book.do(ledger.get_reservation, 2**40)


def _overdue(book: Book, amount: str) -> Reservation:
    """A reservation that has fallen due on the tenant's clock and that nobody has marked."""
    held = book.reserved(amount, expires_at=datetime.now(UTC) + timedelta(hours=1))
    book.do(tenants.move_clock, by=timedelta(hours=2))
    return held


def test_an_overdue_reservation_counts_in_no_read_and_reading_writes_nothing(book: Book) -> None:
    book.fund("10.00")
    held = _overdue(book, "4.00")
    before = book.facts()

    assert book.balance(book.client) == ("10.00", "0.00", "10.00")
    assert book.do(ledger.get_reservation, held.id).status == "expired"
    assert [found.id for found in book.do(ledger.list_reservations, status="expired")] == [held.id]
    assert book.do(ledger.list_reservations, status="active") == []
    assert book.facts() == before
    assert book.count("ledger.reservations", "status = 'active'") == 1


@pytest.mark.parametrize("way", ["reserve", "post", "post_many", "capture", "release", "job"])
def test_whoever_next_holds_the_lock_marks_what_is_overdue(book: Book, way: str) -> None:
    book.fund("10.00")
    kept = book.reserved("1.00")
    held = _overdue(book, "4.00")

    done: Any = {
        "reserve": lambda: book.reserve("9.00"),
        "post": lambda: book.post(book.client, book.clearing, "9.00"),
        "post_many": lambda: book.do(
            ledger.post_many, [ledger.Posting("p", [ledger.Entry(book.client, book.clearing, make.usd("9.00"))])]
        )[0],
        "capture": lambda: book.capture(held, "1.00"),
        "release": lambda: book.do(ledger.release, held.id),
        "job": lambda: book.do(ledger.expire_due),
    }[way]()

    assert book.count("ledger.reservations", "status = 'expired' AND released_minor = 400") == 1
    assert parts(book.do(ledger.get_reservation, kept.id)) == ("active", "0.00", "0.00", "1.00")
    assert book.count("ledger.reservation_events", "kind = 'expired'") == 1
    match way:
        case "reserve":
            assert isinstance(done, Reservation)
        case "post" | "post_many":
            assert isinstance(done, Posted)
        case "capture":
            assert code(done) == "ledger.reservation_not_active"
            assert done.facts["reservation_status"] == "expired"
        case "release":
            assert parts(done) == ("expired", "0.00", "4.00", "0.00")
        case "job":
            assert done == 1
            assert book.do(ledger.expire_due) == 0


def test_a_bound_that_outlived_its_reservation_is_moved_on(book: Book) -> None:
    book.fund("10.00")
    held = book.reserved("4.00", expires_at=datetime.now(UTC) + timedelta(hours=1))
    book.capture(held, "4.00")
    later = book.reserved("1.00", expires_at=datetime.now(UTC) + timedelta(hours=5))
    book.do(tenants.move_clock, by=timedelta(hours=2))

    assert book.balance(book.client) == ("6.00", "1.00", "5.00")
    assert isinstance(book.post(book.client, book.clearing, "5.00"), Posted)
    with book.begin() as tx:
        bound = tx.value("SELECT next_expiry_at FROM ledger.accounts WHERE id = %(id)s", {"id": book.client})
    assert bound == later.expires_at


def test_lists(book: Book) -> None:
    book.fund("10.00")
    one, two = book.reserved("1.00", source_ref="a"), book.reserved("1.00", source_ref="b")

    with book.begin() as tx:
        assert [found.id for found in ledger.list_reservations(tx)] == [two.id, one.id]
        assert [found.id for found in ledger.list_reservations(tx, before=two.id)] == [one.id]
        assert [found.id for found in ledger.list_reservations(tx, source_ref="a")] == [one.id]
        assert ledger.list_reservations(tx, account=book.cash) == []
