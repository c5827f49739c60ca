"""Pages of the simulated Column's lists, its report of balances, and why it makes no transfer: pure.

A page holds the newest first. `starting_after` an id goes on to older ones; `ending_before` an id gives those that are
newer, the nearest to it, still newest first: a reader that goes forward asks before the last id that it has seen.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from headgate.rails.column.reading import Kind

LIMIT_MAX: Final = 100
_ZONE: Final = ZoneInfo("America/Los_Angeles")
Document = dict[str, Any]


def page(name: str, objects: Sequence[Document], query: Mapping[str, list[str]]) -> tuple[int, Document]:
    """One page of objects that stand in the order of their making."""

    def first(key: str) -> str:
        return (query.get(key) or [""])[0]

    try:
        limit = int(first("limit") or 10)
        bounds = {key: datetime.fromisoformat(first(key)) for key in query if key.startswith("created.")}
    except ValueError:
        return refusal("limit is a number, and created.… an instant")
    if not 1 <= limit <= LIMIT_MAX:
        return refusal(f"limit must be 1 to {LIMIT_MAX}")
    newest_first = [one for one in reversed(objects) if _is_within(one, bounds) and _is_asked(one, query)]
    after, before = first("starting_after"), first("ending_before")
    if after and before:
        return refusal("starting_after and ending_before exclude each other")
    cursor = after or before
    if cursor:
        # The place of the cursor is that in the whole list, whatever is filtered.
        every = [one["id"] for one in reversed(objects)]
        if cursor not in every:
            return refusal("the cursor is no object of this list")
        place = every.index(cursor)
        newer, older = set(every[:place]), set(every[place + 1 :])
        newest_first = [one for one in newest_first if one["id"] in (older if after else newer)]
    shown = newest_first[-limit:] if before else newest_first[:limit]
    return 200, {name: shown, "has_more": len(newest_first) > limit}


def report(
    draw: Callable[[str], str], asked: Mapping[str, Any], now: datetime, moves: Sequence[tuple[datetime, str, int]]
) -> tuple[Document, list[Document]] | None:
    """A report as it stands when it is completed, and its rows; None where what is asked for is none."""
    try:
        first, last = date.fromisoformat(str(asked["from_date"])), date.fromisoformat(str(asked["to_date"]))
    except (KeyError, ValueError):
        return None
    if asked.get("type") != "bank_account_summary" or last < first:
        return None
    begins = datetime.combine(first, time(), _ZONE)
    made: Document = {
        "id": draw("rprt"),
        "type": "bank_account_summary",
        "from_date": first.isoformat(),
        "to_date": last.isoformat(),
        "time_zone": _ZONE.key,
        "status": "completed",
        "created_at": now.isoformat(),
        "completed_at": now.isoformat(),
        "json_document_id": draw("docu"),
    }
    rows = []
    for account in sorted({one[1] for one in moves}):
        mine = [one for one in moves if one[1] == account]
        opening = sum(minor for at, _, minor in mine if at < begins)
        moved = [minor for at, _, minor in mine if at >= begins and at.astimezone(_ZONE).date() <= last]
        credits, debits = sum(one for one in moved if one > 0), sum(one for one in moved if one < 0)
        rows.append(
            {
                "bank_account_id": account,
                "bank_account_type": "CHECKING",
                "currency": "USD",
                "transaction_count": len(moved),
                "available_balance_open": opening,
                "available_balance_credit": credits,
                "available_balance_debit": debits,
                "available_balance_close": opening + credits + debits,
            }
        )
    made["row_count"] = len(rows)
    return made, rows


def transfer_problem(kind: Kind, body: Document, *, account_id: str, counterparties: Collection[str]) -> str:
    """Why a transfer is not made; '' where it is."""
    amount = body.get("positive_pay_amount" if kind == "check" else "amount")
    if not isinstance(amount, int) or isinstance(amount, bool) or amount <= 0:
        return "amount must be a positive number of cents"
    if body.get("currency_code") != "USD":
        return "currency_code must be USD"
    if kind == "book":
        ends = body.get("sender_bank_account_id"), body.get("receiver_bank_account_id")
        return "" if all(ends) else "sender_bank_account_id and receiver_bank_account_id are required"
    if body.get("bank_account_id") != account_id:
        return "bank_account_id is no account of this platform"
    if kind != "check" and body.get("counterparty_id") not in counterparties:
        return "counterparty_id is required"
    if kind == "ach" and body.get("type") not in ("CREDIT", "DEBIT"):
        return "type must be CREDIT or DEBIT"
    return ""


def _is_within(one: Document, bounds: Mapping[str, datetime]) -> bool:
    at = datetime.fromisoformat(one.get("created_at", "1970-01-01T00:00:00Z"))
    judged = {"gt": at.__gt__, "gte": at.__ge__, "lt": at.__lt__, "lte": at.__le__}
    return all(judged[key.removeprefix("created.")](bound) for key, bound in bounds.items())


def _is_asked(one: Document, query: Mapping[str, list[str]]) -> bool:
    types, ids = query.get("types[]") or query.get("types"), query.get("object_ids[]") or query.get("object_ids")
    if types and one.get("type") not in types:
        return False
    return not ids or one.get("data", {}).get("id") in ids


def refusal(message: str) -> tuple[int, Document]:
    """Why a request is refused."""
    return 400, {"type": "invalid_request", "code": "invalid_parameter", "message": message, "details": {}}
