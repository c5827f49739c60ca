"""A file of loans: thousands of borrowers made or recognised in a handful of round trips."""

from __future__ import annotations

from collections.abc import Mapping

from headgate import audit
from headgate.core import ids
from headgate.core.db import Tx
from headgate.parties.errors import InvalidParty
from headgate.parties.model import check_name


def register_borrowers(tx: Tx, names: Mapping[str, str], *, source_ref: str) -> dict[str, str]:
    """Make or recognise persons who borrow, by what the tenant calls them; their ids by that.

    They are the tenant's, of no legal entity. A new name is taken over, the old one stays in the history. Raises
    InvalidParty, naming what the tenant calls them.
    """
    for external_id, name in names.items():
        problems = check_name(external_id, name)
        if problems:
            raise InvalidParty(f"borrower {external_id[:100]!r}: {'; '.join(problems)}", external_id=external_id[:100])
    if not names:
        return {}
    # In the order of the external ids, so that two files with the same new borrowers queue instead of deadlocking.
    written = tx.all(
        """
        INSERT INTO parties.parties AS k (tenant_id, id, kind, external_id, name, is_person, source_ref, created_at)
        SELECT %(tenant)s, p.id, 'borrower', p.external_id, p.name, true, %(source)s, (SELECT tenants.now())
          FROM unnest(%(ids)s::text[], %(external_ids)s::text[], %(names)s::text[]) AS p (id, external_id, name)
         ORDER BY p.external_id COLLATE "C"
            ON CONFLICT (tenant_id, kind, legal_entity_id, external_id)
            DO UPDATE SET name = excluded.name, source_ref = excluded.source_ref WHERE k.name <> excluded.name
        RETURNING k.id, k.xmax = 0 AS is_new
        """,
        {
            "tenant": tx.tenant_id,
            "source": source_ref,
            "ids": [ids.new("pty") for _ in names],
            "external_ids": list(names),
            "names": list(names.values()),
        },
    )
    audit.record_many(
        tx,
        [
            audit.Event(
                type="parties.borrower.created" if row["is_new"] else "parties.party.renamed",
                data={"party_id": row["id"], "source_ref": source_ref},
            )
            for row in written
        ],
    )
    rows = tx.all(
        """
        SELECT external_id, id FROM parties.parties
         WHERE tenant_id = %(tenant)s AND kind = 'borrower' AND legal_entity_id IS NULL
           AND external_id = ANY(%(external_ids)s)
        """,
        {"tenant": tx.tenant_id, "external_ids": list(names)},
    )
    return {row["external_id"]: row["id"] for row in rows}
