"""Bank accounts: sealed, found again, in and out of use, verified on evidence, opened for the file writer alone."""

from __future__ import annotations

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import make

from headgate import parties
from headgate.core.db import Database, Tx
from headgate.core.errors import AppendOnly, IllegalMove
from headgate.parties import BankAccountInput
from headgate.parties.errors import NoEvidence
from headgate.parties.model import last_digits

pytestmark = pytest.mark.slow

NUMBER = "1234567890"
ACCOUNT = BankAccountInput("021000021", NUMBER)
OTHER = BankAccountInput("011401533", "5556667777", "savings")


@pytest.fixture
def party(tx: Tx, tenant: make.TenantFixture) -> parties.Party:
    return parties.create_party(
        tx, kind="payee", external_id="E1", name="Ann Doe", legal_entity_id=tenant.legal_entity_id
    )


def test_the_number_is_sealed_and_shown_by_its_last_digits(tx: Tx, party: parties.Party) -> None:
    added = parties.add_bank_account(tx, party_id=party.id, account=ACCOUNT)

    row = tx.one("SELECT * FROM parties.bank_accounts")
    assert added.last4 == row["last4"] == "7890"
    assert NUMBER.encode() not in bytes(row["account_number_sealed"])
    assert all(NUMBER not in str(value) for value in row.values())
    assert NUMBER not in repr(ACCOUNT)


def test_only_the_file_writer_opens_it(tx: Tx, party: parties.Party) -> None:
    added = parties.add_bank_account(tx, party_id=party.id, account=ACCOUNT)

    opened = parties.bank_accounts_for_sending(tx, [added.id])[added.id]

    assert (opened.routing_number, opened.account_number, opened.name) == ("021000021", NUMBER, "Ann Doe")
    assert NUMBER not in repr(opened)
    assert "Ann" not in repr(opened)
    with pytest.raises(parties.NoSuchBankAccount):
        parties.bank_accounts_for_sending(tx, [added.id, "bac_none"])


@pytest.mark.parametrize("again", ["1234567890", "123-456-7890", "1234 567 890"])
def test_the_same_account_again_is_the_same_row(tx: Tx, party: parties.Party, again: str) -> None:
    first = parties.add_bank_account(tx, party_id=party.id, account=ACCOUNT)

    second = parties.add_bank_account(tx, party_id=party.id, account=BankAccountInput("021000021", again))

    assert second == first
    assert tx.value("SELECT count(*) FROM parties.bank_account_changes") == 1


def test_replace_takes_the_others_out_of_use(tx: Tx, party: parties.Party) -> None:
    first = parties.add_bank_account(tx, party_id=party.id, account=ACCOUNT)
    beside = parties.add_bank_account(tx, party_id=party.id, account=OTHER)
    assert [account.status for account in parties.list_bank_accounts(tx, party_id=party.id)] == ["active", "active"]

    parties.add_bank_account(tx, party_id=party.id, account=OTHER, replace=True)

    assert parties.get_bank_account(tx, first.id).status == "replaced"
    assert parties.get_bank_account(tx, beside.id).status == "active"


def test_a_closed_account_stays_closed(tx: Tx, party: parties.Party) -> None:
    added = parties.add_bank_account(tx, party_id=party.id, account=ACCOUNT)
    closed = parties.close_bank_account(tx, bank_account_id=added.id)
    assert closed.status == "closed"
    assert parties.close_bank_account(tx, bank_account_id=added.id) == closed

    with pytest.raises(parties.BankAccountClosed, match="7890"):
        parties.add_bank_account(tx, party_id=party.id, account=ACCOUNT)

    assert parties.get_bank_account(tx, added.id).status == "closed"
    assert not parties.standings(tx, [added.id])[added.id].may_be_paid


@pytest.mark.parametrize("account", [BankAccountInput("123456789", NUMBER), BankAccountInput("021000021", "x")])
def test_a_bad_account_is_refused_and_its_number_not_repeated(
    tx: Tx, party: parties.Party, account: BankAccountInput
) -> None:
    with pytest.raises(parties.InvalidBankAccount) as refused:
        parties.add_bank_account(tx, party_id=party.id, account=account)

    assert NUMBER not in str(refused.value)
    assert tx.value("SELECT count(*) FROM parties.bank_accounts") == 0


def test_a_closed_party_gets_no_account(tx: Tx, party: parties.Party) -> None:
    parties.close_party(tx, party_id=party.id)

    with pytest.raises(parties.PartyClosed):
        parties.add_bank_account(tx, party_id=party.id, account=ACCOUNT)

    assert tx.value("SELECT count(*) FROM parties.bank_accounts") == 0


