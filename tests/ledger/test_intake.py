"""The grouped intake: callers share a commit, and each keeps its own answer, name, key and refusal."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from tests.ledger.conftest import Book
from tests.web.client import Client, Keys, client_of, keys_of

from headgate import ledger
from headgate.core import ids
from headgate.core.db import Actor, Database, Tx
from headgate.core.errors import HeadgateError, Unavailable
from headgate.core.money import Money
from headgate.ledger import Entry, IdempotencyConflict, intake
from headgate.ledger.documents import NewTransaction
from headgate.ledger.errors import AccountNotFound
from headgate.ledger.routes import router
from headgate.web import Asked, SharedCommit, build_application, idempotency
from headgate.web.errors import IdempotencyKeyReused, InFlight
from headgate.web.sharing import Given

PATH = "/v1/ledger/transactions"


def body_of(debit: int | str, credit: int | str, minor: int, **facts: Any) -> dict[str, Any]:
    names = [ids.encode("acct", name) if isinstance(name, int) else name for name in (debit, credit)]
    return {
        "entries": [{"debit": names[0], "credit": names[1], "amount": {"minor": minor, "currency": "USD"}}],
        **facts,
    }


def asked(book: Book, body: dict[str, Any], key: str | None = None, name: str = "ann") -> Asked[NewTransaction]:
    return Asked(
        book.tenant.id,
        Actor("human", f"key_{name}", f"usr_{name}" if name != "machine" else None),
        f"cor_{name}_{key}",
        key or ids.new("key"),
        idempotency.Fingerprint("POST", PATH, idempotency.body_hash(body, b"", "")),
        201,
        NewTransaction.model_validate(body),
    )


class Held:
    """An intake whose first group is a request that waits, so that the requests after it are one group."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.groups: list[int] = []
        self.before: list[Any] = []
        self._go_on = threading.Event()
        self._reached = threading.Event()
        self.shared: SharedCommit[NewTransaction] = SharedCommit(database, self._work, threads=1)

    def _work(self, tx: Tx, group: Sequence[Asked[NewTransaction]]) -> Sequence[Any]:
        if group[0].key == "holds the thread":
            self._reached.set()
            assert self._go_on.wait(30)
            return [AccountNotFound()]
        self.groups.append(len(group))
        done = intake.post_group(tx, group)
        if self.before:
            self.before.pop(0)(tx)
        return done

    def answers(self, requests: Sequence[Asked[NewTransaction]]) -> list[Given | Exception]:
        """What each is answered, asked for at once."""
        self._go_on.clear()
        self._reached.clear()
        first = Asked(
            requests[0].tenant_id,
            requests[0].actor,
            "cor",
            "holds the thread",
            requests[0].fingerprint,
            201,
            requests[0].body,
        )
        with ThreadPoolExecutor(len(requests) + 1) as threads:
            holding = threads.submit(self.shared.wait_for, first)
            assert self._reached.wait(30)
            futures = [threads.submit(self.shared.wait_for, request) for request in requests]
            while self.shared.gathering.waiting + sum(future.done() for future in futures) < len(requests):
                threading.Event().wait(0.002)
            self._go_on.set()
            assert isinstance(holding.exception(30), AccountNotFound)
            return [future.exception(30) or future.result() for future in futures]  # type: ignore[misc]


@pytest.fixture
def held(database: Database) -> Held:
    return Held(database)


def statuses(answers: Sequence[Given | Exception]) -> list[Any]:
    return [
        (answer.answer.status, answer.replayed) if isinstance(answer, Given) else type(answer) for answer in answers
    ]


