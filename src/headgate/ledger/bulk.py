"""Many transactions of one caller at once: in one round trip, each answered in its place.

What a transaction alone would be answered, it is answered here: its refusal, or the error that it would have raised
(an account that is not there), which leaves its key free. Where all are wanted or none, the first of those is the whole
answer, and it names every other fault.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from headgate.core.db import Tx
from headgate.core.errors import HeadgateError, Refused
from headgate.core.money import exponent
from headgate.ledger import accounts, queries
from headgate.ledger.documents import NewTransaction
from headgate.ledger.errors import AccountNotFound, IdempotencyConflict, MalformedBatch
from headgate.ledger.model import BATCH_MAX, Posted, Posting, Transaction
from headgate.ledger.pending import pending_by_number
from headgate.ledger.posting import post_many

ENTRIES_MAX: Final = BATCH_MAX
"""How many entries the transactions of one call have together."""

Known = Mapping[int | str, accounts.NamedAccount]
_BATCH_REFUSED: Final = "ledger.batch_refused"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a transaction cannot be posted as it is written: in which field, and what a posting alone would raise."""

    field: str
    error: HeadgateError


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one transaction: it stands (posted or pending), or was refused, or could not be read."""

    idempotency_key: str
    posted: Posted | None
    refused: Refused | HeadgateError | None
    transaction: Transaction | None = None

    @property
    def replayed(self) -> bool:
        """Whether this is the first answer of a known key again."""
        known = self.posted or self.refused
        return not isinstance(known, HeadgateError) and known is not None and known.replayed


def post_rows(
    tx: Tx, rows: Sequence[tuple[str, NewTransaction]], *, atomic: bool, documents: bool = True
) -> list[Outcome] | Refused:
    """Post transactions given as (key, document), each by itself or all or none; the outcomes come in their order.

    `atomic`: where one is refused, the answer is its refusal with the key and the place of it, and all of them stand
    refused under their keys. Raises, where `atomic`, what the first fault is: AccountNotFound, UnknownCurrency,
    MalformedBatch, IdempotencyConflict; its facts name every fault. `documents`: read what was posted.
    """
    known = accounts.find_accounts(tx, {name for _, body in rows for name in _names(body)})
    faults = [faults_of(body, known) for _, body in rows]
    if atomic and any(faults):
        raise _whole([key for key, _ in rows], faults)
    numbers = {name: account.id for name, account in known.items()}
    good = [place for place, found in enumerate(faults) if not found]
    answers = post_many(tx, [_posting(*rows[place], numbers) for place in good], atomic=atomic)
    if atomic and any(isinstance(answer, Refused) for answer in answers):
        return _culprit([key for key, _ in rows], answers)
    outcomes = [Outcome(key, None, _in_place(place, faults[place])) for place, (key, _) in enumerate(rows)]
    for place, answer in zip(good, answers, strict=True):
        outcomes[place] = _outcome(rows[place][0], answer)
    return _with_documents(tx, outcomes) if documents else outcomes


def faults_of(body: NewTransaction, known: Known) -> list[Fault]:
    """Every reason why a posting of this document would raise."""
    faults: list[Fault] = []
    for n, entry in enumerate(body.entries):
        for side in ("debit", "credit"):
            name = getattr(entry, side)
            if name not in known:
                faults.append(
                    Fault(f"entries[{n}].{side}", AccountNotFound(f"there is no account {name}", account=str(name)))
                )
        try:
            exponent(entry.amount.currency)
        except HeadgateError as error:
            faults.append(Fault(f"entries[{n}].amount.currency", error))
        for part in ("debit_min_available", "credit_min_available"):
            least = getattr(entry, part)
            if least is not None and least.currency != entry.amount.currency:
                text = f"a condition is in the currency of its entry, {entry.amount.currency}"
                faults.append(Fault(f"entries[{n}].{part}.currency", MalformedBatch(text)))
    if body.expires_at is not None and not body.pending:
        faults.append(Fault("expires_at", MalformedBatch("what expires must be pending")))
    return faults


def _documents(place: int, faults: Sequence[Fault]) -> list[dict[str, Any]]:
    """The faults of the transaction at a place, as JSON says them."""
    return [
        {
            "position": place,
            "field": f"transactions[{place}].{fault.field}",
            "code": fault.error.code,
            "message": fault.error.message,
        }
        for fault in faults
    ]


def _names(body: NewTransaction) -> list[str]:
    return [name for entry in body.entries for name in (entry.debit, entry.credit)]


def _posting(key: str, body: NewTransaction, numbers: Mapping[int | str, int]) -> Posting:
    return Posting(
        key,
        [one.entry(numbers) for one in body.entries],
        body.effective_at,
        body.source_type,
        body.source_id,
        body.description,
        body.metadata,
        pending=body.pending,
        expires_at=body.expires_at,
    )


def _in_place(place: int, faults: Sequence[Fault]) -> HeadgateError | None:
    """The error of a transaction that cannot be posted, with each of its faults."""
    if not faults:
        return None
    first = faults[0].error
    return type(first)(first.message, **first.facts, faults=_documents(place, faults))


def _whole(keys: Sequence[str], faults: Sequence[Sequence[Fault]]) -> HeadgateError:
    """The error of a whole batch: the first, with every fault of every transaction."""
    every = [told for place, found in enumerate(faults) for told in _documents(place, found)]
    place = next(place for place, found in enumerate(faults) if found)
    first = faults[place][0].error
    return type(first)(
        f"transactions[{place}]: {first.message}; nothing of this request was posted",
        **first.facts,
        position=place,
        refused_key=keys[place],
        faults=every,
    )


def _culprit(keys: Sequence[str], answers: Sequence[Posted | Refused]) -> Refused:
    """The refusal for which a batch was refused. Where an earlier batch was its reason, that says whose."""
    refused = [(place, answer) for place, answer in enumerate(answers) if isinstance(answer, Refused)]
    place, first = next((found for found in refused if found[1].code != _BATCH_REFUSED), refused[0])
    facts: dict[str, Any] = {**first.facts, "position": place}
    facts.setdefault("refused_key", keys[place])
    message = f"transactions[{place}]: {first.message}; nothing of this request was posted"
    return Refused(first.code, message, facts, first.status, first.replayed)


def _outcome(key: str, answer: Posted | Refused) -> Outcome:
    if isinstance(answer, Posted):
        return Outcome(key, answer, None)
    if answer.code == IdempotencyConflict.code:
        text = f"the idempotency key {key} stands for another request: use a new key"
        return Outcome(key, None, IdempotencyConflict(text, idempotency_key=key))
    return Outcome(key, None, answer)


def _with_documents(tx: Tx, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The outcomes with what stands: every posted one in one look-up, every pending one in another."""
    posted = [one.posted.transaction_id for one in outcomes if one.posted and one.posted.status == "posted"]
    held = [one.posted.transaction_id for one in outcomes if one.posted and one.posted.status == "pending"]
    found = (queries.transactions_by_number(tx, posted) if posted else {}) | pending_by_number(tx, held)
    return [
        one if one.posted is None else Outcome(one.idempotency_key, one.posted, None, found[one.posted.transaction_id])
        for one in outcomes
    ]
