"""What the lists of the console share: the query in the address, its error, the term to drop, and the pages of a list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, NamedTuple, TypeVar
from urllib.parse import urlencode

from headgate.console.desk import Desk
from headgate.core import terms
from headgate.core.errors import Malformed
from headgate.core.terms import Query

ROWS = 50
Q = TypeVar("Q")


class Fewer(NamedTuple):
    """A query with one term less, and how many rows it finds."""

    dropped: str
    text: str
    matches: int


@dataclass(frozen=True, slots=True)
class Asked(Generic[Q]):
    """What the address asks for; a bad query has its error and lists everything. `parse` reads a query of this list."""

    text: str
    query: Q
    error: str | None
    parse: Callable[[str], Q]


def by(terms_of: Mapping[str, terms.Term]) -> Callable[[str], Query]:
    """What reads the queries of a list by the table of its terms."""
    return partial(terms.parse, terms=terms_of)


def ask(text: str, parse: Callable[[str], Q]) -> Asked[Q]:
    """Read the query of an address."""
    try:
        return Asked(text, parse(text), None, parse)
    except Malformed as error:
        return Asked(text, parse(""), error.message, parse)


def fewer(asked: Asked[Q], rows: Sequence[object], after: str | None, count: Callable[[Q], int]) -> Fewer | None:
    """The term to drop from a query that finds nothing, so that most is found; None where no one term is to blame."""
    if rows or after or asked.error:
        return None
    found = [Fewer(word, rest, count(asked.parse(rest))) for word, rest in terms.fewer(asked.text)]
    best = max(found, key=lambda one: one.matches, default=None)
    return best if best is not None and best.matches else None


def addresses(desk: Desk, path: str, text: str, after: str | None, older: str | None) -> dict[str, object]:
    """Where a list is, and where its neighbours are: the newest page, and the one that goes on from `older`."""
    address = f"{desk.seat.address}/{path}"
    return {
        "list_path": address,
        "query_text": text,
        "after": after,
        "older": older,
        "search": search(text, after),
        "newest_link": address + search(text, None) if after else None,
        "older_link": address + search(text, older) if older else None,
    }


def search(query_text: str, after: str | None) -> str:
    """The query part of an address, so that a link keeps the list as it is."""
    words = {name: value for name, value in (("q", query_text), ("after", after)) if value}
    return f"?{urlencode(words)}" if words else ""