def test_a_group_is_one_commit_and_each_row_keeps_its_caller(held: Held, book: Book, database: Database) -> None:
    requests = [
        asked(book, body_of(book.cash, book.clearing, 100 + n), f"k{n}", name)
        for n, name in enumerate(("ann", "bob", "machine"))
    ]
    refused = asked(book, body_of(book.client, book.clearing, 500), "k3", "cid")

    answers = held.answers([*requests, refused])

    assert statuses(answers) == [(201, False)] * 3 + [(422, False)]
    assert held.groups == [4]
    with book.begin() as tx:
        events = tx.all(
            """
            SELECT type, actor_type, actor_id, person_id, correlation_id, xid::text FROM audit.events
             WHERE type LIKE 'ledger.transaction.%%' ORDER BY correlation_id
            """
        )
        messages = tx.values(
            "SELECT correlation_id FROM messaging.outbox_messages WHERE event_type = 'ledger.transaction.posted' ORDER BY 1"
        )
        keys = tx.all("SELECT key, actor_id, correlation_id, status FROM web.idempotency_keys ORDER BY key")
    assert len({event.pop("xid") for event in events}) == 1
    assert [tuple(event.values()) for event in events] == [
        ("ledger.transaction.posted", "human", "key_ann", "usr_ann", "cor_ann_k0"),
        ("ledger.transaction.posted", "human", "key_bob", "usr_bob", "cor_bob_k1"),
        ("ledger.transaction.refused", "human", "key_cid", "usr_cid", "cor_cid_k3"),
        ("ledger.transaction.posted", "human", "key_machine", None, "cor_machine_k2"),
    ]
    assert messages == ["cor_ann_k0", "cor_bob_k1", "cor_machine_k2"]
    assert [tuple(key.values()) for key in keys] == [
        ("k0", "key_ann", "cor_ann_k0", 201),
        ("k1", "key_bob", "cor_bob_k1", 201),
        ("k2", "key_machine", "cor_machine_k2", 201),
        ("k3", "key_cid", "cor_cid_k3", 422),
    ]


def test_the_errors_of_one_caller_are_that_callers_own(held: Held, book: Book) -> None:
    book.post(book.cash, book.clearing, "9.00", key="taken")
    held.answers([asked(book, body_of(book.cash, book.clearing, 1), "reused")])
    before = book.facts()

    answers = held.answers(
        [
            asked(book, body_of(book.cash, book.clearing, 100), "good"),
            asked(book, body_of("nowhere", book.clearing, 100), "unknown"),
            asked(book, body_of(ids.encode("acct", 2**40), book.clearing, 100), "no such id"),
            asked(book, body_of(book.cash, book.clearing, 100), "taken"),
            asked(book, body_of(book.cash, book.clearing, 2), "reused"),
            asked(book, body_of(book.cash, book.clearing, 3), "good-too"),
        ]
    )

    assert statuses(answers) == [
        (201, False),
        AccountNotFound,
        AccountNotFound,
        IdempotencyConflict,
        IdempotencyKeyReused,
        (201, False),
    ]
    after = book.facts()
    assert after["ledger.transactions"] - before["ledger.transactions"] == 2
    assert book.count("web.idempotency_keys") == 3


def test_twins_are_told_at_once_and_a_replay_is_the_first_answer(held: Held, book: Book) -> None:
    one = asked(book, body_of(book.cash, book.clearing, 100), "one")

    twins = held.answers([one, one, one])
    again = held.answers([one, asked(book, body_of(book.cash, book.clearing, 5), "two")])

    assert sorted(map(str, statuses(twins))) == sorted(map(str, [(201, False), InFlight, InFlight]))
    assert statuses(again) == [(201, True), (201, False)]
    first = next(answer for answer in twins if isinstance(answer, Given))
    assert isinstance(again[0], Given) and again[0].answer == first.answer
    assert book.count("ledger.transactions") == 2


def test_another_process_that_holds_a_key_is_in_flight_for_its_caller_alone(held: Held, book: Book) -> None:
    with book.begin() as elsewhere:
        body = body_of(book.cash, book.clearing, 1)
        idempotency.recall(elsewhere, "busy", asked(book, body, "busy").fingerprint)

        answers = held.answers([asked(book, body, "busy"), asked(book, body, "free")])

    assert statuses(answers) == [InFlight, (201, False)]
    assert statuses(held.answers([asked(book, body, "busy")])) == [(201, False)]


def test_a_row_that_cannot_be_written_fails_alone(held: Held, book: Book) -> None:
    poison = asked(book, body_of(book.cash, book.clearing, 100, source_type="half a source"), "poison")
    good = [asked(book, body_of(book.cash, book.clearing, 100), f"good{n}") for n in range(10)]

    answers = held.answers([*good[:7], poison, *good[7:]])

    assert isinstance(answers[7], psycopg.errors.CheckViolation)
    assert statuses(answers[:7] + answers[8:]) == [(201, False)] * 10
    assert book.count("ledger.transactions") == 10
    assert book.count("web.idempotency_keys") == 10


