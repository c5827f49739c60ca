"""Payer references: the words by which a bank line names the legal entity whose money it brings."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection

from headgate import audit
from headgate.core.db import Tx
from headgate.funding.errors import InvalidReference, ReferenceTaken
from headgate.tenants import legal_entity

_SHAPE = re.compile(r"[A-Z0-9]{6,16}\Z")


def payer_reference(tx: Tx, *, legal_entity_id: str) -> str:
    """The reference that a client puts into its wires: derived from the legal entity, known from the first call on."""
    entity = legal_entity(tx, legal_entity_id)
    derived = "HG" + hashlib.sha256(entity.id.encode()).hexdigest()[:10].upper()
    add_payer_reference(tx, legal_entity_id=entity.id, reference=derived)
    return derived


def add_payer_reference(tx: Tx, *, legal_entity_id: str, reference: str) -> None:
    """Another word by which this legal entity's money is known, as a bank writes it. Again is a no-op.

    Raises InvalidReference, ReferenceTaken.
    """
    if not _SHAPE.match(reference):
        raise InvalidReference(f"'{reference[:20]}' is no payer reference; write 6 to 16 capitals and digits")
    added = tx.touched(
        """
        INSERT INTO funding.payer_references (tenant_id, reference, legal_entity_id)
        VALUES (%(tenant)s, %(reference)s, %(entity)s)
            ON CONFLICT (tenant_id, reference) DO NOTHING
        """,
        {"tenant": tx.tenant_id, "reference": reference, "entity": legal_entity_id},
    )
    if added:
        audit.record(
            tx, type="funding.payer_reference.added", data={"legal_entity_id": legal_entity_id, "reference": reference}
        )
    elif known(tx, [reference])[reference] != legal_entity_id:
        raise ReferenceTaken(f"{reference} names another legal entity", reference=reference)


def known(tx: Tx, words: Collection[str]) -> dict[str, str]:
    """Which of these words are payer references, and whose."""
    rows = tx.all(
        """
        SELECT reference, legal_entity_id
          FROM funding.payer_references
         WHERE tenant_id = %(tenant)s AND reference = ANY(%(words)s)
        """,
        {"tenant": tx.tenant_id, "words": sorted(words)},
    )
    return {row["reference"]: row["legal_entity_id"] for row in rows}
