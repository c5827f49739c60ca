"""Many transactions in one request: each answered as it would be alone, or all of them or none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.asked import questions
from tests.ledger.conftest import Book
from tests.web.client import Client, Keys, client_of, keys_of
from typer.testing import CliRunner

from headgate.core import ids
from headgate.core.db import Database
from headgate.core.errors import HeadgateError, Unavailable
from headgate.ledger import bulk_commands, commands
from headgate.ledger.routes import router
from headgate.web import build_application

pytestmark = pytest.mark.slow

BULK = "/v1/ledger/transactions/bulk"
ONE = "/v1/ledger/transactions"


@pytest.fixture(scope="module")
def client(database: Database) -> Iterator[Client]:
    """A client of the ledger's routes."""
    with client_of(build_application(database, [router])) as opened:
        yield opened


@pytest.fixture
def keys(database: Database, book: Book) -> Keys:
    """A key of each role."""
    return keys_of(database, book.tenant.id)


@pytest.fixture
def send(client: Client, keys: Keys) -> Any:
    """Sends transactions at once; the status that is expected."""

    def sent(transactions: Any, *, status: int = 200, headers: dict[str, str] | None = None, **facts: Any) -> Any:
        body = {"transactions": transactions, **facts}
        answer = client.post(BULK, json=body, headers=keys.admin | (headers or {}))
        assert answer.status_code == status, answer.text
        if status != 200:
            assert answer.headers["content-type"] == "application/problem+json"
        return answer.json()

    return sent


@pytest.fixture
def alone(client: Client, keys: Keys) -> Any:
    """Sends one transaction as a request of its own."""

    def sent(transaction: dict[str, Any]) -> Any:
        body = {name: value for name, value in transaction.items() if name != "idempotency_key"}
        return client.post(ONE, json=body, headers=keys.admin | {"Idempotency-Key": transaction["idempotency_key"]})

    return sent


def usd(minor: Any, currency: str = "USD") -> dict[str, Any]:
    return {"minor": minor, "currency": currency}


def row(key: str, minor: Any = 100, debit: str = "CASH.USD", credit: str = "FEES.USD", **facts: Any) -> dict[str, Any]:
    return {
        "idempotency_key": key,
        "entries": [{"debit": debit, "credit": credit, "amount": usd(minor)}],
        **facts,
    }


def client_funds(book: Book) -> str:
    """The account that cannot be overdrawn, and holds nothing."""
    return ids.encode("acct", book.client)


def test_each_is_answered_in_its_place_with_its_document_or_its_problem(send: Any, alone: Any, book: Book) -> None:
    funds = client_funds(book)
    rows = [
        row("a", 100, effective_at="2026-01-02T00:00:00Z", description="backdated", metadata={"reference": "R1"}),
        row("b", 500, debit=funds),
        row("c", 7, pending=True),
        row("d", 1, debit="nobody"),
        row("a", 100, effective_at="2026-01-02T00:00:00Z", description="backdated", metadata={"reference": "R1"}),
        row("a", 101),
        row("e", 0),
        row("f", 9),
    ]

    done = send(rows)

    assert [one["idempotency_key"] for one in done["answers"]] == ["a", "b", "c", "d", "a", "a", "e", "f"]
    assert [(one["status"], one["replayed"]) for one in done["answers"]] == [
        (201, False), (422, False), (201, False), (404, False), (201, True), (409, False), (422, False), (201, False)
    ]  # fmt: skip
    assert (done["atomic"], done["posted"], done["pending"], done["refused"]) == (False, 3, 1, 4)
    codes = [one["problem"]["code"] if one["problem"] else one["transaction"]["status"] for one in done["answers"]]
    assert codes == [
        *("posted", "ledger.insufficient_funds", "pending", "ledger.account_not_found", "posted"),
        *("ledger.idempotency_conflict", "ledger.amount_not_positive", "posted"),
    ]
    first, again = done["answers"][0]["transaction"], done["answers"][4]["transaction"]
    assert first == again
    assert (first["effective_on"], first["metadata"], first["description"]) == (
        "2026-01-02", {"reference": "R1"}, "backdated"
    )  # fmt: skip
    assert book.count("ledger.entries") == 2
    # Alone each gets the very same: the document of what stands, the problem of what was refused.
    # The conflict comes first: once the HTTP door itself knows the key, it speaks before the book does.
    pairs = list(zip(rows, done["answers"], strict=True))
    for asked, told in [pairs[5], *pairs[:5], *pairs[6:]]:
        one = alone(asked)
        assert one.status_code == told["status"], one.text
        if told["problem"] is None:
            assert one.json() == told["transaction"]
        else:
            mine, its = dict(told["problem"]), one.json()
            assert mine.pop("request_id").startswith("cor_")
            its.pop("request_id")
            mine["facts"].pop("faults", None)
            assert mine == its
    assert book.count("ledger.entries") == 2


