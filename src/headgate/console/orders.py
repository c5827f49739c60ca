"""The orders list and one order's drawer: what went to a provider one by one, what was said of it, what can be done now."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from headgate import payments
from headgate.console import lists
from headgate.console.list_screens import ListScreen, Searched, Templates
from headgate.console.order_acts import REASONS, WORDS
from headgate.core.db import Tx

HEARD_SHOWN: Final = 40
"""Of an order that was asked about for days, the last words are shown."""
parse = lists.by(payments.ORDER_TERMS)
VIEWS = (
    ("All", ""),
    ("Nobody knows", "known:no"),
    ("Not sent yet", "status:ready"),
    ("Accepted, not settled", "status:accepted"),
    ("Refused", "status:rejected"),
    ("Given back", "status:returned"),
    ("Asked back", "-recall:none"),
)
UNKNOWN: Final = ("sending", "outcome_unknown", "doubted")
RECALLABLE: Final = (*UNKNOWN, "accepted", "settled")
RECALL_SAYS: Final = {
    "asked": "to be asked back",
    "pending": "asked back, not answered",
    "promised": "will be given back",
    "refused": "not given back",
}
"""How far an order is asked back."""
_ASKED_BY: Final = {
    "submit": "its answer",
    "status": "asked about it",
    "inbox": "the network said so by itself",
    "report": "the report of the day",
    "recall": "asked to give it back",
    "people": "two people",
}
_OUTCOMES: Final = {
    "accepted": ("Accepted by the other bank, not settled yet", "done"),
    "settled": ("Settled, with finality", "done"),
    "rejected": ("Refused: nothing moved", "bad"),
    "returned": ("Given back", "bad"),
    "outcome_unknown": ("No answer that tells what became of it", "bad"),
    "unheard": ("The network knows nothing of it", "bad"),
    "unsent": ("It could not be sent: not a byte left", "bad"),
    "recall_pending": ("The other bank has the request, and has not decided", "done"),
    "recall_promised": ("The other bank promises to give it back", "done"),
    "recall_refused": ("The other bank does not give it back", "bad"),
}


class Step(NamedTuple):
    """One step of an order's life: done at a time, gone wrong, or still to come. `code` is the network's own."""

    text: str
    at: datetime | None
    state: str
    who: str = ""
    code: str = ""
    code_text: str = ""
    told: str = ""
    message_id: str = ""
    sha256: str = ""


def _life(tx: Tx, attempt_id: str) -> dict[str, object]:
    life = payments.order_life(tx, attempt_id)
    row, heard = life.row, life.heard[-HEARD_SHOWN:]
    is_doubtful = row.status in UNKNOWN
    return {
        "row": row, "life": life, "steps": steps(row, heard), "earlier": len(life.heard) - len(heard),
        "words": WORDS, "codes": REASONS, "is_doubtful": is_doubtful,
        "may_recall": row.status in RECALLABLE and not row.recall and row.is_last,
        "reason_text": REASONS.get(row.recall_reason or "", row.recall_reason),
    }  # fmt: skip


SCREEN: Final = ListScreen(
    path="orders",
    prefix="att",
    noun="order",
    label="Orders",
    templates=Templates("orders.html", "order_drawer.html", "order_rows.html"),
    views=VIEWS,
    words={"rail_title": payments.rail_title, "recall_says": RECALL_SAYS, "code_text": payments.reason_text},
    reads=Searched(
        parse=parse,
        find=payments.find_orders,
        totals=payments.order_totals,
        rows=payments.order_rows,
        matching=payments.matching_orders,
        opened=_life,
    ),
)


def steps(row: payments.OrderRow, heard: tuple[payments.Heard, ...]) -> list[Step]:
    """What was done with an order and what was said of it, in order, and what comes next."""
    name = payments.rail_title(row.rail)
    found = [Step("Fixed; its money left the client's funds for clearing", row.made_at, "done")]
    if row.created_at:
        found.append(Step(f"Sent to {name}", row.created_at, "done", message_id=row.message_id or ""))
    told = [_said(one) for one in heard]
    if row.recall_at:
        sent_at = row.recall_at
        before = sum(1 for one in told if one.at is not None and one.at < sent_at)
        reason = REASONS.get(row.recall_reason or "", "")
        told.insert(before, Step("Asked back", sent_at, "done", code=row.recall_reason or "", code_text=reason))
    return [*found, *told, *_next(row, name)]


def _said(one: payments.Heard) -> Step:
    text, state = _OUTCOMES.get(one.outcome, (one.outcome.replace("_", " "), "done"))
    return Step(
        text,
        one.occurred_at,
        state,
        _ASKED_BY.get(one.asked_by, one.asked_by),
        one.code,
        payments.reason_text(one.code),
        one.told,
        one.message_id,
        one.evidence_sha256.hex() if one.evidence_sha256 else "",
    )


def _next(row: payments.OrderRow, name: str) -> list[Step]:
    """What happens by itself."""
    found = []
    if row.status == "ready":
        found.append(Step(f"Next: it is sent to {name}, once", row.next_at, "next"))
    elif row.status in UNKNOWN:
        asked = {0: "it was not asked yet", 1: "it was asked once"}.get(
            row.ask_count, f"it was asked {row.ask_count} times"
        )
        found.append(
            Step(f"Next: {name} is asked what became of it; {asked}. It is never sent again", row.next_at, "next")
        )
    elif row.status == "accepted":
        found.append(Step(f"Next: {name} is asked until it is settled", row.next_at, "next"))
    if row.recall == "asked":
        found.append(Step("Next: the request to give it back goes out", None, "next"))
    elif row.recall == "pending" and row.status != "returned":
        found.append(Step("Next: the other bank decides; it may take days, and may say no", None, "next"))
    elif row.recall == "promised" and row.status != "returned":
        found.append(Step("Next: it comes back as a return of its own", None, "next"))
    return found
