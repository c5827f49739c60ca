"""Races on real threads and real connections."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from tests import make
from tests.ledger.conftest import Book

from headgate import ledger
from headgate.core.db import Database
from headgate.core.errors import Refused
from headgate.ledger import Capture, Entry, Posted, Posting, Reservation

pytestmark = pytest.mark.slow

CALLERS = 20


def at_once(work: Callable[[int], Any], count: int, callers: int = CALLERS) -> list[Any]:
    """`count` calls by `callers` threads that start together; their answers in order."""
    gate = threading.Barrier(callers)

    def one(caller: int) -> list[tuple[int, Any]]:
        gate.wait()
        return [(number, work(number)) for number in range(caller, count, callers)]

    with ThreadPoolExecutor(callers) as pool:
        answers = [answer for part in pool.map(one, range(callers)) for answer in part]
    return [answer for _, answer in sorted(answers, key=lambda pair: pair[0])]


def codes(answers: Sequence[Any]) -> dict[str, int]:
    names = [answer.code if isinstance(answer, Refused) else "done" for answer in answers]
    return {name: names.count(name) for name in sorted(set(names))}


def test_a_hundred_callers_of_one_key_have_one_effect(book: Book) -> None:
    answers = at_once(lambda _: book.post(book.cash, book.client, "1.00", key="one"), 100)

    assert {answer.transaction_id for answer in answers} == {answers[0].transaction_id}
    assert sum(not answer.replayed for answer in answers) == 1
    assert book.count("ledger.entries") == 1
    assert book.count("messaging.outbox_messages", "event_type = 'ledger.transaction.posted'") == 1
    assert book.balance(book.cash) == ("1.00", "0.00", "1.00")


def test_a_hundred_callers_of_one_key_that_is_refused_get_one_refusal(book: Book) -> None:
    answers = at_once(lambda _: book.post(book.client, book.cash, "1.00", key="one"), 100)

    assert codes(answers) == {"ledger.insufficient_funds": 100}
    assert book.count("ledger.refusals") == 1


def test_one_key_for_two_bodies_on_other_accounts_has_one_effect(book: Book) -> None:
    with book.begin() as tx:
        pairs = [
            [ledger.create_account(tx, code=f"{n}{side}", name="x", type="ASSET", currency="USD").id for side in "dc"]
            for n in range(CALLERS)
        ]

    def attempt(number: int) -> str:
        debit, credit = pairs[number]
        try:
            answer = book.post(debit, credit, "1.00", key="one")
        except ledger.IdempotencyConflict:
            return "conflict"
        return "done" if isinstance(answer, Posted) else answer.code

    answers = at_once(attempt, CALLERS)

    assert (answers.count("done"), answers.count("conflict")) == (1, CALLERS - 1)
    assert book.count("ledger.entries") == 1


def test_a_hundred_captures_never_capture_more_than_is_reserved(book: Book) -> None:
    book.fund("100.00")
    held = book.reserved("10.00")

    answers = at_once(lambda number: book.capture(held, "0.30", key=f"c{number}"), 100)

    assert sum(isinstance(answer, Posted) for answer in answers) == 33
    assert codes(answers) == {"done": 33, "ledger.capture_exceeds_reservation": 67}
    assert book.balance(book.client) == ("90.10", "0.10", "90.00")


def test_a_hundred_whole_captures_of_one_reservation_have_one_effect(book: Book) -> None:
    book.fund("100.00")
    held = book.reserved("10.00")

    answers = at_once(lambda number: book.capture(held, "10.00", key=f"c{number}"), 100)

    assert codes(answers) == {"done": 1, "ledger.reservation_not_active": 99}
    assert book.balance(book.client) == ("90.00", "0.00", "90.00")


def test_captures_and_releases_at_once_give_the_money_out_once(book: Book) -> None:
    book.fund("10.00")
    held = [book.reserved("1.00") for _ in range(5)]

    def race(number: int) -> Any:
        one = held[number % 5]
        return book.capture(one, "1.00") if number % 2 else book.do(ledger.release, one.id)

    at_once(race, 40)

    ends = [book.do(ledger.get_reservation, one.id) for one in held]
    captured = sum(one.captured.minor for one in ends)
    assert {one.status for one in ends} <= {"captured", "released"}
    assert book.do(ledger.balance, book.clearing).posted.minor == captured
    assert book.balance(book.client)[1] == "0.00"


def test_reservations_at_once_never_hold_more_than_is_there(book: Book) -> None:
    book.fund("10.00")

    answers = at_once(lambda number: book.reserve("1.50", key=f"r{number}"), 60)

    assert sum(isinstance(answer, Reservation) for answer in answers) == 6
    assert book.balance(book.client) == ("10.00", "9.00", "1.00")


def test_spending_at_once_never_overdraws(book: Book) -> None:
    book.fund("10.00")

    answers = at_once(lambda number: book.post(book.client, book.clearing, "0.70", key=f"s{number}"), 60)

    assert codes(answers) == {"done": 14, "ledger.insufficient_funds": 46}
    assert book.balance(book.client) == ("0.20", "0.00", "0.20")


def test_crossing_transfers_queue_and_do_not_deadlock(book: Book) -> None:
    with book.begin() as tx:
        accounts = [
            ledger.create_account(tx, code=f"x{n}", name="x", type="ASSET", currency="USD").id for n in range(6)
        ]

    def cross(number: int) -> Any:
        chosen = random.Random(number)
        batch = [
            Posting(f"x{number}.{n}", [Entry(*chosen.sample(accounts, 2), make.usd("1.00")) for _ in range(1 + n % 2)])
            for n in range(1 + number % 4)
        ]
        return (
            book.do(ledger.post_many, batch)
            if number % 3
            else book.do(
                ledger.post,
                idempotency_key=f"s{number}",
                entries=[Entry(*chosen.sample(accounts, 2), make.usd("1.00"))],
            )
        )

    answers = at_once(cross, 200)

    assert all(
        isinstance(one, Posted) for answer in answers for one in (answer if isinstance(answer, list) else [answer])
    )
    with book.begin() as tx:
        assert tx.value("SELECT sum(net_minor) FROM ledger.accounts") == 0


def test_a_reversal_at_once_with_others_happens_once(book: Book) -> None:
    posted = book.post(book.cash, book.client, "5.00")
    assert isinstance(posted, Posted)

    answers = at_once(
        lambda number: book.do(
            ledger.reverse, idempotency_key=f"r{number}", transaction_id=posted.transaction_id, reason="once"
        ),
        40,
    )

    assert codes(answers) == {"done": 1, "ledger.already_reversed": 39}
    assert book.balance(book.cash) == ("0.00", "0.00", "0.00")


def test_two_reversals_at_once_of_each_of_many_happen_once_each(book: Book) -> None:
    """Half of the callers share a key, half bring their own; batches of other postings go on beside them."""
    originals = [book.post(book.cash, book.client, "1.00") for _ in range(20)]

    def race(number: int) -> Any:
        original = originals[number // 4]
        assert isinstance(original, Posted)
        if number % 4 == 3:
            return book.do(ledger.post_many, [Posting(f"b{number}", [Entry(book.cash, book.client, make.usd("2.00"))])])
        key = f"shared{number // 4}" if number % 4 < 2 else f"own{number}"
        return book.do(ledger.reverse, idempotency_key=key, transaction_id=original.transaction_id, reason="once")

    answers = at_once(race, 80)

    for n in range(20):
        first, second, own = answers[4 * n : 4 * n + 3]
        stands = [isinstance(answer, Posted) for answer in (first, own)]
        assert sorted(stands) == [False, True], "one of the two keys reverses, the other is refused"
        assert isinstance(second, type(first))
        assert sorted([first.replayed, second.replayed]) == [False, True]
    assert book.balance(book.cash) == ("40.00", "0.00", "40.00")


def test_a_hot_account_is_never_below_its_limit_with_reservations_mixed_in(book: Book) -> None:
    """Everyone spends, reserves, captures and releases on one account, while another watches what it has."""
    book.fund("20.00")
    over = threading.Event()
    seen: list[tuple[int, int]] = []

    def watch() -> None:
        while not over.is_set():
            found = book.do(ledger.balance, book.client)
            seen.append((found.posted.minor, found.available.minor))

    def try_it(number: int) -> Any:
        chosen = random.Random(number)
        amount = f"{chosen.randint(10, 190) / 100:.2f}"
        if number % 3 == 0:
            return book.post(book.client, book.clearing, amount, key=f"s{number}")
        held = book.reserve(amount, key=f"r{number}")
        if isinstance(held, Refused):
            return held
        if number % 3 == 1:
            return book.do(ledger.release, held.id)
        captured = book.capture(held, f"{max(1, held.amount.minor // 2) / 100:.2f}", key=f"c{number}")
        book.do(ledger.release, held.id)
        return captured

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        answers = at_once(try_it, 150)
    finally:
        over.set()
        watcher.join()

    found = book.do(ledger.balance, book.client)
    assert codes(answers)["ledger.insufficient_funds"] > 20, "the limit was hardly tried"
    assert min(min(pair) for pair in seen) >= 0
    assert found.posted == found.available
    assert found.posted.minor + book.do(ledger.balance, book.clearing).posted.minor == 2000
    with book.begin() as tx:
        assert (
            tx.value("SELECT max(debit_net) FROM ledger.entries WHERE debit_account_id = %(id)s", {"id": book.client})
            <= 0
        )


def test_legs_are_recorded_in_the_order_of_their_numbers(book: Book) -> None:
    at_once(lambda number: book.post(book.cash, book.client, "1.00", key=f"o{number}"), 60)

    with book.begin() as tx:
        assert tx.value(
            "SELECT bool_and(later) FROM (SELECT recorded_at >= lag(recorded_at, 1, recorded_at)"
            " OVER (ORDER BY debit_seq) AS later FROM ledger.entries) x"
        )


def test_a_replay_waits_for_the_first_and_sees_its_end(book: Book) -> None:
    """A second call with a key in flight answers neither too early nor twice, whether the first commits or not."""
    entry = [Entry(book.cash, book.client, make.usd("1.00"))]
    for commits in (False, True):
        started = threading.Event()

        def second(started: threading.Event = started) -> Any:
            started.wait()
            return book.do(ledger.post, idempotency_key="k", entries=entry)

        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(second)
            try:
                with book.begin() as tx:
                    ledger.post(tx, idempotency_key="k", entries=entry)
                    started.set()
                    with pytest.raises(TimeoutError):
                        answer.result(timeout=0.3)
                    if not commits:
                        raise InterruptedError
            except InterruptedError:
                pass
            assert isinstance(answer.result(timeout=10), Posted)

    assert book.count("ledger.entries") == 1


def test_killed_in_the_middle_of_a_posting_leaves_all_or_nothing(
    database: Database, book: Book, admin: psycopg.Connection[Any]
) -> None:
    batch = [Posting(f"k{n}", [Entry(book.cash, book.client, make.usd("1.00"))]) for n in range(50)]

    with pytest.raises(Exception), book.begin() as tx:  # noqa: B017 - a lost connection has many faces
        ledger.post_many(tx, batch)
        admin.execute("SELECT pg_terminate_backend(%s)", [tx.conn.info.backend_pid])
        tx.value("SELECT 1")

    assert book.count("ledger.transactions") == 0
    assert all(isinstance(answer, Posted) and not answer.replayed for answer in book.do(ledger.post_many, batch))


def test_captures_of_many_reservations_at_once(book: Book) -> None:
    book.fund("100.00")
    held = [book.reserved("2.00") for _ in range(6)]

    def batch(number: int) -> Any:
        order = random.Random(number).sample(held, len(held))
        return book.do(
            ledger.capture_many,
            [Capture(f"{number}.{one.id}", one.id, make.usd("0.75"), book.client, book.clearing) for one in order],
        )

    answers = [answer for part in at_once(batch, 20) for answer in part]

    assert sum(isinstance(answer, Posted) for answer in answers) == 12
    assert book.balance(book.client) == ("91.00", "3.00", "88.00")
