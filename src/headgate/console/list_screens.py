"""A screen with a list: its page (and one thing of it opened), that thing alone, and rows that changed.

How it is shown is the same for all: `ListScreen` opens the transaction, reads, and renders. What is read is the screen's
own: `Searched` reads a list that the database searches and pages, by the verbs it is given; a screen whose list is found
otherwise writes the three methods of `Reads` itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, Protocol, TypeVar

from fastapi.responses import HTMLResponse

from headgate import payments
from headgate.console import lists, pages
from headgate.console.desk import Desk
from headgate.console.pages import Clock
from headgate.core.db import Tx

Q = TypeVar("Q")
Q_in = TypeVar("Q_in", contravariant=True)
Words = Mapping[str, object]
"""What the templates are given, by name."""


class Listed(Protocol):
    """Whatever stands in a list has an id."""

    @property
    def id(self) -> str: ...


class Total(Protocol):
    """What a query adds up to in one currency."""

    @property
    def count(self) -> int: ...


class Find(Protocol[Q_in]):
    """The rows of a query, the newest first, from the one after `after` on."""

    def __call__(self, tx: Tx, query: Q_in, /, *, after: str | None, limit: int) -> Sequence[Listed]: ...


class Found(NamedTuple):
    """One page of a list: its rows, the id from which the next page goes on, what is wrong with the query, and what the
    template needs besides.
    """

    rows: Sequence[object]
    older: str | None
    error: str | None
    words: Words


class Reads(Protocol):
    """What a screen reads, by the text of its query. `opened` raises what tells that there is no such thing."""

    def page(self, tx: Tx, text: str, clock: Clock, *, after: str | None, item_id: str | None) -> Found: ...

    def opened(self, tx: Tx, item_id: str, /) -> object: ...

    def changed(self, tx: Tx, text: str, clock: Clock, item_ids: Sequence[str]) -> Words: ...


class Templates(NamedTuple):
    """The whole page, one thing opened, and the rows alone."""

    page: str
    opened: str
    rows: str


def _nothing(tx: Tx, query: object, clock: Clock) -> Words:
    return {}


@dataclass(frozen=True, slots=True)
class Searched(Generic[Q]):
    """Reads a list that the database searches. `beside` is what stands beside it on its page, by the query.

    Where a thing opens `in_place`, its row stands in the list whatever the query says.
    """

    parse: Callable[[str], Q]
    find: Find[Q]
    totals: Callable[[Tx, Q], Sequence[Total]]
    rows: Callable[[Tx, Sequence[str]], Sequence[Listed]]
    matching: Callable[[Tx, Q, Sequence[str]], frozenset[str]]
    opened: Callable[[Tx, str], object]
    beside: Callable[[Tx, Q, Clock], Words] = _nothing
    in_place: bool = False

    def page(self, tx: Tx, text: str, clock: Clock, *, after: str | None, item_id: str | None) -> Found:
        asked = lists.ask(text, self.parse)
        rows = list(self.find(tx, asked.query, after=after, limit=lists.ROWS + 1))
        if self.in_place and item_id and all(row.id != item_id for row in rows):
            rows = [*self.rows(tx, [item_id]), *rows]
        older = rows[lists.ROWS - 1].id if len(rows) > lists.ROWS else None
        words = {
            "totals": self.totals(tx, asked.query),
            "fewer": lists.fewer(asked, rows, after, lambda query: sum(one.count for one in self.totals(tx, query))),
            **self.beside(tx, asked.query, clock),
        }
        return Found(rows[: lists.ROWS], older, asked.error, words)

    def changed(self, tx: Tx, text: str, clock: Clock, item_ids: Sequence[str]) -> Words:
        query = lists.ask(text, self.parse).query
        left = frozenset(item_ids) - self.matching(tx, query, item_ids)
        return {"rows": self.rows(tx, item_ids), "left": left}


@dataclass(frozen=True, slots=True)
class ListScreen:
    """One screen: where it is (`path`), what its things are called, what it reads, and its own words for its templates.

    `prefix` is of the ids of its things, `title` the page's where its `label` in the navigation is another. A role needs
    every one of the `permissions`. What `reads` finds comes last among the words, so that it may say otherwise.
    """

    path: str
    prefix: str
    noun: str
    label: str
    reads: Reads
    templates: Templates
    views: Sequence[tuple[str, str]]
    words: Words = field(default_factory=dict)
    title: str | None = None
    permissions: tuple[str, ...] = ("payments.read",)
    is_paged: bool = True

    def list_page(self, desk: Desk, *, query_text: str, after: str | None, item_id: str | None) -> HTMLResponse:
        """The list, and one thing opened where the address names one. A bad query says what is wrong and shows all."""
        after = after if self.is_paged else None
        with self._begin(desk) as tx:
            # The position first: what changes while the rows are read is then told twice rather than never.
            position, _ = payments.changed_things(tx, after=None)
            clock = pages.clock(tx)
            found = self.reads.page(tx, query_text, clock, after=after, item_id=item_id)
            opened = self.reads.opened(tx, item_id) if item_id else None
            counts = pages.waiting(tx)
        words = {
            **self.words,
            **lists.addresses(desk, self.path, query_text, after, found.older),
            "noun": self.noun,
            "prefix": self.prefix,
            "query_error": found.error,
            "views": self.views,
            "templates": self.templates,
            "position": position,
            "current": item_id,
            "opened": opened,
            "rows": found.rows,
            "left": frozenset(),
            "counts": counts,
            **found.words,
        }
        title, path = item_id or self.title, f"/{self.path}"
        return pages.whole(desk, self.templates.page, clock, label=self.label, path=path, title=title, **words)

    def item(self, desk: Desk, *, item_id: str, query_text: str, after: str | None) -> HTMLResponse:
        """One thing alone, for the script."""
        with self._begin(desk) as tx:
            opened, clock = self.reads.opened(tx, item_id), pages.clock(tx)
        words = {**self.words, "opened": opened, "search": lists.search(query_text, after if self.is_paged else None)}
        return pages.part(desk, self.templates.opened, clock, **words)

    def rows_of(self, desk: Desk, *, item_ids: list[str], query_text: str) -> HTMLResponse:
        """The rows of things that changed, for the script to put in their places; those that left the query say so."""
        with self._begin(desk) as tx:
            clock = pages.clock(tx)
            changed = self.reads.changed(tx, query_text, clock, item_ids)
        words = {**self.words, "current": None, "opened": None, "search": lists.search(query_text, None), **changed}
        return pages.part(desk, self.templates.rows, clock, **words)

    @contextmanager
    def _begin(self, desk: Desk) -> Iterator[Tx]:
        for permission in self.permissions[1:]:
            desk.require(permission)
        with desk.begin(self.permissions[0]) as tx:
            yield tx
