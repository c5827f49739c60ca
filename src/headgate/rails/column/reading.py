"""What Column says: a transfer as it stands, in an answer, on a page or in an event; and why it refused a request.

    {"id": "evnt_…", "created_at": "2021-07-12T23:05:36Z", "type": "ach.outgoing_transfer.completed", "data": {"id": "acht_…", …}}

Events come twice, late and in any order, and a transfer read again may be further than the event that told of it. So a
transfer's state is the furthest that any of its parts says: its status, its instants (`settled_at`), the type of its event.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final, Literal, get_args
from zoneinfo import ZoneInfo

from headgate.core.errors import HeadgateError
from headgate.core.money import Money

Kind = Literal["ach", "wire", "realtime", "book", "check"]
State = Literal["quiet", "accepted", "settled", "rejected", "returned"]
Standing = Literal["asked", "promised", "refused"]

ZONE: Final = ZoneInfo("America/Los_Angeles")
"""Where Column's days begin: its reports count them so."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
PATHS: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        "ach": "/transfers/ach",
        "wire": "/transfers/wire",
        "realtime": "/transfers/realtime",
        "book": "/transfers/book",
        "check": "/transfers/checks",
    }
)
_RANK: Final[Mapping[str, int]] = {state: rank for rank, state in enumerate(get_args(State))}
_STATES: Final[Mapping[str, State]] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "initiated", "pending", "pending_submission", "pending_deposit", "submitted", "acknowledged", "scheduled",
                "manual_review", "manual_review_approved", "hold", "hold_created", "updated", "issued", "mailed", "accepted",
                "processing",
            ),
            "accepted",
        ),
        **dict.fromkeys(("settled", "completed", "deposited", "cleared", "deposit_settled", "return_dishonored"), "settled"),
        **dict.fromkeys(
            (
                "rejected", "canceled", "cancelled", "denied", "failed", "stopped", "blocked", "expired",
                "manual_review_rejected", "voided",
            ),
            "rejected",
        ),
        **dict.fromkeys(("returned", "nsf", "return_contested", "return"), "returned"),
    }
)  # fmt: skip
"""What a status, an event's last word, or the instant that bears its name says. What is not here says nothing."""

_ID: Final = re.compile(r"[a-z]{4}_[A-Za-z0-9]{1,60}\Z")
_PREFIXES: Final[Mapping[str, Kind]] = {
    "acht": "ach",
    "wire": "wire",
    "rttr": "realtime",
    "book": "book",
    "chkt": "check",
}
_RETURN_ALIVE: Final = ("", "initiated", "sent", "completed", "contested")


@dataclass(frozen=True, slots=True)
class Transfer:
    """One transfer as far as it was told. `account_id` is ours; `key` the Idempotency-Key that it was made under.

    `state` is `quiet` where nothing told says whether money moves. `is_disputed`: a return of it is dishonored or
    contested. `own_id` is the last word of its description, which for a payment of ours is our id of it. `brings_money` says
    that our account is credited by it. `gives_back` is the id of the realtime transfer of ours that it returns.
    `had_settled_on` is the day on which its money moved, whatever came back since.
    """

    id: str
    kind: Kind
    amount: Money
    is_incoming: bool
    pulls: bool
    status: str
    state: State
    account_id: str
    key: str
    trace: str
    imad: str
    omad: str
    return_code: str
    return_text: str
    on: date | None
    is_disputed: bool = False
    own_id: str = ""
    gives_back: str = ""
    had_settled_on: date | None = None
    text: str = field(default="", repr=False)

    @property
    def is_our_debit(self) -> bool:
        """Whether we draw the money with it from an account elsewhere."""
        return self.pulls and not self.is_incoming

    @property
    def brings_money(self) -> bool:
        return self.is_incoming != self.pulls

    @property
    def fact(self) -> str:
        """What names this state of this transfer, wherever it is told: told twice, it is the same."""
        return f"{self.id}:{self.state}"


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `transfer` is None for what tells of none; `request` names a request that it tells of (a recall, a drawdown).

    Of a request, `request_id` is its own id, `about` the transfer that it is about, and `standing` what the other side says.
    """

    id: str
    type: str
    created_at: datetime | None
    transfer: Transfer | None = None
    request: str = ""
    request_id: str = ""
    about: str = ""
    standing: Standing = "asked"
    changes: tuple[str, ...] = ()
    content: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why Column refused a request: its own code, and its words."""

    code: str
    message: str


