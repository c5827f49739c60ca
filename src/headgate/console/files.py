"""The files list and one file's drawer: what was written for the bank, what the bank said of it, and its entries."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from fastapi.responses import HTMLResponse

from headgate import payments
from headgate.console import lists
from headgate.console.desk import Desk
from headgate.console.render import HEADERS, figures, fragment, page
from headgate.core.db import Tx

PATH = "files"
PREFIX = "fil"
ENTRIES_SHOWN = 100
VIEWS = (
    ("All", ""),
    ("Not handed over", "status:pending"),
    ("No answer yet", "status:delivered"),
    ("Settled", "status:settled"),
    ("Outcome unknown", "status:outcome_unknown"),
    ("Rejected", "status:rejected"),
)
BANK_SAYS = {
    "pending": "not handed over yet",
    "delivered": "nothing yet",
    "outcome_unknown": "nobody knows",
    "rejected": "refused",
    "settled": "settled",
}
"""What the bank has said of a file, by its status."""


class Step(NamedTuple):
    """One step of a file's way: done at a time or on a day, still to come, or gone wrong."""

    text: str
    at: datetime | None
    on: date | None
    state: str


def list_page(desk: Desk, *, query_text: str, after: str | None, item_id: str | None) -> HTMLResponse:
    """The list, and beside it one file where the address names one."""
    asked = lists.ask(query_text, payments.FILE_TERMS)
    with desk.begin("payments.read") as tx:
        position, _ = payments.changed_things(tx, after=None)
        rows = payments.find_files(tx, asked.query, after=after, limit=lists.ROWS + 1)
        totals = payments.file_totals(tx, asked.query)
        life = _life(tx, item_id) if item_id else None
        zone, now, held = payments.time_zone(tx), tx.now(), payments.count_held(tx)
        fewer = None
        if not rows and not after and not asked.error:
            fewer = lists.fewer(
                query_text, payments.FILE_TERMS, lambda query: sum(t.count for t in payments.file_totals(tx, query))
            )
    return page(
        "files.html",
        title=item_id or "Files",
        here="Files",
        here_path="/files",
        seat=desk.seat,
        seats=desk.seats,
        zone=zone,
        now=now,
        counts={"Gate": held},
        main_class="split",
        position=position,
        current=item_id,
        totals=totals,
        life=life,
        fewer=fewer,
        views=VIEWS,
        bank_says=BANK_SAYS,
        **lists.of_list(desk, PATH, "file", PREFIX, asked, rows, after=after),
    )


def item(desk: Desk, *, item_id: str, query_text: str, after: str | None) -> HTMLResponse:
    """One file's drawer alone, for the script."""
    with desk.begin("payments.read") as tx:
        life, zone = _life(tx, item_id), payments.time_zone(tx)
    text = fragment(
        "file_drawer.html",
        life=life,
        seat=desk.seat,
        base=desk.seat.address,
        zone=zone,
        search=lists.search(query_text, after),
    )
    return HTMLResponse(text, headers=HEADERS)


def rows_of(desk: Desk, *, item_ids: list[str], query_text: str) -> HTMLResponse:
    """The rows of files that changed; those that left the query say so."""
    asked = lists.ask(query_text, payments.FILE_TERMS)
    with desk.begin("payments.read") as tx:
        rows = payments.file_rows(tx, item_ids)
        left = frozenset(item_ids) - payments.matching_files(tx, asked.query, item_ids)
        now = tx.now()
    text = fragment(
        "file_rows.html",
        rows=rows,
        left=left,
        base=desk.seat.address,
        now=now,
        current=None,
        bank_says=BANK_SAYS,
        search=lists.search(query_text, None),
    )
    return HTMLResponse(text, headers=HEADERS)


def _life(tx: Tx, file_id: str) -> dict[str, object]:
    row = payments.file_row(tx, file_id)
    entries = payments.file_entries(tx, file_id, limit=ENTRIES_SHOWN)
    return {"row": row, "entries": entries, "more": row.entry_count - len(entries), "steps": steps(row)}


def steps(row: payments.FileRow) -> list[Step]:
    """A file's way to the bank and back: what is done, what went wrong, and what comes next."""
    found = [Step("Written, its name and bytes fixed", row.created_at, None, "done")]
    if row.delivered_at:
        found.append(Step("Handed over to the bank", row.delivered_at, None, "done"))
    elif row.status == "outcome_unknown":
        found.append(Step("Nobody knows whether the bank has it: a case asks two people", None, None, "bad"))
    elif row.status == "pending":
        found.append(Step("Next: it is handed over", None, None, "next"))
    if row.status == "rejected":
        found.append(Step("Refused by the bank", None, None, "bad"))
    elif row.status == "settled":
        found.append(Step("Settled on the bank's statement", None, row.settled_on, "done"))
    elif row.status == "delivered":
        found.append(Step("Next: the bank acknowledges it; nothing of that has been read yet", None, None, "next"))
    if row.status in ("pending", "delivered", "outcome_unknown"):
        found.append(Step("The bank's statement says that it is settled", None, row.effective_on, "next"))
    if row.returned:
        entries = "entry" if row.returned == 1 else "entries"
        found.append(
            Step(
                f"{row.returned:,} {entries} came back: {figures(row.money_returned)} {row.currency}", None, None, "bad"
            )
        )
    return found