def test_verification_follows_its_evidence(tx: Tx, party: parties.Party) -> None:
    added = parties.add_bank_account(tx, party_id=party.id, account=ACCOUNT)

    states = [
        parties.record_verification(
            tx, bank_account_id=added.id, method="prenote", outcome=outcome, evidence_ref="fil_1"
        ).verification
        for outcome in ("pending", "verified", "verified", "failed")
    ]

    assert states == ["pending", "verified", "verified", "failed"]
    changes = [change.change for change in parties.bank_account_history(tx, party_id=party.id)]
    assert changes == ["added", "verification_pending", "verification_verified", "verification_failed"]
    assert tx.value("SELECT count(*) FROM parties.verifications") == 4
    assert not parties.standings(tx, [added.id])[added.id].may_be_paid


def test_nobody_calls_an_account_verified_without_evidence(tx: Tx, party: parties.Party) -> None:
    added = parties.add_bank_account(tx, party_id=party.id, account=ACCOUNT)

    with pytest.raises(NoEvidence), tx.savepoint():
        tx.run("UPDATE parties.bank_accounts SET verification = 'verified'")

    assert parties.get_bank_account(tx, added.id).verification == "unverified"


def test_an_account_makes_legal_moves_only(tx: Tx, party: parties.Party) -> None:
    added = parties.add_bank_account(tx, party_id=party.id, account=ACCOUNT)
    parties.close_bank_account(tx, bank_account_id=added.id)

    with pytest.raises(IllegalMove), tx.savepoint():
        tx.run("UPDATE parties.bank_accounts SET status = 'active'")
    for column, value in (("status", "closed"), ("verification", "verified")):
        with pytest.raises(IllegalMove), tx.savepoint():
            tx.conn.execute(
                f"""
                INSERT INTO parties.bank_accounts (tenant_id, id, party_id, routing_number, account_number_sealed,
                       fingerprint, last4, account_type, created_at, {column})
                SELECT tenant_id, 'bac_2', party_id, routing_number, '', '', '', 'savings', now(), '{value}'
                  FROM parties.bank_accounts
                """  # type: ignore[call-overload]
            )


@pytest.mark.parametrize("table", ["bank_account_changes", "party_changes", "verifications"])
@pytest.mark.parametrize(
    "statement",
    ["UPDATE parties.{} SET tenant_id = tenant_id WHERE false", "DELETE FROM parties.{}", "TRUNCATE parties.{}"],
)
def test_the_history_is_append_only_for_a_superuser_too(
    admin: psycopg.Connection[object], table: str, statement: str
) -> None:
    with pytest.raises(psycopg.Error) as refused:
        admin.execute(statement.format(table))  # type: ignore[call-overload]

    assert refused.value.sqlstate == AppendOnly.sqlstate


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO parties.bank_account_changes (tenant_id, party_id, bank_account_id, change, changed_at) "
        "SELECT tenant_id, party_id, id, 'added', now() FROM parties.bank_accounts",
        "UPDATE parties.bank_accounts SET routing_number = '011401533'",
        "UPDATE parties.bank_accounts SET fingerprint = ''",
        "UPDATE parties.bank_accounts SET account_number_sealed = ''",
        "DELETE FROM parties.bank_accounts",
        "DELETE FROM parties.parties",
    ],
)
def test_the_application_cannot_forge_history_nor_change_a_number(tx: Tx, party: parties.Party, statement: str) -> None:
    parties.add_bank_account(tx, party_id=party.id, account=ACCOUNT)

    with pytest.raises(psycopg.errors.InsufficientPrivilege), tx.savepoint():
        tx.conn.execute(statement)  # type: ignore[call-overload]


def test_another_tenant_sees_nothing(database: Database, tx: Tx, party: parties.Party) -> None:
    added = parties.add_bank_account(tx, party_id=party.id, account=ACCOUNT)
    tx.conn.execute("SAVEPOINT here")
    other = make.tenant(database)

    with database.begin(tenant_id=other.id, actor=make.ACTOR) as stranger:
        assert parties.list_parties(stranger) == []
        assert parties.standings(stranger, [added.id]) == {}
        with pytest.raises(parties.NoSuchBankAccount):
            parties.get_bank_account(stranger, added.id)


@given(st.text("0123456789ABCDEF-", min_size=1, max_size=17))
def test_never_more_than_half_of_a_number_is_shown(number: str) -> None:
    shown = last_digits(number)

    assert len(shown) == min(4, len(number) // 2)
    assert number.endswith(shown)


@given(st.integers(0, 10**8 - 1), st.integers(0, 8), st.integers(1, 9))
def test_a_routing_number_with_one_digit_wrong_fails_its_check(first_eight: int, at: int, by: int) -> None:
    digits = f"{first_eight:08d}"
    good = next((f"{digits}{last}" for last in range(10) if parties.routing_number_checks(f"{digits}{last}")), None)
    if good is None:  # Eight zeros: no ninth digit makes a routing number.
        assert first_eight == 0
        return

    wrong = good[:at] + str((int(good[at]) + by) % 10) + good[at + 1 :]

    assert not parties.routing_number_checks(wrong)