def read_events(content: bytes) -> tuple[Event, ...]:
    """The events of a webhook's body, of a page of the list or of many lines; what is none is left out."""
    found = []
    for document in _documents(content):
        listed = document.get("events") if isinstance(document, dict) else document
        for one in listed if isinstance(listed, list) else [document]:
            event = read_event(one)
            if event is not None:
                found.append(event)
    return tuple(found)


def read_event(document: Any) -> Event | None:
    """One event; None where it has no id, type or data."""
    if not isinstance(document, dict):
        return None
    name, kind, data = _text(document, "id"), _text(document, "type"), document.get("data")
    if not _ID.match(name) or not kind or not isinstance(data, dict):
        return None
    family, _, rest = kind.partition(".")
    found = Event(name, kind, _instant(document, "created_at"), content=json.dumps(document).encode())
    if "_request" in rest:
        noun = next((one for one in rest.split(".") if one.endswith("_request")), rest)
        return replace(
            found,
            request=noun,
            request_id=_text(data, "id"),
            about=_text(data, "wire_transfer_id") or _text(data, "original_transfer_id"),
            standing=read_standing(data, said=rest.rpartition(".")[2]),
        )
    said = rest.rpartition(".")[2]
    if family not in KINDS:
        return found
    transfer = read_transfer(data, said=said, family=family, kind=rest)
    changes: tuple[str, ...] = ()
    if said == "noc" and transfer is not None:
        listed = data.get("notification_of_changes")
        rows = listed if isinstance(listed, list) else [listed]
        changes = tuple(_text(row, "code") or _text(row, "change_code") for row in rows if isinstance(row, dict))
    return replace(found, transfer=transfer, changes=changes)


def read_transfer(document: Any, *, said: str = "", family: Kind | None = None, kind: str = "") -> Transfer | None:
    """A transfer's object. `said` is what its event says of it; None where it is none, or of no amount of a currency."""
    if not isinstance(document, dict):
        return None
    name = _text(document, "id")
    found = family or _PREFIXES.get(name[:4])
    amount = _amount(document)
    if not _ID.match(name) or found is None or amount is None:
        return None
    incoming = _is_incoming(document, found, kind)
    details = [one for one in document.get("return_details") or () if isinstance(one, dict)]
    last = details[-1] if details else {}
    return Transfer(
        id=name,
        kind=found,
        amount=amount,
        is_incoming=incoming,
        pulls=_text(document, "type").upper() == "DEBIT" if found == "ach" else False,
        status=_text(document, "status").lower(),
        state=_state(document, said, last),
        account_id=_account(document, found, incoming),
        key=_text(document, "idempotency_key"),
        trace=next((text for name in ("trace_number", "imad", "uetr", "end_to_end_id") if (text := _text(document, name))), ""),
        imad=_text(document, "imad"),
        omad=_text(document, "omad"),
        return_code=_text(last, "return_code") or _text(document, "return_code") or _text(document, "return_reason"),
        return_text=_text(last, "description") or _text(document, "rejection_reason"),
        on=_day(document),
        is_disputed=said in ("return_dishonored", "return_contested")
        or _text(last, "status").lower() in ("dishonored", "contested"),
        own_id="" if incoming else _text(document, "description").rpartition(" ")[2][:40],
        gives_back=_text(document, "return_pair_transfer_id") if incoming and found == "realtime" else "",
        had_settled_on=_day_of(document, ("settled_at", "completed_at")),
        text=" ".join(
            text
            for name in ("description", "payment_related_info", "beneficiary_reference", "company_entry_description",
                         "end_to_end_id", "remittance_info")
            if (text := _text(document, name))
        ),
    )  # fmt: skip


def read_standing(document: Any, *, said: str = "") -> Standing:
    """What the other side says to a request, by its event's word, its status or the instant that bears its name."""
    if not isinstance(document, dict):
        return "asked"
    words = {said, _text(document, "status").lower()}
    words |= {name.removesuffix("_at") for name, value in document.items() if name.endswith("_at") and value}
    if words & {"approved", "accepted", "completed"}:
        return "promised"
    return "refused" if words & {"rejected", "denied"} else "asked"


