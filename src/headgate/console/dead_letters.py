"""Dead letters: what was given up and why, how deep each queue is, and what became of what was tried again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from headgate import cases, messaging
from headgate.console import lists
from headgate.console.list_screens import ListScreen, Searched, Templates, Words
from headgate.console.pages import Clock
from headgate.console.render import age
from headgate.core.db import Tx
from headgate.core.terms import Query

parse = lists.by(messaging.DEAD_LETTER_TERMS)
VIEWS = (
    ("All", ""),
    ("Given up", "status:dead"),
    ("Given up again", "status:dead_again"),
    ("On their way", "status:requeued"),
    ("Handled since", "status:handled"),
)


class Depth(NamedTuple):
    """A queue as a bar: per cent of the longest for what waits, what is tried later, and what was given up."""

    name: str
    note: str
    widths: tuple[tuple[str, float], ...]
    figure: int
    link: str
    is_bad: bool


def _opened(tx: Tx, dead_letter_id: str) -> dict[str, Any]:
    row = messaging.dead_letter_row(tx, dead_letter_id)
    return {
        "row": row,
        "payload": json.dumps(row.payload, indent=2, ensure_ascii=False),
        "steps": steps(row),
        "case": cases.with_key(tx, f"dead_letter:{row.number}"),
    }


def steps(row: messaging.DeadLetter) -> list[tuple[str, datetime | None, str]]:
    """Its life: written, given up, tried again, and what came of that."""
    tries = f"{row.attempt_count} {'try' if row.attempt_count == 1 else 'tries'}"
    found: list[tuple[str, datetime | None, str]] = [
        ("The message was written with what it tells of", row.created_at, "done"),
        (f"Given up by {row.who} after {tries}", row.dead_at, "bad"),
    ]
    if row.requeued_at:
        found.append((f"Put back into its queue by {row.requeued_by}", row.requeued_at, "done"))
    if row.standing == "handled":
        found.append(("Handled, once", row.handled_at, "done"))
    elif row.standing == "dead_again":
        found.append(("Given up once more: the newer dead letter says why", None, "bad"))
    elif row.standing == "requeued":
        found.append((f"Next: {row.who} takes it", None, "next"))
    else:
        found.append(("Next: a person mends what stands against it, and puts it back", None, "next"))
    return found


def depths(found: Sequence[messaging.QueueDepth], now: datetime) -> list[Depth]:
    """The queues as bars on one scale, the deepest first; a queue in which nothing lies is left out but the outbox."""
    longest = max((one.ready + one.delayed + one.dead for one in found), default=0)
    shown = [one for one in found if not one.consumer or one.ready + one.delayed + one.dead]
    shown.sort(key=lambda one: (bool(one.consumer), -(one.ready + one.delayed + one.dead), one.consumer))
    made = []
    for one in shown:
        parts = (("sure", one.ready), ("unsure", one.delayed), ("missing", one.dead))
        widths = tuple((depth, 100 * count / longest) for depth, count in parts if longest and count)
        words = []
        if one.ready:
            words.append(f"{one.ready:,} waiting")
        if one.delayed:
            words.append(f"{one.delayed:,} tried later")
        if one.dead:
            words.append(f"{one.dead:,} given up")
        if one.oldest_at:
            words.append(f"the oldest {age(one.oldest_at, now)}")
        link = f"consumer:{one.consumer}" if one.consumer and one.dead else ""
        name = one.consumer or "outbox"
        made.append(
            Depth(name, ", ".join(words) or "nothing waits", widths, one.ready + one.delayed, link, one.dead > 0)
        )
    return made


def _beside(tx: Tx, query: Query, clock: Clock) -> Words:
    found = messaging.queue_depths(tx)
    now = tx.value("SELECT clock_timestamp()")
    return {
        "depths": depths(found, now),
        "idle": sum(1 for one in found if one.consumer and not one.ready + one.delayed + one.dead),
        "is_brokered": any(one.transport == "rabbitmq" for one in found),
        "everything": messaging.dead_letter_totals(tx, parse("status:dead")),
    }


SCREEN: Final = ListScreen(
    path="dead-letters",
    prefix="dlt",
    noun="dead letter",
    label="Dead letters",
    templates=Templates("dead_letters.html", "dead_letter_drawer.html", "dead_letter_rows.html"),
    views=VIEWS,
    permissions=("messaging.read",),
    reads=Searched(
        parse=parse,
        find=messaging.find_dead_letters,
        totals=messaging.dead_letter_totals,
        rows=messaging.dead_letter_rows,
        matching=messaging.matching_dead_letters,
        opened=_opened,
        beside=_beside,
    ),
)
