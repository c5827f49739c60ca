"""Opening balances: every line of the file or none, once, with control totals that the book agrees with."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests import make
from tests.ledger.conftest import Book
from tests.ledger.late import check_marks
from tests.ledger.test_report_doors import run as run

from headgate import ledger, tenants
from headgate.core.errors import HeadgateError, Malformed, Refused
from headgate.ledger import OpeningReport, OpeningTotals

pytestmark = pytest.mark.slow

HEADER = "account,balance,currency,effective_on\n"


def client_code(book: Book) -> str:
    return f"CLIENT_FUNDS.USD.{book.tenant.legal_entity_id}"


def good(book: Book) -> str:
    return (
        HEADER
        + "CASH.USD,150.00,USD,2026-01-02\n"
        + f"{client_code(book)},120.00,USD,2026-01-02\n"
        + "PAYROLL_CLEARING.USD,-5.00,USD,\n"
        + "FEES.USD,0.00,USD,\n"
    )


def bring_in(book: Book, text: str, **facts: Any) -> OpeningReport:
    report: OpeningReport = book.do(ledger.import_opening_balances, text.encode(), **facts)
    return report


def posted(book: Book, code: str, as_of: date | None = None) -> str:
    return str(book.do(ledger.balance, code, as_of=as_of).posted.major)


def test_every_balance_is_brought_in_with_its_proof(book: Book, admin: psycopg.Connection[Any]) -> None:
    report = bring_in(book, good(book))
    check_marks(admin, book.tenant.id)

    assert report.totals == [
        OpeningTotals("USD", lines=4, debits_minor=15500, credits_minor=12000, opening_balances_minor=3500)
    ]
    assert (report.lines, report.posted, report.faults) == (4, 3, [])
    assert [posted(book, code) for code in ("CASH.USD", client_code(book), "PAYROLL_CLEARING.USD", "FEES.USD")] == [
        "150.00",
        "120.00",
        "-5.00",
        "0.00",
    ]
    assert posted(book, "OPENING_BALANCES.USD") == "35.00"
    assert posted(book, "CASH.USD", date(2026, 1, 1)) == "0.00"
    (cash,) = book.do(ledger.transactions_of_source, "opening_balance", "CASH.USD")
    assert (cash.effective_at.isoformat(), cash.effective_on) == ("2026-01-02T00:00:00+00:00", date(2026, 1, 2))
    (client,) = book.do(ledger.transactions_of_source, "opening_balance", client_code(book))
    assert (client.effective_at.isoformat(), client.effective_on) == ("2026-01-02T06:00:00+00:00", date(2026, 1, 2))


def test_the_same_file_again_gives_the_first_report(book: Book) -> None:
    first = bring_in(book, good(book))
    before = book.facts()

    again = bring_in(book, good(book))

    assert again.replayed
    assert (again.file_hash, again.totals, again.posted) == (first.file_hash, first.totals, 3)
    assert book.facts() == before


def test_an_accounts_balance_is_brought_in_once_unless_it_was_taken_back(book: Book) -> None:
    bring_in(book, HEADER + "CASH.USD,1.00,USD,\n")
    report = bring_in(book, HEADER + "CASH.USD,2.00,USD,\n")

    assert [(fault.line, fault.field) for fault in report.faults] == [(2, "account")]
    assert posted(book, "CASH.USD") == "1.00"

    (first,) = book.do(ledger.transactions_of_source, "opening_balance", "CASH.USD")
    book.do(ledger.reverse, idempotency_key="r", transaction_id=first.id, reason="wrong")
    assert bring_in(book, HEADER + "CASH.USD,2.00,USD,\n").posted == 1
    assert posted(book, "CASH.USD") == "2.00"


def test_every_bad_line_is_named_and_nothing_is_posted(book: Book) -> None:
    with book.begin() as tx:
        ledger.create_account(tx, code="euros", name="Euros", type="ASSET", currency="EUR")
    before = book.facts()

    report = bring_in(
        book,
        HEADER
        + "CASH.USD,1.00,USD,2026-01-02\n"
        + "nobody,1.00,USD,\n"
        + "euros,1.00,USD,\n"
        + "FEES.USD,1.005,USD,\n"
        + "FEES.USD,1.00,ZZZ,\n"
        + "REVENUE.USD,much,USD,2026-02-30\n"
        + "SUSPENSE.USD,1.00,USD,2099-01-01\n"
        + "CASH.USD,1.00,USD,\n"
        + "\n"
        + "REVENUE.USD,1.00\n"
        + "OPENING_BALANCES.USD,9999999999999999999.00,USD,\n",
    )

    assert [(fault.line, fault.field) for fault in report.faults] == [
        (3, "account"),
        (4, "currency"),
        (5, "balance"),
        (6, "account"),
        (6, "currency"),
        (7, "balance"),
        (7, "effective_on"),
        (8, "effective_on"),
        (9, "account"),
        (11, "line"),
        (12, "balance"),
    ]
    assert (report.posted, book.facts()) == (0, before)


def test_a_rule_of_the_book_refuses_its_line_and_takes_all_back(book: Book) -> None:
    before = book.facts()

    report = bring_in(book, HEADER + f"CASH.USD,1.00,USD,\n{client_code(book)},-1.00,USD,\n")

    assert [(fault.line, fault.field) for fault in report.faults] == [(3, "balance")]
    assert report.faults[0].message.startswith("ledger.insufficient_funds")
    assert (report.posted, book.facts()) == (0, before)


def test_a_dry_run_proves_and_posts_nothing(book: Book) -> None:
    before = book.facts()

    report = bring_in(book, good(book), dry_run=True)

    assert (report.dry_run, report.posted, report.faults, report.totals[0].debits_minor) == (True, 0, [], 15500)
    assert book.facts() == before
    assert not bring_in(book, good(book)).replayed


@pytest.mark.parametrize(
    "text", ["", "account,balance\n", HEADER, HEADER + '"unclosed', "account,account,balance,currency\nx\n"]
)
def test_what_is_no_such_file_is_an_error(book: Book, text: str) -> None:
    with pytest.raises(Malformed):
        bring_in(book, text)


def test_a_chart_without_the_equity_account_is_told_so(book: Book) -> None:
    with book.begin() as tx:
        ledger.create_account(tx, code="euros", name="Euros", type="ASSET", currency="EUR")

    with pytest.raises(HeadgateError) as raised:
        bring_in(book, HEADER + "euros,1.00,EUR,\n")

    assert raised.value.code == "ledger.missing_purpose"


def test_another_tenant_may_bring_in_the_same_file(book: Book, other: Book) -> None:
    text = HEADER + "CASH.USD,1.00,USD,\n"

    assert (bring_in(book, text).replayed, bring_in(other, text).replayed) == (False, False)


def test_from_the_command_line(run: Any, book: Book, tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text(good(book))

    assert '"dry_run": true' in run("import-opening-balances", str(tmp_path / "good.csv"), "--dry-run", "--json")
    assert posted(book, "CASH.USD") == "0.00"
    assert '"posted": 3' in run("import-opening-balances", str(tmp_path / "good.csv"), "--json")
    assert posted(book, "CASH.USD") == str(make.usd("150.00").major)
    with pytest.raises(Malformed):
        run("import-opening-balances", str(tmp_path / "none.csv"))


def test_a_reversal_that_was_refused_or_partial_leaves_the_balance_brought_in(book: Book) -> None:
    bring_in(book, HEADER + "CASH.USD,150.00,USD,\n")
    (opening,) = book.do(ledger.transactions_of_source, "opening_balance", "CASH.USD")
    back = {"transaction_id": opening.id, "reason": "wrong"}
    book.do(ledger.set_status, "CASH.USD", "frozen", reason="a test")
    assert isinstance(book.do(ledger.reverse, idempotency_key="refused", **back), Refused)
    book.do(ledger.set_status, "CASH.USD", "open", reason="a test")

    assert [fault.field for fault in bring_in(book, HEADER + "CASH.USD,151.00,USD,\n").faults] == ["account"]

    book.do(ledger.reverse, idempotency_key="part", amount=make.usd("1.00"), **back)
    assert [fault.field for fault in bring_in(book, HEADER + "CASH.USD,152.00,USD,\n").faults] == ["account"]
    assert posted(book, "CASH.USD") == "149.00"

    book.do(ledger.reverse, idempotency_key="rest", **back)
    assert bring_in(book, HEADER + "CASH.USD,153.00,USD,\n").posted == 1
    assert posted(book, "CASH.USD") == "153.00"


def test_what_the_database_cannot_hold_is_a_fault_of_its_line(book: Book) -> None:
    with book.begin() as tx:
        tokyo = tenants.create_legal_entity(tx, name="Tokyo", time_zone="Asia/Tokyo", currency="USD").id
        ledger.seed_chart(tx, currency="USD", legal_entity_id=tokyo)

    report = bring_in(book, HEADER + f"CA\0SH.USD,1.00,USD,2026-01-02\nCLIENT_FUNDS.USD.{tokyo},1.00,USD,0001-01-01\n")

    assert [(fault.line, fault.field) for fault in report.faults] == [(2, "account"), (3, "effective_on")]
