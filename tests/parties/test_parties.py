"""Parties: made once, renamed, closed and reopened."""

from __future__ import annotations

import pytest
from tests import make

from headgate import parties
from headgate.core.db import Tx
from headgate.core.errors import NotFound
from headgate.parties.model import Kind


def test_a_party_is_known_by_kind_legal_entity_and_external_id(tx: Tx, tenant: make.TenantFixture) -> None:
    def made(kind: Kind) -> str:
        return parties.create_party(
            tx, kind=kind, external_id="X1", name="Acme", legal_entity_id=tenant.legal_entity_id, is_person=False
        ).id

    assert made("payee") == made("payee")
    assert len({made("payee"), made("employer"), made("borrower")}) == 3
    assert parties.create_party(tx, kind="borrower", external_id="X1", name="Acme").id not in {made("borrower")}
    assert len(parties.list_parties(tx)) == 4
    assert [party.kind for party in parties.list_parties(tx, kind="employer")] == ["employer"]
    assert len(parties.list_parties(tx, legal_entity_id=tenant.legal_entity_id, external_id="X1")) == 3


def test_a_known_party_keeps_its_name_until_it_is_renamed(tx: Tx, tenant: make.TenantFixture) -> None:
    first = parties.create_party(tx, kind="borrower", external_id="B1", name="Ann")
    assert parties.create_party(tx, kind="borrower", external_id="B1", name="Other").name == "Ann"

    renamed = parties.rename_party(tx, party_id=first.id, name="Anna")

    assert renamed.name == "Anna"
    assert parties.rename_party(tx, party_id=first.id, name="Anna") == renamed
    assert tx.values("SELECT change FROM parties.party_changes ORDER BY id") == ["created", "renamed"]


def test_names_stay_out_of_audit_and_messages(tx: Tx, tenant: make.TenantFixture) -> None:
    party = parties.create_party(tx, kind="borrower", external_id="B1", name="Quentin Quux")
    parties.rename_party(tx, party_id=party.id, name="Quentin Quuux")

    told = tx.values("SELECT data::text FROM audit.events") + tx.values(
        "SELECT payload::text FROM messaging.outbox_messages"
    )
    assert told
    assert not [text for text in told if text and "Quentin" in text]


def test_closing_is_reversible_and_twice_is_once(tx: Tx, tenant: make.TenantFixture) -> None:
    party = parties.create_party(tx, kind="borrower", external_id="B1", name="Ann")

    assert parties.close_party(tx, party_id=party.id).status == "closed"
    assert parties.close_party(tx, party_id=party.id).status == "closed"
    assert parties.reopen_party(tx, party_id=party.id).status == "active"

    assert tx.values("SELECT change FROM parties.party_changes ORDER BY id") == ["created", "closed", "reopened"]


@pytest.mark.parametrize("kind", ["employer", "payee"])
def test_an_employer_or_payee_belongs_to_a_legal_entity(tx: Tx, tenant: make.TenantFixture, kind: Kind) -> None:
    with pytest.raises(parties.InvalidParty, match="legal_entity_id is missing"):
        parties.create_party(tx, kind=kind, external_id="E1", name="Ann")
    with pytest.raises(NotFound):
        parties.create_party(
            tx, kind=kind, external_id="E1", name="Ann", legal_entity_id="le_00000000000000000000000000"
        )

    assert parties.list_parties(tx) == []


def test_an_unknown_party_is_named(tx: Tx, tenant: make.TenantFixture) -> None:
    with pytest.raises(parties.NoSuchParty, match="pty_none"):
        parties.get_party(tx, "pty_none")
    with pytest.raises(parties.NoSuchParty, match="E9"):
        parties.party_called(tx, kind="payee", legal_entity_id=tenant.legal_entity_id, external_id="E9")
