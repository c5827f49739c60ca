"""The intake of postings at the HTTP door: callers who post one transaction each share a commit.

Each has its own answer and refusal, and each row keeps its own actor, person and correlation id. A dry run, and an
application that was told not to share, post each in a transaction of its own, with the same answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from weakref import WeakKeyDictionary

from starlette.concurrency import run_in_threadpool

from headgate.core import ids
from headgate.core.db import Database, Tx
from headgate.core.errors import HeadgateError, Refused
from headgate.ledger import accounts, arrays, queries
from headgate.ledger.documents import EntryModel, NewTransaction, TransactionModel
from headgate.ledger.errors import AccountNotFound
from headgate.ledger.model import Entry, Posted, Posting, entry_number
from headgate.ledger.posting import answers, facts_of, post, raised_on_conflict
from headgate.web import Asked, Call, MoneyModel, SharedCommit

_PLAIN: Final = {"entries", "effective_at", "source_type", "source_id", "description", "metadata"}
_PLAIN_ENTRY: Final = {"debit", "credit", "amount"}
Known = dict[int | str, accounts.NamedAccount]

_INTAKES: WeakKeyDictionary[Database, SharedCommit[NewTransaction]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class _Times:
    recorded_at: datetime
    effective_at: datetime
    effective_on: date
    routed: bool
    metadata: dict[str, Any] | None


async def post_transaction(call: Call, body: NewTransaction) -> Any:
    """Post what a request asks for, once for its key; the answer is rendered."""
    if call.shares and _is_plain(body):
        return await call.shared(intake_of(call.database), body)
    return await run_in_threadpool(call.once, lambda tx: post_one(tx, call.key, body))


def intake_of(database: Database) -> SharedCommit[NewTransaction]:
    """The intake of a database in this process."""
    found = _INTAKES.get(database)
    return found or _INTAKES.setdefault(database, SharedCommit(database, post_group))


def post_one(tx: Tx, key: str, body: NewTransaction) -> TransactionModel | Refused:
    """Post one transaction in this one. Raises what `post` does, and AccountNotFound."""
    known = accounts.find_accounts(tx, _names(body))
    posting = _posting(key, body, known)
    posted = post(
        tx,
        idempotency_key=key,
        entries=posting.entries,
        effective_at=posting.effective_at,
        source_type=posting.source_type,
        source_id=posting.source_id,
        description=posting.description,
        metadata=posting.metadata,
    )
    if isinstance(posted, Refused):
        return posted
    times = tx.one(
        """
        SELECT recorded_at, effective_at, effective_on, asked_effective_at IS NOT NULL AS routed, metadata
          FROM ledger.transactions WHERE id = %(id)s
        """,
        {"id": posted.transaction_id},
        row=_Times,
    )
    return _shown(tx, [posting], [posted], [times], known)[0]


def post_group(tx: Tx, group: Sequence[Asked[NewTransaction]]) -> list[Any]:
    """Post what each of a tenant's callers asks for; an error of one (an unknown account) stands in its place."""
    known = accounts.find_accounts(tx, {name for asked in group for name in _names(asked.body)})
    found: list[Any] = [None] * len(group)
    postings: list[Posting] = []
    places: list[int] = []
    for place, asked in enumerate(group):
        try:
            posting = _posting(asked.key, asked.body, known)
            _check(posting)
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
        SELECT codes, ids, replayed, facts, recorded_at, effective_at, effective_on, routed, metadata
          FROM ledger.post_group(%(keys)s, %(counts)s, %(debits)s, %(credits)s, %(amounts)s, %(currencies)s,
                                 %(effective_at)s, %(source_types)s, %(source_ids)s, %(descriptions)s, %(metadata)s,
                                 %(actor_types)s, %(actors)s, %(persons)s, %(correlations)s)
        """,
        {
            "counts": arrays.numbers(len(posting.entries) for posting in postings),
            "debits": arrays.numbers(entry.debit for entry in entries),
            "credits": arrays.numbers(entry.credit for entry in entries),
            "amounts": arrays.numbers(entry.amount.minor for entry in entries),
            "currencies": arrays.texts([entry.amount.currency for entry in entries]),
            "actor_types": arrays.texts([asked.actor.type for asked in callers]),
            "actors": arrays.texts([asked.actor.id for asked in callers]),
            "persons": arrays.texts([asked.actor.person_id for asked in callers]),
            "correlations": arrays.texts([asked.correlation_id for asked in callers]),
        }
        | facts_of(postings),
    )
    metadata = row["metadata"] or [None] * len(postings)
    times = zip(row["recorded_at"], row["effective_at"], row["effective_on"], row["routed"], metadata, strict=True)
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
        isinstance(one, Posted) and not one.replayed and posting.effective_at is None and not when.routed
        for posting, one, when in zip(postings, posted, times, strict=True)
    ]
    others = [
        one.transaction_id
        for one, is_known in zip(posted, known_here, strict=True)
        if isinstance(one, Posted) and not is_known
    ]
    stored = queries.transactions_by_number(tx, others) if others else {}
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


def _document(posting: Posting, number: int, when: _Times, codes: dict[int, str]) -> TransactionModel:
    name = ids.encode("txn", number)
    return TransactionModel(
        id=name,
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
        entries=[
            EntryModel(
                id=ids.encode("ent", entry_number(number, n)),
                transaction_id=name,
                debit=ids.encode("acct", entry.debit),
                debit_code=codes[entry.debit],
                credit=ids.encode("acct", entry.credit),
                credit_code=codes[entry.credit],
                amount=MoneyModel.of(entry.amount),
                recorded_at=when.recorded_at,
                effective_at=when.effective_at,
                effective_on=when.effective_on,
            )
            for n, entry in enumerate(posting.entries, 1)
        ],
    )


def _is_plain(body: NewTransaction) -> bool:
    """Whether a request says no more than a group takes."""
    return body.model_fields_set <= _PLAIN and all(entry.model_fields_set <= _PLAIN_ENTRY for entry in body.entries)


def _names(body: NewTransaction) -> list[int | str]:
    return [name for entry in body.entries for name in (entry.debit, entry.credit)]


def _posting(key: str, body: NewTransaction, known: Known) -> Posting:
    """The posting that a request means. Raises AccountNotFound, UnknownCurrency."""
    try:
        entries = [Entry(known[one.debit].id, known[one.credit].id, one.amount.money()) for one in body.entries]
    except KeyError as error:
        name = str(error.args[0])
        raise AccountNotFound(f"there is no account {name}", account=name) from None
    return Posting(key, entries, body.effective_at, body.source_type, body.source_id, body.description, body.metadata)


def _check(posting: Posting) -> None:
    """Refuse by itself what the arrays of a group would refuse for all: an instant without zone, a text with NUL."""
    arrays.texts([posting.source_type, posting.source_id, posting.description])
    arrays.instants([posting.effective_at])
    arrays.documents([posting.metadata])
