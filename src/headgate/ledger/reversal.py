"""Reversal: a posted transaction is never changed; another one takes it back."""

from __future__ import annotations

from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.ledger import arrays
from headgate.ledger.model import Posted
from headgate.ledger.posting import answer, raised_on_conflict


def reverse(tx: Tx, *, idempotency_key: str, transaction_id: int, reason: str | None) -> Posted | Refused:
    """Post the whole of a transaction the other way round, once; limits hold for it as for any posting.

    The reversal keeps the original's source, and its description is the reason.
    Raises TransactionNotFound, IdempotencyConflict, MalformedBatch.
    """
    arrays.texts([idempotency_key, reason])
    row = tx.one(
        "SELECT code, id, replayed, facts FROM ledger.reverse_one(%(key)s, %(transaction)s, %(reason)s)",
        {"key": idempotency_key, "transaction": transaction_id, "reason": reason},
    )
    return raised_on_conflict(answer(row["code"], row["id"], row["replayed"], row["facts"]), idempotency_key)
