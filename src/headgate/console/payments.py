"""The payments list and one payment's drawer: why is it here, its entries as T-accounts, its timeline."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from fastapi.responses import HTMLResponse

from headgate import payments
from headgate.console.desk import Desk
from headgate.console.live import ACTOR
from headgate.console.render import HEADERS, fragment, page
from headgate.core import ids
from headgate.core.db import Database, Tx
from headgate.core.errors import Malformed

ROWS = 50
VIEWS = (
    ("All", ""),
    ("Returned", "status:returned"),
    ("Blocked for funds", "status:blocked_funds"),
    ("Sent, not settled", "status:sent"),
    ("Settled", "status:settled"),
    ("Large", "amount:>5000"),
)


class Fewer(NamedTuple):
    """A query with one term less, and how many payments it finds."""

    dropped: str
    text: str
    matches: int


def payments_page(desk: Desk, *, query_text: str, after: str | None, payment_id: str | None) -> HTMLResponse:
    """The list, and beside it one payment where the address names one. A bad query says what is wrong and shows all."""
    query_error = None
    try:
        query = payments.parse_query(query_text)
    except Malformed as error:
        query_error, query = error.message, payments.parse_query("")
    with desk.begin("payments.read") as tx:
        # The position first: what changes while the rows are read is then told twice rather than never.
        position, _ = payments.recent_changes(tx, after=None)
        rows = payments.list_instructions(tx, query=query, after=after, limit=ROWS + 1)
        totals = payments.totals(tx, query)
        life = payments.get_life(tx, payment_id) if payment_id else None
        zone, now, held = payments.time_zone(tx), tx.now(), payments.count_held(tx)
        fewer = _fewer(tx, query_text) if not rows and not after and not query_error else None
    older = rows[ROWS - 1].id if len(rows) > ROWS else None
    base = desk.seat.address
    return page(
        "payments.html",
        title=payment_id or "Payments",
        here="Payments",
        here_path="/payments",
        seat=desk.seat,
        seats=desk.seats,
        zone=zone,
        now=now,
        counts={"Gate": held},
        main_class="split",
        position=position,
        rows=rows[:ROWS],
        left=frozenset(),
        current=payment_id,
        totals=totals,
        life=life,
        query_text=query_text,
        query_error=query_error,
        fewer=fewer,
        views=VIEWS,
        after=after,
        older=older,
        search=_search(query_text, after),
        newest_link=base + "/payments" + _search(query_text, None) if after else None,
        older_link=base + "/payments" + _search(query_text, older) if older else None,
    )


def drawer(desk: Desk, *, payment_id: str, query_text: str, after: str | None) -> HTMLResponse:
    """One payment's drawer alone, for the script."""
    with desk.begin("payments.read") as tx:
        life = payments.get_life(tx, payment_id)
        zone = payments.time_zone(tx)
    search = _search(query_text, after)
    text = fragment("drawer.html", life=life, seat=desk.seat, base=desk.seat.address, zone=zone, search=search)
    return HTMLResponse(text, headers=HEADERS)


def rows_of(desk: Desk, *, payment_ids: list[str], query_text: str) -> HTMLResponse:
    """The rows of payments that changed, for the script to put in their places; those that left the query say so."""
    try:
        query = payments.parse_query(query_text)
    except Malformed:
        query = payments.parse_query("")
    with desk.begin("payments.read") as tx:
        rows = payments.rows_by_ids(tx, payment_ids)
        left = frozenset(payment_ids) - payments.matching(tx, query, payment_ids)
        now = tx.now()
    search = _search(query_text, None)
    text = fragment("rows.html", rows=rows, left=left, base=desk.seat.address, now=now, current=None, search=search)
    return HTMLResponse(text, headers=HEADERS)


def changes(database: Database, tenant_id: UUID, after: int | None) -> tuple[int, list[str]]:
    """What changed since a position, for the live pages."""
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        return payments.changed_things(tx, after=after)


def is_payment_id(text: str) -> bool:
    """Whether this is what a payment's id looks like."""
    return ids.is_id(text, "pay")


def _fewer(tx: Tx, query_text: str) -> Fewer | None:
    """The term to drop from a query that finds nothing, so that most is found; None where no one term is to blame."""
    terms = query_text.split()
    best = None
    for place, term in enumerate(terms):
        text = " ".join(terms[:place] + terms[place + 1 :])
        count = sum(total.count for total in payments.totals(tx, payments.parse_query(text)))
        if text and count and (best is None or count > best.matches):
            best = Fewer(term, text, count)
    return best


def _search(query_text: str, after: str | None) -> str:
    """The query part of an address, so that a link keeps the list as it is."""
    words = {name: value for name, value in (("q", query_text), ("after", after)) if value}
    return f"?{urlencode(words)}" if words else ""
