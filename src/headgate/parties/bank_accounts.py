"""Bank accounts: keep them sealed, bring them into and out of use, verify them, hand them to the writer of a file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from headgate import audit, messaging
from headgate.core import arrays, ids
from headgate.core.db import Tx
from headgate.parties import numbers, queries
from headgate.parties.addresses import addresses_of
from headgate.parties.errors import BankAccountClosed, InvalidBankAccount, NoSuchBankAccount, PartyClosed
from headgate.parties.model import (
    BankAccount,
    BankAccountInput,
    SendingAccount,
    VerificationMethod,
    check_bank_account,
    last_digits,
    without_blanks,
)


@dataclass(frozen=True, slots=True)
class _Kept:
    ordinal: int
    id: str
    party_id: str
    last4: str
    status: str


def add_bank_account(
    tx: Tx, *, party_id: str, account: BankAccountInput, replace: bool = False, source_ref: str | None = None
) -> BankAccount:
    """Add a bank account to a party, or bring a replaced one back; with `replace` the others go out of use.

    The same account again is the same row, and changes nothing.
    Raises InvalidBankAccount, NoSuchParty, PartyClosed, BankAccountClosed.
    """
    problems = check_bank_account(account)
    if problems:
        raise InvalidBankAccount("; ".join(problems), party_id=party_id)
    party = queries.get_party(tx, party_id, for_update=True)
    if party.status == "closed":
        raise PartyClosed(f"party {party_id} is closed: reopen it before giving it a bank account", party_id=party_id)
    [account_id] = keep(
        tx, [(party_id, account)], source_ref=source_ref, replace=replace, known_parties=frozenset([party_id])
    )
    added = queries.get_bank_account(tx, account_id)
    if added.status == "closed":
        raise BankAccountClosed(
            f"bank account {account_id} (…{added.last4}) was closed for good", bank_account_id=account_id
        )
    return added


def keep(
    tx: Tx,
    wanted: Sequence[tuple[str, BankAccountInput]],
    *,
    source_ref: str | None,
    replace: bool,
    known_parties: AbstractSet[str],
) -> list[str]:
    """The ids of accounts of parties that the caller has locked, in the order given: made where they are new.

    Replaced ones come back into use. With `replace` the other active accounts of those parties go out of it. What
    changes at a party in `known_parties` is announced: a new payee's first account is no change.
    """
    if not wanted:
        return []
    wanted = [(party_id, without_blanks(account)) for party_id, account in wanted]
    prints = numbers.fingerprints(tx, [account for _, account in wanted])
    kept = _find(tx, wanted, prints)
    new: set[str] = set()
    if len(kept) < len(wanted):
        known = {row.ordinal for row in kept}
        missing = [n for n in range(len(wanted)) if n + 1 not in known]
        new = _insert_new(tx, [wanted[n] for n in missing], [prints[n] for n in missing], source_ref)
        kept = _find(tx, wanted, prints)
    back = {row.id for row in kept if row.status == "replaced"}
    _set_status(tx, sorted(back), "active", source_ref)
    gone = _replace_others(tx, kept, source_ref) if replace else []
    once = {row.id: row for row in kept}.values()
    changes = [("added", row) for row in once if row.id in new]
    changes += [("reactivated", row) for row in once if row.id in back]
    changes += [("replaced", row) for row in gone]
    _tell(tx, changes, known_parties, source_ref)
    return [row.id for row in kept]


def put_out_of_use(tx: Tx, account_ids: Sequence[str], source_ref: str | None) -> None:
    """Replace active accounts of parties that the caller has locked by others that are in use already."""
    gone = tx.all(
        """
        UPDATE parties.bank_accounts b SET status = 'replaced', source_ref = %(source)s
         WHERE b.tenant_id = %(tenant)s AND b.id = ANY(%(ids)s) AND b.status = 'active'
        RETURNING 0 AS ordinal, b.id, b.party_id, b.last4, b.status
        """,
        {"tenant": tx.tenant_id, "ids": list(account_ids), "source": source_ref},
        row=_Kept,
    )
    _tell(tx, [("replaced", row) for row in gone], {row.party_id for row in gone}, source_ref)


def active_ids(tx: Tx, party_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The active bank accounts of parties, oldest first."""
    rows = tx.all(
        """
        SELECT b.party_id, array_agg(b.id ORDER BY b.id) AS account_ids
          FROM parties.bank_accounts b
         WHERE b.tenant_id = %(tenant)s AND b.party_id = ANY(%(parties)s) AND b.status = 'active'
         GROUP BY b.party_id
        """,
        {"tenant": tx.tenant_id, "parties": list(party_ids)},
    )
    return {row["party_id"]: tuple(row["account_ids"]) for row in rows}


