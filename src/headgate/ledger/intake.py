"""The intake of postings at the HTTP door: callers who post one transaction each share a commit.

Each has its own answer and refusal, and each row keeps its own actor, person and correlation id. A dry run, and an
application that was told not to share, post each in a transaction of its own, with the same answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from weakref import WeakKeyDictionary

from starlette.concurrency import run_in_threadpool

from headgate.core import ids
from headgate.core.db import Database, Tx
from headgate.core.errors import HeadgateError, Refused
from headgate.ledger import accounts, arrays, queries
from headgate.ledger.documents import EntryModel, NewTransaction, TransactionModel
from headgate.ledger.errors import AccountNotFound
from headgate.ledger.model import Posted, Posting, Transaction, entry_number
from headgate.ledger.posting import answers, facts_of, post_posting, raised_on_conflict, sides_of
from headgate.web import Asked, Call, MoneyModel, SharedCommit

Known = dict[int | str, accounts.NamedAccount]

_INTAKES: WeakKeyDictionary[Database, SharedCommit[NewTransaction]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class _Times:
    recorded_at: datetime
    effective_at: datetime
    effective_on: date
    asked_effective_at: datetime | None
    metadata: dict[str, Any] | None


async def post_transaction(call: Call, body: NewTransaction) -> Any:
    """Post what a request asks for, once for its key; the answer is rendered."""
    if call.shares:
        return await call.shared(intake_of(call.database), body)
    return await run_in_threadpool(call.once, lambda tx: post_one(tx, call.key, body))


def intake_of(database: Database) -> SharedCommit[NewTransaction]:
    """The intake of a database in this process."""
    found = _INTAKES.get(database)
    return found or _INTAKES.setdefault(database, SharedCommit(database, post_group))


def post_one(tx: Tx, key: str, body: NewTransaction) -> TransactionModel | Refused:
    """Post one transaction in this one. Raises what `post` does, and AccountNotFound."""
    known = accounts.find_accounts(tx, _names(body))
    posting = _posting(key, body, _numbers(known))
    posted = post_posting(tx, posting)
    if isinstance(posted, Refused):
        return posted
    times = tx.one(
        """
        SELECT recorded_at, effective_at, effective_on, asked_effective_at, metadata
          FROM ledger.transactions WHERE id = %(id)s
        """,
        {"id": posted.transaction_id},
        row=_Times,
    )
    return _shown(tx, [posting], [posted], [times], known)[0]


def post_group(tx: Tx, group: Sequence[Asked[NewTransaction]]) -> list[Any]:
    """Post what each of a tenant's callers asks for; an error of one (an unknown account) stands in its place.

    What says more than a plain posting, or is effective later, is posted by itself, under its caller's name.
    """
    known = accounts.find_accounts(tx, {name for asked in group for name in _names(asked.body)})
    numbers = _numbers(known)
    found: list[Any] = [None] * len(group)
    postings: list[Posting] = []
    places: list[int] = []
    now = tx.now() if any(asked.body.effective_at is not None for asked in group) else None
    for place, asked in enumerate(group):
        try:
            posting = _posting(asked.key, asked.body, numbers)
            _check(posting)
            if not posting.is_plain or (now and posting.effective_at and posting.effective_at > now):
                with tx.savepoint(), tx.acting_for(asked.actor, asked.correlation_id):
                    found[place] = post_one(tx, asked.key, asked.body)
                continue
        except HeadgateError as error:
            found[place] = error
        else:
            postings.append(posting)
            places.append(place)
    if not postings:
        return found
    posted, times = _post(tx, postings, [group[place] for place in places])
    for place, one in zip(places, _shown(tx, postings, posted, times, known), strict=True):
        try:
            found[place] = raised_on_conflict(one, group[place].key) if isinstance(one, Refused) else one
        except HeadgateError as error:
            found[place] = error
    return found


def _post(
    tx: Tx, postings: Sequence[Posting], callers: Sequence[Asked[NewTransaction]]
) -> tuple[list[Posted | Refused], list[_Times]]:
    """`post_many`, each row under its own caller's name, and the times of each."""
    entries = [entry for posting in postings for entry in posting.entries]
    row = tx.one(
        """
        SELECT codes, ids, replayed, facts, recorded_at, effective_at, effective_on, asked_effective_at, metadata
          FROM ledger.post_group(%(keys)s, %(counts)s, %(debits)s, %(credits)s, %(amounts)s, %(currencies)s,
                                 %(effective_at)s, %(source_types)s, %(source_ids)s, %(descriptions)s, %(metadata)s,
                                 %(actor_types)s, %(actors)s, %(persons)s, %(correlations)s)
        """,
        {
            "counts": arrays.numbers(len(posting.entries) for posting in postings),
            "actor_types": arrays.texts([asked.actor.type for asked in callers]),
            "actors": arrays.texts([asked.actor.id for asked in callers]),
            "persons": arrays.texts([asked.actor.person_id for asked in callers]),
            "correlations": arrays.texts([asked.correlation_id for asked in callers]),
        }
        | sides_of(entries)
        | facts_of(postings),
    )
    metadata = row["metadata"] or [None] * len(postings)
    times = zip(
        row["recorded_at"], row["effective_at"], row["effective_on"], row["asked_effective_at"], metadata, strict=True
    )
    return answers(row), [_Times(*each) for each in times]


