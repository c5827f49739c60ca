"""Legal entities: the companies whose money is kept apart, each with a time zone that says when its day ends."""

from __future__ import annotations

from headgate import audit, messaging
from headgate.core import money
from headgate.core.db import Tx
from headgate.tenants.model import LegalEntity, check_name


def create_legal_entity(tx: Tx, *, name: str, time_zone: str, currency: str) -> LegalEntity:
    """Create a legal entity. Raises MalformedName, UnknownCurrency, UnknownTimeZone."""
    money.exponent(currency)
    entity = tx.one(
        """
        INSERT INTO tenants.legal_entities (tenant_id, name, time_zone, currency)
        VALUES (%(tenant_id)s, %(name)s, %(time_zone)s, %(currency)s)
        RETURNING id, name, time_zone, currency, created_at
        """,
        {
            "tenant_id": tx.tenant_id,
            "name": check_name(name, field="name"),
            "time_zone": time_zone,
            "currency": currency,
        },
        row=LegalEntity,
    )
    facts = {"legal_entity_id": entity.id, "time_zone": entity.time_zone, "currency": entity.currency}
    audit.record(tx, type="tenants.legal_entity.created", data=facts)
    messaging.publish(
        tx,
        event_type="tenants.legal_entity.created",
        aggregate_type="legal_entity",
        aggregate_id=entity.id,
        payload=facts,
    )
    return entity


def legal_entity(tx: Tx, legal_entity_id: str) -> LegalEntity:
    """The legal entity of that id. Raises NotFound."""
    return tx.one(
        """
        SELECT id, name, time_zone, currency, created_at
          FROM tenants.legal_entities
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s
        """,
        {"tenant_id": tx.tenant_id, "id": legal_entity_id},
        row=LegalEntity,
        what="legal entity",
    )


def legal_entities(tx: Tx, *, after: str = "", limit: int = 100) -> list[LegalEntity]:
    """The tenant's legal entities in order of their ids, which is that of their making."""
    return tx.all(
        """
        SELECT id, name, time_zone, currency, created_at
          FROM tenants.legal_entities
         WHERE tenant_id = %(tenant_id)s AND id > %(after)s
         ORDER BY id
         LIMIT %(limit)s
        """,
        {"tenant_id": tx.tenant_id, "after": after, "limit": limit},
        row=LegalEntity,
    )