def close_bank_account(tx: Tx, *, bank_account_id: str) -> BankAccount:
    """Close a bank account for good; twice is once. Raises NoSuchBankAccount."""
    account = queries.get_bank_account(tx, bank_account_id, for_update=True)
    if account.status == "closed":
        return account
    _set_status(tx, [bank_account_id], "closed", None)
    audit.record(
        tx,
        type="parties.bank_account.closed",
        data={"bank_account_id": account.id, "party_id": account.party_id, "last4": account.last4},
    )
    return queries.get_bank_account(tx, bank_account_id)


def record_verification(
    tx: Tx, *, bank_account_id: str, method: VerificationMethod, outcome: str, evidence_ref: str | None = None
) -> BankAccount:
    """Record a step of verifying a bank account; the account's state follows it.

    Raises NoSuchBankAccount, IllegalMove (as from failed to unverified).
    """
    account = queries.get_bank_account(tx, bank_account_id, for_update=True)
    tx.run(
        """
        INSERT INTO parties.verifications (tenant_id, bank_account_id, method, outcome, evidence_ref, verified_at)
        VALUES (%(tenant)s, %(id)s, %(method)s, %(outcome)s, %(evidence)s, tenants.now())
        """,
        {"tenant": tx.tenant_id, "id": bank_account_id, "method": method, "outcome": outcome, "evidence": evidence_ref},
    )
    tx.run(
        "UPDATE parties.bank_accounts SET verification = %(outcome)s WHERE tenant_id = %(tenant)s AND id = %(id)s",
        {"tenant": tx.tenant_id, "id": bank_account_id, "outcome": outcome},
    )
    audit.record(
        tx,
        type="parties.bank_account.verification",
        data={
            "bank_account_id": account.id,
            "party_id": account.party_id,
            "last4": account.last4,
            "method": method,
            "outcome": outcome,
        },
    )
    return queries.get_bank_account(tx, bank_account_id)


def bank_accounts_for_sending(tx: Tx, bank_account_ids: Sequence[str]) -> dict[str, SendingAccount]:
    """Bank accounts in clear, by id, for the writer of a payment file alone. Raises NoSuchBankAccount."""
    rows = tx.all(
        """
        SELECT b.id, b.party_id, p.external_id, p.name, p.is_person, b.routing_number, b.account_number_sealed,
               b.account_type
          FROM parties.bank_accounts b
          JOIN parties.parties p ON p.tenant_id = b.tenant_id AND p.id = b.party_id
         WHERE b.tenant_id = (SELECT core.tenant_id()) AND b.id = ANY(%(ids)s::text[])
        """,
        {"ids": arrays.texts(list(bank_account_ids))},
    )
    opened = numbers.open_all(tx, [row["account_number_sealed"] for row in rows])
    where = addresses_of(tx, [row["party_id"] for row in rows])
    found = {
        row["id"]: SendingAccount(
            row["id"],
            row["party_id"],
            row["external_id"],
            row["name"],
            row["is_person"],
            row["routing_number"],
            number,
            row["account_type"],
            where.get(row["party_id"]),
        )
        for row, number in zip(rows, opened, strict=True)
    }
    for bank_account_id in bank_account_ids:
        if bank_account_id not in found:
            raise NoSuchBankAccount(
                f"there is no bank account {bank_account_id[:40]}", bank_account_id=bank_account_id[:40]
            )
    return found


