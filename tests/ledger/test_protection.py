"""What the database itself refuses, whoever asks: changes of facts, other tenants' books, writes past the functions."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import sql
from tests import make
from tests.ledger.conftest import Book

from headgate import ledger
from headgate.core.db import Actor, Database
from headgate.core.errors import HeadgateError, NoTenant
from headgate.ledger import Entry, Posting

FACTS = ("entries", "transactions", "refusals", "account_limits", "reservation_requests", "reservation_events")
CLOSING = (
    *("period_closings", "period_reopenings", "period_balances", "settlements", "settlement_legs", "clearing_rules"),
    *("exchange_rates", "conversions", "position_moves", "revaluations", "revaluation_lines"),
)
TABLES = (
    *(*FACTS, "accounts", "reservations", "verified_accounts", "verified_requests"),
    *(*CLOSING, "periods", "balance_monitors"),
)


@pytest.mark.parametrize("table", (*FACTS, *CLOSING))
@pytest.mark.parametrize("who", ["app", "owner", "admin"])
@pytest.mark.parametrize(
    "statement",
    ["UPDATE {} SET tenant_id = tenant_id WHERE false", "DELETE FROM {} WHERE false", "TRUNCATE {} CASCADE"],
)
def test_facts_are_append_only_for_everyone_also_where_no_row_is_touched(
    database: Database, table: str, who: str, statement: str
) -> None:
    with database.connect("admin" if who == "owner" else who) as connection:  # type: ignore[arg-type]
        if who == "owner":
            connection.execute("SET ROLE headgate_owner")
        with pytest.raises(psycopg.Error) as raised:
            connection.execute(sql.SQL(statement).format(sql.Identifier("ledger", table)))  # type: ignore[arg-type]

    # The application has not even the right to try; owner and superuser meet the trigger.
    assert raised.value.sqlstate == ("42501" if who == "app" else "HG002")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.slow
def test_the_application_writes_no_table_of_the_book(book: Book, table: str) -> None:
    for statement in (
        "INSERT INTO {} (tenant_id) VALUES (core.tenant_id())",
        "UPDATE {} SET tenant_id = tenant_id",
        "DELETE FROM {}",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), book.begin() as tx:
            tx.conn.execute(sql.SQL(statement).format(sql.Identifier("ledger", table)))  # type: ignore[arg-type]


def test_the_judge_itself_is_out_of_the_applications_reach(book: Book) -> None:
    """Only its wrappers are: whoever could call it could call anything a reversal."""
    for call in (
        "ledger.post_batch('{k}', NULL, '{1}', '{2}', '{1}', '{USD}', NULL, NULL, NULL, NULL, NULL, '{1}', NULL,"
        " false)",
        "ledger.end_reservations('{1}', 'released')",
        "ledger.expire_overdue('{1}', now())",
        "ledger.announce('a.b', 'x', 1, '{}')",
        "ledger.announce_reservations('a.b', now(), '{1}', '{1}')",
        "ledger.tell_of_reservations('a.b', now(), '{1}', NULL, '{\"{}\"}')",
        "ledger.set_closed('')",
        "ledger.watch('{1}')",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), book.begin() as tx:
            tx.value(f"SELECT {call}")  # type: ignore[arg-type]


def test_another_tenants_book_is_invisible(book: Book, other: Book) -> None:
    other.fund("5.00")
    held = other.reserved("1.00")
    posted = other.post(other.cash, other.client, "1.00")

    with book.begin() as tx:
        for table in (*TABLES, "balances", "legs"):
            query = sql.SQL("SELECT count(*) FROM {} WHERE tenant_id = {}")
            found = tx.conn.execute(query.format(sql.Identifier("ledger", table), sql.Literal(other.tenant.id)))
            assert found.fetchone() == (0,), table
        for name in (other.cash, "nobody"):
            with pytest.raises(ledger.AccountNotFound):
                ledger.balance(tx, name)
        with pytest.raises(ledger.ReservationNotFound):
            ledger.get_reservation(tx, held.id)
        with pytest.raises(ledger.TransactionNotFound):
            ledger.get_transaction(tx, posted.transaction_id)  # type: ignore[union-attr]


def test_another_tenants_accounts_cannot_be_used(book: Book, other: Book) -> None:
    other.fund("5.00")
    held = other.reserved("1.00")
    posted = other.post(other.cash, other.client, "1.00")
    before = other.facts()

    answers = [
        book.post(other.client, book.cash, "1.00"),
        book.post(book.cash, other.client, "1.00"),
        book.do(ledger.post_many, [Posting("m", [Entry(other.client, other.cash, make.usd("1.00"))])])[0],
        book.reserve("1.00", account=other.client),
        book.capture(held, "1.00"),
    ]
    assert [answer.code for answer in answers] == [  # type: ignore[union-attr]
        *["ledger.account_not_found"] * 4,
        "ledger.reservation_not_found",
    ]
    for attack in (
        lambda: book.do(ledger.release, held.id),
        lambda: book.do(ledger.reverse, idempotency_key="r", transaction_id=posted.transaction_id, reason="x"),  # type: ignore[union-attr]
        lambda: book.do(ledger.set_status, other.cash, "frozen", reason="x"),
        lambda: book.do(ledger.set_limits, other.cash, min_balance=None, max_balance=None, reason="x"),
    ):
        with pytest.raises(HeadgateError) as raised:
            attack()
        assert raised.value.status == 404
    book.do(ledger.expire_due)

    assert other.facts() == before


def test_two_tenants_use_the_same_key_and_code(book: Book, other: Book) -> None:
    first, second = (
        book.post(book.cash, book.client, "1.00", key="same"),
        other.post(other.cash, other.client, "2.00", key="same"),
    )

    assert not first.replayed
    assert not second.replayed
    assert other.balance(other.cash) == ("2.00", "0.00", "2.00")


def test_without_a_tenant_nothing_is_read_and_nothing_done(database: Database, book: Book) -> None:
    book.fund("1.00")
    with database.begin(tenant_id=None, actor=Actor.system("test")) as tx:
        for table in (*TABLES, "balances", "legs"):
            found = tx.conn.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier("ledger", table)))
            assert found.fetchone() == (0,), table
    for call in (
        "ledger.post_one('k', 1, 2, 1, 'USD', NULL, NULL, NULL, NULL, NULL)",
        "ledger.post_many('{k}', NULL, '{1}', '{2}', '{1}', '{USD}', NULL, NULL, NULL, NULL, NULL, false)",
        "ledger.reserve_one('k', 1, 1, 'USD', 't', 's', NULL)",
        "ledger.release_many('{1}')",
        "ledger.expire_due()",
        "ledger.reverse_one('k', 1, 'x', NULL, NULL, NULL, NULL, 'proportional')",
        "ledger.post_many_full('{k}', NULL, '{1}', '{2}', '{1}', '{USD}', NULL, NULL, NULL, NULL, NULL, false, NULL,"
        " NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
        "ledger.settle_one('k', 1, NULL, NULL, NULL)",
        "ledger.void_one(1, 'x')",
        "ledger.expire_pending()",
        "ledger.scheduled_due(1, '1 hour')",
        "ledger.tell_still_pending(1, 'x')",
        "ledger.set_account_status(1, 'open', 'x')",
        "ledger.open_account('k', 'k', 'ASSET', 'USD', NULL, false, NULL, 0, 0)",
        "ledger.advance_verified()",
    ):
        with pytest.raises(NoTenant), database.begin(tenant_id=None, actor=Actor.system("test")) as tx:
            tx.value(f"SELECT {call}")  # type: ignore[arg-type]


def test_an_ended_reservation_never_changes_again(book: Book, admin: psycopg.Connection[Any]) -> None:
    book.fund("1.00")
    held = book.reserved("1.00")
    book.do(ledger.release, held.id)

    with pytest.raises(psycopg.Error) as raised:
        admin.execute(
            "UPDATE ledger.reservations SET status = 'active', remaining_minor = 100, released_minor = 0 WHERE id = %s",
            [held.id],
        )

    assert raised.value.sqlstate == "HG003"


def test_no_hand_can_overdraw_an_account(book: Book, admin: psycopg.Connection[Any]) -> None:
    book.fund("1.00")
    book.reserved("1.00")

    for change in (
        "net_minor = 1",
        "net_minor = 0",
        "reserved_minor = 101",
        "reserved_minor = -1",
        "status = 'closed'",
        "type = 'x'",
        "status = 'gone'",
        "code = 'a b'",
        "code = 'acct_0000000000042'",
        "name = ''",
        "currency = 'usd'",
        "purpose = 'lower'",
        "is_default = true, purpose = NULL",
        "lo_minor = hi_minor + 1",
        "closed_through = '2026-01-31', route_to = '2026-01-31'",
    ):
        with pytest.raises(psycopg.errors.CheckViolation):
            admin.execute(f"UPDATE ledger.accounts SET {change} WHERE id = {book.client}")  # type: ignore[call-overload]


def test_an_account_stays_for_what_names_it(book: Book, admin: psycopg.Connection[Any]) -> None:
    for statement in (f"DELETE FROM ledger.accounts WHERE id = {book.client}", "TRUNCATE ledger.accounts CASCADE"):
        with pytest.raises(psycopg.Error) as raised:
            admin.execute(statement)  # type: ignore[call-overload]
        assert raised.value.sqlstate == "HG002"
    with pytest.raises(psycopg.errors.ForeignKeyViolation, match="names the account -1"):
        admin.execute(
            """
            INSERT INTO ledger.balance_monitors
                   (tenant_id, account_id, threshold_minor, created_at, changed_at, is_crossed, what, comparison, name)
            VALUES (%s, -1, 0, now(), now(), false, 'posted', 'below', 'of nobody')
            """,
            (book.tenant.id,),
        )


def test_the_single_reserve_function_answers_as_the_array_does(book: Book) -> None:
    book.fund("1.00")

    with book.begin() as tx:
        made = tx.one("SELECT * FROM ledger.reserve_one('k', %(a)s, 100, 'USD', 'test', 's', NULL)", {"a": book.client})
        again = tx.one(
            "SELECT * FROM ledger.reserve_one('k', %(a)s, 100, 'USD', 'test', 's', NULL)", {"a": book.client}
        )
        more = tx.one("SELECT * FROM ledger.reserve_one('l', %(a)s, 100, 'USD', 'test', 's', NULL)", {"a": book.client})

    assert (made["code"], made["replayed"], again["id"], again["replayed"]) == (0, False, made["id"], True)
    assert (more["code"], more["facts"]["available_minor"]) == (40, 0)
