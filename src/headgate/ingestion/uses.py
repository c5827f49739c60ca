"""One use of each credit: what became a loan payment becomes no deposit, and the other way round.

Whoever uses a record, or an amount under a provider's identifier, claims it first. The first claim holds for ever, whatever
the tenant says of the source later, and whichever of two pieces of evidence came first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final, Literal

from headgate.core import arrays
from headgate.core.db import Asked, Tx

Use = Literal["loan_payment", "deposit"]
LOCK: Final = "ingestion.payment:"


def claim(tx: Tx, used_as: Use, wanted: Mapping[str, Collection[str]]) -> set[str]:
    """Claim what each of these needs for this use; the keys of those of which something has the other use already.

    What is refused claims nothing. Whoever else means one of these claims waits until this transaction ends.
    """
    every = {claim for claims in wanted.values() for claim in claims}
    if not every:
        return set()
    _, taken = tx.gather(locking(tx, {lock_word(one) for one in every}), taking(tx, used_as, every))
    refused = refused_of(wanted, taken)
    mine = {claim for key, claims in wanted.items() if key not in refused for claim in claims}
    if mine:
        tx.gather(claiming(tx, used_as, mine))
    return refused


def locking(tx: Tx, words: Collection[str]) -> Asked:
    """The query by which who means the same key or identifier waits for the other; in one order, so that none deadlocks."""
    return (
        """
        SELECT pg_advisory_xact_lock(hashtextextended(%(lock)s || %(tenant)s || w.word, 0))
          FROM (SELECT unnest(%(words)s::text[]) AS word) w
        """,
        {"lock": LOCK, "tenant": str(tx.tenant_id), "words": arrays.texts(sorted(set(words)))},
        None,
    )


def taking(tx: Tx, used_as: Use, claims: Collection[str]) -> Asked:
    """The query of those of these claims that have the other use. The caller holds their locks."""
    return (
        """
        SELECT claim FROM ingestion.evidence_uses
         WHERE tenant_id = %(tenant)s AND claim = ANY (%(claims)s::text[]) AND used_as <> %(use)s
        """,
        {"tenant": tx.tenant_id, "claims": arrays.texts(sorted(claims)), "use": used_as},
        None,
    )


def refused_of(wanted: Mapping[str, Collection[str]], taken: Iterable[Mapping[str, str]]) -> set[str]:
    """The keys of those of which a claim has the other use, as `taking` found them."""
    others = {row["claim"] for row in taken}
    return {key for key, claims in wanted.items() if others.intersection(claims)}


def claiming(tx: Tx, used_as: Use, claims: Collection[str]) -> Asked:
    """The query that claims these for this use."""
    return (
        """
        INSERT INTO ingestion.evidence_uses (tenant_id, claim, used_as)
        SELECT %(tenant)s, c.claim, %(use)s FROM unnest(%(claims)s::text[]) AS c (claim)
        ON CONFLICT DO NOTHING
        RETURNING claim
        """,
        {"tenant": tx.tenant_id, "claims": arrays.texts(sorted(claims)), "use": used_as},
        None,
    )


def lock_word(claim: str) -> str:
    """What is locked of a claim: the identifier without its amount."""
    return claim if claim.startswith("record:") else claim.rsplit(":", 2)[0]