def page_of(content: bytes) -> tuple[list[dict[str, Any]], bool] | None:
    """The objects of a page, newest first, and whether there are more; None where it is no page.

    A list stands under the name of what it holds: `events`, `transfers`, `counterparties`.
    """
    documents = list(_documents(content))
    if len(documents) != 1 or not isinstance(documents[0], dict):
        return None
    lists = [value for value in documents[0].values() if isinstance(value, list)]
    if len(lists) != 1:
        return None
    return [one for one in lists[0] if isinstance(one, dict)], documents[0].get("has_more") is True


def parsed(content: bytes) -> Any:
    """The JSON that an answer is; None where it is none."""
    return next(iter(_documents(content)), None)


def problem_of(content: bytes) -> Problem:
    """What an answer that is a refusal says."""
    document = next(iter(_documents(content)), None)
    if not isinstance(document, dict):
        return Problem("", "")
    return Problem(_text(document, "code")[:60], _text(document, "message")[:200])


# Helpers, in the order of their call.


def _documents(content: bytes) -> Iterable[Any]:
    try:
        return (json.loads(content),)
    except (ValueError, RecursionError):
        pass
    found = []
    for line in content.splitlines():
        try:
            found.append(json.loads(line))
        except (ValueError, RecursionError):
            continue
    return found


def _text(document: Mapping[str, Any], name: str) -> str:
    found = document.get(name)
    return found.replace("\0", "").strip()[:500] if isinstance(found, str) else ""


def _instant(document: Mapping[str, Any], name: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(_text(document, name))
    except ValueError:
        return None
    return found if found.tzinfo else None


def _amount(document: Mapping[str, Any]) -> Money | None:
    minor = next(
        (
            document[name]
            for name in ("amount", "deposited_amount", "positive_pay_amount")
            if document.get(name) is not None
        ),
        None,
    )
    currency = _text(document, "currency_code") or "USD"
    if not isinstance(minor, int) or isinstance(minor, bool) or not 0 < minor < 10**15:
        return None
    try:
        return Money(minor, currency)
    except HeadgateError:
        return None


def _is_incoming(document: Mapping[str, Any], kind: Kind, type_: str) -> bool:
    said = document.get("is_incoming")
    if isinstance(said, bool):
        return said
    if kind == "check":
        return type_.startswith(
            "outgoing_debit"
        )  # A cheque that we deposit debits its writer's bank, and brings money.
    return type_.startswith("incoming")


def _account(document: Mapping[str, Any], kind: Kind, incoming: bool) -> str:
    if kind == "book":
        return _text(document, "receiver_bank_account_id" if incoming else "sender_bank_account_id")
    return _text(document, "bank_account_id")


def _state(document: Mapping[str, Any], said: str, last_return: Mapping[str, Any]) -> State:
    """The furthest place that the status, the event's word, an instant or a return that stands tells of."""
    words = [said, _text(document, "status").lower()]
    words += [name.removesuffix("_at") for name, value in document.items() if name.endswith("_at") and value]
    found = [_STATES[word] for word in words if word in _STATES]
    if _text(last_return, "return_code") and _text(last_return, "status").lower() in _RETURN_ALIVE:
        found.append("returned")
    return max(found, key=_RANK.__getitem__, default="quiet")


def _day(document: Mapping[str, Any]) -> date | None:
    """The day, in Column's zone, of the furthest instant that moves money; else the day on which it takes effect."""
    moved = _day_of(document, ("returned_at", "settled_at", "completed_at", "deposited_at"))
    if moved is not None:
        return moved
    for name in ("effective_on", "effective_date"):
        try:
            return date.fromisoformat(_text(document, name)[:10])
        except ValueError:
            continue
    return None


def _day_of(document: Mapping[str, Any], names: Iterable[str]) -> date | None:
    """The day, in Column's zone, of the first of these instants that is told."""
    instants = (_instant(document, name) for name in names)
    return next((one.astimezone(ZONE).date() for one in instants if one is not None), None)
