"""A backdated posting that a limit of the past stands against: asked for as it is, allowed by another person, posted once.

The request holds the exact posting; nothing of it can change afterwards, for the approval is of its digest. It is judged
when it is asked for, and undone: the figures that the other person reads are those of the limit it would pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from headgate import cases, ledger
from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.core.money import Money
from headgate.recon.errors import ApprovalNotNeeded, NotBackdated

BACKDATE: Final = "ledger.backdate"
_LIMIT: Final = "ledger.limit_at_effective_time"
_JUDGED: Final = "recon.judged"


def request_backdating(tx: Tx, *, posting: ledger.Posting, reason: str) -> cases.Approval | Refused:
    """Ask another person to let a posting pass a limit of the past; nothing is posted yet.

    Refused where something else stands against it, which no approval cures; that is not recorded. Raises NotBackdated,
    ApprovalNotNeeded where nothing stands against it, IdempotencyConflict where its key stands for something already,
    and what `cases.request` raises.
    """
    if posting.effective_at is None or not posting.is_plain:
        raise NotBackdated()
    limit = _judged(tx, posting, None)
    if limit.replayed:
        key = posting.idempotency_key
        raise ledger.IdempotencyConflict(
            f"the idempotency key {key} has its answer already, which stays: ask under a new key", idempotency_key=key
        )
    if not isinstance(limit, Refused):
        raise ApprovalNotNeeded()
    if limit.code != _LIMIT:
        return limit
    besides = _judged(tx, posting, _JUDGED)
    if isinstance(besides, Refused):
        return besides
    return cases.request(
        tx,
        action=BACKDATE,
        subject=str(limit.facts["account"]),
        document={"posting": _document(tx, posting), "limit": dict(limit.facts)},
        reason=reason,
    )


def post_backdated(tx: Tx, *, approval_id: str) -> ledger.Posted | Refused:
    """Post what was approved, once: using the approval up, which the posting names as its `override_ref`.

    Again: the first answer, `replayed`. A refusal (the account has less by now) uses the approval up as well, since
    its key stands for that answer. Raises what `cases.consume` raises, and IdempotencyConflict where the posting's key
    was used for something else meanwhile.
    """
    approval = cases.get_approval(tx, approval_id)
    if approval.used_at is None or approval.action != BACKDATE:
        with suppress(cases.ApprovalUsed):  # Another has just posted it: its answer is the answer.
            cases.consume(tx, approval_id=approval_id, action=BACKDATE, document=approval.payload)
    return _post(tx, _posting(approval.payload["posting"]), approval_id)


class _Undo(Exception):
    """Carries an answer out of the savepoint that is undone."""

    def __init__(self, answer: ledger.Posted | Refused) -> None:
        self.answer = answer


def _judged(tx: Tx, posting: ledger.Posting, override_ref: str | None) -> ledger.Posted | Refused:
    """What the posting would be answered now; nothing of it stays."""
    try:
        with tx.savepoint():
            raise _Undo(_post(tx, posting, override_ref))
    except _Undo as undone:
        return undone.answer


def _post(tx: Tx, posting: ledger.Posting, override_ref: str | None) -> ledger.Posted | Refused:
    return ledger.post(
        tx,
        idempotency_key=posting.idempotency_key,
        entries=posting.entries,
        effective_at=posting.effective_at,
        source_type=posting.source_type,
        source_id=posting.source_id,
        description=posting.description,
        metadata=posting.metadata,
        override_ref=override_ref,
    )


def _document(tx: Tx, posting: ledger.Posting) -> dict[str, Any]:
    """The posting as it is approved: accounts by id, and by code for who reads it."""
    assert posting.effective_at is not None, "checked when it is asked for"
    codes = {
        number: ledger.get_account(tx, number).code
        for number in {side for entry in posting.entries for side in (entry.debit, entry.credit)}
    }
    return {
        "idempotency_key": posting.idempotency_key,
        "effective_at": posting.effective_at.astimezone(UTC).isoformat(),
        "source_type": posting.source_type,
        "source_id": posting.source_id,
        "description": posting.description,
        "metadata": None if posting.metadata is None else dict(posting.metadata),
        "entries": [
            {
                "debit": ids.encode("acct", entry.debit),
                "debit_code": codes[entry.debit],
                "credit": ids.encode("acct", entry.credit),
                "credit_code": codes[entry.credit],
                "amount": {"minor": entry.amount.minor, "currency": entry.amount.currency},
            }
            for entry in posting.entries
        ],
    }


def _posting(document: Mapping[str, Any]) -> ledger.Posting:
    """The posting that a document says."""
    return ledger.Posting(
        document["idempotency_key"],
        [
            ledger.Entry(
                ids.decode("acct", entry["debit"]),
                ids.decode("acct", entry["credit"]),
                Money(entry["amount"]["minor"], entry["amount"]["currency"]),
            )
            for entry in document["entries"]
        ],
        effective_at=datetime.fromisoformat(document["effective_at"]),
        source_type=document["source_type"],
        source_id=document["source_id"],
        description=document["description"],
        metadata=document["metadata"],
    )
