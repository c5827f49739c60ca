"""Register payees by the thousand: new ones are made, known ones recognised, changed bank accounts put into history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from headgate import audit, tenants
from headgate.core import ids
from headgate.core.db import Tx
from headgate.parties import addresses, bank_accounts
from headgate.parties.errors import InvalidBankAccount, InvalidParty
from headgate.parties.model import PayeeInput, RegisteredPayee, check_address, check_bank_account, check_name


def register_payees(
    tx: Tx, *, legal_entity_id: str, payees: Sequence[PayeeInput], source_ref: str
) -> list[RegisteredPayee]:
    """Make or recognise payees of a legal entity, in the order given; a handful of round trips however many they are.

    A payee is known by `external_id`. The accounts given become its active ones: others are marked replaced, and the
    change is in the history and announced as `parties.bank_account.changed`. A payee given without accounts keeps those
    it has. One who is closed, or an account that is, stays so: a gate refuses it.
    Raises InvalidParty, InvalidBankAccount (naming the external id, never a name or number), NotFound for an unknown
    legal entity.
    """
    if not payees:
        return []
    _check(payees)
    tenants.legal_entity(tx, legal_entity_id)
    new = _insert_new(tx, legal_entity_id, payees, source_ref)
    party_ids = _lock_and_rename(tx, legal_entity_id, payees, source_ref)
    kept = bank_accounts.keep(
        tx,
        [(party_ids[payee.external_id], account) for payee in payees for account in payee.bank_accounts],
        source_ref=source_ref,
        replace=True,
        known_parties=frozenset(party_ids.values()) - new,
    )
    addresses.keep(
        tx,
        {party_ids[payee.external_id]: payee.address for payee in payees if payee.address is not None},
        source_ref=source_ref,
    )
    without = [party_ids[payee.external_id] for payee in payees if not payee.bank_accounts]
    active = bank_accounts.active_ids(tx, without) if without else {}
    audit.record_many(
        tx,
        [
            audit.Event(type="parties.payee.created", data={"party_id": party_id, "source_ref": source_ref})
            for party_id in sorted(new)
        ],
    )
    given = iter(kept)
    registered = []
    for payee in payees:
        party_id = party_ids[payee.external_id]
        account_ids = tuple(next(given) for _ in payee.bank_accounts) or active.get(party_id, ())
        registered.append(RegisteredPayee(party_id, payee.external_id, party_id in new, account_ids))
    return registered


def _check(payees: Sequence[PayeeInput]) -> None:
    for external_id, count in Counter(payee.external_id for payee in payees).items():
        if count > 1:
            raise InvalidParty(
                f"payee {external_id[:100]} stands {count} times: give its accounts together", external_id=external_id
            )
    for payee in payees:
        problems = check_name(payee.external_id, payee.name)
        problems += check_address(payee.address) if payee.address is not None else []
        if problems:
            raise InvalidParty(
                f"payee {payee.external_id[:100]!r}: {'; '.join(problems)}", external_id=payee.external_id[:100]
            )
        for account in payee.bank_accounts:
            problems = check_bank_account(account)
            if problems:
                raise InvalidBankAccount(
                    f"payee {payee.external_id}: {'; '.join(problems)}", external_id=payee.external_id
                )


def _insert_new(tx: Tx, legal_entity_id: str, payees: Sequence[PayeeInput], source_ref: str) -> set[str]:
    # In the order of the external ids, so that two registers with the same new payees queue instead of deadlocking.
    return set(
        tx.values(
            """
            INSERT INTO parties.parties (tenant_id, id, kind, legal_entity_id, external_id, name, is_person,
              source_ref, created_at)
            SELECT %(tenant)s, p.id, 'payee', %(legal_entity)s, p.external_id, p.name, p.is_person, %(source)s,
                   (SELECT tenants.now())
              FROM unnest(%(ids)s::text[], %(external_ids)s::text[], %(names)s::text[], %(persons)s::boolean[])
                   AS p (id, external_id, name, is_person)
             WHERE NOT EXISTS (SELECT FROM parties.parties k
                                WHERE k.tenant_id = %(tenant)s AND k.kind = 'payee'
                                  AND k.legal_entity_id = %(legal_entity)s
                                  AND k.external_id = p.external_id)
             ORDER BY p.external_id COLLATE "C"
                ON CONFLICT (tenant_id, kind, legal_entity_id, external_id) DO NOTHING
            RETURNING id
            """,
            {
                "tenant": tx.tenant_id,
                "legal_entity": legal_entity_id,
                "source": source_ref,
                "ids": [ids.new("pty") for _ in payees],
                "external_ids": [payee.external_id for payee in payees],
                "names": [payee.name for payee in payees],
                "persons": [payee.is_person for payee in payees],
            },
        )
    )


def _lock_and_rename(tx: Tx, legal_entity_id: str, payees: Sequence[PayeeInput], source_ref: str) -> dict[str, str]:
    """The parties by external id, locked in id order; a new name is taken over, the old one stays in the history."""
    rows = tx.all(
        """
        SELECT p.id, p.external_id, p.name
          FROM parties.parties p
         WHERE p.tenant_id = %(tenant)s AND p.kind = 'payee' AND p.legal_entity_id = %(legal_entity)s
           AND p.external_id = ANY(%(external_ids)s)
         ORDER BY p.id
           FOR UPDATE
        """,
        {
            "tenant": tx.tenant_id,
            "legal_entity": legal_entity_id,
            "external_ids": [payee.external_id for payee in payees],
        },
    )
    names = {payee.external_id: payee.name for payee in payees}
    renamed = [row["id"] for row in rows if names[row["external_id"]] != row["name"]]
    if renamed:
        tx.run(
            """
            UPDATE parties.parties p SET name = n.name, source_ref = %(source)s
              FROM unnest(%(ids)s::text[], %(names)s::text[]) AS n (id, name)
             WHERE p.tenant_id = %(tenant)s AND p.id = n.id
            """,
            {
                "tenant": tx.tenant_id,
                "source": source_ref,
                "ids": renamed,
                "names": [names[row["external_id"]] for row in rows if names[row["external_id"]] != row["name"]],
            },
        )
        audit.record_many(
            tx,
            [
                audit.Event(type="parties.party.renamed", data={"party_id": party_id, "source_ref": source_ref})
                for party_id in renamed
            ],
        )
    return {row["external_id"]: row["id"] for row in rows}
