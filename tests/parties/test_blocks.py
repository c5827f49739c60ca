"""Blocks: a party, or an account number wherever it turns up."""

from __future__ import annotations

import pytest
from tests import make

from headgate import parties
from headgate.core.db import Tx
from headgate.core.errors import IllegalMove
from headgate.parties import BankAccountInput, PayeeInput

ACCOUNT = BankAccountInput("021000021", "1234567890")
OTHER = BankAccountInput("021000021", "9999999999")


@pytest.fixture
def payees(tx: Tx, tenant: make.TenantFixture) -> list[parties.RegisteredPayee]:
    """Ann and Bob have one account number; Cid has another."""
    given = [
        PayeeInput("E1", "Ann", (ACCOUNT,)),
        PayeeInput("E2", "Bob", (ACCOUNT,)),
        PayeeInput("E3", "Cid", (OTHER,)),
    ]
    return parties.register_payees(tx, legal_entity_id=tenant.legal_entity_id, payees=given, source_ref="art_1")


def blocked(tx: Tx, payees: list[parties.RegisteredPayee]) -> list[tuple[str, ...]]:
    account_ids = [payee.bank_account_ids[0] for payee in payees]
    found = parties.standings(tx, account_ids)
    assert [found[one].may_be_paid for one in account_ids] == [not found[one].blocked for one in account_ids]
    return [found[one].blocked for one in account_ids]


def test_a_blocked_number_is_blocked_at_everyone_who_has_it(tx: Tx, payees: list[parties.RegisteredPayee]) -> None:
    block = parties.block_bank_account(tx, bank_account_id=payees[0].bank_account_ids[0], reason="fraud")

    assert block.party_id is None
    assert blocked(tx, payees) == [("fraud",), ("fraud",), ()]


def test_a_blocked_number_is_blocked_where_it_turns_up_later(
    tx: Tx, tenant: make.TenantFixture, payees: list[parties.RegisteredPayee]
) -> None:
    parties.block_bank_account(tx, bank_account_id=payees[2].bank_account_ids[0], reason="fraud")

    later = parties.register_payees(
        tx, legal_entity_id=tenant.legal_entity_id, payees=[PayeeInput("E4", "Dan", (OTHER,))], source_ref="art_2"
    )

    assert blocked(tx, later) == [("fraud",)]


def test_a_blocked_party_is_blocked_alone(tx: Tx, payees: list[parties.RegisteredPayee]) -> None:
    parties.block_party(tx, party_id=payees[0].party_id, reason="sanctions")
    parties.block_party(tx, party_id=payees[0].party_id, reason="manual")

    assert blocked(tx, payees) == [("manual", "sanctions"), (), ()]


def test_blocked_twice_is_blocked_once(tx: Tx, payees: list[parties.RegisteredPayee]) -> None:
    first = parties.block_party(tx, party_id=payees[0].party_id, reason="fraud")

    assert parties.block_party(tx, party_id=payees[0].party_id, reason="fraud") == first
    assert len(parties.list_blocks(tx)) == 1
    assert tx.value("SELECT count(*) FROM messaging.outbox_messages WHERE event_type = 'parties.block.set'") == 1


def test_a_lifted_block_says_who_and_why_and_stays_lifted(tx: Tx, payees: list[parties.RegisteredPayee]) -> None:
    block = parties.block_party(tx, party_id=payees[0].party_id, reason="fraud")

    lifted = parties.lift_block(tx, block_id=block.id, reason="  called the payee  ")

    assert (lifted.status, lifted.lifted_by, lifted.lift_reason) == ("lifted", "usr_test", "called the payee")
    assert parties.lift_block(tx, block_id=block.id, reason="again") == lifted
    assert blocked(tx, payees) == [(), (), ()]
    with pytest.raises(IllegalMove), tx.savepoint():
        tx.run("UPDATE parties.blocks SET status = 'active', lifted_by = NULL, lifted_at = NULL, lift_reason = NULL")
    assert parties.block_party(tx, party_id=payees[0].party_id, reason="fraud").id != block.id


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_a_block_is_not_lifted_without_a_reason(tx: Tx, payees: list[parties.RegisteredPayee], reason: str) -> None:
    block = parties.block_party(tx, party_id=payees[0].party_id, reason="fraud")

    with pytest.raises(parties.InvalidParty):
        parties.lift_block(tx, block_id=block.id, reason=reason)

    assert parties.get_block(tx, block.id).status == "active"


def test_nobody_unknown_is_blocked(tx: Tx, tenant: make.TenantFixture) -> None:
    with pytest.raises(parties.NoSuchParty):
        parties.block_party(tx, party_id="pty_none", reason="fraud")
    with pytest.raises(parties.NoSuchBankAccount):
        parties.block_bank_account(tx, bank_account_id="bac_none", reason="fraud")
    with pytest.raises(parties.NoSuchBlock):
        parties.lift_block(tx, block_id="blk_none", reason="x")

    assert parties.list_blocks(tx) == []
