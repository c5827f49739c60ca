"""Why a balance is what it is, and why something was refused: with the figures, and what would cure it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, LiteralString

from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.errors import NotFound
from headgate.core.money import Money, zero
from headgate.ledger.accounts import get_account
from headgate.ledger.as_of import on_normal_side
from headgate.ledger.balances import balance
from headgate.ledger.errors import refusal
from headgate.ledger.model import Account, Balance, EntryRecord, Reservation
from headgate.ledger.queries import list_entries
from headgate.ledger.reservations import list_reservations

LEGS_MAX: Final = 10_000
"""How many of an account's latest legs are told apart by their source; those before are one sum."""
SHOWN_MAX: Final = 100
"""How many reservations and entries are listed."""
_INSUFFICIENT, _BEYOND, _BATCH = 40, 41, 60


class RefusalNotFound(NotFound):
    """Nothing was refused under this key or id."""

    code = "ledger.refusal_not_found"


@dataclass(frozen=True, slots=True)
class SourceTotal:
    """What postings of one source moved: `amount` on the account's normal side. No source type: posted by hand."""

    source_type: str | None
    legs: int
    amount: Money


@dataclass(frozen=True, slots=True)
class BalanceExplained:
    """A balance down to what it is made of: `earlier` and `sources` add up to what is posted."""

    account: Account
    balance: Balance
    earlier: Money
    earlier_legs: int
    sources: Sequence[SourceTotal]
    entries: Sequence[EntryRecord]
    reservations: Sequence[Reservation]
    pending_out: Money
    pending_in: Money
    may_leave: Money | None
    may_come: Money | None


@dataclass(frozen=True, slots=True)
class Cure:
    """Something that would help: an action, and its figures where it has some."""

    action: str
    text: str
    amount: Money | None = None
    reservation_id: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RefusalExplained:
    """A refusal. The figures `…_then` are those that it was judged by, `…_now` those of this moment."""

    request_id: int
    kind: Literal["transaction", "reservation"]
    idempotency_key: str
    refused_at: datetime
    code: str
    message: str
    facts: Mapping[str, Any]
    account: Account | None
    asked: Money | None
    available_then: Money | None
    shortfall_then: Money | None
    available_now: Money | None
    shortfall_now: Money | None
    reservations: Sequence[Reservation]
    first_expiry_at: datetime | None
    cures: Sequence[Cure]
    because: RefusalExplained | None = None


_REFUSED: LiteralString = """
    SELECT r.id, r.kind, r.key, f.refused_at, f.code, f.facts
      FROM (SELECT t.tenant_id, t.id, t.key, 'transaction' AS kind FROM ledger.transactions t
             WHERE t.id = %(id)s OR t.key = %(key)s
            UNION ALL
            SELECT q.tenant_id, q.id, q.key, 'reservation' FROM ledger.reservation_requests q
             WHERE q.id = %(id)s OR q.key = %(key)s) r
      JOIN ledger.refusals f ON f.tenant_id = r.tenant_id AND f.request_id = r.id
     ORDER BY f.refused_at DESC, r.id DESC LIMIT 1
"""
_CURES: Final[Mapping[int, tuple[str, str]]] = {
    10: ("give_amount", "ask for an amount above zero"),
    11: ("split_amount", "split the amount"),
    12: ("name_accounts", "name two different accounts"),
    13: ("open_account", "open the account, or name one that exists"),
    14: ("open_account", "open the account, or name one that exists"),
    15: ("name_accounts", "name accounts in the currency of the entry"),
    16: ("name_accounts", "a closed account stays closed: name another"),
    17: ("unfreeze_account", "reopen the account"),
    18: ("post_on_its_day", "post it on its day"),
    19: ("give_expiry", "give a later expiry"),
    20: ("reserve", "reserve first"),
    21: ("name_accounts", "take from the account that was reserved"),
    22: ("reserve", "reserve anew: what was captured, released or expired stays so"),
    23: ("capture_less", "capture no more than is left, or reserve the rest"),
    24: ("nothing", "it was posted, void or expired before: look at what it became"),
    25: ("post_less", "post no more of each entry than is pending"),
    26: ("give_expiry", "give a later expiry"),
    30: ("post_anew", "post the transaction anew"),
    31: ("nothing", "it was reversed already"),
    32: ("reverse_less", "reverse no more of each entry than is left of it"),
    42: ("read_again", "read the account's version again, and ask under a new key"),
    43: ("fund_account", "bring more to the account, ask for less, or ask without the condition"),
    44: (
        "obtain_approval",
        "give a later effective time, or ask another person to approve it under a new key: "
        "POST /v1/recon/backdating-requests, or `headgate recon request-backdating`",
    ),
    50: ("give_later_day", "give an effective day after the closed period, or reopen it under approval"),
    60: ("cure_the_other", "cure the one that was refused, and send the batch under new keys"),
}


