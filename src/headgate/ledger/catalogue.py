"""The posting catalogue: which purposes an event that moves money debits and credits, as postings.toml lists them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from headgate.core.db import Tx
from headgate.ledger.accounts import account_for
from headgate.ledger.errors import MissingPurpose


@dataclass(frozen=True, slots=True)
class CataloguedPosting:
    """What an event does to the book: it debits the account of one purpose and credits that of another."""

    event: str
    debit: str
    credit: str
    title: str


@cache
def catalogue() -> Mapping[str, CataloguedPosting]:
    """Every event that moves money, by its name."""
    document = tomllib.loads(files(__package__).joinpath("postings.toml").read_text("utf-8"))
    return MappingProxyType({entry["event"]: CataloguedPosting(**entry) for entry in document["posting"]})


def posting_accounts(tx: Tx, event: str, currency: str, *, legal_entity_id: str | None = None) -> tuple[int, int]:
    """The accounts that an event debits and credits for this legal entity. Raises MissingPurpose naming what lacks."""
    posting = catalogue()[event]
    debit = account_for(tx, posting.debit, currency, legal_entity_id=legal_entity_id)
    credit = account_for(tx, posting.credit, currency, legal_entity_id=legal_entity_id)
    return debit.id, credit.id


def posting_accounts_of(tx: Tx, events: Iterable[str], currency: str) -> dict[str, tuple[int, int]]:
    """The accounts that each of several events debits and credits for the tenant as a whole, in one query.

    Raises MissingPurpose naming what lacks.
    """
    postings = [catalogue()[event] for event in events]
    purposes = sorted({purpose for posting in postings for purpose in (posting.debit, posting.credit)})
    rows = tx.all(
        """
        SELECT purpose, id FROM ledger.accounts
         WHERE purpose = ANY (%(purposes)s) AND currency = %(currency)s AND is_default AND legal_entity_id IS NULL
        """,
        {"purposes": purposes, "currency": currency},
    )
    found = {row["purpose"]: row["id"] for row in rows}
    for purpose in purposes:
        if purpose not in found:
            raise MissingPurpose(
                f"there is no default account for {purpose} in {currency}: seed the chart, or open one as default",
                purpose=purpose,
                currency=currency,
            )
    return {posting.event: (found[posting.debit], found[posting.credit]) for posting in postings}
