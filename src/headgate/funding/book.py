"""What funding posts beside deposits: each movement by its name in the posting catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from headgate import ledger
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.core.money import Money
from headgate.funding.errors import FundsNotPostable


def move(
    tx: Tx,
    *,
    key: str,
    moves: Sequence[tuple[str, Money]],
    legal_entity_id: str,
    source_type: str,
    source_id: str,
    description: str,
    effective_at: datetime | None = None,
    reference: str | None = None,
) -> int:
    """Post catalogued movements of one legal entity's money in one transaction, and give its number.

    `reference` is what the bank's line of it carries, by which the two are matched.
    Opens what the chart of an older tenant lacks. Raises FundsNotPostable with the book's reason.
    """
    posting = ledger.Posting(
        idempotency_key=key,
        entries=[ledger.Entry(*_accounts(tx, event, legal_entity_id, amount), amount) for event, amount in moves],
        effective_at=effective_at,
        source_type=source_type,
        source_id=source_id,
        description=description,
        metadata={"reference": reference} if reference else {},
    )
    posted = ledger.post_many(tx, [posting], atomic=True)[0]
    if isinstance(posted, Refused):
        raise FundsNotPostable(f"{description} ({source_id}) cannot be posted: {posted.message}", **posted.facts)
    if posted.status == "pending":
        raise FundsNotPostable(f"{description} ({source_id}) cannot be posted: its day is still to come")
    return posted.transaction_id


def _accounts(tx: Tx, event: str, legal_entity_id: str, amount: Money) -> tuple[int, int]:
    try:
        return ledger.posting_accounts(tx, event, amount.currency, legal_entity_id=legal_entity_id)
    except ledger.MissingPurpose:
        ledger.seed_chart(tx, currency=amount.currency, legal_entity_id=legal_entity_id)
        return ledger.posting_accounts(tx, event, amount.currency, legal_entity_id=legal_entity_id)
