"""One use of each credit: what became a loan payment becomes no deposit, and the other way round.

Whoever uses a record, or an amount under a provider's identifier, claims it first. The first claim holds for ever, whatever
the tenant says of the source later, and whichever of two pieces of evidence came first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, Literal

from headgate.core import arrays
from headgate.core.db import Tx

Use = Literal["loan_payment", "deposit"]
LOCK: Final = "ingestion.payment:"


def lock_words(tx: Tx, words: Collection[str]) -> None:
    """Who means the same key or identifier waits for the other; in one order, so that none deadlocks."""
    if words:
        tx.run(
            """
            SELECT pg_advisory_xact_lock(hashtextextended(%(lock)s || %(tenant)s || w.word, 0))
              FROM (SELECT unnest(%(words)s::text[]) AS word) w
            """,
            {"lock": LOCK, "tenant": str(tx.tenant_id), "words": arrays.texts(sorted(set(words)))},
        )


def claim_uses(tx: Tx, used_as: Use, wanted: Mapping[str, Collection[str]]) -> set[str]:
    """Claim what each of these needs for this use; the keys of those of which something has the other use already.

    What is refused claims nothing. The caller holds the locks of these claims, or `claim` takes them.
    """
    every = sorted({claim for claims in wanted.values() for claim in claims})
    if not every:
        return set()
    taken = set(
        tx.values(
            """
            SELECT claim FROM ingestion.evidence_uses
             WHERE tenant_id = %(tenant)s AND claim = ANY (%(claims)s::text[]) AND used_as <> %(use)s
            """,
            {"tenant": tx.tenant_id, "claims": arrays.texts(every), "use": used_as},
        )
    )
    refused = {key for key, claims in wanted.items() if taken.intersection(claims)}
    mine = sorted({claim for key, claims in wanted.items() if key not in refused for claim in claims})
    if mine:
        tx.run(
            """
            INSERT INTO ingestion.evidence_uses (tenant_id, claim, used_as)
            SELECT %(tenant)s, c.claim, %(use)s FROM unnest(%(claims)s::text[]) AS c (claim)
            ON CONFLICT DO NOTHING
            """,
            {"tenant": tx.tenant_id, "claims": arrays.texts(mine), "use": used_as},
        )
    return refused


def claim(tx: Tx, used_as: Use, wanted: Mapping[str, Collection[str]]) -> set[str]:
    """The same for who holds no lock yet."""
    lock_words(tx, {lock_word(one) for claims in wanted.values() for one in claims})
    return claim_uses(tx, used_as, wanted)


def lock_word(claim: str) -> str:
    """What is locked of a claim: the identifier without its amount."""
    return claim if claim.startswith("record:") else claim.rsplit(":", 2)[0]