def _insert_new(
    tx: Tx, wanted: Sequence[tuple[str, BankAccountInput]], prints: Sequence[bytes], source_ref: str | None
) -> set[str]:
    return set(
        tx.values(
            """
            INSERT INTO parties.bank_accounts
                   (tenant_id, id, party_id, routing_number, account_number_sealed, fingerprint, last4, account_type,
                    source_ref, created_at)
            SELECT %(tenant)s, a.id, a.party_id, a.routing_number, a.sealed, a.fingerprint, a.last4, a.account_type,
                   %(source)s, (SELECT tenants.now())
              FROM unnest(%(ids)s::text[], %(parties)s::text[], %(routings)s::text[], %(sealed)s::bytea[],
                          %(prints)s::bytea[], %(last4s)s::text[], %(types)s::text[])
                   AS a (id, party_id, routing_number, sealed, fingerprint, last4, account_type)
             ORDER BY a.id
                ON CONFLICT (tenant_id, party_id, fingerprint, account_type) DO NOTHING
            RETURNING id
            """,
            {
                "tenant": tx.tenant_id,
                "source": source_ref,
                "ids": [ids.new("bac") for _ in wanted],
                "parties": [party_id for party_id, _ in wanted],
                "routings": [account.routing_number for _, account in wanted],
                "sealed": numbers.seal_all(tx, [account.account_number for _, account in wanted]),
                "prints": list(prints),
                "last4s": [last_digits(account.account_number) for _, account in wanted],
                "types": [account.account_type for _, account in wanted],
            },
        )
    )


def _find(tx: Tx, wanted: Sequence[tuple[str, BankAccountInput]], prints: Sequence[bytes]) -> list[_Kept]:
    return tx.all(
        """
        SELECT a.ordinal::int AS ordinal, b.id, b.party_id, b.last4, b.status
          FROM unnest(%(parties)s::text[], %(prints)s::bytea[], %(types)s::text[]) WITH ORDINALITY
               AS a (party_id, fingerprint, account_type, ordinal)
          JOIN parties.bank_accounts b
            ON b.tenant_id = %(tenant)s AND b.party_id = a.party_id AND b.fingerprint = a.fingerprint
              AND b.account_type = a.account_type
         ORDER BY a.ordinal
        """,
        {
            "tenant": tx.tenant_id,
            "parties": [party_id for party_id, _ in wanted],
            "prints": list(prints),
            "types": [account.account_type for _, account in wanted],
        },
        row=_Kept,
    )


def _set_status(tx: Tx, account_ids: Sequence[str], status: str, source_ref: str | None) -> None:
    if account_ids:
        tx.run(
            """
            UPDATE parties.bank_accounts
               SET status = %(status)s, source_ref = %(source)s
             WHERE tenant_id = %(tenant)s AND id = ANY(%(ids)s)
            """,
            {"tenant": tx.tenant_id, "ids": list(account_ids), "status": status, "source": source_ref},
        )


def _replace_others(tx: Tx, kept: Sequence[_Kept], source_ref: str | None) -> list[_Kept]:
    return tx.all(
        """
        UPDATE parties.bank_accounts b SET status = 'replaced', source_ref = %(source)s
         WHERE b.tenant_id = %(tenant)s AND b.party_id = ANY(%(parties)s) AND b.status = 'active'
           AND NOT b.id = ANY(%(kept)s)
        RETURNING 0 AS ordinal, b.id, b.party_id, b.last4, b.status
        """,
        {
            "tenant": tx.tenant_id,
            "source": source_ref,
            "parties": sorted({row.party_id for row in kept}),
            "kept": [row.id for row in kept],
        },
        row=_Kept,
    )


def _tell(
    tx: Tx, changes: Sequence[tuple[str, _Kept]], known_parties: AbstractSet[str], source_ref: str | None
) -> None:
    audit.record_many(
        tx,
        [
            audit.Event(
                type=f"parties.bank_account.{what}",
                data={
                    "bank_account_id": row.id,
                    "party_id": row.party_id,
                    "last4": row.last4,
                    "source_ref": source_ref,
                },
            )
            for what, row in changes
        ],
    )
    by_party: dict[str, dict[str, list[str]]] = defaultdict(lambda: {"added": [], "reactivated": [], "replaced": []})
    for what, row in changes:
        by_party[row.party_id][what].append(row.id)
    for party_id in sorted(by_party.keys() & known_parties):
        messaging.publish(
            tx,
            event_type="parties.bank_account.changed",
            aggregate_type="party",
            aggregate_id=party_id,
            payload={"party_id": party_id, **by_party[party_id], "source_ref": source_ref},
        )
