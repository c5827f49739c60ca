"""The messages list and one message's drawer: a payment that came in, its envelope, its evidence, what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from headgate import cases, ingestion, recon, servicing
from headgate.console.list_screens import ListScreen, Searched, Templates
from headgate.console.pointing import spelt
from headgate.core.db import Tx
from headgate.core.terms import Query

VIEWS = (
    ("All", ""),
    ("Not understood", "status:received"),
    ("Refused", "outcome:refused"),
    ("Waiting", "outcome:waiting"),
    ("ACH", "channel:ach"),
    ("Wires", "channel:wire"),
    ("Instant", "channel:realtime"),
    ("Large", "amount:>5000"),
    ("Today", "age:<1d"),
)


@dataclass(frozen=True, slots=True)
class ListedMessage(ingestion.MessageRow):
    """A message as the list shows it: with what became of its payment, and why where it was refused."""

    outcome: str = ""
    why: str | None = None


def _listed(tx: Tx, rows: Sequence[ingestion.MessageRow]) -> list[ListedMessage]:
    """Published says only that the pipeline was told of it: what it did is asked of the whole page at once."""
    found = servicing.outcomes_of(tx, [row.id for row in rows])
    listed = []
    for row in rows:
        one = found.get(row.id)
        facts = {each.name: getattr(row, each.name) for each in fields(row)}
        why = one.code.replace("_", " ") if one and one.outcome == "refused" and one.code else None
        listed.append(ListedMessage(**facts, outcome=one.outcome if one else row.status, why=why))
    return listed


def _found(tx: Tx, query: Query, /, *, after: str | None = None, limit: int = 50) -> list[ListedMessage]:
    return _listed(tx, servicing.find_messages(tx, query, after=after, limit=limit))


def _rows(tx: Tx, ids: Sequence[str]) -> list[ListedMessage]:
    return _listed(tx, ingestion.message_rows(tx, ids))


def _opened(tx: Tx, ingestion_id: str) -> dict[str, Any]:
    row = ingestion.message_row(tx, ingestion_id)
    effects = [one for one in recon.effects_of(tx, ingestion_ids=[ingestion_id]) if one.what != "case"]
    asked = cases.about(tx, ingestion_id)
    return {
        "row": row,
        "effects": [one for one in effects if one.what != "loan_payment_refused"],
        "cases": asked,
        "places": ingestion.places_of(tx, [ingestion_id]),
        "payload": ingestion.show_payload(tx, ingestion_id),
        "steps": steps(row, effects, asked, _is_off(tx, row.channel)),
        "facts": envelope_facts(row.envelope or {}),
    }


def steps(
    row: ingestion.MessageRow, effects: Sequence[recon.Effect], asked: Sequence[cases.Case], is_off: bool
) -> list[tuple[str, Any, str]]:
    """What was done with it, in order: words, when, and whether it is done, bad or next. `is_off`: its channel is."""
    found: list[tuple[str, Any, str]] = [("Its bytes were kept", row.received_at, "done")]
    if row.envelope is None:
        return [*found, ("Its envelope fails its schema: a case asks a person", None, "bad")]
    found.append(("Its envelope was made, and published to the pipeline", None, "done"))
    for one in effects:
        why = f": {_refusal(asked)}" if one.what == "loan_payment_refused" else ""
        found.append((f"It {spelt(one.what)}{why}", one.at, "bad" if one.what in _BAD else "done"))
    if not effects and is_off:
        left = f"Next: nothing, since {row.channel} payments are left: the channel is off. Once it is in shadow or live, release it"
        found.append((left, None, "next"))
    elif not effects:
        found.append(("Next: the pipeline validates, classifies, allocates and posts it", None, "next"))
    return found


def _is_off(tx: Tx, channel: str | None) -> bool:
    """Whether the pipeline leaves the payments of a channel."""
    return any(one.channel == channel and one.mode == "off" for one in servicing.posting_modes(tx).values())


def _refusal(asked: Sequence[cases.Case]) -> str:
    """Why the pipeline refused it, in words."""
    codes = [case.subcategory or "" for case in asked if case.category == "loan_payment_rejected"]
    return servicing.REFUSALS.get(codes[0], codes[0].replace("_", " ")) if codes else "its case says why"


_BAD: Final = frozenset({"loan_payment_undone", "loan_payment_refused", "loan_return"})


def envelope_facts(envelope: dict[str, Any], before: str = "") -> list[tuple[str, str]]:
    """The envelope's members as pairs, the inner ones by their path; what is empty is left out."""
    found = []
    for name, value in envelope.items():
        path = f"{before}{name}"
        if isinstance(value, dict):
            found += envelope_facts(value, f"{path}.")
        elif isinstance(value, list):
            if value:
                found.append((path, ", ".join(str(one)[:120] for one in value[:10])))
        elif value not in (None, ""):
            found.append((path, str(value)[:300]))
    return found


SCREEN: Final = ListScreen(
    path="messages",
    prefix="ing",
    noun="message",
    label="Messages",
    templates=Templates("messages.html", "message_drawer.html", "message_rows.html"),
    views=VIEWS,
    permissions=("ingestion.read",),
    reads=Searched(
        parse=servicing.parse_messages,
        find=_found,
        totals=servicing.message_totals,
        rows=_rows,
        matching=servicing.matching_messages,
        opened=_opened,
    ),
)
