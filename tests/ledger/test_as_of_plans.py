"""A reading as of a time touches the book by its indexes alone: every statement inside the functions is explained."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, LiteralString

import pytest
from tests import make
from tests.ledger.conftest import Book, book_of
from tests.ledger.late import check_marks

from headgate import ledger
from headgate.core.db import Database
from headgate.core.money import Money
from headgate.ledger import Entry, Posting

pytestmark = pytest.mark.slow

START = datetime(2026, 1, 1, tzinfo=UTC)
AT = START + timedelta(hours=1500)
LEGS = 5000
READINGS: dict[str, LiteralString] = {
    "as of an instant": "SELECT ledger.balance_as_of(%(account)s, %(at)s, NULL)",
    "as of a known instant": "SELECT ledger.balance_as_of(%(account)s, %(at)s, clock_timestamp() - interval '1 microsecond')",
    "as of a day": "SELECT ledger.balance_as_of_day(%(account)s, %(on)s, NULL)",
    "a statement of two days": "SELECT ledger.statement_lines(%(account)s, %(on)s, %(on)s + 1, NULL, NULL, NULL, 100)",
    "a part in the order of recording": "SELECT ledger.recorded_lines(%(account)s, '2020-01-01', '2100-01-01', NULL, 'UTC', 7, 9)",
    "reserved": "SELECT ledger.reserved_as_of(%(account)s, %(at)s)",
}


@pytest.fixture(scope="module")
def crowded(apart: Database) -> Book:
    """An account of 5,000 legs among others, one in fifty of them late, analysed."""
    book = book_of(apart, make.tenant(apart))
    with book.begin() as tx:
        ledger.post_many(
            tx,
            [
                Posting(
                    f"k{n}",
                    [Entry(*((book.cash, book.clearing) if n % 2 else (book.clearing, book.cash)), Money(1, "USD"))],
                    effective_at=START + timedelta(hours=n - (n % 90 if n % 50 == 0 else 0)),
                )
                for n in range(LEGS)
            ],
        )
    with apart.connect("admin") as admin:
        check_marks(admin, book.tenant.id)
        admin.execute("ANALYZE ledger.entries, ledger.accounts")
    return book


@pytest.fixture
def plans(apart: Database, crowded: Book) -> Iterator[Any]:
    """Runs a statement as the application would, row security on, and gives the plans of all it does within."""
    with apart.connect("admin") as connection:
        heard: list[str] = []
        connection.add_notice_handler(lambda notice: heard.append(notice.message_primary or ""))
        connection.execute("LOAD 'auto_explain'")
        for name, value in (
            ("auto_explain.log_min_duration", "0"),
            ("auto_explain.log_nested_statements", "on"),
            ("auto_explain.log_format", "json"),
            ("auto_explain.log_analyze", "on"),
            ("client_min_messages", "log"),
            ("headgate.tenant_id", str(crowded.tenant.id)),
        ):
            connection.execute("SELECT set_config(%s, %s, false)", [name, value])
        connection.execute("SET ROLE headgate_app")

        def run(query: LiteralString) -> list[dict[str, Any]]:
            heard.clear()
            facts = {"account": crowded.cash, "at": AT, "on": date(2026, 3, 1)}
            # More than five times, so that the plans are those that a long connection keeps.
            for _ in range(7):
                heard.clear()
                connection.execute(query, facts).fetchall()
            return [json.loads(text[text.index("{") :])["Plan"] for text in heard if "{" in text]

        yield run


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes(inner)


@pytest.mark.parametrize("name", READINGS)
def test_a_reading_uses_the_indexes(name: str, plans: Any) -> None:
    found = [node for plan in plans(READINGS[name]) for node in nodes(plan)]

    scans = {node["Relation Name"] for node in found if node["Node Type"] == "Seq Scan"}
    assert "entries" not in scans
    rows = sum(
        node["Actual Rows"] * node["Actual Loops"] + node.get("Rows Removed by Filter", 0) * node["Actual Loops"]
        for node in found
        if node.get("Relation Name") == "entries"
    )
    assert rows < LEGS / 12, "what is read does not grow with the account"
    if name != "reserved":
        used = {node["Index Name"] for node in found if "Index Name" in node}
        assert used >= {"entries_debit_sequence", "entries_credit_sequence"}


def test_the_late_legs_are_found_by_their_own_index(plans: Any) -> None:
    used = {node.get("Index Name") for plan in plans(READINGS["as of an instant"]) for node in nodes(plan)}

    assert used >= {"entries_debit_behind", "entries_credit_behind"}


def test_a_sum_over_the_account_would_be_seen(plans: Any) -> None:
    found = [
        node
        for plan in plans("SELECT sum(amount_minor) FROM ledger.entries WHERE debit_account_id = %(account)s")
        for node in nodes(plan)
    ]

    assert sum(node["Actual Rows"] for node in found if node.get("Relation Name") == "entries") >= LEGS / 2