def test_the_same_request_again_moves_nothing_whatever_its_header_says(send: Any, book: Book) -> None:
    rows = [row("a"), row("b", 500, debit=client_funds(book)), row("c", pending=True), row("d", debit="nobody")]
    first = send(rows, headers={"Idempotency-Key": "one"})
    before = book.facts()

    again = send(rows, headers={"Idempotency-Key": "two"})
    other = send([row("e")], headers={"Idempotency-Key": "two"})

    assert [one["replayed"] for one in again["answers"]] == [True, True, True, False]
    assert [one["transaction"] for one in again["answers"]] == [one["transaction"] for one in first["answers"]]
    assert other["posted"] == 1
    moved = {name for name, count in book.facts().items() if count != before[name]}
    assert moved == {"ledger.transactions", "ledger.entries", "audit.events", "messaging.outbox_messages", "accounts"}
    assert book.count("web.idempotency_keys") == 0


def test_all_or_none_names_the_culprit_and_posts_nothing(send: Any, book: Book) -> None:
    rows = [row("a"), row("b", 500, debit=client_funds(book)), row("c", pending=True)]

    problem = send(rows, atomic=True, status=422)

    assert problem["code"] == "ledger.insufficient_funds"
    assert (problem["facts"]["position"], problem["facts"]["refused_key"]) == (1, "b")
    assert problem["facts"]["available_minor"] == 0
    assert problem["detail"].startswith("transactions[1]: ")
    assert problem["detail"].endswith("nothing of this request was posted")
    assert (book.count("ledger.entries"), book.count("ledger.refusals")) == (0, 3)
    assert {**send(rows, atomic=True, status=422), "request_id": ""} == {**problem, "request_id": ""}
    # The others stand refused because of it: one of them alone still says whose fault it was.
    [told] = send([rows[0]])["answers"]
    assert (told["status"], told["replayed"], told["problem"]["code"]) == (422, True, "ledger.batch_refused")
    part = send([rows[2], row("z")], atomic=True, status=422)
    assert (part["code"], part["facts"]["refused_key"]) == ("ledger.batch_refused", "b")


def test_all_stand_together(send: Any, book: Book) -> None:
    done = send([row(str(n), n + 1) for n in range(1000)], atomic=True)

    assert (done["posted"], done["refused"], len(done["answers"])) == (1000, 0, 1000)
    assert [one["transaction"]["entries"][0]["amount"]["minor"] for one in done["answers"]] == list(range(1, 1001))
    assert book.balance(book.cash)[0] == "5005.00"


def test_all_or_none_lists_every_fault_and_leaves_every_key_free(send: Any, book: Book) -> None:
    before = book.facts()
    rows = [
        row("a"),
        row("b", debit="nobody", credit="no.one"),
        row("c", expires_at="2199-01-01T00:00:00Z"),
        {"idempotency_key": "d", "entries": [{"debit": "CASH.USD", "credit": "FEES.USD", "amount": usd(1, "ZZZ")}]},
    ]

    problem = send(rows, atomic=True, status=404)

    assert problem["code"] == "ledger.account_not_found"
    assert (problem["facts"]["position"], problem["facts"]["refused_key"]) == (1, "b")
    assert [(fault["field"], fault["code"]) for fault in problem["facts"]["faults"]] == [
        ("transactions[1].entries[0].debit", "ledger.account_not_found"),
        ("transactions[1].entries[0].credit", "ledger.account_not_found"),
        ("transactions[2].expires_at", "ledger.malformed_batch"),
        ("transactions[3].entries[0].amount.currency", "core.unknown_currency"),
    ]
    assert book.facts() == before
    each = send(rows)["answers"]
    assert [one["status"] for one in each] == [201, 404, 400, 400]
    assert [fault["field"] for fault in each[1]["problem"]["facts"]["faults"]] == [
        "transactions[1].entries[0].debit",
        "transactions[1].entries[0].credit",
    ]


