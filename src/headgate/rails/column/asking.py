"""Asking a payer for money over Column: a request for payment (RFP), which Column carries over FedNow or RTP. Pure.

    POST /transfers/realtime/request-for-payment   {"amount": 650000, "bank_account_id": "bacc_…", "counterparty_id": "cpty_…", …}
    {"id": "rrfp_…", "status": "accepted", "is_incoming": false, "realtime_transfer_id": "rttr_…", "idempotency_key": "ask_…", …}

Nothing moves by it; the transfer that answers it is named by `realtime_transfer_id` once it is there. `expired_at` is until
when the payer may answer, and says nothing of whether it is over: that is the status's to say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlencode

from headgate.core.money import Money
from headgate.rails.column.reading import Event, Kind, parsed
from headgate.rails.column.requests import DESCRIPTION_MAX, PAGE_MAX, Account, Request, Whom, spelled
from headgate.rails.contract import AskOutcome, FundingAsk

PATH: Final = "/transfers/realtime/request-for-payment"
WORD: Final = "request_for_payment"
"""What stands in the type of every event of one."""

_STANDINGS: Final[Mapping[str, AskOutcome]] = MappingProxyType(
    {
        **dict.fromkeys(("initiated", "pending", "submitted", "presented", "received", "manual_review"), "pending"),
        **dict.fromkeys(("accepted", "completed"), "accepted"),
        **dict.fromkeys(("rejected", "canceled", "cancelled", "expired", "failed"), "refused"),
    }
)
_RANK: Final[tuple[AskOutcome, ...]] = ("pending", "refused", "accepted")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for payment as far as it was told. `payment_id` is the transfer that answers it; '' before there is one."""

    id: str
    key: str
    description: str
    amount: Money
    is_incoming: bool
    standing: AskOutcome
    code: str
    payment_id: str


def ask_problems(kind: Kind, ask: FundingAsk) -> tuple[str, ...]:
    """Why Column asks this payer for nothing, every reason with its mending; empty where it does."""
    if kind != "realtime":
        return (
            f"over Column a payer is asked over FedNow or RTP alone, and not by {kind}: ask over fednow_rfp or rtp_rfp; "
            "a drawdown is asked for at a bank that takes it as a message (pain.013): set that bank as the provider of wire",
        )
    found = []
    if ask.amount.currency != "USD" or ask.amount.minor <= 0:
        found.append("Column asks for positive amounts of USD; ask for other currencies over another rail")
    if not ask.payer_account or not ask.payer_routing:
        found.append("the payer's account is missing; have the client authorise one")
    for what, text, longest in (("payer's name", ask.payer_name, 127), ("reference", _described(ask), DESCRIPTION_MAX)):
        said = spelled(text)
        if said is None or not said.strip() or len(said) > longest:
            found.append(f"the {what} is missing, or cannot be spelled in up to {longest} plain letters; respell it")
    return tuple(found)


def payer(ask: FundingAsk) -> Whom:
    """Whom an ask is put to, as Column keeps it."""
    return Whom(ask.payer_routing, ask.payer_account, "checking", ask.payer_name, ask.payer_address)


def request_payment(ask: FundingAsk, *, account: Account, counterparty_id: str) -> Request:
    """The request for payment that an ask is; its last word is the reference that the money is to bring back."""
    facts = {
        "amount": ask.amount.minor,
        "currency_code": ask.amount.currency,
        "bank_account_id": account.id,
        "counterparty_id": counterparty_id,
        "description": _described(ask),
    }
    return Request("POST", PATH, json.dumps(facts, separators=(",", ":")).encode(), ask.ask_id)


def list_asked(*, since: datetime | None = None, after: str = "") -> Request:
    """A page of the requests for payment, the newest first."""
    query: dict[str, Any] = {"limit": PAGE_MAX}
    if since is not None:
        query["created.gte"] = since.isoformat()
    if after:
        query["starting_after"] = after
    return Request("GET", f"{PATH}?{urlencode(query)}")


def is_of(asked: Asked, ask: FundingAsk) -> bool:
    """Whether a request for payment is this very ask: by its key, else by its words, where Column leaves the key out."""
    return asked.amount == ask.amount and not asked.is_incoming and (asked.key or ask.ask_id) == ask.ask_id and (
        bool(asked.key) or asked.description == _described(ask)
    )  # fmt: skip


def read_asked(document: Any, *, said: str = "") -> Asked | None:
    """A request for payment; None where it is none. `said` is what its event says of it."""
    if not isinstance(document, dict):
        return None

    def text(name: str) -> str:
        found = document.get(name)
        return found.replace("\0", "").strip()[:200] if isinstance(found, str) else ""

    minor = document.get("amount")
    if (
        not text("id").startswith("rrfp_")
        or not isinstance(minor, int)
        or isinstance(minor, bool)
        or not 0 < minor < 10**15
    ):
        return None
    if (text("currency_code") or "USD") != "USD":
        return None
    words = [said, text("status").lower()]
    told = [_STANDINGS[word] for word in words if word in _STANDINGS]
    standing: AskOutcome = max(told, key=_RANK.index, default="pending")
    code = next((word for word in words if _STANDINGS.get(word) == "refused"), "") if standing == "refused" else ""
    return Asked(
        id=text("id"),
        key=text("idempotency_key"),
        description=text("description"),
        amount=Money(minor, "USD"),
        is_incoming=document.get("is_incoming") is True,
        standing=standing,
        code=code,
        payment_id=text("realtime_transfer_id"),
    )


def asked_of(event: Event) -> Asked | None:
    """The request for payment that an event tells of; None where it tells of none."""
    if WORD not in event.type:
        return None
    document = parsed(event.content)
    return read_asked(document.get("data"), said=event.type.rpartition(".")[2]) if isinstance(document, dict) else None


def _described(ask: FundingAsk) -> str:
    return f"{ask.remittance} {ask.reference}".strip()
