"""What the lists of the console share: the query in the address, its error, the term to drop, and the pages of a list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlencode

from fastapi.responses import HTMLResponse

from headgate.console.desk import Desk
from headgate.core import terms
from headgate.core.errors import Malformed
from headgate.core.terms import Query

ROWS = 50


class Fewer(NamedTuple):
    """A query with one term less, and how many rows it finds."""

    dropped: str
    text: str
    matches: int


class Listed(Protocol):
    """Whatever stands in a list has an id."""

    @property
    def id(self) -> str: ...


class ListScreen(Protocol):
    """A screen with a list: its page (and one thing of it opened), that thing alone, and rows that changed."""

    PATH: str
    PREFIX: str

    def list_page(self, desk: Desk, *, query_text: str, after: str | None, item_id: str | None) -> HTMLResponse: ...

    def item(self, desk: Desk, *, item_id: str, query_text: str, after: str | None) -> HTMLResponse: ...

    def rows_of(self, desk: Desk, *, item_ids: list[str], query_text: str) -> HTMLResponse: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; a bad query has its error and lists everything."""

    text: str
    query: Query
    error: str | None


def ask(text: str, terms_of: Mapping[str, terms.Term]) -> Asked:
    """Read the query of an address."""
    try:
        return Asked(text, terms.parse(text, terms_of), None)
    except Malformed as error:
        return Asked(text, terms.parse("", terms_of), error.message)


def everything(terms_of: Mapping[str, terms.Term]) -> Query:
    """The query that finds all of a list."""
    return terms.parse("", terms_of)


def fewer(text: str, terms_of: Mapping[str, terms.Term], count: Callable[[Query], int]) -> Fewer | None:
    """The term to drop from a query that finds nothing, so that most is found; None where no one term is to blame."""
    found = [Fewer(word, rest, count(terms.parse(rest, terms_of))) for word, rest in terms.fewer(text)]
    best = max(found, key=lambda one: one.matches, default=None)
    return best if best is not None and best.matches else None


def of_list(
    desk: Desk, path: str, noun: str, prefix: str, asked: Asked, rows: Sequence[Listed], *, after: str | None
) -> dict[str, Any]:
    """What the templates of a list need: one page of the rows, the links to its neighbours, and its address."""
    address = f"{desk.seat.address}/{path}"
    older = rows[ROWS - 1].id if len(rows) > ROWS else None
    return {
        "list_path": address,
        "noun": noun,
        "prefix": prefix,
        "rows": rows[:ROWS],
        "left": frozenset(),
        "query_text": asked.text,
        "query_error": asked.error,
        "after": after,
        "older": older,
        "search": search(asked.text, after),
        "newest_link": address + search(asked.text, None) if after else None,
        "older_link": address + search(asked.text, older) if older else None,
    }


def search(query_text: str, after: str | None) -> str:
    """The query part of an address, so that a link keeps the list as it is."""
    words = {name: value for name, value in (("q", query_text), ("after", after)) if value}
    return f"?{urlencode(words)}" if words else ""
