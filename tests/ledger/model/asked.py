"""What the model asks for, as the ledger's verbs take it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.ledger.model.words import Leg, Wanted, WantedReservation

from headgate.core.errors import Refused
from headgate.core.money import Money
from headgate.ledger import Capture, Entry, Posted, Posting, ReservationRequest
from headgate.ledger.errors import RESULTS

VERBS: dict[int, str] = {number: code for number, (code, _) in RESULTS.items()} | {
    0: "done",
    1: "pending",
    2: "ledger.idempotency_conflict",
}


def is_capture(wanted: Wanted) -> bool:
    """Whether the verbs named capture take it: one entry, and nothing else said."""
    leg = wanted.legs[0]
    plain = replace(leg, amount=1, currency="USD") == Leg(leg.debit, leg.credit, 1)
    return wanted.reservation is not None and len(wanted.legs) == 1 and plain and wanted.override is None


def posting(wanted: Wanted) -> Posting:
    """A posting."""
    source_type, source_id = wanted.source or (None, None)
    return Posting(
        wanted.key,
        [_entry(leg) for leg in wanted.legs],
        wanted.effective_at,
        source_type,
        source_id,
        reservation_id=wanted.reservation,
        pending=wanted.pending,
        expires_at=wanted.expires_at,
        override_ref=wanted.override,
    )


def _entry(leg: Leg) -> Entry:
    least = [None if minor is None else Money(minor, leg.currency) for minor in (leg.debit_least, leg.credit_least)]
    return Entry(leg.debit, leg.credit, Money(leg.amount, leg.currency), leg.debit_version, leg.credit_version, *least)


def capture(wanted: Wanted) -> Capture:
    """A capture."""
    leg = wanted.legs[0]
    assert wanted.reservation is not None
    return Capture(
        wanted.key,
        wanted.reservation,
        Money(leg.amount, leg.currency),
        leg.debit,
        leg.credit,
        wanted.effective_at,
    )


def reservation(wanted: WantedReservation) -> ReservationRequest:
    """A reservation."""
    return ReservationRequest(
        wanted.key, wanted.account, Money(wanted.amount, wanted.currency), "test", wanted.source, wanted.expires_at
    )


def fields(request: Any) -> dict[str, Any]:
    """The facts of a request, as the single verb takes them."""
    return {name: getattr(request, name) for name in request.__dataclass_fields__}


def told(answer: Any) -> str:
    """What an answer says: done, pending, or the code of its refusal."""
    if isinstance(answer, Refused):
        return answer.code
    return "pending" if isinstance(answer, Posted) and answer.status == "pending" else "done"
