"""Account numbers, sealed and opened in one place, and the fingerprint that finds one again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from headgate.core import secrets
from headgate.core.db import Tx
from headgate.parties.model import BankAccountInput

CONTEXT: Final = "parties.bank_accounts.account_number_sealed"
PURPOSE: Final = "bank account"


def seal_all(tx: Tx, account_numbers: Sequence[str]) -> list[bytes]:
    """Seal account numbers, in order."""
    return secrets.seal_many(tx, [number.encode() for number in account_numbers], context=CONTEXT)


def open_all(tx: Tx, sealed: Sequence[bytes]) -> list[str]:
    """Open sealed account numbers, in order."""
    return [number.decode() for number in secrets.open_many(tx, sealed, context=CONTEXT)]


def fingerprints(tx: Tx, accounts: Sequence[BankAccountInput]) -> list[bytes]:
    """What finds an account again: routing number and account number, whatever the hyphens and the case."""
    texts = [f"{account.routing_number}:{account.account_number.replace('-', '').upper()}" for account in accounts]
    return secrets.fingerprint_many(tx, texts, purpose=PURPOSE)
