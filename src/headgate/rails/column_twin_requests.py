"""What is asked for at the simulated Column, beside transfers: money that went out asked back, and payers asked for money.

What becomes of a request follows from the last word of the other side's account number (`column_lives`): `GIVES` gives back
and `KEEPS` does not; `PAYS` pays what it is asked for, `REFUSES` says no. Anything else says nothing. Nothing moves by a
request: what it brings is a transfer of its own, which comes in before or after the request's own event says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from headgate.rails import column_lists
from headgate.rails.column_lives import Fate

Document = dict[str, Any]
Query = Mapping[str, list[str]]
Said = tuple[int, Document]
Draw = Callable[[str], str]
Tell = Callable[[str, Document, datetime], None]
Later = Callable[[datetime, Callable[[datetime], None]], None]

RECALL: Final = "realtime.outgoing_return_request"
RFP: Final = "realtime.outgoing_request_for_payment"


class Receive(Protocol):
    """A realtime transfer comes in; it as it is then."""

    def __call__(self, amount: int, at: datetime, **facts: Any) -> Document: ...


class Requests:
    """The requests of one platform, and what the other side makes of them as time passes."""

    def __init__(self, *, draw: Draw, tell: Tell, later: Later, receive: Receive, pace: timedelta) -> None:
        self._draw, self._tell, self._later, self._receive, self._pace = draw, tell, later, receive, pace
        self.recalls: list[Document] = []
        self.asked: list[Document] = []

    def recall(self, transfer: Document, fate: Fate, body: Document, now: datetime) -> Said:
        """Ask the other bank to give a realtime transfer back; a second request for one is refused, as it should be."""
        if transfer["status"] != "COMPLETED":
            return column_lists.refusal("only a completed transfer can be asked back")
        if any(one["original_transfer_id"] == transfer["id"] for one in self.recalls):
            return column_lists.refusal("it was asked back already")
        made: Document = {
            "id": self._draw("rtrr"),
            "original_transfer_id": transfer["id"],
            "is_incoming": False,
            "reason_code": body.get("reason_code"),
            "return_transfer_id": None,
            "created_at": _text(now),
        }
        self.recalls.append(made)
        self._move(RECALL, made, "pending", now)
        if fate.gives:
            self._later(now + self._pace, lambda at: self._gives(made, transfer, at))
        elif fate.keeps:
            self._later(now + self._pace, lambda at: self._move(RECALL, made, "rejected", at))
        return 200, dict(made)

    def ask(self, fate: Fate, body: Document, key: str, now: datetime) -> Said:
        """Ask a payer for money. Who pays, pays a little before its request says so."""
        made: Document = {
            "id": self._draw("rrfp"),
            **body,
            "idempotency_key": key or None,
            "is_incoming": False,
            "realtime_transfer_id": None,
            "expired_at": _text(now + timedelta(days=1)),
            "created_at": _text(now),
        }
        self.asked.append(made)
        self._move(RFP, made, "initiated", now)
        if fate.pays:
            text = "PAYMENT" if fate.is_blind else str(body.get("description", ""))
            self._later(now + self._pace, lambda at: self._pays(made, text, at))
        elif fate.refuses:
            self._later(now + self._pace, lambda at: self._move(RFP, made, "rejected", at))
        return 200, dict(made)

    def _pays(self, made: Document, text: str, at: datetime) -> None:
        came = self._receive(made["amount"], at, description=text)
        made["realtime_transfer_id"] = came["id"]
        self._later(at + self._pace, lambda then: self._move(RFP, made, "accepted", then))
        self._later(at + self._pace * 2, lambda then: self._move(RFP, made, "completed", then))

    def _gives(self, made: Document, transfer: Document, at: datetime) -> None:
        came = self._receive(transfer["amount"], at, return_pair_transfer_id=transfer["id"], description="RETURN")
        made["return_transfer_id"] = came["id"]
        self._move(RECALL, made, "accepted", at)

    def _move(self, family: str, made: Document, word: str, at: datetime) -> None:
        made["status"] = word
        made[f"{word}_at"] = _text(at)
        self._tell(f"{family}.{word}", made, at)


def _text(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
