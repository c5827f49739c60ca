"""`post_alone`: the same posting, and the same answers, for a caller who has no transaction."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from tests import make
from tests.ledger.conftest import Book

from headgate import ledger
from headgate.core import ids
from headgate.core.db import Actor
from headgate.core.errors import NotFound, Refused
from headgate.ledger import Entry, Posted, Posting
from headgate.ledger.errors import IdempotencyConflict, MalformedBatch

ASKS = Actor("human", "key_alone", "usr_alone")


def alone(book: Book, posting: Posting, **facts: Any) -> Posted | Refused:
    return ledger.post_alone(book.database, posting, tenant_id=book.tenant.id, actor=ASKS, **facts)


def one(book: Book, amount: str = "1.00", key: str | None = None, **facts: Any) -> Posting:
    return Posting(key or ids.new("key"), [Entry(book.cash, book.client, make.usd(amount))], **facts)


def test_it_stands_when_it_is_answered_under_its_callers_name(book: Book) -> None:
    posted = alone(book, one(book, "5.00", source_type="payment", source_id="pay_1"), correlation_id="cor_alone")

    assert isinstance(posted, Posted) and not posted.replayed
    assert book.balance(book.client) == ("5.00", "0.00", "5.00")
    with book.begin() as tx:
        event = tx.one(
            """
            SELECT actor_type, actor_id, person_id, correlation_id, data->>'source_id' AS source_id FROM audit.events
             WHERE type = 'ledger.transaction.posted'
            """
        )
    assert event == {
        "actor_type": "human",
        "actor_id": "key_alone",
        "person_id": "usr_alone",
        "correlation_id": "cor_alone",
        "source_id": "pay_1",
    }


def test_a_key_has_one_effect_whichever_way_it_comes(book: Book) -> None:
    posting = one(book, "5.00")
    first = alone(book, posting)
    assert isinstance(first, Posted)

    with book.begin() as tx:
        within = ledger.post(tx, idempotency_key=posting.idempotency_key, entries=posting.entries)

    assert within == alone(book, posting) == Posted(first.transaction_id, replayed=True)
    with pytest.raises(IdempotencyConflict):
        alone(book, one(book, "5.01", key=posting.idempotency_key))
    assert book.balance(book.client) == ("5.00", "0.00", "5.00")


def test_a_refusal_is_recorded_and_answered_again(book: Book) -> None:
    posting = Posting(ids.new("key"), [Entry(book.client, book.cash, make.usd("0.01"))])

    refused = alone(book, posting)
    book.fund("1.00")
    again = alone(book, posting)

    assert isinstance(refused, Refused) and isinstance(again, Refused)
    assert (refused.code, again.code, again.replayed) == ("ledger.insufficient_funds",) * 2 + (True,)
    assert again.facts == refused.facts


def test_several_entries_and_what_is_pending_go_the_long_way(book: Book) -> None:
    entries = [Entry(book.cash, book.client, make.usd("2.00")), Entry(book.client, book.clearing, make.usd("2.00"))]

    assert isinstance(alone(book, Posting(ids.new("key"), entries)), Posted)
    waiting = alone(book, one(book, "1.00", pending=True))

    assert isinstance(waiting, Posted) and waiting.status == "pending"
    assert book.balance(book.clearing) == ("2.00", "0.00", "2.00")


def test_what_fails_leaves_nothing_and_no_context_behind(book: Book) -> None:
    before = book.facts()

    with pytest.raises(MalformedBatch):
        alone(book, one(book, "1.00", key="with\0nul"))
    with pytest.raises(NotFound):
        ledger.post_alone(book.database, one(book), tenant_id=uuid4(), actor=ASKS)
    missing = alone(book, Posting(ids.new("key"), [Entry(book.cash, 999_999_999_999, make.usd("1.00"))]))

    assert isinstance(missing, Refused) and missing.code == "ledger.account_not_found"
    assert book.facts()["ledger.entries"] == before["ledger.entries"]
    for _ in range(3):
        found = book.database.look_up("SELECT current_setting('headgate.tenant_id', true) AS tenant")
        assert not found[0]["tenant"]
