"""What lies under the simulated Column: its ids, transfers and their lives, the balance, events, and the passing of time.

No network and no clock of its own: ids and noise follow from the seed and the order of the calls. A balance moves when an
ACH transfer settles and when any other completes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from headgate.rails.column.reading import Kind
from headgate.rails.column_lives import MOVES, PAID, RECEIVED, Fate, family_of
from headgate.rails.column_twin_requests import Requests
from headgate.rails.column_webhooks import Delivery, Postbox, WebhookNoise

Document = dict[str, Any]

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PREFIX: Final[Mapping[Kind, str]] = {
    "ach": "acht",
    "wire": "wire",
    "realtime": "rttr",
    "book": "book",
    "check": "chkt",
}
"""How the ids of each kind begin."""


@dataclass(slots=True)
class Life:
    """A transfer under way: what is still to happen, and when."""

    transfer: Document
    kind: Kind
    fate: Fate
    family: str
    brings_money: bool
    steps: list[tuple[datetime, str]]


class Platform:
    """One platform at the simulated Column, as time passes for it."""

    def __init__(
        self,
        *,
        seed: int = 0,
        noise: WebhookNoise | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        pace_seconds: float = 1.0,
        opening_minor: int = 0,
    ) -> None:
        self._seed = seed
        self._clock = clock
        self._pace = timedelta(seconds=pace_seconds)
        self._drawn = 0
        self._answers: dict[str, tuple[str, tuple[int, Document]]] = {}
        self._lives: list[Life] = []
        self.counterparties: list[Document] = []
        self.transfers: list[Document] = []
        self.events: list[Document] = []
        self.reports: list[Document] = []
        self.documents: dict[str, Any] = {}
        self.account_id = self._id("bacc")
        self.account_number_id = self._id("acno")
        self.moves: list[tuple[datetime, str, int]] = [
            (datetime.min.replace(tzinfo=UTC), self.account_id, opening_minor)
        ]
        self.calls: list[tuple[str, str]] = []
        self._later: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self.requests = Requests(
            draw=self._id, tell=self._event, later=self._put_off, receive=self._come_in, pace=self._pace
        )
        self.postbox = Postbox(seed, noise or WebhookNoise(), max(self._pace * 3, timedelta(milliseconds=100)))

    def advance(self) -> int:
        """Let what is due by now happen, in the order of its time; how many events it made."""
        now, before = self._clock(), len(self.events)
        while True:
            due = [
                (life.steps[0][0], n) for n, life in enumerate(self._lives) if life.steps and life.steps[0][0] <= now
            ]
            asked = min((one for one in self._later if one[0] <= now), default=None, key=lambda one: one[:2])
            if asked and (not due or asked[0] < min(due)[0]):
                self._later.remove(asked)
                asked[2](asked[0])
                continue
            if not due:
                return len(self.events) - before
            at, number = min(due)
            life = self._lives[number]
            self._step(life, life.steps.pop(0)[1], at)

    def deliveries(self) -> list[Delivery]:
        """The webhooks that are due, in the order in which they leave; each is given once."""
        return self.postbox.due(self._clock())

    def again(self, delivery: Delivery, *, after: timedelta) -> None:
        """Send a webhook again later: nobody took it."""
        self.postbox.wait(delivery, self._clock() + after)

    def next_at(self) -> datetime | None:
        """When something is due next; None where nothing waits."""
        found = [life.steps[0][0] for life in self._lives if life.steps] + [one[0] for one in self._later]
        return min([*found, *([self.postbox.next_at] if self.postbox.next_at else [])], default=None)

    def _come_in(self, amount: int, at: datetime, **facts: Any) -> Document:
        return self._arrive("realtime", {"amount": amount, "currency_code": "USD", **facts}, at, brings=True)

    def _arrive(self, kind: Kind, body: Document, now: datetime, *, brings: bool) -> Document:
        made = self._object(kind, body, "", now)
        made["is_incoming"] = kind != "check"
        if kind == "ach":
            made["type"] = "CREDIT" if brings else "DEBIT"
        if kind == "book":
            made["receiver_bank_account_id"], made["sender_bank_account_id"] = self.account_id, self._id("bacc")
        life = Life(made, kind, PAID, family_of(kind, incoming=True, brings_money=brings), brings, [])
        self._lives.append(life)
        self.transfers.append(made)
        steps = RECEIVED[kind] if brings else ("scheduled", "settled", "completed")
        self._step(life, steps[0], now)
        life.steps = [(now + self._pace * number, step) for number, step in enumerate(steps[1:], start=1)]
        return made

    def _put_off(self, at: datetime, what: Callable[[datetime], None]) -> None:
        self._later.append((at, len(self.calls), what))

    def _id(self, prefix: str) -> str:
        self._drawn += 1
        number = int.from_bytes(hashlib.sha256(f"{self._seed}:{prefix}:{self._drawn}".encode()).digest()[:20])
        letters: list[str] = []
        while number and len(letters) < 24:
            number, letter = divmod(number, len(_ALPHABET))
            letters.append(_ALPHABET[letter])
        return f"{prefix}_2{''.join(letters)}"

    def _object(self, kind: Kind, body: Document, key: str, now: datetime) -> Document:
        made: Document = {
            "id": self._id(PREFIX[kind]),
            "bank_account_id": self.account_id,
            "account_number_id": self.account_number_id,
            **{name: value for name, value in body.items() if name not in ("destination_account_number_id", "hold")},
            "created_at": text_of(now),
            "idempotency_key": key or None,
            "status": "",
        }
        if kind in ("ach", "wire", "realtime"):
            made["is_incoming"] = False
        if kind == "ach":
            made |= {
                "effective_on": body.get("effective_date") or now.date().isoformat(),
                "trace_number": None,
                "return_details": [],
            }
        return made

    def _step(self, life: Life, word: str, at: datetime) -> None:
        """One step of a transfer's life: its object as it is then, the balance, and the event."""
        transfer = life.transfer
        if word != "noc":
            transfer["status"] = word.upper()
            transfer[f"{word}_at"] = text_of(at)
        transfer["updated_at"] = text_of(at)
        if word == "submitted" and life.kind == "ach":
            transfer["trace_number"] = f"1214000{self._digits(transfer['id'], 8)}"
        if word in ("submitted", "completed") and life.kind == "wire" and not transfer.get("imad"):
            transfer["imad"] = f"{at:%Y%m%d}MMQFMP9C{self._digits(transfer['id'], 6)}"
        if word == "completed" and life.kind == "wire":
            transfer["omad"] = f"{at:%Y%m%d}B1QGC01R{self._digits(transfer['id'] + 'o', 6)}"
        if word == "noc":
            transfer["notification_of_changes"] = [{"code": life.fate.change_code, "corrected_data": "1918171614"}]
        if word == "returned":
            detail = {
                "return_code": life.fate.return_code,
                "description": "returned by the receiving bank",
                "status": "COMPLETED",
            }
            transfer["return_details"] = [{**detail, "created_at": text_of(at)}]
        amount = transfer.get("amount") or transfer.get("positive_pay_amount") or 0
        if word == MOVES[life.kind]:
            self.moves.append((at, self.account_id, amount if life.brings_money else -amount))
        if word == "returned":
            self.moves.append((at, self.account_id, -amount if life.brings_money else amount))
        if not life.fate.is_silent:
            self._event(f"{life.family}.{word}", transfer, at)

    def _digits(self, of: str, count: int) -> str:
        return str(int.from_bytes(hashlib.sha256(f"{self._seed}:{of}".encode()).digest()[:8]))[-count:].zfill(count)

    def _event(self, kind: str, data: Document, at: datetime) -> None:
        event = {"id": self._id("evnt"), "created_at": text_of(at), "type": kind, "data": json.loads(json.dumps(data))}
        self.events.append(event)
        self.postbox.post(event, at)


def text_of(at: datetime) -> str:
    """An instant as Column writes it."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
