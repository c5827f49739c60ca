"""Registering payees by the thousand, and what becomes of a changed bank account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from tests import make

from headgate import parties
from headgate.core.db import Database, Tx
from headgate.core.errors import NotFound
from headgate.parties import BankAccountInput, PayeeInput

ONE = BankAccountInput("021000021", "1234567890", "checking")
TWO = BankAccountInput("011401533", "0987654321", "savings")
COUNTED = ("parties", "bank_accounts", "bank_account_changes", "party_changes")


def register(
    tx: Tx, tenant: make.TenantFixture, *payees: PayeeInput, source: str = "art_1"
) -> list[parties.RegisteredPayee]:
    return parties.register_payees(tx, legal_entity_id=tenant.legal_entity_id, payees=payees, source_ref=source)


def counts(tx: Tx) -> dict[str, int]:
    return {table: tx.conn.execute(f"SELECT count(*) FROM parties.{table}").fetchone()[0] for table in COUNTED}  # type: ignore[index, call-overload]


def history(tx: Tx, party_id: str) -> list[tuple[str, str]]:
    return [(change.bank_account_id, change.change) for change in parties.bank_account_history(tx, party_id=party_id)]


def changed_messages(tx: Tx) -> list[dict[str, object]]:
    return [
        row["payload"]
        for row in tx.all(
            """
            SELECT payload FROM messaging.outbox_messages
             WHERE event_type = 'parties.bank_account.changed' ORDER BY id
            """
        )
    ]


def audit_types(tx: Tx) -> list[str]:
    return tx.values("SELECT type FROM audit.events WHERE type LIKE 'parties.%%' ORDER BY id", {})


def test_new_payees_are_made_and_known_ones_recognised(tx: Tx, tenant: make.TenantFixture) -> None:
    first = register(tx, tenant, PayeeInput("E1", "Ann Doe", (ONE,)), PayeeInput("E2", "Bob Roe", (TWO,)))

    again = register(tx, tenant, PayeeInput("E2", "Bob Roe", (TWO,)), PayeeInput("E1", "Ann Doe", (ONE,)))

    assert [payee.is_new for payee in first] == [True, True]
    assert [payee.is_new for payee in again] == [False, False]
    assert [payee.external_id for payee in again] == ["E2", "E1"]
    assert [(p.party_id, p.bank_account_ids) for p in reversed(again)] == [
        (p.party_id, p.bank_account_ids) for p in first
    ]
    assert counts(tx) == {"parties": 2, "bank_accounts": 2, "bank_account_changes": 2, "party_changes": 2}
    assert changed_messages(tx) == []


def test_a_changed_bank_account_is_in_the_history_and_announced(tx: Tx, tenant: make.TenantFixture) -> None:
    [before] = register(tx, tenant, PayeeInput("E1", "Ann Doe", (ONE,)), source="art_old")

    [after] = register(tx, tenant, PayeeInput("E1", "Ann Doe", (TWO,)), source="art_new")

    [old], [new] = before.bank_account_ids, after.bank_account_ids
    assert history(tx, before.party_id) == [(old, "added"), (new, "added"), (old, "replaced")]
    assert {account.id: account.status for account in parties.list_bank_accounts(tx)} == {
        old: "replaced",
        new: "active",
    }
    assert changed_messages(tx) == [
        {"party_id": before.party_id, "added": [new], "reactivated": [], "replaced": [old], "source_ref": "art_new"}
    ]
    assert audit_types(tx) == [
        "parties.bank_account.added",
        "parties.payee.created",
        "parties.bank_account.added",
        "parties.bank_account.replaced",
    ]


def test_an_account_that_comes_back_is_the_same_row(tx: Tx, tenant: make.TenantFixture) -> None:
    [first] = register(tx, tenant, PayeeInput("E1", "Ann Doe", (ONE,)))
    register(tx, tenant, PayeeInput("E1", "Ann Doe", (TWO,)))

    [back] = register(tx, tenant, PayeeInput("E1", "Ann Doe", (ONE,)))

    assert back.bank_account_ids == first.bank_account_ids
    assert [change for _, change in history(tx, first.party_id)] == [
        "added",
        "added",
        "replaced",
        "reactivated",
        "replaced",
    ]
    standing = parties.standings(tx, back.bank_account_ids)[back.bank_account_ids[0]]
    assert standing.changed_at > parties.bank_account_history(tx, party_id=first.party_id)[0].changed_at


def test_a_split_pay_has_several_active_accounts_in_the_order_given(tx: Tx, tenant: make.TenantFixture) -> None:
    [split] = register(tx, tenant, PayeeInput("E1", "Ann Doe", (TWO, ONE)))

    accounts = [parties.get_bank_account(tx, account_id) for account_id in split.bank_account_ids]
    assert [account.last4 for account in accounts] == ["4321", "7890"]
    assert [account.status for account in accounts] == ["active", "active"]


def test_a_payee_without_accounts_keeps_those_it_has(tx: Tx, tenant: make.TenantFixture) -> None:
    [before] = register(tx, tenant, PayeeInput("E1", "Ann Doe", (ONE,)))

    [after] = register(tx, tenant, PayeeInput("E1", "Ann Doe", ()))

    assert after.bank_account_ids == before.bank_account_ids
    assert counts(tx)["bank_account_changes"] == 1


def test_a_new_name_is_taken_over_and_the_old_one_kept(tx: Tx, tenant: make.TenantFixture) -> None:
    [payee] = register(tx, tenant, PayeeInput("E1", "Ann Doe", (ONE,)))

    register(tx, tenant, PayeeInput("E1", "Ann Roe", (ONE,)))

    assert parties.get_party(tx, payee.party_id).name == "Ann Roe"
    assert tx.all("SELECT change, name_before, name_after FROM parties.party_changes ORDER BY id") == [
        {"change": "created", "name_before": None, "name_after": "Ann Doe"},
        {"change": "renamed", "name_before": "Ann Doe", "name_after": "Ann Roe"},
    ]


@pytest.mark.parametrize(
    ("payees", "code", "said"),
    [
        (
            (PayeeInput("E1", "Ann", (ONE,)), PayeeInput("E1", "Ann", (TWO,))),
            "parties.invalid_party",
            "E1 stands 2 times",
        ),
        ((PayeeInput("E1", "", (ONE,)),), "parties.invalid_party", "name must have 1 to 200 characters"),
        ((PayeeInput(" E1", "Ann", (ONE,)),), "parties.invalid_party", "external_id must have 1 to 100 characters"),
        ((PayeeInput("E1", "A\nB", (ONE,)),), "parties.invalid_party", "control character"),
        (
            (PayeeInput("E1", "Ann", (BankAccountInput("021000022", "123456"),)),),
            "parties.invalid_bank_account",
            "check digit",
        ),
        (
            (PayeeInput("E1", "Ann", (BankAccountInput("21000021", "123456"),)),),
            "parties.invalid_bank_account",
            "nine digits",
        ),
        (
            (PayeeInput("E1", "Ann", (BankAccountInput("000000000", "123456"),)),),
            "parties.invalid_bank_account",
            "check digit",
        ),
        (
            (PayeeInput("E1", "Ann", (BankAccountInput("021000021", "-"),)),),
            "parties.invalid_bank_account",
            "account_number",
        ),
        (
            (PayeeInput("E1", "Ann", (BankAccountInput("021000021", "ABCDEF"),)),),
            "parties.invalid_bank_account",
            "one digit",
        ),
        (
            (PayeeInput("E1", "Ann", (BankAccountInput("021000021", "1" * 18),)),),
            "parties.invalid_bank_account",
            "1 to 17",
        ),
        (
            (PayeeInput("E1", "Ann", (BankAccountInput("021000021", "12.34"),)),),
            "parties.invalid_bank_account",
            "1 to 17",
        ),
        (
            (PayeeInput("E1", "Ann", (BankAccountInput("021000021", "123456", "loan"),)),),  # type: ignore[arg-type]
            "parties.invalid_bank_account",
            "checking or savings",
        ),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_made(
    tx: Tx, tenant: make.TenantFixture, payees: tuple[PayeeInput, ...], code: str, said: str
) -> None:
    with pytest.raises((parties.InvalidParty, parties.InvalidBankAccount), match=said) as refused:
        register(tx, tenant, PayeeInput("E0", "Good", (TWO,)), *payees)

    assert refused.value.code == code
    assert counts(tx) == dict.fromkeys(COUNTED, 0)


def test_an_unknown_legal_entity_is_refused(tx: Tx, tenant: make.TenantFixture) -> None:
    with pytest.raises(NotFound, match="legal entity"):
        parties.register_payees(
            tx,
            legal_entity_id="le_00000000000000000000000000",
            payees=[PayeeInput("E1", "Ann", (ONE,))],
            source_ref="x",
        )

    assert counts(tx) == dict.fromkeys(COUNTED, 0)


def test_nothing_is_registered_of_an_empty_register(tx: Tx, tenant: make.TenantFixture) -> None:
    assert register(tx, tenant) == []


@pytest.mark.slow
def test_five_thousand_payees_take_a_handful_of_round_trips(
    database: Database, tenant: make.TenantFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    payees = [
        PayeeInput(f"E{n}", f"Payee {n}", (BankAccountInput("021000021", f"{10_000_000 + n}"),)) for n in range(5000)
    ]
    asked = []
    monkeypatch.setattr(Tx, "all", _counting(Tx.all, asked))
    monkeypatch.setattr(Tx, "run", _counting(Tx.run, asked))
    monkeypatch.setattr(Tx, "values", _counting(Tx.values, asked))
    monkeypatch.setattr(Tx, "value", _counting(Tx.value, asked))

    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        made = register(tx, tenant, *payees)

    assert len({payee.party_id for payee in made}) == 5000
    assert len(asked) <= 20


def _counting(verb, asked):  # type: ignore[no-untyped-def]
    def counted(*args, **kwargs):  # type: ignore[no-untyped-def]
        asked.append(args[1])
        return verb(*args, **kwargs)

    return counted


def test_a_tenant_younger_than_the_statistics_reads_each_of_its_accounts_once(
    database: Database, admin: psycopg.Connection[Any]
) -> None:
    """What a payroll asks of its payees' accounts grows with their number, not with its square."""
    count = 200
    payees = [PayeeInput(f"E-{n}", f"Ada {n}", (BankAccountInput("021000021", f"55{n:08d}"),)) for n in range(count)]
    old, young = make.tenant(database), make.tenant(database)
    with database.begin(tenant_id=old.id, actor=make.ACTOR) as tx:
        register(tx, old, *payees)
    admin.execute("ANALYZE parties.parties, parties.bank_accounts, parties.bank_account_changes")
    with database.begin(tenant_id=young.id, actor=make.ACTOR) as tx:
        made = register(tx, young, *payees)
    pairs = [(one.party_id, one.bank_account_ids[0]) for one in made]
    accounts = [account for _, account in pairs]
    asked: dict[str, Callable[[Tx], object]] = {
        "not_of": lambda tx: parties.not_of(tx, young.legal_entity_id, pairs),
        "standings": lambda tx: parties.standings(tx, accounts),
        "unpayable": lambda tx: parties.unpayable(tx, accounts),
        "changed_accounts": lambda tx: parties.changed_accounts(tx, accounts),
        "bank_accounts_for_sending": lambda tx: parties.bank_accounts_for_sending(tx, accounts),
    }
    read = {}
    for name, ask in asked.items():
        with database.begin(tenant_id=young.id, actor=make.ACTOR) as tx:
            before = rows_read(tx)
            ask(tx)
            read[name] = rows_read(tx) - before

    assert {name: rows for name, rows in read.items() if rows > 20 * count} == {}


def rows_read(tx: Tx) -> int:
    """How many rows of the domain's tables this connection has read lately."""
    return int(
        tx.value(
            "SELECT sum(coalesce(idx_tup_fetch, 0) + coalesce(seq_tup_read, 0)) FROM pg_stat_xact_user_tables"
            " WHERE schemaname = 'parties'"
        )
    )
