"""Reads: parties, bank accounts and their history, blocks, and what a gate must know of an account.

What is asked of many accounts at once names the tenant by `core.tenant_id()`: of a constant that is younger than the last
ANALYZE the planner expects one row, takes any index that begins with the tenant, and reads all its accounts anew for each.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from headgate.core import arrays
from headgate.core.db import Tx
from headgate.parties.errors import NoSuchBankAccount, NoSuchBlock, NoSuchParty
from headgate.parties.model import BankAccount, BankAccountChange, Block, Party, Standing


def get_party(tx: Tx, party_id: str, *, for_update: bool = False) -> Party:
    """One party, locked if asked. Raises NoSuchParty."""
    if for_update:
        tx.run(
            "SELECT FROM parties.parties WHERE tenant_id = %(tenant)s AND id = %(id)s FOR UPDATE",
            {"tenant": tx.tenant_id, "id": party_id},
        )
    found = tx.maybe(
        """
        SELECT id, kind, legal_entity_id, external_id, name, is_person, status, created_at
          FROM parties.parties
         WHERE tenant_id = %(tenant)s AND id = %(id)s
        """,
        {"tenant": tx.tenant_id, "id": party_id},
        row=Party,
    )
    if found is None:
        raise NoSuchParty(f"there is no party {party_id[:40]}", party_id=party_id[:40])
    return found


def get_parties(tx: Tx, party_ids: Collection[str]) -> dict[str, Party]:
    """Parties by their ids, in one statement. Raises NoSuchParty, naming the first that is not there."""
    rows = tx.all(
        """
        SELECT id, kind, legal_entity_id, external_id, name, is_person, status, created_at
          FROM parties.parties
         WHERE tenant_id = (SELECT core.tenant_id()) AND id = ANY(%(ids)s::text[])
        """,
        {"ids": sorted(set(party_ids))},
        row=Party,
    )
    found = {one.id: one for one in rows}
    if missing := sorted(set(party_ids) - found.keys()):
        raise NoSuchParty(f"there is no party {missing[0][:40]}", party_id=missing[0][:40])
    return found


def party_called(tx: Tx, *, kind: str, legal_entity_id: str | None, external_id: str) -> Party:
    """The party that a client calls so. Raises NoSuchParty."""
    found = tx.maybe(
        """
        SELECT id, kind, legal_entity_id, external_id, name, is_person, status, created_at
          FROM parties.parties
         WHERE tenant_id = %(tenant)s AND kind = %(kind)s AND external_id = %(external_id)s
           AND legal_entity_id IS NOT DISTINCT FROM %(legal_entity)s
        """,
        {"tenant": tx.tenant_id, "kind": kind, "legal_entity": legal_entity_id, "external_id": external_id},
        row=Party,
    )
    if found is None:
        raise NoSuchParty(f"there is no {kind} with the external id {external_id[:100]}", external_id=external_id[:100])
    return found


def list_parties(
    tx: Tx,
    *,
    kind: str | None = None,
    legal_entity_id: str | None = None,
    external_id: str | None = None,
    limit: int = 50,
    after: str = "",
) -> list[Party]:
    """Parties in the order of their ids, which is that of their making; from `after` on."""
    return tx.all(
        """
        SELECT id, kind, legal_entity_id, external_id, name, is_person, status, created_at
          FROM parties.parties
         WHERE tenant_id = %(tenant)s AND id > %(after)s
           AND (%(kind)s::text IS NULL OR kind = %(kind)s)
           AND (%(legal_entity)s::text IS NULL OR legal_entity_id = %(legal_entity)s)
           AND (%(external_id)s::text IS NULL OR external_id = %(external_id)s)
         ORDER BY id
         LIMIT %(limit)s
        """,
        {
            "tenant": tx.tenant_id,
            "after": after,
            "kind": kind,
            "legal_entity": legal_entity_id,
            "external_id": external_id,
            "limit": limit,
        },
        row=Party,
    )


def get_bank_account(tx: Tx, bank_account_id: str, *, for_update: bool = False) -> BankAccount:
    """One bank account, locked if asked. Raises NoSuchBankAccount."""
    if for_update:
        tx.run(
            "SELECT FROM parties.bank_accounts WHERE tenant_id = %(tenant)s AND id = %(id)s FOR UPDATE",
            {"tenant": tx.tenant_id, "id": bank_account_id},
        )
    found = tx.maybe(
        """
        SELECT id, party_id, routing_number, last4, account_type, status, verification, created_at
          FROM parties.bank_accounts
         WHERE tenant_id = %(tenant)s AND id = %(id)s
        """,
        {"tenant": tx.tenant_id, "id": bank_account_id},
        row=BankAccount,
    )
    if found is None:
        raise NoSuchBankAccount(
            f"there is no bank account {bank_account_id[:40]}", bank_account_id=bank_account_id[:40]
        )
    return found


def list_bank_accounts(tx: Tx, *, party_id: str | None = None, limit: int = 50, after: str = "") -> list[BankAccount]:
    """Bank accounts, of one party or of all, in the order of their ids; from `after` on."""
    return tx.all(
        """
        SELECT id, party_id, routing_number, last4, account_type, status, verification, created_at
          FROM parties.bank_accounts
         WHERE tenant_id = %(tenant)s AND id > %(after)s
           AND (%(party)s::text IS NULL OR party_id = %(party)s)
         ORDER BY id
         LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "party": party_id, "after": after, "limit": limit},
        row=BankAccount,
    )