def test_a_key_that_stands_for_something_else_refuses_the_whole(send: Any, book: Book) -> None:
    send([row("a")])
    before = book.facts()

    problem = send([row("new"), row("a", 101)], atomic=True, status=409)

    assert (problem["code"], problem["facts"]["idempotency_key"]) == ("ledger.idempotency_conflict", "a")
    assert book.facts() == before


@pytest.mark.parametrize("atomic", [True, False])
def test_what_cannot_be_read_is_refused_whole_with_every_fault_by_its_place(
    send: Any, book: Book, atomic: bool
) -> None:
    before = book.facts()
    rows = [
        row("a"),
        row("b", 1.5),
        row("c", override_ref="apr_1"),
        {"entries": row("d")["entries"]},
        row("e e"),
        row("f", effective_at="2026-01-01T00:00:00"),
        row("g", source_type="order"),
    ]

    problem = send(rows, atomic=atomic, status=422)

    assert problem["code"] == "web.invalid"
    assert [fault["field"] for fault in problem["errors"]] == [
        "transactions[1].entries[0].amount.minor",
        "transactions[2].override_ref",
        "transactions[3].idempotency_key",
        "transactions[4].idempotency_key",
        "transactions[5].effective_at",
        "transactions[6]",
    ]
    assert book.facts() == before


def test_a_request_has_its_bounds(send: Any, client: Client, keys: Keys, book: Book) -> None:
    before = book.facts()
    entries = row("a")["entries"]

    assert "1000" in send([row(str(n)) for n in range(1001)], status=422)["detail"]
    many = [{"idempotency_key": str(n), "entries": entries * 1000} for n in range(10)]
    assert "10,000" in send([*many, row("another")], status=422)["detail"]
    assert send([], status=422)["errors"][0]["field"] == "transactions"
    large = client.post(BULK, content=b" " * (8 * 2**20 + 1), headers=keys.admin | {"Content-Type": "application/json"})
    assert (large.status_code, large.json()["code"]) == (413, "web.body_too_large")
    reader = client.post(BULK, json={"transactions": [row("a")]}, headers=keys.readonly)
    assert reader.status_code == 403

    assert book.facts() == before


