"""Posting: one transaction, or up to 10,000 in one round trip. The judge is SQL (sql/20_posting.sql)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

from headgate.core import ids
from headgate.core.db import Actor, Database, Tx
from headgate.core.errors import Refused
from headgate.core.money import Money
from headgate.ledger import arrays
from headgate.ledger.errors import PENDING, IdempotencyConflict, MalformedBatch, refusal
from headgate.ledger.model import BATCH_MAX, Entry, Posted, Posting

_POST_ONE: Final[LiteralString] = """
    SELECT code, id, replayed, facts
      FROM ledger.post_one(%(key)s, %(debit)s, %(credit)s, %(amount)s, %(currency)s, %(effective_at)s, %(source_type)s,
                           %(source_id)s, %(description)s, %(metadata)s)
"""
_POST_ALONE: Final[LiteralString] = """
    SELECT code, id, replayed, facts
      FROM ledger.post_alone(%(tenant_id)s, %(actor_type)s, %(actor)s, %(person)s, %(correlation)s,
                             %(key)s, %(debit)s, %(credit)s, %(amount)s, %(currency)s, %(effective_at)s, %(source_type)s,
                             %(source_id)s, %(description)s, %(metadata)s)
"""


def post(
    tx: Tx,
    *,
    idempotency_key: str,
    entries: Sequence[Entry],
    effective_at: datetime | None = None,
    source_type: str | None = None,
    source_id: str | None = None,
    description: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    reservation_id: int | None = None,
    pending: bool = False,
    expires_at: datetime | None = None,
    override_ref: str | None = None,
) -> Posted | Refused:
    """Post one transaction: all its entries or none. The same key and body give the first answer again, for ever.

    `pending` judges it and sets its outflows aside, until `post_pending`, `void` or `expires_at`; one whose effective day
    is still to come becomes pending by itself, and a job posts it on its day. `reservation_id`: it captures what its
    entries take from the reserved account. `override_ref` (an approval, from a higher floor) lets a backdated posting
    pass a limit in the past. Raises MalformedBatch, and IdempotencyConflict where the key stands for another body.
    Refusals: errors.py.
    """
    posting = Posting(
        idempotency_key,
        entries,
        effective_at,
        source_type,
        source_id,
        description,
        metadata,
        reservation_id,
        pending,
        expires_at,
        override_ref,
    )
    return post_posting(tx, posting)


def post_posting(tx: Tx, posting: Posting) -> Posted | Refused:
    """`post`, of what it is asked for as a whole."""
    idempotency_key = posting.idempotency_key
    if len(posting.entries) != 1 or not posting.is_plain:
        return raised_on_conflict(post_many(tx, [posting])[0], idempotency_key)
    row = tx.one(_POST_ONE, _arguments(posting))
    return raised_on_conflict(answer(row["code"], row["id"], row["replayed"], row["facts"]), idempotency_key)


def post_alone(
    database: Database, posting: Posting, *, tenant_id: UUID, actor: Actor, correlation_id: str | None = None
) -> Posted | Refused:
    """`post` for a caller who has no transaction: one of its own, committed, in one round trip.

    A plain posting of one entry takes the short way; any other opens its transaction first. Raises what `post` raises.
    """
    correlation = correlation_id or ids.new("cor")
    if len(posting.entries) != 1 or not posting.is_plain:
        with database.begin(tenant_id=tenant_id, actor=actor, correlation_id=correlation) as tx:
            return post_posting(tx, posting)
    who = {
        "tenant_id": tenant_id,
        "actor_type": actor.type,
        "actor": actor.id,
        "person": actor.person_id,
        "correlation": correlation,
    }
    row = database.look_up(_POST_ALONE, who | _arguments(posting))[0]
    return raised_on_conflict(answer(row["code"], row["id"], row["replayed"], row["facts"]), posting.idempotency_key)


def _arguments(posting: Posting) -> dict[str, Any]:
    """What the short functions take of a plain posting of one entry."""
    entry = posting.entries[0]
    check_text(posting)
    return {
        "key": posting.idempotency_key,
        "debit": entry.debit,
        "credit": entry.credit,
        "amount": entry.amount.minor,
        "currency": entry.amount.currency,
        "effective_at": posting.effective_at,
        "source_type": posting.source_type,
        "source_id": posting.source_id,
        "description": posting.description,
        "metadata": None if posting.metadata is None else arrays.document(posting.metadata),
    }


def post_many(tx: Tx, postings: Sequence[Posting], atomic: bool = False) -> list[Posted | Refused]:
    """Post up to 10,000 transactions in one round trip; the answers come in their order.

    Each is atomic by itself; `atomic` makes the batch all or nothing: where one is refused, the others are refused with
    it (`ledger.batch_refused`), each under its key. A key that stands for another body is answered with
    `ledger.idempotency_conflict` in its place, and raises IdempotencyConflict where `atomic`. Raises MalformedBatch.
    """
    if not postings:
        return []
    _check_size(postings)
    if all(len(posting.entries) == 1 for posting in postings):
        entries, counts = [posting.entries[0] for posting in postings], None
    else:
        entries = [entry for posting in postings for entry in posting.entries]
        counts = arrays.numbers(len(posting.entries) for posting in postings)
    if not _all_plain(postings, entries):
        return answers(_post_with_more(tx, postings, entries, counts, atomic))
    correlations = tx.correlations_of([(posting.source_id,) for posting in postings])
    if correlations:
        return answers(_post_told(tx, postings, entries, counts, atomic, correlations))
    row = tx.one(
        """
        SELECT codes, ids, replayed, facts
          FROM ledger.post_many(%(keys)s, %(counts)s, %(debits)s, %(credits)s, %(amounts)s, %(currencies)s,
                                %(effective_at)s, %(source_types)s, %(source_ids)s, %(descriptions)s, %(metadata)s,
                                %(atomic)s)
        """,
        {"counts": counts, "atomic": atomic} | sides_of(entries) | facts_of(postings),
    )
    return answers(row)


def _post_told(
    tx: Tx,
    postings: Sequence[Posting],
    entries: Sequence[Entry],
    counts: str | None,
    atomic: bool,
    correlations: Sequence[str],
) -> Mapping[str, Any]:
    """Each under the correlation of its source."""
    return tx.one(
        """
        SELECT codes, ids, replayed, facts
          FROM ledger.post_many_told(%(keys)s, %(counts)s, %(debits)s, %(credits)s, %(amounts)s, %(currencies)s,
                                     %(effective_at)s, %(source_types)s, %(source_ids)s, %(descriptions)s, %(metadata)s,
                                     %(atomic)s, %(correlations)s)
        """,
        {"counts": counts, "atomic": atomic, "correlations": arrays.texts(correlations)}
        | sides_of(entries)
        | facts_of(postings),
    )


def sides_of(entries: Sequence[Entry]) -> dict[str, Any]:
    """The arrays of a batch's entries."""
    return {
        "debits": arrays.numbers(entry.debit for entry in entries),
        "credits": arrays.numbers(entry.credit for entry in entries),
        "amounts": arrays.numbers(entry.amount.minor for entry in entries),
        "currencies": arrays.texts([entry.amount.currency for entry in entries]),
    }