def _shown(
    tx: Tx,
    postings: Sequence[Posting],
    posted: Sequence[Posted | Refused],
    times: Sequence[_Times],
    known: Known,
) -> list[TransactionModel | Refused]:
    """Postings as documents. What was posted as of now is known but for its times; all else is read."""
    known_here = [
        isinstance(one, Posted) and one.status == "posted" and not one.replayed and posting.effective_at is None
        for posting, one in zip(postings, posted, strict=True)
    ]
    others = [
        one.transaction_id
        for one, is_known in zip(posted, known_here, strict=True)
        if isinstance(one, Posted) and not is_known
    ]
    stored = _stored(tx, others)
    codes = {account.id: account.code for account in known.values()}
    shown: list[TransactionModel | Refused] = []
    for posting, one, when, is_known in zip(postings, posted, times, known_here, strict=True):
        if isinstance(one, Refused):
            shown.append(one)
        elif is_known:
            shown.append(_document(posting, one.transaction_id, when, codes))
        else:
            shown.append(TransactionModel.of(stored[one.transaction_id]))
    return shown


def _stored(tx: Tx, numbers: Sequence[int]) -> dict[int, Transaction]:
    """Transactions as they stand: posted ones in one look-up, and each pending one."""
    found = queries.transactions_by_number(tx, numbers) if numbers else {}
    return found | {number: queries.get_transaction(tx, number) for number in numbers if number not in found}


def _document(posting: Posting, number: int, when: _Times, codes: dict[int, str]) -> TransactionModel:
    """The document of what was just posted; its parts were checked on their way in, so the model takes them as they are."""
    name = ids.encode("txn", number)
    return TransactionModel.model_construct(
        id=name,
        status="posted",
        idempotency_key=posting.idempotency_key,
        recorded_at=when.recorded_at,
        effective_at=when.effective_at,
        effective_on=when.effective_on,
        source_type=posting.source_type,
        source_id=posting.source_id,
        description=posting.description,
        metadata=when.metadata,
        reverses=None,
        reversed_by=[],
        settles=None,
        settled_by=None,
        expires_at=None,
        asked_effective_at=when.asked_effective_at,
        entries=[
            EntryModel.model_construct(
                id=ids.encode("ent", entry_number(number, n)),
                transaction_id=name,
                debit=ids.encode("acct", entry.debit),
                debit_code=codes[entry.debit],
                credit=ids.encode("acct", entry.credit),
                credit_code=codes[entry.credit],
                amount=MoneyModel.model_construct(minor=entry.amount.minor, currency=entry.amount.currency),
                recorded_at=when.recorded_at,
                effective_at=when.effective_at,
                effective_on=when.effective_on,
            )
            for n, entry in enumerate(posting.entries, 1)
        ],
    )


def _names(body: NewTransaction) -> list[int | str]:
    return [name for entry in body.entries for name in (entry.debit, entry.credit)]


def _numbers(known: Known) -> dict[int | str, int]:
    return {name: account.id for name, account in known.items()}


def _posting(key: str, body: NewTransaction, numbers: Mapping[int | str, int]) -> Posting:
    """The posting that a request means, its accounts by their names. Raises AccountNotFound, UnknownCurrency."""
    try:
        entries = [one.entry(numbers) for one in body.entries]
    except KeyError as error:
        name = str(error.args[0])
        raise AccountNotFound(f"there is no account {name}", account=name) from None
    return Posting(
        key,
        entries,
        body.effective_at,
        body.source_type,
        body.source_id,
        body.description,
        body.metadata,
        pending=body.pending,
        expires_at=body.expires_at,
    )


def _check(posting: Posting) -> None:
    """Refuse by itself what the arrays of a group would refuse for all: an instant without zone, a text with NUL."""
    arrays.texts([posting.source_type, posting.source_id, posting.description])
    arrays.instants([posting.effective_at])
    arrays.documents([posting.metadata])