def test_a_connection_lost_in_the_middle_leaves_all_or_nothing(
    held: Held, book: Book, admin: psycopg.Connection[Any]
) -> None:
    def kill(tx: Tx) -> None:
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", (tx.conn.info.backend_pid,))

    requests = [asked(book, body_of(book.cash, book.clearing, 100), f"k{n}") for n in range(8)]
    before = book.facts()

    held.before = [kill, kill]
    lost = held.answers(requests)
    nothing = book.facts()
    held.before = [kill]
    mended = held.answers(requests)
    again = held.answers(requests)

    assert all(isinstance(answer, Unavailable) for answer in lost), lost
    assert nothing == before
    assert statuses(mended) == [(201, False)] * 8
    assert statuses(again) == [(201, True)] * 8
    assert [given.answer for given in mended if isinstance(given, Given)] == [
        given.answer for given in again if isinstance(given, Given)
    ]
    assert book.count("ledger.transactions") == 8


def test_a_commit_whose_answer_was_lost_is_answered_once_more_and_not_done_twice(
    book: Book, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, lost = database.begin, [True]

    @contextmanager
    def losing(**facts: Any) -> Iterator[Tx]:
        with begin(**facts) as tx:
            yield tx
        if lost:
            lost.pop()
            raise Unavailable("the connection broke after the commit")

    monkeypatch.setattr(database, "begin", losing)
    shared: SharedCommit[NewTransaction] = SharedCommit(database, intake.post_group)

    given = shared.wait_for(asked(book, body_of(book.cash, book.clearing, 100), "one"))
    monkeypatch.undo()

    assert (given.answer.status, given.replayed) == (201, True)
    assert book.count("ledger.transactions") == 1


def test_a_deadlock_is_tried_once_more(held: Held, book: Book) -> None:
    def deadlock(tx: Tx) -> None:
        tx.run("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40P01'; END $$")

    held.before = [deadlock]
    answers = held.answers([asked(book, body_of(book.cash, book.clearing, 100), f"k{n}") for n in range(3)])

    assert statuses(answers) == [(201, False)] * 3
    assert held.groups == [3, 3]


def test_a_fault_of_the_program_leaves_nobody_waiting(database: Database, book: Book) -> None:
    def broken(tx: Tx, group: Sequence[Asked[NewTransaction]]) -> Sequence[Any]:
        raise ZeroDivisionError

    shared: SharedCommit[NewTransaction] = SharedCommit(database, broken)

    for _ in range(2):  # the key is free again
        with pytest.raises(ZeroDivisionError):
            shared.wait_for(asked(book, body_of(book.cash, book.clearing, 100), "one"))


def test_a_posting_in_a_callers_transaction_shares_with_nobody(book: Book) -> None:
    with pytest.raises(HeadgateError), book.begin() as tx:
        ledger.post(tx, idempotency_key="mine", entries=[Entry(book.cash, book.clearing, Money(100, "USD"))])
        raise HeadgateError("the caller thought better of it")

    assert book.count("ledger.transactions") == 0


# Over HTTP ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(database: Database) -> Iterator[Client]:
    with client_of(build_application(database, [router])) as opened:
        yield opened


@pytest.fixture(scope="module")
def lone(database: Database) -> Iterator[Client]:
    """The same routes, each request in a transaction of its own."""
    with client_of(build_application(database, [router], shares_commits=False)) as opened:
        yield opened


def headed(keys: Keys, key: str) -> dict[str, str]:
    return keys.admin | {"Idempotency-Key": key}


def test_sixty_four_callers_of_two_tenants_with_refusals_replays_and_twins(
    client: Client, book: Book, other: Book, database: Database
) -> None:
    requests, expected = [], []
    for mine, keys in ((book, keys_of(database, book.tenant.id)), (other, keys_of(database, other.tenant.id))):
        stored = client.post(PATH, json=body_of(mine.cash, mine.clearing, 7), headers=headed(keys, "stored"))
        assert stored.status_code == 201
        for n in range(24):
            requests.append({"json": body_of(mine.cash, mine.clearing, 100), "headers": headed(keys, f"good{n}")})
            expected.append({201})
        for n in range(4):
            requests.append({"json": body_of(mine.client, mine.clearing, 100), "headers": headed(keys, f"poor{n}")})
            expected.append({422})
        requests.append({"json": body_of(mine.cash, mine.clearing, 7), "headers": headed(keys, "stored")})
        expected.append({201})
        requests.append({"json": body_of("nowhere", mine.clearing, 7), "headers": headed(keys, "lost")})
        expected.append({404})
        for _ in range(2):
            requests.append({"json": body_of(mine.cash, mine.clearing, 50), "headers": headed(keys, "twin")})
            expected.append({201, 409})
    assert len(requests) == 64

    answers = client.together({"method": "POST", "url": PATH} | request for request in requests)

    assert [answer.status_code in allowed for answer, allowed in zip(answers, expected, strict=True)] == [True] * 64
    replayed = [answer for answer in answers if "Idempotent-Replayed" in answer.headers]
    assert len([answer for answer in replayed if answer.json()["entries"][0]["amount"]["minor"] == 7]) == 2
    for mine in (book, other):
        # 24 good, one twin, the stored one; four refused under their keys.
        assert mine.balance(mine.cash) == ("24.57", "0.00", "24.57")
        assert mine.count("ledger.transactions") == 30
        assert mine.count("ledger.refusals") == 4
        assert mine.count("web.idempotency_keys") == 30


def test_the_answers_are_those_of_a_request_that_shares_with_nobody(
    client: Client, lone: Client, book: Book, database: Database
) -> None:
    keys = keys_of(database, book.tenant.id)
    bodies = {
        "full": body_of(
            book.cash,
            book.clearing,
            1250,
            effective_at="2026-01-02T12:00:00Z",
            source_type="sale",
            source_id="s-1",
            description='a "sale" \\ of ü',
            metadata={"z": 1, "a": [1.5, None, {"b": "ß"}]},
        ),
        "now": body_of(book.cash, "PAYROLL_CLEARING.USD", 1, metadata={"b": 1, "a": [2.50]}),
        "poor": body_of(book.client, book.clearing, 100),
        "nowhere": body_of("nowhere", book.clearing, 100),
        "half": body_of(book.cash, book.clearing, 100, source_type="half a source"),
        "zero": body_of(book.cash, book.clearing, 0),
    }

    for name, body in bodies.items():
        shared = client.post(PATH, json=body, headers=headed(keys, f"shared-{name}"))
        alone = lone.post(PATH, json=body, headers=headed(keys, f"alone-{name}"))

        assert shared.status_code == alone.status_code, (name, shared.text, alone.text)
        assert shared.headers["Content-Type"] == alone.headers["Content-Type"]
        assert told(shared.json()) == told(alone.json())
        again = lone.post(PATH, json=body, headers=headed(keys, f"shared-{name}"))
        if shared.status_code == 201:
            assert again.content == shared.content
            for answer in (shared, alone):
                assert client.get(f"{PATH}/{answer.json()['id']}", headers=keys.admin).json() == answer.json()


def told(document: dict[str, Any]) -> dict[str, Any]:
    """A document without what differs between two requests."""
    own = {"id", "idempotency_key", "recorded_at", "request_id", "transaction_id"}
    if not str(document.get("effective_at", "")).startswith("2026-01-02"):
        own.add("effective_at")  # it was not given
    return {
        name: [told(entry) for entry in value] if name == "entries" else value
        for name, value in document.items()
        if name not in own
    }


def test_a_dry_run_undoes_its_own_transaction_and_nobody_elses(client: Client, book: Book, database: Database) -> None:
    keys = keys_of(database, book.tenant.id)
    requests = [
        {
            "method": "POST",
            "url": PATH + ("?dry_run=true" if n % 2 else ""),
            "json": body_of(book.cash, book.clearing, 100),
            "headers": headed(keys, f"k{n}"),
        }
        for n in range(10)
    ]

    answers = client.together(requests)

    assert [answer.status_code for answer in answers] == [201] * 10
    assert book.count("ledger.transactions") == 5


def test_while_one_group_is_worked_on_the_next_is_begun(book: Book, database: Database) -> None:
    both = threading.Barrier(2, timeout=30)

    def meet(tx: Tx, group: Sequence[Asked[NewTransaction]]) -> list[Any]:
        both.wait()
        return intake.post_group(tx, group)

    shared: SharedCommit[NewTransaction] = SharedCommit(database, meet)
    requests = [asked(book, body_of(book.cash, book.clearing, 100 + n), f"two-{n}") for n in range(2)]
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(shared.wait_for, requests[0])
        while not both.n_waiting:
            threading.Event().wait(0.002)
        given = [threads.submit(shared.wait_for, requests[1]).result(60), first.result(60)]
    assert statuses(given) == [(201, False)] * 2
