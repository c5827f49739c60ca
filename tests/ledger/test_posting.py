"""Posting: what moves, what is refused and why, and that a key has one effect for ever."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests import make
from tests.ledger.conftest import Book

from headgate import ledger, tenants
from headgate.core import ids
from headgate.core.errors import Refused
from headgate.core.money import Money
from headgate.ledger import Entry, Posted, Posting
from headgate.ledger.errors import RESULTS


def code(answer: object) -> str:
    assert isinstance(answer, Refused), answer
    return answer.code


def test_a_posting_moves_both_accounts_on_their_normal_side(book: Book) -> None:
    book.fund("100.00")

    assert book.balance(book.cash) == ("100.00", "0.00", "100.00")
    assert book.balance(book.client) == ("100.00", "0.00", "100.00")


def test_a_posting_writes_one_entry_one_audit_event_and_one_message(book: Book) -> None:
    before = book.facts()

    posted = book.post(book.cash, book.client, "1.00", source_type="payment", source_id="pay_1", description="a test")

    after = book.facts()
    assert {name: after[name] - before[name] for name in after} == {
        "ledger.transactions": 1,
        "ledger.entries": 1,
        "ledger.refusals": 0,
        "ledger.reservation_requests": 0,
        "ledger.reservations": 0,
        "ledger.reservation_events": 0,
        "audit.events": 1,
        "messaging.outbox_messages": 1,
        "accounts": 100 + 100 + 2,
    }
    assert isinstance(posted, Posted)
    with book.begin() as tx:
        event = tx.one("SELECT payment_id, data FROM audit.events WHERE type = 'ledger.transaction.posted'")
    assert event["payment_id"] == "pay_1"
    assert event["data"] == {
        "transaction_id": posted.transaction_id,
        "entries": [{"debit": book.cash, "credit": book.client, "amount_minor": 100, "currency": "USD"}],
        "source_type": "payment",
        "source_id": "pay_1",
    }


def test_several_entries_stand_or_fall_together(book: Book) -> None:
    book.fund("10.00")
    entries = [
        Entry(book.client, book.clearing, make.usd("10.00")),
        Entry(book.client, book.clearing, make.usd("0.01")),
    ]
    before = book.facts()

    refused = book.do(ledger.post, idempotency_key="two", entries=entries)

    assert code(refused) == "ledger.insufficient_funds"
    assert refused.facts["entry"] == 2
    assert refused.facts["available_minor"] == 0
    assert book.balance(book.client) == ("10.00", "0.00", "10.00")
    after = book.facts()
    assert after["ledger.entries"] == before["ledger.entries"]
    assert after["accounts"] == before["accounts"]


def test_what_a_refused_posting_had_taken_is_there_for_the_next_of_its_batch(book: Book) -> None:
    book.fund("10.00")
    ten, one = (Entry(book.client, book.clearing, make.usd(amount)) for amount in ("10.00", "1.00"))

    refused, posted = book.do(ledger.post_many, [Posting("a", [ten, one]), Posting("b", [ten])])

    assert code(refused) == "ledger.insufficient_funds"
    assert isinstance(posted, Posted)
    shown = book.do(ledger.get_transaction, posted.transaction_id).entries[0]
    assert (shown.debit_seq, shown.debit_net, shown.credit_seq, shown.credit_net) == (2, 0, 1, -1000)
    assert book.balance(book.client) == ("0.00", "0.00", "0.00")


def test_an_account_may_be_filled_and_emptied_in_one_transaction(book: Book) -> None:
    entries = [Entry(book.cash, book.client, make.usd("5.00")), Entry(book.client, book.clearing, make.usd("5.00"))]

    posted = book.do(ledger.post, idempotency_key="through", entries=entries)

    assert isinstance(posted, Posted)
    shown = book.do(ledger.get_transaction, posted.transaction_id)
    assert [(entry.n, entry.debit_seq, entry.credit_seq) for entry in shown.entries] == [(1, 1, 1), (2, 2, 1)]
    assert [entry.credit_net for entry in shown.entries] == [-500, -500]


def _accounts(book: Book) -> dict[str, int]:
    with book.begin() as tx:
        euro = ledger.create_account(tx, code="euro", name="Euro", type="ASSET", currency="EUR").id
        frozen = ledger.create_account(tx, code="frozen", name="Frozen", type="ASSET", currency="USD").id
        closed = ledger.create_account(tx, code="closed", name="Closed", type="ASSET", currency="USD").id
        capped = ledger.create_account(
            tx, code="capped", name="Capped", type="ASSET", currency="USD", max_balance=make.usd("1.00")
        ).id
        ledger.set_status(tx, frozen, "frozen", reason="a test")
        ledger.set_status(tx, closed, "closed", reason="a test")
    return {"euro": euro, "frozen": frozen, "closed": closed, "capped": capped}


def _refused_posting(number: int, book: Book, named: dict[str, int]) -> Posting:
    """A posting that gives this result code, and would give every later one too where that is possible."""
    one = make.usd("1.00")
    nobody = 2**40
    entries = {
        10: Entry(nobody, nobody, make.usd("0.00")),
        11: Entry(nobody, nobody, Money(2**62, "USD")),
        12: Entry(nobody, nobody, one),
        13: Entry(nobody, nobody + 1, one),
        14: Entry(named["euro"], nobody, one),
        15: Entry(named["euro"], named["closed"], one),
        16: Entry(named["closed"], named["frozen"], one),
        17: Entry(named["frozen"], book.cash, one),
        40: Entry(book.client, named["capped"], make.usd("1.01")),
        41: Entry(named["capped"], book.cash, make.usd("1.01")),
    }
    if number == 40:  # The debited account is judged first: the client has nothing, and the capped one credits.
        entries[40] = Entry(book.client, book.cash, make.usd("1.01"))
    return Posting(ids.new("key"), [entries[number]])


@pytest.mark.parametrize("number", [10, 11, 12, 13, 14, 15, 16, 17, 40, 41])
def test_each_result_code(book: Book, number: int) -> None:
    """Alone, in a batch and among several entries alike: recorded once, answered again, and nothing moves."""
    named = _accounts(book)
    for form in ("single", "batch", "several"):
        posting = _refused_posting(number, book, named)
        if form == "several":
            posting = Posting(posting.idempotency_key, [*posting.entries, *posting.entries], posting.effective_at)
        before = book.facts()

        first, again = (_attempt(book, posting, form) for _ in range(2))

        assert code(first) == RESULTS[number][0]
        assert "{" not in first.message
        assert (first.replayed, again.replayed) == (False, True)
        assert (again.code, again.facts) == (first.code, first.facts)
        after = book.facts()
        assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {
            "ledger.transactions": 1,
            "ledger.refusals": 1,
            "audit.events": 1,
        }


def _attempt(book: Book, posting: Posting, form: str) -> Any:
    if form != "single":
        return book.do(ledger.post_many, [posting])[0]
    return book.do(
        ledger.post,
        idempotency_key=posting.idempotency_key,
        entries=posting.entries,
        effective_at=posting.effective_at,
    )


def test_the_codes_are_ordered_and_each_is_tested() -> None:
    tested = {10, 11, 12, 13, 14, 15, 16, 17, 40, 41} | {18, 19, 20, 21, 22, 23, 26, 60} | {30, 31, 32}
    # test_posting_late.py, test_posting_pending.py, test_posting_conditions.py
    tested |= {44, 50} | {24, 25} | {42, 43}

    assert list(RESULTS) == sorted(RESULTS)
    assert set(RESULTS) == tested


def test_a_negative_amount_is_refused(book: Book) -> None:
    assert code(book.post(book.cash, book.client, Money(-1, "USD"))) == "ledger.amount_not_positive"


def test_the_same_key_and_body_is_one_effect(book: Book) -> None:
    first = book.post(book.cash, book.client, "1.00", key="once")

    again = book.post(book.cash, book.client, "1.00", key="once")

    assert isinstance(first, Posted)
    assert again == Posted(first.transaction_id, replayed=True)
    assert book.balance(book.cash) == ("1.00", "0.00", "1.00")


@pytest.mark.parametrize(
    "changed",
    [
        {"amount": "1.01"},
        {"description": "other"},
        {"metadata": {"a": 1}},
        {"source_type": "x", "source_id": "y"},
        {"effective_at": datetime(2020, 1, 1, tzinfo=UTC)},
    ],
)
def test_the_same_key_for_another_body_is_a_conflict_and_nothing_moves(book: Book, changed: dict[str, Any]) -> None:
    book.post(book.cash, book.client, "1.00", key="once")
    before = book.facts()

    with pytest.raises(ledger.IdempotencyConflict):
        book.post(book.cash, book.client, **({"amount": "1.00", "key": "once"} | changed))

    assert book.facts() == before


def test_a_refused_key_stays_refused_when_the_money_is_there(book: Book) -> None:
    refused = book.post(book.client, book.clearing, "1.00", key="early")
    book.fund("5.00")

    again = book.post(book.client, book.clearing, "1.00", key="early")

    assert code(refused) == code(again) == "ledger.insufficient_funds"
    assert book.balance(book.client) == ("5.00", "0.00", "5.00")


def test_a_key_given_twice_in_a_batch_is_one_effect(book: Book) -> None:
    one = Posting("twin", [Entry(book.cash, book.client, make.usd("1.00"))])
    other = Posting("twin", [Entry(book.cash, book.client, make.usd("2.00"))])
    bad = Posting("bad", [Entry(book.client, book.clearing, make.usd("9.00"))])

    answers = book.do(ledger.post_many, [bad, one, one, other, bad])

    assert isinstance(answers[1], Posted)
    assert answers[2] == Posted(answers[1].transaction_id, replayed=True)
    assert code(answers[3]) == "ledger.idempotency_conflict"
    assert (code(answers[0]), code(answers[4])) == ("ledger.insufficient_funds", "ledger.insufficient_funds")
    assert (answers[0].replayed, answers[4].replayed) == (False, True)
    assert book.balance(book.cash) == ("1.00", "0.00", "1.00")
    assert book.count("ledger.refusals") == 1


def test_a_batch_is_judged_in_its_order(book: Book) -> None:
    spend = [Entry(book.client, book.clearing, make.usd("1.00"))]

    answers = book.do(
        ledger.post_many,
        [
            Posting("a", spend),
            Posting("b", [Entry(book.cash, book.client, make.usd("1.00"))]),
            Posting("c", spend),
            Posting("d", spend),
        ],
    )

    assert [isinstance(answer, Posted) for answer in answers] == [False, True, True, False]


def test_an_atomic_batch_is_all_or_nothing(book: Book) -> None:
    fund = Posting("fund", [Entry(book.cash, book.client, make.usd("1.00"))])
    over = Posting("over", [Entry(book.client, book.clearing, make.usd("2.00"))])

    answers = book.do(ledger.post_many, [fund, over, fund], atomic=True)
    again = book.do(ledger.post_many, [fund, over, fund], atomic=True)

    assert [code(answer) for answer in answers] == [
        "ledger.batch_refused",
        "ledger.insufficient_funds",
        "ledger.batch_refused",
    ]
    assert answers[0].facts == {"refused_key": "over"}
    assert [code(answer) for answer in again] == [code(answer) for answer in answers]
    assert book.count("ledger.entries") == 0
    assert book.balance(book.cash) == ("0.00", "0.00", "0.00")


def test_an_atomic_batch_that_nothing_speaks_against_posts(book: Book) -> None:
    fund = Posting("fund", [Entry(book.cash, book.client, make.usd("1.00"))])
    spend = Posting("spend", [Entry(book.client, book.clearing, make.usd("1.00"))])

    answers = book.do(ledger.post_many, [fund, spend], atomic=True)

    assert [isinstance(answer, Posted) for answer in answers] == [True, True]


def test_a_conflict_in_an_atomic_batch_is_an_error_and_records_nothing(book: Book) -> None:
    book.post(book.cash, book.client, "1.00", key="taken")
    before = book.facts()

    with pytest.raises(ledger.IdempotencyConflict) as raised:
        book.do(
            ledger.post_many,
            [
                Posting("new", [Entry(book.cash, book.client, make.usd("1.00"))]),
                Posting("taken", [Entry(book.cash, book.client, make.usd("9.00"))]),
            ],
            atomic=True,
        )

    assert raised.value.facts == {"idempotency_key": "taken"}
    assert book.facts() == before


def test_an_empty_batch_is_nothing(book: Book) -> None:
    assert book.do(ledger.post_many, []) == []
    assert book.do(ledger.reserve_many, []) == []
    assert book.do(ledger.capture_many, []) == []
    assert book.do(ledger.release_many, []) == []


@pytest.mark.parametrize(
    "posting",
    [
        Posting("k", []),
        Posting("", [Entry(1, 2, Money(1, "USD"))]),
        Posting("k" * 256, [Entry(1, 2, Money(1, "USD"))]),
        Posting("k\0", [Entry(1, 2, Money(1, "USD"))]),
        Posting("k", [Entry(1, 2, Money(1, "USD"))], metadata={"a": "\0"}),
        Posting("k", [Entry(1, 2, Money(1, "USD"))], metadata={"a": float("nan")}),
        Posting("k", [Entry(1, 2, Money(1, "USD"))], description='"\0'),
        Posting("k", [Entry(1, 2, Money(1, "USD"))], effective_at=datetime(2026, 1, 1)),
    ],
)
def test_what_cannot_be_a_posting_is_an_error_and_moves_nothing(book: Book, posting: Posting) -> None:
    before = book.facts()

    with pytest.raises(ledger.MalformedBatch):
        book.do(ledger.post_many, [posting])
    with pytest.raises(ledger.MalformedBatch):
        book.do(
            ledger.post,
            idempotency_key=posting.idempotency_key,
            entries=posting.entries,
            effective_at=posting.effective_at,
            description=posting.description,
            metadata=posting.metadata,
        )

    assert book.facts() == before


def test_a_batch_too_large_is_an_error(book: Book) -> None:
    posting = Posting("k", [Entry(book.cash, book.client, make.usd("1.00"))])

    with pytest.raises(ledger.MalformedBatch):
        book.do(ledger.post_many, [posting] * 10_001)
    with pytest.raises(ledger.MalformedBatch):
        book.do(ledger.capture_many, [None] * 10_001)


def test_arrays_of_unequal_length_are_refused_by_the_database(book: Book) -> None:
    for wrong in ("'{a}', NULL, '{1,2}', '{1}', '{1}', '{USD}'", "'{a}', '{2}', '{1}', '{2}', '{1}', '{USD}'",
                  "'{a,b}', '{1,0}', '{1}', '{2}', '{1}', '{USD}'", "'{a}', NULL, '{NULL}', '{2}', '{1}', '{USD}'",
                  "'{a}', NULL, '{1}', '{2}', '{1}', '{USDX}'",
                  "'{NULL}', NULL, '{1}', '{2}', '{1}', '{USD}'"):  # fmt: skip
        with pytest.raises(ledger.MalformedBatch), book.begin() as tx:
            tx.all(f"SELECT * FROM ledger.post_many({wrong}, NULL, NULL, NULL, NULL, NULL, false)")  # type: ignore[arg-type]
    with pytest.raises(ledger.MalformedBatch), book.begin() as tx:
        tx.all(
            "SELECT * FROM ledger.post_many('{a}', NULL, '{1}', '{2}', '{1}', '{USD}', NULL, '{x,y}', NULL, NULL, NULL,"
            " false)"
        )


def test_text_with_quotes_and_backslashes_comes_back_as_it_went(book: Book) -> None:
    words = 'he said "no\\yes", {a,b} NULL'
    posting = Posting(
        words, [Entry(book.cash, book.client, make.usd("1.00"))], None, words, words, words, {words: [words, None, 1.5]}
    )

    answers = book.do(ledger.post_many, [posting, Posting("plain", posting.entries)])

    shown = book.do(ledger.get_transaction, answers[0].transaction_id)
    assert (shown.idempotency_key, shown.source_type, shown.source_id, shown.description) == (words,) * 4
    assert shown.metadata == {words: [words, None, 1.5]}
    assert book.do(ledger.post_many, [posting])[0].replayed


def test_the_day_is_that_of_the_legal_entity(book: Book) -> None:
    late = datetime(2026, 3, 2, 5, 30, tzinfo=UTC)  # 23:30 of the day before in Chicago, whose clocks stand at UTC-6.

    theirs = book.post(book.cash, book.client, "1.00", effective_at=late)
    ours = book.do(
        ledger.post_many,
        [
            Posting("ours", [Entry(book.cash, book.clearing, make.usd("1.00"))], late),
            Posting(
                "mixed",
                [Entry(book.cash, book.clearing, make.usd("1.00")), Entry(book.cash, book.client, make.usd("1.00"))],
                late,
            ),
            Posting(
                "theirs",
                [Entry(book.cash, book.client, make.usd("1.00")), Entry(book.cash, book.clearing, make.usd("1.00"))],
                late,
            ),
        ],
    )

    assert isinstance(theirs, Posted)
    days = [book.do(ledger.get_transaction, one.transaction_id).effective_on for one in [theirs, *ours]]
    assert days == [date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 2), date(2026, 3, 1)]


def test_later_the_same_day_is_not_the_future_and_the_tenants_clock_decides(book: Book) -> None:
    ahead = datetime.now(UTC) + timedelta(days=3)
    waits = book.post(book.cash, book.client, "1.00", effective_at=ahead)
    assert isinstance(waits, Posted)
    assert waits.status == "pending"

    book.do(tenants.move_clock, by=timedelta(days=3))
    posted = book.post(book.cash, book.client, "1.00", effective_at=ahead)

    assert isinstance(posted, Posted)
    shown = book.do(ledger.get_transaction, posted.transaction_id)
    assert abs(shown.recorded_at - datetime.now(UTC)) < timedelta(minutes=1)


def test_limits_are_met_exactly(book: Book) -> None:
    book.fund("1.00")

    assert isinstance(book.post(book.client, book.clearing, "1.00"), Posted)
    assert code(book.post(book.client, book.clearing, "0.01")) == "ledger.insufficient_funds"


def test_the_largest_balance_is_a_limit_and_no_overflow(book: Book) -> None:
    largest = Money(2**62 - 1, "USD")
    assert isinstance(book.post(book.cash, book.client, largest), Posted)

    assert code(book.post(book.cash, book.client, Money(1, "USD"))) == "ledger.balance_limit_exceeded"
    assert code(book.post(book.cash, book.client, largest)) == "ledger.balance_limit_exceeded"
    assert isinstance(book.post(book.client, book.cash, largest), Posted)


def test_reads(book: Book) -> None:
    first = book.post(book.cash, book.client, "1.00", source_type="deposit", source_id="d1")
    second = book.do(
        ledger.post,
        idempotency_key="two",
        entries=[Entry(book.cash, book.client, make.usd("2.00")), Entry(book.client, book.clearing, make.usd("0.50"))],
    )
    book.post(book.client, book.clearing, "9.00")
    assert isinstance(first, Posted)

    with book.begin() as tx:
        listed = ledger.list_transactions(tx)
        assert [found.id for found in listed] == [second.transaction_id, first.transaction_id]
        assert [found.id for found in ledger.list_transactions(tx, before=second.transaction_id)] == [
            first.transaction_id
        ]
        assert ledger.list_transactions(tx, effective_to=date(2020, 1, 1)) == []
        assert ledger.list_transactions(tx, account=book.clearing) == [listed[0]]
        assert ledger.transactions_of_source(tx, "deposit", "d1") == [listed[1]]
        assert [(e.transaction_id, e.n) for e in ledger.list_entries(tx)] == [
            (second.transaction_id, 2),
            (second.transaction_id, 1),
            (first.transaction_id, 1),
        ]
        client = ledger.list_entries(tx, account=book.client, limit=2)
        assert [(e.transaction_id, e.n) for e in client] == [(second.transaction_id, 2), (second.transaction_id, 1)]
        rest = ledger.list_entries(tx, account=book.client, before=(second.transaction_id, 1))
        assert [(e.transaction_id, e.n) for e in rest] == [(first.transaction_id, 1)]
        assert len(ledger.list_entries(tx, transaction=second.transaction_id)) == 2
        with pytest.raises(ledger.TransactionNotFound):
            ledger.list_entries(tx, account=book.client, before=(second.transaction_id + 1000, 1))
        with pytest.raises(ledger.TransactionNotFound):
            ledger.get_transaction(tx, 2**40)
