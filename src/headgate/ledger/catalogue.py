"""The posting catalogue: which purposes an event that moves money debits and credits, as postings.toml lists them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from headgate.core.db import Tx
from headgate.ledger.accounts import account_for


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
