"""The intake of postings at the HTTP door: callers who post one transaction each share a commit.

Each has its own answer and refusal, and each row keeps its own actor, person and correlation id. A dry run, and an
application that was told not to share, post each in a transaction of its own, with the same answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from starlette.concurrency import run_in_threadpool

from headgate.core.db import Database, Tx
from headgate.core.errors import HeadgateError, Refused
from headgate.ledger import accounts, arrays, queries
from headgate.ledger.documents import NewTransaction, TransactionModel
from headgate.ledger.errors import AccountNotFound
from headgate.ledger.model import Entry, Posted, Posting
from headgate.ledger.posting import answers, facts_of, post, raised_on_conflict
from headgate.web import Asked, Call, SharedCommit

_INTAKES: WeakKeyDictionary[Database, SharedCommit[NewTransaction]] = WeakKeyDictionary()


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
    numbers = accounts.resolve_accounts(tx, _names(body))
    posting = _posting(key, body, numbers)
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
    return TransactionModel.of(queries.get_transaction(tx, posted.transaction_id))


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
    posted = _post(tx, postings, [group[place] for place in places]) if postings else []
    shown = queries.transactions_by_number(tx, [one.transaction_id for one in posted if isinstance(one, Posted)])
    for place, one in zip(places, posted, strict=True):
        try:
            one = raised_on_conflict(one, group[place].key)
        except HeadgateError as error:
            found[place] = error
        else:
            found[place] = one if isinstance(one, Refused) else TransactionModel.of(shown[one.transaction_id])
    return found


def _post(tx: Tx, postings: Sequence[Posting], callers: Sequence[Asked[NewTransaction]]) -> list[Posted | Refused]:
    """`post_many`, each row under its own caller's name."""
    entries = [entry for posting in postings for entry in posting.entries]
    row = tx.one(
        """
        SELECT codes, ids, replayed, facts
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
    return answers(row)


def _names(body: NewTransaction) -> list[int | str]:
    return [name for entry in body.entries for name in (entry.debit, entry.credit)]


def _posting(key: str, body: NewTransaction, numbers: accounts.Numbers) -> Posting:
    """The posting that a request means. Raises AccountNotFound, MalformedId, UnknownCurrency."""
    try:
        entries = [Entry(numbers[one.debit], numbers[one.credit], one.amount.money()) for one in body.entries]
    except KeyError as error:
        name = str(error.args[0])
        raise AccountNotFound(f"there is no account {name}", account=name) from None
    return Posting(key, entries, body.effective_at, body.source_type, body.source_id, body.description, body.metadata)


def _check(posting: Posting) -> None:
    """Refuse by itself what the arrays of a group would refuse for all: an instant without zone, a text with NUL."""
    arrays.texts([posting.source_type, posting.source_id, posting.description])
    arrays.instants([posting.effective_at])
    arrays.documents([posting.metadata])