def explain_balance(tx: Tx, account: int | str) -> BalanceExplained:
    """What an account's balance is made of, down to its entries and reservations. Raises AccountNotFound."""
    found = get_account(tx, account)
    row = tx.one(
        """
        SELECT a.seq, a.pending_out_minor, a.pending_in_minor, greatest(a.seq - %(legs)s, 0) AS earlier_legs,
               ledger.net_at_leg(a.id, greatest(a.seq - %(legs)s, 0)) AS earlier_net
          FROM ledger.accounts a WHERE a.id = %(id)s
        """,
        {"id": found.id, "legs": LEGS_MAX},
    )
    sources = tx.all(
        """
        SELECT t.source_type, count(*) AS legs, sum(l.change_minor)::bigint AS net_minor
          FROM (SELECT e.transaction_id, e.amount_minor AS change_minor FROM ledger.entries e
                 WHERE e.debit_account_id = %(id)s AND e.debit_seq > %(after)s AND e.debit_seq <= %(last)s
                UNION ALL
                SELECT e.transaction_id, -e.amount_minor FROM ledger.entries e
                 WHERE e.credit_account_id = %(id)s AND e.credit_seq > %(after)s AND e.credit_seq <= %(last)s) l
          JOIN ledger.transactions t ON t.id = l.transaction_id
         GROUP BY t.source_type ORDER BY t.source_type NULLS LAST
        """,
        {"id": found.id, "after": row["earlier_legs"], "last": row["seq"]},
    )
    standing = balance(tx, found.id)
    leave, come = _room(found, standing)
    return BalanceExplained(
        account=found,
        balance=standing,
        earlier=on_normal_side(found.type, row["earlier_net"], found.currency),
        earlier_legs=row["earlier_legs"],
        sources=[
            SourceTotal(one["source_type"], one["legs"], on_normal_side(found.type, one["net_minor"], found.currency))
            for one in sources
        ],
        entries=list_entries(tx, account=found.id, limit=SHOWN_MAX // 10),
        reservations=list_reservations(tx, account=found.id, status="active", limit=SHOWN_MAX),
        pending_out=Money(row["pending_out_minor"], found.currency),
        pending_in=Money(row["pending_in_minor"], found.currency),
        may_leave=leave,
        may_come=come,
    )


def explain_refusal(tx: Tx, request: int | str) -> RefusalExplained:
    """Why a request was refused, by its idempotency key, its id (`txn_…`, `rsv_…`) or its number. Raises RefusalNotFound.

    Where a key was refused as a transaction and as a reservation, the later of the two.
    """
    number = request if isinstance(request, int) else _number(request)
    row = tx.maybe(_REFUSED, {"id": number, "key": None if number is not None else request})
    if row is None:
        raise RefusalNotFound(f"nothing was refused under {request}", request=str(request))
    told = refusal(row["code"], row["facts"])
    facts = row["facts"]
    account = get_account(tx, facts["account"]) if row["code"] in (_INSUFFICIENT, _BEYOND) else None
    figures = _figures(tx, row["code"], account, facts)
    return RefusalExplained(
        request_id=row["id"],
        kind=row["kind"],
        idempotency_key=row["key"],
        refused_at=row["refused_at"],
        code=told.code,
        message=told.message,
        facts=told.facts,
        account=account,
        **figures,
        because=explain_refusal(tx, facts["refused_key"]) if row["code"] == _BATCH else None,
    )


def _figures(tx: Tx, code: int, account: Account | None, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of a limit that was met, then and now, with who holds the money and what would cure it."""
    if account is None:
        action, text = _CURES.get(code, ("ask_otherwise", "ask for something else"))
        nothing = dict.fromkeys(
            ("asked", "available_then", "shortfall_then", "available_now", "shortfall_now", "first_expiry_at")
        )
        return nothing | {"reservations": [], "cures": [Cure(action, text)]}
    asked = Money(facts["amount_minor"], account.currency)
    then = Money(facts["available_minor"], account.currency)
    room = _room(account, balance(tx, account.id))[code == _BEYOND]
    held = list_reservations(tx, account=account.id, status="active", limit=SHOWN_MAX) if code == _INSUFFICIENT else []
    expiring = [one for one in held if one.expires_at is not None]
    first = min(expiring, key=lambda one: one.expires_at or one.created_at, default=None)
    shortfall = None if room is None else max(asked - room, zero(account.currency))
    return {
        "asked": asked,
        "available_then": then,
        "shortfall_then": asked - then,
        "available_now": room,
        "shortfall_now": shortfall,
        "reservations": held,
        "first_expiry_at": first.expires_at if first else None,
        "cures": _cures(code, shortfall, held, first),
    }


def _cures(code: int, shortfall: Money | None, held: Sequence[Reservation], first: Reservation | None) -> list[Cure]:
    if not shortfall:
        return [Cure("try_again", "nothing stands against it now: ask again under a new key")]
    if code == _BEYOND:
        return [
            Cure("move_money_out", "take money off the account, or send less", shortfall),
            Cure("raise_maximum", "raise the account's maximum", shortfall),
        ]
    cures = [Cure("fund_account", "bring this much to the account, or ask for less", shortfall)]
    if first is not None:
        text = "wait until this reservation expires, or release it"
        cures.append(Cure("await_expiry", text, first.remaining, first.id, first.expires_at))
    cures += [
        Cure("release_reservation", "release this reservation, which alone would do", one.remaining, one.id)
        for one in sorted(held, key=lambda one: one.remaining.minor)
        if one.remaining >= shortfall
    ][:1]
    return [*cures, Cure("lower_minimum", "allow the account an overdraft of that much more", shortfall)]


def _room(account: Account, standing: Balance) -> tuple[Money | None, Money | None]:
    """What may leave the account and what may come, by its limits; None: anything."""
    leave = None if account.min_balance is None else standing.available - account.min_balance
    come = None if account.max_balance is None else account.max_balance - standing.posted
    return leave, come


def _number(request: str) -> int | None:
    for prefix in ("txn", "rsv"):
        if ids.is_id(request, prefix) and len(request) == len(prefix) + 14:
            return ids.decode(prefix, request)
    return None