def bank_account_history(tx: Tx, *, party_id: str, limit: int = 50, after: int = 0) -> list[BankAccountChange]:
    """What happened to a party's bank accounts, oldest first; from change number `after` on."""
    return tx.all(
        """
        SELECT id, party_id, bank_account_id, change, source_ref, actor_type, actor_id, changed_at
          FROM parties.bank_account_changes
         WHERE tenant_id = %(tenant)s AND party_id = %(party)s AND id > %(after)s
         ORDER BY id
         LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "party": party_id, "after": after, "limit": limit},
        row=BankAccountChange,
    )


def standings(tx: Tx, bank_account_ids: Sequence[str]) -> dict[str, Standing]:
    """What a gate must know of bank accounts, by id; one that does not exist is missing from the answer."""
    return _standings(tx, bank_account_ids, is_any=True)


def unpayable(tx: Tx, bank_account_ids: Sequence[str]) -> dict[str, Standing]:
    """Of these bank accounts those that may not be paid as they stand, by id: of a hundred thousand a few."""
    return _standings(tx, bank_account_ids, is_any=False)


def not_of(tx: Tx, legal_entity_id: str, pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Of these pairs of a party and a bank account those that do not belong together, or to this legal entity."""
    rows = tx.all(
        """
        SELECT u.party_id, u.account_id
          FROM unnest(%(parties)s::text[], %(accounts)s::text[]) WITH ORDINALITY AS u (party_id, account_id, n)
          LEFT JOIN parties.bank_accounts b
            ON b.tenant_id = (SELECT core.tenant_id()) AND b.id = u.account_id AND b.party_id = u.party_id
          LEFT JOIN parties.parties p
            ON p.tenant_id = b.tenant_id AND p.id = b.party_id AND p.legal_entity_id = %(entity)s
         WHERE p.id IS NULL
         ORDER BY u.n
        """,
        {
            "entity": legal_entity_id,
            "parties": arrays.texts([party for party, _ in pairs]),
            "accounts": arrays.texts([account for _, account in pairs]),
        },
    )
    return [(row["party_id"], row["account_id"]) for row in rows]


def _standings(tx: Tx, bank_account_ids: Sequence[str], *, is_any: bool) -> dict[str, Standing]:
    rows = tx.all(
        """
        WITH asked AS MATERIALIZED (
          SELECT b.id, b.party_id, p.legal_entity_id, b.last4, b.status AS account_status, p.status AS party_status,
                 b.verification, b.fingerprint
            FROM parties.bank_accounts b
            JOIN parties.parties p ON p.tenant_id = b.tenant_id AND p.id = b.party_id
           WHERE b.tenant_id = (SELECT core.tenant_id()) AND b.id = ANY(%(ids)s::text[])
        ), blocked AS (
          SELECT x.id, array_agg(DISTINCT x.reason ORDER BY x.reason) AS reasons
            FROM (SELECT a.id, k.reason
                    FROM asked a
                    JOIN parties.blocks k
                      ON k.tenant_id = (SELECT core.tenant_id()) AND k.status = 'active' AND k.party_id = a.party_id
                   UNION ALL
                  SELECT a.id, k.reason
                    FROM asked a
                    JOIN parties.blocks k
                      ON k.tenant_id = (SELECT core.tenant_id()) AND k.status = 'active' AND k.fingerprint = a.fingerprint) x
           GROUP BY x.id
        )
        SELECT a.id AS bank_account_id, a.party_id, a.legal_entity_id, a.last4, a.account_status, a.party_status,
               a.verification, coalesce(k.reasons, '{}') AS blocked,
               (SELECT max(c.changed_at) FROM parties.bank_account_changes c
                 WHERE c.tenant_id = (SELECT core.tenant_id()) AND c.bank_account_id = a.id
                   AND c.change IN ('added', 'reactivated')) AS changed_at
          FROM asked a
          LEFT JOIN blocked k ON k.id = a.id
         WHERE %(is_any)s OR k.id IS NOT NULL OR a.account_status <> 'active' OR a.party_status <> 'active'
            OR a.verification = 'failed'
        """,
        {"ids": arrays.texts(list(bank_account_ids)), "is_any": is_any},
    )
    return {row["bank_account_id"]: Standing(**row | {"blocked": tuple(row["blocked"])}) for row in rows}


def changed_accounts(tx: Tx, bank_account_ids: Sequence[str]) -> dict[str, datetime]:
    """When these bank accounts became a party's instead of, or beside, earlier ones: the changes that a cooldown is about.

    A party's first accounts are no change; nor is one that was verified since, or that a bank's notification of change
    asked for (`source_ref` noc:…).
    """
    rows = tx.all(
        """
        SELECT c.bank_account_id, max(c.changed_at) AS changed_at
          FROM parties.bank_account_changes c
         WHERE c.tenant_id = (SELECT core.tenant_id()) AND c.bank_account_id = ANY(%(ids)s::text[])
           AND c.change IN ('added', 'reactivated')
           AND coalesce(c.source_ref, '') NOT LIKE 'noc:%%'
           AND EXISTS (SELECT FROM parties.bank_account_changes e
                        WHERE e.tenant_id = c.tenant_id AND e.party_id = c.party_id
                          AND e.bank_account_id <> c.bank_account_id AND e.change = 'added'
                          AND e.changed_at < c.changed_at)
           AND NOT EXISTS (SELECT FROM parties.bank_account_changes v
                            WHERE v.tenant_id = c.tenant_id AND v.bank_account_id = c.bank_account_id
                              AND v.change = 'verification_verified' AND v.id > c.id)
         GROUP BY c.bank_account_id
        """,
        {"ids": arrays.texts(list(bank_account_ids))},
    )
    return {row["bank_account_id"]: row["changed_at"] for row in rows}


def fingerprint_of(tx: Tx, bank_account_id: str) -> bytes:
    """The keyed fingerprint of a bank account's numbers. Raises NoSuchBankAccount."""
    found = tx.value(
        "SELECT fingerprint FROM parties.bank_accounts WHERE tenant_id = %(tenant)s AND id = %(id)s",
        {"tenant": tx.tenant_id, "id": bank_account_id},
    )
    if found is None:
        raise NoSuchBankAccount(
            f"there is no bank account {bank_account_id[:40]}", bank_account_id=bank_account_id[:40]
        )
    return bytes(found)


def get_block(tx: Tx, block_id: str, *, for_update: bool = False) -> Block:
    """One block, locked if asked. Raises NoSuchBlock."""
    if for_update:
        tx.run(
            "SELECT FROM parties.blocks WHERE tenant_id = %(tenant)s AND id = %(id)s FOR UPDATE",
            {"tenant": tx.tenant_id, "id": block_id},
        )
    found = tx.maybe(
        """
        SELECT id, party_id, bank_account_id, reason, status, blocked_by, blocked_at, lifted_by, lifted_at, lift_reason
          FROM parties.blocks
         WHERE tenant_id = %(tenant)s AND id = %(id)s
        """,
        {"tenant": tx.tenant_id, "id": block_id},
        row=Block,
    )
    if found is None:
        raise NoSuchBlock(f"there is no block {block_id[:40]}", block_id=block_id[:40])
    return found


def active_block(tx: Tx, *, party_id: str | None, fingerprint: bytes | None, reason: str) -> Block:
    """The active block of a party or an account number for one reason. Raises NotFound."""
    return tx.one(
        """
        SELECT id, party_id, bank_account_id, reason, status, blocked_by, blocked_at, lifted_by, lifted_at, lift_reason
          FROM parties.blocks
         WHERE tenant_id = %(tenant)s AND status = 'active' AND reason = %(reason)s
           AND (party_id = %(party)s OR fingerprint = %(fingerprint)s)
        """,
        {"tenant": tx.tenant_id, "party": party_id, "fingerprint": fingerprint, "reason": reason},
        row=Block,
        what="block",
    )


def list_blocks(
    tx: Tx, *, status: str | None = None, party_id: str | None = None, limit: int = 50, after: str = ""
) -> list[Block]:
    """Blocks in the order of their ids; from `after` on."""
    return tx.all(
        """
        SELECT id, party_id, bank_account_id, reason, status, blocked_by, blocked_at, lifted_by, lifted_at, lift_reason
          FROM parties.blocks
         WHERE tenant_id = %(tenant)s AND id > %(after)s
           AND (%(status)s::text IS NULL OR status = %(status)s)
           AND (%(party)s::text IS NULL OR party_id = %(party)s)
         ORDER BY id
         LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "status": status, "party": party_id, "after": after, "limit": limit},
        row=Block,
    )