def _all_plain(postings: Sequence[Posting], entries: Sequence[Entry]) -> bool:
    """Whether no posting says more than the short form takes; written out, since it looks at each of ten thousand."""
    for posting in postings:
        if posting.pending or posting.reservation_id is not None:
            return False
        if posting.override_ref is not None or posting.expires_at is not None:
            return False
    for entry in entries:
        if entry.debit_version is not None or entry.credit_version is not None:
            return False
        if entry.debit_min_available is not None or entry.credit_min_available is not None:
            return False
    return True


def _post_with_more(
    tx: Tx, postings: Sequence[Posting], entries: Sequence[Entry], counts: str | None, atomic: bool
) -> Mapping[str, Any]:
    for posting in postings:
        _check_more(posting)
    return tx.one(
        """
        SELECT codes, ids, replayed, facts
          FROM ledger.post_many_full(%(keys)s, %(counts)s, %(debits)s, %(credits)s, %(amounts)s, %(currencies)s,
                                   %(effective_at)s, %(source_types)s, %(source_ids)s, %(descriptions)s, %(metadata)s,
                                   %(atomic)s, %(reservations)s, %(pending)s, %(expires_at)s, %(override_refs)s,
                                   %(debit_versions)s, %(credit_versions)s, %(debit_least)s, %(credit_least)s)
        """,
        {
            "counts": counts,
            "atomic": atomic,
            "reservations": arrays.some_numbers([posting.reservation_id for posting in postings]),
            "pending": arrays.flags([posting.pending for posting in postings]),
            "expires_at": arrays.instants([posting.expires_at for posting in postings]),
            "override_refs": arrays.texts([posting.override_ref for posting in postings]),
            "debit_versions": arrays.some_numbers([entry.debit_version for entry in entries]),
            "credit_versions": arrays.some_numbers([entry.credit_version for entry in entries]),
            "debit_least": arrays.some_numbers([_minor(entry.debit_min_available) for entry in entries]),
            "credit_least": arrays.some_numbers([_minor(entry.credit_min_available) for entry in entries]),
        }
        | sides_of(entries)
        | facts_of(postings),
    )


