"""Accounts and the chart: opened, found, frozen, closed and limited; a missing purpose is named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests import make
from tests.ledger.conftest import Book

from headgate import ledger, tenants
from headgate.core import ids
from headgate.core.errors import HeadgateError
from headgate.core.money import Money, UnknownCurrency
from headgate.ledger import Posted


def opened(book: Book, **facts: Any) -> ledger.Account:
    given = {"code": "a", "name": "A", "type": "ASSET", "currency": "USD"} | facts
    account = book.do(ledger.create_account, **given)
    assert isinstance(account, ledger.Account)
    return account


def test_an_account_is_found_by_number_id_and_code(book: Book) -> None:
    account = opened(book, code="1000.Main:x-y_z", purpose="TILL")

    for name in (account.id, ids.encode("acct", account.id), account.code):
        assert book.do(ledger.get_account, name) == account
        assert book.do(ledger.balance, name).posted == make.usd("0.00")
    assert book.do(ledger.resolve_accounts, [account.id, account.code]) == {
        account.id: account.id,
        account.code: account.id,
    }
    assert (account.min_balance, account.max_balance, account.status, account.is_default) == (None, None, "open", False)
    with book.begin() as tx:
        assert tx.value("SELECT count(*) FROM messaging.outbox_messages WHERE event_type = 'ledger.account.opened'") > 0


@pytest.mark.parametrize(
    "name", [2**40, "nobody", "acct_0000000000000", "txn_0000000000000", "acct_01m7yhkk2rfvbbnhpgqmndem21"]
)
def test_an_unknown_account_is_not_found(book: Book, name: int | str) -> None:
    for verb in (ledger.get_account, ledger.balance):
        with pytest.raises(ledger.AccountNotFound):
            book.do(verb, name)
    with pytest.raises(ledger.AccountNotFound):
        book.do(ledger.resolve_accounts, [book.cash, name])


@pytest.mark.parametrize(
    ("facts", "error"),
    [
        ({"code": ""}, ledger.MalformedAccount),
        ({"code": "a b"}, ledger.MalformedAccount),
        ({"code": "a/b"}, ledger.MalformedAccount),
        ({"code": "-a"}, ledger.MalformedAccount),
        ({"code": "a" * 101}, ledger.MalformedAccount),
        ({"code": "acct_0000000000042"}, ledger.MalformedAccount),
        ({"code": "pay_00000000000000000000000000"}, ledger.MalformedAccount),
        ({"name": ""}, ledger.MalformedAccount),
        ({"name": "a" * 201}, ledger.MalformedAccount),
        ({"type": "asset"}, ledger.MalformedAccount),
        ({"currency": "usd"}, UnknownCurrency),
        ({"currency": "ZZZ"}, UnknownCurrency),
        ({"purpose": "cash"}, ledger.MalformedAccount),
        ({"is_default": True}, ledger.MalformedAccount),
        ({"min_balance": Money(1, "USD")}, ledger.MalformedAccount),
        ({"max_balance": Money(-1, "USD")}, ledger.MalformedAccount),
        ({"min_balance": Money(0, "EUR")}, ledger.MalformedAccount),
        ({"max_balance": Money(2**62, "USD")}, ledger.MalformedAccount),
        ({"legal_entity_id": "le_00000000000000000000000000"}, ledger.UnknownLegalEntity),
        ({"code": "CASH.USD"}, ledger.AccountExists),
        ({"purpose": "CASH", "is_default": True}, ledger.DefaultExists),
    ],
)
@pytest.mark.slow
def test_what_cannot_be_an_account_is_a_specific_error(
    book: Book, facts: dict[str, Any], error: type[HeadgateError]
) -> None:
    before = book.count("ledger.accounts")

    with pytest.raises(error):
        opened(book, **facts)

    assert book.count("ledger.accounts") == before


def test_the_database_refuses_a_code_shaped_like_an_id_by_itself(book: Book) -> None:
    for code in ("acct_0000000000042", "a b"):
        with pytest.raises(Exception, match="accounts_code"), book.begin() as tx:
            tx.run(
                "SELECT ledger.open_account(%(code)s, 'x', 'ASSET', 'USD', NULL, false, NULL, -1, 1)", {"code": code}
            )


@pytest.mark.parametrize("type", ["ASSET", "LIABILITY", "EQUITY", "REVENUE", "EXPENSE"])
def test_limits_are_on_the_normal_side(book: Book, type: str) -> None:
    account = opened(book, type=type, min_balance=make.usd("-1.00"), max_balance=make.usd("2.00"))
    assert (account.min_balance, account.max_balance) == (make.usd("-1.00"), make.usd("2.00"))
    up, down = (account.id, book.cash), (book.cash, account.id)
    if type not in ("ASSET", "EXPENSE"):
        up, down = down, up

    assert getattr(book.post(*up, "2.01"), "code", "") == "ledger.balance_limit_exceeded"
    assert isinstance(book.post(*up, "2.00"), Posted)
    assert book.balance(account.id) == ("2.00", "0.00", "2.00")
    assert getattr(book.post(*down, "3.01"), "code", "") == "ledger.insufficient_funds"
    assert isinstance(book.post(*down, "3.00"), Posted)


def test_limits_can_be_changed_where_the_balance_allows(book: Book) -> None:
    book.fund("5.00")
    book.reserved("2.00")

    with pytest.raises(ledger.BalanceBeyondLimits):
        book.do(ledger.set_limits, book.client, min_balance=make.usd("3.01"), max_balance=None, reason="a test")
    changed = book.do(ledger.set_limits, book.client, min_balance=make.usd("3.00"), max_balance=None, reason="a test")

    assert changed.min_balance == make.usd("3.00")
    assert getattr(book.post(book.client, book.clearing, "0.01"), "code", "") == "ledger.insufficient_funds"
    with pytest.raises(ledger.MalformedAccount):
        book.do(
            ledger.set_limits, book.client, min_balance=make.usd("3.00"), max_balance=make.usd("2.00"), reason="a test"
        )
    with pytest.raises(ledger.AccountNotFound), book.begin() as tx:
        tx.run("SELECT ledger.set_account_limits(0, 0, 0, 'x')")


def test_an_account_is_frozen_reopened_and_closed_when_empty(book: Book) -> None:
    account = opened(book).id
    book.post(account, book.client, "1.00")
    book.do(ledger.set_status, account, "frozen", reason="a doubt")
    assert getattr(book.post(account, book.client, "1.00"), "code", "") == "ledger.account_frozen"
    with pytest.raises(ledger.AccountNotEmpty) as raised:
        book.do(ledger.set_status, account, "closed", reason="done")
    assert raised.value.facts == {
        "net_minor": 100,
        "reserved_minor": 0,
        "pending_out_minor": 0,
        "pending_in_minor": 0,
    }

    assert book.do(ledger.set_status, account, "open", reason="cleared").status == "open"
    book.post(book.client, account, "1.00")
    assert book.do(ledger.set_status, account, "closed", reason="done").status == "closed"
    assert book.do(ledger.set_status, account, "closed", reason="done").status == "closed"

    with pytest.raises(ledger.AccountClosed):
        book.do(ledger.set_status, account, "open", reason="again")
    with pytest.raises(ledger.AccountNotFound), book.begin() as tx:
        tx.run("SELECT ledger.set_account_status(0, 'frozen', 'x')")


def test_an_overdue_reservation_stands_in_the_way_of_nothing(book: Book) -> None:
    account = opened(book, type="LIABILITY", min_balance=make.usd("0.00")).id
    book.post(book.cash, account, "5.00")
    book.reserved("5.00", account=account, expires_at=datetime.now(UTC) + timedelta(hours=1))
    with pytest.raises(ledger.BalanceBeyondLimits):
        book.do(ledger.set_limits, account, min_balance=make.usd("0.01"), max_balance=None, reason="a test")
    book.do(tenants.move_clock, by=timedelta(hours=2))

    book.do(ledger.set_limits, account, min_balance=make.usd("0.00"), max_balance=make.usd("5.00"), reason="a test")
    assert isinstance(book.post(account, book.cash, "5.00"), Posted)
    assert book.do(ledger.set_status, account, "closed", reason="done").status == "closed"


def test_the_chart_is_seeded_once_by_purpose(book: Book) -> None:
    names = {
        *("CASH", "REVENUE", "REFUND_EXPENSE", "CLIENT_FUNDS", "PAYROLL_CLEARING", "SETTLEMENT_CLEARING"),
        *("RETURNS_RECEIVABLE", "SUSPENSE", "FEES", "FX_POSITION", "FX_GAIN_LOSS", "CHARGEBACK_LOSS"),
        *("OPENING_BALANCES", "OWN_FUNDS", "PROVISIONAL_FUNDS", "LOAN_PRINCIPAL", "LOAN_INTEREST", "LOAN_ESCROW"),
        *("LOAN_SUSPENSE", "LOAN_OVERPAYMENTS", "LOAN_RECOVERIES"),
    }
    assert {purpose.name for purpose in ledger.purposes()} == names
    with book.begin() as tx:
        assert ledger.seed_chart(tx, legal_entity_id=book.tenant.legal_entity_id, currency="USD") == []
        euros = ledger.seed_chart(tx, currency="EUR")
    assert {account.purpose for account in euros} == names - {"CLIENT_FUNDS", "PROVISIONAL_FUNDS"}
    client = book.do(ledger.get_account, book.client)
    assert (client.type, client.legal_entity_id, client.min_balance) == (
        "LIABILITY",
        book.tenant.legal_entity_id,
        make.usd("0.00"),
    )


def test_a_missing_purpose_is_an_error_that_names_it(book: Book) -> None:
    for purpose, currency, entity in (("NONSENSE", "USD", None), ("CASH", "JPY", None), ("CLIENT_FUNDS", "USD", None)):
        with pytest.raises(ledger.MissingPurpose, match=purpose) as raised:
            book.do(ledger.account_for, purpose, currency, entity)
        assert raised.value.facts["currency"] == currency


def test_a_legal_entitys_own_default_comes_before_the_tenants(book: Book) -> None:
    entity = book.tenant.legal_entity_id
    assert book.do(ledger.account_for, "FEES", "USD", entity).legal_entity_id is None

    own = opened(book, code="own", type="REVENUE", purpose="FEES", is_default=True, legal_entity_id=entity)

    assert book.do(ledger.account_for, "FEES", "USD", entity) == own
    assert book.do(ledger.account_for, "FEES", "USD").legal_entity_id is None


def test_lists_go_on_after_a_code(book: Book) -> None:
    with book.begin() as tx:
        every = ledger.list_accounts(tx, limit=100)
        first = ledger.list_accounts(tx, limit=5)
        assert first + ledger.list_accounts(tx, after=first[-1].code, limit=100) == every
        assert [account.code for account in every] == sorted(account.code for account in every)
        assert {account.type for account in ledger.list_accounts(tx, type="REVENUE")} == {"REVENUE"}
        assert len(ledger.list_accounts(tx, purpose="CASH", currency="USD", status="open")) == 1
        own = ledger.list_accounts(tx, legal_entity_id=book.tenant.legal_entity_id)
        assert [a.purpose for a in own] == ["CLIENT_FUNDS", "PROVISIONAL_FUNDS"] and own[0].id == book.client
        shown = ledger.balances(tx, currency="USD", purpose="CASH")
        assert [(b.account_id, b.balance.posted) for b in shown] == [(book.cash, make.usd("0.00"))]
        assert [b.code for b in ledger.balances(tx, after=first[-1].code, limit=100)] == [a.code for a in every[5:]]
