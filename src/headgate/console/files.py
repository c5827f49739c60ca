"""The files list and one file's drawer: what was written for the bank, what the bank said of it, and its entries."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, NamedTuple

from headgate import payments
from headgate.console import lists
from headgate.console.file_acts import WORDS
from headgate.console.list_screens import ListScreen, Searched, Templates
from headgate.console.render import figures
from headgate.core.db import Tx

ENTRIES_SHOWN = 100
parse = lists.by(payments.FILE_TERMS)
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


def _life(tx: Tx, file_id: str) -> dict[str, object]:
    row = payments.file_row(tx, file_id)
    entries = payments.file_entries(tx, file_id, limit=ENTRIES_SHOWN)
    return {"row": row, "entries": entries, "more": row.entry_count - len(entries), "steps": steps(row),
            "asked": payments.open_delivery_requests(tx, file_id=file_id), "words": WORDS}  # fmt: skip


SCREEN: Final = ListScreen(
    path="files",
    prefix="fil",
    noun="file",
    label="Files",
    templates=Templates("files.html", "file_drawer.html", "file_rows.html"),
    views=VIEWS,
    words={"bank_says": BANK_SAYS},
    reads=Searched(
        parse=parse,
        find=payments.find_files,
        totals=payments.file_totals,
        rows=payments.file_rows,
        matching=payments.matching_files,
        opened=_life,
    ),
)


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