def _check_more(posting: Posting) -> None:
    if posting.expires_at is not None and not posting.pending:
        raise MalformedBatch(f"posting {posting.idempotency_key} expires, so it must be pending")
    if posting.pending and posting.reservation_id is not None:
        raise MalformedBatch(f"posting {posting.idempotency_key} captures, so it cannot be pending")
    for entry in posting.entries:
        for least in (entry.debit_min_available, entry.credit_min_available):
            if least is not None and least.currency != entry.amount.currency:
                raise MalformedBatch(f"a condition is in the currency of its entry, {entry.amount.currency}")


def _minor(amount: Money | None) -> int | None:
    return None if amount is None else amount.minor


def facts_of(postings: Sequence[Any]) -> dict[str, str | None]:
    """The arrays of what postings and captures have in common."""
    return {
        "keys": arrays.texts([posting.idempotency_key for posting in postings]),
        "effective_at": arrays.instants([posting.effective_at for posting in postings]),
        "source_types": arrays.texts([posting.source_type for posting in postings]),
        "source_ids": arrays.texts([posting.source_id for posting in postings]),
        "descriptions": arrays.texts([posting.description for posting in postings]),
        "metadata": arrays.documents([posting.metadata for posting in postings]),
    }


def answers(row: Mapping[str, Any]) -> list[Posted | Refused]:
    """What the array functions answered, one by one."""
    if row["facts"] is None:
        # Nothing was refused: no code above the conflict.
        return [
            Posted(number, again) if code == 0 else answer(code, number, again, None)
            for code, number, again in zip(row["codes"], row["ids"], row["replayed"], strict=True)
        ]
    return [
        answer(code, number, again, facts)
        for code, number, again, facts in zip(row["codes"], row["ids"], row["replayed"], row["facts"], strict=True)
    ]


def answer(code: int, number: int, replayed: bool, facts: Mapping[str, Any] | None) -> Posted | Refused:
    """What one result code says."""
    if code == 0:
        return Posted(number, replayed)
    return Posted(number, replayed, "pending") if code == PENDING else refusal(code, facts, replayed)


def raised_on_conflict(found: Posted | Refused, key: str) -> Posted | Refused:
    """The answer to a single request: a key that stands for something else is an error there."""
    if isinstance(found, Refused) and found.code == IdempotencyConflict.code:
        raise IdempotencyConflict(
            f"the idempotency key {key} stands for another request: use a new key", idempotency_key=key
        )
    return found


def check_text(posting: Posting) -> None:
    """Refuse what the arrays would refuse: an instant without zone, a text with NUL."""
    arrays.instants([posting.effective_at])
    for text in (posting.idempotency_key, posting.source_type, posting.source_id, posting.description):
        arrays.texts([text])


def _check_size(postings: Sequence[Posting]) -> None:
    if len(postings) > BATCH_MAX:
        raise MalformedBatch(f"a batch takes {BATCH_MAX:,} postings at most; this has {len(postings):,}")
    for posting in postings:
        if not 1 <= len(posting.entries) <= BATCH_MAX:
            raise MalformedBatch(
                f"posting {posting.idempotency_key} has {len(posting.entries)} entries: give 1 to {BATCH_MAX:,}"
            )
