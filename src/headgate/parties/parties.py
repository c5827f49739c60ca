"""Make, close and reopen a party."""

from __future__ import annotations

from typing import Literal

from headgate import audit, tenants
from headgate.core import ids
from headgate.core.db import Tx
from headgate.parties import queries
from headgate.parties.errors import InvalidParty
from headgate.parties.model import Kind, Party, check_name


def create_party(
    tx: Tx,
    *,
    kind: Kind,
    external_id: str,
    name: str,
    legal_entity_id: str | None = None,
    is_person: bool = True,
    source_ref: str | None = None,
) -> Party:
    """Make a party, or give the one that is known by this kind, legal entity and external id; its name stays as it is.

    Raises InvalidParty, also for an employer or payee without a legal entity, and NotFound for one that does not exist.
    """
    problems = check_name(external_id, name)
    if kind != "borrower" and legal_entity_id is None:
        problems.append(f"legal_entity_id is missing: each {kind} belongs to a legal entity")
    if problems:
        raise InvalidParty("; ".join(problems), external_id=external_id[:100])
    if legal_entity_id is not None:
        tenants.legal_entity(tx, legal_entity_id)
    party_id = tx.value(
        """
        INSERT INTO parties.parties (tenant_id, id, kind, legal_entity_id, external_id, name, is_person, source_ref,
          created_at)
        VALUES (%(tenant)s, %(id)s, %(kind)s, %(legal_entity)s, %(external_id)s, %(name)s, %(is_person)s, %(source)s,
          tenants.now())
            ON CONFLICT (tenant_id, kind, legal_entity_id, external_id) DO NOTHING
        RETURNING id
        """,
        {
            "tenant": tx.tenant_id,
            "id": ids.new("pty"),
            "kind": kind,
            "legal_entity": legal_entity_id,
            "external_id": external_id,
            "name": name,
            "is_person": is_person,
            "source": source_ref,
        },
    )
    if party_id is None:
        return queries.party_called(tx, kind=kind, legal_entity_id=legal_entity_id, external_id=external_id)
    audit.record(tx, type=f"parties.{kind}.created", data={"party_id": party_id, "source_ref": source_ref})
    return queries.get_party(tx, party_id)


def rename_party(tx: Tx, *, party_id: str, name: str) -> Party:
    """Give a party another name; the old one stays in the history. Raises NoSuchParty, InvalidParty."""
    party = queries.get_party(tx, party_id, for_update=True)
    problems = check_name(party.external_id, name)
    if problems:
        raise InvalidParty("; ".join(problems), party_id=party_id)
    if party.name == name:
        return party
    tx.run(
        "UPDATE parties.parties SET name = %(name)s WHERE tenant_id = %(tenant)s AND id = %(id)s",
        {"tenant": tx.tenant_id, "id": party_id, "name": name},
    )
    audit.record(tx, type="parties.party.renamed", data={"party_id": party_id})
    return queries.get_party(tx, party_id)


def close_party(tx: Tx, *, party_id: str) -> Party:
    """Close a party: it is not paid any more. Twice is once. Raises NoSuchParty."""
    return _move(tx, party_id, "closed", "parties.party.closed")


def reopen_party(tx: Tx, *, party_id: str) -> Party:
    """Reopen a closed party. Twice is once. Raises NoSuchParty."""
    return _move(tx, party_id, "active", "parties.party.reopened")


def _move(tx: Tx, party_id: str, status: Literal["active", "closed"], event_type: str) -> Party:
    party = queries.get_party(tx, party_id, for_update=True)
    if party.status == status:
        return party
    tx.run(
        "UPDATE parties.parties SET status = %(status)s WHERE tenant_id = %(tenant)s AND id = %(id)s",
        {"tenant": tx.tenant_id, "id": party_id, "status": status},
    )
    audit.record(tx, type=event_type, data={"party_id": party_id})
    return queries.get_party(tx, party_id)
