"""Clearing accounts: what is left, how old it is and where it came from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests import checks, make
from tests.ledger.conftest import Book

from headgate import ledger
from headgate.ledger import ClearingAccount

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def rule(book: Book, days: int | None = None) -> None:
    book.do(
        ledger.set_must_be_zero,
        account=book.clearing,
        must_be_zero=True,
        max_age=None if days is None else days * DAY,
        reason="payroll passes through",
    )


def come(book: Book, amount: str, days: int, reference: str | None = None, **facts: Any) -> None:
    """Money that reaches the clearing account (a LIABILITY: its balance rises)."""
    if reference:
        facts["metadata"] = {"reference": reference}
    book.post(book.cash, book.clearing, amount, effective_at=NOW - days * DAY, **facts)


def leave(book: Book, amount: str, days: int, reference: str | None = None, **facts: Any) -> None:
    if reference:
        facts["metadata"] = {"reference": reference}
    book.post(book.clearing, book.cash, amount, effective_at=NOW - days * DAY, **facts)


def report(book: Book) -> ClearingAccount:
    (found,) = book.do(ledger.clearing_report)
    assert isinstance(found, ClearingAccount)
    return found


def left(book: Book) -> list[tuple[str, str, int]]:
    """Reference, amount left, age in days."""
    return [(item.reference or "", str(item.left.major), item.age.days) for item in report(book).items]


def overdue(book: Book) -> list[str]:
    found = checks.run(book.database, [book.tenant.id], full=False)
    return [example.detail for one in found.invariants if one.name == "ledger.clearing" for example in one.sample]


def test_an_account_at_zero_has_nothing_left(book: Book) -> None:
    rule(book)
    come(book, "5.00", 3)
    leave(book, "5.00", 1)

    found = report(book)

    assert (found.code, found.residual, found.items, found.age) == ("PAYROLL_CLEARING.USD", make.usd("0.00"), (), None)
    assert not found.is_overdue


def test_without_references_the_oldest_is_cleared_first(book: Book) -> None:
    rule(book)
    come(book, "5.00", 9)
    come(book, "3.00", 6)
    come(book, "2.00", 2)
    leave(book, "6.00", 1)

    assert report(book).residual == make.usd("4.00")
    assert left(book) == [("", "2.00", 6), ("", "2.00", 2)]


def test_references_that_net_to_zero_have_cleared_each_other(book: Book) -> None:
    rule(book)
    come(book, "5.00", 9, "A")
    come(book, "5.00", 6, "B")
    leave(book, "5.00", 1, "B")

    assert left(book) == [("A", "5.00", 9)]


def test_the_source_is_the_reference_where_no_other_is_given(book: Book) -> None:
    rule(book)
    come(book, "5.00", 9, source_type="payroll", source_id="PR-1", description="payroll of May")
    come(book, "5.00", 6, source_type="payroll", source_id="PR-2")
    leave(book, "5.00", 1, source_type="payroll", source_id="PR-2")

    (item,) = report(book).items
    assert (item.reference, item.source_type, item.source_id, item.description) == (
        "payroll:PR-1",
        "payroll",
        "PR-1",
        "payroll of May",
    )
    assert (item.other_account_code, item.amount, item.left) == ("CASH.USD", make.usd("5.00"), make.usd("5.00"))


def test_a_residual_on_the_other_side_is_told_with_its_sign(book: Book) -> None:
    rule(book)
    come(book, "5.00", 9)
    leave(book, "7.00", 4)

    assert report(book).residual == make.usd("-2.00")
    assert left(book) == [("", "-2.00", 4)]


def test_what_is_left_adds_up_to_the_residual(book: Book) -> None:
    rule(book)
    for n in range(12):
        come(book, f"{n + 1}.00", 30 - n, f"R{n}" if n % 3 else None)
        if n % 2:
            leave(book, f"{n}.50", 29 - n, f"R{n}" if n % 5 else None)

    found = report(book)

    assert sum(item.left.minor for item in found.items) == found.residual.minor


def test_only_what_is_older_than_its_rule_breaks_the_invariant(book: Book) -> None:
    rule(book, days=5)
    come(book, "5.00", 9, "A")
    come(book, "1.00", 2, "B")
    assert "stands at net -600 USD; the oldest of it is of" in overdue(book)[0]
    assert report(book).is_overdue

    leave(book, "5.00", 1, "A")

    assert overdue(book) == []
    found = report(book)
    assert (found.is_overdue, found.max_age, found.age is not None and found.age.days) == (False, 5 * DAY, 2)


def test_a_rule_can_be_taken_back_and_is_kept(book: Book) -> None:
    rule(book, days=1)
    come(book, "5.00", 9)

    answer = book.do(
        ledger.set_must_be_zero, account=book.clearing, must_be_zero=False, reason="it holds money for a while"
    )

    assert answer is None
    assert book.do(ledger.clearing_report) == []
    assert overdue(book) == []
    assert book.count("ledger.clearing_rules") == 2


def test_a_rule_that_cannot_be_is_refused(book: Book, other: Book) -> None:
    for facts in (
        {"max_age": timedelta(0)},
        {"max_age": DAY, "must_be_zero": False},
        {"reason": ""},
    ):
        with pytest.raises(ledger.MalformedClearingRule):
            book.do(
                ledger.set_must_be_zero, **({"account": book.clearing, "must_be_zero": True, "reason": "x"} | facts)
            )
    with pytest.raises(ledger.AccountNotFound):
        book.do(ledger.set_must_be_zero, account=other.clearing, must_be_zero=True, reason="x")
    assert book.count("ledger.clearing_rules") == 0
