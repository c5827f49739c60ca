"""What is sent to Column: a transfer of each kind, whom it goes to, and what is asked. The same facts give the same bytes.

    request = transfer("ach", order, account=Account("bacc_…"), counterparty_id="cpty_…", key=order.attempt_id)

The Idempotency-Key is the attempt's id: a transfer that is asked for twice is made once, where Column keeps its keys
(`IDEMPOTENT`); they may expire after thirty days, and no order of ours is sent again at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import urlencode

from headgate.core.money import Money
from headgate.rails.ach.text import transliterate
from headgate.rails.column.reading import PATHS, Kind
from headgate.rails.contract import RailOrder
from headgate.rails.postal import Address

PAGE_MAX: Final = 100
"""Objects on a page, at most."""

IDEMPOTENT: Final[frozenset[Kind]] = frozenset({"ach", "wire", "book", "check"})
"""Kinds whose endpoint is listed to honour an Idempotency-Key; a realtime transfer is looked for before it is made."""

KIND_OF_RAIL: Final[Mapping[str, Kind]] = {
    "ach": "ach",
    "wire": "wire",
    "fednow": "realtime",
    "rtp": "realtime",
    "check": "check",
}
"""Column chooses between FedNow and RTP by itself."""

_ALLOWED = re.compile(r"[A-Za-z0-9_ !\"#$%&'()*+,\-./:;<>=?@\[\]^{}|~]*\Z")
_CLASSES: Final = ("PPD", "CCD", "WEB", "TEL", "CTX")
_TYPES: Final = {"checking": "checking", "savings": "savings"}
DESCRIPTION_MAX: Final = 140
"""Characters of what stands on statements, at most."""


@dataclass(frozen=True, slots=True)
class Account:
    """The account at Column that payments leave, by its id (`bacc_…`)."""

    id: str


@dataclass(frozen=True, slots=True)
class Request:
    """One call: a path with its query, and what is sent. `key` is the Idempotency-Key, '' where there is none."""

    method: str
    path: str
    body: bytes = field(default=b"", repr=False)
    key: str = ""


@dataclass(frozen=True, slots=True)
class Whom:
    """Somebody with an account elsewhere: whom money goes to, or comes from."""

    routing: str
    account: str = field(repr=False)
    account_type: str
    name: str = field(repr=False)
    address: Address | None = field(default=None, repr=False)


def problems(kind: Kind, order: RailOrder) -> tuple[str, ...]:
    """Why Column cannot carry this order, every reason with its mending; empty where it can."""
    found = []
    if order.amount.currency != "USD" or order.amount.minor <= 0:
        found.append("Column carries positive amounts of USD; send other currencies over another rail")
    if order.direction != "credit" and kind != "ach":
        found.append(
            f"over Column an account is debited by ACH alone, and not by {kind}; ask for the money over ach_debit"
        )
    if kind == "ach":
        if order.sec_code not in _CLASSES:
            found.append(f"Column takes the entry classes {', '.join(_CLASSES)}; use one of them")
        if len(order.company.name) > 16 or len(order.description) > 10:
            found.append("a company name has up to 16 characters and an entry description up to 10; shorten them")
    if kind in ("wire", "check") and (order.receiver_address is None or not _street(order.receiver_address)):
        found.append(f"a {kind} names its payee's street and town; register the payee's address")
    if kind != "check" and order.receiver_account_type not in _TYPES:
        found.append("Column pays checking and savings accounts; name one of those")
    texts = [("payee's name", order.receiver_name, 127), ("description", _description(order), DESCRIPTION_MAX)]
    for what, text, longest in texts:
        said = spelled(text)
        if said is None or not said.strip() or len(said) > longest:
            found.append(f"the {what} is missing, or cannot be spelled in up to {longest} plain letters; respell it")
    return tuple(found)


def transfer(kind: Kind, order: RailOrder, *, account: Account, counterparty_id: str, key: str) -> Request:
    """The transfer that an order is. A book transfer has no counterparty: see `book`."""
    amount: dict[str, Any] = {"amount": order.amount.minor, "currency_code": order.amount.currency}
    common = {**amount, "bank_account_id": account.id, "description": _description(order), "allow_overdraft": False}
    whom = {"counterparty_id": counterparty_id}
    if kind == "ach":
        facts: dict[str, Any] = {
            **common,
            **whom,
            "type": order.direction.upper(),
            "entry_class_code": order.sec_code,
            "effective_date": order.effective_on.isoformat(),
            "company_name": order.company.name,
            "company_entry_description": order.description,
            "company_discretionary_data": order.company.discretionary[:20],
            "receiver_name": (spelled(order.receiver_name) or "")[:22],
            "receiver_id": order.individual_id,
        }
        if order.addenda:
            facts["payment_related_info"] = order.addenda
        return _post(PATHS["ach"], facts, key)
    if kind == "check":
        assert order.receiver_address is not None, "a check was judged to have its payee's address"
        facts = {
            "bank_account_id": account.id,
            "positive_pay_amount": order.amount.minor,
            "currency_code": order.amount.currency,
            "payee_name": spelled(order.receiver_name),
            "description": _description(order),
            "allow_overdraft": False,
            "mail_check_request": {
                "payee_address": _address(order.receiver_address),
                "memo": _description(order),
                "message": _description(order),
            },
        }
        return _post(f"{PATHS['check']}/issue", facts, key)
    assert kind in ("wire", "realtime"), "a book transfer is made by `book`"
    if kind == "realtime":
        common["end_to_end_id"] = order.individual_id
    return _post(PATHS[kind], {**common, **whom}, key)


def book(
    *, amount: Money, sender: Account, receiver: Account, description: str, key: str, hold: bool = False
) -> Request:
    """Money moved between two of our own accounts at Column, at once; with `hold` it is cleared later."""
    facts = {
        "amount": amount.minor,
        "currency_code": amount.currency,
        "sender_bank_account_id": sender.id,
        "receiver_bank_account_id": receiver.id,
        "description": description,
        "allow_overdraft": False,
        "hold": hold,
    }
    return _post(PATHS["book"], facts, key)


def payee(order: RailOrder) -> Whom:
    """Whom an order pays or debits, as Column keeps it."""
    return Whom(
        order.receiver_routing,
        order.receiver_account,
        _TYPES.get(order.receiver_account_type, "checking"),
        order.receiver_name,
        order.receiver_address,
    )


def counterparty(whom: Whom) -> dict[str, Any]:
    """Somebody with an account elsewhere, as Column keeps it."""
    facts: dict[str, Any] = {
        "routing_number": whom.routing,
        "account_number": whom.account,
        "account_type": whom.account_type,
        "name": spelled(whom.name),
    }
    if whom.address is not None and _street(whom.address):
        facts["address"] = _address(whom.address)
    return facts


def find_counterparties(whom: Whom) -> Request:
    """Whom Column knows under this account already: that endpoint honours no key, so that it is asked before one is made."""
    query = {"routing_number": whom.routing, "account_number": whom.account, "limit": PAGE_MAX}
    return Request("GET", f"/counterparties?{urlencode(query)}")


def is_counterparty(document: Mapping[str, Any], whom: Whom) -> bool:
    """Whether it is the very account, name and address: another name or address is another counterparty."""
    wanted = counterparty(whom)
    return all(_same(document.get(name), value) for name, value in wanted.items())


def new_counterparty(whom: Whom) -> Request:
    """Make Column know them."""
    return _post("/counterparties", counterparty(whom), "")


def list_transfers(
    kind: Kind, *, since: datetime | None = None, until: datetime | None = None, after: str = ""
) -> Request:
    """A page of transfers of a kind, the newest first; `after` is the last id of the page before."""
    query: dict[str, Any] = {"limit": PAGE_MAX}
    if since is not None:
        query["created.gte"] = since.isoformat()
    if until is not None:
        query["created.lte"] = until.isoformat()
    if after:
        query["starting_after"] = after
    return Request("GET", f"{PATHS[kind]}?{urlencode(query)}")


def list_events(
    *, since: datetime | None = None, until: datetime | None = None, after: str = "", newer_than: str = ""
) -> Request:
    """A page of events, the newest first: those after an id on the list, or those that are newer than one."""
    query: dict[str, Any] = {"limit": PAGE_MAX}
    if since is not None:
        query["created.gte"] = since.isoformat()
    if until is not None:
        query["created.lt"] = until.isoformat()
    if after:
        query["starting_after"] = after
    if newer_than:
        query["ending_before"] = newer_than
    return Request("GET", f"/events?{urlencode(query)}")


def report(kind: str, *, first: date, last: date) -> Request:
    """Ask for a report of days; it is made in the background, and fetched when it is completed."""
    facts = {"type": kind, "from_date": first.isoformat(), "to_date": last.isoformat()}
    return _post("/reporting", facts, "")


# Helpers, in the order of their call.


def _street(address: Address) -> str:
    return " ".join(part for part in (address.building, address.street) if part) or " ".join(address.lines)


def _description(order: RailOrder) -> str:
    """What stands on both statements; its last word is our own id, by which a report tells of the payment."""
    return f"{order.description} {order.individual_id}"


def spelled(text: str) -> str | None:
    """A text in the letters that Column takes; None where it cannot be."""
    return text if _ALLOWED.match(text) else transliterate(text)


def _post(path: str, facts: Mapping[str, Any], key: str) -> Request:
    return Request("POST", path, json.dumps(facts, separators=(",", ":")).encode(), key)


def _address(address: Address) -> dict[str, str]:
    found = {
        "line_1": spelled(_street(address)) or "",
        "city": spelled(address.town) or "",
        "state": address.state or "",
        "postal_code": address.post_code or "",
        "country_code": address.country,
    }
    return {name: value for name, value in found.items() if value}


def _same(said: Any, wanted: Any) -> bool:
    if isinstance(wanted, Mapping):
        return isinstance(said, Mapping) and all(_same(said.get(name), value) for name, value in wanted.items())
    return bool(said == wanted)
