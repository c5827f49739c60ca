"""The chart as a tree: what stands below an account adds up to its subtotal, and no account stands above itself."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import pytest
from tests import checks
from tests.ledger.conftest import Book

from headgate import ledger
from headgate.core.db import Database
from headgate.core.errors import HeadgateError


def open_account(book: Book, code: str, type: Any = "ASSET", currency: str = "USD") -> int:
    number: int = book.do(ledger.create_account, code=code, name=code.title(), type=type, currency=currency).id
    return number


def put(book: Book, account: int | str, parent: int | str | None) -> Any:
    return book.do(ledger.set_parent, account, parent, reason="a test")


@pytest.fixture
def banks(book: Book) -> Book:
    """assets > banks > (amegy, column), and the liability `due` under banks."""
    for code in ("assets", "banks", "amegy", "column"):
        open_account(book, code)
    open_account(book, "due", "LIABILITY")
    put(book, "banks", "assets")
    for code in ("column", "amegy", "due"):
        put(book, code, "banks")
    return book


def test_subtotals_add_up_what_stands_below(banks: Book) -> None:
    numbers = {code: banks.do(ledger.get_account, code).id for code in ("banks", "amegy", "column", "due")}
    banks.post(numbers["amegy"], banks.clearing, "5.00")
    banks.post(numbers["column"], banks.clearing, "3.00")
    banks.post(banks.cash, numbers["due"], "1.00")
    banks.post(numbers["banks"], banks.clearing, "0.50")

    found = banks.do(ledger.tree, root="assets")

    assert [(node.code, node.depth, node.parent, str(node.balance.major), str(node.subtotal.major)) for node in found] == [
        ("assets", 0, None, "0.00", "7.50"),
        ("banks", 1, "assets", "0.50", "7.50"),
        ("amegy", 2, "banks", "5.00", "5.00"),
        ("column", 2, "banks", "3.00", "3.00"),
        ("due", 2, "banks", "1.00", "1.00"),
    ]  # fmt: skip
    whole = banks.do(ledger.tree)
    assert {node.code for node in whole} == {account.code for account in banks.do(ledger.list_accounts, limit=100)}
    assert sum(node.subtotal.minor for node in banks.do(ledger.tree, root="banks") if node.depth == 0) == 750


def test_the_account_says_what_it_stands_under(banks: Book) -> None:
    assert banks.do(ledger.get_account, "amegy").parent == "banks"
    assert put(banks, "amegy", None).parent is None
    assert [node.code for node in banks.do(ledger.tree, root="banks")] == ["banks", "column", "due"]


def test_no_account_stands_above_itself(banks: Book) -> None:
    before = banks.facts()

    for account, parent in (("banks", "banks"), ("banks", "amegy"), ("assets", "column")):
        with pytest.raises(HeadgateError) as raised:
            put(banks, account, parent)
        assert raised.value.code == "ledger.not_in_tree"

    assert banks.facts() == before


def test_a_branch_has_one_currency(banks: Book) -> None:
    open_account(banks, "euros", currency="EUR")

    with pytest.raises(HeadgateError) as raised:
        put(banks, "euros", "banks")

    assert raised.value.code == "ledger.not_in_tree"
    assert banks.do(ledger.get_account, "euros").parent is None


def test_another_tenants_account_is_no_parent(banks: Book, other: Book) -> None:
    with pytest.raises(HeadgateError) as raised:
        put(banks, "amegy", other.cash)

    assert raised.value.code == "ledger.account_not_found"


def test_two_moves_at_once_close_no_circle(book: Book) -> None:
    left, right = open_account(book, "left"), open_account(book, "right")
    codes: list[str] = []
    start = threading.Barrier(2)

    def move(account: int, parent: int) -> None:
        with book.begin() as tx:
            start.wait()
            try:
                ledger.set_parent(tx, account, parent, reason="a race")
                codes.append("done")
            except HeadgateError as error:
                codes.append(error.code)
                raise

    threads = [threading.Thread(target=_quiet, args=(move, *pair)) for pair in ((left, right), (right, left))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(codes) == ["done", "ledger.not_in_tree"]


def _quiet(move: Any, account: int, parent: int) -> None:
    try:
        move(account, parent)
    except HeadgateError:
        return


@pytest.mark.plants
def test_a_circle_that_was_planted_is_named(banks: Book, admin: psycopg.Connection[Any], database: Database) -> None:
    with admin.transaction():
        admin.execute("ALTER TABLE ledger.accounts DISABLE TRIGGER accounts_form_a_tree")
        admin.execute(
            "UPDATE ledger.accounts SET parent_id = (SELECT id FROM ledger.accounts WHERE tenant_id = %(t)s AND code = 'amegy')"
            " WHERE tenant_id = %(t)s AND code = 'assets'",
            {"t": banks.tenant.id},
        )
        admin.execute("ALTER TABLE ledger.accounts ENABLE ALWAYS TRIGGER accounts_form_a_tree")

    report = checks.run(database, [banks.tenant.id])

    named = {found.name: {one.subject for one in found.sample} for found in report.invariants if found.violations}
    assert named == {"ledger.tree": {"assets", "banks", "amegy", "column", "due"}}
