"""Corrected bank accounts: the same payee, as the receiving bank says it. One account makes way for one other."""

from __future__ import annotations

from collections.abc import Sequence

from headgate.core.db import Tx
from headgate.parties import bank_accounts
from headgate.parties.model import BankAccountInput, check_bank_account


def correct_bank_accounts(
    tx: Tx, corrections: Sequence[tuple[str, str, BankAccountInput]], *, source_ref: str
) -> list[str]:
    """Put corrected accounts in the place of active ones: (party, bank account, corrected); the ids now in use, in order.

    Other accounts of the party stay in use. A correction to what the account is already changes nothing. The caller has
    judged the corrected accounts (`check_bank_account`) and locked the parties (`lock_parties`).
    """
    assert not any(check_bank_account(account) for _, _, account in corrections), "the caller judges them first"
    parties = frozenset(party_id for party_id, _, _ in corrections)
    kept = bank_accounts.keep(
        tx,
        [(party_id, account) for party_id, _, account in corrections],
        source_ref=source_ref,
        replace=False,
        known_parties=parties,
    )
    gone = {old for (_, old, _), new in zip(corrections, kept, strict=True) if old != new}
    bank_accounts.put_out_of_use(tx, sorted(gone - set(kept)), source_ref)
    return kept


def lock_parties(tx: Tx, party_ids: Sequence[str]) -> None:
    """Hold parties in the order of their ids, so that nobody else changes their accounts."""
    tx.run(
        """
        SELECT FROM parties.parties WHERE tenant_id = %(tenant)s AND id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE
        """,
        {"tenant": tx.tenant_id, "ids": sorted(set(party_ids))},
    )
