"""Pending transactions: set aside at once, posted whole or less, void, expired, or posted on their day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests import make
from tests.ledger.conftest import Book
from tests.ledger.test_races import at_once, codes

from headgate import ledger, tenants
from headgate.core import ids
from headgate.core.errors import Refused
from headgate.ledger import Entry, Posted, Posting, Reservation
from headgate.ledger.jobs import JOBS

pytestmark = pytest.mark.slow


def refused(answer: object, code: str) -> Refused:
    assert isinstance(answer, Refused), answer
    assert answer.code == code
    return answer


def pend(book: Book, amount: str, key: str | None = None, **facts: Any) -> int:
    """What the client will pay, pending: its number."""
    answer = book.post(book.client, book.clearing, amount, key, pending=True, **facts)
    assert isinstance(answer, Posted), answer
    assert answer.status == "pending"
    return answer.transaction_id


def settle(book: Book, transaction: int, key: str = "settle", **facts: Any) -> Any:
    return book.do(ledger.post_pending, idempotency_key=key, transaction_id=transaction, **facts)


def shown(book: Book, account: int) -> tuple[str, str, str]:
    """Posted, pending, available."""
    found = book.do(ledger.balance, account)
    return (str(found.posted.major), str(found.pending.major), str(found.available.major))


def status(book: Book, transaction: int) -> str:
    return str(book.do(ledger.get_pending, transaction).status)


@pytest.mark.parametrize("form", ["single", "batch"])
def test_a_pending_transaction_sets_its_outflows_aside_and_its_inflows_count_nowhere(book: Book, form: str) -> None:
    book.fund("10.00")
    posting = Posting("p", [Entry(book.client, book.clearing, make.usd("4.00"))], pending=True)

    if form == "single":
        first = book.do(ledger.post, idempotency_key="p", entries=posting.entries, pending=True)
        again = book.do(ledger.post, idempotency_key="p", entries=posting.entries, pending=True)
    else:
        first, again = book.do(ledger.post_many, [posting, posting])

    assert (first.status, first.replayed) == ("pending", False)
    assert again == Posted(first.transaction_id, replayed=True, status="pending")
    assert shown(book, book.client) == ("10.00", "-4.00", "6.00")
    assert shown(book, book.clearing) == ("0.00", "4.00", "0.00")
    assert book.count("ledger.entries") == 1
    assert book.do(ledger.post_many, [posting])[0] == again
    with pytest.raises(ledger.IdempotencyConflict):
        book.do(ledger.post, idempotency_key="p", entries=posting.entries)
    with book.begin() as tx:
        event = tx.one("SELECT data FROM audit.events WHERE type = 'ledger.transaction.pending'")
    assert event["data"] == {
        "transaction_id": first.transaction_id,
        "kind": "pending",
        "entries": [{"debit": book.client, "credit": book.clearing, "amount_minor": 400, "currency": "USD"}],
    }
    assert book.count("messaging.outbox_messages", "event_type = 'ledger.transaction.pending'") == 1


def test_pending_outflows_count_against_the_room_everywhere(book: Book) -> None:
    book.fund("10.00")
    pend(book, "4.00")

    refused(book.post(book.client, book.clearing, "6.01"), "ledger.insufficient_funds")
    refused(book.reserve("6.01"), "ledger.insufficient_funds")
    refused(book.post(book.client, book.clearing, "6.01", pending=True), "ledger.insufficient_funds")
    with pytest.raises(ledger.BalanceBeyondLimits):
        book.do(ledger.set_limits, book.client, min_balance=make.usd("6.01"), max_balance=None, reason="a test")
    with pytest.raises(ledger.AccountNotEmpty):
        book.do(ledger.set_status, book.clearing, "closed", reason="a test")
    held = book.reserved("2.00")
    assert isinstance(book.capture(held, "2.00"), Posted)
    assert isinstance(book.post(book.client, book.clearing, "4.00"), Posted)
    assert shown(book, book.client) == ("4.00", "-4.00", "0.00")


def test_a_pending_inflow_pays_for_no_outflow(book: Book) -> None:
    entries = [Entry(book.cash, book.client, make.usd("5.00")), Entry(book.client, book.clearing, make.usd("5.00"))]
    before = book.facts()

    answer = book.do(ledger.post, idempotency_key="through", entries=entries, pending=True)

    assert refused(answer, "ledger.insufficient_funds").facts["entry"] == 2
    assert book.facts()["accounts"] == before["accounts"]
    assert shown(book, book.cash) == shown(book, book.client) == ("0.00", "0.00", "0.00")


def test_a_pending_transaction_is_posted_once(book: Book) -> None:
    book.fund("10.00")
    number = pend(book, "4.00", source_type="payment", source_id="pay_1", description="rent", metadata={"a": 1})

    posted = settle(book, number)

    assert isinstance(posted, Posted)
    assert posted.transaction_id != number
    assert settle(book, number) == Posted(posted.transaction_id, replayed=True)
    assert shown(book, book.client) == ("6.00", "0.00", "6.00")
    assert shown(book, book.clearing) == ("4.00", "0.00", "4.00")
    whole = book.do(ledger.get_transaction, posted.transaction_id)
    assert (whole.settles, whole.source_id, whole.description, whole.metadata) == (number, "pay_1", "rent", {"a": 1})
    pending = book.do(ledger.get_pending, number)
    assert (pending.status, pending.settled_by) == ("posted", posted.transaction_id)
    again = refused(settle(book, number, "other"), "ledger.transaction_not_pending")
    assert again.facts == {"settles": ids.encode("txn", number), "status": "posted"}
    assert again.message == f"transaction {ids.encode('txn', number)} is posted"
    with pytest.raises(ledger.IdempotencyConflict):
        settle(book, pend(book, "1.00"))


def test_less_than_all_may_be_posted_and_the_rest_is_given_back(book: Book) -> None:
    book.fund("10.00")
    entries = [
        Entry(book.client, book.clearing, make.usd("4.00")),
        Entry(book.client, book.cash, make.usd("3.00")),
        Entry(book.cash, book.clearing, make.usd("1.00")),
    ]
    number = book.do(ledger.post, idempotency_key="p", entries=entries, pending=True).transaction_id
    assert shown(book, book.client) == ("10.00", "-7.00", "3.00")

    over = settle(book, number, "over", amounts={1: make.usd("4.01")})
    posted = settle(book, number, "some", amounts={1: make.usd("2.50"), 3: make.usd("1.00")})

    assert refused(over, "ledger.amount_exceeds_pending").facts["available_minor"] == 400
    assert isinstance(posted, Posted)
    shown_entries = book.do(ledger.get_transaction, posted.transaction_id).entries
    assert [(e.n, e.amount) for e in shown_entries] == [(1, make.usd("2.50")), (2, make.usd("1.00"))]
    assert shown(book, book.client) == ("7.50", "0.00", "7.50")
    assert shown(book, book.clearing) == ("3.50", "0.00", "3.50")
    assert shown(book, book.cash) == ("11.00", "0.00", "11.00")
    for wrong in ({}, {4: make.usd("1.00")}, {1: make.usd("0.00")}):
        with pytest.raises(ledger.MalformedBatch):
            settle(book, number, "wrong", amounts=wrong)
    for unknown in (2**40, posted.transaction_id):
        with pytest.raises(ledger.TransactionNotFound):
            settle(book, unknown, "unknown")


def test_void_gives_all_back(book: Book) -> None:
    book.fund("10.00")
    number = pend(book, "4.00")

    ended = book.do(ledger.void, transaction_id=number, reason="not wanted")
    before = book.facts()
    again = book.do(ledger.void, transaction_id=number, reason="not wanted")

    assert ended.status == again.status == "void"
    assert book.facts() == before
    assert shown(book, book.client) == ("10.00", "0.00", "10.00")
    assert refused(settle(book, number), "ledger.transaction_not_pending").facts["status"] == "void"
    assert book.count("messaging.outbox_messages", "event_type = 'ledger.transaction.voided'") == 1
    posted = pend(book, "1.00")
    settle(book, posted, "s2")
    refused(book.do(ledger.void, transaction_id=posted, reason=None), "ledger.transaction_not_pending")
    with pytest.raises(ledger.TransactionNotFound):
        book.do(ledger.void, transaction_id=2**40, reason=None)


def overdue(book: Book, amount: str) -> int:
    number = pend(book, amount, expires_at=datetime.now(UTC) + timedelta(hours=1))
    book.do(tenants.move_clock, by=timedelta(hours=2))
    return number


def test_an_overdue_one_counts_in_no_read_and_reading_writes_nothing(book: Book) -> None:
    book.fund("10.00")
    kept = pend(book, "1.00")
    number = overdue(book, "4.00")
    before = book.facts()

    assert shown(book, book.client) == ("10.00", "-1.00", "9.00")
    assert shown(book, book.clearing) == ("0.00", "1.00", "0.00")
    assert status(book, number) == "expired"
    assert [found.id for found in book.do(ledger.list_pending)] == [kept]
    assert [found.id for found in book.do(ledger.list_pending, status="expired")] == [number]
    assert book.facts() == before
    assert book.count("ledger.pending_transactions", "status = 'pending'") == 2


@pytest.mark.parametrize("way", ["post", "post_many", "reserve", "pending", "settle", "void", "job"])
def test_whoever_next_holds_the_lock_gives_back_what_is_overdue(book: Book, way: str) -> None:
    book.fund("10.00")
    kept = pend(book, "1.00")
    number = overdue(book, "4.00")

    done: Any = {
        "post": lambda: book.post(book.client, book.clearing, "9.00"),
        "post_many": lambda: book.do(
            ledger.post_many, [Posting("p", [Entry(book.client, book.clearing, make.usd("9.00"))])]
        )[0],
        "reserve": lambda: book.reserve("9.00"),
        "pending": lambda: book.post(book.client, book.clearing, "9.00", pending=True),
        "settle": lambda: settle(book, number),
        "void": lambda: book.do(ledger.void, transaction_id=number, reason=None),
        "job": lambda: book.do(ledger.expire_pending),
    }[way]()

    match way:
        case "post" | "post_many" | "pending":
            assert isinstance(done, Posted)
        case "reserve":
            assert isinstance(done, Reservation)
        case "settle":
            assert refused(done, "ledger.transaction_not_pending").facts["status"] == "expired"
        case "void":
            assert done.status == "expired"
        case "job":
            assert done == 1
    assert book.do(ledger.expire_pending) == (0 if way in ("void", "job") else 1)
    assert book.count("ledger.pending_transactions", "status = 'expired'") == 1
    assert status(book, kept) == "pending"
    assert book.count("messaging.outbox_messages", "event_type = 'ledger.transaction.expired'") == 1


def test_what_would_be_overdue_at_once_is_refused(book: Book) -> None:
    book.fund("10.00")
    refused(
        book.post(book.client, book.clearing, "1.00", pending=True, expires_at=datetime.now(UTC) - timedelta(hours=1)),
        "ledger.expiry_in_past",
    )
    with pytest.raises(ledger.MalformedBatch):
        book.post(book.client, book.clearing, "1.00", expires_at=datetime.now(UTC) + timedelta(hours=1))


def test_a_pending_transaction_is_judged_again_when_it_is_posted(book: Book) -> None:
    book.fund("10.00")
    number = pend(book, "4.00")
    book.do(ledger.set_status, book.clearing, "frozen", reason="a doubt")

    refused(settle(book, number, "frozen"), "ledger.account_frozen")

    assert status(book, number) == "pending"
    assert shown(book, book.client) == ("10.00", "-4.00", "6.00")
    book.do(ledger.set_status, book.clearing, "open", reason="no doubt")
    assert isinstance(settle(book, number), Posted)
    refused(settle(book, number, "frozen"), "ledger.account_frozen")


@pytest.mark.parametrize("form", ["single", "batch", "several"])
def test_a_future_day_waits_for_its_day_and_a_job_posts_it(book: Book, form: str) -> None:
    book.fund("10.00")
    ahead = datetime.now(UTC) + timedelta(days=3)
    entries = [Entry(book.client, book.clearing, make.usd("2.00"))] * (2 if form == "several" else 1)
    if form == "single":
        waits = book.do(ledger.post, idempotency_key="k", entries=entries, effective_at=ahead)
    else:
        waits = book.do(ledger.post_many, [Posting("k", entries, ahead)])[0]
    total = "4.00" if form == "several" else "2.00"
    assert waits.status == "pending"
    assert shown(book, book.client) == ("10.00", f"-{total}", str(10 - int(total[0])) + ".00")
    job = next(job for job in JOBS if job.name == "scheduled_posting")
    assert book.do(job.run) == {"posted": 0, "refused": 0}

    book.do(tenants.move_clock, by=timedelta(days=4))

    assert book.do(job.run) == {"posted": 1, "refused": 0}
    assert book.do(job.run) == {"posted": 0, "refused": 0}
    pending = book.do(ledger.get_pending, waits.transaction_id)
    posted = book.do(ledger.get_transaction, pending.settled_by)
    assert (pending.status, posted.effective_at) == ("posted", ahead)
    assert shown(book, book.clearing) == (total, "0.00", total)


def test_what_is_refused_on_its_day_stays_pending_and_is_tried_again(book: Book) -> None:
    book.fund("10.00")
    waits = book.post(book.client, book.clearing, "4.00", effective_at=datetime.now(UTC) + timedelta(days=3))
    assert isinstance(waits, Posted)
    book.do(tenants.move_clock, by=timedelta(days=4))
    book.do(ledger.set_status, book.clearing, "frozen", reason="a doubt")

    assert book.do(ledger.post_scheduled) == {"posted": 0, "refused": 1}
    assert book.do(ledger.post_scheduled) == {"posted": 0, "refused": 0}
    assert status(book, waits.transaction_id) == "pending"
    assert book.count("messaging.outbox_messages", "event_type = 'ledger.transaction.still_pending'") == 1
    book.do(ledger.set_status, book.clearing, "open", reason="no doubt")
    again = book.do(ledger.post_scheduled, retry_after=timedelta(0))

    assert again == {"posted": 1, "refused": 0}
    assert shown(book, book.clearing) == ("4.00", "0.00", "4.00")


def test_a_capture_does_not_wait(book: Book) -> None:
    book.fund("10.00")
    held = book.reserved("4.00")
    ahead = datetime.now(UTC) + timedelta(days=3)

    refused(book.capture(held, "1.00", effective_at=ahead), "ledger.effective_in_future")
    with pytest.raises(ledger.MalformedBatch):
        book.post(book.client, book.clearing, "1.00", pending=True, reservation_id=held.id)

    assert book.balance(book.client) == ("10.00", "4.00", "6.00")


def test_a_batch_mixes_everything_and_is_judged_like_singles(book: Book) -> None:
    """Postings, pending ones, captures, replays, conflicts and refusals: the same answers one by one and together."""
    outcomes = []
    for form in ("single", "batch"):
        prefix = f"{form}:"
        with book.begin() as tx:
            a, b = (
                ledger.create_account(
                    tx, code=f"{form}{n}", name="x", type="LIABILITY", currency="USD", min_balance=make.usd("0.00")
                ).id
                for n in range(2)
            )
        book.post(book.cash, a, "20.00", prefix + "fund")
        held = book.reserved("6.00", account=a)
        known = Posting(prefix + "known", [Entry(a, b, make.usd("1.00"))])
        book.do(ledger.post_many, [known])
        ahead = datetime(2199, 1, 1, tzinfo=UTC)
        wanted = [
            Posting(prefix + "1", [Entry(a, b, make.usd("5.00"))], pending=True),
            known,
            Posting(prefix + "2", [Entry(a, b, make.usd("8.01"))]),
            Posting(prefix + "1", [Entry(a, b, make.usd("5.00"))], pending=True),
            Posting(
                prefix + "3", [Entry(a, b, make.usd("2.00")), Entry(a, b, make.usd("1.00"))], reservation_id=held.id
            ),
            Posting(prefix + "4", [Entry(a, b, make.usd("4.00"))], reservation_id=held.id),
            Posting(prefix + "5", [Entry(a, b, make.usd("3.00")), Entry(b, a, make.usd("1.00"))], ahead),
            Posting(prefix + "1", [Entry(a, b, make.usd("5.00"))]),
            Posting(prefix + "6", [Entry(a, b, make.usd("5.01"))], pending=True),
            Posting(prefix + "7", [Entry(a, b, make.usd("5.00"))]),
            Posting(prefix + "8", [Entry(a, b, make.usd("0.01"))], pending=True),
        ]
        if form == "batch":
            answers = book.do(ledger.post_many, wanted)
        else:
            answers = []
            for one in wanted:
                try:
                    facts = {name: getattr(one, name) for name in one.__slots__}
                    answers.append(book.do(ledger.post, **facts))
                except ledger.IdempotencyConflict as conflict:
                    answers.append(Refused(conflict.code, ""))
        outcomes.append(
            (
                [(getattr(x, "code", getattr(x, "status", "")), getattr(x, "replayed", None)) for x in answers],
                shown(book, a),
                shown(book, b),
                book.balance(a),
            )
        )

    assert outcomes[0] == outcomes[1]
    told = [code for code, _ in outcomes[0][0]]
    assert told == [
        *("pending", "posted", "ledger.insufficient_funds", "pending", "posted", "ledger.capture_exceeds_reservation"),
        *("pending", "ledger.idempotency_conflict", "ledger.insufficient_funds", "posted", "ledger.insufficient_funds"),
    ]


def test_all_or_nothing_holds_nothing_back(book: Book) -> None:
    book.fund("10.00")
    batch = [
        Posting("a", [Entry(book.client, book.clearing, make.usd("5.00"))], pending=True),
        Posting("b", [Entry(book.client, book.clearing, make.usd("5.01"))]),
    ]

    answers = book.do(ledger.post_many, batch, atomic=True)

    assert [refused(answers[0], "ledger.batch_refused"), refused(answers[1], "ledger.insufficient_funds")]
    assert shown(book, book.client) == ("10.00", "0.00", "10.00")
    assert book.count("ledger.pending_transactions") == 0


def test_posted_and_voided_at_once_exactly_one_wins(book: Book) -> None:
    book.fund("100.00")
    numbers = [pend(book, "4.00") for _ in range(20)]

    def race(number: int) -> Any:
        one = numbers[number // 2]
        if number % 2:
            return settle(book, one, f"s{one}")
        return book.do(ledger.void, transaction_id=one, reason="race")

    answers = at_once(race, 40)

    for number, (voided, posted) in zip(numbers, zip(answers[::2], answers[1::2], strict=True), strict=True):
        assert isinstance(posted, Posted) != (getattr(voided, "status", "") == "void")
        assert status(book, number) == ("posted" if isinstance(posted, Posted) else "void")
    posted_sum = 4 * sum(isinstance(answer, Posted) for answer in answers[1::2])
    assert shown(book, book.client) == (f"{100 - posted_sum}.00", "0.00", f"{100 - posted_sum}.00")


def test_a_hundred_posters_of_one_pending_transaction_post_it_once(book: Book) -> None:
    book.fund("10.00")
    number = pend(book, "4.00")

    answers = at_once(lambda n: settle(book, number, f"s{n}"), 60)

    assert codes(answers) == {"done": 1, "ledger.transaction_not_pending": 59}
    assert shown(book, book.client) == ("6.00", "0.00", "6.00")


def test_a_hot_account_is_never_overdrawn_by_postings_pending_ones_and_reservations_at_once(book: Book) -> None:
    book.fund("30.00")
    soon = datetime.now(UTC) + timedelta(milliseconds=300)

    def race(number: int) -> Any:
        match number % 5:
            case 0:
                return book.post(book.client, book.clearing, "0.70")
            case 1:
                answer = book.post(book.client, book.clearing, "0.90", pending=True)
                if isinstance(answer, Posted) and number % 2:
                    settle(book, answer.transaction_id, f"s{number}", amounts={1: make.usd("0.40")})
                return answer
            case 2:
                held = book.reserve("1.10")
                return book.capture(held, "0.60") if isinstance(held, Reservation) else held
            case 3:
                try:
                    return book.post(book.client, book.clearing, "0.80", pending=True, expires_at=soon)
                except ledger.MalformedBatch:
                    return None
            case _:
                return book.post(book.client, book.clearing, "0.30")

    at_once(race, 200)

    found = book.do(ledger.balance, book.client)
    assert found.available.minor >= 0
    with book.begin() as tx:
        assert tx.value(
            "SELECT max(debit_net) <= 0 FROM ledger.entries WHERE debit_account_id = %(id)s", {"id": book.client}
        )