def test_the_answers_take_as_many_round_trips_for_hundreds_as_for_few(
    send: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = questions(monkeypatch)

    def trips(count: int, prefix: str) -> int:
        asked.clear()
        send([row(f"{prefix}{n}", pending=n % 2 == 0) for n in range(count)])
        return len(asked)

    assert trips(4, "few") == trips(400, "many") <= 8


# A file from the command line -----------------------------------------------------------------------------------------


@pytest.fixture
def run(book: Book, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Posts a file of these lines and returns what is told: the report, standard error, the answers."""

    @contextmanager
    def opened() -> Iterator[Database]:
        yield book.database

    monkeypatch.setattr(bulk_commands, "open_database", opened)

    def invoke(lines: list[Any], *words: str, exit_code: int = 0) -> Any:
        file = tmp_path / "rows.ndjson"
        file.write_bytes(b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines))
        command = ["post-file", "--tenant", book.tenant.slug, str(file), "--json", "--answers", str(tmp_path / "out")]
        result = CliRunner().invoke(commands.app, [*command, *words])
        if isinstance(result.exception, HeadgateError):
            raise result.exception
        assert result.exit_code == exit_code, (result.output, result.exception)
        answers = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
        return json.loads(result.stdout), result.stderr.replace(str(file), "FILE"), answers

    return invoke


def counts(report: dict[str, Any]) -> tuple[int, ...]:
    names = ("lines", "posted", "pending", "refused", "faulty", "replayed")
    return tuple(report[name] for name in names)


BAD: list[tuple[Any, list[tuple[str, str]]]] = [
    (b"{", [("line", "web.malformed_body")]),
    (b'{"idempotency_key":"x","idempotency_key":"y"}', [("line", "web.malformed_body")]),
    (b"\xff", [("line", "web.malformed_body")]),
    (row("float", 1.5), [("entries[0].amount.minor", "int_type")]),
    (row("override", override_ref="apr_1"), [("override_ref", "extra_forbidden")]),
    ({"entries": []}, [("entries", "too_short"), ("idempotency_key", "missing")]),
    (row("unknown", debit="nobody", credit="no.one"), [
        ("entries[0].debit", "ledger.account_not_found"), ("entries[0].credit", "ledger.account_not_found")]),
]  # fmt: skip


def test_a_file_is_posted_line_by_line_and_bad_lines_lose_nothing(run: Any, book: Book) -> None:
    lines = [row("a"), b"", *(line for line, _ in BAD), row("b", 500, debit=client_funds(book)), row("c", pending=True)]

    report, said, answers = run(lines, exit_code=1)

    assert counts(report) == (10, 1, 1, 1, 7, 0)
    assert [(fault["line"], fault["field"], fault["code"]) for fault in report["faults"]] == [
        (number, name, code) for number, (_, faults) in enumerate(BAD, 3) for name, code in faults
    ]
    [refused] = report["refusals"]
    assert (refused["line"], refused["idempotency_key"], refused["code"]) == (10, "b", "ledger.insufficient_funds")
    assert "FILE:6: entries[0].amount.minor: write a whole number" in said
    assert "FILE:10: b: account " in said
    assert [(one["line"], one["status"]) for one in answers] == [(1, 201), (9, 404), (10, 422), (11, 201)]
    assert answers[0]["transaction"]["entries"][0]["amount"] == usd(100)
    again, _, _ = run(lines, exit_code=1)
    assert counts(again) == (10, 1, 1, 1, 7, 3)
    assert book.count("ledger.entries") == 1


@pytest.mark.slow
def test_a_long_file_is_posted_in_several_commits(run: Any, book: Book) -> None:
    report, said, answers = run([row(f"k{n}", n + 1) for n in range(2500)])

    assert counts(report) == (2500, 2500, 0, 0, 0, 0)
    assert [one["line"] for one in answers] == list(range(1, 2501))
    assert said == ""
    with book.begin() as tx:
        assert tx.value("SELECT count(DISTINCT recorded_at) FROM ledger.transactions") == 3


@pytest.mark.slow
def test_a_file_is_posted_whole_or_not_at_all(run: Any, book: Book) -> None:
    before = book.facts()
    bad = [row("a"), row("b", debit="nobody"), row("c", credit="no.one")]
    report, _, _ = run(bad, "--atomic", exit_code=1)
    assert (counts(report), [fault["line"] for fault in report["faults"]]) == ((3, 0, 0, 0, 2, 0), [2, 3])
    report, _, _ = run([row("a"), b"{", row("c", 1.5)], "--atomic", exit_code=1)
    assert (counts(report), [fault["line"] for fault in report["faults"]]) == ((3, 0, 0, 0, 2, 0), [2, 3])
    assert book.facts() == before

    report, _, answers = run([row("a"), b"", row("b"), row("c", pending=True)], "--atomic")
    assert (counts(report), [one["line"] for one in answers]) == ((3, 2, 1, 0, 0, 0), [1, 3, 4])
    report, _, _ = run([row("d"), row("a", 7)], "--atomic", exit_code=1)
    assert [(fault["line"], fault["code"]) for fault in report["faults"]] == [(2, "ledger.idempotency_conflict")]
    report, said, _ = run([row("d"), row("e", 500, debit=client_funds(book))], "--atomic", exit_code=1)
    assert counts(report) == (2, 0, 0, 2, 0, 0)
    assert [(one["line"], one["idempotency_key"]) for one in report["refusals"]] == [(2, "e")]
    assert "nothing of this request was posted" in said
    with pytest.raises(HeadgateError, match="10,000"):
        run([row(f"k{n}") for n in range(10_001)], "--atomic")
    assert book.count("ledger.entries") == 2


def test_a_file_that_is_not_there_is_said_before_anything_is_done(run: Any, book: Book, tmp_path: Path) -> None:
    with pytest.raises(HeadgateError, match="cannot be written"):
        run([row("a")], "--answers", str(tmp_path / "no" / "where"))
    assert book.count("ledger.entries") == 0


@pytest.mark.slow
def test_a_file_that_is_cut_off_says_how_far_it_came_and_is_sent_again(
    run: Any, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row(f"k{n}") for n in range(1500)]
    real, chunks = bulk_commands.post_rows, iter((True, False))

    def cut_off(*args: Any, **facts: Any) -> Any:
        if next(chunks, True):
            return real(*args, **facts)
        raise Unavailable("the database does not answer")

    monkeypatch.setattr(bulk_commands, "post_rows", cut_off)
    with pytest.raises(Unavailable):
        run(rows)
    assert book.count("ledger.entries") == 1000

    report, _, _ = run(rows)

    assert counts(report) == (1500, 1500, 0, 0, 0, 1000)
    assert book.count("ledger.entries") == 1500
