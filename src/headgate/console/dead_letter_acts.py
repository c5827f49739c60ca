"""What can be done about dead letters: put one back into its queue, or all that a query finds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headgate import messaging
from headgate.console.acts import Act, Done, Form
from headgate.core.db import Tx
from headgate.core.errors import Refused

FOUND: Final = "found"
"""The item that the form about many names."""
MANY_MAX: Final = 500


def _requeue(tx: Tx, dead_letter_id: str, form: Form) -> Done | Refused:
    row = messaging.dead_letter_row(tx, dead_letter_id)
    if row.standing != "dead":
        return Refused(
            "messaging.not_dead", f"it was put back {row.standing.replace('_', ' ')} since: read it again", {}
        )
    messaging.requeue(tx, row.number)
    return Done(f"Back in its queue: {row.event_type} for {row.who}, from its first try.", f"/dead-letters/{row.id}")


def _requeue_many(tx: Tx, item_id: str, form: Form) -> Done | Refused:
    rows = messaging.requeue_found(tx, form.get("query", ""), limit=MANY_MAX)
    if not rows:
        return Refused("messaging.nothing_dead", "nothing of what the list shows waits to be put back", {})
    more = f" The next {MANY_MAX} wait." if len(rows) == MANY_MAX else ""
    return Done(
        f"{len(rows):,} {'message is' if len(rows) == 1 else 'messages are'} back in their queues.{more}",
        "/dead-letters",
    )


ACTS: Final[Mapping[str, Act]] = {
    "requeue": Act("messaging.requeue", _requeue),
    "requeue-all": Act("messaging.requeue", _requeue_many),
}
